"""What does the store do when the server, the account, the table or the connection is not as it should be?"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from zcrm_core import Config, StaleToken, StoreError, StoreUnavailable, Token, TokenKey
from zcrm_store_mysql.plugin import MySQLStorePlugin

if TYPE_CHECKING:
    from plugins.zcrm_store_mysql.tests.conftest import LocalServer, Server

TOKEN = Token("a@example.com", "SECRET-ACCESS", "SECRET-REFRESH", 1)
ZOHO_TABLE = (
    "CREATE TABLE `{0}`.oauthtokens (useridentifier varchar(100) NOT NULL, "
    "accesstoken varchar(100) NOT NULL, refreshtoken varchar(100) NOT NULL, "
    "expirytime bigint NOT NULL, PRIMARY KEY (useridentifier))"
)


def chain_of(error: BaseException) -> str:
    """Every text and attribute of an error and of all that it hangs on."""
    texts: list[str] = []
    found: BaseException | None = error
    while found is not None:
        texts.append(f"{found!s} {found.args!r} {vars(found)!r}")
        found = found.__cause__ or found.__context__
    return " ".join(texts)


@pytest.fixture
def account(server: Server, database: str) -> Iterator[str]:
    """A MySQL user without any right, with the server's own password."""
    name = f"u_{database[-12:]}"
    server.sql(f"CREATE USER `{name}` IDENTIFIED BY :password", password=server.password)
    yield name
    server.sql(f"DROP USER `{name}`")


def test_no_server_is_unavailable(plugin: MySQLStorePlugin, key: TokenKey) -> None:
    """A port that nobody listens on is named, with a cure, and the password is nowhere in the error."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        config = Config(
            {
                "client_id": "1000.C", "client_secret": "s", "db_host": "127.0.0.1", "db_port": port,
                "db_password": "SECRET-PASSWORD",
            }
        )  # fmt: skip
        with pytest.raises(StoreUnavailable, match=rf"127\.0\.0\.1:{port} cannot be reached") as caught:
            plugin.save(config, key, TOKEN, None)

    assert caught.value.code == "ZCRM-MYSQL-001"
    assert "db_port" in caught.value.fix
    assert "SECRET" not in chain_of(caught.value)


def test_a_server_that_never_let_us_in_is_asked_once(
    plugin: MySQLStorePlugin, key: TokenKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody ever answered, the address is wrong rather than the server away: nothing is waited for."""
    asked: list[object] = []

    def connect(**keys: Any) -> Any:
        asked.append(keys["port"])
        return driver(**keys)

    driver = pymysql.connect
    monkeypatch.setattr(pymysql, "connect", connect)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        config = Config({"client_id": "1", "client_secret": "s", "db_host": "127.0.0.1", "db_port": port})
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            plugin.fetch(config.replace(timeout=2), key)

    assert asked == [port]


def test_an_unknown_host_is_unavailable(plugin: MySQLStorePlugin, key: TokenKey) -> None:
    """A host name that cannot be resolved is named, with the key to correct."""
    config = Config({"client_id": "1000.C", "client_secret": "s", "db_host": "no-such-host.invalid"})

    with pytest.raises(StoreUnavailable, match=r"no-such-host\.invalid") as caught:
        plugin.fetch(config, key)

    assert caught.value.code == "ZCRM-MYSQL-001"
    assert "db_host" in caught.value.fix


def test_a_server_that_says_nothing_is_unavailable(plugin: MySQLStorePlugin, key: TokenKey) -> None:
    """A port that takes connections and answers nothing ends in an error after the time allowed."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = Config(
            {
                "client_id": "1000.C", "client_secret": "s", "db_host": "127.0.0.1",
                "db_port": silent.getsockname()[1], "timeout": 0.2,
            }
        )  # fmt: skip
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            plugin.fetch(config, key)


def test_a_wrong_password_is_unavailable(
    plugin: MySQLStorePlugin, server: Server, database: str, key: TokenKey
) -> None:
    """A refused login names the user and the keys to correct, never the password."""
    config = server.config(database, db_password="SECRET-PASSWORD")

    with pytest.raises(StoreUnavailable, match="does not let the user") as caught:
        plugin.save(config, key, TOKEN, None)

    assert caught.value.code == "ZCRM-MYSQL-002"
    assert "db_password" in caught.value.fix
    assert "SECRET" not in chain_of(caught.value)


def test_a_password_that_has_expired_is_told(
    plugin: MySQLStorePlugin, server: Server, database: str, account: str, key: TokenKey
) -> None:
    """A password that is right and has expired is told as that, and not as a wrong one."""
    server.sql(f"ALTER USER `{account}` PASSWORD EXPIRE")

    with pytest.raises(StoreUnavailable, match="has expired") as caught:
        plugin.save(server.config(database, db_username=account), key, TOKEN, None)

    assert caught.value.code == "ZCRM-MYSQL-002"
    assert "db_password" in caught.value.fix
    assert "SECRET" not in chain_of(caught.value)


def test_an_account_that_is_locked_is_told(
    plugin: MySQLStorePlugin, server: Server, database: str, account: str, key: TokenKey
) -> None:
    """An account that the server locks after wrong passwords is a refused login, and told as one."""
    server.sql(f"ALTER USER `{account}` FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1")
    wrong = server.config(database, db_username=account, db_password="SECRET-PASSWORD")

    for config in (wrong, server.config(database, db_username=account)):
        with pytest.raises(StoreUnavailable) as caught:
            plugin.fetch(config, key)
        assert caught.value.code == "ZCRM-MYSQL-002"


def test_a_server_that_is_offline_is_told_and_waited_for(
    plugin: MySQLStorePlugin, local_server: LocalServer, database: str, key: TokenKey
) -> None:
    """While only administrators are let in, the error says so, and a call goes on when that has ended."""
    name = f"v_{database[-12:]}"
    local_server.sql(f"CREATE USER `{name}` IDENTIFIED BY :password", password=local_server.password)
    local_server.sql(f"GRANT ALL ON `{database}`.* TO `{name}`")
    try:
        config = local_server.config(database, db_username=name, timeout=20)
        plugin.save(config, key, TOKEN, None)
        local_server.sql("SET GLOBAL offline_mode = ON")
        with pytest.raises(StoreUnavailable) as caught:
            MySQLStorePlugin().fetch(config.replace(timeout=1), key)
        over = threading.Timer(0.5, local_server.sql, ["SET GLOBAL offline_mode = OFF"])
        over.start()

        assert plugin.fetch(config, key) == TOKEN
        over.join()
    finally:
        local_server.sql("SET GLOBAL offline_mode = OFF")
        local_server.sql(f"DROP USER `{name}`")

    assert caught.value.code == "ZCRM-MYSQL-004"
    assert "offline" in caught.value.why


def test_missing_rights_are_named(
    plugin: MySQLStorePlugin, server: Server, database: str, account: str, key: TokenKey
) -> None:
    """A user who may not make the table gets an error that names the table and the rights."""
    config = server.config(database, db_username=account)

    with pytest.raises(StoreUnavailable, match=rf"{database}\.oauthtokens") as caught:
        plugin.save(config, key, TOKEN, None)

    assert caught.value.code == "ZCRM-MYSQL-003"
    assert "SECRET" not in chain_of(caught.value)


def test_four_rights_on_the_table_suffice(
    *, plugin: MySQLStorePlugin, config: Config, server: Server, database: str, account: str, key: TokenKey
) -> None:
    """Once the tables are there, a user with no right but to read and write their rows can do everything."""
    plugin.manage(config, "init")
    for table in ("oauthtokens", "oauthtokens_leases"):
        server.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{database}`.{table} TO `{account}`")
    poor = server.config(database, db_username=account)

    plugin.save(poor, key, TOKEN, None)
    with plugin.lock(poor, key, 1):
        plugin.save(poor, key, TOKEN, TOKEN)

    assert plugin.fetch(poor, key) == TOKEN
    assert list(plugin.list(poor)) == [key]
    assert plugin.delete(poor, key) is True


def test_the_table_of_the_readme_is_ours(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, key: TokenKey
) -> None:
    """Tables that an administrator makes as the README says are column by column those that zcrm makes."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    _, tokens, leases = (part.partition(";")[0] for part in readme.split("CREATE TABLE", 2))
    with plugin.lock(config, key, 1):
        plugin.fetch(config, key)
    server.sql("CREATE TABLE" + tokens.replace("zohooauth.oauthtokens", "by_hand"), database)
    server.sql("CREATE TABLE" + leases.replace("zohooauth.oauthtokens", "by_hand"), database)

    def definition(table: str) -> str:
        return str(server.sql(f"SHOW CREATE TABLE {table}", database)[0][1])

    for table in ("oauthtokens", "oauthtokens_leases"):
        by_hand = table.replace("oauthtokens", "by_hand")
        assert definition(by_hand).replace("by_hand", "oauthtokens") == definition(table)


@pytest.mark.parametrize("name", ["my-db", "a.b", "a`b", "100%s", "select", 'q"', "日本", ":x", "--"])
def test_any_name_that_mysql_allows_is_used(
    plugin: MySQLStorePlugin, server: Server, database: str, key: TokenKey, name: str
) -> None:
    """Database and table names are quoted: blanks, backquotes and SQL in them are part of the name."""
    config = server.config(f"{database} {name}", db_table=name)
    try:
        plugin.save(config, key, TOKEN, None)

        assert plugin.fetch(config, key) == TOKEN
        assert server.sql(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = :d", d=f"{database} {name}"
        ) == [(name,)]
    finally:
        quoted = f"{database} {name}".replace("`", "``").replace(":", "\\:")
        server.sql(f"DROP DATABASE `{quoted}`")


def test_two_tables_are_two_stores(
    plugin: MySQLStorePlugin, server: Server, database: str, key: TokenKey
) -> None:
    """The key db_table names the table: what is saved in one is not in the other."""
    plugin.save(server.config(database, db_table="one"), key, TOKEN, None)

    assert plugin.fetch(server.config(database, db_table="two"), key) is None


def test_many_can_make_the_table_at_once(server: Server, database: str) -> None:
    """Eight clients that start together on an empty server all get their table, and each saves its token."""
    failures: list[Exception] = []
    barrier = threading.Barrier(8)

    def start(number: int) -> None:
        user = f"user{number}"
        barrier.wait()
        try:
            MySQLStorePlugin().save(
                server.config(database),
                TokenKey(user, "1000.C", "production"),
                Token(user, "a", None, 1),
                None,
            )
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert server.sql("SELECT COUNT(*) FROM oauthtokens", database) == [(8,)]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("DROP PRIMARY KEY", "primary key"),
        ("MODIFY useridentifier varchar(512) COLLATE utf8mb4_0900_ai_ci NOT NULL", "utf8mb4_0900_ai_ci"),
        ("MODIFY accesstoken text COLLATE utf8mb4_bin NOT NULL", "utf8mb4_bin"),
        ("MODIFY accesstoken varchar(100) COLLATE utf8mb4_0900_bin NOT NULL", "accesstoken holds 100"),
        ("MODIFY expirytime int NOT NULL", "expirytime is not BIGINT"),
        ("DROP COLUMN scope", "scope is missing"),
        (
            "DROP PRIMARY KEY, MODIFY key_digest binary(16) NOT NULL, ADD PRIMARY KEY (key_digest)",
            "BINARY(32)",
        ),
    ],
)
def test_a_table_of_another_shape_is_refused(
    *, plugin: MySQLStorePlugin, server: Server, database: str, key: TokenKey, change: str, fault: str
) -> None:
    """A table that could mix users up, cut a token or hold a user twice is refused with the fault named."""
    config = server.config(database)
    plugin.fetch(config, key)
    server.sql(f"ALTER TABLE `{database}`.oauthtokens {change}")

    with pytest.raises(StoreError) as caught:
        MySQLStorePlugin().save(config, key, TOKEN, None)

    assert caught.value.code == "ZCRM-MYSQL-006"
    assert fault in caught.value.why


def test_columns_of_a_later_version_do_no_harm(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, key: TokenKey
) -> None:
    """A table with further columns, in another order, is used as it is."""
    plugin.fetch(config, key)
    server.sql(f"ALTER TABLE `{database}`.oauthtokens ADD COLUMN lease bigint NULL FIRST")
    other = MySQLStorePlugin()

    other.save(config, key, TOKEN, None)

    assert other.fetch(config, key) == TOKEN


def test_a_table_that_vanishes_is_made_again(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, key: TokenKey
) -> None:
    """When the database is dropped under a running client, its next call starts anew."""
    plugin.save(config, key, TOKEN, None)
    server.sql(f"DROP DATABASE `{database}`")

    assert plugin.fetch(config, key) is None
    plugin.save(config, key, TOKEN, None)
    assert plugin.fetch(config, key) == TOKEN


def test_a_table_that_changes_is_looked_at_again(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, key: TokenKey
) -> None:
    """When Zoho's table takes the table's place under a running client, it is recognised and used."""
    plugin.save(config, key, TOKEN, None)
    server.sql(f"DROP TABLE `{database}`.oauthtokens")
    server.sql(ZOHO_TABLE.format(database))

    assert plugin.fetch(config, key) is None
    plugin.save(config, key, TOKEN, None)

    assert server.sql("SELECT * FROM oauthtokens", database) == [
        ("a@example.com", "SECRET-ACCESS", "SECRET-REFRESH", 1)
    ]


def test_a_dropped_connection_is_opened_again(
    plugin: MySQLStorePlugin, server: Server, database: str, account: str, key: TokenKey
) -> None:
    """A session that the server ended costs no operation: each is done, once, on a new connection."""
    server.sql(f"GRANT ALL ON `{database}`.* TO `{account}`")
    config = server.config(database, db_username=account)
    plugin.fetch(config, key)

    assert server.end_sessions(account) == 1
    plugin.save(config, key, TOKEN, None)
    assert server.end_sessions(account) == 1
    plugin.save(config, key, TOKEN, TOKEN)
    assert server.end_sessions(account) == 1
    with pytest.raises(StaleToken):
        plugin.save(
            config, key, Token("a@example.com", "new", None, 1), Token("a@example.com", "old", None, 1)
        )
    assert server.end_sessions(account) == 1
    assert plugin.fetch(config, key) == TOKEN
    assert server.end_sessions(account) == 1
    assert list(plugin.list(config)) == [key]
    assert server.end_sessions(account) == 1
    assert plugin.delete(config, key) is True
    assert server.end_sessions(account) == 1
    assert plugin.delete(config, key) is False


def test_a_refusal_of_the_server_shows_no_value(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, key: TokenKey
) -> None:
    """An error that zcrm does not know names its number, and neither statement nor value, at any depth."""
    plugin.fetch(config, key)
    server.sql(
        f"CREATE TRIGGER `{database}`.no BEFORE INSERT ON `{database}`.oauthtokens FOR EACH ROW "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'SECRET'"
    )

    with pytest.raises(StoreError, match="1644") as caught:
        plugin.save(config, key, TOKEN, None)

    assert caught.value.code == "ZCRM-MYSQL-008"
    assert "SECRET" not in chain_of(caught.value)


def test_a_frozen_server_is_not_waited_for(
    plugin: MySQLStorePlugin, local_server: LocalServer, database: str, key: TokenKey
) -> None:
    """A server that stops answering ends a save after the time allowed, and it may be saved again later."""
    config = local_server.config(database, timeout=3)
    plugin.fetch(config, key)

    with local_server.frozen(), pytest.raises(StoreUnavailable) as caught:
        plugin.save(config, key, TOKEN, None)
    plugin.save(config, key, TOKEN, None)

    assert caught.value.code == "ZCRM-MYSQL-011"
    assert "SECRET" not in chain_of(caught.value)
    assert plugin.fetch(config, key) == TOKEN


def test_saved_tokens_outlive_the_server(
    plugin: MySQLStorePlugin, local_server: LocalServer, database: str, key: TokenKey
) -> None:
    """A server that is killed right after a save has the token when it is back, for the same client."""
    config = local_server.config(database, timeout=3)
    plugin.save(config, key, TOKEN, None)

    local_server.kill()
    try:
        with pytest.raises(StoreUnavailable) as caught:
            plugin.fetch(config, key)
    finally:
        local_server.start()

    assert caught.value.retryable
    assert plugin.fetch(config, key) == TOKEN
