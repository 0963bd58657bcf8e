"""Who may refresh a key's token now, among all hosts that share the server?

A lease is a row with a holder and an end, both set by single statements with the server's own clock. So it
works through proxies and pools, and after a failover: nothing depends on a session, as GET_LOCK would. The
holder renews its lease while it works; one that was killed or stands still does not, and the lease passes
on. What such a holder saves later is refused by ``replaces``.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, bindparam, case, func, or_, select, text, update
from sqlalchemy.dialects.mysql import insert

from zcrm_core import RefreshTimeout, StoreError, TokenKey
from zcrm_store_mysql.schema import creation, database_creation, lease_addition, lease_table
from zcrm_store_mysql.server import Answer, Server, TableChanged
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.shape import look, refuse_unusable
from zcrm_store_mysql.sql import Statement, compiled

__all__ = ["Leases"]

_LEASE_SECONDS: Final = 9
"""How long a lease lasts that nobody renews."""
_RENEW_SECONDS: Final = _LEASE_SECONDS / 3
_AHEAD_SECONDS: Final = 60
"""A statement's clock stands while it waits for a row; who began later, and was first, is ahead of it."""
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.25
_NOTE: Final = re.compile(r"(\d{1,10}) ([!-~]{1,200}) (\d{1,11})")
"""Who holds a lease: process, host, and since when, in seconds since 1970."""


class Leases:
    """The leases of one table of tokens.

    Args:
        place: where the table is.
        server: how statements get there.
    """

    def __init__(self, place: Place, server: Server) -> None:
        self._place = place
        self._server = server
        table = lease_table(place)
        columns = table.c
        me: BindParameter[bytes] = bindparam("me")
        digest: BindParameter[bytes] = bindparam("digest")
        mine = (columns.key_digest == digest, columns.holder == me)
        note: BindParameter[str] = bindparam("note")
        take = insert(table).values(key_digest=digest, holder=me, ends_at=_end(), held_by=note)
        self._name = f"{place.database}.{table.name}"
        self._make = creation(table)
        self._add = lease_addition(place)
        self._make_database = database_creation(place)
        # MySQL sets one column after the other: the end is set by whoever is the holder by then.
        self._take = compiled(
            take.on_duplicate_key_update(
                [
                    # One that ends later than any can was made by a server whose clock was wrong.
                    (
                        "holder",
                        case(
                            (or_(columns.ends_at < _now(), columns.ends_at > _end(_AHEAD_SECONDS)), me),
                            else_=columns.holder,
                        ),
                    ),
                    ("ends_at", case((columns.holder == me, _end()), else_=columns.ends_at)),
                    ("held_by", case((columns.holder == me, note), else_=columns.held_by)),
                ]
            )
        )
        self._holder = compiled(select(columns.holder, columns.held_by).where(columns.key_digest == digest))
        self._renew = compiled(update(table).where(*mine).values(ends_at=_end()))
        self._give_up = compiled(
            update(table).where(*mine).values(holder=bytes(16), ends_at=text("'1970-01-02'"))
        )

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
        values = {"digest": key.digest(), "me": secrets.token_bytes(16)}
        self._wait_for(key, values, wait)
        owner, done = os.getpid(), threading.Event()
        renewer = threading.Thread(target=self._keep, args=(values, done), daemon=True)
        try:
            renewer.start()  # Ctrl-C in here must end it as well, or it would renew the lease for ever
            yield
        finally:
            # The renewer is not waited for: the row has another holder now, and nothing of ours to renew.
            done.set()
            if os.getpid() == owner:  # a child that was forked inside the block leaves it, too
                with suppress(StoreError):  # it ends by itself
                    self._run(self._give_up, values)

    def _wait_for(self, key: TokenKey, values: Mapping[str, object], wait: float) -> None:
        end = time.monotonic() + wait
        pause = _FIRST_PAUSE
        while (holder := self._taken_by(values)) is not None:
            left = end - time.monotonic()
            if left <= 0:
                raise RefreshTimeout(
                    f"The token of {key} is being refreshed elsewhere, "
                    f"and that did not end within {wait:g} s.",
                    why=f"The refresh lock is held by {holder}.",
                )
            # Not all who wait ask at the same moment.
            time.sleep(min(left, pause * (0.5 + secrets.randbelow(1000) / 1000)))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _taken_by(self, values: Mapping[str, object]) -> str | None:
        """Take the lease if it is free; else say who has it."""
        self._run(self._take, {**values, "note": _note()})
        found = self._run(self._holder, values).rows
        if len(found) > 1:
            raise self._unusable("it has several rows for one key: its primary key is missing")
        if found and found[0][0] == values["me"]:
            return None
        return _named(found[0][1]) if found else "another worker"

    def _keep(self, values: Mapping[str, object], done: threading.Event) -> None:
        while not done.wait(_RENEW_SECONDS):
            with suppress(StoreError):  # it passes on; what we save then is refused by replaces
                self._run(self._renew, values)

    def _run(self, statement: Statement, values: Mapping[str, object]) -> Answer:
        for repair in (self._make_table, self._complete_table):
            answer = self._tried(statement, values)
            if answer is not None:
                return answer
            with suppress(TableChanged):
                repair()
        answer = self._tried(statement, values)
        if answer is None:
            raise self._unusable("it lacks a column, or cannot be made")
        return answer

    def _tried(self, statement: Statement, values: Mapping[str, object]) -> Answer | None:
        with suppress(TableChanged):
            return self._server.run(statement, values)
        return None

    def _unusable(self, fault: str) -> StoreError:
        return StoreError(
            f"The table {self._name} of the refresh locks cannot be used.",
            why=f"The reason is: {fault}.",
            fix="Delete it, and zcrm makes it anew; the README of zcrm-store-mysql shows it.",
            code="ZCRM-MYSQL-018",
        )

    def _make_table(self) -> None:
        # A login locks before it reads: nothing is made beside a table that the store will refuse.
        shape = look(self._server, self._place)
        if shape is not None:
            refuse_unusable(shape, self._place)
        try:
            self._server.run(self._make)
        except TableChanged:  # a first login locks before it reads, so the database may be missing as well
            self._server.run(self._make_database)
            self._server.run(self._make)

    def _complete_table(self) -> None:
        with suppress(StoreError):  # where this user may not, what is wrong is told all the same
            self._server.run(self._add)


def _note() -> str:
    # The table may have any character set.
    host = socket.gethostname().encode("ascii", "backslashreplace").decode() or "?"
    return f"{os.getpid()} {host[:200]} {time.time():.0f}"


def _named(note: object) -> str:
    """Say who wrote such a note; it comes from a table that others may write to."""
    found = _NOTE.fullmatch(str(note))
    if found is None:
        return "another worker"
    process, host, seconds = found.groups()
    since = datetime.fromtimestamp(int(seconds), timezone.utc)
    return f"process {process} on {host} since {since:%Y-%m-%d %H:%M:%S} UTC"


def _now() -> ColumnElement[datetime]:
    return func.utc_timestamp(6)


def _end(later: int = 0) -> ColumnElement[datetime]:
    return func.timestampadd(text("SECOND"), _LEASE_SECONDS + later, func.utc_timestamp(6))
