"""How are tokens kept in the table that zcrm makes? A row for each key; every operation is one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import BindParameter, bindparam, delete, select, update
from sqlalchemy.dialects.mysql import insert

from zcrm_core import InvalidToken, StaleToken, StoreCorrupt, Token, TokenKey
from zcrm_store_mysql.failures import lost
from zcrm_store_mysql.schema import token_table
from zcrm_store_mysql.server import Answer, Server, Session
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.sql import compiled

__all__ = ["NAMES", "OwnTable", "row_of"]

NAMES: Final = (
    "useridentifier",
    "client_id",
    "environment",
    "accesstoken",
    "refreshtoken",
    "expirytime",
    "api_domain",
    "scope",
)
"""Every column that a token is made of."""
_NEW: Final = tuple(f"new_{name}" for name in NAMES)
_OLD: Final = tuple(f"old_{name}" for name in NAMES)


class OwnTable:
    """The tokens in a table of zcrm's own. The errors of :class:`Server` are raised by every method.

    Args:
        place: the table's name.
        server: how statements get there.
    """

    def __init__(self, place: Place, server: Server) -> None:
        self._place = place
        self._server = server
        table = token_table(place)
        columns = table.c
        here = columns.key_digest == bindparam("digest")
        new: dict[str, BindParameter[object]] = {
            name: bindparam(value) for name, value in zip(NAMES, _NEW, strict=True)
        }
        old = (
            columns[name].is_not_distinct_from(bindparam(value))
            for name, value in zip(NAMES, _OLD, strict=True)
        )
        self._select = compiled(select(*(columns[name] for name in NAMES)).where(here))
        self._upsert = compiled(
            insert(table).values(key_digest=bindparam("digest"), **new).on_duplicate_key_update(new)
        )
        self._update = compiled(update(table).where(here, *old).values(new))
        self._delete = compiled(delete(table).where(here))
        self._keys = compiled(select(*(columns[name] for name in NAMES[:3]), columns.key_digest))

    def fetch(self, key: TokenKey) -> Token | None:
        """Give the token of a key, or ``None`` if there is none.

        Raises:
            StoreCorrupt: the row is another key's, or holds no token.
        """
        answer = self._server.run(self._select, {"digest": key.digest()})
        token = self._token(key, answer)
        if isinstance(token, StoreCorrupt):
            raise token
        return token

    def _token(self, key: TokenKey, answer: Answer) -> Token | StoreCorrupt | None:
        """Read the token of a key's row, or what is wrong with it."""
        if not answer.rows:
            return None
        user, client_id, environment, *values = answer.rows[0]
        if (user, client_id, environment) != (key.user_identifier, key.client_id, key.environment):
            return self._corrupt("A row stands under the digest of another key.")
        try:
            return Token(key.user_identifier, *values)  # type: ignore[arg-type] # Token checks
        except InvalidToken as error:
            return self._corrupt(f"The row of {key} holds no token: {error.what}")

    def save(self, key: TokenKey, token: Token, replaces: Token | None) -> None:
        """Save a token; it is committed on return.

        Args:
            key: whose it is.
            token: the token.
            replaces: the token that must still be stored, or ``None`` to save whatever is there.

        Raises:
            StaleToken: ``replaces`` is not what is stored; nothing was changed.
        """
        values = row_of(key, token)
        if replaces is None:
            self._server.perform(lambda session: self._saved(session, key, token, values))
            return
        answer = self._server.run(self._update, {**values, **_named(_OLD, key, replaces)})
        # Sent twice, it may have found its own work.
        if answer.count == 0 and not (answer.repeated and self.fetch(key) == token):
            raise StaleToken(f"The stored token of {key} is not the one to be replaced.")

    def _saved(self, session: Session, key: TokenKey, token: Token, values: Mapping[str, object]) -> None:
        # After a lost answer it may be there already, and somebody may be about to replace it.
        if session.repeated and self._token(key, session.run(self._select, values)) == token:
            return
        session.run(self._upsert, values)

    def delete(self, key: TokenKey) -> bool:
        """Delete the token of a key; answer whether one was there.

        Raises:
            StoreUnavailable: there is none any more, but whether this call deleted it was not answered.
        """
        answer = self._server.run(self._delete, {"digest": key.digest()})
        if answer.count == 0 and answer.repeated:
            raise lost(self._place)
        return answer.count > 0

    def keys(self) -> list[TokenKey]:
        """Give the keys that have a token.

        Raises:
            StoreCorrupt: a row's digest is not that of its key.
        """
        return [self._key(row) for row in self._server.run(self._keys).rows]

    def _key(self, row: tuple[object, ...]) -> TokenKey:
        user, client_id, environment, digest = row
        try:
            key = TokenKey(user, client_id, environment)  # type: ignore[arg-type] # TokenKey checks
        except InvalidToken as error:
            why = f"A row holds no key: {error.what}"
        else:
            if key.digest() == digest:
                return key
            why = f"The row of {key} stands under the digest of another key."
        raise self._corrupt(why)

    def _corrupt(self, why: str) -> StoreCorrupt:
        error = StoreCorrupt(
            f"A row of the table {self._place.table_name} was not written by zcrm.",
            why=why,
            fix="Find out who writes to this table; logging that user in again replaces the row.",
            code="ZCRM-MYSQL-009",
        )
        error.repaired_by_saving = True
        return error


def row_of(key: TokenKey, token: Token) -> dict[str, bytes | str | int | None]:
    """Give a token's row: ``digest``, and every other column under its name with ``new_`` before it."""
    return {"digest": key.digest(), **_named(_NEW, key, token)}


def _named(names: Iterable[str], key: TokenKey, token: Token) -> dict[str, str | int | None]:
    """The values of a token's row, by the names that they have in the statements."""
    values = (
        key.user_identifier,
        key.client_id,
        key.environment,
        token.access_token,
        token.refresh_token,
        token.expiry_time,
        token.api_domain,
        token.scope,
    )
    return dict(zip(names, values, strict=True))
