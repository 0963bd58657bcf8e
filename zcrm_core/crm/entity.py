"""How is one JSON object of the CRM read as a Python object, without copying or losing anything?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import ClassVar, Generic, TypeVar, overload

from zcrm_core.errors import TransportError
from zcrm_core.exact_json import JSON
from zcrm_core.redaction import plain
from zcrm_core.response import Response, not_asked_for

__all__ = [
    "Attribute",
    "Entity",
    "Reference",
    "amount",
    "anything",
    "copied",
    "count_of",
    "day",
    "entities",
    "entity",
    "flag",
    "number",
    "objects",
    "objects_of",
    "plain_name",
    "reference",
    "text",
    "texts",
    "time",
    "too_deep",
]

T = TypeVar("T")
E = TypeVar("E", bound="Entity")

_DIGITS = 4_000  # Python refuses to read more at once


class Entity(Mapping[str, JSON]):
    """A read-only mapping over a JSON object exactly as Zoho sent it; attributes read what is often needed.

    A list or an object inside is given as a copy, so nothing that is done to it changes the entity.

    Args:
        json: the object. Keys that have no attribute are reached as ``entity["Key"]``.
    """

    __slots__ = ("_json",)

    #: whether a field that points to such a thing is written with its id alone
    points: ClassVar[bool] = False

    def __init__(self, json: dict[str, JSON]) -> None:
        self._json = json

    def __getitem__(self, key: str) -> JSON:
        return copied(self._json[key])

    def __contains__(self, key: object) -> bool:
        return key in self._json

    def __iter__(self) -> Iterator[str]:
        return iter(self._json)

    def __len__(self) -> int:
        return len(self._json)

    def __repr__(self) -> str:
        # Where nothing names it its keys are shown, and no value, which can be personal.
        shown = self._texts("id", "api_name") or self._texts("status", "Status") or list(self)
        return plain(f"<{type(self).__name__} {' '.join(shown)}>")

    def _texts(self, *keys: str) -> list[str]:
        held = [self._held(key) for key in keys if key in self]
        return [value for value in held if isinstance(value, str)]

    def _held(self, key: str) -> JSON:
        """Give what is held under a key, not to be changed."""
        return self._json[key]


class Attribute(Generic[T]):
    """An attribute that reads one key of an entity's JSON when it is asked for.

    Args:
        key: the key, as Zoho spells it; ``a.b`` is the key ``b`` of the object under ``a``.
        read: turns the JSON value into the attribute's; it gets ``None`` for a missing key.
        also: the key's other spelling, in other versions or answers.
    """

    __slots__ = ("_keys", "_read")

    def __init__(self, key: str, read: Callable[[JSON], T], also: str | None = None) -> None:
        self._keys = [each.split(".") for each in (key, also) if each is not None]
        self._read = read

    @overload
    def __get__(self, entity: None, owner: type[Entity]) -> Attribute[T]: ...

    @overload
    def __get__(self, entity: Entity, owner: type[Entity]) -> T: ...

    def __get__(self, entity: Entity | None, owner: type[Entity]) -> Attribute[T] | T:
        if entity is None:
            return self
        for first, *inner in self._keys:
            if first in entity:
                value = entity._held(first)  # noqa: SLF001 - the two classes are one thing
                for key in inner:
                    value = value.get(key) if isinstance(value, dict) else None
                return self._read(value)
        return self._read(None)


def copied(value: JSON) -> JSON:
    """Copy a value with all lists and objects in it.

    Raises:
        TransportError: it is nested more deeply than Python can follow; its parser reads such a value.
    """
    try:
        return _copied(value)
    except RecursionError:
        raise too_deep() from None


def too_deep() -> TransportError:
    """Make the error for a value that Python cannot follow to its bottom."""
    return not_asked_for(
        "A value in the answer of Zoho is nested too deeply to be read.",
        why="No value of the CRM has so many lists or objects in each other.",
        fix="Look at the server that answers: a gateway in between, or a stand-in for Zoho.",
    )


def _copied(value: JSON) -> JSON:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value


def anything(value: JSON) -> JSON:
    """Read whatever is there, as a copy."""
    return copied(value)


def plain_name(value: JSON) -> str | None:
    """Read the name of a field or a module: v2 sends it plainly, later versions as an object."""
    return text(value.get("api_name") if isinstance(value, dict) else value)


def text(value: JSON) -> str | None:
    """Read a text; ``None`` for anything else."""
    return value if isinstance(value, str) else None


def flag(value: JSON) -> bool | None:
    """Read a boolean, also written as text; ``None`` for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def number(value: JSON) -> int | None:
    """Read a whole number, also written as text; ``None`` for anything else."""
    if (
        isinstance(value, str)
        and value.isascii()
        and value.removeprefix("-").isdigit()
        and len(value) <= _DIGITS
    ):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def amount(value: JSON) -> Decimal | None:
    """Read a number without rounding, for money and quantities; ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


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


def day(value: JSON) -> date | None:
    """Read a day of the calendar (``YYYY-MM-DD``); ``None`` for anything else."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def entity(kind: Callable[[dict[str, JSON]], E]) -> Callable[[JSON], E | None]:
    """Read an object as an entity of a kind; ``None`` for anything else."""

    def read(value: JSON) -> E | None:
        row = _object(value)
        return None if row is None else kind(row)

    return read


def entities(kind: Callable[[dict[str, JSON]], E]) -> Callable[[JSON], tuple[E, ...]]:
    """Read a list of objects as entities of a kind; a name that stands alone is an object with that name."""

    def read(value: JSON) -> tuple[E, ...]:
        items = value if isinstance(value, list) else []
        rows = [_object({"name": item} if isinstance(item, str) else item) for item in items]
        return tuple(kind(row) for row in rows if row is not None)

    return read


def _object(value: object) -> dict[str, JSON] | None:
    """Give an object as it is held; a program may have set an entity in a record."""
    held = value._json if isinstance(value, Entity) else value  # noqa: SLF001 - its own
    return held if isinstance(held, dict) else None


class Reference(Entity):
    """A pointer to another record, user, role or profile: its id and its name."""

    __slots__ = ()
    points = True

    #: the id of what is pointed to
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: the e-mail address, for a user
    email = Attribute("email", text)


reference = entity(Reference)
"""Reads a pointer; ``None`` for anything else."""


def objects(response: Response, key: str, entity: Callable[[dict[str, JSON]], E]) -> list[E]:
    """Read the list of objects that an answer holds under a key; empty for an answer without content.

    Raises:
        TransportError: the answer is not of that form.
    """
    if response.status == HTTPStatus.NO_CONTENT:
        return []
    return objects_of(response.json(), key, entity, response.status)


def objects_of(answer: JSON, key: str, entity: Callable[[dict[str, JSON]], E], status: int) -> list[E]:
    """Read the list of objects that a document holds under a key.

    Raises:
        TransportError: it is not of that form.
    """
    rows = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise not_asked_for(
            f"The answer ({status}) holds no list named {key}.",
            why="Zoho sends one for this call, so something else answered or the version is another.",
            fix="Check api_version and the region; report it if it goes on.",
        )
    return [entity(row) for row in rows if isinstance(row, dict)]


def count_of(response: Response) -> int:
    """Read the number that an answer holds under ``count``; v2 may send it as text.

    Raises:
        TransportError: there is none.
    """
    answer = response.json()
    count = number(answer.get("count")) if isinstance(answer, dict) else None
    if count is None or count < 0:
        raise not_asked_for(f"The answer ({response.status}) holds no count.")
    return count
