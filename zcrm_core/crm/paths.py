"""How does a name or an id become one safe part of an address?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from zcrm_core.errors import ApiError
from zcrm_core.redaction import class_name

__all__ = ["checked_ids", "id_in", "identifier", "joined_ids", "segment"]

_BITS = 64  # Zoho's ids have them at most
_HALF = re.compile(r"[\ud800-\udfff]")  # half of a character, which has no form in an address
_LONGEST = 60


def segment(name: str, value: object) -> str:
    """Quote one part of a path, so that it can be nothing but that part.

    Args:
        name: what it is, for the message.
        value: the module's name or the record's id.

    Raises:
        ApiError: it is empty, relative, more than one part, no Unicode, or neither a text nor a number.
    """
    part = _written(value)
    # Servers decode %2F before they look at the path, so quoting a slash would not keep it inside its part.
    if part.strip(". \t\r\n") == "" or "/" in part or "\\" in part or _HALF.search(part):
        other = "None" if value is None else f"A {class_name(type(value))} of this kind"
        raise ApiError(
            f"{_shown(part) if isinstance(value, str) or part else other} is no {name}.",
            why="It would make the address one of something else, or none.",
            fix=f"Pass the {name} as Zoho gives it.",
            code="ZCRM-API-009",
        )
    return quote(part, safe="")


def identifier(name: str, value: object) -> str:
    """Give an id as text for a body, where nothing is quoted.

    Raises:
        ApiError: it is empty, or surely none.
    """
    segment(name, value)
    return _written(value)


def id_in(given: str | int) -> str | int | None:
    """Give what stands for a thing where it is its id; ``None`` where it is its API name."""
    return given if str(given).isdecimal() else None


def joined_ids(ids: Iterable[str | int] | str | int, most: int) -> str:
    """Join ids as Zoho takes them in a query.

    Args:
        ids: one id or several.
        most: how many one call takes.

    Raises:
        ApiError: there are none or too many, or one of them is no id.
    """
    parts = checked_ids(ids)
    if not 1 <= len(parts) <= most:
        raise ApiError(
            f"{len(parts)} ids are given for one call.",
            why=f"Zoho takes 1 to {most} at once.",
            fix="Call once for each part of the ids.",
            code="ZCRM-API-009",
        )
    return ",".join(parts)


def checked_ids(ids: Iterable[str | int] | str | int) -> list[str]:
    """Give ids as texts, each surely one id.

    Raises:
        ApiError: one is empty or holds what divides ids.
    """
    given: list[object] = [ids]
    if isinstance(ids, Iterable) and not isinstance(ids, (str, bytes, Mapping)):
        given = list(ids)
    for each in given:
        if "," in _written(each):
            raise ApiError(
                f"{_shown(_written(each))} is no id.",
                why="Zoho divides ids at commas, so it would act on others.",
                fix="Pass a list of ids.",
                code="ZCRM-API-009",
            )
    return [identifier("id", each) for each in given]


def _shown(part: str) -> str:
    """Show a name or an id in a message, a long one by its beginning."""
    return repr(part) if len(part) <= _LONGEST else f"{part[:_LONGEST]!r}..."


def _written(value: object) -> str:
    """Write a text or a whole number; nothing else is a name or an id, and a huge number neither."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _BITS:
        return str(value)
    return value if isinstance(value, str) else ""
