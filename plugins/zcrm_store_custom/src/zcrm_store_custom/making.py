"""How does a class become the one store object of a configuration?"""

from __future__ import annotations

import inspect
from typing import Final

from zcrm_core import Config
from zcrm_store_custom.failures import refused
from zcrm_store_custom.loading import load_class

__all__ = ["OBJECT_KEY", "make_handler"]

OBJECT_KEY: Final = "persistence_handler"


def make_handler(config: Config) -> object:
    """Give the store object that the configuration names; an object that a program passes comes first.

    Raises:
        StoreError: the class cannot be loaded or made.
    """
    given = config.get(OBJECT_KEY)
    if given is None:
        return _make(load_class(config), config)
    return _make(given, config) if isinstance(given, type) else given


def _make(store: type, config: Config) -> object:
    arguments = (config,) if _wants_config(store) else ()
    try:
        return store(*arguments)
    except (Exception, SystemExit) as error:
        raise refused(
            "ZCRM-CUSTOM-006",
            f"{store.__name__} raised {type(error).__name__} while it was made.",
            f"It was called as {store.__name__}({'config' if arguments else ''}).",
            "Look at the cause and correct the constructor or what it needs.",
            store,
        ) from error


def _wants_config(store: type) -> bool:
    """Tell whether the constructor takes the configuration: as its one needed argument, or as ``config``."""
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
        raise refused(
            "ZCRM-CUSTOM-006",
            f"{store.__name__} cannot be made: it needs {', '.join(each.name for each in needed)}.",
            "A store class is made with no argument, or with the configuration alone.",
            "Give the others defaults, or pass an object as Client(..., token_store=it).",
            store,
        )
    return bool(needed) or (bool(positional) and positional[0].name == "config")
