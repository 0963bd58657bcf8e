"""Who may refresh a key's token now, among all hosts that share the server?

A lease is a row with a holder and an end, both set by single statements with the server's own clock. So it
works
through proxies and pools, and after a failover: nothing depends on a session, as GET_LOCK would. The holder
renews
its lease while it works; one that was killed or stands still does not, and the lease passes on. What such a
holder saves later is refused by ``replaces``.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Column, MetaData, Table, bindparam, case, func, select, text, update
from sqlalchemy.dialects.mysql import BINARY, DATETIME, insert

from zcrm_core import RefreshTimeout, StoreError, TokenKey
from zcrm_store_mysql.server import Server
from zcrm_store_mysql.settings import Place

__all__ = ["Leases"]

_LEASE_SECONDS: Final = 9
"""How long a lease lasts that nobody renews."""
_RENEW_SECONDS: Final = 3.0
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.25
_LONGEST_PREFIX: Final = 57


def lease_table(place: Place) -> Table:
    """Give the table of the leases, beside that of the tokens."""
    return Table(
        f"{place.table[:_LONGEST_PREFIX]}_leases",
        MetaData(),
        Column("key_digest", BINARY(32), primary_key=True),
        Column("holder", BINARY(16), nullable=False),
        Column("ends_at", DATETIME(fsp=6), nullable=False),
        schema=place.database,
        mysql_engine="InnoDB",
    )


class Leases:
    """The leases of one table of tokens.

    Args:
        place: where the table is.
        server: how statements get there.
    """

    def __init__(self, place: Place, server: Server) -> None:
        self._server = server
        self._table = lease_table(place)

    @contextmanager
    def held(self, key: TokenKey, wait: float) -> Iterator[None]:
        """Hold the lease of a key.

        Args:
            key: whose token.
            wait: how long to wait for it, in seconds; at least one try is made.

        Raises:
            RefreshTimeout: somebody else holds it for longer.
            StoreError: the server cannot be used.
        """
        holder = secrets.token_bytes(16)
        self._server.require(self._table)
        self._take(key, holder, wait)
        done = threading.Event()
        renewer = threading.Thread(target=self._renew, args=(key, holder, done), daemon=True)
        renewer.start()
        try:
            yield
        finally:
            done.set()
            renewer.join()
            self._give_up(key, holder)

    def _take(self, key: TokenKey, holder: bytes, wait: float) -> None:
        end = time.monotonic() + wait
        pause = _FIRST_PAUSE
        while not self._taken(key, holder):
            left = end - time.monotonic()
            if left <= 0:
                raise RefreshTimeout(
                    f"Another worker has been refreshing the token of {key} for longer than {wait:g} s."
                )
            # Not all who wait ask at the same moment.
            time.sleep(min(left, pause * (0.5 + secrets.randbelow(1000) / 1000)))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _taken(self, key: TokenKey, holder: bytes) -> bool:
        columns = self._table.c
        statement = insert(self._table).values(
            key_digest=key.digest(), holder=bindparam("me", holder, BINARY(16)), ends_at=_end()
        )
        # MySQL sets one column after the other: the end is set by whoever is the holder by then.
        self._server.run(
            statement.on_duplicate_key_update(
                [
                    (
                        "holder",
                        case((columns.ends_at < _now(), statement.inserted.holder), else_=columns.holder),
                    ),
                    (
                        "ends_at",
                        case((columns.holder == statement.inserted.holder, _end()), else_=columns.ends_at),
                    ),
                ]
            )
        )
        found = self._server.run(select(columns.holder).where(columns.key_digest == key.digest()))
        return bool(found.rows) and found.rows[0][0] == holder

    def _renew(self, key: TokenKey, holder: bytes, done: threading.Event) -> None:
        while not done.wait(_RENEW_SECONDS):
            with suppress(StoreError):  # it passes on; what we save then is refused by replaces
                self._set_end(key, holder, _end())

    def _give_up(self, key: TokenKey, holder: bytes) -> None:
        with suppress(StoreError):  # it ends by itself
            self._set_end(key, holder, text("'1970-01-02'"))

    def _set_end(self, key: TokenKey, holder: bytes, end: object) -> None:
        columns = self._table.c
        self._server.run(
            update(self._table)
            .where(columns.key_digest == key.digest(), columns.holder == holder)
            .values(ends_at=end)
        )


def _now() -> object:
    return func.utc_timestamp(6)


def _end() -> object:
    return func.timestampadd(text("SECOND"), _LEASE_SECONDS, func.utc_timestamp(6))
