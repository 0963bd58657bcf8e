"""How does a statement get to the server and back, once, whatever breaks on the way?"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeVar

from pymysql import Connection
from pymysql.constants import CR
from pymysql.err import InternalError, MySQLError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from zcrm_core import StoreError
from zcrm_store_mysql.connections import Connections, NotConnected
from zcrm_store_mysql.failures import Cure, Trouble, explain_statement, number_of
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.sql import Statement

__all__ = ["Answer", "Server", "Session", "TableChanged"]

_T = TypeVar("_T")
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.25
_LONE_TRIES: Final = 3
"""How often a lone server that takes no changes is asked: an address can move to another server."""


class TableChanged(Exception):
    """The table is missing, or not what it was when it was looked at.

    Args:
        error: what to raise when another look does not help.
    """

    def __init__(self, error: StoreError) -> None:
        super().__init__(error.what)
        self.error = error


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement brought.

    Args:
        names: the names of the columns of a query.
        rows: the rows of a query.
        count: how many rows a change applied to, those included that had the new values before.
        repeated: whether it was sent more than once and may have been run more than once.
    """

    names: Sequence[str]
    rows: Sequence[tuple[object, ...]]
    count: int
    repeated: bool = False


@dataclass(slots=True)
class Session:
    """One connection, while a job uses it.

    Args:
        connection: the driver's.
        in_doubt: whether a connection lost now would leave it open what has happened.
        repeated: whether an earlier try of the job may have been carried out.
    """

    connection: Connection
    in_doubt: bool
    repeated: bool = field(default=False)

    def run(self, statement: Statement, values: Mapping[str, object] = _NOTHING) -> Answer:
        """Run one statement."""
        with self._understood(), self.connection.cursor() as cursor:
            # The driver writes values into the text only when it is given some; %% stands for % in it.
            cursor.execute(statement.text, {**statement.constants, **values})
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall() if names else ()
            return Answer(names, rows, cursor.rowcount, self.repeated)

    def run_many(self, statement: Statement, rows: Sequence[Mapping[str, object]]) -> None:
        """Run one INSERT for many rows, as few statements as the driver can make of it."""
        with self._understood(), self.connection.cursor() as cursor:
            cursor.executemany(statement.text, [{**statement.constants, **row} for row in rows])

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Take an answer that is no MySQL for one that got lost: the driver stumbles over it anyhow."""
        try:
            yield
        except Exception as error:
            puzzled = isinstance(error, InternalError) and number_of(error) < 0
            if isinstance(error, (MySQLError, OSError)) and not puzzled:
                raise
        else:
            return
        if self.connection.open:
            self.connection.close()
        raise OperationalError(CR.CR_MALFORMED_PACKET)


class Server:
    """The server of one configuration, or the group of servers of which one takes changes.

    Args:
        place: where it is.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lone = len(place.addresses) == 1
        self._connections = Connections(place)

    def run(self, statement: Statement, values: Mapping[str, object] = _NOTHING) -> Answer:
        """Run one statement, in one round trip on a warm connection; it is committed when this returns.

        It is sent again after a deadlock, and where the connection dropped or the server that takes changes
        became another one, for as long as the place's timeout.

        Raises:
            StoreUnavailable: the server cannot be reached, does not let this user in, or cannot do it now.
            StoreError: the server refused for another reason.
            TableChanged: the table is missing, or not of the shape that the statement is for.
        """
        return self.perform(lambda session: session.run(statement, values))

    def perform(self, job: Callable[[Session], _T]) -> _T:
        """Do something that is one statement, or another one where an earlier try is in doubt.

        Args:
            job: runs the statement, which commits itself; it is called again as in :meth:`run`.

        Raises:
            StoreUnavailable, StoreError, TableChanged: as in :meth:`run`.
        """
        return self._perform(job, in_doubt=True)

    def transaction(self, work: Callable[[Session], _T]) -> _T:
        """Run several statements that happen all or not at all; committed when this returns.

        Args:
            work: runs them. It is called again after a deadlock or a lost connection; ``repeated`` tells
                whether an earlier try may have been committed all the same. What it raises undoes it all.

        Raises:
            StoreUnavailable, StoreError, TableChanged: as in :meth:`run`.
        """

        def job(session: Session) -> _T:
            session.run(_BEGIN)
            try:
                result = work(session)
                session.in_doubt = True
                session.run(_COMMIT)
            except Exception:
                # A session that has ended is rolled back by its end; so is one that Ctrl-C came into.
                with suppress(MySQLError):
                    if session.connection.open:
                        session.connection.rollback()
                raise
            return result

        return self._perform(job, in_doubt=False)

    def expect(self) -> None:
        """Wait for a server that is just being started, up to the place's timeout, instead of giving up."""
        self._connections.is_expected = True

    def close(self) -> None:
        """Close this process's connections; the next statement opens new ones."""
        self._connections.close()

    def _perform(self, job: Callable[[Session], _T], *, in_doubt: bool) -> _T:
        end = time.monotonic() + self._place.timeout
        pause, tries, repeated = _FIRST_PAUSE, 0, False
        while True:
            tries += 1
            session: Session | None = None
            try:
                with self._connections.borrowed() as connection:
                    session = Session(connection, in_doubt, repeated)
                    return job(session)
            except NotConnected as error:
                trouble = error.trouble
            except (MySQLError, PoolTimeout, OSError) as error:
                trouble = explain_statement(error, self._place)
            # Out of the except block: the driver's error, with its statement, is no context of ours.
            repeated |= trouble.unknown and session is not None and session.in_doubt
            if trouble.cure is Cure.TABLE:
                raise TableChanged(trouble.error)
            wait = pause * (0.5 + random.random())  # noqa: S311 - only so that not all who wait ask at once
            if not self._worth_another_try(trouble, tries) or time.monotonic() + wait > end:
                raise trouble.error
            if trouble.cure is Cure.PRIMARY and session is not None:
                self._connections.demote(session.connection)
            if tries > 1 or trouble.cure is Cure.PRIMARY:
                time.sleep(wait)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _worth_another_try(self, trouble: Trouble, tries: int) -> bool:
        if trouble.cure is Cure.NONE:
            return False
        if trouble.cure is Cure.PRIMARY and self._lone:
            return tries < _LONE_TRIES
        # Where no server ever let us in, the address is more likely wrong than the server away.
        return trouble.cure is not Cure.CONNECTION or self._connections.is_expected


_BEGIN: Final = Statement("START TRANSACTION")
_COMMIT: Final = Statement("COMMIT")
