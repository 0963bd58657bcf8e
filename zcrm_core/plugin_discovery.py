"""Which plugins are there, and what is wrong with those that cannot be used?

Each one is looked at by itself, so that a broken one takes no other down.
"""

from __future__ import annotations

import difflib
import inspect
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from typing import Final

from zcrm_core.errors import PluginError
from zcrm_core.interrupts import ends_the_program
from zcrm_core.plugin_info import OUR_STORES, PluginInfo, cure
from zcrm_core.plugin_keys import checked_keys
from zcrm_core.plugin_loading import PluginHangs, load
from zcrm_core.plugin_rules import BrokenRule, Hook, find_hooks
from zcrm_core.plugin_wheels import announced, wheel_of
from zcrm_core.redaction import class_name, kind_of, plain, told

__all__ = ["Found", "discover", "name_of", "unknown_names"]

_LONGEST_NAME: Final = 100
_DOTTED: Final = r"\w+(?:\.\w+)*"
_TARGET: Final = re.compile(rf"{_DOTTED}\s*(?::\s*{_DOTTED}\s*)?(?:\[.*\]\s*)?")
"""The value of an entry point: a module, perhaps an object in it, perhaps the extras of older wheels."""


@dataclass(frozen=True, slots=True)
class Found:
    """One plugin, checked.

    Args:
        info: what it is, and what is wrong with it.
        plugin: the object; ``None`` when there is none to be used.
        hooks: its hooks, by the names of its functions.
        keys: the configuration keys that it adds, each with its meaning.
    """

    info: PluginInfo
    plugin: object = None
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


def discover(
    given: Sequence[object], installed: Iterable[EntryPoint] | None, disabled: Iterable[str]
) -> list[Found]:
    """Find and check every plugin: those that the program passes, then the installed ones by their names.

    Args:
        given: plugin objects that the program passes.
        installed: the entry points; those of the installed wheels when left out.
        disabled: the names to leave out.

    Raises:
        PluginError: a plugin that the program passes breaks the rules.
    """
    own: list[Found] = []
    for plugin in given:
        info = PluginInfo(name_of(plugin, [found.info.name for found in own]), None, None)
        found = _without_twin(_checked(info, plugin), own)
        if found.info.error is not None:
            raise found.info.error
        own.append(found)
    entries, damaged = announced() if installed is None else (installed, {})
    wheels = _loaded(entries, {name.strip() for name in disabled}, own)
    unreadable = [_unreadable(name, version, error) for (name, version), error in damaged.items()]
    return [*own, *_with_free_keys(own, wheels), *unreadable]


def name_of(plugin: object, taken: Sequence[str] = ()) -> str:
    """Give the name of an object that the program passes: its own, else that of its class, perhaps numbered.

    Args:
        plugin: the object.
        taken: the names of classes that others go by already.

    Raises:
        PluginError: it cannot be asked for its name.
    """
    kind = class_name(plugin) if inspect.isclass(plugin) else kind_of(plugin)
    try:
        name = getattr(plugin, "name", None)
    except BaseException as error:
        if ends_the_program(error):
            raise
        info = PluginInfo(kind, None, None)
        what = f"The plugin {info} cannot be asked for its name."
        raise PluginError(what, why=told(error), fix=cure(info), code="ZCRM-PLUGIN-003") from error
    if isinstance(name, str):
        return name
    names = itertools.chain([kind], (f"{kind}-{number}" for number in itertools.count(2)))
    return next(each for each in names if each not in taken)


def unknown_names(disabled: Iterable[str], found: Iterable[Found]) -> list[PluginInfo]:
    """Give a remark on each name in ZCRM_DISABLE_PLUGINS that leaves nothing out: perhaps it is misspelt.

    Args:
        disabled: the names to leave out.
        found: the plugins that are there.
    """
    infos = [each.info for each in found]
    installed = [info.name for info in infos if info.wheel is not None]
    passed = {info.name for info in infos if info.wheel is None}
    remarks = []
    for name in sorted({name.strip() for name in disabled} - {"", *installed}):
        error = _in_use(name) if name in passed else _unknown(name, installed)
        remarks.append(PluginInfo(name, None, None, error=error))
    return remarks


def _in_use(name: str) -> PluginError:
    return PluginError(
        f"ZCRM_DISABLE_PLUGINS names {plain(name)}, and it is in use: the program passes it.",
        why="The variable leaves out what is installed. What a program passes itself is the program's.",
        fix="Change the program, or take the name out.",
        code="ZCRM-PLUGIN-010",
    )


def _unknown(name: str, installed: Sequence[str]) -> PluginError:
    nearest = difflib.get_close_matches(name, installed, n=1)
    return PluginError(
        f"ZCRM_DISABLE_PLUGINS names {plain(name)}, and no plugin has this name.",
        why=f"The plugins found are: {plain(', '.join(installed)) or 'none'}.",
        fix=f"Did you mean {plain(nearest[0])}?" if nearest else "Correct the name, or take it out.",
        code="ZCRM-PLUGIN-010",
    )


def _unreadable(wheel: str, version: str, error: Exception) -> Found:
    info = PluginInfo(f"wheel:{wheel}", wheel, version)  # no plugin is called so
    what = plain(f"The wheel {wheel} {version} cannot be read, so nobody knows which plugins it brings.")
    return _rejected(
        info, what, told(error), "ZCRM-PLUGIN-002", fix="Install it again, or remove it.", cause=error
    )


def _loaded(installed: Iterable[EntryPoint], off: set[str], own: Sequence[Found]) -> list[Found]:
    passed = {found.info.name for found in own}  # what the program passes counts before what is installed
    by_name: defaultdict[str, list[tuple[PluginInfo, EntryPoint]]] = defaultdict(list)
    for entry in installed:
        if entry.name not in passed:
            by_name[entry.name].append((PluginInfo(entry.name, *wheel_of(entry)), entry))
    wheels: list[Found] = []
    for name, several in sorted(by_name.items()):
        several.sort(key=lambda pair: str(pair[0]))
        info, entry = several[0]
        if name in off:
            why, fix = "ZCRM_DISABLE_PLUGINS names it.", f"Take {name} out of ZCRM_DISABLE_PLUGINS to use it."
            wheels.append(_rejected(info, f"The plugin {info} is disabled.", why, "ZCRM-PLUGIN-007", fix=fix))
        elif len(several) > 1:
            wheels.append(_of_one_name([each for each, _ in several]))
        else:
            wheels.append(_without_twin(_imported(info, entry), [*own, *wheels]))
    return wheels


def _of_one_name(several: Sequence[PluginInfo]) -> Found:
    info = several[-1]
    names = list(dict.fromkeys(plain(str(each.wheel)) for each in several))
    wheels = " and ".join(names)
    versions = " and ".join(plain(f"{each.wheel} {each.version}") for each in several)
    one = "One name must mean one plugin, so none is used."
    return _rejected(
        info,
        f"Several wheels bring a plugin named {plain(info.name)}: {wheels}."
        if len(names) > 1
        else plain(f"The wheel {info.wheel} names {info.name} more than once."),
        f"They are {versions}. {one}" if len(names) > 1 else one,
        "ZCRM-PLUGIN-004",
        # To disable the name would leave out the one that is wanted as well.
        fix=f"Keep the one that you want: pip uninstall {' or pip uninstall '.join(names)}. To use none: "
        f"ZCRM_DISABLE_PLUGINS={plain(info.name)}"
        if len(names) > 1
        else None,
    )


def _imported(info: PluginInfo, entry: EntryPoint) -> Found:
    what = f"The plugin {info} cannot be loaded."
    if not _TARGET.fullmatch(entry.value):  # importlib would fail without a word on what it is about
        written = plain(f"{entry.name} = {entry.value}")
        wheel = f"the wheel {info.wheel} {info.version}"
        why = f"The entry point [{entry.group}] {written!r} of {wheel} is malformed."
        fix = (
            f"Write it as {plain(entry.name)} = package.module or {plain(entry.name)} = package.module:Object"
        )
        return _rejected(info, what, plain(why), "ZCRM-PLUGIN-002", fix=f"{fix}. Or: {cure(info)}")
    try:
        plugin = load(entry)
        if inspect.isclass(plugin):
            plugin = plugin()
    except PluginHangs as error:
        return _rejected(info, what, f"It hangs: {error}.", "ZCRM-PLUGIN-002")
    except BaseException as error:
        if ends_the_program(error):
            raise
        return _rejected(info, what, told(error), "ZCRM-PLUGIN-002", cause=error)
    return _checked(info, plugin)


def _checked(info: PluginInfo, plugin: object) -> Found:
    what = f"The plugin {info} breaks the rules of the hooks."
    try:
        _require_a_name(info.name)
        hooks = find_hooks(plugin)
        ask = next((hook.function for hook in hooks.values() if hook.name == "zcrm_config_keys"), dict)
        keys = checked_keys(info.name, ask())
    except BrokenRule as error:
        return _rejected(info, what, str(error), "ZCRM-PLUGIN-003")
    except BaseException as error:
        if ends_the_program(error):
            raise
        return _rejected(info, what, f"Looking at it ended in {told(error)}", "ZCRM-PLUGIN-003", cause=error)
    names = tuple(sorted(hook.name for hook in hooks.values()))
    return Found(replace(info, hooks=names), plugin, hooks, keys)


def _require_a_name(name: str) -> None:
    if not name or plain(name) != name or "," in name or len(name) > _LONGEST_NAME:
        raise BrokenRule(
            f"Its name {plain(name)[:_LONGEST_NAME]!r} is none: use up to {_LONGEST_NAME} characters that "
            "can be seen, without a comma and without blanks around."
        )


def _without_twin(found: Found, others: Sequence[Found]) -> Found:
    """Leave out a plugin that is there already: of one name both could not be told apart."""
    for other in others:
        if found.plugin is not None and found.plugin is other.plugin:
            why = f"The same object is the plugin {other.info}."
        elif found.info.name == other.info.name:
            why = "Another plugin has the same name."
        else:
            continue
        return _rejected(found.info, f"The plugin {found.info} is there twice.", why, "ZCRM-PLUGIN-004")
    return found


def _with_free_keys(own: Sequence[Found], wheels: Sequence[Found]) -> list[Found]:
    """Leave out plugins that add a key of one another: one key must mean one plugin.

    The plugins of one wheel may share a key. What the program passes counts before what is installed, and our
    own stores count before any other: no stranger can switch off the store that everybody has.
    """
    owners: defaultdict[str, list[Found]] = defaultdict(list)
    for found in (*own, *wheels):
        for key in found.keys:
            owners[key].append(found)
    left: list[Found] = []
    for found in wheels:
        clashes = [
            (key, other.info)
            for key in found.keys
            for other in owners[key]
            if other.info.wheel != found.info.wheel and not (_is_ours(found.info) and other not in own)
        ]
        left.append(_of_one_key(found.info, *clashes[0]) if clashes else found)
    return left


def _is_ours(info: PluginInfo) -> bool:
    return info.name in OUR_STORES and OUR_STORES[info.name][0] == info.wheel


def _of_one_key(info: PluginInfo, key: str, other: PluginInfo) -> Found:
    return _rejected(
        info,
        f"The plugin {info} adds the configuration key {key}, as {other} does.",
        "One key must mean one plugin: a store that reads another's key would take its tokens.",
        "ZCRM-PLUGIN-009",
        fix=f"Correct, update or remove one, or disable it: ZCRM_DISABLE_PLUGINS={plain(info.name)}"
        + (f" or ZCRM_DISABLE_PLUGINS={plain(other.name)}." if other.wheel else "."),
    )


def _rejected(
    info: PluginInfo,
    what: str,
    why: str,
    code: str,
    *,
    fix: str | None = None,
    cause: BaseException | None = None,
) -> Found:
    error = PluginError(what, why=why, fix=fix or cure(info), code=code)
    error.__cause__ = cause
    return Found(replace(info, hooks=(), error=error))
