"""How does a user's own class answer zcrm's hooks?"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Literal
from weakref import WeakKeyDictionary

from zcrm_core import (
    Config,
    StoreClaim,
    StoreError,
    Token,
    TokenKey,
    TokenStorePlugin,
    ends_the_program,
    hookimpl,
)
from zcrm_store_custom.failures import anew, refused
from zcrm_store_custom.making import OBJECT_KEY, make_handler
from zcrm_store_custom.naming import CLASS_KEY, PATH_KEY
from zcrm_store_custom.showing import class_name, shown
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
        self._stores: WeakKeyDictionary[Config, CustomStore | StoreError] = WeakKeyDictionary()
        self._making = threading.RLock()

    @hookimpl
    def zcrm_token_store(self, config: Config) -> StoreClaim:
        """Claim as every store does, and say whether other processes keep the lock of the user's class."""
        claim = super().zcrm_token_store(config)
        found = self._find(config) if self._is_meant(config) else None
        return replace(claim, locks=isinstance(found, CustomStore) and found.locks)

    def claims(self, config: Config) -> bool:
        """Answer whether the configuration names a class or an object."""
        return any(key in config for key in self.config_keys)

    def reason(self, config: Config) -> str:
        """Say which key is set, and what the class can do or why it cannot be used."""
        reason = super().reason(config)
        if not self._is_meant(config):
            return reason  # the class is not going to be used, so its code does not run
        found = self._find(config)
        if isinstance(found, StoreError):
            return f"{reason}, but it cannot be used: [{found.code}] {found.what.rstrip('.')}"
        return f"{reason}; {found.description}"

    def problem(self, config: Config) -> StoreError | None:
        """Give what is wrong with the class; it is looked for where the class is going to be used."""
        found = self._find(config) if self._is_meant(config) else None
        return found if isinstance(found, StoreError) else None

    def _is_meant(self, config: Config) -> bool:
        return self.claims(config) if config.token_store is None else config.token_store == self.name

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
        found = self._find(config)
        if isinstance(found, StoreError):
            raise anew(found)
        return found

    def _find(self, config: Config) -> CustomStore | StoreError:
        """The store of a configuration, or why there is none; the user's code runs once to find out."""
        found = self._stores.get(config)
        if found is not None:
            return found
        with self._making:
            found = self._stores.get(config)
            if found is None:
                found = self._stores[config] = _make(config)
            return found


def _make(config: Config) -> CustomStore | StoreError:
    handler = config.get(OBJECT_KEY)
    try:
        handler = make_handler(config)
        return CustomStore(handler)
    except StoreError as error:
        return error
    except BaseException as error:
        # What a class defines can raise wherever it is looked at.
        if ends_the_program(error):
            raise
        place = config.get(PATH_KEY) or config.get(CLASS_KEY)
        unusual = refused(
            "ZCRM-CUSTOM-007",
            f"{shown(str(place)) if handler is None else class_name(handler)} raised {class_name(error)} "
            "when it was looked at.",
            "It changes what Python asks of every class or object, such as its attributes or its class.",
            "Look at the cause, and write the class and its methods plainly.",
            handler,
        )
        unusual.__cause__ = error
        return unusual
