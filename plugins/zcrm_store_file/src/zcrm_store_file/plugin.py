"""How does the file store answer zcrm's hooks?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Final, Literal

from zcrm_core import Config, Token, TokenKey, TokenStorePlugin
from zcrm_store_file.store import FileStore

__all__ = ["FileStorePlugin"]

_KEY: Final = "token_persistence_path"


class FileStorePlugin(TokenStorePlugin):
    """The token store ``file``; it holds no state, so every call sees the file as it is now."""

    name = "file"
    priority = 200
    config_keys: Mapping[str, str] = {
        _KEY: "the folder of zcrm_oauthtokens.txt, or the path of the file itself"
    }

    def claims(self, config: Config) -> bool:
        """Answer whether the configuration names a file."""
        return _KEY in config

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        """Pass the call on to :meth:`FileStore.save`."""
        _store(config).save(key, token, replaces)
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        """Pass the call on to :meth:`FileStore.fetch`."""
        return _store(config).fetch(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        """Pass the call on to :meth:`FileStore.delete`."""
        return _store(config).delete(key)

    def list(self, config: Config) -> Iterable[TokenKey]:
        """Pass the call on to :meth:`FileStore.stored_keys`."""
        return _store(config).stored_keys()

    def lock(self, config: Config, key: TokenKey, wait: float) -> AbstractContextManager[None]:
        """Pass the call on to :meth:`FileStore.lock`."""
        return _store(config).lock(key, wait)


def _store(config: Config) -> FileStore:
    return FileStore(config.require(_KEY, "the file store"))
