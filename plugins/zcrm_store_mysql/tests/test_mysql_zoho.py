"""Does the store work in a table made for Zoho's own SDKs, and lose and mix up nothing there?"""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from zcrm_core import Config, StaleToken, StoreCorrupt, StoreError, Token, TokenKey
from zcrm_store_mysql import schema
from zcrm_store_mysql.plugin import MySQLStorePlugin

if TYPE_CHECKING:
    from plugins.zcrm_store_mysql.tests.conftest import Server

COLUMNS = (
    "useridentifier varchar(100) NOT NULL, accesstoken varchar(100) NOT NULL, "
    "refreshtoken varchar(100) NOT NULL, expirytime bigint NOT NULL"
)
FORMS = {
    "a key, the server's collation": f"({COLUMNS}, PRIMARY KEY (useridentifier))",
    "no key": f"({COLUMNS})",
    "latin1": f"({COLUMNS}) CHARACTER SET latin1",
    "an old collation": f"({COLUMNS}, PRIMARY KEY (useridentifier)) COLLATE utf8mb4_general_ci",
    "more columns": f"(id int NOT NULL AUTO_INCREMENT PRIMARY KEY, granttoken text, {COLUMNS})",
}
USER = "a@example.com"
KEY = TokenKey(USER, "1000.C", "production")


def token_of(user: str = USER, access: str = "access", expiry: int = 1_800_000_000_000) -> Token:
    """A token that four columns can hold."""
    return Token(user, access, "refresh", expiry)


@pytest.fixture(params=FORMS)
def zoho(request: pytest.FixtureRequest, server: Server, database: str) -> Config:
    """A configuration whose table was made for Zoho's SDKs, in each form that is found."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE TABLE `{database}`.oauthtokens {FORMS[request.param]}")
    return server.config(database)


@pytest.fixture
def keyed(server: Server, database: str) -> Config:
    """A configuration whose table was made for Zoho's SDKs with a primary key."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(
        f"CREATE TABLE `{database}`.oauthtokens {FORMS['a key, the server' + chr(39) + 's collation']}"
    )
    return server.config(database)


@pytest.fixture
def keyless(server: Server, database: str) -> Config:
    """A configuration whose table was made for Zoho's SDKs without any key."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE TABLE `{database}`.oauthtokens {FORMS['no key']}")
    return server.config(database)


def rows(server: Server, database: str) -> list[tuple[object, ...]]:
    """What is in Zoho's columns."""
    return server.sql(
        "SELECT useridentifier, accesstoken, refreshtoken, expirytime FROM oauthtokens ORDER BY 1, 2",
        database,
    )


def test_tokens_are_kept_in_zohos_columns(
    zoho: Config, plugin: MySQLStorePlugin, server: Server, database: str
) -> None:
    """Save, fetch, replace, list and delete work in every form of the table, on one row a user."""
    second = token_of(access="second")

    assert plugin.fetch(zoho, KEY) is None
    assert plugin.save(zoho, KEY, token_of(), None) is True
    assert plugin.fetch(zoho, KEY) == token_of()
    plugin.save(zoho, KEY, second, token_of())
    assert rows(server, database) == [(USER, "second", "refresh", second.expiry_time)]
    with pytest.raises(StaleToken):
        plugin.save(zoho, KEY, token_of(), token_of())
    assert list(plugin.list(zoho)) == [KEY]
    assert plugin.delete(zoho, KEY) is True
    assert plugin.delete(zoho, KEY) is False
    assert rows(server, database) == []
    with pytest.raises(StaleToken):
        plugin.save(zoho, KEY, token_of(), second)
    assert rows(server, database) == []


def test_what_zohos_sdks_wrote_is_read(
    zoho: Config, plugin: MySQLStorePlugin, server: Server, database: str
) -> None:
    """A row that Zoho's SDKs left is the user's token, and only that user's."""
    server.sql(
        "INSERT INTO oauthtokens (useridentifier, accesstoken, refreshtoken, expirytime) "
        "VALUES ('b@example.com', 'of b', 'rb', 2), ('a@example.com', 'of a', '', 1)",
        database,
    )

    assert plugin.fetch(zoho, KEY) == Token(USER, "of a", None, 1)
    assert {key.user_identifier for key in plugin.list(zoho)} == {USER, "b@example.com"}


@pytest.mark.parametrize(("given", "written"), [(None, None), ("", "")])
def test_no_refresh_token_and_an_empty_one_are_two_where_the_column_can_tell(
    plugin: MySQLStorePlugin, server: Server, database: str, given: str | None, written: str | None
) -> None:
    """A column that may be NULL has NULL for none, and an empty text stays one; they are two tokens."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE TABLE `{database}`.oauthtokens ({COLUMNS.replace('NOT NULL', 'NULL')})")
    config, token = server.config(database), replace(token_of(), refresh_token=given)

    plugin.save(config, KEY, token, None)

    assert plugin.fetch(config, KEY) == token
    assert rows(server, database) == [(USER, "access", written, token.expiry_time)]
    with pytest.raises(StaleToken):
        plugin.save(config, KEY, token_of(), replace(token, refresh_token="" if given is None else None))
    plugin.save(config, KEY, token_of(), token)


@pytest.mark.parametrize("given", [None, ""])
def test_no_refresh_token_and_an_empty_one_are_one_where_it_cannot(
    keyed: Config, plugin: MySQLStorePlugin, server: Server, database: str, given: str | None
) -> None:
    """A column that may not be NULL has an empty text for both, read as none; either replaces it."""
    token = replace(token_of(), refresh_token=given)

    plugin.save(keyed, KEY, token, None)

    assert plugin.fetch(keyed, KEY) == replace(token, refresh_token=None)
    assert rows(server, database) == [(USER, "access", "", token.expiry_time)]
    plugin.save(keyed, KEY, token_of(), token)


@pytest.mark.parametrize(
    "other", ["A@example.com", "á@example.com", "a@example.com\u200b", "\uff41@example.com"]
)
def test_another_users_token_is_never_given_out(
    keyed: Config, plugin: MySQLStorePlugin, server: Server, database: str, other: str
) -> None:
    """Where the collation takes two for one, neither gets nor harms the other's token."""
    plugin.save(keyed, KEY, token_of(), None)
    look_alike = TokenKey(other, "1000.C", "production")

    assert (
        server.sql("SELECT accesstoken FROM oauthtokens WHERE useridentifier = :u", database, u=other) != []
    )
    assert plugin.fetch(keyed, look_alike) is None
    assert plugin.delete(keyed, look_alike) is False
    with pytest.raises(StoreError) as caught:
        plugin.save(keyed, look_alike, token_of(other), None)

    assert caught.value.code == "ZCRM-MYSQL-015"
    assert rows(server, database) == [(USER, "access", "refresh", 1_800_000_000_000)]


def test_look_alikes_live_side_by_side_without_a_key(keyless: Config, plugin: MySQLStorePlugin) -> None:
    """Where no key forbids it, users that the collation takes for one have a token each."""
    users = ["a@x.com", "A@x.com", "á@x.com", "a@x.com ", "a@x.com\u200b"]
    for user in users:
        plugin.save(keyless, TokenKey(user, "1", "production"), token_of(user, f"of {user}"), None)

    plugin.delete(keyless, TokenKey("A@x.com", "1", "production"))

    found = {user: plugin.fetch(keyless, TokenKey(user, "1", "production")) for user in users}
    assert found == {user: token_of(user, f"of {user}") if user != "A@x.com" else None for user in users}


@pytest.mark.parametrize(
    ("key", "token"),
    [
        (TokenKey("a" * 101, "1", "production"), Token("a" * 101, "x", "y", 1)),
        (TokenKey("a" * 500, "1", "production"), Token("a" * 500, "x", "y", 1)),
        (TokenKey("a" * 100 + " ", "1", "production"), Token("a" * 100 + " ", "x", "y", 1)),
        (KEY, replace(token_of(), access_token="SECRET" * 17)),
        (KEY, replace(token_of(), access_token="S" * 100 + " ")),
        (KEY, replace(token_of(), refresh_token="SECRET" * 10_000)),
    ],
)
def test_what_is_too_long_is_refused_before_any_write(
    *, keyed: Config, plugin: MySQLStorePlugin, server: Server, database: str, key: TokenKey, token: Token
) -> None:
    """A value that the column would cut, final blanks too, is an error that names the column and no value."""
    plugin.save(keyed, KEY, token_of(), None)
    before = rows(server, database)

    with pytest.raises(StoreError, match=r"does not fit .*nothing was changed") as caught:
        plugin.save(keyed, key, token, None)

    assert caught.value.code == "ZCRM-MYSQL-014"
    assert "SECRET" not in str(caught.value)
    assert rows(server, database) == before


@pytest.mark.parametrize("user", ["😀@example.com", "\u0430@example.com"])
def test_what_the_character_set_lacks_is_refused(
    plugin: MySQLStorePlugin, server: Server, database: str, user: str
) -> None:
    """A user whom a latin1 column cannot hold has no token there, and saving one is a typed error."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE TABLE `{database}`.oauthtokens {FORMS['latin1']}")
    config, key = server.config(database), TokenKey(user, "1", "production")
    plugin.save(config, KEY, token_of(), None)

    assert plugin.fetch(config, key) is None
    assert plugin.delete(config, key) is False
    with pytest.raises(StoreError) as caught:
        plugin.save(config, key, token_of(user), None)

    assert caught.value.code == "ZCRM-MYSQL-014"
    assert len(rows(server, database)) == 1


def test_many_writers_leave_one_row(keyless: Config, server: Server, database: str) -> None:
    """Sixteen threads that save eight users into an empty table without a key leave a row each, no error."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(16)

    def write(number: int) -> None:
        plugin, user = MySQLStorePlugin(), f"user{number % 8}"
        barrier.wait()
        try:
            for expiry in range(10):
                plugin.save(
                    keyless, TokenKey(user, "1", "production"), token_of(user, str(number), expiry), None
                )
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert server.sql("SELECT COUNT(*), COUNT(DISTINCT useridentifier) FROM oauthtokens", database) == [
        (8, 8)
    ]


def test_a_save_that_fails_keeps_the_row(
    keyed: Config, plugin: MySQLStorePlugin, server: Server, database: str
) -> None:
    """A save that the server refuses in the middle leaves the row as it was: nothing is deleted first."""
    plugin.save(keyed, KEY, token_of(), None)
    server.sql(
        f"CREATE TRIGGER `{database}`.no BEFORE UPDATE ON `{database}`.oauthtokens FOR EACH ROW "
        "SIGNAL SQLSTATE '45000'"
    )

    with pytest.raises(StoreError, match="1644"):
        plugin.save(keyed, KEY, token_of(access="new"), None)

    assert plugin.fetch(keyed, KEY) == token_of()


def test_of_two_rows_of_one_user_the_last_to_end_counts(
    keyless: Config, plugin: MySQLStorePlugin, server: Server, database: str
) -> None:
    """Two rows left for one user are one token, the newer, of one user; saving and deleting treat both."""
    server.sql(
        "INSERT INTO oauthtokens VALUES ('a@example.com', 'new', 'r', 9), ('a@example.com', 'old', 'r', 5)",
        database,
    )

    assert plugin.fetch(keyless, KEY) == Token(USER, "new", "r", 9)
    assert list(plugin.list(keyless)) == [KEY]
    plugin.save(keyless, KEY, token_of(expiry=1), Token(USER, "new", "r", 9))
    assert plugin.fetch(keyless, KEY) == token_of(expiry=1)
    assert plugin.delete(keyless, KEY) is True
    assert rows(server, database) == []


@pytest.mark.parametrize("garbage", ["('a@example.com', 'SECRET', 'r', -1)", "('', 'SECRET', 'r', 1)"])
def test_garbage_is_told_and_harms_nobody_else(
    keyed: Config, plugin: MySQLStorePlugin, server: Server, database: str, garbage: str
) -> None:
    """A row that is no token is an error without a secret; other users' tokens are as they were."""
    other = TokenKey("b@example.com", "1", "production")
    plugin.save(keyed, other, token_of("b@example.com"), None)
    server.sql(f"INSERT INTO oauthtokens VALUES {garbage}", database)  # noqa: S608 - from the lines above

    def ask() -> None:
        plugin.fetch(keyed, KEY)
        plugin.list(keyed)

    with pytest.raises(StoreCorrupt) as caught:
        ask()

    assert caught.value.code == "ZCRM-MYSQL-009"
    assert "SECRET" not in str(caught.value)
    assert plugin.fetch(keyed, other) == token_of("b@example.com")


def test_the_api_domain_and_the_scope_are_left_out(keyed: Config, plugin: MySQLStorePlugin) -> None:
    """What four columns cannot hold does not come back, and does not keep a token from being replaced."""
    full = Token(USER, "access", "refresh", 1, "https://www.zohoapis.eu", "a.b")
    plugin.save(keyed, KEY, full, None)

    assert plugin.fetch(keyed, KEY) == Token(USER, "access", "refresh", 1)
    plugin.save(keyed, KEY, replace(full, access_token="new"), full)
    assert plugin.fetch(keyed, KEY) == Token(USER, "new", "refresh", 1)


def test_what_is_not_promised_is_said_once(
    keyed: Config, plugin: MySQLStorePlugin, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has one warning that names the table and what it does not promise."""
    with caplog.at_level(logging.WARNING, logger="zcrm"):
        for _ in range(3):
            plugin.fetch(keyed, KEY)

    (record,) = [record for record in caplog.records if "Zoho's own SDKs" in record.getMessage()]
    assert "client" in record.getMessage()
    assert "collation" in record.getMessage()


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        (
            "(useridentifier int, accesstoken text, refreshtoken text, expirytime bigint)",
            "useridentifier is INT",
        ),
        (
            "(useridentifier varchar(9), accesstoken text, refreshtoken text, expirytime varchar(20))",
            "expirytime is not BIGINT",
        ),
        (
            "(useridentifier text, accesstoken text, refreshtoken text, expirytime bigint) ENGINE=MyISAM",
            "MyISAM instead of InnoDB",
        ),
        ("(useridentifier varchar(9), accesstoken text)", "lacks expirytime, refreshtoken"),
    ],
)
def test_a_table_in_which_tokens_are_not_safe_is_refused(
    plugin: MySQLStorePlugin, server: Server, database: str, form: str, fault: str
) -> None:
    """A table with other columns, or one without transactions, is refused by its fault and left alone."""
    server.sql(f"CREATE DATABASE `{database}`")
    server.sql(f"CREATE TABLE `{database}`.oauthtokens {form}")

    with pytest.raises(StoreError) as caught:
        plugin.save(server.config(database), KEY, token_of(), None)

    assert caught.value.code == "ZCRM-MYSQL-006"
    assert fault in caught.value.why
    assert server.sql("SELECT COUNT(*) FROM oauthtokens", database) == [(0,)]


def test_what_the_server_takes_for_the_same_is_compared_once_more(
    keyless: Config, plugin: MySQLStorePlugin, server: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server's comparison is not exact, nobody gets, replaces or deletes another's token."""
    monkeypatch.setitem(schema.COLLATIONS, "MySQL", "utf8mb4_0900_ai_ci")
    plugin.save(keyless, KEY, token_of(), None)
    other = TokenKey(USER.upper(), "1000.C", "production")

    assert plugin.fetch(keyless, other) is None
    assert plugin.delete(keyless, other) is False
    with pytest.raises(StaleToken):
        plugin.save(keyless, other, token_of(other.user_identifier, "new"), token_of(other.user_identifier))

    assert rows(server, database) == [(USER, "access", "refresh", 1_800_000_000_000)]
