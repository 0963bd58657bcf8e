"""Is a token safe on a server or in a table with settings that nobody expects?"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zcrm_contract_tests import mysql
from zcrm_contract_tests.proxy import FaultProxy
from zcrm_core import (
    Client,
    Config,
    ConfigError,
    RefreshTimeout,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
    Token,
    TokenKey,
)
from zcrm_simulator import Simulator
from zcrm_store_mysql import leases
from zcrm_store_mysql.plugin import MySQLStorePlugin
from zcrm_store_mysql.settings import read_place
from zcrm_store_mysql.sql import Statement

if TYPE_CHECKING:
    from plugins.zcrm_store_mysql.tests.conftest import LocalServer, Server

USER = "a@example.com"
KEY = TokenKey(USER, "1000.C", "production")
OLD, NEW = Token(USER, "old", "refresh", 1), Token(USER, "new", "refresh", 2)
ZOHO = "(useridentifier varchar(100), accesstoken varchar(100), refreshtoken varchar(100), expirytime bigint)"


@contextmanager
def globally(server: LocalServer, **settings: object) -> Iterator[None]:
    """Change the server's settings for a while."""
    before = {name: server.sql(f"SELECT @@GLOBAL.{name}")[0][0] for name in settings}
    try:
        for name, value in settings.items():
            server.sql(f"SET GLOBAL {name} = {value}")
        yield
    finally:
        for name, value in before.items():
            server.sql(f"SET GLOBAL {name} = {value!r}")


def test_a_server_that_commits_nothing_by_itself(local_server: LocalServer, database: str) -> None:
    """Where sessions start without autocommit, an acknowledged save is there for everybody all the same."""
    with globally(local_server, autocommit=0):
        MySQLStorePlugin().save(local_server.config(database), KEY, OLD, None)

        assert MySQLStorePlugin().fetch(local_server.config(database), KEY) == OLD
    assert local_server.sql("SELECT COUNT(*) FROM oauthtokens", database) == [(1,)]


def test_a_server_that_gives_one_row_a_question(local_server: LocalServer, database: str) -> None:
    """A limit on the rows of a question neither hides columns nor users."""
    with globally(local_server, sql_select_limit=1, max_join_size=1):
        plugin, config = MySQLStorePlugin(), local_server.config(database)
        for user in ("a", "b", "c"):
            plugin.save(config, TokenKey(user, "1", "production"), Token(user, "x", None, 1), None)

        assert len(list(plugin.list(config))) == 3


@pytest.mark.parametrize("column", ["useridentifier", "client_id"])
def test_a_further_unique_key_is_refused(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, column: str
) -> None:
    """A unique key by which a save would overwrite another user's row is a fault, by name."""
    plugin.save(config, KEY, OLD, None)
    server.sql(f"ALTER TABLE `{database}`.oauthtokens ADD UNIQUE KEY odd ({column})")

    with pytest.raises(StoreError, match="not of a shape") as caught:
        MySQLStorePlugin().save(config, TokenKey(USER, "1000.C", "sandbox"), NEW, None)

    assert "unique key, odd" in caught.value.why
    assert server.sql("SELECT accesstoken FROM oauthtokens", database) == [("old",)]


def test_invisible_columns_are_in_nobodys_way(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """A table of Zoho's with a column that the server hides, such as a key of its own, works and migrates."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(
        f"CREATE TABLE `{database}`.oauthtokens (id int NOT NULL AUTO_INCREMENT PRIMARY KEY INVISIBLE, "
        "useridentifier varchar(100), accesstoken varchar(100), refreshtoken varchar(100), expirytime bigint)"
    )

    plugin.save(config, KEY, OLD, None)
    plugin.save(config, KEY, NEW, OLD)
    assert plugin.fetch(config, KEY) == NEW
    assert "Moved: 1" in plugin.manage(config, "migrate")[0]
    assert plugin.fetch(config, KEY) == NEW


def test_a_first_login_makes_the_database(server: Server, database: str) -> None:
    """A whole client, on a server with nothing in it, can log in: the lock comes before any table."""
    with Simulator() as zoho:
        owner = zoho.users[0].email
        keys = {
            **zoho.config(), "current_user_email": owner, "db_host": server.host, "db_port": server.port,
            "db_username": server.user, "db_password": server.password, "db_name": database,
        }  # fmt: skip
        with Client(keys) as client:
            client.oauth.generate_access_token(
                zoho.grant_token(["ZohoCRM.users.ALL"], user=owner), user=owner
            )

            assert client.tokens.list() == [owner]
        assert server.sql("SELECT useridentifier FROM oauthtokens", database) == [(owner,)]


def test_logging_in_again_repairs_a_row(server: Server, database: str) -> None:
    """A row that holds no token is replaced by a login, as the error says."""
    with Simulator() as zoho:
        owner = zoho.users[0].email
        keys = {
            **zoho.config(), "current_user_email": owner, "db_host": server.host, "db_port": server.port,
            "db_username": server.user, "db_password": server.password, "db_name": database,
        }  # fmt: skip
        with Client(keys) as client:
            for _ in range(2):
                grant = zoho.grant_token(["ZohoCRM.users.ALL"], user=owner)
                client.oauth.generate_access_token(grant, user=owner)
                server.sql("UPDATE oauthtokens SET expirytime = -5", database)
            with pytest.raises(StoreCorrupt, match="replaces the row"):
                client.tokens.fetch()


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ("x int", "key_digest"),
        ("key_digest BINARY(32), holder BINARY(16), ends_at DATETIME(6)", "primary key"),
    ],
)
def test_a_lease_table_of_another_shape_is_told(
    *, plugin: MySQLStorePlugin, config: Config, server: Server, database: str, columns: str, fault: str
) -> None:
    """A table in which two could hold one lock is a typed error in the lock, in init and in status."""
    plugin.save(config, KEY, OLD, None)
    server.sql(f"CREATE TABLE `{database}`.oauthtokens_leases ({columns})")

    def lock_twice() -> None:
        with plugin.lock(config, KEY, 1), plugin.lock(config, KEY, 1):
            pass

    with pytest.raises(StoreError) as caught:
        lock_twice()
    assert caught.value.code == "ZCRM-MYSQL-018"
    with pytest.raises(StoreError, match="refresh locks") as made:
        plugin.manage(config, "init")
    assert fault in made.value.why
    assert any("cannot be used" in line and fault in line for line in plugin.manage(config, "status"))


@pytest.mark.parametrize("change", ["DROP DATABASE `{0}`", "DROP TABLE `{0}`.oauthtokens_leases"])
def test_a_lock_ends_well_whatever_became_of_its_table(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, change: str
) -> None:
    """A refresh that worked is not turned into an error because the lock's table is gone at its end."""
    with plugin.lock(config, KEY, 1):
        server.sql(change.format(database))


def test_a_lease_from_a_clock_that_was_ahead_is_not_believed(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """A lease that ends later than any can, made before a failover to another clock, keeps nobody out."""
    with plugin.lock(config, KEY, 1):
        pass
    server.sql(
        "UPDATE oauthtokens_leases SET holder = RANDOM_BYTES(16), "
        "ends_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR",
        database,
    )

    with (
        plugin.lock(config, KEY, 1),
        pytest.raises(RefreshTimeout),
        MySQLStorePlugin().lock(config, KEY, 0.1),
    ):
        pass


def test_a_lease_taken_while_another_waited_for_its_row_is_believed(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """Who waited for the row, by a clock that stood meanwhile, takes no lease of one who began later."""
    with plugin.lock(config, KEY, 1):
        pass
    entered = threading.Event()

    def wait_for_it() -> None:
        with suppress(RefreshTimeout), MySQLStorePlugin().lock(config, KEY, 0.0):
            entered.set()

    with server.connect(database) as other, other.cursor() as cursor:
        cursor.execute("SELECT * FROM oauthtokens_leases FOR UPDATE")
        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        while server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")[0][1] == "0":
            time.sleep(0.01)
        cursor.execute(
            "UPDATE oauthtokens_leases SET holder = RANDOM_BYTES(16), "
            "ends_at = UTC_TIMESTAMP(6) + INTERVAL 9 SECOND"
        )
        other.commit()
        waiting.join()

    assert not entered.is_set()


def test_what_is_given_up_is_renewed_by_nobody(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """The next one enters at once after a lock was left, even while its renewer was at work."""
    for _ in range(5):
        with plugin.lock(config, KEY, 1):
            pass
        assert server.sql("SELECT ends_at < UTC_TIMESTAMP(6) FROM oauthtokens_leases", database) == [(1,)]


def test_an_unconditional_save_whose_answer_got_lost_is_read_back(
    server: Server, database: str, plugin: MySQLStorePlugin
) -> None:
    """A save that was made before its answer got lost is found, and not written a second time."""
    with FaultProxy(server.host, server.port) as proxy:
        config = server.config(database, db_host="127.0.0.1", db_port=proxy.port)
        plugin.save(config, KEY, OLD, None)
        asked = "SELECT updated_at FROM oauthtokens"
        proxy.cut_answer()
        before = proxy.requests
        inserts = "SHOW GLOBAL STATUS LIKE 'Com_insert'"
        ((_, sent),) = server.sql(inserts)

        plugin.save(config, KEY, NEW, None)

        assert proxy.cuts == 1
        assert server.sql(inserts) == [("Com_insert", str(int(str(sent)) + 1))]
        (saved_at,) = server.sql(asked, database)
        assert plugin.fetch(config, KEY) == NEW
        assert server.sql(asked, database) == [saved_at]
        assert proxy.requests > before + 1


def test_four_migrations_at_once_move_everything_once(server: Server, config: Config, database: str) -> None:
    """Of several migrations of one table one moves the tokens, and the others find it done; none fails."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(
        f"CREATE TABLE `{database}`.oauthtokens (useridentifier varchar(100), accesstoken varchar(100), "
        "refreshtoken varchar(100), expirytime bigint)"
    )
    server.sql("INSERT INTO oauthtokens VALUES ('a@example.com', 'old', 'refresh', 1)", database)
    said: list[str] = []
    barrier = threading.Barrier(4)

    def migrate() -> None:
        barrier.wait()
        try:
            said.append(MySQLStorePlugin().manage(config, "migrate")[0])
        except StoreError as error:
            said.append(str(error))

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(line.split(":")[0] for line in said) == ["Moved", *["Nothing to do"] * 3]
    assert MySQLStorePlugin().fetch(config, KEY) == OLD


@pytest.mark.parametrize("lost", ["RENAME", "INSERT", "ALTER", "LOCK"])
@pytest.mark.parametrize("cut", ["cut_answer", "cut_statement"])
def test_a_migration_outlives_a_lost_connection(lost: str, cut: str, plain: mysql.OwnServer) -> None:
    """Whichever statement or answer gets lost, the tokens are moved once, and nothing is left behind."""
    database = f"m_{lost}_{cut}".lower()
    plain.sql(f"CREATE DATABASE {database}")
    plain.sql(
        f"CREATE TABLE {database}.oauthtokens (useridentifier varchar(100), accesstoken varchar(100), "
        "refreshtoken varchar(100), expirytime bigint)"
    )
    plain.sql("INSERT INTO oauthtokens VALUES ('a@example.com', 'old', 'refresh', 1)", database)
    plugin = MySQLStorePlugin()
    with FaultProxy(plain.host, plain.port) as proxy:
        config = Config(
            {
                "client_id": "1000.C", "client_secret": "s", "db_host": "127.0.0.1", "db_port": proxy.port,
                "db_username": plain.user, "db_password": plain.password, "db_name": database,
            }
        )  # fmt: skip
        getattr(proxy, cut)(lost)
        plugin.manage(config, "migrate")
        assert proxy.cuts == 1
        assert plugin.fetch(config, KEY) == OLD

    assert {name for (name,) in plain.sql("SHOW TABLES", database)} == {"oauthtokens", "oauthtokens_zoho"}
    assert plugin.manage(config.replace(db_port=plain.port), "migrate")[0].startswith("Nothing to do")


def test_a_server_without_tls_is_refused_when_tls_is_asked_for(plain: mysql.OwnServer) -> None:
    """With a db_ssl_ key nothing is sent in plain text, not even a second try."""
    with FaultProxy(plain.host, plain.port) as proxy:
        config = Config(
            {
                "client_id": "1000.C", "client_secret": "s", "db_host": "127.0.0.1", "db_port": proxy.port,
                "db_username": plain.user, "db_password": plain.password, "db_ssl_verify": "no",
            },
            plugin_keys=MySQLStorePlugin.config_keys,
        )  # fmt: skip
        with pytest.raises(StoreUnavailable, match="no TLS") as caught:
            MySQLStorePlugin().fetch(config, KEY)

        assert caught.value.code == "ZCRM-MYSQL-013"
        assert proxy.connections == 1


def test_interrupts_use_no_connection_up_and_mix_up_no_answers(server: Server, database: str) -> None:
    """After hundreds of interrupts at any moment every user still gets the own token, at once."""
    script = Path(__file__).parent / "interrupted.py"
    keys = {
        "client_id": "1000.C", "client_secret": "s", "db_host": server.host, "db_port": server.port,
        "db_username": server.user, "db_password": server.password, "db_name": database, "timeout": 20,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(keys),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.stdout.splitlines()[-1:] == ["all is well"], f"{done.stdout}{done.stderr[-2000:]}"


@pytest.mark.parametrize(
    "keys",
    [
        {"db_username": "a\0b"},
        {"db_username": "\ud800"},
        {"db_password": "SECRET\0"},
        {"db_host": "h" * 300},
        {"db_url": "mysql://u%00:p@db1/x"},
        {"db_url": "mysql://u:p@" + "h" * 300},
    ],
)
def test_what_the_protocol_cannot_carry_is_refused_before_any_call(keys: dict[str, object]) -> None:
    """A user, password or host that cannot be sent is an error that names the key and can be printed."""
    config = Config({"client_id": "1", "client_secret": "s", **keys})

    with pytest.raises(StoreError, match=r"db_(username|password|host)") as caught:
        read_place(config)

    assert caught.value.code == "ZCRM-MYSQL-010"
    assert "SECRET" not in str(caught.value).encode().decode()


@pytest.mark.parametrize("key", ["db_password", "db_url"])
def test_a_secret_that_is_not_utf_8_is_refused_before_any_store_sees_it(key: str) -> None:
    """The configuration names the key and shows nothing of the value."""
    with pytest.raises(ConfigError, match=key) as caught:
        Config({"client_id": "1", "client_secret": "s", key: "SECRET\ud800"})

    assert caught.value.code == "ZCRM-CONFIG-004"
    assert "SECRET" not in str(caught.value).encode().decode()


EXACT = [
    ("char(100)", Token(USER, "ends with a blank ", "r", 1)),
    ("tinytext", Token(USER, "\u20ac" * 100, "r", 1)),
    ("tinytext", Token(USER, "\u20ac" * 84 + " " * 10, "r", 1)),
]
"""Columns in which a value fits less than its length says, and such a value."""


@pytest.mark.parametrize(("kind", "token"), EXACT)
def test_a_column_that_holds_less_than_it_seems(
    *, plugin: MySQLStorePlugin, config: Config, server: Server, database: str, kind: str, token: Token
) -> None:
    """CHAR loses final blanks and TEXT counts bytes: what would be cut there is refused before any write."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(
        f"CREATE TABLE `{database}`.oauthtokens (useridentifier varchar(100), accesstoken {kind}, "
        "refreshtoken varchar(100), expirytime bigint)"
    )

    with pytest.raises(StoreError) as caught:
        plugin.save(config, KEY, token, None)

    assert caught.value.code == "ZCRM-MYSQL-014"
    assert server.sql("SELECT COUNT(*) FROM oauthtokens", database) == [(0,)]


def test_a_change_in_zohos_table_touches_the_exact_user_only(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """Saving one of two users whom the collation takes for one changes that user's row alone."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(
        f"CREATE TABLE `{database}`.oauthtokens (useridentifier varchar(100), accesstoken varchar(100), "
        "refreshtoken varchar(100), expirytime bigint)"
    )
    for user in ("a@x.com", "A@x.com"):
        plugin.save(config, TokenKey(user, "1", "production"), Token(user, "first", "r", 1), None)
    save: Callable[..., object] = plugin.save
    save(config, TokenKey("A@x.com", "1", "production"), Token("A@x.com", "second", "r", 2), None)

    assert set(server.sql("SELECT useridentifier, accesstoken FROM oauthtokens", database)) == {
        ("a@x.com", "first"),
        ("A@x.com", "second"),
    }


@pytest.mark.parametrize("setting", [{"completion_type": 1}, {"completion_type": 2}, {"sql_safe_updates": 1}])
def test_a_servers_way_to_end_or_to_forbid_changes_is_not_taken_over(
    *, plugin: MySQLStorePlugin, local_server: LocalServer, database: str, setting: dict[str, object]
) -> None:
    """In Zoho's table no commit begins a transaction that reads old tokens, and no key is needed to write."""
    local_server.sql(f"CREATE DATABASE `{database}`")
    local_server.sql(
        f"CREATE TABLE `{database}`.oauthtokens (useridentifier varchar(100), accesstoken varchar(100), "
        "refreshtoken varchar(100), expirytime bigint)"
    )
    config, elsewhere = local_server.config(database), local_server.config(database)
    # A transaction left open would keep the table from being dropped, for ever.
    with globally(local_server, **setting), closing(plugin._store(config)):
        plugin.save(config, KEY, OLD, None)
        assert plugin.fetch(config, KEY) == OLD

        plugin.save(elsewhere, KEY, NEW, OLD)

        assert plugin.fetch(config, KEY) == NEW
        assert plugin.delete(config, KEY) is True


def hold(config: Config, ours: Connection) -> None:
    """Hold the lock until the other end says something."""
    with MySQLStorePlugin().lock(config, KEY, 1):
        ours.send("held")
        ours.recv()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_who_holds_a_lock_is_named(plugin: MySQLStorePlugin, config: Config) -> None:
    """Who waits in vain is told which process on which host has the lock: the one that has it now."""
    with plugin.lock(config, KEY, 1):
        pass
    ours, theirs = multiprocessing.Pipe()
    holder = multiprocessing.get_context("fork").Process(target=hold, args=(config, theirs))
    holder.start()
    try:
        assert ours.recv() == "held"
        with pytest.raises(RefreshTimeout) as caught, plugin.lock(config, KEY, 0):
            pass
    finally:
        ours.send("enough")
        holder.join()

    assert f"process {holder.pid} on {socket.gethostname()} since 20" in caught.value.why
    with plugin.lock(config, KEY, 1):
        pass


def test_a_table_of_locks_without_names_gets_them(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """A table of the locks that has no column for the holder gets it, at the first lock and by init."""
    drop = f"ALTER TABLE `{database}`.oauthtokens_leases DROP COLUMN held_by"
    with plugin.lock(config, KEY, 1):
        pass
    server.sql(drop)

    with (
        plugin.lock(config, KEY, 1),
        pytest.raises(RefreshTimeout) as caught,
        MySQLStorePlugin().lock(config, KEY, 0),
    ):
        pass
    server.sql(drop)
    said = plugin.manage(config, "init")

    assert f"process {os.getpid()} " in caught.value.why
    assert "who holds a lock" in said[-1]
    assert "Nothing to do" in plugin.manage(config, "init")[0]


def test_a_holder_that_cannot_be_read_is_another_worker(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """What somebody else wrote in the place of a holder's name is in no error."""
    with plugin.lock(config, KEY, 1):
        server.sql("UPDATE oauthtokens_leases SET held_by = '1 evil\nSECRET 1'", database)
        with pytest.raises(RefreshTimeout) as caught, MySQLStorePlugin().lock(config, KEY, 0):
            pass

    assert caught.value.why == "The refresh lock is held by another worker."


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_under_the_lock_does_not_give_it_up(plugin: MySQLStorePlugin, config: Config) -> None:
    """A process that was forked while its parent refreshes ends, and the parent still holds the lock."""
    child = -1
    try:
        with suppress(SystemExit), plugin.lock(config, KEY, 1):
            child = os.fork()
            if child == 0:
                raise SystemExit
            os.waitpid(child, 0)
            with pytest.raises(RefreshTimeout), MySQLStorePlugin().lock(config, KEY, 0):
                pass
    finally:
        if child == 0:
            os._exit(0)


def test_a_lease_is_renewed_while_its_holder_works(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a lease moves on as long as the lock is held: a slow refresh loses it to nobody."""
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.01)
    asked = "SELECT ends_at FROM oauthtokens_leases"
    with plugin.lock(config, KEY, 1):
        first = server.sql(asked, database)
        deadline = time.monotonic() + 20
        while server.sql(asked, database) == first:
            assert time.monotonic() < deadline, "nobody renews it"


def test_a_lease_that_passed_on_is_not_touched_by_its_last_holder(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stood still and lost the lease neither renews nor frees the one that another holder has now."""
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 0.01)
    asked = "SELECT holder, ends_at FROM oauthtokens_leases"
    with plugin.lock(config, KEY, 1):
        server.sql(
            "UPDATE oauthtokens_leases "
            "SET holder = 'another', ends_at = UTC_TIMESTAMP(6) + INTERVAL 8 SECOND",
            database,
        )
        passed_on = server.sql(asked, database)
        time.sleep(0.3)
        assert server.sql(asked, database) == passed_on
    assert server.sql(asked, database) == passed_on


def test_who_waits_for_a_lease_does_not_prolong_it(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease of a holder who died ends although others ask for it all the time."""
    monkeypatch.setattr(leases, "_RENEW_SECONDS", 60)
    asked = "SELECT holder, ends_at FROM oauthtokens_leases"
    with plugin.lock(config, KEY, 1):
        taken = server.sql(asked, database)
        with pytest.raises(RefreshTimeout), MySQLStorePlugin().lock(config, KEY, 0.2):
            pass

        assert server.sql(asked, database) == taken


def test_an_interrupt_at_the_start_of_a_lock_leaves_nobody_who_renews_it(
    plugin: MySQLStorePlugin, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C while the renewer starts, the lock is free and the renewer ends."""
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt), plugin.lock(config, KEY, 1):
            pass

    with MySQLStorePlugin().lock(config, KEY, 0):
        pass
    deadline = time.monotonic() + 10
    while any("_keep" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "somebody renews it for ever"
        time.sleep(0.01)


def test_users_are_single_whatever_the_servers_isolation(local_server: LocalServer, database: str) -> None:
    """Eight that save one user's first token at once, in a table without a key, leave one row."""
    local_server.sql(f"CREATE DATABASE `{database}`")
    local_server.sql(
        f"CREATE TABLE `{database}`.oauthtokens (useridentifier varchar(100), accesstoken varchar(100), "
        "refreshtoken varchar(100), expirytime bigint)"
    )
    with globally(local_server, transaction_isolation="'READ-COMMITTED'"):
        plugin, config = MySQLStorePlugin(), local_server.config(database)
        plugin.fetch(config, KEY)
        barrier = threading.Barrier(8)

        def save(user: str) -> None:
            barrier.wait()
            plugin.save(config, TokenKey(user, "1", "production"), Token(user, "x", "r", 1), None)

        for user in ("a", "b", "c"):
            threads = [threading.Thread(target=save, args=(user,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    assert local_server.sql("SELECT useridentifier, COUNT(*) FROM oauthtokens GROUP BY 1", database) == [
        ("a", 1),
        ("b", 1),
        ("c", 1),
    ]


@pytest.mark.parametrize("isolation", ["READ-UNCOMMITTED", "READ-COMMITTED", "SERIALIZABLE"])
@pytest.mark.parametrize("columns", ["", ZOHO])
def test_a_token_that_is_not_committed_is_not_seen(
    *, plugin: MySQLStorePlugin, local_server: LocalServer, database: str, isolation: str, columns: str
) -> None:
    """Whatever isolation the server gives its sessions, a fetch gives what is committed, at once."""
    if columns:
        local_server.sql(f"CREATE DATABASE `{database}`")
        local_server.sql(f"CREATE TABLE `{database}`.oauthtokens {columns}")
    with globally(local_server, transaction_isolation=f"'{isolation}'"):
        config = local_server.config(database, timeout=5)
        plugin.save(config, KEY, OLD, None)
        with local_server.connect(database) as other, other.cursor() as cursor:
            cursor.execute("UPDATE oauthtokens SET accesstoken = 'dirty'")

            assert plugin.fetch(config, KEY) == OLD


@pytest.mark.filterwarnings("ignore:.*binlog_format.*:Warning")
def test_a_server_that_logs_statements_takes_tokens(
    plugin: MySQLStorePlugin, local_server: LocalServer, database: str
) -> None:
    """A log of statements is written under one isolation only: it is the one that zcrm's sessions have."""
    with globally(local_server, binlog_format="'STATEMENT'", transaction_isolation="'READ-COMMITTED'"):
        config = local_server.config(database)
        plugin.save(config, KEY, OLD, None)
        with plugin.lock(config, KEY, 1):
            plugin.save(config, KEY, NEW, OLD)

        assert plugin.delete(config, KEY) is True


def test_a_server_that_ends_long_questions_ends_none_of_ours(
    plugin: MySQLStorePlugin, local_server: LocalServer, database: str
) -> None:
    """A limit on how long a question may take makes no fetch fail: zcrm has a limit of its own."""
    with globally(local_server, max_execution_time=1):
        assert plugin.manage(local_server.config(database), "init")
        config = local_server.config(database)
        plugin.fetch(config, KEY)

        (limit,) = plugin._store(config)._server.run(Statement("SELECT @@max_execution_time")).rows
    assert limit == (0,)


@pytest.mark.parametrize("rule", ["ADD COLUMN x int NOT NULL", "ADD CHECK (expirytime < 2)"])
def test_a_table_that_takes_no_token_is_told(
    *, plugin: MySQLStorePlugin, config: Config, server: Server, database: str, rule: str
) -> None:
    """A further column that needs a value, or a rule that forbids one, is told as what to correct."""
    plugin.save(config, KEY, OLD, None)
    server.sql(f"ALTER TABLE `{database}`.oauthtokens {rule}")

    with pytest.raises(StoreError, match="does not take a token") as caught:
        plugin.save(config, KEY, NEW, None)

    assert caught.value.code == "ZCRM-MYSQL-006"
    assert plugin.fetch(config, KEY) == OLD


@pytest.mark.parametrize("mode", ["", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH"])
def test_a_server_that_bends_values_to_fit(
    *, plugin: MySQLStorePlugin, local_server: LocalServer, database: str, mode: str
) -> None:
    """Where the server's mode is not strict, a character that a column lacks is still refused, not bent."""
    local_server.sql(f"CREATE DATABASE `{database}`")
    local_server.sql(
        f"CREATE TABLE `{database}`.oauthtokens (useridentifier varchar(100), accesstoken varchar(100), "
        "refreshtoken varchar(100), expirytime bigint) CHARACTER SET latin1"
    )
    with globally(local_server, sql_mode=f"'{mode}'"):
        config = local_server.config(database)
        with pytest.raises(StoreError) as caught:
            plugin.save(config, KEY, Token(USER, "\U0001f600", "r", 1), None)
        quoted = Token(USER, "\\ ' \" %s", "r", 1)
        plugin.save(config, KEY, quoted, None)

        assert plugin.fetch(config, KEY) == quoted
    assert caught.value.code == "ZCRM-MYSQL-014"


@pytest.mark.parametrize(
    "made",
    [
        "TABLE `{0}`.oauthtokens (x int)",
        "VIEW `{0}`.oauthtokens AS SELECT 1 AS x",
        (
            "TABLE `{0}`.oauthtokens (useridentifier text, accesstoken text, refreshtoken text, "
            "expirytime varchar(20))"
        ),
        (
            "TABLE `{0}`.oauthtokens (useridentifier text, accesstoken text, refreshtoken text, "
            "expirytime bigint) ENGINE=MyISAM"
        ),
    ],
)
def test_nothing_is_made_beside_a_table_that_is_refused(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, made: str
) -> None:
    """A login locks before it saves: a table of somebody else's is refused before one of locks is made."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE {made.format(database)}")

    with pytest.raises(StoreError) as caught, plugin.lock(config, KEY, 1):
        pass

    assert caught.value.code == "ZCRM-MYSQL-006"
    assert server.sql("SHOW TABLES", database) == [("oauthtokens",)]
