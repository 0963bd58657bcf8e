"""How do the tokens in a table made for Zoho's SDKs get into one of zcrm's, with none lost on the way?

The old table is locked, every row is read and checked, the new table is filled beside it, and one RENAME lets
the two change places. Until that statement nothing has changed for anybody; the old table stays, under
another name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy import text as literal

from zcrm_core import InvalidToken, StoreError, Token, TokenKey
from zcrm_store_mysql.own_table import NAMES, row_of
from zcrm_store_mysql.schema import VERSION, commented, creation, quoted, token_table
from zcrm_store_mysql.server import Server, Session, TableChanged
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.shape import Shape, look
from zcrm_store_mysql.sql import Statement, compiled
from zcrm_store_mysql.zoho_table import token_in

__all__ = ["finish", "move_from_zohos"]

_LONGEST_PREFIX: Final = 59
_UNFINISHED: Final = "zcrm migration, not finished"
"""The comment of the new table until it takes the old one's place; a table left behind is known by it."""
_MOST_NAMED: Final = 5
_GET_LOCK: Final = Statement("SELECT GET_LOCK(%(name)s, 10)")
_RELEASE_LOCK: Final = Statement("DO RELEASE_LOCK(%(name)s)")
_UNLOCK: Final = Statement("UNLOCK TABLES")


def move_from_zohos(place: Place, server: Server, shape: Shape) -> list[str]:
    """Move every token, as one of the place's client and environment.

    Args:
        place: the table's name; afterwards it is that of a table of zcrm's.
        server: how statements get there.
        shape: what Zoho's table looks like.

    Returns:
        What was done, in lines for a person.

    Raises:
        StoreError: a row cannot be moved; the message names the rows. Nothing was changed.
    """
    if shape.maker == "MariaDB":
        raise StoreError(
            f"The tokens in {place.table_name} cannot be moved here; nothing was changed.",
            why="MariaDB does not let a table be renamed while it is locked, so a token could be lost.",
            fix="Set db_table to a new name, and log in again: zcrm makes that table.",
            code="ZCRM-MYSQL-017",
        )
    # Named for the table: two tables can be migrated at once, one table cannot.
    name = f"zcrm:{hashlib.sha256(place.table_name.encode()).hexdigest()[:40]}"

    def work(session: Session) -> list[str]:
        if session.run(_GET_LOCK, {"name": name}).rows != ((1,),):
            raise StoreError(
                f"The tokens in {place.table_name} are being moved by somebody else.",
                why="Another migration of this table is running.",
                fix="Wait for its end; `zcrm store status` shows it.",
                code="ZCRM-MYSQL-017",
            )
        with _followed_by(session, _RELEASE_LOCK, {"name": name}):
            return _move(place, server, session)

    return server.perform(work)


def finish(place: Place, server: Server, shape: Shape) -> list[str]:
    """Write the version on a table whose migration was cut off behind its last but one step, the RENAME.

    Args:
        place: the table's name.
        server: how statements get there.
        shape: what the table looks like, which is zcrm's own.

    Returns:
        What was done, in lines for a person; none if nothing was missing.

    Raises:
        StoreError: this user may not do it; nothing was changed.
    """
    if shape.comment != _UNFINISHED:
        return []
    server.run(commented(token_table(place)))
    return [
        f"Finished: the tokens in {place.table_name} had been moved, and the table did not say so",
        f"Kept: the old table, as {_beside(place, 'zoho').table_name}, if you have not deleted it",
    ]


def _move(place: Place, server: Server, session: Session) -> list[str]:
    shape = look(server, place)
    if shape is None or not shape.is_zohos:
        done = [] if shape is None else finish(place, server, shape)
        return done or [f"Nothing to do: the tokens in {place.table_name} have just been moved."]
    new, kept = _beside(place, "zcrm"), _beside(place, "zoho")
    _make_room(server, new, kept)
    target = token_table(new, shape.maker)
    server.run(creation(target, _UNFINISHED))
    try:
        moved = _filled(session, place, shape, (target, token_table(kept)))
    except Exception:
        # What failed before is the reason that counts; the next migration removes what this one cannot.
        with suppress(StoreError, TableChanged):
            _remove(server, new)
        raise
    return [
        f"Moved: {moved} tokens, for the client {place.client_id} in {place.environment}",
        f"Table: {place.table_name} is now zcrm's own, schema {VERSION}",
        f"Kept: the old table, as {kept.table_name}. Delete it when nothing needs it any more",
        "Zoho's own SDKs cannot write to the new table: use them no longer with this database",
    ]


def _beside(place: Place, whose: str) -> Place:
    return replace(place, table=f"{place.table[:_LONGEST_PREFIX]}_{whose}")


def _filled(session: Session, place: Place, shape: Shape, tables: tuple[Table, Table]) -> int:
    """Fill the new table and let it take the old one's place, while nobody can write to either."""
    target, kept = tables
    old = token_table(place)
    read = compiled(select(literal("*")).select_from(old))
    fill = compiled(
        insert(target).values(
            key_digest=bindparam("digest"), **{each: bindparam(f"new_{each}") for each in NAMES}
        )
    )
    session.run(Statement(f"LOCK TABLES {quoted(old)} WRITE, {quoted(target)} WRITE"))
    with _followed_by(session, _UNLOCK):
        tokens = _newest(_rows(session, read, shape, place), place, shape)
        session.run_many(fill, [row_of(key, token) for key, token in tokens.items()])
        session.run(
            Statement(f"RENAME TABLE {quoted(old)} TO {quoted(kept)}, {quoted(target)} TO {quoted(old)}")
        )
        session.run(commented(old))
    return len(tokens)


@contextmanager
def _followed_by(
    session: Session, statement: Statement, values: Mapping[str, object] | None = None
) -> Iterator[None]:
    """Let go of a lock at the end; after Ctrl-C the session itself is ended, and its locks with it."""
    try:
        yield
    except Exception:
        if session.connection.open:
            session.run(statement, values or {})
        raise
    session.run(statement, values or {})


def _make_room(server: Server, new: Place, kept: Place) -> None:
    _remove(server, new)
    for each in (new, kept):
        if look(server, each) is not None:
            raise StoreError(
                f"There is a table {each.table_name} already.",
                why="The migration needs this name, and takes nothing away that it has not made.",
                fix=f"Rename or delete {each.table_name}, then migrate again.",
                code="ZCRM-MYSQL-017",
            )


def _remove(server: Server, new: Place) -> None:
    """Delete the new table that a migration left behind unfinished."""
    shape = look(server, new)
    if shape is not None and shape.comment == _UNFINISHED:
        server.run(Statement(f"DROP TABLE IF EXISTS {quoted(token_table(new))}"))


def _rows(session: Session, read: Statement, shape: Shape, place: Place) -> list[dict[str, object]]:
    answer = session.run(read)
    names = [name.lower() for name in answer.names]
    if set(names) != shape.columns.keys():
        raise TableChanged(
            StoreError(
                f"The table {place.table_name} was changed meanwhile.",
                why="It has other columns than a moment ago: perhaps somebody else has migrated it.",
                fix="Look at it with `zcrm store status`.",
                code="ZCRM-MYSQL-006",
            )
        )
    return [dict(zip(names, row, strict=True)) for row in answer.rows]


def _newest(rows: list[dict[str, object]], place: Place, shape: Shape) -> dict[TokenKey, Token]:
    """Read each row; of several of one user, which there can be without a key, the last to end counts."""
    tokens: dict[TokenKey, Token] = {}
    faults: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            token = token_in(row, shape)
            key = TokenKey(token.user_identifier, place.client_id, place.environment)
        except InvalidToken as error:
            faults.append(f"row {number}: {error.what}")
            continue
        known = tokens.get(key)
        if known is None or known.expiry_time < token.expiry_time:
            tokens[key] = token
    if faults:
        more = f" and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
        raise StoreError(
            f"{len(faults)} of {len(rows)} rows in {place.table_name} hold no token; nothing was changed.",
            why=f"The faults: {' '.join(faults[:_MOST_NAMED])}{more}",
            fix="Correct or delete these rows, then migrate again.",
            code="ZCRM-MYSQL-017",
        )
    return tokens
