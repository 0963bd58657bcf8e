"""How does a user's own class answer zcrm's hooks?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Literal
from weakref import WeakKeyDictionary

from zcrm_core import Config, StoreError, Token, TokenKey, TokenStorePlugin
from zcrm_store_custom.loading import CLASS_KEY, PATH_KEY
from zcrm_store_custom.making import OBJECT_KEY, make_handler
from zcrm_store_custom.process_lock import PROCESS_LOCK
from zcrm_store_custom.store import CustomStore

__all__ = ["CustomStorePlugin"]


class CustomStorePlugin(TokenStorePlugin):
    """The token store ``custom``; one object of the user's class serves one configuration."""

    name = "custom"
    priority = 300
    config_keys: Mapping[str, str] = {
        PATH_KEY: "the .py file of your own store class, or package.module:Class",
        CLASS_KEY: "the name of your own store class",
        OBJECT_KEY: "your own store object; Client(config, token_store=...) sets it",
    }

    def __init__(self) -> None:
        self._stores: WeakKeyDictionary[Config, CustomStore] = WeakKeyDictionary()

    def claims(self, config: Config) -> bool:
        """Answer whether the configuration names a class or an object."""
        return any(key in config for key in self.config_keys)

    def reason(self, config: Config) -> str:
        """Say which key is set, and what the class can do or why it cannot be used."""
        reason = super().reason(config)
        if not self.claims(config) or config.token_store not in (None, self.name):
            return reason  # the class is not going to be used, so its code does not run
        try:
            return f"{reason}; {self._store(config).description}"
        except StoreError as error:
            return f"{reason}, but it cannot be used: [{error.code}] {error.what}"

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        """Pass the call on to :meth:`CustomStore.save`."""
        self._store(config).save(key, token, replaces)
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        """Pass the call on to :meth:`CustomStore.fetch`."""
        return self._store(config).fetch(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        """Pass the call on to :meth:`CustomStore.delete`."""
        return self._store(config).delete(key)

    def list(self, config: Config) -> Iterable[TokenKey]:
        """Pass the call on to :meth:`CustomStore.keys`."""
        return self._store(config).keys()

    def lock(self, config: Config, key: TokenKey, wait: float) -> AbstractContextManager[None]:
        """Pass the call on to :meth:`CustomStore.lock`."""
        return self._store(config).lock(key, wait)

    def _store(self, config: Config) -> CustomStore:
        store = self._stores.get(config)
        if store is not None:
            return store
        # Under a lock, for the user's code is to run once; what failed is tried again at the next call.
        with PROCESS_LOCK:
            store = self._stores.get(config)
            if store is None:
                store = self._stores[config] = CustomStore(make_handler(config))
            return store
