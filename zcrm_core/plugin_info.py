"""What is known of one plugin, of one store that was asked, and what cures a plugin that fails?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from zcrm_core.errors import PluginError
from zcrm_core.hookspecs import StoreClaim
from zcrm_core.redaction import plain

__all__ = ["OUR_STORES", "Candidate", "PluginInfo", "cure"]

OUR_STORES: Final[Mapping[str, tuple[str, int]]] = {
    "custom": ("zcrm-store-custom", 300),
    "file": ("zcrm-store-file", 200),
    "mysql": ("zcrm-store-mysql", 100),
}
"""The stores whose keys the core knows: the wheel that brings each, and its rank."""


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as found: where it comes from, what it offers, and what is wrong with it.

    Args:
        name: its entry point's name, or the name of the object that the program passed.
        wheel: the distribution that brings it; ``None`` for an object that the program passed.
        version: that distribution's version.
        hooks: the hooks that it has, in alphabetical order.
        error: why it is not in use, or how it failed; ``None`` where nothing is wrong.
    """

    name: str
    wheel: str | None
    version: str | None
    hooks: tuple[str, ...] = ()
    error: PluginError | None = None

    def __str__(self) -> str:
        whence = f"{self.wheel} {self.version}" if self.wheel else "passed by the program"
        return plain(f"{self.name} ({whence})")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A store, what it says of a configuration, and whether it is the one in force.

    Args:
        plugin: which plugin it is.
        claim: its own answer.
        chosen: whether it keeps the tokens.
        why: why it is used, or is not, in a few words: its own reason, the pin, or the store above it.
    """

    plugin: PluginInfo
    claim: StoreClaim
    chosen: bool
    why: str


def cure(info: PluginInfo) -> str:
    """Say what to do about a plugin that fails."""
    if info.wheel is None:
        return "Correct it; the program passes it to the client."
    return f"Correct, update or remove it, or disable it: ZCRM_DISABLE_PLUGINS={plain(info.name)}"
