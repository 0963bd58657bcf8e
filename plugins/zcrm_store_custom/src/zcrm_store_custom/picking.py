"""Which class of a user's module is the store?"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Final

from zcrm_core import StoreError
from zcrm_store_custom.failures import refused, refusing
from zcrm_store_custom.naming import CLASS_KEY
from zcrm_store_custom.showing import class_name, missing_methods, shown
from zcrm_store_custom.spellings import SPELLINGS

__all__ = ["pick_class"]

_ABSENT: Final = object()


def pick_class(module: ModuleType, place: str, name: str | None) -> type:
    """Give the class of that name; without a name, the only one that is made to be a store.

    Args:
        module: where to look.
        place: how messages call it.
        name: the class, if one is named.

    Raises:
        StoreError: there is no such class, or it cannot be told which one is meant.
    """
    return _only_one(module, shown(place)) if name is None else _named(module, shown(place), name)


def _named(module: ModuleType, place: str, name: str) -> type:
    with refusing(lambda error: _hidden(place, name, error)):
        found = getattr(module, name, _ABSENT)
    if _is_class(found):
        return found  # type: ignore[return-value] # told by its type, for __class__ runs a user's code
    raise refused(
        "ZCRM-CUSTOM-005",
        f"There is no class {shown(name)} in {place}.",
        _seen(module) if found is _ABSENT else f"{shown(name)} is {class_name(found)}, not a class.",
        f"Correct {CLASS_KEY}; upper and lower case count.",
    )


def _hidden(place: str, name: str, error: BaseException) -> StoreError:
    return refused(
        "ZCRM-CUSTOM-005",
        f"{place} raised {class_name(error)} when it was asked for {shown(name)}.",
        "It has a __getattr__ of its own, which fails.",
        "Define the class there, or let __getattr__ raise AttributeError for what it does not know.",
    )


def _only_one(module: ModuleType, place: str) -> type:
    classes = _own_classes(module)
    whole = [each for each in classes if any(_has(each, names.names) for names in SPELLINGS)]
    # Where none is whole, one that has some of the methods is meant; their check says what it lacks.
    stores = whole or [
        each for each in classes if any(_has(each, (name,)) for names in SPELLINGS for name in names.names)
    ]
    if len(stores) == 1:
        return stores[0]
    names = ", ".join(class_name(each) for each in stores)
    raise refused(
        "ZCRM-CUSTOM-005",
        f"{place} has {len(stores)} store classes: {names}." if stores else f"{place} has no store class.",
        f"Without {CLASS_KEY} there must be one alone." if stores else _seen(module),
        f"Name the class with {CLASS_KEY}{'' if stores else ', or write one that saves, gets and deletes'}.",
    )


def _has(store: type, names: tuple[str, ...]) -> bool:
    """Tell whether a class or one of its bases defines all the names, without running code of theirs."""
    return all(any(name in vars(base) for base in store.__mro__) for name in names)


def _own_classes(module: ModuleType, *, abstract: bool = False) -> list[type]:
    """The classes that a module defines itself and that can, or cannot, be made, each of them once."""
    return list(
        {
            id(each): each
            for each in vars(module).values()
            if _is_class(each)
            and vars(each).get("__module__") == module.__name__
            and inspect.isabstract(each) == abstract
            and not vars(each).get("_is_protocol", False)
        }.values()
    )


def _is_class(value: object) -> bool:
    return issubclass(type(value), type)


def _seen(module: ModuleType) -> str:
    names = ", ".join(class_name(each) for each in _own_classes(module))
    unmade = "".join(
        f" {class_name(each)} is abstract: it lacks {missing_methods(each)}."
        for each in _own_classes(module, abstract=True)
    )
    return f"It defines {names}.{unmade}" if names else unmade.strip() or "It defines no class."
