"""What do the tests of the whole client need: a simulated Zoho, a store in memory, and a client logged in?"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from zcrm_contract_tests.mysql import ports
from zcrm_core import (
    Client,
    Config,
    LogEvent,
    StaleToken,
    StoreUnavailable,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookimpl,
)
from zcrm_simulator import Simulator

SCOPES = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.mass_update.ALL",
    "ZohoFiles.files.ALL",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
]


def _beside(name: str) -> ModuleType:
    """A module of this folder; pytest adds the folder to no path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


OPERATIONS = _beside("operations")


class MemoryStore(TokenStorePlugin):
    """A store in this process that counts its calls and can be told to fail."""

    name = "memory"
    priority = 900

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}
        self.calls: list[str] = []
        self.broken: set[str] = set()

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self._called("save")
        if replaces is not None and self.tokens.get(key) != replaces:
            raise StaleToken(f"The token of {key} is another one.")
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        self._called("fetch")
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        self._called("delete")
        return self.tokens.pop(key, None) is not None

    def list(self, config: Config) -> Iterable[TokenKey]:
        return list(self.tokens)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.broken:
            raise StoreUnavailable(f"The memory store was told to fail in {name}.")


class Events:
    """A logging plugin that remembers what it is told."""

    def __init__(self) -> None:
        self.seen: list[LogEvent] = []

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        self.seen.append(event)

    @property
    def names(self) -> list[str]:
        """The names of the events, what was sent and what came back left out."""
        return [
            event.name for event in self.seen if event.name not in {"request", "response", "request_failed"}
        ]


@pytest.fixture
def store() -> MemoryStore:
    """A store in memory."""
    return MemoryStore()


@pytest.fixture
def events() -> Events:
    """Every event of the clients that ``make_client`` makes."""
    return Events()


@pytest.fixture
def make_client(
    zcrm_simulator: Simulator, store: MemoryStore, events: Events
) -> Iterator[Callable[..., Client]]:
    """Make clients of the simulated Zoho that share one store; nobody has logged in."""
    made: list[Client] = []

    def make(**keys: object) -> Client:
        settings = {**zcrm_simulator.config(), "max_retries": 0, "timeout": 10, **keys}
        made.append(Client(settings, token_store=store, plugins=[events]))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def log_in(zcrm_simulator: Simulator, make_client: Callable[..., Client]) -> Callable[..., Client]:
    """Make clients that are logged in as the organisation's owner."""

    def log_in(**keys: object) -> Client:
        user = zcrm_simulator.users[0].email
        client = make_client(current_user_email=user, **keys)
        client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES, user=user))
        return client

    return log_in


@pytest.fixture(params=["v2", "v8"])
def client(request: pytest.FixtureRequest, log_in: Callable[..., Client]) -> Client:
    """A client that is logged in, once for the oldest version of the API and once for the newest."""
    return log_in(api_version=request.param)


class RealParts:
    """The real parts that tests are run against: programs of the system, and packages of the group ``real``.

    Where one is absent the test is skipped and says what to install; where everything has to be there, in
    continuous integration, the test fails. ``ZCRM_TEST_BRIEF`` leaves out whatever takes long.
    """

    brief = bool(os.environ.get("ZCRM_TEST_BRIEF"))

    def program(self, name: str, package: str) -> str:
        """Give the path of a program that a package of Debian brings."""
        self.skip_in_brief()
        found = shutil.which(name)
        if found is None:
            self._missing(f"{name} is not installed: apt-get install {package}")
        return found or ""

    def packages(self, *names: str) -> None:
        """Make sure that Python packages are there."""
        self.skip_in_brief()
        for name in names:
            if importlib.util.find_spec(name) is None:
                self._missing(f"{name} is not installed: pip install --group real")

    def skip_in_brief(self) -> None:
        """Skip a test that takes long where a brief run is wanted."""
        if self.brief:
            pytest.skip("ZCRM_TEST_BRIEF is set: another environment runs this test")

    @staticmethod
    def _missing(what: str) -> None:
        if os.environ.get("CI"):
            pytest.fail(what)
        pytest.skip(what)


@pytest.fixture(scope="session")
def real() -> RealParts:
    """The real parts of this machine."""
    return RealParts()


@pytest.fixture
def free_port() -> int:
    """A port that nobody uses, and that no outgoing connection gets meanwhile."""
    return ports.free_port()


@pytest.fixture
def file_keys(tmp_path: Path) -> dict[str, Any]:
    """The keys of a token file of the test's own."""
    return {"token_persistence_path": str(tmp_path / "tokens")}


@pytest.fixture
def mysql_keys(zcrm_mysql_server: Any) -> Iterator[dict[str, Any]]:
    """The keys of a database of the test's own, which is not there yet; it is dropped at the end."""
    server, database = zcrm_mysql_server, f"zcrm_test_{secrets.token_hex(6)}"
    yield {
        "db_host": server.host,
        "db_port": server.port,
        "db_username": server.user,
        "db_password": server.password,
        "db_name": database,
    }
    server.sql(f"DROP DATABASE IF EXISTS `{database}`")


@pytest.fixture(autouse=True)
def operations_are_sent(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test of operations, see that each of them sent all that it has to, as its mark says.

    A test of the CRM's operations takes ``client``, and so runs for v2 and for v8.
    """
    marks = list(request.node.iter_markers("operation"))
    simulator: Simulator | None = request.getfixturevalue("zcrm_simulator") if marks else None
    yield
    if simulator is None:
        return
    version = request.node.callspec.params["client"] if "client" in request.fixturenames else ""
    absent = {
        mark.args[0]: lost
        for mark in marks
        if (lost := OPERATIONS.missing(*mark.args, version, simulator.requests))
    }
    assert absent == {}, "Operations that did not send what Zoho's SDKs send."


@pytest.fixture
def fast_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at jobs again after a moment, not after a second."""
    monkeypatch.setattr("zcrm_core.crm.jobs._FIRST_PAUSE", 0.01)


@pytest.fixture
def stranger() -> Iterator[list[str]]:
    """A server that is nobody's: its address, then every request that it heard."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(f"{self.path} {self.headers}")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    heard.append(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield heard
    server.shutdown()
    thread.join()
    server.server_close()
