"""How does a name or an id become one safe part of an address?"""

from __future__ import annotations

from urllib.parse import quote

from zcrm_core.errors import ApiError

__all__ = ["segment"]


def segment(name: str, value: str | int) -> str:
    """Quote one part of a path, so that it can be nothing but that part.

    Args:
        name: what it is, for the message.
        value: the module's name or the record's id.

    Raises:
        ApiError: it is empty, or a relative path.
    """
    part = str(value)
    if part.strip(". \t\r\n") == "":
        raise ApiError(
            f"{part!r} is no {name}.",
            why="An empty or relative part would make it the address of something else.",
            fix=f"Pass the {name} as Zoho gives it.",
            code="ZCRM-API-009",
        )
    return quote(part, safe="")
