"""How does a statement get to the server and back, once, whatever breaks on the way?"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import URL, Engine, Executable, PoolProxiedConnection, Table, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema, CreateTable

from zcrm_store_mysql.failures import explain
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.table import ColumnFacts, columns_of, refuse_other_shape, token_table

__all__ = ["Answer", "Server"]

_TRIES: Final = 3
_LOG_NAME: Final = "zcrm"
_SESSION: Final = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
"""Whatever the server's own mode is: nothing is cut or bent to fit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement brought.

    Args:
        rows: the rows of a query.
        count: how many rows a change applied to, those included that had the new values before.
        repeated: whether it was sent more than once and may have been run more than once.
    """

    rows: Sequence[Sequence[object]]
    count: int
    repeated: bool


class Server:
    """The server of one configuration: a small pool of connections for each process.

    Args:
        place: where it is.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._table = token_table(place)
        # By process: a connection that is used on both sides of a fork mixes up their answers.
        self._engines: dict[int, Engine] = {}
        self._table_is_sound = False
        self._required: set[str] = set()

    def require(self, table: Table) -> None:
        """Make a further table beside that of the tokens, where it is missing.

        Raises:
            StoreError: the server cannot be used, or this user may not make it.
        """
        if table.name in self._required:
            return
        if not self._table_is_sound:
            self._require_table()
        # Asked first: an account without the right to create may use a table that is there.
        if not self._send(columns_of(self._place, table.name)).rows:
            self._send(CreateTable(table, if_not_exists=True))
        self._required.add(table.name)

    def run(self, statement: Executable) -> Answer:
        """Run one statement, in one round trip on a warm connection; it is committed when this returns.

        It is sent again where the connection had dropped, after a deadlock, and when the table is gone.

        Raises:
            StoreUnavailable: the server cannot be reached, does not let this user in, or cannot do it now.
            StoreError: the table is of another shape, or the server refused for another reason.
        """
        if not self._table_is_sound:
            self._require_table()
        return self._send(statement)

    def close(self) -> None:
        """Close this process's connections; the next statement opens new ones."""
        engine = self._engines.pop(os.getpid(), None)
        if engine is not None:
            engine.dispose()

    def _require_table(self) -> None:
        """See that the table can hold every token; make it, and its database, where it is missing."""
        if not self._columns():
            self._send(CreateTable(self._table, if_not_exists=True))
        refuse_other_shape(self._columns(), self._place)
        self._table_is_sound = True

    def _columns(self) -> list[ColumnFacts]:
        return [ColumnFacts(*row) for row in self._send(columns_of(self._place, self._place.table)).rows]  # type: ignore[arg-type] # as queried

    def _send(self, statement: Executable) -> Answer:
        repeated = False
        for attempt in range(1, _TRIES + 1):
            try:
                with self._engine().connect() as connection:
                    result = connection.execute(statement)
                    rows = [tuple(row) for row in result] if result.returns_rows else []
                    return Answer(rows, result.rowcount, repeated)
            except SQLAlchemyError as error:
                trouble = explain(error, self._place)
            # Out of the except block: the driver's error, with its statement, is no context of ours.
            if attempt == _TRIES or not trouble.again:
                raise trouble.error
            repeated |= trouble.unknown
            if trouble.table:
                self._make_missing(statement)
        raise AssertionError("the last attempt returned or raised")

    def _make_missing(self, statement: Executable) -> None:
        if isinstance(statement, CreateTable):
            self._send(CreateSchema(self._place.database, if_not_exists=True))
        else:
            self._require_table()

    def _engine(self) -> Engine:
        pid = os.getpid()
        # setdefault is atomic; an engine that came second has opened nothing.
        return self._engines.get(pid) or self._engines.setdefault(pid, _make_engine(self._place))


def _make_engine(place: Place) -> Engine:
    logging.getLogger(f"sqlalchemy.engine.Engine.{_LOG_NAME}").addFilter(_says_no_rows)
    engine = create_engine(
        URL.create("mysql+pymysql", username=place.user, host=place.host, port=place.port),
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        pool_timeout=place.timeout,
        hide_parameters=True,
        logging_name=_LOG_NAME,
        connect_args={
            "charset": "utf8mb4",
            # As bytes: the driver would send a text as Latin-1.
            "password": place.password.reveal().encode(),
            "connect_timeout": place.timeout,
            "read_timeout": place.timeout,
            "write_timeout": place.timeout,
            "init_command": _SESSION,
            **({} if place.tls is None else {"ssl": place.tls.context()}),
        },
    )
    # Every statement commits itself; SQLAlchemy's ROLLBACK after it would be a second round trip.
    engine.dialect.do_rollback = _send_nothing  # type: ignore[assignment, method-assign]
    return engine


def _says_no_rows(record: logging.LogRecord) -> bool:
    """Let no record of level DEBUG pass: SQLAlchemy writes the rows that it reads into them."""
    return record.levelno > logging.DEBUG


def _send_nothing(_connection: PoolProxiedConnection) -> None:
    """Take the place of a ROLLBACK."""
