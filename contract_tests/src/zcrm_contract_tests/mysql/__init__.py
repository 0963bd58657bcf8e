"""Where is a real MySQL server for a store's tests? This finds or starts one.

The extra ``[mysql]`` brings what it needs.

    pip install "zcrm-contract-tests[mysql]"

    from zcrm_contract_tests.mysql import find_server

    with find_server() as server:
        print(server.url, server.sql("SELECT VERSION()"))

pytest has the server as the fixture ``zcrm_mysql_server``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zcrm_contract_tests.mysql.server import OwnServer, Server, Unavailable
    from zcrm_contract_tests.mysql.sources import find_server, start_server

__all__ = ["OwnServer", "Server", "Unavailable", "find_server", "start_server"]

_MODULES = {
    "OwnServer": "server",
    "Server": "server",
    "Unavailable": "server",
    "find_server": "sources",
    "start_server": "sources",
}


def __getattr__(name: str) -> object:
    # pytest's start-up imports this package, in every run; it needs no SQLAlchemy.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"zcrm_contract_tests.mysql.{_MODULES[name]}"), name)
