"""Does the MySQL store keep the contract of a token store, on a real server?"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from zcrm_contract_tests import Capabilities, TokenStoreContract

# Calls that are made to fail leave sockets open in older drivers, which Python tells about when it comes to
# them.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class TestOwnTable(TokenStoreContract):
    """The table that zcrm makes; each example has a table of its own."""

    plugin = "mysql"
    capabilities = Capabilities(connects=True)
    level = 1

    @pytest.fixture(autouse=True)
    def _where(self, server: Any, database: str) -> None:
        self.server, self.database = server, database
        server.sql(f"CREATE DATABASE `{database}`")

    def store_config(self, namespace: str) -> Mapping[str, object]:
        """Name a table that is not there yet."""
        return {
            "db_host": self.server.host,
            "db_port": self.server.port,
            "db_username": self.server.user,
            "db_password": self.server.password,
            "db_name": self.database,
            "db_table": namespace,
            "timeout": 2,
        }

    def break_connections(self, namespace: str) -> None:
        """End every session but this one, as a restart of the server would."""
        sessions = "SELECT id FROM information_schema.processlist WHERE id <> connection_id()"
        for (session,) in self.server.sql(sessions):
            with suppress(DBAPIError):  # it has ended by itself
                self.server.sql(f"KILL {session}")
