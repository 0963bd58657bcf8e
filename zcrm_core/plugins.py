"""Which plugins are there, do they keep the rules, and which one store do they give this configuration?"""

from __future__ import annotations

import inspect
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import pluggy

from zcrm_core import hookspecs
from zcrm_core.config import Config
from zcrm_core.errors import PluginError, StoreError, ZcrmError
from zcrm_core.hookspecs import LogEvent, Region, StoreClaim
from zcrm_core.plugin_info import Candidate, PluginInfo, cure, wheel_of
from zcrm_core.plugin_loading import PluginHangs, load
from zcrm_core.store_choice import no_store, require_the_named_store, why_chosen

__all__ = ["Candidate", "PluginInfo", "Plugins"]

_STORE_HOOKS: Final = ("zcrm_save_token", "zcrm_fetch_token", "zcrm_delete_token")
_OPTIONAL_STORE_HOOKS: Final = ("zcrm_list_tokens", "zcrm_lock_token", "zcrm_manage_store")


class _Manager(pluggy.PluginManager):
    """pluggy's manager, closed once the plugins of a client are there."""

    sealed = False

    def register(self, plugin: object, name: str | None = None) -> str | None:
        self._require_open()
        return super().register(plugin, name)

    def unregister(self, plugin: object = None, name: str | None = None) -> object:
        self._require_open()
        return super().unregister(plugin, name)

    def _require_open(self) -> None:
        if self.sealed:
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
    """

    def __init__(
        self,
        core: Sequence[object] = (),
        given: Sequence[object] = (),
        installed: Iterable[EntryPoint] | None = None,
        disabled: Iterable[str] | None = None,
    ) -> None:
        self._manager = _Manager("zcrm")
        self._manager.add_hookspecs(hookspecs)
        self._infos: dict[str, PluginInfo] = {}
        self._keys: dict[str, Mapping[str, str]] = {}
        self._passed_over: dict[str, PluginError] = {}
        for plugin in core:
            self._manager.register(plugin)
        for plugin in given:
            found = PluginInfo(self._free_name(plugin), None, None)
            self._register(found, plugin)
            problem = self._infos[found.name].error
            if problem is not None:
                raise problem
        self._install(
            entry_points(group="zcrm") if installed is None else installed,
            os.environ.get("ZCRM_DISABLE_PLUGINS", "").split(",") if disabled is None else disabled,
        )
        self._manager.sealed = True
        self._loggers = [(plugin, self._only("zcrm_log", plugin)) for plugin in self._with_hook("zcrm_log")]

    # -- what is there ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[PluginInfo]:
        """Go over every plugin found, those that are not in use included, in the order of their names."""
        for name, info in sorted(self._infos.items()):
            yield replace(info, error=info.error or self._passed_over.get(name))

    @property
    def failures(self) -> list[PluginError]:
        """The problems of the plugins that are not in use, and of those passed over because they failed."""
        return [info.error for info in self if info.error is not None]

    def register(self, plugin: object) -> None:
        """Refuse a plugin that comes late; it is passed to the client when that is made.

        Raises:
            PluginError: always.
        """
        self._manager.register(plugin)

    def _free_name(self, plugin: object) -> str:
        """Name an object of the program: by its own name, else by its class and perhaps a number."""
        name = getattr(plugin, "name", None)
        if isinstance(name, str):
            return name
        kind = type(plugin).__name__
        names = itertools.chain([kind], (f"{kind}-{number}" for number in itertools.count(2)))
        return next(name for name in names if name not in self._infos)

    def _install(self, installed: Iterable[EntryPoint], disabled: Iterable[str]) -> None:
        """Load entry points one by one, so that a broken one cannot take the others down."""
        off = {name.strip() for name in disabled}
        found: dict[str, EntryPoint] = {}
        passed = set(self._infos)
        for entry in sorted(installed, key=lambda entry: (entry.name, wheel_of(entry))):
            info = PluginInfo(entry.name, *wheel_of(entry))
            twin = found.setdefault(entry.name, entry)
            if entry.name in passed:
                continue  # the program passed its own plugin of this name
            if entry.name in off:
                why = "ZCRM_DISABLE_PLUGINS names it."
                fix = f"Take {info.name} out of ZCRM_DISABLE_PLUGINS to use it."
                self._reject(info, f"The plugin {info} is disabled.", why, "ZCRM-PLUGIN-007", fix=fix)
            elif twin is not entry:
                if self._manager.has_plugin(entry.name):
                    self._manager.unregister(name=entry.name)
                both = " and ".join(" ".join(wheel_of(each)) for each in (twin, entry))
                self._reject(
                    info,
                    f"Two wheels bring a plugin named {entry.name}: {wheel_of(twin)[0]} and {info.wheel}.",
                    f"They are {both}. One name must mean one plugin, so neither is used.",
                    "ZCRM-PLUGIN-004",
                )
            else:
                self._load(info, entry)

    def _load(self, info: PluginInfo, entry: EntryPoint) -> None:
        try:
            plugin = load(entry)
            if inspect.isclass(plugin):
                plugin = plugin()
        except PluginHangs as error:
            self._reject(
                info, f"The plugin {info} cannot be loaded.", f"It hangs: {error}.", "ZCRM-PLUGIN-002"
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's import can raise anything
            why = f"{type(error).__name__}: {error}"
            self._reject(info, f"The plugin {info} cannot be loaded.", why, "ZCRM-PLUGIN-002", cause=error)
        else:
            self._register(info, plugin)

    def _register(self, info: PluginInfo, plugin: object) -> None:
        """Register a plugin, or record why it breaks the rules; pluggy's own messages name no wheel."""
        twin = self._manager.get_name(plugin)
        if twin is not None or self._manager.has_plugin(info.name):
            why = f"The same object is the plugin {twin}." if twin else "Another plugin has the same name."
            self._reject(info, f"The plugin {info} is there twice.", why, "ZCRM-PLUGIN-004")
            return
        try:
            self._manager.register(plugin, name=info.name)
            self._manager.check_pending()
            broken = self._broken_rule(plugin)
            self._keys[info.name] = self._keys_of(plugin)
        except pluggy.PluginValidationError as error:
            broken = " ".join(str(error).split())
        except Exception as error:  # noqa: BLE001 - a stranger's hook can raise anything
            broken = f"{type(error).__name__}: {error}"
        hooks = tuple(sorted(caller.name for caller in self._manager.get_hookcallers(plugin) or ()))
        self._infos[info.name] = PluginInfo(info.name, info.wheel, info.version, hooks)
        if broken:
            # pluggy 1.7 takes a failed registration back, 1.6 does not.
            if self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
            self._reject(info, f"The plugin {info} breaks the rules of the hooks.", broken, "ZCRM-PLUGIN-003")

    def _broken_rule(self, plugin: object) -> str | None:
        callers = self._manager.get_hookcallers(plugin) or []
        answers: set[str] = set()
        for caller in callers:
            for implementation in caller.get_hookimpls():
                if implementation.plugin is not plugin:
                    continue
                if implementation.kwargnames:
                    # pluggy 1.6 leaves such an argument out and pluggy 1.7 passes it.
                    return (
                        f"{caller.name} has a default for {', '.join(implementation.kwargnames)}; remove it."
                    )
                if not (implementation.hookwrapper or implementation.wrapper):
                    answers.add(caller.name)
        if "zcrm_token_store" in answers:
            missing = [hook for hook in _STORE_HOOKS if hook not in answers]
            return f"A token store needs {', '.join(missing)} as well." if missing else None
        stray = sorted(answers & {*_STORE_HOOKS, *_OPTIONAL_STORE_HOOKS})
        return f"{', '.join(stray)} without zcrm_token_store: only a store answers them." if stray else None

    def _keys_of(self, plugin: object) -> dict[str, str]:
        keys: dict[str, str] = {}
        for answer in self._only("zcrm_config_keys", plugin)():
            keys.update(answer)
        if not all(isinstance(text, str) for pair in keys.items() for text in pair):
            raise TypeError("zcrm_config_keys must answer with texts only")
        return keys

    def _reject(
        self,
        info: PluginInfo,
        what: str,
        why: str,
        code: str,
        *,
        fix: str | None = None,
        cause: BaseException | None = None,
    ) -> None:
        error = PluginError(what, why=why, fix=fix or cure(info), code=code)
        error.__cause__ = cause
        self._infos[info.name] = PluginInfo(info.name, info.wheel, info.version, error=error)

    # -- the hooks that every plugin is asked -----------------------------------------------------------

    def config_keys(self) -> dict[str, str]:
        """The configuration keys that plugins add, each with one line on what it means."""
        in_use = [info.name for info in self if info.error is None]
        return {key: line for name in in_use for key, line in self._keys[name].items()}

    def choose_region(self, config: Config) -> Region | None:
        """The first answer to where Zoho's servers are; the core's own comes last."""
        asked = reversed(self._with_hook("zcrm_choose_region"))  # pluggy calls the last one first
        # The core's own comes last, even after a plugin that is marked to come last.
        for plugin in sorted(asked, key=lambda plugin: self._manager.get_name(plugin) not in self._infos):
            try:
                answer = self._asked("zcrm_choose_region", plugin, config)
                if isinstance(answer, Region):
                    return answer
                if answer is not None:
                    raise self._wrong_answer("zcrm_choose_region", plugin, answer, "a Region or None")
            except PluginError as error:  # noqa: PERF203 - the next plugin is asked, perhaps
                # One whose keys are not set is not meant; of another, nobody knows where calls should go.
                if self._may_concern(config, self._info(plugin)):
                    raise
                self._passed_over[self._info(plugin).name] = error
        return None

    def log(self, event: LogEvent) -> list[tuple[PluginInfo, Exception]]:
        """Pass an event to every logger; give who failed and how, which must not fail the call."""
        errors: list[tuple[PluginInfo, Exception]] = []
        for plugin, logger in self._loggers:
            try:
                logger(event=event)
            except Exception as error:  # noqa: BLE001, PERF203 - a failing logger never fails a call
                errors.append((self._info(plugin), error))
        return errors

    # -- the one store ---------------------------------------------------------------------------------

    def candidates(self, config: Config) -> list[Candidate]:
        """Ask every store about the configuration; the highest claim is chosen, or the pinned one.

        Raises:
            PluginError: a store's answer cannot be used, or two claimants have the same priority.
        """
        claims: list[tuple[PluginInfo, StoreClaim]] = []
        failed: list[tuple[PluginInfo, PluginError]] = []
        for plugin in self._with_hook("zcrm_token_store"):
            try:
                claims.append((self._info(plugin), self._claim(plugin, config)))
            except PluginError as error:  # noqa: PERF203 - the other stores are asked all the same
                failed.append((self._info(plugin), error))
        claims.sort(key=lambda pair: (-pair[1].priority, pair[0].name))
        pinned = config.token_store
        if pinned:
            ranked = [(info, claim) for info, claim in claims if pinned in (info.name, claim.name)]
        else:
            ranked = [(info, claim) for info, claim in claims if claim.claims]
        self._pass_over(failed, config, ranked[0][0] if ranked else None)
        if len(ranked) > 1 and (pinned or ranked[0][1].priority == ranked[1][1].priority):
            both = f"go by the name {pinned}" if pinned else f"have the priority {ranked[0][1].priority}"
            raise PluginError(
                f"The stores {ranked[0][0]} and {ranked[1][0]} claim this configuration and {both}.",
                why="One store keeps the tokens, and nothing here says which of the two.",
                fix=f"Set token_store to {ranked[0][0].name} or {ranked[1][0].name}, or remove one.",
                code="ZCRM-PLUGIN-005",
            )
        chosen = ranked[0][0] if ranked else None
        return [
            Candidate(info, claim, info is chosen, why_chosen(claim, pinned, chosen, in_force=info is chosen))
            for info, claim in claims
        ]

    def _pass_over(
        self, failed: Sequence[tuple[PluginInfo, PluginError]], config: Config, chosen: PluginInfo | None
    ) -> None:
        """Go on without stores that fail where they cannot be the one in force.

        Raises:
            PluginError: a failed store may be the one in force: tokens must not go where nobody put them.
        """
        pinned = config.token_store
        for info, error in failed:
            if pinned:
                harmless = chosen is not None and info.name != pinned
            else:
                named = chosen is not None and self._names(config, chosen)
                harmless = named and not self._may_concern(config, info)
            if not harmless:
                raise error
            self._passed_over[info.name] = error

    def _names(self, config: Config, info: PluginInfo) -> bool:
        """Tell whether the configuration sets one of a plugin's keys."""
        return any(key in config for key in self._keys.get(info.name, ()))

    def _may_concern(self, config: Config, info: PluginInfo) -> bool:
        """Tell whether a plugin may matter here: one of its keys is set, or it has none to tell by."""
        return not self._keys.get(info.name) or self._names(config, info)

    def choose_store(self, config: Config) -> tuple[Candidate, Mapping[str, pluggy.HookCaller]]:
        """Choose the one store of a configuration.

        Returns:
            The store chosen, and for each of its token hooks the caller that asks this store alone; the
            wrappers of other plugins still see every call.

        Raises:
            PluginError: no store fits, the one that is named is not installed, or two have the same rank.
            StoreError: the store chosen says that it cannot be used.
        """
        candidates = self.candidates(config)
        chosen = next((candidate for candidate in candidates if candidate.chosen), None)
        require_the_named_store(config, self._infos, chosen)
        if chosen is None:
            raise no_store(config, self)
        if chosen.claim.problem is not None:
            raise chosen.claim.problem
        plugin = self._manager.get_plugin(chosen.plugin.name)
        hooks = (*_STORE_HOOKS, *_OPTIONAL_STORE_HOOKS)
        return chosen, {hook: self._only(hook, plugin) for hook in hooks if hook in chosen.plugin.hooks}

    def _claim(self, plugin: object, config: Config) -> StoreClaim:
        answer = self._asked("zcrm_token_store", plugin, config)
        claim = answer[0] if isinstance(answer, list) and answer else None
        if (
            isinstance(claim, StoreClaim)
            and (type(claim.priority), type(claim.claims)) == (int, bool)
            and all(isinstance(text, str) for text in (claim.name, claim.reason))
            and (claim.problem is None or isinstance(claim.problem, StoreError))
        ):
            return claim
        expected = "a StoreClaim: texts, an integer, a boolean, a text, and a StoreError or None"
        raise self._wrong_answer("zcrm_token_store", plugin, claim, expected)

    def _wrong_answer(self, hook: str, plugin: object, answer: object, expected: str) -> PluginError:
        info = self._info(plugin)
        return PluginError(
            f"The plugin {info} answered {hook} with {type(answer).__name__} instead of {expected}.",
            why="An answer that is not what the hook promises cannot be used.",
            fix=cure(info),
            code="ZCRM-PLUGIN-003",
        )

    def _asked(self, hook: str, plugin: object, config: Config) -> object:
        """What one plugin answers; an error that is not zcrm's gets the plugin's name."""
        try:
            answer: object = self._only(hook, plugin)(config=config)
        except ZcrmError:
            raise
        except Exception as error:  # a stranger's code can raise anything; it is raised again, by name
            info = self._info(plugin)
            raise PluginError(
                f"The plugin {info} failed in {hook}.",
                why=f"{type(error).__name__}: {error}",
                fix=cure(info),
                code="ZCRM-PLUGIN-003",
            ) from error
        return answer

    # -- pluggy ----------------------------------------------------------------------------------------

    def _info(self, plugin: object) -> PluginInfo:
        name = self._manager.get_name(plugin) or ""
        return self._infos.get(name) or PluginInfo(type(plugin).__name__, "zcrm-core", "its own part")

    def _with_hook(self, hook: str) -> list[object]:
        """The plugins that answer a hook, wrappers left out."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return [each.plugin for each in caller.get_hookimpls() if not (each.hookwrapper or each.wrapper)]

    def _only(self, hook: str, plugin: object) -> pluggy.HookCaller:
        """A caller that asks one plugin; the wrappers of the others still run."""
        others = [other for other in self._with_hook(hook) if other is not plugin]
        return self._manager.subset_hook_caller(hook, others)
