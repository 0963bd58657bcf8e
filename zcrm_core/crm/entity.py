"""How is one JSON object of the CRM read as a Python object, without copying or losing anything?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Generic, TypeVar, overload

from zcrm_core.errors import TransportError
from zcrm_core.response import JSON, Response

__all__ = [
    "Attribute",
    "Entity",
    "Reference",
    "flag",
    "number",
    "objects",
    "reference",
    "text",
    "texts",
    "time",
]

T = TypeVar("T")
E = TypeVar("E", bound="Entity")


class Entity(Mapping[str, JSON]):
    """A read-only mapping over a JSON object exactly as Zoho sent it; attributes read what is often needed.

    Args:
        json: the object. Keys that have no attribute are reached as ``entity["Key"]``.
    """

    __slots__ = ("_json",)

    def __init__(self, json: dict[str, JSON]) -> None:
        self._json = json

    def __getitem__(self, key: str) -> JSON:
        return self._json[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._json)

    def __len__(self) -> int:
        return len(self._json)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._json.get('id', '')}>"


class Attribute(Generic[T]):
    """An attribute that reads one key of an entity's JSON when it is asked for.

    Args:
        key: the key, as Zoho spells it.
        read: turns the JSON value into the attribute's; it gets ``None`` for a missing key.
    """

    __slots__ = ("_key", "_read")

    def __init__(self, key: str, read: Callable[[JSON], T]) -> None:
        self._key = key
        self._read = read

    @overload
    def __get__(self, entity: None, owner: type[Entity]) -> Attribute[T]: ...

    @overload
    def __get__(self, entity: Entity, owner: type[Entity]) -> T: ...

    def __get__(self, entity: Entity | None, owner: type[Entity]) -> Attribute[T] | T:
        return self if entity is None else self._read(entity.get(self._key))


def text(value: JSON) -> str | None:
    """Read a text; ``None`` for anything else."""
    return value if isinstance(value, str) else None


def flag(value: JSON) -> bool | None:
    """Read a boolean; ``None`` for anything else."""
    return value if isinstance(value, bool) else None


def number(value: JSON) -> int | None:
    """Read a whole number; ``None`` for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def texts(value: JSON) -> tuple[str, ...]:
    """Read a list of texts; empty for anything else."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def time(value: JSON) -> datetime | None:
    """Read a time with its offset (ISO 8601); ``None`` for anything else."""
    if not isinstance(value, str):
        return None
    try:
        # Python 3.10 does not read the Z that some answers end with.
        moment = datetime.fromisoformat(value.removesuffix("Z") + "+00:00" if value.endswith("Z") else value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


class Reference(Entity):
    """A pointer to another record, user, role or profile: its id and its name."""

    __slots__ = ()

    #: the id of what is pointed to
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: the e-mail address, for a user
    email = Attribute("email", text)


def reference(value: JSON) -> Reference | None:
    """Read a pointer; ``None`` for anything else."""
    return Reference(value) if isinstance(value, dict) else None


def objects(response: Response, key: str, entity: Callable[[dict[str, JSON]], E]) -> list[E]:
    """Read the list of objects that an answer holds under a key; empty for an answer without a body.

    Raises:
        TransportError: the answer is not of that form.
    """
    if response.status in (204, 304):
        return []
    answer = response.json()
    rows = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TransportError(
            f"The answer ({response.status}) holds no list named {key}.",
            why="Zoho sends one for this call, so something else answered or the version is another.",
            fix="Check api_version and the region; report it if it goes on.",
            code="ZCRM-HTTP-007",
        )
    return [entity(row) for row in rows if isinstance(row, dict)]
