"""Which plugins are there where no configuration is, or where it cannot be used?"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from zcrm_core import Client, Config, Region, Token, TokenKey, TokenStorePlugin, hookimpl

_NO_KEYS: Final[Mapping[str, str]] = MappingProxyType({})


class NoRegion:
    """A region without servers, so that no other plugin is asked: one that fails is to be shown."""

    @hookimpl(tryfirst=True)
    def zcrm_choose_region(self, config: Config) -> Region:
        """Name no server at all."""
        return Region("nowhere", *["https://nowhere.invalid"] * 5)


class _Nowhere(NoRegion, TokenStorePlugin):
    """A store that keeps nothing, nowhere."""

    priority = 0

    def __init__(self, name: str, keys: Mapping[str, str]) -> None:
        self.name = name
        self.config_keys = keys

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return None

    def delete(self, config: Config, key: TokenKey) -> bool:
        return False


def open_nobody(name: str = "nowhere", keys: Mapping[str, str] = _NO_KEYS) -> Client:
    """Give a client that finds the plugins and is good for nothing else.

    Args:
        name: the name of its store.
        keys: the configuration keys of its store.

    Raises:
        PluginError: the store cannot have this name or these keys.
    """
    store = _Nowhere(name, keys)
    return Client({"client_id": "-", "client_secret": "-"}, token_store=store)
