"""Which connection carries the next statement? A healthy one, to the server that takes changes."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pymysql
from pymysql import Connection
from pymysql.constants import CLIENT
from pymysql.err import MySQLError
from sqlalchemy.event import listen
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from zcrm_core import ZcrmError
from zcrm_store_mysql.failures import Cure, Trouble, explain_connecting, no_primary, number_of
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.tls import unchecked
from zcrm_store_mysql.url import Address

__all__ = ["Connections", "NotConnected"]

_MOST: Final = 10
"""How many connections a process keeps; further threads wait for one, for about a millisecond each."""
_IDLE_SECONDS: Final = 30.0
"""After this time firewalls and proxies may have forgotten a connection without telling."""
_PING_SECONDS: Final = 1.0
"""How long a connection that was idle may take to answer, before another one is opened in its place."""
_LONGEST_SILENCE: Final = 5.0
"""How long one of several servers may be silent before another one is asked, in seconds."""
_TRUST_SECONDS: Final = 1.0
"""For how long one of several servers is taken to be the one that takes changes, once it has said so."""
_NO_TLS: Final = 2026
_LONGEST_LOCK_SECONDS: Final = 5
_SESSION: Final = (
    # Whatever the server's own settings are: each statement commits itself, a COMMIT begins nothing new,
    # nothing is cut or bent to fit or left out, a table without a key can be changed, and no lock is waited
    # for long. The isolation hides what is not committed; its gap locks keep a second row of one user out of
    # a table without a key. MariaDB has another name for it, and each reads its own comment only.
    "SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
    "sql_select_limit = 18446744073709551615, sql_big_selects = 1, sql_safe_updates = 0, "
    "completion_type = 0, "
    "/*!80000 transaction_isolation = 'REPEATABLE-READ', max_execution_time = 0, */ "
    "/*M! tx_isolation = 'REPEATABLE-READ', max_statement_time = 0, */ "
    "innodb_lock_wait_timeout = {0}, lock_wait_timeout = {0}"
)
_SOCKET: Final = "_sock"
"""Where the driver has its socket: it shows it nowhere else."""
_READ_SECONDS: Final = "_read_timeout"
"""Where the driver has how long it waits for an answer; it sets the socket anew for each."""
_TAKES_CHANGES: Final = "SELECT NOT @@GLOBAL.read_only"


class NotConnected(Exception):
    """No connection could be opened.

    Args:
        trouble: why.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.error.what)
        self.trouble = trouble


class Connections:
    """The connections of one configuration: a small pool for each process.

    Args:
        place: where the servers are.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._addresses = place.addresses
        several = len(place.addresses) > 1
        self._silence = min(max(place.timeout / 5, 1.0), _LONGEST_SILENCE) if several else place.timeout
        self._session = _SESSION.format(max(1, min(_LONGEST_LOCK_SECONDS, int(place.timeout / 3))))
        # By process: a connection that is used on both sides of a fork mixes up their answers.
        self._pools: dict[int, QueuePool] = {}
        self._loans: set[object] = set()
        self._plain: set[Address] = set()
        self._tls = place.tls.context() if place.tls is not None else unchecked()
        self.is_expected = False
        """Whether a server is there, or will be soon: then it is waited for. One that let us in once is."""

    @contextmanager
    def borrowed(self) -> Iterator[Connection]:
        """Lend a connection that is good as far as can be told without asking the server.

        Raises:
            NotConnected: none could be opened.
            sqlalchemy.exc.TimeoutError: all were in use for longer than the place's timeout.
        """
        loan = object()
        try:
            self._loans.add(loan)
            lent = self._pool().connect()
            connection: Connection = lent.dbapi_connection  # type: ignore[assignment] # as _open gives it
            try:
                yield connection
            except (MySQLError, ZcrmError):
                if not connection.open:
                    lent.invalidate()
                raise
            except BaseException:
                # Interrupted between question and answer, it would give the answer to the next one who asks.
                lent.invalidate()
                raise
            finally:
                lent.close()
        finally:
            self._loans.discard(loan)

    def demote(self, connection: Connection) -> None:
        """Ask the other servers first from now on: this one takes no changes, or does not answer."""
        refused = Address(str(connection.host), connection.port)
        # One assignment: another thread sees the old order or the new one.
        self._addresses = (*(each for each in self._addresses if each != refused), refused)
        self.close()

    def close(self) -> None:
        """Close this process's connections; the next statement opens new ones."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.dispose()

    def _pool(self) -> QueuePool:
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is not None and pool.checkedout() < len(self._loans):
            return pool
        if pool is not None:
            # More are out than anybody has: Ctrl-C came while one was fetched or brought back.
            self.close()
        made = QueuePool(
            self._open,  # type: ignore[arg-type] # SQLAlchemy types less than the DB-API has
            pool_size=_MOST,
            max_overflow=0,
            timeout=self._place.timeout,
            use_lifo=True,
            reset_on_return=None,
        )
        listen(made, "checkout", _refuse_dead)
        if len(self._place.addresses) > 1:
            listen(made, "checkout", _refuse_demoted)
        listen(made, "checkin", _note_time)
        # setdefault is atomic; a pool that came second has opened nothing.
        return self._pools.setdefault(pid, made)

    def _open(self) -> Connection:
        """Open a connection to the first server that takes changes."""
        addresses = self._addresses
        troubles: list[Trouble] = []
        for address in addresses:
            try:
                connection = self._open_to(address)
            except Exception as error:  # noqa: BLE001 - a peer that speaks no MySQL makes the driver stumble anyhow
                troubles.append(explain_connecting(error, self._place, address))
                continue
            self.is_expected = True
            if len(addresses) == 1:
                return connection
            if _takes_changes(connection):
                self._addresses = (address, *(each for each in addresses if each != address))
                return connection
            connection.close()
            troubles.append(no_primary(self._place))
        # What one server says counts more than that another one cannot be reached.
        said = (trouble for trouble in troubles if trouble.cure is not Cure.CONNECTION)
        raise NotConnected(next(said, troubles[0]))

    def _open_to(self, address: Address) -> Connection:
        if address in self._plain:
            return self._connect(address, encrypted=False)
        try:
            return self._connect(address, encrypted=True)
        except MySQLError as error:
            if self._place.tls is not None or number_of(error) != _NO_TLS:
                raise
        self._plain.add(address)
        return self._connect(address, encrypted=False)

    def _connect(self, address: Address, *, encrypted: bool) -> Connection:
        place = self._place
        return pymysql.connect(
            host=address.host,
            port=address.port,
            user=place.user,
            # As bytes: the driver would send a text as Latin-1.
            password=place.password.reveal().encode(),
            charset="utf8mb4",
            autocommit=True,
            client_flag=CLIENT.FOUND_ROWS,
            connect_timeout=self._silence,
            read_timeout=self._silence,
            write_timeout=self._silence,
            init_command=self._session,
            ssl=self._tls if encrypted else None,
            ssl_disabled=not encrypted,
        )


def _takes_changes(connection: Connection) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_TAKES_CHANGES)
            (answer,) = cursor.fetchone() or (0,)
            return bool(answer)
    except MySQLError:
        return False


def _note_time(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["since"] = time.monotonic()


def _refuse_dead(connection: Connection, record: ConnectionPoolEntry, _lent: object) -> None:
    """Have another connection opened where the server has ended this one; it costs no round trip to know."""
    # A server that ends a session says so, or closes the socket: either can be read.
    sock: socket.socket = getattr(connection, _SOCKET)
    if _readable(sock):
        raise DisconnectionError
    if time.monotonic() - record.info.get("since", 0.0) > _IDLE_SECONDS and "since" in record.info:
        patience = getattr(connection, _READ_SECONDS)
        setattr(connection, _READ_SECONDS, min(patience, _PING_SECONDS))
        try:
            connection.ping(reconnect=False)
        except MySQLError:
            raise DisconnectionError from None
        finally:
            setattr(connection, _READ_SECONDS, patience)


def _refuse_demoted(connection: Connection, record: ConnectionPoolEntry, _lent: object) -> None:
    """Leave a server that takes no changes any more: what it has can be old, and a fetch would not notice."""
    now = time.monotonic()
    if now - record.info.setdefault("primary at", now) > _TRUST_SECONDS:
        if not _takes_changes(connection):
            raise DisconnectionError
        record.info["primary at"] = now


def _readable(sock: socket.socket) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
