"""What can an administrator ask of the tables? To make them, to tell about them, to update them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, false, func, insert, not_, select, update

from zcrm_core import StoreAction, StoreError
from zcrm_store_mysql.migration import finish, move_from_zohos
from zcrm_store_mysql.schema import VERSION, addition, creation, lease_addition, lease_table, token_table
from zcrm_store_mysql.server import Server, TableChanged
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.shape import Shape, lease_faults, look, refuse_unusable, save_faults
from zcrm_store_mysql.sql import Statement, compiled
from zcrm_store_mysql.store import hidden, make_missing
from zcrm_store_mysql.zoho_table import LIMITS

__all__ = ["ACTIONS"]

_ABOUT: Final = Statement("SELECT VERSION()")
_CIPHER: Final = Statement("SHOW SESSION STATUS LIKE 'Ssl_cipher'")


def init(place: Place, server: Server) -> list[str]:
    """Make the database and the tables where they are missing, and bring an older table up to date.

    It is often run right after a server was started, so it waits for it.

    Raises:
        StoreError: the table cannot be used, or this user may not make it; nothing was changed.
    """
    said = []
    server.expect()
    if look(server, place) is None:
        make_missing(server, place)
        said.append(f"Made: {place.table_name}, schema {VERSION}")
    shape = _usable(server, place)
    if not shape.is_zohos:
        said += _bring_up_to_date(place, server, shape)
    leases = lease_table(place)
    found = look(server, replace(place, table=leases.name))
    if found is None:
        server.run(creation(leases))
        said.append(f"Made: {place.database}.{leases.name}, for the refresh locks")
    elif faults := lease_faults(found):
        raise StoreError(
            f"The table {place.database}.{leases.name} of the refresh locks cannot be used.",
            why=f"Its faults: {'; '.join(faults)}.",
            fix="Delete it, and zcrm makes it anew; the README of zcrm-store-mysql shows it.",
            code="ZCRM-MYSQL-018",
        )
    elif "held_by" not in found.columns:
        with suppress(TableChanged):  # somebody else was first
            server.run(lease_addition(place))
        said.append(f"Updated: {place.database}.{leases.name}, which now tells who holds a lock")
    said = said or [f"Nothing to do: {place.table_name} is there, {_kind(shape)}."]
    said += _refused(shape)
    return said + [
        f"Not granted to the MySQL user {place.user}: {', '.join(lacking)} on {place.database}.{table.name}; "
        "the README of zcrm-store-mysql shows the grants"
        for table in (token_table(place), leases)
        if (lacking := _rights_lacking(server, table))
    ]


def migrate(place: Place, server: Server) -> list[str]:
    """Bring the table to the newest schema; of a table made for Zoho's SDKs, move the tokens into one.

    Args:
        place: where the table is, and for whose client and environment the tokens in Zoho's table are.
        server: how statements get there.

    Raises:
        StoreError: a row cannot be moved, or this user may not do it; nothing was changed.
    """
    if _seen(server, place) is None:
        return [f"Nothing to do: there is no table {place.table_name}; `zcrm store init` makes it."]
    shape = _usable(server, place)
    if shape.is_zohos:
        return move_from_zohos(place, server, shape)
    return _bring_up_to_date(place, server, shape) or [
        f"Nothing to do: {place.table_name} is {_kind(shape)}."
    ]


def status(place: Place, server: Server) -> list[str]:
    """Tell where the tokens are, how many, and what is not promised there; nothing is changed."""
    ((version,),) = server.run(_ABOUT).rows
    cipher = server.run(_CIPHER).rows
    encrypted = "TLS" if cipher and cipher[0][1] else "not encrypted"
    checked = "checked" if place.tls is not None and place.tls.verify else "not checked"
    lines = [
        f"Server: {place} (version {version})",
        f"Connection: {encrypted}, the server's certificate is {checked}",
    ]
    shape = _seen(server, place)
    if shape is None:
        return [
            *lines,
            f"Table: {place.table_name} is missing; `zcrm store init` or the first login makes it",
        ]
    lines.append(f"Table: {place.table_name}, {_kind(shape)}")
    try:
        refuse_unusable(shape, place)
    except StoreError as error:
        # What is told of a table that is used would be untrue of this one.
        return [*lines, f"Cannot be used: {error.what} {error.why}"]
    tokens = token_table(place)
    # The core keeps its notes about refreshes beside the tokens; docs/explanation/refresh.md tells of them.
    # A user may be named as they are, but has no such environment. Zoho's table knows the name only.
    notes: ColumnElement[bool] = tokens.c.useridentifier.like("refresh notes of %")
    if not shape.is_zohos:
        notes &= tokens.c.environment.like("%/refresh-notes")
    # Zoho's table may have two rows of one user, and rows without a token.
    what = "Rows" if shape.is_zohos else "Tokens"
    lines.append(f"{what}: {_count(server, tokens, not_(notes))}")
    lines.append(f"Refresh locks: {place.database}.{place.lease_table}, {_locks(server, place)}")
    if shape.is_zohos:
        lines += [f"Limit: {limit}" for limit in LIMITS]
        lines.append("A table of zcrm's has none of these limits: `zcrm store migrate` moves the tokens.")
    elif shape.missing(place):
        lines.append(
            f"Older than schema {VERSION}: the next use or `zcrm store migrate` adds what is missing"
        )
    return lines + _refused(shape)


def _refused(shape: Shape) -> list[str]:
    """Say why every login would fail, before one does."""
    faults = save_faults(shape)
    return [f"Cannot be used: no new token can be saved: {'; '.join(faults)}."] if faults else []


def _rights_lacking(server: Server, table: Table) -> list[str]:
    """Which rights this user lacks on a table; what asks for them changes no row."""
    # The third column of either table: Zoho's has it, too.
    column = list(table.c)[2]
    asking = {
        "SELECT": select(column).where(false()),
        "INSERT": insert(table).from_select([column], select(column).where(false())),
        "UPDATE": update(table).values({column: column}).where(false()),
        "DELETE": delete(table).where(false()),
    }
    return [right for right, statement in asking.items() if not _is_granted(server, compiled(statement))]


def _is_granted(server: Server, statement: Statement) -> bool:
    try:
        server.run(statement)
    except StoreError as error:
        return error.code != "ZCRM-MYSQL-003"
    except TableChanged:  # a further column needs a value; the right to change the others is there
        pass
    return True


def _locks(server: Server, place: Place) -> str:
    """Say whether the table of the refresh locks can be used."""
    leases = lease_table(place)
    try:
        found = _seen(server, replace(place, table=leases.name))
    except StoreError as error:
        if error.code != "ZCRM-MYSQL-003":
            raise
        return "cannot be used: this MySQL user may not see it"
    if found is None:
        return "not there yet; the first refresh makes it"
    faults = lease_faults(found)
    return f"cannot be used: {'; '.join(faults)}" if faults else "there"


def _seen(server: Server, place: Place) -> Shape | None:
    """What the table looks like; ``None`` where it is missing, an error where this user may not see it."""
    shape = look(server, place)
    if shape is None:
        _count(server, token_table(place))
    return shape


def _usable(server: Server, place: Place) -> Shape:
    shape = look(server, place)
    if shape is None:
        raise hidden(place)
    refuse_unusable(shape, place)
    return shape


def _bring_up_to_date(place: Place, server: Server, shape: Shape) -> list[str]:
    missing = shape.missing(place)
    if not missing:
        return finish(place, server, shape)
    try:
        server.run(addition(place, missing))
    except TableChanged:
        return _bring_up_to_date(place, server, _usable(server, place))  # somebody else was first
    return [f"Updated: {place.table_name}, from schema {shape.version} to {VERSION}"]


def _count(server: Server, table: Table, *where: ColumnElement[bool]) -> int | None:
    """How many rows a table has, or ``None`` if there is no table."""
    try:
        ((number,),) = server.run(compiled(select(func.count()).select_from(table).where(*where))).rows
    except TableChanged:
        return None
    return int(str(number))


def _kind(shape: Shape) -> str:
    if shape.is_zohos:
        return "made for Zoho's own SDKs"
    return f"zcrm's own, schema {shape.version}" if shape.is_ours else "no table of tokens"


ACTIONS: Final[Mapping[StoreAction, Callable[[Place, Server], list[str]]]] = {
    "init": init,
    "status": status,
    "migrate": migrate,
}
"""What an administrator can ask for, by name; each may raise ``TableChanged`` besides its errors."""
