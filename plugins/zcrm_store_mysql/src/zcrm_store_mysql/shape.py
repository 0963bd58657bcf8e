"""What is there under the table's name: a table of zcrm's, one of Zoho's own SDKs, or something else?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, column, func, select, table

from zcrm_core import StoreError
from zcrm_store_mysql.schema import COLLATIONS, VERSION, token_table, version_in
from zcrm_store_mysql.server import Server
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.sql import Statement, compiled

__all__ = ["ColumnFacts", "Shape", "lease_faults", "look", "maker_of", "refuse_unusable", "save_faults"]

_DIGEST: Final = "key_digest"
_WIDTHS: Final = {
    "useridentifier": 512,
    "client_id": 512,
    "environment": 512,
    "accesstoken": 64 * 1024,
    "refreshtoken": 64 * 1024,
    "api_domain": 64 * 1024,
    "scope": 64 * 1024,
}
"""How long a text each column of zcrm's table must be able to hold."""
_OURS_ALONE: Final = {_DIGEST, "client_id", "environment"}
_ZOHO: Final = {"useridentifier", "accesstoken", "refreshtoken", "expirytime"}
_FACTS: Final = (
    "COLUMN_NAME",
    "DATA_TYPE",
    "CHARACTER_MAXIMUM_LENGTH",
    "COLLATION_NAME",
    "COLUMN_KEY",
    "IS_NULLABLE",
    "EXTRA",
    "COLUMN_DEFAULT",
)
"""What the server tells of a column, in the order of :class:`ColumnFacts`."""
_ZOHOS_TOKEN: Final = 70
"""How many characters the tokens have that Zoho gives."""
_TEXTS: Final = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column of a table that is there, as the server describes it.

    Args:
        name: its name.
        type: its type without a length, such as ``varchar``.
        length: how many characters it holds, or for ``text`` and the like how many bytes; ``None`` for a
            number.
        collation: how its texts are compared; ``None`` where it holds no text.
        key: ``PRI`` for a column of the primary key.
        nullable: ``YES`` where it may be NULL.
        extra: what else is special about it, such as ``INVISIBLE``: then ``*`` leaves it out.
        default: what it holds where a row is added without it; ``None`` where there is no such value.
    """

    name: str
    type: str
    length: int | None
    collation: str | None
    key: str
    nullable: str
    extra: str = ""
    default: str | None = None

    @property
    def is_needed(self) -> bool:
        """Whether no row can be added without a value for it."""
        made = any(word in self.extra.upper() for word in ("AUTO_INCREMENT", "GENERATED"))
        # An ENUM takes its first value.
        return self.nullable == "NO" and self.default is None and not made and self.type != "enum"


@dataclass(frozen=True, slots=True)
class Shape:
    """A table that is there.

    Args:
        columns: its columns, by their names in small letters.
        engine: its storage engine; ``None`` for a view.
        comment: what its maker wrote about it.
        maker: ``MySQL`` or ``MariaDB``.
        unique: the names of its unique keys, without the primary one.
        unseen: its columns that ``*`` leaves out.
    """

    columns: Mapping[str, ColumnFacts]
    engine: str | None
    comment: str
    maker: str
    unique: tuple[str, ...] = ()
    unseen: tuple[ColumnFacts, ...] = ()

    @property
    def is_zohos(self) -> bool:
        """Whether it was made for Zoho's own SDKs: it has their four columns and none of zcrm's."""
        return self.columns.keys() >= _ZOHO and self.columns.keys().isdisjoint(_OURS_ALONE)

    @property
    def is_ours(self) -> bool:
        """Whether zcrm made it, though somebody may have altered it since."""
        return self.version > 1 or (_DIGEST in self.columns and bool(self.columns.keys() & _ZOHO))

    @property
    def version(self) -> int:
        """The version of a table that zcrm made."""
        return version_in(self.comment)

    def missing(self, place: Place) -> set[str]:
        """The columns that a table of an older version lacks."""
        return {each.name for each in token_table(place).c} - self.columns.keys()


def look(server: Server, place: Place) -> Shape | None:
    """Look at the table; ``None`` if there is none, or this user may not see it."""
    found = server.run(_described(place, "COLUMNS", *map(column, _FACTS))).rows
    if not found:
        return None
    about = server.run(
        _described(place, "TABLES", column("ENGINE"), column("TABLE_COMMENT"), func.version())
    ).rows
    engine, comment, version = about[0] if about else (None, "", "")
    unique = server.run(
        compiled(
            select(column("INDEX_NAME"))
            .distinct()
            .select_from(table("STATISTICS", schema="information_schema"))
            .where(
                column("TABLE_SCHEMA") == place.database,
                column("TABLE_NAME") == place.table,
                column("NON_UNIQUE") == 0,
                column("INDEX_NAME") != "PRIMARY",
            )
        )
    ).rows
    described = [ColumnFacts(*row) for row in found]  # type: ignore[arg-type] # as queried
    return Shape(
        columns={each.name.lower(): each for each in described if "INVISIBLE" not in each.extra},
        engine=None if engine is None else str(engine),
        comment=str(comment),
        maker=maker_of(str(version)),
        unique=tuple(str(name) for (name,) in unique),
        unseen=tuple(each for each in described if "INVISIBLE" in each.extra),
    )


def _described(place: Place, about: str, *facts: ColumnElement[object]) -> Statement:
    return compiled(
        select(*facts)
        .select_from(table(about, schema="information_schema"))
        .where(column("TABLE_SCHEMA") == place.database, column("TABLE_NAME") == place.table)
    )


def maker_of(version: str) -> str:
    """Tell from what ``VERSION()`` gives who made the server."""
    return "MariaDB" if "mariadb" in version.lower() else "MySQL"


def refuse_unusable(shape: Shape, place: Place) -> None:
    """Let a table pass in which no token can be lost and no two users can meet.

    Raises:
        StoreError: it is not such a table; the message says what is wrong. Nothing was changed.
    """
    if shape.version > VERSION and not shape.is_zohos:
        raise StoreError(
            f"The table {place.table_name} was made by a newer zcrm.",
            why=f"It says that its schema is {shape.version}, and this release knows {VERSION}.",
            fix="Update zcrm-store-mysql here, too. Nothing was changed.",
            code="ZCRM-MYSQL-016",
        )
    faults = _zoho_faults(shape) if shape.is_zohos else _own_faults(shape)
    if shape.engine != "InnoDB":
        faults.append(f"it is {'a view' if shape.engine is None else shape.engine} instead of InnoDB")
    if faults:
        raise StoreError(
            f"The table {place.table_name} is not of a shape in which tokens are safe.",
            why=f"Its faults: {'; '.join(faults)}.",
            fix="Correct it, or set db_table to a new name: zcrm makes that table. The README shows it.",
            code="ZCRM-MYSQL-006",
        )


def save_faults(shape: Shape) -> list[str]:
    """Say why a table that can be used, as far as its tokens are there, takes no new one."""
    known = _ZOHO if shape.is_zohos else {*_WIDTHS, *_ZOHO, _DIGEST, "updated_at"}
    faults = [
        f"{each.name} needs a value and has no default"
        for each in (*shape.columns.values(), *shape.unseen)
        if each.name.lower() not in known and each.is_needed
    ]
    narrow = (shape.columns[name] for name in ("accesstoken", "refreshtoken"))
    return faults + [
        f"{each.name} holds {each.length or 0} characters, and Zoho's tokens have {_ZOHOS_TOKEN}"
        for each in narrow
        if (each.length or 0) < _ZOHOS_TOKEN
    ]


def lease_faults(shape: Shape) -> list[str]:
    """Say what keeps the table of the refresh locks from being one."""
    faults = [
        f"{name} is not {wanted.upper()}"
        for name, wanted in (("key_digest", "binary"), ("holder", "binary"), ("ends_at", "datetime"))
        if name not in shape.columns or shape.columns[name].type != wanted
    ]
    if [each.name for each in shape.columns.values() if each.key == "PRI"] != [_DIGEST]:
        faults.append(f"its primary key is not {_DIGEST}")
    return faults


def _zoho_faults(shape: Shape) -> list[str]:
    faults = [
        f"{name} is {shape.columns[name].type.upper()}, which holds no text"
        for name in sorted(_ZOHO - {"expirytime"})
        if shape.columns[name].type not in _TEXTS
    ]
    return faults + _expiry_fault(shape)


def _expiry_fault(shape: Shape) -> list[str]:
    found = shape.columns.get("expirytime")
    return [] if found is not None and found.type == "bigint" else ["expirytime is not BIGINT"]


def _own_faults(shape: Shape) -> list[str]:
    lacking = _ZOHO - shape.columns.keys()
    if lacking and not shape.is_ours:
        return [f"it is no table of tokens, for it lacks {', '.join(sorted(lacking))}"]
    digest = shape.columns.get(_DIGEST)
    faults = [fault for name in _WIDTHS if (fault := _text_fault(name, shape))] + _expiry_fault(shape)
    if digest is None or (digest.type, digest.length) != ("binary", 32):
        faults.append(f"{_DIGEST} is not BINARY(32)")
    keys = [each.name for each in shape.columns.values() if each.key == "PRI"]
    if keys != [_DIGEST]:
        faults.append(f"its primary key is {', '.join(keys) or 'missing'} instead of {_DIGEST}")
    # A save would take a row that shares a unique value for its own, and overwrite another user's.
    return faults + [f"it has a further unique key, {name}" for name in shape.unique]


def _text_fault(name: str, shape: Shape) -> str | None:
    found = shape.columns.get(name)
    if found is None:
        return f"{name} is missing"
    if found.collation != COLLATIONS[shape.maker]:
        return (
            f"{name} is compared by {found.collation or 'no collation'} instead of {COLLATIONS[shape.maker]}"
        )
    width = _WIDTHS[name]
    return None if (found.length or 0) >= width else f"{name} holds {found.length or 0} instead of {width}"
