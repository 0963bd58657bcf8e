"""What do init, status and migrate do to the tables, and what do they say?"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pymysql.connections import MySQLResult
from pymysql.err import OperationalError

from zcrm_contract_tests.proxy import FaultProxy
from zcrm_core import Client, Config, StoreError, StoreUnavailable, Token, TokenKey
from zcrm_store_mysql import migration, schema
from zcrm_store_mysql.plugin import MySQLStorePlugin
from zcrm_store_mysql.sql import Statement

if TYPE_CHECKING:
    from sqlalchemy import Table

    from plugins.zcrm_store_mysql.tests.conftest import Server

ZOHO = (
    "(useridentifier varchar(100) NOT NULL, accesstoken varchar(100) NOT NULL, "
    "refreshtoken varchar(100) NOT NULL, expirytime bigint NOT NULL)"
)
FIRST_SCHEMA = """CREATE TABLE `{0}`.oauthtokens (
  key_digest BINARY(32) NOT NULL PRIMARY KEY,
  useridentifier VARCHAR(512) NOT NULL,
  accesstoken MEDIUMTEXT NOT NULL,
  refreshtoken MEDIUMTEXT,
  expirytime BIGINT NOT NULL,
  client_id VARCHAR(512) NOT NULL,
  environment VARCHAR(512) NOT NULL,
  api_domain MEDIUMTEXT,
  scope MEDIUMTEXT
) ENGINE=InnoDB CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin"""
"""The table as the first version made it: it named no version."""
KEY = TokenKey("a@example.com", "1000.C", "production")
TOKEN = Token("a@example.com", "access", "refresh", 1, "https://www.zohoapis.eu", "a.b")


def said(lines: object) -> str:
    """The lines as one text."""
    assert isinstance(lines, (list, tuple))
    return "\n".join(lines)


@pytest.fixture
def manage(config: Config, plugin: MySQLStorePlugin) -> Callable[[str], str]:
    """What the store says to an action."""
    return lambda action: said(plugin.manage(config, action))  # type: ignore[arg-type] # one of the three


@pytest.fixture
def zoho(server: Server, database: str) -> None:
    """A table made for Zoho's SDKs, with three users."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE TABLE `{database}`.oauthtokens {ZOHO}")
    server.sql(
        "INSERT INTO oauthtokens VALUES ('a@example.com', 'access a', 'refresh a', 11), "
        "('A@example.com', 'access A', 'refresh A', 12), ('b@example.com', 'access b', '', 13), "
        "('a@example.com', 'older', 'refresh a', 10)",
        database,
    )


@pytest.fixture
def first_schema(server: Server, database: str) -> None:
    """The table of the first version, with a token in it."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(FIRST_SCHEMA.format(database))
    server.sql(
        "INSERT INTO oauthtokens VALUES (:digest, 'a@example.com', 'access', 'refresh', 1, '1000.C', "
        "'production', 'https://www.zohoapis.eu', 'a.b')",
        database,
        digest=KEY.digest(),
    )


def test_init_makes_everything_once(
    manage: Callable[[str], str], plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """Init makes database, table and leases and says so; the second time it has nothing to do."""
    assert "Made:" in manage("init")
    assert {name for (name,) in server.sql("SHOW TABLES", database)} == {"oauthtokens", "oauthtokens_leases"}
    assert manage("init").startswith("Nothing to do")
    plugin.save(config, KEY, TOKEN, None)
    assert plugin.fetch(config, KEY) == TOKEN


def test_init_waits_for_a_server_that_is_starting(
    server: Server, database: str, plugin: MySQLStorePlugin
) -> None:
    """Right after a server was started nothing may listen yet: init waits for it, status does not."""
    with FaultProxy(server.host, server.port) as proxy:
        config = server.config(database, db_host="127.0.0.1", db_port=proxy.port, timeout=20)
        with proxy.refusing():
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                plugin.manage(config, "status")
            made: list[str] = []
            starting = threading.Thread(target=lambda: made.append(said(plugin.manage(config, "init"))))
            starting.start()
            starting.join(0.5)
            assert starting.is_alive()
        starting.join(20)

    assert "Made:" in made[0]


def test_status_changes_nothing(manage: Callable[[str], str], server: Server, database: str) -> None:
    """Status on an empty server says what is missing, and makes nothing."""
    assert "is missing" in manage("status")
    assert server.sql("SHOW DATABASES LIKE :name", name=database) == []


def test_status_tells_the_place_and_the_number_of_tokens(
    manage: Callable[[str], str], plugin: MySQLStorePlugin, config: Config, server: Server
) -> None:
    """Status names server, version, table, schema and number of tokens, no secret; notes are no tokens.

    A user who is named as notes are is counted all the same.
    """
    plugin.save(config, KEY, Token("a@example.com", "SECRET", "SECRET", 1), None)
    notes = TokenKey("refresh notes of a@example.com", KEY.client_id, f"{KEY.environment}/refresh-notes")
    plugin.save(config, notes, Token(notes.user_identifier, "{}", None, 0), None)
    namesake = TokenKey(notes.user_identifier, KEY.client_id, KEY.environment)
    plugin.save(config, namesake, Token(namesake.user_identifier, "SECRET", "SECRET", 1), None)

    text = manage("status")

    assert f"{server.host}:{server.port}" in text
    assert str(server.sql("SELECT VERSION()")[0][0]) in text
    assert "zcrm's own, schema 2" in text
    assert "Tokens: 2" in text
    assert "not checked" in text
    assert "SECRET" not in text


@pytest.mark.usefixtures("zoho")
def test_status_says_what_zohos_table_does_not_promise(manage: Callable[[str], str]) -> None:
    """Status tells every limit of a table made for Zoho's SDKs, and the way out."""
    text = manage("status")

    assert text.count("Limit:") == 5
    # Four of the limits begin with what the table has not.
    assert "Not promised" not in text
    assert "zcrm store migrate" in text
    # One user has two of them.
    assert "Rows: 4" in text
    assert "Tokens" not in text
    assert "Cannot be used" not in text


@pytest.mark.parametrize(
    ("columns", "kind", "why"),
    [
        ("(x int)", "no table of tokens", "lacks accesstoken, expirytime, refreshtoken, useridentifier."),
        ("(x int) COMMENT 'zcrm schema 99'", "zcrm's own, schema 99", "made by a newer zcrm"),
        (ZOHO.replace("bigint", "varchar(20)"), "made for Zoho's own SDKs", "expirytime is not BIGINT"),
        (f"{ZOHO} ENGINE=MyISAM", "made for Zoho's own SDKs", "MyISAM instead of InnoDB"),
    ],
)
def test_status_says_of_a_table_that_is_refused_only_that(
    *, manage: Callable[[str], str], server: Server, database: str, columns: str, kind: str, why: str
) -> None:
    """A table that is refused has no schema to be brought to, no tokens to be counted and no limits."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE TABLE `{database}`.oauthtokens {columns}")

    *_, table, refused = manage("status").splitlines()

    assert table == f"Table: {database}.oauthtokens, {kind}"
    assert refused.startswith("Cannot be used: ")
    assert why in refused


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("MODIFY accesstoken varchar(20) NOT NULL", "accesstoken holds 20 characters"),
        ("ADD COLUMN more int NOT NULL", "more needs a value"),
        ("ADD COLUMN more int NOT NULL INVISIBLE", "more needs a value"),
    ],
)
@pytest.mark.parametrize("action", ["status", "init"])
def test_a_table_of_zohos_that_takes_no_login_is_told(
    *, action: str, manage: Callable[[str], str], server: Server, database: str, change: str, why: str
) -> None:
    """What lets every login fail is told before one does."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE TABLE `{database}`.oauthtokens {ZOHO}")
    server.sql(f"ALTER TABLE `{database}`.oauthtokens {change}")

    last = manage(action).splitlines()[-1]

    assert last.startswith("Cannot be used: no new token can be saved: ")
    assert why in last


def test_status_takes_a_column_that_needs_no_value_for_none_that_does(
    manage: Callable[[str], str], server: Server, database: str
) -> None:
    """A default, a number that the server gives, an expression and an ENUM keep no token out."""
    manage("init")
    server.sql(
        f"ALTER TABLE `{database}`.oauthtokens ADD COLUMN a int NOT NULL DEFAULT 7, ADD COLUMN b int, "
        "ADD COLUMN c int NOT NULL AUTO_INCREMENT, ADD KEY (c), ADD COLUMN d int AS (1) STORED NOT NULL, "
        "ADD COLUMN e char(36) NOT NULL DEFAULT (REPEAT(1, 9)), ADD COLUMN f enum('x') NOT NULL"
    )

    assert "Cannot be used" not in manage("status")
    MySQLStorePlugin().save(server.config(database), KEY, TOKEN, None)
    server.sql(f"ALTER TABLE `{database}`.oauthtokens ADD COLUMN g int NOT NULL")
    assert "g needs a value" in manage("status")


@pytest.mark.usefixtures("zoho")
def test_migrate_moves_every_token(
    *,
    manage: Callable[[str], str],
    plugin: MySQLStorePlugin,
    config: Config,
    server: Server,
    database: str,
) -> None:
    """After a migration every user's newest token is in a table of zcrm's, and the old table is kept."""
    before = plugin.fetch(config, KEY)  # a client that works in Zoho's table meanwhile

    text = manage("migrate")

    assert "Moved: 3 tokens" in text
    assert before == Token("a@example.com", "access a", "refresh a", 11)
    assert plugin.fetch(config, KEY) == before
    assert plugin.fetch(config, TokenKey("A@example.com", "1000.C", "production")) == Token(
        "A@example.com", "access A", "refresh A", 12
    )
    assert plugin.fetch(config, TokenKey("b@example.com", "1000.C", "production")) == Token(
        "b@example.com", "access b", None, 13
    )
    plugin.save(config, KEY, TOKEN, before)
    assert MySQLStorePlugin().fetch(config, KEY) == TOKEN
    assert server.sql("SELECT COUNT(*) FROM oauthtokens_zoho", database) == [(4,)]
    assert {name for (name,) in server.sql("SHOW TABLES", database)} == {"oauthtokens", "oauthtokens_zoho"}
    assert "schema 2" in manage("status")
    assert manage("migrate").startswith("Nothing to do")


@pytest.mark.parametrize("row", ["('', 'SECRET', 'r', 1)", "('c@example.com', 'SECRET', 'r', -5)"])
@pytest.mark.usefixtures("zoho")
def test_a_row_that_is_no_token_stops_the_migration(
    *, manage: Callable[[str], str], server: Server, database: str, row: str
) -> None:
    """A migration that would lose a row does nothing and names the row, without its token."""
    server.sql(f"INSERT INTO oauthtokens VALUES {row}", database)  # noqa: S608 - from the lines above

    with pytest.raises(StoreError, match="1 of 5 rows") as caught:
        manage("migrate")

    assert caught.value.code == "ZCRM-MYSQL-017"
    assert "row 5" in caught.value.why
    assert "SECRET" not in str(caught.value)
    assert [name for (name,) in server.sql("SHOW TABLES", database)] == ["oauthtokens"]
    assert server.sql("SELECT COUNT(*) FROM oauthtokens", database) == [(5,)]


@pytest.mark.usefixtures("zoho")
@pytest.mark.parametrize("taken", ["oauthtokens_zoho", "oauthtokens_zcrm"])
def test_a_table_in_the_way_is_not_touched(
    manage: Callable[[str], str], server: Server, database: str, taken: str
) -> None:
    """A migration that needs a name which is taken says which, and leaves all tables as they are."""
    server.sql(f"CREATE TABLE `{database}`.{taken} (x int)")

    with pytest.raises(StoreError, match=taken) as caught:
        manage("migrate")

    assert caught.value.code == "ZCRM-MYSQL-017"
    assert {name for (name,) in server.sql("SHOW TABLES", database)} == {"oauthtokens", taken}
    assert server.sql(f"SHOW COLUMNS FROM {taken}", database)[0][0] == "x"


@pytest.mark.usefixtures("zoho")
def test_a_migration_that_was_interrupted_starts_anew(
    manage: Callable[[str], str], server: Server, database: str
) -> None:
    """What a killed migration left behind is known by its comment, and is in nobody's way."""
    server.sql(f"CREATE TABLE `{database}`.oauthtokens_zcrm (x int) COMMENT = 'zcrm migration, not finished'")

    assert "Moved: 3 tokens" in manage("migrate")


@pytest.mark.parametrize("action", ["init", "migrate"])
@pytest.mark.usefixtures("zoho")
def test_a_migration_that_ended_before_its_last_word_is_finished(
    *, manage: Callable[[str], str], server: Server, database: str, config: Config, action: str
) -> None:
    """The tables have changed places, and the version was never written on the new one."""
    manage("migrate")
    server.sql(f"ALTER TABLE `{database}`.oauthtokens COMMENT = 'zcrm migration, not finished'")

    assert MySQLStorePlugin().fetch(config, KEY) is not None
    assert "Finished" in manage(action)
    assert "schema 2" in manage("status")
    assert manage(action).startswith("Nothing to do")


@pytest.mark.usefixtures("zoho")
def test_a_migration_whose_connection_ends_behind_the_rename_says_what_it_did(
    manage: Callable[[str], str], server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that the server ends between the last two statements costs no error and leaves no mark."""
    name = f"zcrm:{hashlib.sha256(f'{database}.oauthtokens'.encode()).hexdigest()[:40]}"
    ended: list[object] = []

    def commented(table: Table) -> Statement:
        if not ended:
            ((connection,),) = server.sql("SELECT IS_USED_LOCK(:name)", name=name)
            server.sql(f"KILL {connection}")
            ended.append(connection)
        return schema.commented(table)

    monkeypatch.setattr(migration, "commented", commented)

    assert "Finished" in manage("migrate")
    assert ended
    assert "schema 2" in manage("status")


@pytest.mark.usefixtures("zoho")
def test_a_migration_does_not_begin_beside_another_one(
    manage: Callable[[str], str], server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that somebody else is moving for longer than one waits is left to them, and told."""
    monkeypatch.setattr(migration, "_GET_LOCK", Statement("SELECT GET_LOCK(%(name)s, 0)"))
    name = f"zcrm:{hashlib.sha256(f'{database}.oauthtokens'.encode()).hexdigest()[:40]}"
    with server.connect(database) as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 10)", [name])

        with pytest.raises(StoreError, match="somebody else") as caught:
            manage("migrate")

    assert caught.value.code == "ZCRM-MYSQL-017"
    assert server.sql("SHOW TABLES", database) == [("oauthtokens",)]
    assert manage("migrate").startswith("Moved: 3")


@pytest.mark.usefixtures("zoho")
def test_nobody_writes_to_a_table_that_is_being_moved(
    manage: Callable[[str], str], server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another program saves once the rows were read has to wait: it would stay in the old table."""
    refused: list[object] = []

    def newest(*read: Any) -> object:
        with server.connect(database) as other, other.cursor() as cursor:
            cursor.execute("SET lock_wait_timeout = 1")
            with pytest.raises(OperationalError) as caught:
                cursor.execute("UPDATE oauthtokens SET accesstoken = 'late'")
            refused.append(caught.value.args[0])
        return found(*read)

    found = migration._newest
    monkeypatch.setattr(migration, "_newest", newest)

    assert manage("migrate").startswith("Moved: 3")
    assert refused == [1205]


@pytest.mark.usefixtures("zoho")
def test_ctrl_c_ends_a_migration(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the rows are read ends the program, changes nothing, and leaves no lock behind."""

    def interrupted(result: Any) -> None:
        if result.description[0][0] == "useridentifier":
            raise KeyboardInterrupt
        read(result)

    read = MySQLResult._read_rowdata_packet  # type: ignore[attr-defined] # the driver's own
    with monkeypatch.context() as patch:
        patch.setattr(MySQLResult, "_read_rowdata_packet", interrupted)
        with pytest.raises(KeyboardInterrupt):
            plugin.manage(config, "migrate")

    assert server.sql("SELECT COUNT(*) FROM oauthtokens", database) == [(4,)]
    assert plugin.manage(config, "migrate")[0].startswith("Moved: 3")


@pytest.mark.usefixtures("first_schema")
def test_an_older_schema_is_brought_up_to_date(
    *, plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """The table of the first version gets what is new at its first use, and its tokens stay."""
    assert plugin.fetch(config, KEY) == TOKEN

    ((comment,),) = server.sql(
        "SELECT table_comment FROM information_schema.tables WHERE table_schema = :d", d=database
    )
    assert comment == "zcrm schema 2"
    assert server.sql("SELECT COUNT(updated_at) FROM oauthtokens", database) == [(1,)]


@pytest.mark.usefixtures("first_schema")
def test_many_can_bring_it_up_to_date_at_once(config: Config) -> None:
    """Eight clients that start together on the first version's table all get the token, and no error."""
    found: list[object] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        try:
            found.append(MySQLStorePlugin().fetch(config, KEY))
        except StoreError as error:
            found.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [TOKEN] * 8


@pytest.fixture
def poor(server: Server, database: str) -> Iterator[Callable[[str], Config]]:
    """A configuration whose account has only these rights in the database."""
    user = f"u_{database[-12:]}"
    server.sql(f"CREATE USER `{user}` IDENTIFIED BY :password", password=server.password)

    def granted(rights: str) -> Config:
        server.sql(f"GRANT {rights} ON `{database}`.* TO `{user}`")
        return server.config(database, db_username=user)

    yield granted
    server.sql(f"DROP USER `{user}`")


@pytest.mark.parametrize("rights", ["USAGE", "CREATE", "ALTER"])
@pytest.mark.parametrize("action", ["init", "status", "migrate"])
def test_a_table_that_the_account_may_not_see_is_not_taken_for_missing(
    *, plugin: MySQLStorePlugin, config: Config, poor: Callable[[str], Config], action: str, rights: str
) -> None:
    """Where the table is hidden from the account, each action says so, and not that there is none."""
    plugin.save(config, KEY, TOKEN, None)

    with pytest.raises(StoreUnavailable) as caught:
        plugin.manage(poor(rights), action)  # type: ignore[arg-type] # one of the three

    assert caught.value.code == "ZCRM-MYSQL-003"
    assert plugin.fetch(config, KEY) == TOKEN


def test_locks_that_the_account_may_not_use_are_told(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str, poor: Callable[[str], Config]
) -> None:
    """Status does not promise that a refresh makes what is there and hidden; the lock's error names it."""
    plugin.manage(config, "init")
    account = poor("USAGE")
    server.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{database}`.oauthtokens TO `u_{database[-12:]}`")

    (locks,) = (line for line in plugin.manage(account, "status") if line.startswith("Refresh locks"))

    assert "may not see it" in locks

    with pytest.raises(StoreUnavailable, match="_leases") as caught, plugin.lock(account, KEY, 1):
        pass
    assert caught.value.code == "ZCRM-MYSQL-003"


@pytest.mark.parametrize("table", ["zcrm's", "Zoho's"])
@pytest.mark.parametrize(
    ("rights", "lacking"),
    [
        ("SELECT", "INSERT, UPDATE, DELETE"),
        ("SELECT, INSERT, DELETE", "UPDATE"),
        ("SELECT, INSERT, UPDATE", "DELETE"),
    ],
)
def test_init_says_which_rights_are_lacking(
    *,
    plugin: MySQLStorePlugin,
    server: Server,
    database: str,
    poor: Callable[[str], Config],
    rights: str,
    lacking: str,
    table: str,
) -> None:
    """Tables that are there are not all that a login needs: init says which rights it would miss."""
    config = server.config(database)
    if table == "Zoho's":
        server.sql(f"CREATE DATABASE `{database}`")
        server.sql(f"CREATE TABLE `{database}`.oauthtokens {ZOHO}")
        server.sql(f"ALTER TABLE `{database}`.oauthtokens ADD COLUMN id int PRIMARY KEY AUTO_INCREMENT FIRST")
    plugin.manage(config, "init")
    plugin.save(config, KEY, TOKEN, None)
    before = server.sql("SELECT * FROM oauthtokens", database)

    lines = plugin.manage(poor(rights), "init")

    assert [line.partition(": ")[2] for line in lines if line.startswith("Not granted")] == [
        f"{lacking} on {database}.{name}; the README of zcrm-store-mysql shows the grants"
        for name in ("oauthtokens", "oauthtokens_leases")
    ]
    assert plugin.manage(config, "init")[1:] == []
    assert server.sql("SELECT * FROM oauthtokens", database) == before


@pytest.mark.usefixtures("zoho")
@pytest.mark.parametrize("more", ["", ", ALTER", ", ALTER, DROP"])
def test_a_migration_without_its_rights_says_which(
    *, plugin: MySQLStorePlugin, server: Server, database: str, poor: Callable[[str], Config], more: str
) -> None:
    """An account that may use the table and not move it is told what it lacks, and nothing is moved."""
    before = server.sql("SELECT * FROM oauthtokens ORDER BY accesstoken", database)

    with pytest.raises(StoreUnavailable) as caught:
        plugin.manage(poor(f"SELECT, INSERT, UPDATE, DELETE, CREATE{more}"), "migrate")

    assert caught.value.code == "ZCRM-MYSQL-003"
    assert "LOCK TABLES" in caught.value.why
    # An error of the driver's, whose text can hold values, would hang below the one that is raised.
    assert caught.value.__context__ is None
    assert server.sql("SELECT * FROM oauthtokens ORDER BY accesstoken", database) == before
    assert plugin.manage(server.config(database), "migrate")[0].startswith("Moved: 3")


@pytest.mark.usefixtures("first_schema")
def test_an_account_that_may_not_alter_uses_the_older_schema(
    *,
    plugin: MySQLStorePlugin,
    server: Server,
    database: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without the right to alter the table it is used as it is, and the log says so."""
    user = f"u_{database[-12:]}"
    server.sql(f"CREATE USER `{user}` IDENTIFIED BY :password", password=server.password)
    try:
        server.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{database}`.* TO `{user}`")
        poor = server.config(database, db_username=user)
        plugin.save(poor, KEY, Token("a@example.com", "new", None, 2), TOKEN)
        assert plugin.fetch(poor, KEY) == Token("a@example.com", "new", None, 2)
    finally:
        server.sql(f"DROP USER `{user}`")

    assert "stays in schema 1" in caplog.text


def test_a_newer_schema_is_refused_without_damage(
    plugin: MySQLStorePlugin, config: Config, server: Server, database: str
) -> None:
    """A table that a newer zcrm made is refused by every operation, and not a byte of it changes."""
    plugin.save(config, KEY, TOKEN, None)
    server.sql(
        f"ALTER TABLE `{database}`.oauthtokens ADD COLUMN new_thing int NOT NULL DEFAULT 7, "
        "COMMENT = 'zcrm schema 3'"
    )
    before = server.sql("SELECT * FROM oauthtokens", database)
    other = MySQLStorePlugin()

    for operation in (
        lambda: other.fetch(config, KEY),
        lambda: other.save(config, KEY, TOKEN, None),
        lambda: other.delete(config, KEY),
        lambda: other.list(config),
        lambda: other.manage(config, "init"),
        lambda: other.manage(config, "migrate"),
    ):
        with pytest.raises(StoreError, match="newer zcrm") as caught:
            operation()
        assert caught.value.code == "ZCRM-MYSQL-016"

    assert server.sql("SELECT * FROM oauthtokens", database) == before
    assert "Cannot be used" in said(other.manage(config, "status"))


@pytest.mark.parametrize("name", ["information_schema", "mysql"])
@pytest.mark.parametrize("action", ["init", "status", "migrate"])
def test_the_servers_own_databases_are_left_alone(
    plugin: MySQLStorePlugin, server: Server, name: str, action: str
) -> None:
    """Every action says the same of a database of the server's own, and makes nothing there."""
    before = server.sql("SHOW TABLES", "mysql")

    with pytest.raises(StoreError, match="server's own") as caught:
        plugin.manage(server.config(name, db_table="user"), action)  # type: ignore[arg-type] # one of the three

    assert caught.value.code == "ZCRM-MYSQL-010"
    assert server.sql("SHOW TABLES", "mysql") == before


def test_a_client_passes_the_action_on(config: Config) -> None:
    """A program reaches the three actions through its client."""
    with Client(config, token_store=MySQLStorePlugin()) as client:
        assert "is missing" in said(client.manage_store("status"))


def test_no_server_is_told_as_for_any_call(plugin: MySQLStorePlugin) -> None:
    """An administrator who names no server gets the same error as a program."""
    config = Config(
        {"client_id": "1", "client_secret": "s", "db_host": "no-such-host.invalid"},
        plugin_keys=MySQLStorePlugin.config_keys,
    )
    with pytest.raises(StoreUnavailable, match=r"no-such-host\.invalid"):
        plugin.manage(config, "status")
