"""Which plugins does a client have, and what do they answer together: keys, a region, one store, a log?"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from importlib.metadata import EntryPoint
from typing import Final, NoReturn, TypeGuard

import pluggy

from zcrm_core import hookspecs
from zcrm_core.config import Config
from zcrm_core.errors import ConfigError, PluginError, StoreError, ZcrmError
from zcrm_core.hookspecs import LogEvent, Region, StoreClaim, TokenStorePlugin
from zcrm_core.plugin_calls import (
    Author,
    Failed,
    PluginHook,
    failure,
    nonsense,
    refusal,
    secrets_of,
    unusable,
)
from zcrm_core.plugin_discovery import Found, discover, unknown_names
from zcrm_core.plugin_info import Candidate, PluginInfo
from zcrm_core.plugin_rules import OPTIONAL_STORE_HOOKS, STORE_HOOKS
from zcrm_core.redaction import kind_of, masked, plain
from zcrm_core.region_check import SAFE, region_fault
from zcrm_core.store_choice import (
    Asked,
    may_concern,
    no_store,
    ranked,
    require_the_named_store,
    require_the_object_s_store,
)

__all__ = ["Candidate", "PluginInfo", "Plugins"]

_PRIORITIES: Final = 10**9
_CHANGES: Final = (
    "add_hookcall_monitoring",
    "add_hookspecs",
    "enable_tracing",
    "load_setuptools_entrypoints",
    "register",
    "set_blocked",
    "unblock",
    "unregister",
)
"""The methods of pluggy's manager that change it."""


class _Registered:
    """What pluggy is given in a plugin's place: its hooks, and nothing that runs or compares in odd ways."""

    def __init__(self, found: Found) -> None:
        self.found = found
        vars(self).update({attribute: hook.function for attribute, hook in found.hooks.items()})


class _Manager(pluggy.PluginManager):
    """pluggy's manager, closed once the plugins of a client are there."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Give a hook's options as they were found when the plugin was checked."""
        if not isinstance(plugin, _Registered):
            return super().parse_hookimpl_opts(plugin, name)
        hook = plugin.found.hooks.get(name)
        return None if hook is None else hook.options

    def seal(self) -> None:
        """Refuse from now on whatever would change who is asked, or how."""
        vars(self).update(dict.fromkeys(_CHANGES, _too_late))


def _too_late(*_arguments: object, **_named: object) -> NoReturn:
    raise PluginError(
        "The plugins of a client that is made already cannot be changed.",
        why="They have decided where its tokens and its calls go; one that came later could not.",
        fix="Pass it when the client is made: Client(config, plugins=[it]); or install its wheel.",
        code="ZCRM-PLUGIN-008",
    )


class Plugins:
    """The plugins of one client. They are found and checked here; afterwards none can be added.

    Args:
        core: the core's own answers to hooks, asked last.
        given: plugin objects that the program passes itself.
        installed: the entry points; those of the group ``zcrm`` when left out.
        disabled: names to leave out; those in ``ZCRM_DISABLE_PLUGINS``, split at commas, when left out.

    Attributes:
        remarks: what no plugin is to blame for: names to leave out that leave nothing out.

    Raises:
        PluginError: a plugin that the program passes breaks the rules.
    """

    def __init__(
        self,
        core: Sequence[object] = (),
        given: Sequence[object] = (),
        installed: Iterable[EntryPoint] | None = None,
        disabled: Iterable[str] | None = None,
    ) -> None:
        off = os.environ.get("ZCRM_DISABLE_PLUGINS", "").split(",") if disabled is None else list(disabled)
        found = discover(given, installed, off)
        self.remarks = unknown_names(off, found)
        self._infos = {each.info.name: each.info for each in found}
        self._keys = {each.info.name: each.keys for each in found}
        self._passed_over: dict[str, PluginError] = {}
        self._manager = _Manager("zcrm")
        self._manager.add_hookspecs(hookspecs)
        for plugin in core:
            self._manager.register(plugin)
        for each in found:
            if each.info.error is None:
                self._manager.register(_Registered(each), name=each.info.name)
        self._manager.seal()
        self._loggers = [self._hook(plugin, "zcrm_log") for plugin in self._with_hook("zcrm_log")]

    # -- what is there ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[PluginInfo]:
        """Go over every plugin found, those that are not in use included, in the order of their names."""
        for name, info in sorted(self._infos.items()):
            yield replace(info, error=info.error or self._passed_over.get(name))

    @property
    def failures(self) -> list[PluginError]:
        """The problems of the plugins that are not in use, and of those that failed and stop nothing."""
        return [info.error for info in self if info.error is not None]

    def register(self, plugin: object) -> None:
        """Refuse a plugin that comes late; it is passed to the client when that is made.

        Raises:
            PluginError: always.
        """
        self._manager.register(plugin)

    def config_keys(self) -> dict[str, str]:
        """The configuration keys that plugins add, each with one line on what it means."""
        return {key: line for info in self for key, line in self._keys[info.name].items()}

    # -- the hooks that every plugin is asked -----------------------------------------------------------

    def choose_region(self, config: Config) -> Region | None:
        """The first answer to where Zoho's servers are; the core's own comes last.

        Raises:
            ConfigError: a plugin, or the core, says that the configuration cannot be used.
            PluginError: a plugin fails, or names servers that no token may be sent to.
        """
        secrets = secrets_of(config)
        said: ConfigError | None = None
        asked = reversed(self._with_hook("zcrm_choose_region"))  # pluggy calls the last one first
        # The core's own comes last, even after a plugin that is marked to come last.
        for plugin in sorted(asked, key=lambda plugin: not isinstance(plugin, _Registered)):
            answer = self._region(plugin, config, secrets)
            if isinstance(answer, Region):
                return answer
            if answer is None:
                continue
            word = refusal(answer, secrets) if isinstance(answer, Failed) else None
            problem = failure(answer, secrets) if isinstance(answer, Failed) else answer
            # One whose keys are not set is not meant; of another, nobody knows where calls should go.
            name = self._info(plugin).name
            if may_concern(config, self._keys.get(name, {})):
                raise word or problem
            self._passed_over[name] = problem
            said = said or word
        if said is not None:
            said.why += f" Nobody else knows the region {config.region}."
            raise said
        return None

    def _region(
        self, plugin: object, config: Config, secrets: Sequence[str]
    ) -> Region | PluginError | Failed | None:
        hook = self._hook(plugin, "zcrm_choose_region")
        answer = hook.ask(config=config)
        if isinstance(answer, Failed):
            own = answer.author is hook.author and not isinstance(plugin, _Registered)
            if own and isinstance(answer.error, ZcrmError):
                raise answer.error  # the core's own word on the addresses that the configuration names
            return answer
        region, author = answer.value, answer.author
        if region is None:
            return None
        if type(region) is not Region:  # a subclass could answer differently each time
            return nonsense(author, kind_of(region), "a Region or None", secrets)
        fault = region_fault(region)
        return region if fault is None else nonsense(author, fault, "a region for tokens", secrets, SAFE)

    def log(self, event: LogEvent) -> list[tuple[Author, BaseException]]:
        """Pass an event to every logger; give who failed and how, which must not fail the call."""
        answers = [
            # Fields of its own: what one logger does to them is not what the next is told.
            logger.ask(event=LogEvent(event.name, event.level, event.message, event.fields.copy()))
            for logger in self._loggers
        ]
        failed = [answer for answer in answers if isinstance(answer, Failed)]
        for each in failed:
            self._passed_over.update({info.name: _silent(each) for info in each.author.plugins})
        return [(each.author, each.error) for each in failed]

    # -- the one store ---------------------------------------------------------------------------------

    def candidates(self, config: Config) -> list[Candidate]:
        """Ask every store about the configuration; the highest claim is chosen, or the pinned one.

        Raises:
            PluginError: a store's answer cannot be used, or two claimants have the same priority.
        """
        stores = self._with_hook("zcrm_token_store")
        asked = [Asked(self._info(store), self._claim(store, config), _rank(store)) for store in stores]
        candidates, passed_over = ranked(asked, config, self._keys)
        self._passed_over.update(passed_over)
        return candidates

    def choose_store(self, config: Config) -> tuple[Candidate, Mapping[str, PluginHook]]:
        """Choose the one store of a configuration.

        Returns:
            The store chosen, and each of its token hooks, which asks this store alone; the wrappers of other
            plugins still see every call.

        Raises:
            PluginError: no store fits, the one that is named is not installed, or two have the same rank.
            StoreError: the store chosen says that it cannot be used.
        """
        candidates = self.candidates(config)
        chosen = next((candidate for candidate in candidates if candidate.chosen), None)
        require_the_named_store(config, self._infos, chosen)
        if chosen is None:
            raise no_store(config, self)
        require_the_object_s_store(config, self._keys, chosen)
        if chosen.claim.problem is not None:
            raise unusable(chosen.plugin, chosen.claim.problem, secrets_of(config))
        plugin = self._manager.get_plugin(chosen.plugin.name)
        hooks = [hook for hook in (*STORE_HOOKS, *OPTIONAL_STORE_HOOKS) if plugin in self._with_hook(hook)]
        return chosen, {hook: self._hook(plugin, hook) for hook in hooks}

    def _claim(self, plugin: object, config: Config) -> StoreClaim | PluginError:
        secrets = secrets_of(config)
        answer = self._hook(plugin, "zcrm_token_store").ask(config=config)
        if isinstance(answer, Failed):
            return failure(answer, secrets)
        claim = answer.value
        if type(claim) is not StoreClaim:
            return nonsense(answer.author, kind_of(claim), "a StoreClaim", secrets)
        if not all(hasattr(claim, part.name) for part in fields(claim)):
            return nonsense(answer.author, "a part of one", "a whole StoreClaim", secrets)
        for part, expected, sound in _parts(claim):
            if not sound:
                found = f"a StoreClaim whose {part} is {kind_of(getattr(claim, part))}"
                return nonsense(answer.author, found, expected, secrets)
        return replace(claim, name=plain(claim.name), reason=plain(masked(claim.reason, secrets)))

    # -- pluggy ----------------------------------------------------------------------------------------

    def _info(self, plugin: object) -> PluginInfo:
        if isinstance(plugin, _Registered):
            return plugin.found.info
        return PluginInfo(type(plugin).__name__, "zcrm-core", "its own part")

    def _with_hook(self, hook: str) -> list[object]:
        """The plugins that answer a hook, wrappers left out."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return [each.plugin for each in caller.get_hookimpls() if not (each.hookwrapper or each.wrapper)]

    def _hook(self, plugin: object, hook: str) -> PluginHook:
        """One hook of one plugin, with the wrappers of all plugins and no other plugin's answer."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        every = caller.get_hookimpls()
        answers = [each for each in every if not (each.hookwrapper or each.wrapper)]
        [own] = [each for each in answers if each.plugin is plugin]
        around = self._manager.subset_hook_caller(hook, [each.plugin for each in answers])
        wrappers = [(self._info(each.plugin), each) for each in every if each not in answers]
        return PluginHook(self._info(plugin), own, around, wrappers)


def _silent(failed: Failed) -> PluginError:
    """Give the note on a logger that failed: without its text, which may hold what the event may not."""
    what = f"{failed.author.called('plugin')} failed in zcrm_log."
    why = f"{kind_of(failed.error)}: what it was told may be missing where it writes to."
    return PluginError(what, why=why, fix=failed.author.cure, code="ZCRM-PLUGIN-003")


def _rank(store: object) -> int | None:
    """Give the rank that a store's claim would have, where it is written down and nothing has to run."""
    plugin = store.found.plugin if isinstance(store, _Registered) else store
    if not isinstance(plugin, TokenStorePlugin):
        return None
    if type(plugin).zcrm_token_store is not TokenStorePlugin.zcrm_token_store:
        return None  # a claim of its own may have any rank
    rank = inspect.getattr_static(plugin, "priority", None)
    return rank if _is_rank(rank) else None


def _can_be_seen(value: object) -> bool:
    return isinstance(value, str) and bool(plain(value))


def _is_rank(value: object) -> TypeGuard[int]:
    return type(value) is int and abs(value) < _PRIORITIES


def _parts(claim: StoreClaim) -> Iterator[tuple[str, str, bool]]:
    """Each part of a claim, what it must be, and whether it is."""
    yield "name", "a text that can be seen", _can_be_seen(claim.name)
    yield "priority", "an integer of up to nine digits", _is_rank(claim.priority)
    yield "claims", "True or False", type(claim.claims) is bool
    yield "reason", "a text", isinstance(claim.reason, str)
    yield "problem", "a StoreError or None", claim.problem is None or isinstance(claim.problem, StoreError)
    yield "locks", "True or False", type(claim.locks) is bool
