"""Which related lists does a module have?"""

from __future__ import annotations

from zcrm_core.crm.entity import Attribute, Entity, flag, number, plain_name, text

__all__ = ["RelatedListInfo", "RelatedListProperties"]


class RelatedListProperties(Entity):
    """How a module's related lists are sorted and what they show."""

    __slots__ = ()

    #: the field by which they are sorted
    sort_by = Attribute("sort_by", text)
    #: ``asc`` or ``desc``
    sort_order = Attribute("sort_order", text)
    #: the fields that they show
    fields = Attribute("fields", lambda value: tuple(map(str, value)) if isinstance(value, list) else ())


class RelatedListInfo(Entity):
    """One related list of a module."""

    __slots__ = ()

    #: the list's id
    id = Attribute("id", text)
    #: the name that calls use
    api_name = Attribute("api_name", text)
    #: its name
    name = Attribute("name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: the API name of the module whose records it shows
    module = Attribute("module", plain_name)
    #: its kind
    type = Attribute("type", text)
    #: the end of its address
    href = Attribute("href", text)
    #: whether it is shown
    visible = Attribute("visible", flag)
    #: what can be done with it
    action = Attribute("action", text)
    #: its place
    sequence_number = Attribute("sequence_number", number)
