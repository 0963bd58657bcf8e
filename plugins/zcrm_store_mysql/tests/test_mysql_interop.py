"""Do zcrm and Zoho's own SDK, zcrmsdk 2.0.14, read what the other saved in one table? `tox -e interop`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zcrm_contract_tests import mysql
from zcrm_core import Config, StaleToken, Token, TokenKey
from zcrm_store_mysql.plugin import MySQLStorePlugin

pytestmark = pytest.mark.interop

SDK = Path(__file__).parent / "zoho_sdk.py"
HOUR_AHEAD = int(time.time() * 1000) + 3_600_000
KEY = TokenKey("a@example.com", "1000.C", "production")
DOCUMENTED = (
    "CREATE TABLE zohooauth.oauthtokens (useridentifier varchar(100) NOT NULL, "
    "accesstoken varchar(100) NOT NULL, refreshtoken varchar(100) NOT NULL, expirytime bigint(20) NOT NULL)"
)
"""The table as Zoho's page on its Python SDK has it made."""


@pytest.fixture(scope="module")
def own() -> Iterator[mysql.OwnServer]:
    """A server of its own, for the SDK knows no other database than zohooauth."""
    with mysql.start_server() as found:
        yield found


@pytest.fixture
def table(own: mysql.OwnServer) -> Iterator[mysql.OwnServer]:
    """The table as Zoho documents it, empty."""
    own.sql("CREATE DATABASE zohooauth")
    own.sql(DOCUMENTED)
    yield own
    own.sql("DROP DATABASE zohooauth")


@pytest.fixture
def config(table: mysql.OwnServer) -> Config:
    """A configuration of the table for zcrm: Zoho's defaults, and the server."""
    return Config(
        {
            "client_id": "1000.C", "client_secret": "s", "db_host": table.host, "db_port": table.port,
            "db_username": table.user, "db_password": table.password,
        }
    )  # fmt: skip


@pytest.fixture
def sdk(table: mysql.OwnServer) -> Callable[..., list[object]]:
    """Zoho's SDK, in a process of its own: calls go in, answers come out."""
    keys = {
        "client_id": "1000.C", "client_secret": "s", "redirect_uri": "https://example.com",
        "currentUserEmail": "a@example.com", "mysql_username": table.user, "mysql_password": table.password,
        "mysql_port": str(table.port), "accounts_url": "https://accounts.example.invalid",
    }  # fmt: skip

    def run(*calls: list[object]) -> list[object]:
        done = subprocess.run(
            [sys.executable, str(SDK)],
            input=json.dumps({"config": keys, "calls": calls}),
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        answers: list[object] = json.loads(done.stdout.splitlines()[-1])
        return answers

    return run


def test_what_zohos_sdk_saved_is_read(
    sdk: Callable[..., list[object]], config: Config, plugin: MySQLStorePlugin
) -> None:
    """Tokens that the SDK saved, over an older one too, are zcrm's tokens, each its user's."""
    sdk(
        ["save", "a@example.com", "older", "refresh a", 1],
        ["save", "a@example.com", "access a", "refresh a", HOUR_AHEAD],
        ["save", "b@example.com", "access b", "refresh b", HOUR_AHEAD],
    )

    assert plugin.fetch(config, KEY) == Token("a@example.com", "access a", "refresh a", HOUR_AHEAD)
    assert {key.user_identifier for key in plugin.list(config)} == {"a@example.com", "b@example.com"}


def test_what_zcrm_saved_is_read_by_zohos_sdk(
    sdk: Callable[..., list[object]], config: Config, plugin: MySQLStorePlugin
) -> None:
    """A token that zcrm saved is the SDK's token: its store finds it, and its client uses it as it is."""
    plugin.save(
        config, KEY, Token("a@example.com", "access a", "refresh a", HOUR_AHEAD, "https://x", "s"), None
    )

    assert sdk(["get", "a@example.com"], ["token", "a@example.com"]) == [
        ["a@example.com", "access a", "refresh a", HOUR_AHEAD],
        "access a",
    ]


def test_the_two_take_turns(
    sdk: Callable[..., list[object]], config: Config, plugin: MySQLStorePlugin
) -> None:
    """A refresh by either side is seen by the other, fences its save, and a delete by either is final."""
    first = Token("a@example.com", "first", "refresh", HOUR_AHEAD)
    plugin.save(config, KEY, first, None)
    sdk(["save", "a@example.com", "by the sdk", "refresh", HOUR_AHEAD + 1])
    with pytest.raises(StaleToken):
        plugin.save(config, KEY, Token("a@example.com", "late", "refresh", 1), first)
    by_sdk = plugin.fetch(config, KEY)
    assert by_sdk == Token("a@example.com", "by the sdk", "refresh", HOUR_AHEAD + 1)
    second = Token("a@example.com", "second", "refresh", HOUR_AHEAD + 2)
    plugin.save(config, KEY, second, by_sdk)
    assert sdk(["get", "a@example.com"], ["delete", "a@example.com"]) == [
        ["a@example.com", "second", "refresh", HOUR_AHEAD + 2],
        None,
    ]
    assert plugin.fetch(config, KEY) is None


def test_after_a_migration_zcrm_has_what_zohos_sdk_saved(
    sdk: Callable[..., list[object]], config: Config, plugin: MySQLStorePlugin
) -> None:
    """Tokens of the SDK survive the move into a table of zcrm's, from which the SDK can still read them."""
    sdk(["save", "a@example.com", "access a", "refresh a", HOUR_AHEAD])

    plugin.manage(config, "migrate")

    assert plugin.fetch(config, KEY) == Token("a@example.com", "access a", "refresh a", HOUR_AHEAD)
    assert sdk(["get", "a@example.com"]) == [["a@example.com", "access a", "refresh a", HOUR_AHEAD]]
