"""Which store keeps the tokens of a configuration, why, and what is missing where none can?"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from zcrm_core.config import Config
from zcrm_core.config_keys import KEYS
from zcrm_core.errors import PluginError
from zcrm_core.hookspecs import StoreClaim
from zcrm_core.plugin_info import OUR_STORES, Candidate, PluginInfo
from zcrm_core.redaction import plain

__all__ = [
    "Asked",
    "Keys",
    "may_concern",
    "no_store",
    "ranked",
    "require_the_named_store",
    "require_the_object_s_store",
]

_OBJECT_KEY: Final = "persistence_handler"
"""Where ``Client(config, token_store=it)`` puts an object with methods, for the store ``custom``."""

Keys = Mapping[str, Mapping[str, str]]
"""The configuration keys of each plugin, by its name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A store that was asked about a configuration: what it claims, or how it failed.

    Args:
        plugin: the store.
        answer: its claim, or the error.
        rank: the priority that its claim would have had, where that is known although it failed.
    """

    plugin: PluginInfo
    answer: StoreClaim | PluginError
    rank: int | None = None


def ranked(
    asked: Iterable[Asked], config: Config, keys: Keys
) -> tuple[list[Candidate], dict[str, PluginError]]:
    """Rank the stores: the highest that claims the configuration is chosen, or the pinned one.

    Args:
        asked: every store, with its answer.
        config: the configuration; it may pin one.
        keys: the keys of each plugin.

    Returns:
        The stores by their rank, and by their names those that failed where they cannot be meant.

    Raises:
        PluginError: a failed store may be the one in force, or two claimants have the same priority.
    """
    claims: list[tuple[PluginInfo, StoreClaim]] = []
    failed: list[tuple[PluginInfo, PluginError, int | None]] = []
    for each in asked:
        if isinstance(each.answer, StoreClaim):
            claims.append((each.plugin, each.answer))
        else:
            failed.append((each.plugin, each.answer, each.rank))
    claims.sort(key=lambda pair: (-pair[1].priority, pair[0].name))
    pinned = config.token_store
    fits = [pair for pair in claims if (pinned in (pair[0].name, pair[1].name) if pinned else pair[1].claims)]
    chosen = fits[0][0] if fits else None
    _require_harmless(failed, config, keys, fits[0] if fits else None)
    level = fits if pinned else [pair for pair in fits if pair[1].priority == fits[0][1].priority]
    if len(level) > 1:
        raise _undecided(level, claims, pinned)
    candidates = [
        Candidate(info, claim, info is chosen, _why(claim, pinned, chosen, in_force=info is chosen))
        for info, claim in claims
    ]
    return candidates, {info.name: error for info, error, _ in failed}


def _undecided(
    level: Sequence[tuple[PluginInfo, StoreClaim]],
    claims: Iterable[tuple[PluginInfo, StoreClaim]],
    pinned: str | None,
) -> PluginError:
    """Give the error for stores of one name or of one rank, with what to do for each that may be wanted."""
    answering = Counter(name for info, claim in claims for name in {info.name, claim.name})
    cures = []
    for info, claim in level:
        # Of a name that another store goes by as well, setting it decides nothing.
        own = next((name for name in (info.name, claim.name) if answering[name] == 1), None)
        others = [other for other, _ in level if other is not info]
        cures.append(
            f"To use {info}: {_leave_out(others) if own is None else f'token_store = {plain(own)}'}."
        )
    both = f"go by the name {pinned}" if pinned else f"have the priority {level[0][1].priority}"
    return PluginError(
        f"The stores {' and '.join(str(info) for info, _ in level)} claim this configuration and {both}.",
        why="One store keeps the tokens, and nothing here says which of them.",
        fix=" ".join(cures),
        code="ZCRM-PLUGIN-005",
    )


def _leave_out(stores: Sequence[PluginInfo]) -> str:
    passed = [f"do not pass {info.name} to the client" for info in stores if info.wheel is None]
    installed = [info for info in stores if info.wheel is not None]
    if not installed:
        return plain(" and ".join(passed))
    names = ",".join(info.name for info in installed)
    wheels = " ".join(dict.fromkeys(str(info.wheel) for info in installed))
    return plain(" and ".join([*passed, f"set ZCRM_DISABLE_PLUGINS={names}, or pip uninstall {wheels}"]))


def _require_harmless(
    failed: Iterable[tuple[PluginInfo, PluginError, int | None]],
    config: Config,
    keys: Keys,
    chosen: tuple[PluginInfo, StoreClaim] | None,
) -> None:
    """Go on without stores that fail where they cannot be the one in force.

    Raises:
        PluginError: a failed store may be the one in force: tokens must not go where nobody put them.
    """
    pinned = config.token_store
    for info, error, rank in failed:
        if chosen is None:
            raise error
        if pinned:
            harmless = info.name != pinned
        elif rank is not None and rank < chosen[1].priority:
            harmless = True  # whatever it would have claimed
        else:
            named = _names(config, keys.get(chosen[0].name, {}))
            harmless = named and not may_concern(config, keys.get(info.name, {}))
        if not harmless:
            raise error


def may_concern(config: Config, keys: Mapping[str, str]) -> bool:
    """Tell whether a plugin may matter here: one of its keys is set, or it has none to tell by."""
    return not keys or _names(config, keys)


def _names(config: Config, keys: Mapping[str, str]) -> bool:
    return any(key in config for key in keys)


def _why(claim: StoreClaim, pinned: str | None, chosen: PluginInfo | None, *, in_force: bool) -> str:
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
    for name, (wheel, priority) in OUR_STORES.items():
        keys = [key for key in config if key in KEYS and KEYS[key].store == name]
        info = infos.get(name)
        if keys and priority > rank and (info is None or info.error is not None):
            raise PluginError(
                f"{', '.join(keys)} names the {name} store, which is not there.",
                why=str(info.error.what) if info and info.error else f"The wheel {wheel} is not installed.",
                fix=info.error.fix if info and info.error else f"Install it: pip install {wheel}",
                code="ZCRM-PLUGIN-006",
            )


def require_the_object_s_store(config: Config, keys: Keys, chosen: Candidate) -> None:
    """Refuse a store that has the name of our own and would not look at the object that a program passes.

    Raises:
        PluginError: the tokens would go somewhere else than into that object.
    """
    pinned = config.token_store
    if pinned == "custom" and _OBJECT_KEY in config and _OBJECT_KEY not in keys.get(chosen.plugin.name, {}):
        wheel = OUR_STORES[pinned][0]
        raise PluginError(
            f"The store {chosen.plugin} would not keep the tokens in the object that the program passes.",
            why=f"It goes by the name {pinned} and does not know {_OBJECT_KEY}, so it is not {wheel}.",
            fix=f"Leave it out or give it another name, and install {wheel}.",
            code="ZCRM-PLUGIN-006",
        )


def no_store(config: Config, plugins: Iterable[PluginInfo]) -> PluginError:
    """Give the error for a configuration that no installed store takes: it says what to install."""
    found = list(plugins)
    stores = [info.name for info in found if "zcrm_token_store" in info.hooks]
    there = ", ".join(stores) or "none"
    errors = [info.error for info in found if info.error is not None]
    failed = "".join(f" {error.what} ({error.why})" for error in errors)
    pinned = config.token_store
    if pinned is not None:
        broken = next((info.error for info in found if info.name == pinned and info.error), None)
        wheel = OUR_STORES.get(pinned, (f"the wheel that brings {pinned}", 0))[0]
        nearest = difflib.get_close_matches(pinned, stores, n=1)
        hint = f"Did you mean {nearest[0]}? If not, install" if nearest else "Install"
        return PluginError(
            f"There is no token store named {pinned}.",
            why=f"{broken.what} {broken.why}" if broken else f"The stores installed are: {there}.{failed}",
            # To install once more what is broken or switched off would not help.
            fix=broken.fix if broken else f"{hint} {wheel}, or correct token_store.",
            code="ZCRM-PLUGIN-006",
        )
    return PluginError(
        "No installed token store claims this configuration.",
        why=f"MySQL, the default store, is not installed; the stores installed are: {there}.{failed}",
        fix="Install the default store: pip install zcrm-store-mysql; or keep tokens in a file: "
        "pip install zcrm-store-file and set token_persistence_path.",
        code="ZCRM-PLUGIN-006",
    )
