"""Which configuration keys may a plugin add?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from zcrm_core.config_keys import KEYS
from zcrm_core.plugin_rules import BrokenRule
from zcrm_core.redaction import kind_of, plain

__all__ = ["checked_keys"]

_FORM: Final = re.compile(r"[a-z][a-z0-9_]*")
"""What is a bare key in TOML, and what a variable ``ZCRM_...`` in the environment can be read back to."""
_SWITCHES: Final = ("config", "disable_plugins")
"""What the variables ZCRM_CONFIG and ZCRM_DISABLE_PLUGINS are for."""
_CORE: Final[Mapping[str, str]] = {
    spelling: key.name
    for key in KEYS.values()
    for name in (key.name, *key.aliases)
    for spelling in (name, name.lower())
}


def checked_keys(plugin: str, answer: object) -> dict[str, str]:
    """Give the keys that a plugin adds, once each is found to be free.

    Args:
        plugin: the plugin's name.
        answer: what its ``zcrm_config_keys`` gave.

    Raises:
        BrokenRule: the answer is no mapping of texts, or a key cannot be this plugin's.
    """
    if not isinstance(answer, Mapping):
        raise BrokenRule(f"zcrm_config_keys answered with {kind_of(answer)} instead of a mapping.")
    keys: dict[str, str] = {}
    for key, meaning in dict(answer).items():
        if not isinstance(key, str) or not isinstance(meaning, str):
            raise BrokenRule("zcrm_config_keys must answer with texts only: each key, and what it means.")
        problem = _problem(plugin, key)
        if problem:
            raise BrokenRule(f"It adds the configuration key {plain(key)!r}, {problem}.")
        keys[key] = plain(meaning)
    return keys


def _problem(plugin: str, key: str) -> str | None:
    if not _FORM.fullmatch(key) and key not in _CORE:
        return "which is no name for one: use small letters, digits and _, and begin with a letter"
    core = _CORE.get(key)
    if core is not None and (KEYS[core].store != plugin or core != key):
        store = KEYS[core].store
        owner = f"the store {store}" if store and store != plugin else "the core"
        same = "" if core == key else f" (another spelling of {core})"
        return f"which is a key of {owner} already{same}: choose another name"
    if key in _SWITCHES or key.startswith("test_"):
        return f"which the environment cannot set: ZCRM_{key.upper()} is something else"
    return None
