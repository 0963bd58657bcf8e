"""How does the MySQL store answer zcrm's hooks?"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal

from zcrm_core import Config, ConfigError, StoreAction, StoreError, Token, TokenKey, TokenStorePlugin
from zcrm_store_mysql.settings import DEFAULT_TABLE, TABLE_KEY, URL_KEY, read_place
from zcrm_store_mysql.tls import TLS_KEYS

if TYPE_CHECKING:
    from zcrm_store_mysql.store import MySQLStore

__all__ = ["MySQLStorePlugin"]


class MySQLStorePlugin(TokenStorePlugin):
    """The token store ``mysql``, the default; each configuration has connections of its own."""

    name = "mysql"
    priority = 100
    config_keys: Mapping[str, str] = {
        URL_KEY: "the MySQL servers in one line: mysql://user:password@host:port,host:port/database",
        "db_host": "the MySQL host",
        "db_port": "the MySQL port",
        "db_username": "the MySQL user",
        "db_password": "the MySQL password",
        "db_name": "the MySQL database",
        TABLE_KEY: f"the table that holds the tokens; {DEFAULT_TABLE} when left out",
        **TLS_KEYS,
    }

    def __init__(self) -> None:
        self._stores: weakref.WeakKeyDictionary[Config, MySQLStore] = weakref.WeakKeyDictionary()

    def claims(self, config: Config) -> bool:
        """Take every configuration: where no other store is named, tokens go to MySQL."""
        return True

    def reason(self, config: Config) -> str:
        """Say which of the keys are set, and whether one of them cannot be used."""
        is_named = any(key in config for key in self.config_keys)
        reason = super().reason(config) if is_named else "the default store"
        try:
            read_place(config)
        except (ConfigError, StoreError) as error:
            return f"{reason}, but it cannot be used: [{error.code}] {error.what.rstrip('.')}"
        return reason

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        """Pass the call on to :meth:`MySQLStore.save`."""
        self._store(config).save(key, token, replaces)
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        """Pass the call on to :meth:`MySQLStore.fetch`."""
        return self._store(config).fetch(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        """Pass the call on to :meth:`MySQLStore.delete`."""
        return self._store(config).delete(key)

    def list(self, config: Config) -> Iterable[TokenKey]:
        """Pass the call on to :meth:`MySQLStore.keys`."""
        return self._store(config).keys()

    def manage(self, config: Config, action: StoreAction) -> Sequence[str]:
        """Make, describe or migrate the tables; see :mod:`zcrm_store_mysql.manage`."""
        from zcrm_store_mysql.manage import ACTIONS  # noqa: PLC0415 - SQLAlchemy is slow to import
        from zcrm_store_mysql.server import Server, TableChanged  # noqa: PLC0415 - the same

        place = read_place(config)
        server = Server(place)
        try:
            return ACTIONS[action](place, server)
        except TableChanged as changed:
            raise changed.error from None
        finally:
            server.close()

    def lock(self, config: Config, key: TokenKey, wait: float) -> AbstractContextManager[None]:
        """Pass the call on to :meth:`MySQLStore.lock`."""
        return self._store(config).lock(key, wait)

    def _store(self, config: Config) -> MySQLStore:
        store = self._stores.get(config)
        if store is not None:
            return store
        from zcrm_store_mysql.store import MySQLStore  # noqa: PLC0415 - SQLAlchemy is slow to import

        made = MySQLStore(read_place(config))
        store = self._stores.setdefault(config, made)
        if store is made:
            weakref.finalize(config, made.close)
        return store
