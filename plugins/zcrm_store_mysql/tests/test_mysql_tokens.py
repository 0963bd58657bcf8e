"""Does a real MySQL server give back exactly what was saved, to exactly whose it is?"""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymysql.cursors import Cursor

from zcrm_core import Config, StaleToken, StoreCorrupt, Token, TokenKey
from zcrm_store_mysql.plugin import MySQLStorePlugin
from zcrm_store_mysql.sql import Statement

if TYPE_CHECKING:
    from plugins.zcrm_store_mysql.tests.conftest import LocalServer, Server

LOOK_ALIKES = (
    "a@x.com", "A@x.com", "a@x.com ", " a@x.com", "a@x.com  ", "á@x.com", "a\u0301@x.com", "a@x.com\u200b",
    "\uff41@x.com", "\u0430@x.com", "ß@x.com", "ss@x.com", "😀@x.com", "😁@x.com", "%@x.com", "_@x.com",
)  # fmt: skip
HOSTILE = (
    "'; DROP TABLE oauthtokens; --",
    '"',
    "\\",
    "\\'",
    "%s",
    "%(x)s",
    ":x",
    "`",
    "NULL",
    "0x41",
    "\u2028",
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
KEYS = st.builds(TokenKey, NAMES, NAMES, NAMES)
VALUES = st.fixed_dictionaries(
    {
        "access_token": TEXTS,
        "refresh_token": TEXTS | st.none(),
        "expiry_time": st.integers(0, 2**53 - 1),
        "api_domain": TEXTS | st.none(),
        "scope": TEXTS | st.none(),
    }
)


def token_of(key: TokenKey, **changes: object) -> Token:
    """A token of a key's user."""
    token = Token(
        key.user_identifier, "access", "refresh", 1_800_000_000_000, "https://www.zohoapis.eu", "a.b"
    )
    return replace(token, **changes)  # type: ignore[arg-type]


def test_a_place_with_nothing_is_made(plugin: MySQLStorePlugin, config: Config, key: TokenKey) -> None:
    """The first call makes the database and the table, and finds no token there."""
    assert plugin.fetch(config, key) is None
    assert list(plugin.list(config)) == []
    assert plugin.delete(config, key) is False


def test_a_token_comes_back(plugin: MySQLStorePlugin, config: Config, key: TokenKey) -> None:
    """What was saved is what is fetched, by another client too, and saving again replaces it."""
    assert plugin.save(config, key, token_of(key), None) is True
    second = token_of(key, access_token="", refresh_token=None, expiry_time=0, api_domain=None, scope=None)

    assert MySQLStorePlugin().fetch(config, key) == token_of(key)
    plugin.save(config, key, second, None)
    plugin.save(config, key, second, None)
    assert plugin.fetch(config, key) == second
    assert list(plugin.list(config)) == [key]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=KEYS, values=VALUES)
def test_any_token_comes_back(
    plugin: MySQLStorePlugin, config: Config, asked: TokenKey, values: dict[str, object]
) -> None:
    """Every text and number that a token may hold comes back as it was, and can be replaced."""
    token = token_of(asked, **values)

    plugin.save(config, asked, token, None)
    assert plugin.fetch(config, asked) == token
    plugin.save(config, asked, token_of(asked), token)
    assert plugin.delete(config, asked) is True


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_texts_are_only_texts(
    *, plugin: MySQLStorePlugin, config: Config, server: Server, database: str, key: TokenKey, value: str
) -> None:
    """SQL in any place of a key or a token is kept as it is and runs nowhere."""
    other = TokenKey(value, value, value)
    token = Token(value, value, value, 1, value, value)
    plugin.save(config, key, token_of(key), None)

    plugin.save(config, other, token, None)
    plugin.save(config, other, replace(token, expiry_time=2), token)

    assert plugin.fetch(config, other) == replace(token, expiry_time=2)
    assert set(plugin.list(config)) == {key, other}
    assert plugin.delete(config, other) is True
    assert plugin.fetch(config, key) == token_of(key)
    assert server.sql("SELECT COUNT(*) FROM oauthtokens", database) == [(1,)]


def test_look_alike_users_never_meet(plugin: MySQLStorePlugin, config: Config) -> None:
    """Users that differ in case, accents, blanks or invisible letters have tokens of their own."""
    keys = [TokenKey(user, "1000.C", "production") for user in LOOK_ALIKES]
    for key in keys:
        assert plugin.fetch(config, key) is None
        plugin.save(config, key, token_of(key, access_token=f"of {key.user_identifier}"), None)

    assert plugin.delete(config, keys[0]) is True

    assert plugin.fetch(config, keys[0]) is None
    for key in keys[1:]:
        assert plugin.fetch(config, key) == token_of(key, access_token=f"of {key.user_identifier}")
    assert sorted(map(str, plugin.list(config))) == sorted(map(str, keys[1:]))


def test_clients_and_environments_never_meet(plugin: MySQLStorePlugin, config: Config) -> None:
    """One user's tokens for two clients, and for production and sandbox, are two tokens."""
    keys = [
        TokenKey("a@x.com", client, environment)
        for client in ("1", "2")
        for environment in ("production", "sandbox")
    ]
    for number, key in enumerate(keys):
        plugin.save(config, key, token_of(key, expiry_time=number), None)

    found = [plugin.fetch(config, key) for key in keys]

    assert [each.expiry_time for each in found if each] == [0, 1, 2, 3]


def test_tokens_of_64_kib_are_not_cut(plugin: MySQLStorePlugin, config: Config) -> None:
    """The longest key and the longest token that the core lets through come back whole, in any script."""
    key = TokenKey("ü" * 256, "€" * 170 + "..", "😀" * 128)
    token = Token(
        key.user_identifier, "😀" * 16384, "é" * 32768, 2**53 - 1, "d" * 65536, "日本" * 10922 + "...."
    )
    plugin.save(config, key, token, None)

    assert plugin.fetch(config, key) == token
    plugin.save(config, key, token_of(key), token)
    assert plugin.fetch(config, key) == token_of(key)


@pytest.mark.parametrize(
    "other",
    [
        {"access_token": "Access"}, {"access_token": "access "},
        {"refresh_token": None}, {"refresh_token": ""},
        {"expiry_time": 1}, {"api_domain": None}, {"scope": None}, {"scope": "A.b"},
    ],
)  # fmt: skip
def test_only_that_very_token_is_replaced(
    plugin: MySQLStorePlugin, config: Config, key: TokenKey, other: dict[str, object]
) -> None:
    """A save that replaces a token differing in any value is refused as stale and changes nothing."""
    plugin.save(config, key, token_of(key), None)

    with pytest.raises(StaleToken):
        plugin.save(config, key, token_of(key, access_token="new"), token_of(key, **other))

    assert plugin.fetch(config, key) == token_of(key)


def test_replacing_by_the_same_token_is_no_stale_save(
    plugin: MySQLStorePlugin, config: Config, key: TokenKey
) -> None:
    """A row that matches counts, even where the new values are the old ones; NULL matches NULL."""
    bare = token_of(key, refresh_token=None, api_domain=None, scope=None)
    plugin.save(config, key, bare, None)

    assert plugin.save(config, key, bare, bare) is True


def test_a_deleted_token_is_not_replaced(plugin: MySQLStorePlugin, config: Config, key: TokenKey) -> None:
    """A save that replaces a token which was deleted, or of another environment, brings nothing back."""
    plugin.save(config, key, token_of(key), None)
    plugin.delete(config, key)

    with pytest.raises(StaleToken):
        plugin.save(config, key, token_of(key, access_token="new"), token_of(key))

    assert plugin.fetch(config, key) is None


def test_one_of_many_writers_replaces(plugin: MySQLStorePlugin, config: Config, key: TokenKey) -> None:
    """Of eight threads that replace one token at once, exactly one succeeds, and its token stays."""
    plugin.save(config, key, token_of(key), None)
    won: list[str] = []
    barrier = threading.Barrier(8)

    def replace_it(name: str) -> None:
        barrier.wait()
        try:
            plugin.save(config, key, token_of(key, access_token=name), token_of(key))
        except StaleToken:
            return
        won.append(name)

    threads = [threading.Thread(target=replace_it, args=(f"thread {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert plugin.fetch(config, key) == token_of(key, access_token=won[0])


def session_of(plugin: MySQLStorePlugin, config: Config) -> object:
    """The server's number of the session that this process uses."""
    ((number,),) = plugin._store(config)._server.run(Statement("SELECT CONNECTION_ID()")).rows
    return number


def save_in_child(
    plugin: MySQLStorePlugin, config: Config, key: TokenKey, sessions: multiprocessing.SimpleQueue[object]
) -> None:
    """What a forked process does with the store that it inherits."""
    for expiry in range(20):
        plugin.save(config, key, token_of(key, expiry_time=expiry), None)
        plugin.fetch(config, key)
    sessions.put(session_of(plugin, config))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(
    plugin: MySQLStorePlugin, config: Config, key: TokenKey
) -> None:
    """Processes that share a store made before the fork use a session each, and none is lost by it."""
    plugin.save(config, key, token_of(key), None)
    own = session_of(plugin, config)
    context = multiprocessing.get_context("fork")
    sessions: multiprocessing.SimpleQueue[object] = context.SimpleQueue()
    others = [TokenKey(f"child{number}", "c", "production") for number in range(3)]
    children = [
        context.Process(target=save_in_child, args=(plugin, config, other, sessions)) for other in others
    ]
    for child in children:
        child.start()
    for _ in range(50):
        assert plugin.fetch(config, key) == token_of(key)
    for child in children:
        child.join()

    assert [child.exitcode for child in children] == [0, 0, 0]
    assert len({own, *(sessions.get() for _ in children)}) == 4
    assert session_of(plugin, config) == own
    assert plugin.fetch(config, others[2]) == token_of(others[2], expiry_time=19)


def test_an_operation_is_one_round_trip(
    plugin: MySQLStorePlugin, local_server: LocalServer, database: str, key: TokenKey
) -> None:
    """On a warm connection each operation asks the server once: no ping, no COMMIT, no ROLLBACK."""
    config = local_server.config(database)
    plugin.fetch(config, key)
    asked = "SHOW GLOBAL STATUS WHERE Variable_name = 'Questions'"

    def questions() -> int:
        return int(str(local_server.sql(asked)[0][1]))

    def cost(operation: object) -> int:
        before = questions()
        assert callable(operation)
        operation()
        return questions() - before

    idle = cost(lambda: None)

    assert cost(lambda: plugin.save(config, key, token_of(key), None)) - idle == 1
    assert cost(lambda: plugin.save(config, key, token_of(key), token_of(key))) - idle == 1
    assert cost(lambda: plugin.fetch(config, key)) - idle == 1
    assert cost(lambda: plugin.list(config)) - idle == 1
    assert cost(lambda: plugin.delete(config, key)) - idle == 1


def test_a_foreign_row_is_not_given_out(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, key: TokenKey
) -> None:
    """A row that stands under another key's digest is refused by fetch and list, and a save puts it right."""
    plugin.save(config, key, token_of(key), None)
    server.sql("UPDATE oauthtokens SET useridentifier = 'b@example.com'", database)

    with pytest.raises(StoreCorrupt) as fetched:
        plugin.fetch(config, key)
    with pytest.raises(StoreCorrupt):
        list(plugin.list(config))
    plugin.save(config, key, token_of(key), None)

    assert fetched.value.code == "ZCRM-MYSQL-009"
    assert plugin.fetch(config, key) == token_of(key)


def test_a_row_that_is_no_token_is_refused(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, key: TokenKey
) -> None:
    """A negative expiry in the table is an error that shows no secret, not a token."""
    plugin.save(config, key, token_of(key, access_token="SECRET"), None)
    server.sql("UPDATE oauthtokens SET expirytime = -1", database)

    with pytest.raises(StoreCorrupt) as caught:
        plugin.fetch(config, key)

    assert "SECRET" not in str(caught.value)


def test_values_reach_the_driver_as_parameters(
    plugin: MySQLStorePlugin, config: Config, key: TokenKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement's text holds a value, not even before the driver puts values in."""
    plugin.fetch(config, key)
    seen: list[str] = []
    execute = Cursor.execute

    def noted(cursor: Cursor, statement: str, values: object = None) -> int:
        seen.append(statement)
        return execute(cursor, statement, values)

    monkeypatch.setattr(Cursor, "execute", noted)
    token = token_of(key, access_token="SECRET-A", refresh_token="SECRET-R", scope="SECRET-S")

    plugin.save(config, key, token, None)
    plugin.save(config, key, token, token)
    plugin.fetch(config, key)
    plugin.delete(config, key)

    assert len(seen) == 4
    assert not any("SECRET" in statement or key.user_identifier in statement for statement in seen)


def test_a_configuration_that_is_gone_keeps_no_connection(
    plugin: MySQLStorePlugin, server: Server, database: str, key: TokenKey
) -> None:
    """The connections of a configuration that nobody holds any more are closed."""
    config = server.config(database)
    plugin.fetch(config, key)
    session = session_of(plugin, config)
    assert session in server.sessions()

    del config
    gc.collect()

    deadline = time.monotonic() + 10
    while session in server.sessions():
        assert time.monotonic() < deadline, "the session is still there"
        time.sleep(0.01)
