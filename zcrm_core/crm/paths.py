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
        ApiError: it is empty, relative, or more than one part.
    """
    part = str(value)
    # Servers decode %2F before they look at the path, so quoting a slash would not keep it inside its part.
    if part.strip(". \t\r\n") == "" or "/" in part or "\\" in part:
        raise ApiError(
            f"{part!r} is no {name}.",
            why="It would make the address one of something else.",
            fix=f"Pass the {name} as Zoho gives it.",
            code="ZCRM-API-009",
        )
    return quote(part, safe="")
