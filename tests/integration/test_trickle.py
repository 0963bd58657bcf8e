"""What does an accounts server cost that sends a byte now and then, and never an end?"""

from __future__ import annotations

import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from zcrm_core import Client, TransportError, ZcrmError
from zcrm_core.deadline import in_time
from zcrm_simulator import Simulator

TIMEOUT = 1.5
"""What the simulator, which answers at once, needs on a busy machine as well."""
HEADERS = b"HTTP/1.1 200 OK\r\nX-Endless: "
BODY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"


@contextmanager
def trickling(beginning: bytes) -> Iterator[int]:
    """A server that answers with this, and then with a blank ten times a second; gives its port."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            try:
                self.wfile.write(beginning)
                while not over.wait(0.1):
                    self.wfile.write(b" ")
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server.server_port
        finally:
            over.set()
            server.shutdown()
            serving.join()


@pytest.fixture
def client_of(
    zcrm_simulator: Simulator, log_in: Callable[..., Client], store: object
) -> Callable[[int, int], Client]:
    """Make a client whose token has so many ms left, and whose accounts server listens at a port."""

    def make(port: int, left: int) -> Client:
        first = log_in()
        token = first.tokens.fetch()
        assert token is not None
        first.tokens.save(replace(token, expiry_time=int(time.time() * 1000) + left))
        keys = {
            key: value
            for key, value in zcrm_simulator.config().items()
            if key not in {"region", "simulator_url"}
        }
        return Client(
            {
                **keys,
                "current_user_email": zcrm_simulator.users[0].email,
                "accounts_url": f"http://127.0.0.1:{port}",
                "api_base_url": token.api_domain,
                "timeout": TIMEOUT,
                "max_retries": 0,
            },
            token_store=store,
        )

    return make


def outcome_of(client: Client) -> str | None:
    """Make a call; the code of its error, or none."""
    try:
        client.org.get()
    except ZcrmError as error:
        return error.code
    return None


@pytest.mark.parametrize("beginning", [HEADERS, BODY], ids=["headers", "body"])
def test_an_answer_without_end_ends_with_the_deadline(
    beginning: bytes, client_of: Callable[[int, int], Client]
) -> None:
    """Each byte comes in time and the whole answer never: the call is given up, and says so."""
    with (
        trickling(beginning) as port,
        client_of(port, -1000) as client,
        pytest.raises(TransportError, match="did not answer in time") as caught,
    ):
        client.org.get()

    assert caught.value.code == "ZCRM-HTTP-005"


@pytest.mark.parametrize("beginning", [HEADERS, BODY], ids=["headers", "body"])
def test_a_living_token_goes_on_being_used(beginning: bytes, client_of: Callable[[int, int], Client]) -> None:
    """Whoever refreshes early is held up for a moment, nobody else is, and no call fails."""
    with (
        trickling(beginning) as port,
        client_of(port, 240_000) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        assert list(pool.map(outcome_of, [client] * 12)) == [None] * 12


def test_an_error_of_the_call_is_the_caller_s() -> None:
    """What the call raises in time is raised, as it is."""

    def broken() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        in_time(broken, 10)


def test_a_call_belongs_to_the_caller_s_context() -> None:
    """What traces a program's requests finds those to the accounts server where they were made."""
    span = ContextVar("span", default="none")
    span.set("the caller's")

    assert in_time(span.get, 10) == "the caller's"


def test_where_no_thread_can_start_the_call_is_made_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that ends starts no thread any more, and a last call still gets through."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert in_time(lambda: 5, 0.1) == 5


def test_a_name_without_end_ends_a_login_with_the_deadline(client_of: Callable[[int, int], Client]) -> None:
    """Whose token it is, and where a data centre is, are asked with the same deadline as for tokens."""
    with trickling(BODY) as port, client_of(port, 240_000) as client:
        accounts, region = client._parts.accounts, client.region
        for ask in (lambda: accounts.user_info("1000.a.b", region), lambda: accounts.server_of("eu", region)):
            with pytest.raises(TransportError, match="did not answer in time"):
                ask()


def test_an_answer_that_would_fill_the_memory_is_not_read(client_of: Callable[[int, int], Client]) -> None:
    """A body of kilobytes that unpacks to hundreds of megabytes is an error, and little of it is read."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(10_000_000)) for _ in range(30)) + packer.flush()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    with trickling(head.encode() + bomb) as port, client_of(port, -1000) as client:
        tracemalloc.start()
        try:
            with pytest.raises(TransportError, match=r"longer than 1,000,000 bytes") as caught:
                client.org.get()
            assert tracemalloc.get_traced_memory()[1] < 50_000_000
        finally:
            tracemalloc.stop()
    assert caught.value.code == "ZCRM-HTTP-003"
    assert caught.value.retryable
