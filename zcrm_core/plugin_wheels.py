"""Which installed wheels announce plugins, and which of them cannot be read?"""

from __future__ import annotations

from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

__all__ = ["announced", "wheel_of"]

_GROUP = "zcrm"
_NAMELESS = "unknown wheel"


def announced() -> tuple[list[EntryPoint], dict[tuple[str, str], Exception]]:
    """Give the entry points of all plugins, and the damaged wheels with the errors that they cause."""
    try:
        return list(entry_points(group=_GROUP)), {}
    except Exception:  # noqa: BLE001 - anything can be in a damaged file; it is looked for below, one by one
        entries: dict[str, list[EntryPoint]] = {}
        damaged: dict[tuple[str, str], Exception] = {}
        for wheel in distributions():
            name, version = _called(wheel)
            try:
                found = [entry for entry in wheel.entry_points if entry.group == _GROUP]
            except Exception as error:  # noqa: BLE001 - the same
                damaged[name, version] = error
            else:
                # Of one that is there twice, the first is imported; of one without a name nobody knows that.
                place = name if name != _NAMELESS else f"{name} {len(entries)}"
                entries.setdefault(place, found)
        return [entry for found in entries.values() for entry in found], damaged


def wheel_of(entry: EntryPoint) -> tuple[str, str]:
    """Give the name and the version of the wheel that brings an entry point."""
    return (_NAMELESS, "?") if entry.dist is None else _called(entry.dist)


def _called(wheel: Distribution) -> tuple[str, str]:
    try:
        described = wheel.metadata
        name, version = described["Name"], described["Version"]
    except Exception:  # noqa: BLE001 - a wheel without a description still has its plugins
        return _NAMELESS, "?"
    return str(name or _NAMELESS), str(version or "?")
