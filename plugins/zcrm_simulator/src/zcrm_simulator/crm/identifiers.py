"""Is a text the id of a record?"""

from __future__ import annotations

LARGEST = 2**63
"""One more than the largest number that the database stores."""

_DIGITS = 19


def as_id(given: object) -> int | None:
    """Return the number that an id stands for, or ``None`` when it can be no id."""
    text = str(given)
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        return None
    number = int(text)
    return number if number < LARGEST else None
