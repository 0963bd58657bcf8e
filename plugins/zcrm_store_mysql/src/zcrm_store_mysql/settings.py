"""Which servers, database and table does the configuration name?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zcrm_core import Config, Secret, StoreError
from zcrm_store_mysql.tls import Tls, read_tls
from zcrm_store_mysql.url import NO_URL, Address, Url, parse

__all__ = ["DEFAULT_TABLE", "TABLE_KEY", "URL_KEY", "Place", "read_place"]

TABLE_KEY: Final = "db_table"
URL_KEY: Final = "db_url"
DEFAULT_TABLE: Final = "oauthtokens"
_OF_THE_SERVER: Final = {"information_schema", "mysql", "performance_schema", "sys"}
_LONGEST_NAME: Final = 64
_LONGEST_PREFIX: Final = 57
_LONGEST_HOST: Final = 253


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tokens are kept.

    Args:
        addresses: the servers; with several, the one that takes changes is looked for.
        user: the MySQL user.
        password: that user's password; may be empty.
        database: the database's name.
        table: the table's name.
        client_id: whose tokens they are, where the table does not say it.
        environment: the environment they are for, where the table does not say it.
        timeout: how long one operation may take, in seconds, all its repetitions included.
        tls: how connections are encrypted; ``None`` encrypts where the server can, and checks nothing.
    """

    addresses: tuple[Address, ...]
    user: str
    password: Secret
    database: str
    table: str
    client_id: str
    environment: str
    timeout: float
    tls: Tls | None = None

    def __str__(self) -> str:
        return ", ".join(map(str, self.addresses))

    @property
    def table_name(self) -> str:
        """The table with its database, for messages."""
        return f"{self.database}.{self.table}"

    @property
    def lease_table(self) -> str:
        """The table of the refresh locks, in the same database."""
        return f"{self.table[:_LONGEST_PREFIX]}_leases"


def read_place(config: Config) -> Place:
    """Read ``db_url`` and the other ``db_*`` keys, with Zoho's defaults.

    Raises:
        StoreError: a URL or a name that cannot be used, a TLS key of the wrong kind, or a key that
            contradicts the URL.
    """
    given = config.get(URL_KEY)
    url = parse(given) if isinstance(given, Secret) else NO_URL
    _refuse_contradictions(config, url)
    port, password = config.get("db_port"), config.get("db_password")
    if not isinstance(port, int) or not isinstance(password, Secret):
        raise TypeError("the core reads db_port as a number and db_password as a Secret")
    user = str(config.get("db_username")) if url.user is None else url.user
    secret = password if url.password is None else url.password
    addresses = url.addresses or (Address(str(config.get("db_host")), port),)
    _refuse_unsendable("db_username", user)
    _refuse_unsendable("db_password", secret.reveal())
    for address in addresses:
        _refuse_unsendable("db_host", address.host)
    return Place(
        addresses=addresses,
        user=user,
        password=secret,
        database=_database(config.get("db_name") if url.database is None else url.database),
        table=_name(TABLE_KEY, url.options.get(TABLE_KEY, config.get(TABLE_KEY, DEFAULT_TABLE))),
        client_id=config.client_id,
        environment=config.environment,
        timeout=config.timeout,
        tls=read_tls({**{key: config.get(key) for key in config}, **url.options}, config.locate),
    )


def _refuse_contradictions(config: Config, url: Url) -> None:
    """See that no key says something else than the URL."""
    named: dict[str, object] = {
        "db_username": url.user,
        "db_password": url.password,
        "db_name": url.database,
        **url.options,
    }
    if url.addresses:
        named["db_host"] = ", ".join(address.host for address in url.addresses)
        named["db_port"] = ", ".join(str(address.port) for address in url.addresses)
    for key, value in named.items():
        said = config.get(key)
        if value is None or key not in config or said == value or str(said) == value:
            continue
        raise StoreError(
            f"The keys {URL_KEY} and {key} contradict each other.",
            why=f"{URL_KEY} names another {key}, and only one can hold.",
            fix=f"Remove {key}, or leave that part out of {URL_KEY}.",
            code="ZCRM-MYSQL-005",
        )


def _refuse_unsendable(key: str, value: str) -> None:
    """Let a text pass that the protocol can carry; the message does not quote it."""
    too_long = key == "db_host" and len(value) > _LONGEST_HOST
    if not too_long and not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
        return
    raise StoreError(
        f"The key {key} cannot be sent to a MySQL server.",
        why=f"It holds a NUL or half of a surrogate pair, or is a host of over {_LONGEST_HOST} characters.",
        fix=f"Correct {key}.",
        code="ZCRM-MYSQL-010",
    )


def _database(value: object) -> str:
    """Let a name pass that can be the database of somebody other than the server itself."""
    name = _name("db_name", value)
    # Some servers take capitals for small letters, and all do in information_schema.
    if name.lower() not in _OF_THE_SERVER:
        return name
    raise StoreError(
        f"The key db_name names {name}, a database of the MySQL server's own.",
        why="The server keeps its accounts or tells of itself there, and tokens have no place in it.",
        fix="Set db_name to a database of yours, or leave it out.",
        code="ZCRM-MYSQL-010",
    )


def _name(key: str, value: object) -> str:
    """Let a text pass that MySQL takes as a quoted name."""
    if (
        isinstance(value, str)
        and 1 <= len(value) <= _LONGEST_NAME
        and value == value.rstrip()
        and all("\0" < char <= "\uffff" and not "\ud800" <= char <= "\udfff" for char in value)
    ):
        return value
    raise StoreError(
        f"The key {key} is no name that MySQL can use.",
        why=f"Such a name is a text of 1 to {_LONGEST_NAME} characters, with no NUL, emoji or final blank.",
        fix=f"Correct {key}, or leave it out.",
        code="ZCRM-MYSQL-010",
    )
