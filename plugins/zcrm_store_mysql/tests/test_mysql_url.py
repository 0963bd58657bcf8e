"""What does db_url say, what is refused in it, and what may stand beside it?"""

from __future__ import annotations

import pytest

from zcrm_core import Config, Secret, StoreError
from zcrm_store_mysql.plugin import MySQLStorePlugin
from zcrm_store_mysql.settings import read_place
from zcrm_store_mysql.url import Address, parse


def config_of(**keys: object) -> Config:
    """A configuration with some of the store's keys."""
    return Config({"client_id": "1", "client_secret": "s", **keys}, plugin_keys=MySQLStorePlugin.config_keys)


def test_a_url_says_everything() -> None:
    """Hosts, ports, user, password, database, table and TLS files all fit into one line."""
    place = read_place(
        config_of(
            db_url="mysql://zc%40rm:p%2Fa%3As%25s%40@db1:3307,db2,[::1]:3308/crm"
            "?table=tokens&ssl_ca=/etc/ca.pem&ssl_verify=yes"
        )
    )

    assert place.addresses == (Address("db1", 3307), Address("db2", 3306), Address("::1", 3308))
    assert (place.user, place.password.reveal()) == ("zc@rm", "p/a:s%s@")
    assert place.table_name == "crm.tokens"
    assert place.tls is not None
    assert (str(place.tls.ca), place.tls.verify) == ("/etc/ca.pem", True)
    assert str(place) == "db1:3307, db2:3306, [::1]:3308"


def test_what_a_url_leaves_open_has_zohos_defaults() -> None:
    """A URL with a host only leaves the rest to the keys and their defaults."""
    place = read_place(config_of(db_url="mysql://db1", db_password="elsewhere"))

    assert place.addresses == (Address("db1", 3306),)
    assert (place.user, place.password.reveal()) == ("root", "elsewhere")
    assert place.table_name == "zohooauth.oauthtokens"


@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"])
def test_sqlalchemys_spellings_are_known(scheme: str) -> None:
    """A URL that an application has for SQLAlchemy already can be used as it is."""
    assert parse(Secret(f"{scheme}://u:p@h:1/d")).addresses == (Address("h", 1),)


@pytest.mark.parametrize(
    "url",
    [
        "db1", "postgresql://u:SECRET@db1/x", "mysql://", "mysql://u:SECRET@", "mysql://u:SECRET@db1:0/x",
        "mysql://u:SECRET@db1:65536", "mysql://u:SECRET@db1:port/x", "mysql://u:SECRET@db1,,db2/x",
        "mysql://u:SECRET@db1/x?tabel=t", "mysql://u:SECRET@db1/x?table=a&table=b", "mysql://u:SEC@RET@db1/x",
        "mysql://u:SECRET@db1/x/y", "mysql://u:SECRET@db1/x#y", "mysql://u:SECRET@[::1/x",
        "mysql://u:12/SECRET@db1",
    ],
)  # fmt: skip
def test_another_form_is_refused_without_being_quoted(url: str) -> None:
    """A URL that cannot be read is an error that shows the form, and nothing of a password in it."""
    with pytest.raises(StoreError, match="db_url") as caught:
        read_place(config_of(db_url=url))

    assert caught.value.code == "ZCRM-MYSQL-005"
    assert "SEC" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("db_host", "db2"), ("db_port", 3307), ("db_username", "other"), ("db_password", "other"),
        ("db_name", "other"), ("db_table", "other"), ("db_ssl_verify", "no"), ("mysql_host", "db2"),
    ],
)  # fmt: skip
def test_a_key_that_says_something_else_is_refused(key: str, value: object) -> None:
    """What the URL and another key both name must be the same; the error names the two keys."""
    url = "mysql://user:password@db1:3306/crm?table=tokens&ssl_verify=yes"
    documented = {"mysql_host": "db_host"}.get(key, key)

    with pytest.raises(StoreError, match=rf"db_url and {documented} contradict") as caught:
        read_place(config_of(db_url=url, **{key: value}))

    assert caught.value.code == "ZCRM-MYSQL-005"
    assert "password@" not in str(caught.value)


def test_a_key_that_says_the_same_is_no_contradiction() -> None:
    """The same value in the URL and in a key is accepted."""
    place = read_place(
        config_of(
            db_url="mysql://u:p@db1:3307/crm", db_host="db1", db_port="3307", db_name="crm", db_password="p"
        )
    )

    assert place.addresses == (Address("db1", 3307),)


def test_the_url_is_a_secret() -> None:
    """Neither the configuration nor the place shows the password in a URL."""
    config = config_of(db_url="mysql://u:SECRET@db1")

    assert "SECRET" not in f"{config!r} {config.get('db_url')} {read_place(config)!r}"
