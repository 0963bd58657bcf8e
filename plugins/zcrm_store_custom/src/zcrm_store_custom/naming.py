"""Which file or module does the configuration name, and which class in it?"""

from __future__ import annotations

from typing import Final, NamedTuple

from zcrm_core import Config, StoreError
from zcrm_store_custom.failures import refused
from zcrm_store_custom.showing import shown

__all__ = ["CLASS_KEY", "EXAMPLE", "PATH_KEY", "Named", "read_names"]

PATH_KEY: Final = "persistence_handler_class_path"
CLASS_KEY: Final = "persistence_handler_class"
EXAMPLE: Final = f'{PATH_KEY} = "/app/my_store.py" and {CLASS_KEY} = "MyStore"'


class Named(NamedTuple):
    """What the configuration names.

    Args:
        place: the path of a .py file, or the name of a module.
        name: the class in it; ``None`` where it must be the only one.
    """

    place: str
    name: str | None


def read_names(config: Config) -> Named:
    """Read both keys; either may hold ``package.module:Class``.

    Raises:
        StoreError: they name no place, or contradict each other.
    """
    place, name = config.get(PATH_KEY), config.get(CLASS_KEY)
    if isinstance(name, str) and ":" in name:
        if place is not None:
            raise _twice(f"places: {shown(str(place))} and {shown(name)}")
        place, name = name, None
    if not isinstance(place, str):
        raise refused(
            "ZCRM-CUSTOM-001",
            "The configuration does not say where the store class is.",
            f"{CLASS_KEY} names a class, and {PATH_KEY} is not set." if name else "Neither key is set.",
            f"Set {EXAMPLE}.",
        )
    if place.endswith(".py") or ":" not in place:
        return Named(place, name if isinstance(name, str) else None)
    place, _, inner = place.partition(":")
    if not inner:
        raise refused(
            "ZCRM-CUSTOM-001",
            f"{shown(place)}: names no class after the colon.",
            "What stands before the colon is a file or a module, and what stands after it a class.",
            f"Write the class's name there: {shown(place)}:MyStore; or leave the colon out.",
        )
    if name not in (None, inner):
        raise _twice(f"classes: {shown(inner)} and {shown(str(name))}")
    return Named(place, inner)


def _twice(both: str) -> StoreError:
    return refused(
        "ZCRM-CUSTOM-001",
        f"The configuration names two store {both}.",
        f"{PATH_KEY} and {CLASS_KEY} contradict each other.",
        f"Keep one of them, for instance {EXAMPLE}.",
    )
