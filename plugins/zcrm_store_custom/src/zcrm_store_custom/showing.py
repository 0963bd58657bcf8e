"""How do messages call what a user wrote, and where is it written?"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

__all__ = ["class_name", "located", "missing_methods", "shown"]

_LONGEST: Final = 300

# What Python itself knows of a class: asked in the usual way, it may run a user's code.
_name_of: Final = type.__dict__["__name__"].__get__
_module_of: Final = type.__dict__["__module__"].__get__
_lacks_of: Final = type.__dict__["__abstractmethods__"].__get__


def shown(text: str) -> str:
    """Give a path or a name as messages show it: control characters escaped, a very long one cut."""
    plain = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST // 2]}...{plain[-_LONGEST // 2 :]}"


def class_name(thing: object) -> str:
    """Give the name of an object's class; of a class or a module its own.

    Of an error this is all that messages show: its text may hold a secret.
    """
    return shown(str(vars(thing).get("__name__") if _is_module(thing) else _name_of(_class_of(thing))))


def missing_methods(store: type) -> str:
    """Name the methods that an abstract class lacks."""
    return ", ".join(sorted(shown(str(name)) for name in _lacks_of(store)))


def located(thing: object, why: str) -> str:
    """Add to a reason in which file the class of an object, or a class or module itself, is written, once."""
    home = class_name(thing) if _is_module(thing) else str(_module_of(_class_of(thing)))
    module = thing if _is_module(thing) else sys.modules.get(home)
    file = getattr(module, "__dict__", {}).get("__file__")
    place = shown(file) if isinstance(file, str) else f"the module {shown(home)}"
    where = f"{class_name(thing)} is in {place}."
    return why if where in why else f"{why} {where}"


def _is_module(thing: object) -> bool:
    # isinstance would ask the object itself for its class.
    return issubclass(type(thing), ModuleType)


def _class_of(thing: object) -> object:
    return thing if issubclass(type(thing), type) else type(thing)
