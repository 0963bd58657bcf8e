"""Which hooks does a plugin have, and does each of them keep the rules?

Only what is written is looked at: no property runs and nothing is called, so looking at a plugin is harmless.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Final, cast

import pluggy

from zcrm_core import hookspecs
from zcrm_core.hookspecs import TokenStorePlugin
from zcrm_core.redaction import class_name, kind_of, plain

__all__ = ["OPTIONAL_STORE_HOOKS", "STORE_HOOKS", "BrokenRule", "Hook", "find_hooks"]

Function = Callable[..., object]

STORE_HOOKS: Final = ("zcrm_save_token", "zcrm_fetch_token", "zcrm_delete_token")
OPTIONAL_STORE_HOOKS: Final = ("zcrm_list_tokens", "zcrm_lock_token", "zcrm_manage_store")

_PREFIX: Final = "zcrm_"
_MARK: Final = "zcrm_impl"
"""The attribute that ``hookimpl`` leaves on a function, with its options."""
_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(inspect.signature(function).parameters)
    for name, function in vars(hookspecs).items()
    if name.startswith(_PREFIX)
}
_METHODS: Final[Mapping[str, str]] = {
    "claims": "config",
    "reason": "config",
    "problem": "config",
    "save": "config, key, token, replaces",
    "fetch": "config, key",
    "delete": "config, key",
    "list": "config",
    "lock": "config, key, wait",
    "manage": "config, action",
}
"""How the hooks of ``TokenStorePlugin`` call the methods of a store."""


class BrokenRule(Exception):
    """A plugin cannot be used; the text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A function of a plugin that answers, or wraps, one hook.

    Args:
        name: the hook.
        function: the function, bound as the plugin would call it.
        options: what its ``hookimpl`` says, in pluggy's words.
        wraps: whether it runs around other plugins' answers instead of giving one.
    """

    name: str
    function: Function
    options: pluggy.HookimplOpts
    wraps: bool


def find_hooks(plugin: object) -> dict[str, Hook]:
    """Find a plugin's hooks by the names of its functions.

    Raises:
        BrokenRule: it has none, or one that could never be called as it should.
    """
    if inspect.isclass(plugin):
        raise BrokenRule(f"It is a class, not an object: pass {class_name(plugin)}().")
    found: dict[str, Hook] = {}
    for attribute in sorted({name for name in dir(plugin) if not name.startswith("__")}):
        static = inspect.getattr_static(plugin, attribute, None)
        options = _options(static)
        if options is not None:
            found[attribute] = _hook(attribute, _bound(plugin, attribute), options)
        elif attribute.startswith(_PREFIX):
            _require_no_hook(attribute, static, plugin)
    _require_one_each(found)
    if not found:
        raise BrokenRule(f"It has no hook: no function of this {kind_of(plugin)} is marked with hookimpl.")
    _require_a_whole_store({hook.name for hook in found.values() if not hook.wraps})
    if isinstance(plugin, TokenStorePlugin):
        _require_methods(plugin)
    return found


def _options(static: object) -> pluggy.HookimplOpts | None:
    """Give the options of a marked function; the mark may be above or below ``staticmethod`` and its like."""
    for each in (static, getattr(static, "__func__", None) if _is_method(static) else None):
        if isinstance(each, (FunctionType, MethodType, staticmethod, classmethod)):
            options = getattr(each, _MARK, None)
            if isinstance(options, dict):
                return cast("pluggy.HookimplOpts", dict(options))
    return None


def _is_method(static: object) -> bool:
    return isinstance(static, (MethodType, staticmethod, classmethod))


def _bound(plugin: object, attribute: str) -> Function:
    function = getattr(plugin, attribute)
    if not isinstance(function, (FunctionType, MethodType)):
        raise BrokenRule(f"{attribute} is {kind_of(function)} and not a plain function or method.")
    return function


def _hook(attribute: str, function: Function, options: pluggy.HookimplOpts) -> Hook:
    name = options.get("specname") or attribute
    if name not in _ARGUMENTS:
        nearest = difflib.get_close_matches(str(name), _ARGUMENTS, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        raise BrokenRule(f"There is no hook {plain(str(name))}.{hint}")
    wraps = bool(options.get("wrapper") or options.get("hookwrapper"))
    hook = Hook(str(name), function, options, wraps)
    _require_a_plain_call(hook)
    _require_known_arguments(hook)
    return hook


def _require_no_hook(attribute: str, static: object, plugin: object) -> None:
    """Refuse what looks like a hook and would never be called."""
    if attribute in _ARGUMENTS:
        if static is not None:  # None is how a subclass takes back what its base offers
            kind = "" if isinstance(static, FunctionType) else f" is {kind_of(static)} and"
            raise BrokenRule(
                f"{attribute}{kind} is not marked with hookimpl, so it would never be called. "
                "Write it as a function with @hookimpl above it."
            )
    elif isinstance(static, FunctionType) and static.__module__ == _home(plugin):
        nearest = difflib.get_close_matches(attribute, _ARGUMENTS, n=1)
        hint = f"did you mean {nearest[0]}, with @hookimpl above it?" if nearest else "give it another name."
        raise BrokenRule(f"{attribute} has the name of a hook and is none: {hint}")


def _home(plugin: object) -> str:
    """The module that a plugin is, or that its class is written in."""
    return plugin.__name__ if inspect.ismodule(plugin) else type(plugin).__module__


def _require_a_plain_call(hook: Hook) -> None:
    generates = inspect.isgeneratorfunction(hook.function)
    if inspect.iscoroutinefunction(hook.function) or inspect.isasyncgenfunction(hook.function):
        raise BrokenRule(f"{hook.name} is async: a hook is called and not awaited, so none of it would run.")
    if hook.wraps and hook.name == "zcrm_config_keys":
        raise BrokenRule("zcrm_config_keys cannot be wrapped: each plugin is asked for its keys alone.")
    if hook.wraps and not generates:
        raise BrokenRule(f"{hook.name} is marked as a wrapper and has no yield.")
    if generates and not hook.wraps and hook.name != "zcrm_list_tokens":
        cure = "contextlib.contextmanager above it" if hook.name == "zcrm_lock_token" else "no yield"
        raise BrokenRule(
            f"{hook.name} has a yield, so calling it would run none of it: write it with {cure}."
        )


def _require_known_arguments(hook: Hook) -> None:
    """Hold a function to what both pluggy 1.6 and 1.7 pass: positions, named as in the specification."""
    known = _ARGUMENTS[hook.name]
    takes = f"it may take {', '.join(known)}" if known else "it takes none"
    try:
        parameters = inspect.signature(hook.function).parameters.values()
    except (TypeError, ValueError) as error:
        raise BrokenRule(f"The arguments of {hook.name} cannot be read: {kind_of(error)}.") from error
    for each in parameters:
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD, each.KEYWORD_ONLY):
            raise BrokenRule(
                f"{hook.name} has the argument {each}, which no hook gets: {takes}, by position."
            )
        if each.name not in known:
            raise BrokenRule(f"{hook.name} has the unknown argument {each.name}: {takes}.")
        if each.default is not each.empty:
            raise BrokenRule(f"{hook.name} has a default for {each.name}; remove it.")


def _require_one_each(found: Mapping[str, Hook]) -> None:
    functions: dict[str, str] = {}
    for attribute, hook in found.items():
        twin = functions.setdefault(hook.name, attribute)
        if twin != attribute:
            raise BrokenRule(
                f"{twin} and {attribute} are both {hook.name}; a plugin has one function for each hook."
            )


def _require_a_whole_store(answered: set[str]) -> None:
    if "zcrm_token_store" in answered:
        missing = [hook for hook in STORE_HOOKS if hook not in answered]
        if missing:
            raise BrokenRule(f"A token store needs {', '.join(missing)} as well.")
        return
    stray = sorted(answered & {*STORE_HOOKS, *OPTIONAL_STORE_HOOKS})
    if stray:
        raise BrokenRule(f"{', '.join(stray)} without zcrm_token_store: only a store answers them.")


def _require_methods(store: TokenStorePlugin) -> None:
    """Find at once what would fail at the first call, or would be called and run nothing."""
    for name, function in _methods(store):
        call = f"{name}({_METHODS[name]})"
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise BrokenRule(f"Its {call} is async: it is called and not awaited, so none of it would run.")
        if inspect.isgeneratorfunction(function) and name != "list":
            cure = "contextlib.contextmanager above it" if name == "lock" else "no yield"
            raise BrokenRule(
                f"Its {call} has a yield, so calling it would run none of it: write it with {cure}."
            )
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):  # written in C, which does not say
            continue
        try:
            signature.bind(*_METHODS[name].split(", "))
        except TypeError as error:
            raise BrokenRule(
                f"Its method {name} cannot be called as {call}: it takes {plain(str(signature))}; {error}."
            ) from None


def _methods(store: TokenStorePlugin) -> Iterator[tuple[str, Function]]:
    for name in _METHODS:
        static = inspect.getattr_static(store, name, None)
        if isinstance(static, property):
            raise BrokenRule(f"Its {name} is a property and not a method.")
        if static is None:
            continue  # an optional one
        function = getattr(store, name)
        if not callable(function):
            raise BrokenRule(f"Its {name} is {kind_of(function)} and not a method.")
        yield name, function
