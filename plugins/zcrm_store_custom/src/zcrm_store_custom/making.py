"""How does a class become the one store object of a configuration?"""

from __future__ import annotations

import inspect
import threading
from typing import Final

from zcrm_core import Config, StoreError
from zcrm_store_custom.failures import refused, refusing
from zcrm_store_custom.loading import load_module
from zcrm_store_custom.naming import read_names
from zcrm_store_custom.picking import pick_class
from zcrm_store_custom.showing import class_name, missing_methods
from zcrm_store_custom.slowness import told_when_slow
from zcrm_store_custom.spellings import complete_spellings

__all__ = ["OBJECT_KEY", "make_handler"]

OBJECT_KEY: Final = "persistence_handler"


class _Under(threading.local):
    """The classes that this thread is making."""

    def __init__(self) -> None:
        self.way: list[type] = []


_under: Final = _Under()


def make_handler(config: Config) -> object:
    """Give the store object that the configuration names; an object that a program passes comes first.

    Raises:
        StoreError: the class cannot be loaded or made.
    """
    given = config.get(OBJECT_KEY)
    if given is None:
        place, name = read_names(config)
        given = pick_class(load_module(place), place, name)
    return _make(given, config) if issubclass(type(given), type) else given  # type: ignore[arg-type] # just told


def _make(store: type, config: Config) -> object:
    arguments = (config,) if _wants_config(store) else ()
    called = f"It was called as {class_name(store)}({'config' if arguments else ''})."
    if store in _under.way:
        why = "Its constructor makes a client whose tokens this very class is to keep."
        raise _unmade(store, "is not made yet", why, "Take what makes a client out of the constructor.")
    _under.way.append(store)
    try:
        with refusing(lambda error: _raised(store, error, called)), told_when_slow(class_name(store)):
            made = store(*arguments)
    finally:
        _under.way.pop()
    if store not in type(made).__mro__ and not complete_spellings(made):
        given = "nothing" if made is None else f"{class_name(made)} instead of a store"
        fix = "Return the new object from __new__, or leave __new__ out."
        raise _unmade(store, f"gave {given} when it was made", called, fix)
    return made


def _raised(store: type, error: BaseException, called: str) -> StoreError:
    fix = "Look at the cause and correct the constructor or what it needs."
    if inspect.isabstract(store):
        called, fix = f"It is abstract: it lacks {missing_methods(store)}.", "Write what it lacks."
    return _unmade(store, f"raised {class_name(error)} while it was made", called, fix)


def _undescribed(store: type, error: BaseException) -> StoreError:
    what = f"raised {class_name(error)} when its arguments were looked at"
    why = "It describes its arguments itself, and that fails."
    return _unmade(store, what, why, "Write the class and its constructor plainly.")


def _unmade(store: type, what: str, why: str, fix: str) -> StoreError:
    return refused("ZCRM-CUSTOM-006", f"{class_name(store)} {what}.", why, fix, store)


def _wants_config(store: type) -> bool:
    """Tell whether the constructor takes the configuration: as its one needed argument, or as ``config``."""
    with refusing(lambda error: _undescribed(store, error)):
        try:
            parameters = list(inspect.signature(store).parameters.values())
        except (TypeError, ValueError):  # a class written in C may not say
            return False
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [each for each in parameters if each.kind in by_place]
    needed = [
        each
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if len(needed) > 1 or (needed and needed[0] not in positional):
        raise _unmade(
            store,
            f"cannot be made: it needs {', '.join(each.name for each in needed)}",
            "A store class is made with no argument, or with the configuration alone.",
            "Give the others defaults, or pass an object as Client(..., token_store=it).",
        )
    return bool(needed) or (bool(positional) and positional[0].name == "config")
