"""Does a request reach Zoho once where once matters, again where that is safe, and nobody else ever?"""

from __future__ import annotations

import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from zcrm_core import Client, RateLimited, Token, TransportError, ZcrmError
from zcrm_core.multipart import Multipart
from zcrm_simulator import Simulator

Make = Callable[..., Client]


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the waits between tries instead of spending them."""
    waits: list[float] = []
    monkeypatch.setattr("zcrm_core.transport.time.sleep", waits.append)
    return waits


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_one_connection_serves_many_calls(log_in: Make, zcrm_simulator: Simulator) -> None:
    """The session is pooled: logging in and ten calls open one connection."""
    client = log_in()

    for _ in range(10):
        client.org.get()

    assert zcrm_simulator.counters.connections == 1


@pytest.mark.parametrize("fault", [("reset", None), ("status", 502), ("status", 503), ("status", 504)])
def test_a_read_is_repeated(
    fault: tuple[str, int | None], log_in: Make, zcrm_simulator: Simulator, no_long_waits: list[float]
) -> None:
    """A GET that breaks or meets a passing failure is tried again, after growing waits, until it works."""
    client = log_in(max_retries=3)
    zcrm_simulator.faults.add("/crm/v2/org", kind=fault[0], status=fault[1], times=2)  # type: ignore[arg-type]

    assert client.org.get().company_name
    assert len(no_long_waits) == 2
    assert 0 < no_long_waits[0] < no_long_waits[1] + 1


def test_a_write_is_not_repeated_when_it_may_have_happened(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A POST whose answer is lost is sent once; the error says that it may have reached the server."""
    client = log_in(max_retries=3)
    zcrm_simulator.faults.add("/crm/v2/Leads", method="POST", kind="reset", stage="after")

    with pytest.raises(TransportError) as caught:
        client.module("Leads").create({"Last_Name": "Once"})

    assert caught.value.sent
    assert zcrm_simulator.counters.requests["POST /crm/v2/Leads"] == 1
    assert client.module("Leads").count() == 521


def test_an_answer_that_cannot_be_unpacked_is_lost(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A write that is answered with damaged bytes was sent, and its error does not say otherwise."""
    client = log_in()
    zcrm_simulator.faults.add("/crm/", kind="status", body="{}", headers={"Content-Encoding": "gzip"})

    with pytest.raises(TransportError) as caught:
        client.module("Leads").create({"Last_Name": "Once"})
    assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-005", True)


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/crm/", lambda client: next(client.coql("select id from Leads where City = 'Pune'"))),
        ("/oauth/", lambda client: client.oauth.refresh_access_token()),
    ],
)
def test_a_question_that_is_answered_with_nothing_is_no_lost_write(
    log_in: Make, zcrm_simulator: Simulator, path: str, call: Callable[[Client], object]
) -> None:
    """A query and a refresh are posted as well, and there is nothing that could be read back."""
    client = log_in()
    zcrm_simulator.faults.add(path, method="POST", kind="empty")

    with pytest.raises(TransportError) as caught:
        call(client)
    assert caught.value.code == "ZCRM-HTTP-003"


def test_a_write_is_repeated_when_zoho_was_too_busy(
    log_in: Make, zcrm_simulator: Simulator, no_long_waits: list[float]
) -> None:
    """A POST that got 429 was not handled, so it is sent again, after the seconds that Zoho asks for."""
    client = log_in(max_retries=3)
    zcrm_simulator.faults.add(
        "/crm/v2/Leads", method="POST", kind="status", status=429, headers={"Retry-After": "7"}
    )

    assert client.module("Leads").create({"Last_Name": "Later"}).ok
    assert no_long_waits == [7.0]


def test_a_long_wait_is_left_to_the_caller(
    log_in: Make, zcrm_simulator: Simulator, no_long_waits: list[float]
) -> None:
    """When Zoho asks for more than a minute the error comes at once and says how long."""
    client = log_in(max_retries=3)
    zcrm_simulator.faults.add("/crm/v2/org", kind="status", status=429, headers={"Retry-After": "3600"})

    with pytest.raises(RateLimited) as caught:
        client.org.get()

    assert caught.value.retry_after == 3600
    assert no_long_waits == []


def test_tries_are_counted(log_in: Make, zcrm_simulator: Simulator) -> None:
    """max_retries = 2 means three tries, then the failure is the caller's."""
    client = log_in(max_retries=2)
    zcrm_simulator.faults.add("/crm/v2/org", kind="reset", times=10)

    with pytest.raises(TransportError):
        client.org.get()

    assert zcrm_simulator.counters.requests["GET /crm/v2/org"] == 3


def test_a_refused_connection_is_one_clear_error(make_client: Make, closed_port: int) -> None:
    """When nobody listens the error names the address and was surely not sent."""
    client = make_client(simulator_url=f"http://127.0.0.1:{closed_port}", current_user_email="u@example.com")
    client.tokens.save(Token("u@example.com", "access", "refresh", 2**52))

    with pytest.raises(TransportError, match=f"127.0.0.1:{closed_port}.*refuses") as caught:
        client.org.get()

    assert not caught.value.sent


def test_a_server_without_trusted_tls_is_refused(make_client: Make, zcrm_simulator: Simulator) -> None:
    """A server that cannot prove who it is gets nothing, and the error has a code of its own."""
    address = zcrm_simulator.url.replace("http://", "https://")
    client = make_client(
        region=None,
        simulator_url=None,
        accounts_url=address,
        api_base_url=address,
        current_user_email="u@x.com",
    )
    client.tokens.save(Token("u@x.com", "access", "refresh", 2**52))

    with pytest.raises(TransportError, match="TLS") as caught:
        client.org.get()

    assert caught.value.code == "ZCRM-HTTP-002"
    assert not caught.value.sent


def test_a_proxy_that_does_not_answer_is_named(
    make_client: Make, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies of the environment are used, and one that is down is told apart from a server that is."""
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = make_client(region="eu", simulator_url=None, current_user_email="u@x.com")
    client.tokens.save(Token("u@x.com", "access", "refresh", 2**52))

    with pytest.raises(TransportError, match="proxy") as caught:
        client.org.get()

    assert not caught.value.sent


def test_this_machine_is_reached_without_a_proxy(
    log_in: Make, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loopback server, such as the simulator, is never looked for behind a proxy."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert log_in().org.get().company_name


def test_a_server_that_hangs_is_left(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A server that takes the request and says nothing is given up after the configured time-out."""
    client = log_in(timeout=1)
    zcrm_simulator.faults.add("/crm/v2/org", kind="hang")

    with pytest.raises(TransportError, match="did not answer in time") as caught:
        client.org.get()

    assert caught.value.code == "ZCRM-HTTP-005"


def test_a_redirect_is_not_followed(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A redirect, which could carry the token elsewhere, is an error."""
    client = log_in()
    zcrm_simulator.faults.add(
        "/crm/v2/org", kind="status", status=302, headers={"Location": "https://example.com/"}
    )

    with pytest.raises(TransportError, match="redirect"):
        client.org.get()


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/crm/v2/org",
        "http://127.0.0.1:1/crm/v2/org",
        "https://www.zohoapis.com/crm/v2/org",
        "https://www.zohoapis.com@127.0.0.1/x",
    ],
)
def test_the_token_goes_to_the_region_s_hosts_only(address: str, log_in: Make) -> None:
    """A whole address on any other server is refused before anything is sent."""
    with pytest.raises(TransportError, match="not sent") as caught:
        log_in().request("GET", address)

    assert caught.value.code == "ZCRM-HTTP-004"


@pytest.mark.parametrize(
    "arguments",
    [
        {"path": "https://[bad/crm"},
        {"path": "https:///"},
        {"path": "org", "headers": {"X": "a\r\nb"}},
        {"path": "org", "json": {"a": object()}},
        {"path": "org", "json": float("nan")},
        {"path": "org", "json": "\ud800"},
        {"path": None},
        {"path": b"org"},
        {"path": "org", "headers": ["X"]},
        {"path": "org", "headers": "X"},
        {"path": "org", "params": [("a", 1)]},
        {"path": "org", "params": "a=1"},
        {"path": "org", "method": None},
    ],
)
def test_a_request_that_cannot_be_built_is_one_clear_error(
    arguments: dict[str, Any], log_in: Make, zcrm_simulator: Simulator
) -> None:
    """An impossible address, header or body is a TransportError that cannot be retried; nothing is sent."""
    client = log_in()
    before = sum(zcrm_simulator.counters.requests.values())

    with pytest.raises(TransportError) as caught:
        client.request(**{"method": "POST", **arguments})

    assert caught.value.code in {"ZCRM-HTTP-008", "ZCRM-HTTP-004"}
    assert before == sum(zcrm_simulator.counters.requests.values())


class OddFile(io.BytesIO):
    """A file of 100,000 bytes that does not keep to what a file promises once it is sent.

    Args:
        fault: what it does.
    """

    def __init__(self, fault: str) -> None:
        super().__init__(b"x" * 100_000)
        self._fault = fault
        self.reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Give something else than the next bytes."""
        self.reads += 1
        if self._fault == "raises OSError":
            raise OSError("SECRET")
        if self._fault == "raises ValueError":
            raise ValueError("SECRET")
        if self._fault == "gives text":
            return super().read(size).decode()  # type: ignore[return-value]
        if self._fault == "gives more":
            return super().read()
        if self._fault == "shrinks":
            self.truncate(10)
        if self._fault == "closes":
            super().read(10)
            self.close()
        return super().read(size)


@pytest.mark.parametrize(
    "fault", ["raises OSError", "raises ValueError", "gives text", "gives more", "shrinks", "closes"]
)
def test_a_file_that_fails_while_it_is_sent_is_told_as_such(
    fault: str, log_in: Make, zcrm_simulator: Simulator, no_long_waits: list[float]
) -> None:
    """The field is named and no other culprit; it is tried once, ends, and Zoho has nothing of it."""
    client = log_in(max_retries=3)
    client.org.get()
    before = sum(zcrm_simulator.counters.requests.values())

    file = OddFile(fault)

    with pytest.raises(TransportError, match=r"file of attachment\b") as caught:
        client.request("POST", "Leads/1/Attachments", files={"attachment": ("a.txt", file)})

    assert caught.value.code == "ZCRM-HTTP-008"
    assert not caught.value.retryable
    assert "SECRET" not in str(caught.value)
    assert file.reads == (2 if fault == "shrinks" else 1)
    assert no_long_waits == []
    client.org.get()
    assert sum(zcrm_simulator.counters.requests.values()) == before + 1


def test_a_file_counts_as_far_as_it_gave_bytes_wherever_it_says_that_it_stands(
    log_in: Make,
) -> None:
    """A file whose ``tell`` stands still is sent once, and not without end."""

    class Standing(io.BytesIO):
        def tell(self) -> int:
            return 0

    client = log_in()
    [lead] = client.module("Leads").create([{"Last_Name": "Smith"}])
    content = bytes(range(256)) * 1000

    attachments = client.module("Leads").get(str(lead.id)).attachments

    made = attachments.upload(Standing(content), name="a.bin")

    assert attachments.download(str(made.id)).read() == content


def test_one_file_may_be_the_content_of_two_fields() -> None:
    """Each field has all of it, from where the file stood; what it reads may be a bytearray."""

    class Array(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return bytearray(super().read(size))  # type: ignore[return-value]

    file = Array(b"left out, and SENT")
    file.seek(14)
    body = Multipart({"a": ("a.txt", file), "b": ("b.txt", file)})

    once = body.read()
    body.rewind()

    assert once.count(b"SENT") == 2
    assert len(once) == len(body)
    assert body.read() == once


def test_a_redirect_without_end_is_not_read(log_in: Make) -> None:
    """To follow none, nothing but its head is read; requests would read all of it before it says where to."""
    sent = 0

    def serve(listening: socket.socket) -> None:
        nonlocal sent
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nConnection: close\r\n\r\n")
            while sent < 200_000_000:
                sent += connection.send(b"x" * 1_000_000)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=serve, args=(listening,))
        server.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(TransportError):
            log_in()._parts.transport.send("POST", address, whole_within=20)
        server.join(20)

    assert sent < 50_000_000


def test_a_request_reaches_any_address_of_the_crm(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A path below the version, below the host, and a whole address of the region are the same call."""
    client = log_in()

    answers = [
        client.request("GET", path).json()
        for path in ("org", "/crm/v2/org", f"{zcrm_simulator.url}/crm/v2/org")
    ]

    assert answers[0] == answers[1] == answers[2]


def test_secrets_travel_in_the_body_and_the_header_only(log_in: Make, zcrm_simulator: Simulator) -> None:
    """No token and no secret is ever part of an address."""
    client = log_in()
    client.oauth.refresh_access_token()
    client.org.get()
    client.oauth.revoke()

    queries = [name for request in zcrm_simulator.requests for name in request.query]

    assert not {"code", "client_secret", "refresh_token", "token", "access_token"} & set(queries)


def test_no_netrc_and_no_cookie_changes_a_request(
    log_in: Make,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A password in ~/.netrc for the host does not take the place of the token."""
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login somebody password something\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))

    assert log_in().org.get().company_name


def test_threads_share_a_client(log_in: Make) -> None:
    """Fifty calls in ten threads are all answered with their own record."""
    client = log_in()
    leads = list(client.module("Leads").list())[:50]

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda lead: client.module("Leads").get(lead.id or "").id, leads))

    assert [lead.id for lead in leads] == found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_has_connections_of_its_own(log_in: Make, zcrm_simulator: Simulator) -> None:
    """After a fork parent and child both call, on different connections, and both are answered."""
    client = log_in()
    client.org.get()
    assert zcrm_simulator.counters.connections == 1

    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if client.org.get().company_name else 1)
        except BaseException:  # noqa: BLE001 - whatever happens, the child must not run on in pytest
            os._exit(2)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert client.org.get().company_name
    assert zcrm_simulator.counters.connections == 2


def test_closing_waits_for_nobody(log_in: Make) -> None:
    """A client can be closed twice, and used again afterwards on a new connection."""
    client = log_in()

    client.close()
    client.close()

    assert client.org.get().company_name
    assert threading.active_count() > 0


@pytest.mark.parametrize("wanted", ["86400", "9" * 400, "\xb2", "soon", "-1", ""])
@pytest.mark.parametrize("status", [429, 503])
def test_an_odd_wait_neither_hangs_nor_breaks_a_call(
    wanted: str, status: int, log_in: Make, zcrm_simulator: Simulator, no_long_waits: list[float]
) -> None:
    """Whatever Retry-After says, no single wait is above a minute, and the end is an answer or our error."""
    client = log_in(max_retries=2)
    zcrm_simulator.faults.add(
        "/crm/v2/org", kind="status", status=status, headers={"Retry-After": wanted}, times=5
    )

    with pytest.raises(ZcrmError):
        client.org.get()

    assert all(0 <= wait <= 60 for wait in no_long_waits)
