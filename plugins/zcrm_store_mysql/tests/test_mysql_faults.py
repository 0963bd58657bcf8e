"""What does the store do while the network or the server fails, and what is left afterwards?"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from pymysql.constants import COMMAND

from zcrm_contract_tests import mysql
from zcrm_contract_tests.proxy import FaultProxy
from zcrm_core import Config, StaleToken, StoreError, StoreUnavailable, Token, TokenKey
from zcrm_store_mysql import connections
from zcrm_store_mysql.plugin import MySQLStorePlugin

if TYPE_CHECKING:
    from plugins.zcrm_store_mysql.tests.conftest import LocalServer, Server

USER = "a@example.com"
KEY = TokenKey(USER, "1000.C", "production")
OLD, NEW = Token(USER, "old", "refresh", 1), Token(USER, "new", "refresh", 2)
ZOHO = (
    "(useridentifier varchar(100) NOT NULL, accesstoken varchar(100) NOT NULL, "
    "refreshtoken varchar(100) NOT NULL, expirytime bigint NOT NULL)"
)


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    """A network between the store and its server that fails on request."""
    with FaultProxy(server.host, server.port) as found:
        yield found


@pytest.fixture
def through(proxy: FaultProxy, server: Server, database: str) -> Callable[..., Config]:
    """A configuration whose server is behind the proxy."""
    return lambda **more: server.config(database, db_host="127.0.0.1", db_port=proxy.port, **more)


@pytest.fixture
def ready(through: Callable[..., Config], plugin: MySQLStorePlugin) -> Config:
    """A store behind the proxy that has a token and a warm connection."""
    config = through(timeout=10)
    plugin.save(config, KEY, OLD, None)
    return config


@pytest.fixture
def account(server: Server, database: str) -> Iterator[str]:
    """A MySQL user with every right in its database and none beyond, and the server's own password."""
    name = f"u_{database[-12:]}"
    server.sql(f"CREATE DATABASE IF NOT EXISTS `{database}`")
    server.sql(f"CREATE USER `{name}` IDENTIFIED BY :password", password=server.password)
    server.sql(f"GRANT ALL ON `{database}`.* TO `{name}`")
    yield name
    server.sql(f"DROP USER IF EXISTS `{name}`")


OPERATIONS: dict[str, tuple[Callable[[MySQLStorePlugin, Config], object], object, Token | None]] = {
    "fetch": (lambda plugin, config: plugin.fetch(config, KEY), OLD, OLD),
    "save": (lambda plugin, config: plugin.save(config, KEY, NEW, None), True, NEW),
    "replace": (lambda plugin, config: plugin.save(config, KEY, NEW, OLD), True, NEW),
    "delete": (lambda plugin, config: plugin.delete(config, KEY), True, None),
    "list": (lambda plugin, config: list(plugin.list(config)), [KEY], OLD),
}
"""Each operation on a store that has OLD: what it answers, and what is stored afterwards."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_one_piece_of_data_there_and_back(
    name: str, ready: Config, plugin: MySQLStorePlugin, proxy: FaultProxy
) -> None:
    """On a slow network each operation costs one round trip: one piece of data goes to the server."""
    operation, answer, _ = OPERATIONS[name]
    proxy.latency = 0.02
    before = proxy.requests, proxy.connections

    assert operation(plugin, ready) == answer

    assert (proxy.requests, proxy.connections) == (before[0] + 1, before[1])


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_connection_that_was_reset_costs_nothing(
    name: str, ready: Config, plugin: MySQLStorePlugin, proxy: FaultProxy
) -> None:
    """An operation after a reset is done, once, on a new connection."""
    operation, answer, stored = OPERATIONS[name]
    proxy.reset()

    assert operation(plugin, ready) == answer
    assert plugin.fetch(ready, KEY) == stored


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_statement_that_got_lost_is_sent_again(
    name: str, ready: Config, plugin: MySQLStorePlugin, proxy: FaultProxy
) -> None:
    """An operation whose statement never reached the server is done all the same."""
    operation, answer, stored = OPERATIONS[name]
    proxy.cut_statement()

    assert operation(plugin, ready) == answer
    assert proxy.cuts == 1
    assert plugin.fetch(ready, KEY) == stored


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "delete"])
def test_an_answer_that_got_lost_is_found_out(
    name: str, ready: Config, plugin: MySQLStorePlugin, proxy: FaultProxy
) -> None:
    """An operation that was committed and whose answer got lost succeeds, and is not done twice."""
    operation, answer, stored = OPERATIONS[name]
    proxy.cut_answer()

    assert operation(plugin, ready) == answer
    assert proxy.cuts == 1
    assert plugin.fetch(ready, KEY) == stored


def test_whose_deletion_it_was_is_not_guessed(
    ready: Config, plugin: MySQLStorePlugin, proxy: FaultProxy
) -> None:
    """A delete whose answer got lost says that it does not know; a second call finds nothing."""
    proxy.cut_answer()

    with pytest.raises(StoreUnavailable) as caught:
        plugin.delete(ready, KEY)

    assert caught.value.code == "ZCRM-MYSQL-011"
    assert caught.value.retryable
    assert plugin.delete(ready, KEY) is False


def test_a_stale_save_stays_stale_after_a_lost_answer(
    ready: Config, plugin: MySQLStorePlugin, proxy: FaultProxy
) -> None:
    """A save over a token that is not stored is refused, lost answer or not."""
    proxy.cut_answer()

    with pytest.raises(StaleToken):
        plugin.save(ready, KEY, NEW, Token(USER, "other", None, 1))
    assert plugin.fetch(ready, KEY) == OLD


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_lost_answer_to_commit_is_found_out(
    name: str, plain: mysql.OwnServer, plugin: MySQLStorePlugin
) -> None:
    """In Zoho's table, where a change is a transaction, its end is found out as well; a delete's too."""
    operation, answer, stored = OPERATIONS[name]
    with FaultProxy(plain.host, plain.port) as proxy:
        plain.sql(f"CREATE DATABASE IF NOT EXISTS {name}_zoho")
        plain.sql(f"CREATE TABLE {name}_zoho.oauthtokens {ZOHO}")
        config = Config(
            {
                "client_id": "1000.C", "client_secret": "s", "db_host": "127.0.0.1", "db_port": proxy.port,
                "db_username": plain.user, "db_password": plain.password, "db_name": f"{name}_zoho",
            }
        )  # fmt: skip
        plugin.save(config, KEY, OLD, None)
        writes = name not in ("fetch", "list")
        proxy.cut_answer("COMMIT" if writes else "SELECT")

        assert operation(plugin, config) == answer
        assert proxy.cuts == 1
        assert plugin.fetch(config, KEY) == stored
        assert plain.sql("SELECT COUNT(*) FROM oauthtokens", f"{name}_zoho") == [(1 if stored else 0,)]


def test_a_black_hole_is_not_waited_for(
    through: Callable[..., Config], plugin: MySQLStorePlugin, proxy: FaultProxy
) -> None:
    """A network that swallows everything ends a save after the time allowed; afterwards all is well."""
    config = through(timeout=0.5)
    plugin.save(config, KEY, OLD, None)

    with proxy.black_hole():
        start = time.monotonic()
        with pytest.raises(StoreUnavailable) as caught:
            plugin.save(config, KEY, NEW, OLD)
        took = time.monotonic() - start
    proxy.reset()

    assert caught.value.code == "ZCRM-MYSQL-011"
    assert took < 20
    assert plugin.fetch(config, KEY) in (OLD, NEW)
    plugin.save(config, KEY, NEW, None)
    assert plugin.fetch(config, KEY) == NEW


def test_a_server_that_is_away_for_a_moment_is_waited_for(
    ready: Config, plugin: MySQLStorePlugin, proxy: FaultProxy
) -> None:
    """A save while nothing takes connections is done when the server is back, within the time allowed."""
    done = threading.Event()
    failures: list[StoreError] = []

    def save() -> None:
        try:
            plugin.save(ready, KEY, NEW, OLD)
        except StoreError as error:
            failures.append(error)
        done.set()

    with proxy.refusing():
        threading.Thread(target=save).start()
        assert not done.wait(0.5)
    assert done.wait(20)

    assert failures == []
    assert plugin.fetch(ready, KEY) == NEW


@pytest.mark.parametrize("outage", ["restart", "kill"])
def test_a_restart_of_the_server_costs_no_caller_an_error(
    outage: str, local_server: LocalServer, database: str
) -> None:
    """Eight threads save and fetch while the server ends and comes back: no error, no lost save."""
    config = local_server.config(database, timeout=60)
    plugin = MySQLStorePlugin()
    keys = [TokenKey(f"user{number}", "1000.C", "production") for number in range(8)]
    saved = dict.fromkeys(keys, 0)
    failures: list[BaseException] = []
    end = threading.Event()

    def work(key: TokenKey) -> None:
        try:
            while not end.is_set():
                token = Token(key.user_identifier, "access", None, saved[key] + 1)
                plugin.save(config, key, token, None)
                saved[key] += 1
                if plugin.fetch(config, key) != token:
                    failures.append(AssertionError(f"{key} lost {token}"))
        except StoreError as error:
            failures.append(error)

    plugin.fetch(config, KEY)
    threads = [threading.Thread(target=work, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    if outage == "kill":
        local_server.kill()
        local_server.start()
    else:
        local_server.restart()
    before = dict(saved)
    deadline = time.monotonic() + 30
    while any(saved[key] <= before[key] + 2 for key in keys) and not failures:
        assert time.monotonic() < deadline, "somebody does not go on"
        time.sleep(0.02)
    end.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert {key: getattr(plugin.fetch(config, key), "expiry_time", None) for key in keys} == saved


def test_sixteen_threads_see_no_error(config: Config, plugin: MySQLStorePlugin) -> None:
    """Sixteen threads with 200 mixed saves, fetches and deletes each on eight users see no error."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(16)

    def work(number: int) -> None:
        barrier.wait()
        for turn in range(200):
            user = f"user{(number + turn) % 8}"
            key = TokenKey(user, "1000.C", "production")
            try:
                if turn % 4 == 3:
                    plugin.delete(config, key)
                elif turn % 2:
                    found = plugin.fetch(config, key)
                    assert found is None or found.user_identifier == user
                else:
                    plugin.save(config, key, Token(user, f"{number}-{turn}", None, turn), None)
            except (StoreError, AssertionError) as error:
                failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_an_idle_session_that_the_server_ended_costs_nothing(
    local_server: LocalServer, database: str, plugin: MySQLStorePlugin
) -> None:
    """After the server's idle limit every operation is sure of its answer, a delete of nothing too."""
    config = local_server.config(database)
    ((before,),) = local_server.sql("SELECT @@GLOBAL.wait_timeout")
    local_server.sql("SET GLOBAL wait_timeout = 1")
    try:
        plugin.save(config, KEY, OLD, None)
        time.sleep(2.2)
        assert plugin.save(config, KEY, NEW, OLD) is True
        time.sleep(2.2)
        assert plugin.delete(config, TokenKey("nobody", "1000.C", "production")) is False
    finally:
        local_server.sql(f"SET GLOBAL wait_timeout = {before}")


def test_an_idle_connection_that_a_firewall_forgot_is_not_waited_for_long(
    proxy: FaultProxy,
    through: Callable[..., Config],
    plugin: MySQLStorePlugin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An idle connection that carries nothing any more is replaced long before the time-out."""
    config = through(timeout=20)
    plugin.save(config, KEY, OLD, None)
    monkeypatch.setattr(connections, "_IDLE_SECONDS", 0.0)
    monkeypatch.setattr(connections, "_PING_SECONDS", 0.2)
    proxy.forget()

    began = time.monotonic()
    plugin.save(config, KEY, NEW, OLD)

    assert time.monotonic() - began < 15
    assert plugin.fetch(config, KEY) == NEW


@pytest.mark.parametrize(
    "answer",
    [
        b"\x05\0\0\x01\xfe\0\0\2\0",  # the end of rows that were not announced
        b"\x01\0\0\x01\xff",  # an error without a number
        b"\x01\0\0\x01\x08\x03\0\0\x02\xfc\xff\xff",  # columns that are shorter than they say
        b"\x01\0\0\x01\xfb",  # a request for a file of ours
        b"\x01\0\0\x07\0",  # out of order
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
    ],
)
def test_an_answer_that_is_no_mysql_is_one_that_got_lost(
    server: Server, database: str, plugin: MySQLStorePlugin, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nonsense in place of an answer is no error of the driver's: what happened is found out anew."""
    config = server.config(database)
    plugin.save(config, KEY, OLD, None)
    nonsense = [answer]
    ask = pymysql.Connection._execute_command  # type: ignore[attr-defined] # the driver's own

    def garbled(connection: Any, command: int, sql: object) -> None:
        ask(connection, command, sql)
        if command == COMMAND.COM_QUERY and nonsense:
            connection._read_packet()
            connection._next_seq_id = 1
            connection._rfile = io.BytesIO(nonsense.pop())

    monkeypatch.setattr(pymysql.Connection, "_execute_command", garbled)

    plugin.save(config, KEY, NEW, OLD)

    assert nonsense == []
    assert plugin.fetch(config, KEY) == NEW


def test_too_many_connections_are_waited_for_and_then_told(
    local_server: LocalServer, account: str, database: str, plugin: MySQLStorePlugin
) -> None:
    """A server without a free connection is waited for, then told about; once one is free, all is well."""
    ((before,),) = local_server.sql("SELECT @@GLOBAL.max_connections")
    local_server.sql("SET GLOBAL max_connections = 1")
    try:
        with pytest.raises(StoreUnavailable, match="nothing was changed") as caught:
            plugin.save(local_server.config(database, db_username=account, timeout=0.5), KEY, OLD, None)
        more = threading.Timer(0.3, local_server.sql, [f"SET GLOBAL max_connections = {before}"])
        more.start()
        patient = local_server.config(database, db_username=account, timeout=10)
        plugin.save(patient, KEY, OLD, None)
        more.join()
    finally:
        local_server.sql(f"SET GLOBAL max_connections = {before}")

    assert caught.value.code == "ZCRM-MYSQL-004"
    assert "too many connections" in caught.value.why
    assert plugin.fetch(patient, KEY) == OLD


def test_a_users_last_connection_is_waited_for(
    server: Server, account: str, database: str, plugin: MySQLStorePlugin
) -> None:
    """A user who may have one connection, which another program holds, gets it when that one is done."""
    server.sql(f"ALTER USER `{account}` WITH MAX_USER_CONNECTIONS 1")
    other = pymysql.connect(
        host=server.host, port=server.port, user=account, password=server.password.encode()
    )
    closing = threading.Timer(0.3, other.close)
    closing.start()

    assert plugin.save(server.config(database, db_username=account, timeout=10), KEY, OLD, None) is True
    closing.join()


def test_rights_that_are_taken_away_are_told(
    server: Server, account: str, database: str, plugin: MySQLStorePlugin
) -> None:
    """Rights revoked under a running client, then the account: each a typed error, and nothing is lost."""
    config = server.config(database, db_username=account, timeout=20)
    plugin.save(config, KEY, OLD, None)

    server.sql(f"REVOKE ALL ON `{database}`.* FROM `{account}`")
    server.sql(f"GRANT SELECT ON `{database}`.* TO `{account}`")
    with pytest.raises(StoreUnavailable) as without_rights:
        plugin.save(config, KEY, NEW, None)
    assert plugin.fetch(config, KEY) == OLD
    server.sql(f"DROP USER `{account}`")
    assert server.end_sessions(account) == 1
    start = time.monotonic()
    with pytest.raises(StoreUnavailable) as without_account:
        plugin.fetch(config, KEY)

    assert time.monotonic() - start < 15
    assert without_rights.value.code == "ZCRM-MYSQL-003"
    assert without_account.value.code == "ZCRM-MYSQL-002"
    assert MySQLStorePlugin().fetch(server.config(database), KEY) == OLD


def test_a_row_that_somebody_keeps_locked_is_waited_for(
    server: Server, database: str, plugin: MySQLStorePlugin
) -> None:
    """A save meets a row that another session has locked, gives up waiting, asks again, and succeeds."""
    config = server.config(database, timeout=8)
    plugin.save(config, KEY, OLD, None)

    def updates() -> int:
        ((_, number),) = server.sql("SHOW GLOBAL STATUS LIKE 'Com_update'")
        return int(str(number))

    before = updates()
    with server.connect(database) as other, ThreadPoolExecutor(1) as pool:
        with other.cursor() as cursor:
            cursor.execute("SELECT * FROM oauthtokens FOR UPDATE")
        saved = pool.submit(plugin.save, config, KEY, NEW, OLD)
        while updates() < before + 2:  # the one that was refused, and the one that waits now
            time.sleep(0.02)
            assert not saved.done()
        other.rollback()

        assert saved.result() is True

    assert plugin.fetch(config, KEY) == NEW


def test_a_table_that_somebody_keeps_locked_leaves_no_doubt(
    server: Server, database: str, plugin: MySQLStorePlugin
) -> None:
    """A backup holds the whole table for longer than the call may take: it ends, and nothing was changed."""
    config = server.config(database, timeout=3)
    plugin.save(config, KEY, OLD, None)

    with server.connect(database) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES oauthtokens WRITE")
        with pytest.raises(StoreUnavailable, match="nothing was changed") as caught:
            plugin.save(config, KEY, NEW, OLD)

    assert caught.value.code == "ZCRM-MYSQL-004"
    assert plugin.fetch(config, KEY) == OLD


def test_a_delete_that_was_refused_for_now_leaves_no_doubt(
    server: Server, database: str, plugin: MySQLStorePlugin
) -> None:
    """A delete that met a locked row, and then finds it deleted by another one, says that it did not."""
    config = server.config(database, timeout=8)
    plugin.save(config, KEY, OLD, None)

    def deletes() -> int:
        ((_, number),) = server.sql("SHOW GLOBAL STATUS LIKE 'Com_delete'")
        return int(str(number))

    before = deletes()
    with server.connect(database) as other, ThreadPoolExecutor(1) as pool:
        with other.cursor() as cursor:
            cursor.execute("DELETE FROM oauthtokens")
        deleted = pool.submit(plugin.delete, config, KEY)
        while deletes() < before + 3:  # that one, the refused one, and the one that waits now
            time.sleep(0.02)
            assert not deleted.done()
        other.commit()

        assert deleted.result() is False


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\0" * 99]
)
def test_a_port_of_another_service_is_told(greeting: bytes, plugin: MySQLStorePlugin) -> None:
    """A port that speaks another language is an error that says to look at host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(greeting)

        threading.Thread(target=greet, daemon=True).start()
        config = Config(
            {
                "client_id": "1", "client_secret": "s", "db_host": "127.0.0.1", "timeout": 2,
                "db_port": listener.getsockname()[1],
            }
        )  # fmt: skip
        with pytest.raises(StoreUnavailable) as caught:
            plugin.fetch(config, KEY)

    assert caught.value.code == "ZCRM-MYSQL-001"
    assert "db_port" in caught.value.fix


def test_a_lone_server_that_takes_no_changes_is_told_soon(
    local_server: LocalServer, database: str, plugin: MySQLStorePlugin
) -> None:
    """A demoted server with no other in the configuration is an error within a second, and fetches go on."""
    config = local_server.config(database, timeout=30)
    plugin.save(config, KEY, OLD, None)
    local_server.sql("SET GLOBAL super_read_only = ON")
    try:
        start = time.monotonic()
        with pytest.raises(StoreUnavailable, match="nothing was changed") as caught:
            plugin.save(config, KEY, NEW, None)
        assert time.monotonic() - start < 20
        assert plugin.fetch(config, KEY) == OLD
    finally:
        local_server.sql("SET GLOBAL read_only = OFF")

    assert caught.value.code == "ZCRM-MYSQL-004"
    plugin.save(config, KEY, NEW, OLD)
    assert plugin.fetch(config, KEY) == NEW


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[mysql.OwnServer, mysql.OwnServer]]:
    """Two servers that know nothing of each other."""
    try:
        first = mysql.start_server()
    except mysql.Unavailable as error:
        pytest.skip(f"no MySQL server: {error}")
    with first, mysql.start_server() as second:
        yield first, second


def url_of(*servers: mysql.OwnServer, **more: Any) -> Config:
    """A configuration that names several servers; both have the account zcrm."""
    for each in servers:
        each.sql("CREATE USER IF NOT EXISTS zcrm IDENTIFIED BY 'p@ss:word'")
        each.sql("GRANT ALL ON *.* TO zcrm")
    hosts = ",".join(f"{each.host}:{each.port}" for each in servers)
    return Config(
        {
            "client_id": "1000.C",
            "client_secret": "s",
            "db_url": f"mysql://zcrm:p%40ss%3Aword@{hosts}/several",
            **more,
        },
        plugin_keys=MySQLStorePlugin.config_keys,
    )


def test_the_server_that_takes_changes_is_found_and_found_again(
    pair: tuple[mysql.OwnServer, mysql.OwnServer], plugin: MySQLStorePlugin
) -> None:
    """Of two servers the one that takes changes is used; when they change roles, the client follows."""
    first, second = pair
    config = url_of(first, second, timeout=20)
    first.sql("SET GLOBAL super_read_only = ON")
    try:
        plugin.save(config, KEY, OLD, None)
        assert second.sql("SELECT accesstoken FROM several.oauthtokens") == [("old",)]
        second.sql("SET GLOBAL super_read_only = ON")
        first.sql("SET GLOBAL super_read_only = OFF")
        first.sql("SET GLOBAL read_only = OFF")

        plugin.save(config, KEY, NEW, None)
    finally:
        for each in pair:
            each.sql("SET GLOBAL super_read_only = OFF")
            each.sql("SET GLOBAL read_only = OFF")

    assert first.sql("SELECT accesstoken FROM several.oauthtokens") == [("new",)]


def test_a_client_that_only_reads_follows_too(
    pair: tuple[mysql.OwnServer, mysql.OwnServer], plugin: MySQLStorePlugin
) -> None:
    """A demoted server that still answers is left by fetches within a moment: what it has can be old."""
    first, second = pair
    config = url_of(first, second, timeout=20)
    other = url_of(second, first, timeout=20)
    plugin.save(config, KEY, OLD, None)
    MySQLStorePlugin().save(other, KEY, NEW, None)
    assert plugin.fetch(config, KEY) == OLD
    first.sql("SET GLOBAL super_read_only = ON")
    try:
        time.sleep(1.1)
        assert plugin.fetch(config, KEY) == NEW
    finally:
        first.sql("SET GLOBAL super_read_only = OFF")
        first.sql("SET GLOBAL read_only = OFF")


def test_no_server_that_takes_changes_is_told(
    pair: tuple[mysql.OwnServer, mysql.OwnServer], plugin: MySQLStorePlugin
) -> None:
    """When none of the servers takes changes, the error says so after the time allowed."""
    config = url_of(*pair, timeout=2)
    for each in pair:
        each.sql("SET GLOBAL super_read_only = ON")
    try:
        with pytest.raises(StoreUnavailable, match="nothing was changed") as caught:
            plugin.save(config, KEY, OLD, None)
    finally:
        for each in pair:
            each.sql("SET GLOBAL super_read_only = OFF")
            each.sql("SET GLOBAL read_only = OFF")

    assert caught.value.code == "ZCRM-MYSQL-004"
    assert "takes changes" in caught.value.why


def test_a_server_that_is_silent_is_left(
    pair: tuple[mysql.OwnServer, mysql.OwnServer], plugin: MySQLStorePlugin
) -> None:
    """A server that freezes in the middle is left for the other one, within the time allowed."""
    first, second = pair
    config = url_of(first, second, timeout=20)
    plugin.save(config, KEY, OLD, None)

    with first.frozen():
        plugin.save(config, KEY, NEW, None)
        assert plugin.fetch(config, KEY) == NEW

    assert second.sql("SELECT accesstoken FROM several.oauthtokens") == [("new",)]


def test_a_server_that_was_silent_is_not_asked_next(
    pair: tuple[mysql.OwnServer, mysql.OwnServer], plugin: MySQLStorePlugin
) -> None:
    """After a server said nothing the other one is asked first: no second time is spent on the silent one."""
    first, second = pair
    with FaultProxy(first.host, first.port) as proxy:
        hosts = f"127.0.0.1:{proxy.port},{second.host}:{second.port}"
        url = f"mysql://zcrm:p%40ss%3Aword@{hosts}/several"
        config = url_of(first, second, timeout=10).replace(db_url=url)
        plugin.save(config, KEY, OLD, None)
        before = proxy.connections
        with proxy.black_hole():
            plugin.save(config, KEY, NEW, None)
        time.sleep(0.2)  # one that was opened meanwhile would come through now

        assert proxy.connections == before
    assert second.sql("SELECT accesstoken FROM several.oauthtokens") == [("new",)]


def test_a_full_disk_is_told_and_nothing_is_lost(plugin: MySQLStorePlugin) -> None:
    """On a full disk a save is a typed error, earlier tokens are whole, and with room again all is well."""
    try:
        small = mysql.start_server("--skip-log-bin", disk=190)
    except mysql.Unavailable as error:
        pytest.skip(f"no MySQL server with a small disk: {error}")
    with small:
        config = Config(
            {
                "client_id": "1000.C", "client_secret": "s", "db_host": small.host, "db_port": small.port,
                "db_username": small.user, "db_password": small.password, "timeout": 20,
            }
        )  # fmt: skip
        plugin.save(config, KEY, OLD, None)
        kept: list[TokenKey] = []

        def fill() -> None:
            for number in range(2000):
                key = TokenKey(f"user{number}", "1000.C", "production")
                plugin.save(config, key, Token(key.user_identifier, "x" * 60_000, "y" * 60_000, number), None)
                kept.append(key)

        with pytest.raises(StoreUnavailable, match="nothing was changed") as caught:
            fill()

        assert caught.value.code == "ZCRM-MYSQL-004"
        assert plugin.fetch(config, KEY) == OLD
        assert plugin.fetch(config, kept[-1]) is not None
        assert plugin.fetch(config, TokenKey(f"user{len(kept)}", "1000.C", "production")) is None
        for key in kept[:20]:
            plugin.delete(config, key)
        plugin.save(config, KEY, NEW, OLD)
        assert plugin.fetch(config, KEY) == NEW
