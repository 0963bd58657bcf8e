"""Which custom views does a module have, and what does each show?"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    anything,
    flag,
    plain_name,
    reference,
    text,
    time,
    too_deep,
)
from zcrm_core.exact_json import JSON

__all__ = ["CustomView", "ViewCriteria"]


class ViewCriteria(Entity):
    """A condition, or a group of them."""

    __slots__ = ()

    #: the field's API name
    field = Attribute("field", plain_name)
    #: how it is compared, such as ``equal``
    comparator = Attribute("comparator", text)
    #: with what
    value = Attribute("value", anything)
    #: ``and`` or ``or``, for a group
    group_operator = Attribute("group_operator", text)

    @property
    def group(self) -> tuple[ViewCriteria, ...]:
        """The conditions of a group, in order."""
        members = self._json.get("group")
        rows = members if isinstance(members, list) else []
        return tuple(ViewCriteria(row) for row in rows if isinstance(row, dict))

    def __str__(self) -> str:
        """The condition as text, every member of every group in it."""
        return self._whole(lambda leaf: f"({leaf.field}:{leaf.comparator}:{leaf.value})")

    @property
    def pattern(self) -> str:
        """How the conditions are joined, each by its number from 1: ``(1and(2or3))``."""
        numbers = itertools.count(1)
        return self._whole(lambda _: str(next(numbers)))

    def _whole(self, leaf: Callable[[ViewCriteria], str]) -> str:
        try:
            return self._written(leaf)
        except RecursionError:
            raise too_deep() from None

    def _written(self, leaf: Callable[[ViewCriteria], str]) -> str:
        group = self.group
        if not group:
            return leaf(self)
        joint = (self.group_operator or "and").lower()
        return f"({joint.join(member._written(leaf) for member in group)})"  # noqa: SLF001 - its own


def _names(value: JSON) -> tuple[str, ...]:
    """Read the names of fields, plain or as objects."""
    items = value if isinstance(value, list) else []
    return tuple(name for item in items if (name := plain_name(item)) is not None)


def _criteria(value: JSON) -> ViewCriteria | None:
    """Read a condition; v2 may send several in a list, which all must hold."""
    if isinstance(value, list):
        return ViewCriteria({"group_operator": "and", "group": value})
    return ViewCriteria(value) if isinstance(value, dict) and value else None


class CustomView(Entity):
    """One custom view of a module."""

    __slots__ = ()

    #: the view's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: the name that Zoho gave it
    system_name = Attribute("system_name", text)
    #: what a person sees
    display_value = Attribute("display_value", text)
    #: whether it is the module's usual view
    default = Attribute("default", flag)
    #: whether Zoho made it
    system_defined = Attribute("system_defined", flag)
    #: who sees it
    shared_details = Attribute("shared_details", anything, also="shared_to")
    #: the field by which it is sorted
    sort_by = Attribute("sort_by", plain_name)
    #: ``asc`` or ``desc``
    sort_order = Attribute("sort_order", text)
    #: its category, such as ``public_views``
    category = Attribute("category", text)
    #: the API names of the fields that it shows
    fields = Attribute("fields", _names)
    #: its place among the user's favourites
    favorite = Attribute("favorite", anything)
    #: whether it can be used without a connection
    offline = Attribute("offline", flag)
    #: which records it shows
    criteria = Attribute("criteria", _criteria)
    #: the user who made it
    created_by = Attribute("created_by", reference)
    #: when it was changed last
    modified_time = Attribute("modified_time", time)
