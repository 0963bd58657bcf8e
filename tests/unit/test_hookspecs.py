"""Can a plugin author rely on what the page of the hooks says?"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from typing import Literal

import pytest

from zcrm_core import (
    Config,
    LogEvent,
    Region,
    StoreAction,
    StoreClaim,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookspecs,
)

# The hooks and their arguments are promised to every plugin there is; changing one breaks them all.
HOOKS = {
    "zcrm_token_store": ("config",),
    "zcrm_save_token": ("config", "key", "token", "replaces"),
    "zcrm_fetch_token": ("config", "key"),
    "zcrm_delete_token": ("config", "key"),
    "zcrm_list_tokens": ("config",),
    "zcrm_lock_token": ("config", "key", "wait"),
    "zcrm_manage_store": ("config", "action"),
    "zcrm_choose_region": ("config",),
    "zcrm_log": ("event",),
    "zcrm_config_keys": (),
}
ALL_ARE_ASKED = {"zcrm_token_store", "zcrm_log", "zcrm_config_keys"}
CONFIG = Config({"client_id": "1000.A", "client_secret": "s"})


class Small(TokenStorePlugin):
    """The least that a store is."""

    name = "small"
    priority = 7

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return None

    def delete(self, config: Config, key: TokenKey) -> bool:
        return False


class Listing(Small):
    """A store that lists."""

    def list(self, config: Config) -> Iterable[TokenKey]:
        return []


class Locking(Listing):
    """A store that inherits its list and adds a lock."""

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        yield


class Managing(Small):
    """A store that says what it keeps tokens in."""

    def manage(self, config: Config, action: StoreAction) -> list[str]:
        return [action]


def offered(plugin: TokenStorePlugin) -> set[str]:
    """The optional hooks that a store offers."""
    optional = ("zcrm_list_tokens", "zcrm_lock_token", "zcrm_manage_store")
    return {hook for hook in optional if hasattr(plugin, hook)}


def test_the_hooks_are_the_promised_ones() -> None:
    """No hook and no argument is added, renamed or taken away unnoticed."""
    found = {
        name: tuple(inspect.signature(function).parameters)
        for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
        if name.startswith("zcrm_")
    }

    assert found == HOOKS


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_what_it_answers_and_who_is_asked(name: str) -> None:
    """Each hook has a sentence, and stops at the first answer unless every plugin is asked."""
    function = getattr(hookspecs, name)

    assert (inspect.getdoc(function) or "").split("\n")[0].endswith(".")
    assert function.zcrm_spec["firstresult"] is (name not in ALL_ARE_ASKED)


@pytest.mark.parametrize("missing", ["claims", "save", "fetch", "delete"])
def test_a_store_without_one_of_the_four_methods_cannot_be_made(missing: str) -> None:
    """Python itself refuses a store that would fail at its first save."""
    methods = {
        name: getattr(Small, name) for name in ("claims", "save", "fetch", "delete") if name != missing
    }
    half = type("Half", (TokenStorePlugin,), {"name": "half", "priority": 1, **methods})

    with pytest.raises(TypeError, match=missing):
        half()


@pytest.mark.parametrize(
    ("plugin", "hooks"),
    [
        (Small(), set()),
        (Listing(), {"zcrm_list_tokens"}),
        (Locking(), {"zcrm_list_tokens", "zcrm_lock_token"}),
        (Managing(), {"zcrm_manage_store"}),
    ],
)
def test_optional_methods_become_hooks_for_the_class_that_writes_them(
    plugin: TokenStorePlugin, hooks: set[str]
) -> None:
    """A subclass adds to what it inherits, and its base is not changed by it."""
    assert offered(plugin) == hooks


def test_the_claim_says_which_keys_decided() -> None:
    """A store's reason names those of its keys that are set, so that a person sees why it was chosen."""

    class Keyed(Small):
        config_keys = {"my_url": "where", "my_prefix": "what"}  # noqa: RUF012 - what authors write

    given = Config({"client_id": "1", "client_secret": "s", "my_url": "x"}, plugin_keys=Keyed.config_keys)

    assert Keyed().zcrm_token_store(given) == StoreClaim("small", 7, claims=True, reason="my_url is set")
    assert Keyed().zcrm_token_store(CONFIG).reason == "none of its keys is set"
    assert Keyed().zcrm_config_keys() == {"my_url": "where", "my_prefix": "what"}
    assert Small().zcrm_config_keys() == {}


@pytest.mark.parametrize(
    "value",
    [
        StoreClaim("a", 1, claims=True, reason="b"),
        Region("a", "b", "c", "d", "e", "f"),
        LogEvent("a", 20, "b", {"attempt": 1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_hooks_pass_is_frozen(value: StoreClaim | Region | LogEvent) -> None:
    """No plugin can change what the next one gets."""
    with pytest.raises((FrozenInstanceError, TypeError)):
        value.name = "changed"  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        value.brand_new = 1  # type: ignore[union-attr]
