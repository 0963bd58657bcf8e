"""Which stores lose their way when the connection to their server breaks? With that server."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Literal
from uuid import uuid4

from zcrm_contract_tests import Capabilities
from zcrm_core import Config, StaleToken, StoreUnavailable, Token, TokenKey, TokenStorePlugin

_TIMEOUT = 5.0
_REMEMBERED = 1000


class TokenServer:
    """A server of tokens on a loopback port; a line of JSON a question, a line of JSON an answer."""

    def __init__(self) -> None:
        self._spaces: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, object] = {}
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer._open.add(self.request)
                with suppress(OSError):
                    for line in self.rfile:
                        self.wfile.write(json.dumps(outer._answer(json.loads(line))).encode() + b"\n")
                outer._open.discard(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self.break_connections()
        self._server.server_close()

    def break_connections(self) -> None:
        """Cut every connection that is open now."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _answer(self, asked: Mapping[str, Any]) -> object:
        with self._lock:
            number = asked.get("id")
            if number in self._answers:
                return self._answers[number]
            answer = self._done(asked)
            if number is not None:
                self._answers[number] = answer
                if len(self._answers) > _REMEMBERED:
                    del self._answers[next(iter(self._answers))]  # the oldest: nobody asks for it any more
            return answer

    def _done(self, asked: Mapping[str, Any]) -> object:
        # By space, so that a list takes no longer the more examples there were before.
        tokens = self._spaces.setdefault(asked["space"], {})
        place = json.dumps(asked.get("key"))
        stored = tokens.get(place)
        if asked["do"] == "fetch":
            return stored
        if asked["do"] == "delete":
            return tokens.pop(place, None) is not None
        if asked["do"] == "list":
            return [json.loads(each) for each in tokens]
        if asked["replaces"] is not None and asked["replaces"] != stored:
            return "stale"
        tokens[place] = asked["token"]
        return True


class Connecting(TokenStorePlugin):
    """An honest store that talks to the server over one connection, and tries again once when it is lost."""

    capabilities = Capabilities(connects=True, locks=False)
    honest = True
    name = "connecting"
    priority = 8
    config_keys: Mapping[str, str] = {"served_port": "the server's port", "served_space": "whose tokens"}
    tries = 2
    numbers_its_questions = True

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = 0
        self._connection: socket.socket | None = None

    def claims(self, config: Config) -> bool:
        return "served_port" in config

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        old = None if replaces is None else asdict(replaces)
        question = {"do": "save", "key": asdict(key), "token": asdict(token), "replaces": old}
        if self.ask(config, question) == "stale":
            raise StaleToken(f"The token of {key} is not the one to be replaced.")
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        found = self.ask(config, {"do": "fetch", "key": asdict(key)})
        return Token(**found) if isinstance(found, dict) else None

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self.ask(config, {"do": "delete", "key": asdict(key)}) is True

    def list(self, config: Config) -> Iterator[TokenKey]:
        found = self.ask(config, {"do": "list"})
        return (TokenKey(**each) for each in (found if isinstance(found, list) else ()))

    def ask(self, config: Config, question: Mapping[str, object]) -> object:
        """Send a question and wait for the answer; a question that is sent again has the same number."""
        number = uuid4().hex if self.numbers_its_questions else None
        asked = json.dumps({**question, "id": number, "space": config.get("served_space")})
        with self._lock:
            for _ in range(self.tries):
                with suppress(OSError):
                    return self.asked_once(config, asked)
                self.disconnect()
        raise StoreUnavailable("The server is gone.")

    def asked_once(self, config: Config, asked: str) -> object:
        """Ask over the connection, a new one in a process that was forked."""
        if self._process != self.process():
            self.disconnect()  # this process's copy of the parent's
            self._process = self.process()
        if self._connection is None:
            self._connection = self.connect(int(str(config.get("served_port"))))
            # A __del__ may come after the socket's own, which warns of what is still open.
            weakref.finalize(self, self._connection.close)
        self._connection.sendall(asked.encode() + b"\n")
        self.wait_a_moment()
        line = b""
        while not line.endswith(b"\n"):
            read = self._connection.recv(65_536)
            if not read:
                raise ConnectionResetError
            line += read
        return json.loads(line)

    def process(self) -> int:
        """Give the number of the process that a connection belongs to."""
        return os.getpid()

    def wait_a_moment(self) -> None:
        """Do nothing between a question and its answer."""

    def connect(self, port: int) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", port), _TIMEOUT)

    def disconnect(self) -> None:
        """Leave a connection that is of no use any more."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class DoesThingsTwice(Connecting):
    """Asks again when the connection is lost, although the first question may have been answered.

    Broken promise: TS-35
    """

    honest = False
    numbers_its_questions = False

    def disconnect(self) -> None:
        with suppress(OSError):
            if self._connection is not None:
                self._connection.shutdown(socket.SHUT_WR)
                while self._connection.recv(65_536):  # at the end the server has done the first
                    pass
        super().disconnect()


class NeverConnectsAgain(Connecting):
    """Goes on with the connection that is lost.

    Broken promise: TS-35
    """

    honest = False
    tries = 1

    def disconnect(self) -> None:
        pass


class TakesSilenceForNothing(Connecting):
    """Answers that there is no token when the connection is lost.

    Broken promise: TS-35
    """

    honest = False
    tries = 1

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        with suppress(StoreUnavailable):
            return super().fetch(config, key)
        return None


class LetsConnectionErrorsOut(Connecting):
    """Raises what the socket raises.

    Broken promise: TS-35
    """

    honest = False
    tries = 1

    def ask(self, config: Config, question: Mapping[str, object]) -> object:
        try:
            return super().ask(config, question)
        except StoreUnavailable as error:
            raise ConnectionError("the server is gone") from error


class SharesItsConnectionWithItsChildren(Connecting):
    """Goes on with its parent's connection in a child, so that each can read the other's answers.

    Broken promise: TS-42
    """

    honest = False
    patience = 5.0

    def process(self) -> int:
        return 1

    def wait_a_moment(self) -> None:
        time.sleep(0.01)
