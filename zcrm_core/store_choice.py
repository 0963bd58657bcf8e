"""Why is a store used or not, and what is missing where none can be?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from zcrm_core.config import Config
from zcrm_core.config_keys import KEYS
from zcrm_core.errors import PluginError
from zcrm_core.hookspecs import StoreClaim
from zcrm_core.plugin_info import Candidate, PluginInfo

__all__ = ["no_store", "require_the_named_store", "why_chosen"]

_WHEELS: Final[Mapping[str, tuple[str, int]]] = {
    "custom": ("zcrm-store-custom", 300),
    "file": ("zcrm-store-file", 200),
    "mysql": ("zcrm-store-mysql", 100),
}
"""The stores whose keys the core knows: the wheel that brings each, and its rank."""


def why_chosen(claim: StoreClaim, pinned: str | None, chosen: PluginInfo | None, *, in_force: bool) -> str:
    """Say why a store is used, or is not.

    Args:
        claim: its own answer.
        pinned: the store that ``token_store`` names.
        chosen: the store in force, if there is one.
        in_force: whether that is this one.
    """
    if pinned is not None:
        return f"token_store = {pinned} names {f'it; {claim.reason}' if in_force else 'another'}"
    if claim.claims and chosen is not None and not in_force:
        return f"{claim.reason}, but {chosen.name} ranks higher"
    return claim.reason


def require_the_named_store(
    config: Config, infos: Mapping[str, PluginInfo], chosen: Candidate | None
) -> None:
    """Refuse a lower store when the keys name a higher one: tokens must not go where nobody put them.

    Raises:
        PluginError: the store that the keys name is not installed, or does not work.
    """
    if config.token_store is not None:
        return
    rank = chosen.claim.priority if chosen else -1
    for name, (wheel, priority) in _WHEELS.items():
        keys = [key for key in config if key in KEYS and KEYS[key].store == name]
        info = infos.get(name)
        if keys and priority > rank and (info is None or info.error is not None):
            raise PluginError(
                f"{', '.join(keys)} names the {name} store, which is not there.",
                why=str(info.error.what) if info and info.error else f"The wheel {wheel} is not installed.",
                fix=info.error.fix if info and info.error else f"Install it: pip install {wheel}",
                code="ZCRM-PLUGIN-006",
            )


def no_store(config: Config, plugins: Iterable[PluginInfo]) -> PluginError:
    """Give the error for a configuration that no installed store takes: it says what to install."""
    found = list(plugins)
    there = ", ".join(info.name for info in found if "zcrm_token_store" in info.hooks) or "none"
    errors = [info.error for info in found if info.error is not None]
    failed = "".join(f" {error.what} ({error.why})" for error in errors)
    if config.token_store is not None:
        wheel = _WHEELS.get(config.token_store, (f"the wheel that brings {config.token_store}", 0))[0]
        return PluginError(
            f"There is no token store named {config.token_store}.",
            why=f"The stores installed are: {there}.{failed}",
            fix=f"Install {wheel}, or correct token_store.",
            code="ZCRM-PLUGIN-006",
        )
    return PluginError(
        "No installed token store claims this configuration.",
        why=f"MySQL, the default store, is not installed; the stores installed are: {there}.{failed}",
        fix="Install the default store: pip install zcrm-store-mysql; or keep tokens in a file: "
        "pip install zcrm-store-file and set token_persistence_path.",
        code="ZCRM-PLUGIN-006",
    )
