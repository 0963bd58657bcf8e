"""What does the table look like, and is one that is there of that shape?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Executable, MetaData, Table, column, select, table
from sqlalchemy.dialects.mysql import BIGINT, BINARY, MEDIUMTEXT, VARCHAR

from zcrm_core import StoreError
from zcrm_store_mysql.settings import Place

__all__ = ["ColumnFacts", "columns_of", "refuse_other_shape", "token_table"]

_COLLATION: Final = "utf8mb4_0900_bin"
"""The one collation of MySQL that keeps apart every two texts that differ in a code point."""
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
"""How long a text each column must be able to hold."""
_ZOHO: Final = {"useridentifier", "accesstoken", "refreshtoken", "expirytime"}


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column of a table that is there, as the server describes it.

    Args:
        name: its name.
        type: its type without a length, such as ``varchar``.
        length: how much text or how many bytes it holds; ``None`` for a number.
        collation: how its texts are compared; ``None`` where it holds no text.
        key: ``PRI`` for a column of the primary key.
    """

    name: str
    type: str
    length: int | None
    collation: str | None
    key: str


def token_table(place: Place) -> Table:
    """Give the table that zcrm makes: the four columns that Zoho documents, and what they cannot hold."""
    return Table(
        place.table,
        MetaData(),
        Column(_DIGEST, BINARY(32), primary_key=True),
        Column("useridentifier", VARCHAR(512), nullable=False),
        Column("accesstoken", MEDIUMTEXT, nullable=False),
        Column("refreshtoken", MEDIUMTEXT),
        Column("expirytime", BIGINT, nullable=False),
        Column("client_id", VARCHAR(512), nullable=False),
        Column("environment", VARCHAR(512), nullable=False),
        Column("api_domain", MEDIUMTEXT),
        Column("scope", MEDIUMTEXT),
        schema=place.database,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=_COLLATION,
    )


def columns_of(place: Place, name: str) -> Executable:
    """Give the query for the :class:`ColumnFacts` of a table; no row means that there is no table."""
    facts = ("COLUMN_NAME", "DATA_TYPE", "CHARACTER_MAXIMUM_LENGTH", "COLLATION_NAME", "COLUMN_KEY")
    return (
        select(*map(column, facts))
        .select_from(table("COLUMNS", schema="information_schema"))
        .where(column("TABLE_SCHEMA") == place.database, column("TABLE_NAME") == name)
    )


def refuse_other_shape(found: Sequence[ColumnFacts], place: Place) -> None:
    """Let a table pass that can hold every token and tell all users apart.

    Raises:
        StoreError: it cannot; the message says what is missing. Nothing was changed.
    """
    columns = {each.name.lower(): each for each in found}
    if _DIGEST not in columns and columns.keys() >= _ZOHO:
        raise StoreError(
            f"The table {place.table_name} was made for Zoho's own SDKs.",
            why="It has no room for the client, the environment and long tokens.",
            fix="Set db_table to a new name, such as zcrm_oauthtokens, and zcrm makes that table. "
            "Then log in again; the old table stays as it is.",
            code="ZCRM-MYSQL-005",
        )
    faults = [
        fault for name in (_DIGEST, "expirytime", *_WIDTHS) if (fault := _fault(name, columns.get(name)))
    ]
    keys = [each.name for each in found if each.key == "PRI"]
    if keys != [_DIGEST]:
        faults.append(f"its primary key is {', '.join(keys) or 'missing'} instead of {_DIGEST}")
    if faults:
        raise StoreError(
            f"The table {place.table_name} is not of the shape that zcrm makes.",
            why=f"Its faults: {'; '.join(faults)}.",
            fix="Set db_table to a new name: zcrm makes that table. The README shows its definition.",
            code="ZCRM-MYSQL-006",
        )


def _fault(name: str, found: ColumnFacts | None) -> str | None:
    if found is None:
        return f"{name} is missing"
    if name == _DIGEST:
        return None if (found.type, found.length) == ("binary", 32) else f"{name} is not BINARY(32)"
    if name == "expirytime":
        return None if found.type == "bigint" else f"{name} is not BIGINT"
    if found.collation != _COLLATION:
        return f"{name} is compared by {found.collation or 'no collation'} instead of {_COLLATION}"
    width = _WIDTHS[name]
    return None if (found.length or 0) >= width else f"{name} holds {found.length or 0} instead of {width}"
