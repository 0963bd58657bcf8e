"""What can a test do with a MySQL server? Ask it, and, where it is the test's own, break it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ACCESS_DENIED", "OwnServer", "Server", "Unavailable"]

ACCESS_DENIED: Final = 1045
_NO_SUCH_SESSION: Final = 1094
_NOT_TEXT: Final = 3854
_STATEMENTS_PASS: Final = 10.0  # seconds
_START: Final = 120.0  # seconds; a cold first start on a loaded machine took five
_PAUSE: Final = 0.02


def _number(refused: OperationalError) -> object:
    """The server's number of an error; nothing where it has none."""
    return refused.orig.args[0] if refused.orig is not None else None


class Unavailable(RuntimeError):
    """There is no server to be had from this source; the text says why."""


class Server:
    """A MySQL server: its address, and statements behind the store's back.

    Args:
        host: where it listens.
        port: the same.
        user: an account that may do everything.
        password: the account's.
        source: where it comes from, in words for a person.
        patience: seconds to wait for an answer; without end when left out.
    """

    def __init__(
        self, host: str, port: int, user: str, password: str, source: str, *, patience: float | None = None
    ) -> None:
        self.host, self.port, self.user, self.password, self.source = host, port, user, password, source
        self.engine: Engine = create_engine(
            f"mysql+pymysql://{host}:{port}",
            isolation_level="AUTOCOMMIT",
            # As bytes: PyMySQL would encode the text as Latin-1.
            connect_args={
                "user": user,
                "password": password.encode(),
                "connect_timeout": 5,
                "read_timeout": patience,
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.host}:{self.port}, {self.source}>"

    @property
    def url(self) -> str:
        """The address as ``mysql://user:password@host:port``, with escapes."""
        return f"mysql://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{self.host}:{self.port}"

    @property
    def version(self) -> str:
        """What the server says of itself, ``9.7.4`` or ``10.11.19-MariaDB``."""
        return str(self.sql("SELECT VERSION()")[0][0])

    def sql(self, statement: str, database: str | None = None, **values: object) -> list[tuple[object, ...]]:
        """Run a statement and give its rows.

        Args:
            statement: SQL, with ``:name`` where a value goes; a colon of its own has a backslash before it.
            database: the one to run it in.
            values: the values by their names.

        Raises:
            sqlalchemy.exc.DBAPIError: the server refuses, or does not answer.
        """
        with self.engine.connect() as connection:
            if database is not None:
                connection.exec_driver_sql(f"USE `{database}`")
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def sessions(self, user: str | None = None) -> list[int]:
        """The numbers of the open sessions but the one that asks, as KILL takes them.

        Args:
            user: an account's name; every account's when left out.

        Raises:
            sqlalchemy.exc.DBAPIError: the server refuses, or does not answer.
        """
        asked = "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()"
        wanted = "" if user is None else " AND USER = :user"
        deadline = time.monotonic() + _STATEMENTS_PASS
        while True:
            try:
                rows = self.sql(asked + wanted, **({} if user is None else {"user": user}))
            # The server looks at the others' statements too, and gives up where one has binary values.
            except OperationalError as error:  # noqa: PERF203 - it is tried again
                if _number(error) != _NOT_TEXT or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
            else:
                return [int(str(number)) for (number,) in rows]

    def end_sessions(self, user: str | None = None) -> int:
        """End sessions as an idle limit does, and say how many.

        Args:
            user: whose; every one but our own when left out.

        Raises:
            sqlalchemy.exc.DBAPIError: the server refuses, or does not answer.
        """
        return sum(self._end_session(number) for number in self.sessions(user))

    def _end_session(self, number: int) -> bool:
        try:
            self.sql(f"KILL {number}")
        except OperationalError as error:
            if _number(error) != _NO_SUCH_SESSION:
                raise
            return False
        return True

    def close(self) -> None:
        """Let go of the server; one that was started for the tests ends."""
        self.engine.dispose()

    def wait(self) -> None:
        """Wait until the server lets us in.

        Raises:
            Unavailable: it ended, refuses the password, or takes longer than two minutes.
        """
        end = time.monotonic() + _START
        while (error := self._refusal()) is not None:
            number = _number(error)
            why = "it refuses the password" if number == ACCESS_DENIED else self._ended()
            if not why and time.monotonic() > end:
                why = f"no answer within {_START:.0f} s: {error.orig}"
            if why:
                raise Unavailable(f"{self.source}: {why}") from error
            time.sleep(_PAUSE)

    def _refusal(self) -> OperationalError | None:
        try:
            self.sql("SELECT 1")
        except OperationalError as error:
            return error
        return None

    def _ended(self) -> str:
        """Why there is nothing left to wait for; empty while there is."""
        return ""


class OwnServer(Server, ABC):
    """A server that was started for these tests, so that they may end, freeze and start it again."""

    @abstractmethod
    def kill(self) -> None:
        """End the server at once, as a power cut would."""

    @abstractmethod
    def stop(self) -> None:
        """End the server in order, and wait for its end."""

    @abstractmethod
    def start(self) -> None:
        """Start the server again, at the same address, and wait until it lets us in."""

    @abstractmethod
    def frozen(self) -> AbstractContextManager[None]:
        """Let the server keep its connections and answer nothing, for the length of a ``with`` block."""

    @abstractmethod
    def place(self, file: Path) -> str:
        """Put a copy of a file where the server can read it, and give its path there."""

    def restart(self) -> None:
        """Stop the server in order and start it again."""
        self.stop()
        self.start()

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Have the server dead for the length of a ``with`` block, and back after it."""
        self.kill()
        try:
            yield
        finally:
            self.start()
