"""Is the simulator a proper HTTP server that serves this machine alone and leaves nothing behind?"""

from __future__ import annotations

import gc
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from zcrm_core import ConfigError
from zcrm_simulator import Simulator
from zcrm_simulator.data.database import Database

Send = Callable[..., requests.Response]


def raw(zoho: Simulator, text: bytes) -> bytes:
    """Send bytes and return everything that comes until the connection is closed."""
    parts = urlsplit(zoho.url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=20) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.0.2.1", "localhost.example.com", "127.example.com", ""],  # noqa: S104
)
def test_other_addresses_are_refused(host: str) -> None:
    """Nothing but a loopback address is listened on."""
    with pytest.raises(ConfigError, match="does not listen"):
        Simulator(host=host).start()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_addresses_are_served(host: str) -> None:
    """Every way to write the own machine works, and the URL that is told leads there."""
    if host == "::1" and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    with Simulator(host=host) as zoho:
        assert requests.get(f"{zoho.url}/__simulator__/health", timeout=20).json()["url"] == zoho.url


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_taken_port_is_named(zcrm_simulator: Simulator) -> None:
    """A port in use is an error that names it, and not another port."""
    port = urlsplit(zcrm_simulator.url).port
    assert port is not None
    with pytest.raises(ConfigError, match=str(port)):
        Simulator(port).start()


def test_port_can_be_chosen() -> None:
    """A simulator listens again on the port of one that has stopped."""
    with Simulator() as first:
        port = urlsplit(first.url).port
    assert port is not None
    with Simulator(port) as second:
        assert urlsplit(second.url).port == port


def test_start_and_stop_can_be_repeated() -> None:
    """Starting twice is one server, stopping twice is fine, and a stopped simulator starts again."""
    zoho = Simulator()
    zoho.start()
    url = zoho.url
    assert zoho.start().url == url
    zoho.stop()
    zoho.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/__simulator__/health", timeout=20)
    with zoho:
        assert requests.get(f"{zoho.url}/__simulator__/health", timeout=20).status_code == 200


def test_stop_leaves_no_thread(send: Send, zcrm_simulator: Simulator) -> None:
    """After stop no thread of the simulator is alive, though a client keeps its connection open."""
    send("GET", "/__simulator__/health")
    mine = f"zcrm-simulator-{urlsplit(zcrm_simulator.url).port}"
    assert any(thread.name.startswith(mine) for thread in threading.enumerate())
    zcrm_simulator.stop()
    assert not any(thread.name.startswith(mine) for thread in threading.enumerate())
    assert zcrm_simulator.counters.connections == 1


def test_stop_does_not_wait_for_a_hanging_call(zcrm_simulator: Simulator) -> None:
    """A call that hangs for an hour ends when the simulator stops."""
    zcrm_simulator.faults.add("/crm", kind="hang", seconds=3_600)
    ended = threading.Event()

    def hang() -> None:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{zcrm_simulator.url}/crm/v8/org", timeout=50)
        ended.set()

    thread = threading.Thread(target=hang)
    thread.start()
    while not zcrm_simulator.counters.in_flight:
        pass
    zcrm_simulator.stop()
    thread.join(40)
    assert ended.is_set()


def test_connections_are_kept(send: Send, zcrm_simulator: Simulator) -> None:
    """Many calls of one session use one connection, and those with errors and without bodies do as well."""
    for path in ("/crm/v8/org", "/nowhere", "/oauth/serverinfo", "/oauth/v2/auth", "/crm/v8/org"):
        send("GET", path)
    zcrm_simulator.faults.add("/crm", kind="status", status=204)
    assert send("GET", "/crm/v8/org").content == b""
    assert send("GET", "/crm/v8/org").status_code == 401
    assert zcrm_simulator.counters.connections == 1


@pytest.mark.parametrize("host", ["zoho.example.com", "localhost.example.com", "127.example.com", "[::1", ""])
def test_foreign_host_names_are_refused(send: Send, host: str) -> None:
    """A name that an attacker points at 127.0.0.1 gets nothing (DNS rebinding)."""
    assert send("GET", "/__simulator__/health", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "LOCALHOST:1", "[::1]:5", "127.9.9.9"])
def test_loopback_host_names_are_served(send: Send, host: str) -> None:
    """Every loopback name is good in the Host header, with any port."""
    assert send("GET", "/__simulator__/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(("origin", "status"), [
    ("https://evil.example", 403), ("null", 403), ("http://localhost.evil.example", 403),
    ("http://localhost:3000", 200), ("http://127.0.0.1", 200),
])  # fmt: skip
def test_pages_of_other_sites_are_refused(send: Send, origin: str, status: int) -> None:
    """A page in a browser may call only when it came from this machine itself."""
    assert send("POST", "/__simulator__/grant", json={"scopes": ["ZohoCRM.modules.ALL"]},
                headers={"Origin": origin}).status_code == status  # fmt: skip


def test_chunked_bodies_are_refused(send: Send) -> None:
    """A body of unknown length gets 411."""
    assert send("POST", "/oauth/v2/token", data=iter([b"a=b"])).status_code == 411


@pytest.mark.parametrize(("length", "status"), [(b"-1", b"400"), (b"x", b"400"), (b"999999999999", b"413")])
def test_wrong_lengths_are_refused(zcrm_simulator: Simulator, length: bytes, status: bytes) -> None:
    """A Content-Length that is no length, or too much, ends the connection with an answer."""
    head = b"POST /oauth/v2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: %b\r\n\r\n" % length
    assert raw(zcrm_simulator, head).startswith(b"HTTP/1.1 %b" % status)


def test_half_a_call_is_no_call(zcrm_simulator: Simulator) -> None:
    """A client that goes away in the middle of the body has changed nothing and is not counted."""
    head = b"POST /oauth/v2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nhalf"
    assert raw(zcrm_simulator, head) == b""
    assert zcrm_simulator.requests == ()


def test_a_client_that_resets_disturbs_nobody(
    zcrm_simulator: Simulator, send: Send, capfd: pytest.CaptureFixture[str]
) -> None:
    """A connection that breaks in the middle prints nothing, and the next call is answered."""
    parts = urlsplit(zcrm_simulator.url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=20) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(b"GET /crm/v8/org HTTP/1.1\r\nHost: lo")
    assert send("GET", "/__simulator__/health").status_code == 200
    zcrm_simulator.stop()
    assert capfd.readouterr() == ("", "")


def test_connection_close_is_obeyed(zcrm_simulator: Simulator) -> None:
    """Who asks for the connection to be closed gets it closed after the answer."""
    answer = raw(
        zcrm_simulator, b"GET /__simulator__/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b"}")


def test_head_has_no_body(call: Send) -> None:
    """HEAD gives the headers of GET and no body."""
    answer = call("HEAD", "/crm/v8/org")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100


def test_small_answers_are_not_held_back(send: Send, zcrm_simulator: Simulator) -> None:
    """Connections do not wait to collect small pieces, which costs 40 ms with delayed acknowledgements."""
    send("GET", "/__simulator__/health")
    server = zcrm_simulator._server
    assert server is not None
    (connection,) = server._connections
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_none(zcrm_simulator: Simulator, status: int) -> None:
    """Nothing follows the headers of 204 and 304, or it would be taken for the next answer."""
    zcrm_simulator.faults.add("/crm", kind="status", status=status)
    head = b"GET /crm/v8/org HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = raw(zcrm_simulator, head)
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer


def test_a_bug_is_told(
    call: Send,
    zcrm_simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A failure of the simulator itself is a 500 for the client and a traceback in the log."""

    def broken(place: object) -> None:
        raise ZeroDivisionError(place)

    monkeypatch.setattr(zcrm_simulator._world, "organization", broken)
    answer = call("GET", "/crm/v8/org")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "ZeroDivisionError" in caplog.text


def test_databases_close_themselves() -> None:
    """A database that nobody uses any more leaves no open connection behind."""
    database = Database.empty(1)
    connection = database._connection
    del database
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_zoho_headers_are_a_switch(send: Send, zcrm_simulator: Simulator) -> None:
    """Answers look like those of Zoho's server, and plain with the switch off."""
    assert send("GET", "/crm/v8/org").headers["Server"] == "ZGS"
    assert "response.json" in send("GET", "/crm/v8/org").headers["Content-Disposition"]
    zcrm_simulator.switches = type(zcrm_simulator.switches)(zoho_headers=False)
    assert not {"Server", "Content-Disposition"} & set(send("GET", "/crm/v8/org").headers)


def test_package_loads_its_server_late() -> None:
    """Importing the package, the zcrm plugin or the pytest plugin loads neither server nor database."""
    code = (
        "import sys, zcrm_simulator, zcrm_simulator.plugin, zcrm_simulator.pytest_plugin;"
        "heavy = {'werkzeug', 'zcrm_simulator.server', 'zcrm_simulator.data'};"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_names_are_errors() -> None:
    """The package has the names it lists and no others."""
    import zcrm_simulator  # noqa: PLC0415  the module itself is looked at

    assert all(getattr(zcrm_simulator, name).__name__ == name for name in zcrm_simulator.__all__)
    with pytest.raises(AttributeError, match="Nothing"):
        _ = zcrm_simulator.Nothing
