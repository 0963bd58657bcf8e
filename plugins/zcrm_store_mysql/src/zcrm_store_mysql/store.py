"""Which table does a MySQL store work on, and who makes, checks and updates it?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol, TypeVar

from zcrm_core import StoreError, StoreUnavailable, Token, TokenKey
from zcrm_store_mysql.leases import Leases
from zcrm_store_mysql.own_table import OwnTable
from zcrm_store_mysql.schema import addition, creation, database_creation, token_table
from zcrm_store_mysql.server import Server, TableChanged
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.shape import Shape, look, maker_of, refuse_unusable
from zcrm_store_mysql.sql import Statement
from zcrm_store_mysql.zoho_table import LIMITS, ZohoTable

__all__ = ["MySQLStore", "hidden", "make_missing"]

_T = TypeVar("_T")
_LOG: Final = logging.getLogger("zcrm")
_LOOKS: Final = 3
"""How often a table that changes under the store is looked at before an operation gives up."""
_VERSION: Final = Statement("SELECT VERSION()")


class TokenTable(Protocol):
    """A table of tokens, whoever made it."""

    def fetch(self, key: TokenKey) -> Token | None: ...
    def save(self, key: TokenKey, token: Token, replaces: Token | None) -> None: ...
    def delete(self, key: TokenKey) -> bool: ...
    def keys(self) -> list[TokenKey]: ...


class MySQLStore:
    """The tokens of one configuration, in a table of zcrm's or in one made for Zoho's own SDKs.

    Every method raises :class:`StoreUnavailable` when the server cannot be reached or refuses for now,
    :class:`StoreError` when the table cannot be used, and the errors of :class:`OwnTable` or
    :class:`ZohoTable`.

    Args:
        place: where the table is.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._server = Server(place)
        self._leases = Leases(place, self._server)
        self._table: TokenTable | None = None

    def fetch(self, key: TokenKey) -> Token | None:
        """Give the token of a key, or ``None`` if there is none."""
        return self._on_table(lambda table: table.fetch(key))

    def save(self, key: TokenKey, token: Token, replaces: Token | None) -> None:
        """Save a token, whatever is there or over the very token ``replaces``; committed on return."""
        self._on_table(lambda table: table.save(key, token, replaces))

    def delete(self, key: TokenKey) -> bool:
        """Delete the token of a key; answer whether one was there."""
        return self._on_table(lambda table: table.delete(key))

    def keys(self) -> list[TokenKey]:
        """Give the keys that have a token."""
        return self._on_table(lambda table: table.keys())

    def lock(self, key: TokenKey, wait: float) -> AbstractContextManager[None]:
        """Give the refresh lock of a key: a lease that at most one holds among all hosts.

        Args:
            key: whose token.
            wait: how long entering may wait, in seconds; then it raises ``RefreshTimeout``.
        """
        return self._leases.held(key, wait)

    def close(self) -> None:
        """Close this process's connections."""
        self._server.close()

    def _on_table(self, operation: Callable[[TokenTable], _T]) -> _T:
        looks = 0
        while True:
            try:
                table = self._table
                if table is None:
                    table = self._table = self._open()
                return operation(table)
            except TableChanged as changed:
                error = changed.error
            self._table = None
            looks += 1
            if looks == _LOOKS:
                raise error

    def _open(self) -> TokenTable:
        shape = look(self._server, self._place)
        if shape is None:
            make_missing(self._server, self._place)
            shape = look(self._server, self._place)
        if shape is None:
            raise TableChanged(hidden(self._place))
        refuse_unusable(shape, self._place)
        if shape.is_zohos:
            _LOG.warning(
                "the table %s was made for Zoho's own SDKs and has their limits: %s",
                self._place.table_name,
                "; ".join(LIMITS),
            )
            return ZohoTable(self._place, shape, self._server)
        if shape.missing(self._place):
            self._bring_up_to_date(shape)
        return OwnTable(self._place, self._server)

    def _bring_up_to_date(self, shape: Shape) -> None:
        try:
            self._server.run(addition(self._place, shape.missing(self._place)))
        except StoreError as error:
            # Every column that a newer version added can be done without.
            _LOG.warning(
                "the table %s stays in schema %d: %s", self._place.table_name, shape.version, error.what
            )


def make_missing(server: Server, place: Place) -> None:
    """Make the table of tokens, and its database, where they are missing."""
    ((version,),) = server.run(_VERSION).rows
    statement = creation(token_table(place, maker_of(str(version))))
    try:
        server.run(statement)
    except TableChanged:
        server.run(database_creation(place))
        server.run(statement)


def hidden(place: Place) -> StoreError:
    """Say that the table is not seen although it was made, or was there a moment ago."""
    return StoreUnavailable(
        f"The table {place.table_name} was made and cannot be seen.",
        why="Somebody deletes it again, or the MySQL user may not see what it made.",
        fix="Let an administrator grant the rights that the README shows.",
        code="ZCRM-MYSQL-003",
    )
