"""Which class does the configuration name, and how is it loaded without touching ``sys.path``?"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import itertools
import sys
import weakref
from pathlib import Path
from types import ModuleType
from typing import Final

from zcrm_core import Config, StoreError
from zcrm_store_custom.failures import refused
from zcrm_store_custom.spellings import complete_spellings

__all__ = ["CLASS_KEY", "PATH_KEY", "load_class"]

PATH_KEY: Final = "persistence_handler_class_path"
CLASS_KEY: Final = "persistence_handler_class"
_EXAMPLE: Final = f'{PATH_KEY} = "/app/my_store.py" and {CLASS_KEY} = "MyStore"'

_numbers = itertools.count(1)


def load_class(config: Config) -> type:
    """Load the class that the configuration names, from a file or an importable module.

    A file is run anew each time, under a module name of its own.

    Raises:
        StoreError: no class is named, or it cannot be loaded; the message names the file and the class.
    """
    place, name = _named(config)
    module = _load_file(Path(place), config) if place.endswith(".py") else _import(place)
    return _the_class(module, place, name)


def _named(config: Config) -> tuple[str, str | None]:
    """Give the file or module, and the class in it if one is named."""
    place, name = config.get(PATH_KEY), config.get(CLASS_KEY)
    if place is None and isinstance(name, str) and ":" in name:
        place, name = name, None
    if not isinstance(place, str):
        raise refused(
            "ZCRM-CUSTOM-001",
            "The configuration does not say where the store class is.",
            f"{CLASS_KEY} names a class, and {PATH_KEY} is not set." if name else "Neither key is set.",
            f"Set {_EXAMPLE}.",
        )
    if not place.endswith(".py") and ":" in place:
        place, _, inner = place.partition(":")
        if name is not None and name != inner:
            raise refused(
                "ZCRM-CUSTOM-001",
                f"The configuration names two store classes: {inner} and {name}.",
                f"{PATH_KEY} names one after the colon, and {CLASS_KEY} another.",
                f"Keep one of them, for instance {_EXAMPLE}.",
            )
        name = inner
    return place, name if isinstance(name, str) else None


def _load_file(path: Path, config: Config) -> ModuleType:
    if not path.is_file():
        raise refused(
            "ZCRM-CUSTOM-002",
            f"The store file {path} is not there." if not path.exists() else f"{path} is not a file.",
            f"{PATH_KEY} names it; a relative path starts at the configuration's folder.",
            f"Correct {PATH_KEY}, or put the file there.",
        )
    digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    name = f"zcrm_custom_store_{digest}_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise refused(
            "ZCRM-CUSTOM-002",
            f"Python cannot load {path}.",
            "No loader takes it.",
            "Name a file that ends in .py.",
        )
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickle look a class's module up there, for as long as the configuration is in use.
    sys.modules[name] = module
    weakref.finalize(config, sys.modules.pop, name, None)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(name, None)
        _refuse_import(str(path), error)
        raise
    return module


def _import(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise _no_module(name)
    try:
        return importlib.import_module(name)
    except BaseException as error:
        # A module that the named one imports may be missing as well; that is another failure.
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            raise _no_module(name) from None
        _refuse_import(name, error)
        raise


def _no_module(name: str) -> StoreError:
    return refused(
        "ZCRM-CUSTOM-002",
        f"There is no module {name!r}.",
        f"{PATH_KEY} must be the path of a .py file, or package.module:Class of an installed package.",
        f"Set {_EXAMPLE}, or install the package.",
    )


def _refuse_import(place: str, error: BaseException) -> None:
    """Raise the typed error of a failed import; let through what is none, such as Ctrl-C."""
    if isinstance(error, SyntaxError):
        where = f" at line {error.lineno}" if error.lineno else ""
        raise refused(
            "ZCRM-CUSTOM-003",
            f"{place} cannot be compiled.",
            f"{Path(error.filename or place).name} is not Python{where}: {error.msg}.",
            "Correct the file; `python -m py_compile` shows the place.",
        ) from error
    if isinstance(error, OSError) and error.filename == place:
        raise refused(
            "ZCRM-CUSTOM-002",
            f"The store file {place} cannot be read.",
            f"The operating system says: {error.strerror}.",
            "Give this process's user the right to read it.",
        ) from error
    if isinstance(error, (Exception, SystemExit)):
        raise refused(
            "ZCRM-CUSTOM-004",
            f"{place} raised {type(error).__name__} while it was imported.",
            "The code at the top of the file, or of a module that it imports, failed.",
            "Look at the cause, correct it, and see that importing the file alone works.",
        ) from error


def _the_class(module: ModuleType, place: str, name: str | None) -> type:
    if name is not None:
        found = getattr(module, name, None)
        if isinstance(found, type):
            return found
        raise refused(
            "ZCRM-CUSTOM-005",
            f"There is no class {name} in {place}.",
            f"{name} is {type(found).__name__}, not a class." if found is not None else _seen(module),
            f"Correct {CLASS_KEY}; upper and lower case count.",
        )
    stores = [each for each in _own_classes(module) if complete_spellings(each)]
    if len(stores) == 1:
        return stores[0]
    names = ", ".join(each.__name__ for each in stores)
    raise refused(
        "ZCRM-CUSTOM-005",
        f"{place} has {len(stores)} store classes: {names}." if stores else f"{place} has no store class.",
        f"Without {CLASS_KEY} there must be one alone." if stores else _seen(module),
        f"Name the class with {CLASS_KEY}." if stores else "Write a class that saves, gets and deletes.",
    )


def _own_classes(module: ModuleType) -> list[type]:
    """The classes that a module defines itself and that can be made."""
    return [
        each
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__ and not inspect.isabstract(each)
    ]


def _seen(module: ModuleType) -> str:
    names = ", ".join(each.__name__ for each in _own_classes(module))
    return f"It defines {names}." if names else "It defines no class."
