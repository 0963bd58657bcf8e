"""Does the MySQL store keep the contract of a token store, on a real server?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from zcrm_contract_tests import Capabilities, TokenStoreContract, mysql
from zcrm_core import Token, TokenKey

# Calls that are made to fail leave sockets open in older drivers, which Python tells about when it comes to
# them.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # To die at every step of a transaction of five statements takes long on a busy machine.
    pytest.mark.timeout(600),
]


FIRST_SCHEMA = """CREATE TABLE `{0}` (
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


ZOHOS = """CREATE TABLE `{0}` (
  useridentifier varchar(100), accesstoken varchar(100), refreshtoken varchar(100), expirytime bigint
)"""
"""The table as Zoho documents it: no key, and everything else as the server's default is."""


_IN_MEMORY = 1500
"""MiB of memory for the server's files; the tables of all examples of one promise take a few hundred."""


@pytest.fixture(scope="module")
def server(zcrm_mysql_server: mysql.Server) -> Iterator[mysql.Server]:
    """A server of these tests' own with its files in memory, where making a table takes a tenth of the time.

    Its settings are the same, and so is every statement. A server that somebody else runs is used as it is.
    """
    if not isinstance(zcrm_mysql_server, mysql.OwnServer):
        yield zcrm_mysql_server
        return
    try:
        found = mysql.start_server(disk=_IN_MEMORY)
    except mysql.Unavailable:  # such a folder takes root where there is no Docker
        yield zcrm_mysql_server
        return
    with found:
        yield found


class _Table(TokenStoreContract):
    """One table of one server; each example has a table of its own."""

    plugin = "mysql"
    level = 1
    lease = 15.0  # the store's own is nine seconds; the answer that it is over takes a while as well

    @pytest.fixture(autouse=True)
    def _where(self, server: Any, database: str) -> None:
        self.server, self.database = server, database
        server.sql(f"CREATE DATABASE `{database}`")

    def store_config(self, namespace: str) -> Mapping[str, object]:
        """Name the table."""
        return {
            "db_host": self.server.host,
            "db_port": self.server.port,
            "db_username": self.server.user,
            "db_password": self.server.password,
            "db_name": self.database,
            "db_table": namespace,
            "timeout": 8,
        }

    def break_connections(self, namespace: str) -> None:
        """End every session but this one, as a restart of the server would."""
        self.server.end_sessions()


class TestZohosTable(_Table):
    """The table that was made for Zoho's own SDKs, under the server's default settings."""

    capabilities = Capabilities(
        connects=True, full_lengths=False, keeps_all_fields=False, separates_clients=False
    )
    longest = 100

    def store_config(self, namespace: str) -> Mapping[str, object]:
        """Make the table when it is named for the first time."""
        if namespace not in self.made:
            self.server.sql(ZOHOS.format(namespace), self.database)
            self.made.add(namespace)
        return super().store_config(namespace)

    @pytest.fixture(autouse=True)
    def _made(self) -> None:
        self.made: set[str] = set()


class TestOwnTable(_Table):
    """The table that zcrm makes at its first use."""

    capabilities = Capabilities(connects=True, migrates=True)

    def raw_dump(self, namespace: str) -> Mapping[str, bytes]:
        """Give each row, by its digest."""
        rows = self.server.sql(f"SELECT * FROM `{namespace}`", self.database)  # noqa: S608 - of the suite's
        return {row[0].hex(): repr(row[1:]).encode() for row in rows}

    def old_stores(self, namespace: str) -> Mapping[str, Callable[[], Mapping[TokenKey, Token]]]:
        """Make the table of the first schema, which named no version, with two tokens."""

        def first() -> Mapping[TokenKey, Token]:
            self.server.sql(FIRST_SCHEMA.format(namespace), self.database)
            tokens = {
                TokenKey(user, "1000.C", "production"): Token(user, "access", "refresh", 1, "https://x", "s")
                for user in ("a@example.com", "A@example.com")
            }
            for key, token in tokens.items():
                self.server.sql(
                    f"INSERT INTO `{namespace}` "  # noqa: S608 - of the suite's own making
                    "VALUES (:digest, :user, :access, :refresh, 1, :client, "
                    "'production', 'https://x', 's')",
                    self.database,
                    digest=key.digest(),
                    user=key.user_identifier,
                    access=token.access_token,
                    refresh=token.refresh_token,
                    client=key.client_id,
                )
            return tokens

        return {"schema 1": first}

    def newer_store(self, namespace: str) -> None:
        """Make a table of a schema that is not known yet."""
        self.server.sql(FIRST_SCHEMA.format(namespace) + " COMMENT 'zcrm schema 3'", self.database)
