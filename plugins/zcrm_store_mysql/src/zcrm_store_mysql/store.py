"""How does a MySQL table keep tokens so that no two users meet and no two writers lose one?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.mysql import insert

from zcrm_core import InvalidToken, StaleToken, StoreCorrupt, Token, TokenKey
from zcrm_store_mysql.failures import lost
from zcrm_store_mysql.leases import Leases
from zcrm_store_mysql.server import Server
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.table import token_table

__all__ = ["MySQLStore"]


class MySQLStore:
    """One table of tokens, a row for each key; every operation is one statement.

    Every method raises :class:`StoreUnavailable` when the server cannot be reached or refuses for now, and
    :class:`StoreError` when the table is of another shape.

    Args:
        place: where the table is.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._table = token_table(place)
        self._server = Server(place)
        self._leases = Leases(place, self._server)

    def fetch(self, key: TokenKey) -> Token | None:
        """Give the token of a key, or ``None`` if there is none.

        Raises:
            StoreCorrupt: the row is another key's, or holds no token.
        """
        columns = self._table.c
        answer = self._server.run(
            select(
                columns.useridentifier,
                columns.client_id,
                columns.environment,
                columns.accesstoken,
                columns.refreshtoken,
                columns.expirytime,
                columns.api_domain,
                columns.scope,
            ).where(columns.key_digest == key.digest())
        )
        return self._token(key, answer.rows[0]) if answer.rows else None

    def save(self, key: TokenKey, token: Token, replaces: Token | None) -> None:
        """Save a token; it is committed on return.

        Args:
            key: whose it is; the core has checked that it is the token's own user.
            token: the token.
            replaces: the token that must still be stored, or ``None`` to save whatever is there.

        Raises:
            StaleToken: ``replaces`` is not what is stored; nothing was changed.
        """
        if replaces is not None:
            self._replace(key, token, replaces)
            return
        statement = insert(self._table).values(key_digest=key.digest(), **_columns(key, token))
        new = statement.inserted
        self._server.run(
            statement.on_duplicate_key_update({name: new[name] for name in _columns(key, token)})
        )

    def delete(self, key: TokenKey) -> bool:
        """Delete the token of a key; answer whether one was there."""
        answer = self._server.run(delete(self._table).where(self._table.c.key_digest == key.digest()))
        if answer.count == 0 and answer.repeated:
            # It is gone, but whether it was this call that deleted it went down with the connection.
            raise lost(self._place)
        return answer.count > 0

    def keys(self) -> list[TokenKey]:
        """Give the keys that have a token.

        Raises:
            StoreCorrupt: a row's digest is not that of its key.
        """
        columns = self._table.c
        answer = self._server.run(
            select(columns.useridentifier, columns.client_id, columns.environment, columns.key_digest)
        )
        return [self._key(row) for row in answer.rows]

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

    def _replace(self, key: TokenKey, token: Token, replaces: Token) -> None:
        columns = self._table.c
        answer = self._server.run(
            update(self._table)
            .where(columns.key_digest == key.digest())
            .where(
                *(columns[name].is_not_distinct_from(old) for name, old in _columns(key, replaces).items())
            )
            .values(_columns(key, token))
        )
        # Sent twice, it may have found its own work.
        if answer.count == 0 and not (answer.repeated and self.fetch(key) == token):
            raise StaleToken(f"The stored token of {key} is not the one to be replaced.")

    def _token(self, key: TokenKey, row: Sequence[object]) -> Token:
        user, client_id, environment, access, refresh, expiry, api_domain, scope = row
        if (user, client_id, environment) != (key.user_identifier, key.client_id, key.environment):
            raise self._corrupt("A row stands under the digest of another key.")
        try:
            return Token(key.user_identifier, access, refresh, expiry, api_domain, scope)  # type: ignore[arg-type] # Token checks
        except InvalidToken as error:
            why = error.what
        raise self._corrupt(f"The row of {key} holds no token: {why}")

    def _key(self, row: Sequence[object]) -> TokenKey:
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
        return StoreCorrupt(
            f"A row of the table {self._place.table_name} was not written by zcrm.",
            why=why,
            fix="Find out who writes to this table; logging that user in again replaces the row.",
            code="ZCRM-MYSQL-009",
        )


def _columns(key: TokenKey, token: Token) -> dict[str, str | int | None]:
    """Every column of a token's row but the digest."""
    return {
        "useridentifier": key.user_identifier,
        "accesstoken": token.access_token,
        "refreshtoken": token.refresh_token,
        "expirytime": token.expiry_time,
        "client_id": key.client_id,
        "environment": key.environment,
        "api_domain": token.api_domain,
        "scope": token.scope,
    }
