"""What does a store do when the network fails? A proxy between it and its server fails on request.

    with FaultProxy("127.0.0.1", 3306) as proxy:
        ...                                 # the store's address is 127.0.0.1 and proxy.port
        proxy.latency = 0.05                # seconds, each way
        with proxy.black_hole(): ...        # connections stay, nothing gets through
        proxy.forget()                      # as that, for good, and only for the connections that there are
        with proxy.refusing(): ...          # the port is closed
        proxy.reset()                       # every connection ends with a reset
        proxy.cut_answer("COMMIT")          # the next COMMIT reaches the server, its answer gets lost
        proxy.cut_statement("INSERT")       # the next INSERT gets lost itself

It knows statements of MySQL's protocol in plain text. Of an encrypted connection it sees no statement: there
``cut_answer()`` and ``cut_statement()`` without a word still work, for whatever comes next.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zcrm_contract_tests.mysql.statements import Statements

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["WRITES", "FaultProxy"]

WRITES: Final = ("INSERT", "UPDATE", "REPLACE", "DELETE")
"""The statements that write, for ``cut_answer(*WRITES)``."""

_TURN: Final = 0.01  # seconds until a connection notices what was asked of it
_CHUNK: Final = 65536
_LINGER_NOT: Final = struct.pack("ii", 1, 0)  # close with a reset


@dataclass(frozen=True)
class _Cut:
    """What is to be lost next."""

    words: tuple[str, ...]
    answer: bool


class FaultProxy:
    """A TCP proxy on the loopback address.

    Args:
        host: the server's.
        port: the server's.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self.latency = 0.0
        """Seconds that every piece of data waits, each way."""
        self.connections = 0
        """How many were opened."""
        self.requests = 0
        """How many pieces of data went to the server; one for each statement, if it is short."""
        self.cuts = 0
        """How many answers and statements were lost on purpose."""
        self._lock = threading.Lock()
        self._cut: _Cut | None = None
        self._holding = threading.Event()
        self._ends = threading.Event()
        self._age = 0  # grows with each reset; an older connection ends
        self._forgotten = 0  # so many connections, the first ones, carry nothing any more
        self._threads: set[threading.Thread] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = self._accepting()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut_answer(self, *words: str) -> None:
        """Let the next statement that starts with one of these words through; reset instead of its answer."""
        self._cut = _Cut(words, answer=True)

    def cut_statement(self, *words: str) -> None:
        """Reset instead of passing on the next statement that starts with one of these words."""
        self._cut = _Cut(words, answer=False)

    @contextmanager
    def black_hole(self) -> Iterator[None]:
        """Let nothing through; afterwards what was sent meanwhile arrives, as TCP sends it again."""
        self._holding.set()
        try:
            yield
        finally:
            self._holding.clear()

    def forget(self) -> None:
        """Carry nothing over the connections that there are, and end none, as a firewall may do."""
        self._forgotten = self.connections

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """End all connections and close the port."""
        self._stop_accepting()
        self.reset()
        try:
            yield
        finally:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._ends.clear()
            self._acceptor = self._accepting()

    def reset(self) -> None:
        """End every connection with a reset, and wait until it is done."""
        self._age += 1
        while self._threads:
            with suppress(KeyError):
                self._threads.copy().pop().join()

    def close(self) -> None:
        """End."""
        self._stop_accepting()
        self.reset()

    def _stop_accepting(self) -> None:
        self._ends.set()
        self._acceptor.join()
        self._listener.close()

    def _accepting(self) -> threading.Thread:
        thread = threading.Thread(target=self._accept, name="proxy", daemon=True)
        thread.start()
        return thread

    def _accept(self) -> None:
        while not self._ends.is_set():
            if self._holding.is_set() or not select.select([self._listener], [], [], _TURN)[0]:
                time.sleep(_TURN if self._holding.is_set() else 0)
                continue
            client, _ = self._listener.accept()
            self.connections += 1
            thread = threading.Thread(
                target=self._serve,
                args=(client, self._age, self.connections),
                name="proxy connection",
                daemon=True,
            )
            self._threads.add(thread)
            thread.start()

    def _serve(self, client: socket.socket, age: int, number: int) -> None:
        try:
            with client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                with suppress(OSError), socket.create_connection(self._server, timeout=5) as server:
                    for one in (client, server):
                        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._carry(client, server, age, number)
        finally:
            self._threads.discard(threading.current_thread())

    def _carry(self, client: socket.socket, server: socket.socket, age: int, number: int) -> None:
        """Pass data on, both ways, until an end closes, or something asks for the connection's end."""
        statements, answer_is_lost = Statements(), False
        while age == self._age:
            ready = select.select([client, server], [], [], _TURN)[0]
            if not ready or self._holding.is_set() or number <= self._forgotten:
                time.sleep(_TURN if ready else 0)
                continue
            for source in ready:
                data = source.recv(_CHUNK)
                time.sleep(self.latency)
                if not data:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
                    return
                if source is server and answer_is_lost:
                    return
                if source is client:
                    self.requests += 1
                    cut = self._cut_by(statements.words(data))
                    if cut is not None and not cut.answer:
                        return
                    answer_is_lost = cut is not None
                (server if source is client else client).sendall(data)

    def _cut_by(self, words: list[str]) -> _Cut | None:
        """What is to be lost because one of these statements comes by."""
        with self._lock:
            cut = self._cut
            if cut is None or (cut.words and not set(cut.words) & set(words)):
                return None
            self._cut = None
            self.cuts += 1
            return cut
