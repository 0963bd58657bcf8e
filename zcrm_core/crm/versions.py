"""What differs between the versions of Zoho's API, v2 to v8?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MOST_FIELDS", "MOST_IDS", "MOST_RECORDS", "PAGE", "Version", "version"]

PAGE: Final = 200
"""Records in one page, in every version."""
MOST_RECORDS: Final = 100
"""Records in one call that writes, in every version."""
MOST_IDS: Final = 100
"""Ids in one call that reads or deletes, in every version."""
MOST_FIELDS: Final = 50
"""Fields that one call may ask for, where fields are needed."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version's habits.

    Args:
        needs_fields: whether reading a list must name the fields, at most 50 of them (v3 and later).
    """

    needs_fields: bool


def version(api_version: str) -> Version:
    """Give the habits of a version such as ``v2`` or ``v8``."""
    return Version(needs_fields=float(api_version[1:]) >= 3)  # noqa: PLR2004 - v3 brought the change
