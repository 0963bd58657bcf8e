"""Which server, database and table does the configuration name?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zcrm_core import Config, Secret, StoreError
from zcrm_store_mysql.tls import Tls, read_tls

__all__ = ["DEFAULT_TABLE", "TABLE_KEY", "Place", "read_place"]

TABLE_KEY: Final = "db_table"
DEFAULT_TABLE: Final = "oauthtokens"
_LONGEST_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tokens are kept.

    Args:
        host: the server's name or address.
        port: its port.
        user: the MySQL user.
        password: that user's password; may be empty.
        database: the database's name.
        table: the table's name.
        timeout: how long one call to the server may take, in seconds.
        tls: how connections are encrypted; ``None`` leaves it to the driver, which encrypts where it can.
    """

    host: str
    port: int
    user: str
    password: Secret
    database: str
    table: str
    timeout: float
    tls: Tls | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def table_name(self) -> str:
        """The table with its database, for messages."""
        return f"{self.database}.{self.table}"


def read_place(config: Config) -> Place:
    """Read the ``db_*`` keys, with Zoho's defaults.

    Raises:
        StoreError: a database or table name that MySQL cannot have, or a TLS key of the wrong kind.
    """
    port, password = config.get("db_port"), config.get("db_password")
    if not isinstance(port, int) or not isinstance(password, Secret):
        raise TypeError("the core reads db_port as a number and db_password as a Secret")
    return Place(
        host=str(config.get("db_host")),
        port=port,
        user=str(config.get("db_username")),
        password=password,
        database=_name("db_name", config.get("db_name")),
        table=_name(TABLE_KEY, config.get(TABLE_KEY, DEFAULT_TABLE)),
        timeout=config.timeout,
        tls=read_tls(config),
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
