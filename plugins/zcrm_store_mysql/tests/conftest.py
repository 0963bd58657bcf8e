"""Which MySQL server do these tests use? The one that ``zcrm_contract_tests.mysql`` finds or starts."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pymysql
import pytest

from zcrm_contract_tests import mysql
from zcrm_contract_tests.mysql.pytest_plugin import forbid_skip
from zcrm_core import Config, TokenKey
from zcrm_store_mysql.plugin import MySQLStorePlugin

OPT_IN = {"cluster": "ZCRM_TEST_CLUSTER", "interop": "ZCRM_TEST_ZOHO_SDK"}
"""Tests that need more than a server, by their mark, and the variable that asks for them."""


class Server:
    """A MySQL server: its address, and a connection to look behind the store's back."""

    def __init__(self, found: mysql.Server) -> None:
        self.host, self.port, self.user, self.password = found.host, found.port, found.user, found.password
        self.sql, self.sessions, self.end_sessions = found.sql, found.sessions, found.end_sessions

    def connect(self, database: str) -> pymysql.Connection[Any]:
        """A connection of another session, without autocommit."""
        return pymysql.connect(
            host=self.host, port=self.port, user=self.user, password=self.password.encode(), database=database
        )

    def config(self, database: str, **more: object) -> Config:
        """A configuration of this server."""
        keys: dict[str, object] = {
            "client_id": "1000.C",
            "client_secret": "s",
            "db_host": self.host,
            "db_port": self.port,
            "db_username": self.user,
            "db_password": self.password,
            "db_name": database,
        }
        return Config({**keys, **more}, plugin_keys=MySQLStorePlugin.config_keys)


class LocalServer(Server):
    """A server that these tests started, so that they may stop, freeze and start it again."""

    def __init__(self, found: mysql.OwnServer) -> None:
        super().__init__(found)
        self.kill, self.start, self.restart, self.place = found.kill, found.start, found.restart, found.place
        self._found = found

    def frozen(self) -> AbstractContextManager[None]:
        """Let the server keep its connections and answer nothing."""
        return self._found.frozen()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need a cluster or Zoho's SDK unless they are asked for."""
    unasked = [mark for mark, variable in OPT_IN.items() if not os.environ.get(variable)]
    out = [item for item in items if any(item.get_closest_marker(mark) for mark in unasked)]
    if out:
        items[:] = [item for item in items if item not in out]
        config.hook.pytest_deselected(items=out)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let no file of this folder be left out where MySQL is required."""
    report = yield
    forbid_skip(report)
    return report


@pytest.fixture(scope="session")
def server(zcrm_mysql_server: mysql.Server) -> Server:
    """A real MySQL server; the test is skipped where there is none."""
    if isinstance(zcrm_mysql_server, mysql.OwnServer):
        return LocalServer(zcrm_mysql_server)
    return Server(zcrm_mysql_server)


@pytest.fixture(scope="session")
def local_server(server: Server) -> Iterator[LocalServer]:
    """A server that the test may stop: the same one, unless that is somebody else's."""
    if isinstance(server, LocalServer):
        yield server
        return
    try:
        found = mysql.start_server()
    except mysql.Unavailable as error:
        pytest.skip(f"no MySQL server that may be stopped: {error}")
    with found:
        yield LocalServer(found)


@pytest.fixture(scope="session")
def plain() -> Iterator[mysql.OwnServer]:
    """A server without TLS: the proxy can tell its statements apart."""
    try:
        found = mysql.start_server("--tls-version=")
    except mysql.Unavailable as error:
        pytest.skip(f"no MySQL server: {error}")
    with found:
        yield found


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The name of a database that is not there yet; dropped at the end."""
    name = f"zcrm_test_{secrets.token_hex(6)}"
    yield name
    server.sql(f"DROP DATABASE IF EXISTS `{name}`")


@pytest.fixture
def config(server: Server, database: str) -> Config:
    """A configuration of a place with nothing in it."""
    return server.config(database)


@pytest.fixture
def plugin() -> MySQLStorePlugin:
    """The store, as the core makes it."""
    return MySQLStorePlugin()


@pytest.fixture
def key() -> TokenKey:
    """Somebody's key."""
    return TokenKey("a@example.com", "1000.C", "production")
