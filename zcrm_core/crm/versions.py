"""What differs between the versions of Zoho's API, v2 to v8?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zcrm_core.exact_json import JSON

__all__ = [
    "BULK_UPLOAD_BYTES",
    "BULK_WRITE_ROWS",
    "LINE_ITEM_KEYS",
    "MOST_FIELDS",
    "MOST_IDS",
    "MOST_RECORDS",
    "MOST_TAGS",
    "PAGE",
    "PHOTO_BYTES",
    "PLACES",
    "Version",
    "version",
]

PAGE: Final = 200
"""Records in one page, in every version."""
PLACES: Final = ("page", "page_token")
"""The parameters by which lists find their pages: numbers in v2, tokens since."""
MOST_RECORDS: Final = 100
"""Records in one call that writes, in every version."""
MOST_IDS: Final = 100
"""Ids in one call that reads or deletes, in every version."""
MOST_FIELDS: Final = 50
"""Fields that one call may ask for, where fields are needed."""
MOST_TAGS: Final = 50
"""Tags in one call, in every version."""
BULK_WRITE_ROWS: Final = 25_000
"""Records in one job that writes, in every version."""
BULK_UPLOAD_BYTES: Final = 25 * 1024 * 1024
"""The largest archive for a job that writes."""
PHOTO_BYTES: Final = 10 * 1024 * 1024
"""The largest photo of a record."""

_MODERN_LINES: Final = {
    "Quotes": "Quoted_Items",
    "Sales_Orders": "Ordered_Items",
    "Purchase_Orders": "Purchase_Items",
    "Invoices": "Invoiced_Items",
}
LINE_ITEM_KEYS: Final = ("Product_Details", *_MODERN_LINES.values())
"""Where a record may hold its line items."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version's habits; its name is that of the configuration, its number orders the versions."""

    name: str
    number: float

    @property
    def modern(self) -> bool:
        """Whether it is v3 or later, where most of Zoho's changes came at once."""
        return self.number >= 3  # noqa: PLR2004 - v3 brought the change

    @property
    def needs_fields(self) -> bool:
        """Whether reading a list must name the fields, at most 50 of them."""
        return self.modern

    @property
    def has_page_tokens(self) -> bool:
        """Whether lists lead to their next page by a token."""
        return self.modern

    @property
    def points_by_object(self) -> bool:
        """Whether a conversion names records and users as objects; v2 takes their ids plainly."""
        return self.modern

    @property
    def coql_rows(self) -> int:
        """The most rows that one COQL call gives."""
        return 2_000 if self.modern else 200

    @property
    def coql_reach(self) -> int:
        """The rows that a COQL offset reaches."""
        return 100_000 if self.modern else 10_000

    @property
    def attachment_bytes(self) -> int:
        """The largest file that can be attached."""
        return (100 if self.modern else 20) * 1024 * 1024

    @property
    def tags_in_body(self) -> bool:
        """Whether tags on records stand in the body; v2 has them in the query, where a comma divides them."""
        return self.modern

    @property
    def changes_taxes_together(self) -> bool:
        """Whether one call takes every change of taxes; v2 has a call for each kind of change."""
        return self.modern

    @property
    def sorts_views_by_action(self) -> bool:
        """Whether a view's order has a call of its own; v2 changes the view itself."""
        return self.modern

    def note_parent(self, module: str, record_id: str) -> dict[str, JSON]:
        """Give the part of a note that says where it belongs."""
        if self.modern:
            return {"Parent_Id": {"module": {"api_name": module}, "id": record_id}}
        return {"Parent_Id": record_id, "se_module": module}

    def line_item_key(self, module: str) -> str:
        """Give the field in which a module holds its line items."""
        return _MODERN_LINES.get(module, "Product_Details") if self.modern else "Product_Details"

    def bulk_module(self, module: str) -> JSON:
        """Give a module as a bulk job names it."""
        return {"api_name": module} if self.modern else module


def version(api_version: str) -> Version:
    """Give the habits of a version such as ``v2`` or ``v8``."""
    return Version(api_version, float(api_version[1:]))
