"""How is a module laid out, and what do its fields become when a lead is converted?"""

from __future__ import annotations

from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    Reference,
    anything,
    entities,
    entity,
    flag,
    number,
    reference,
    text,
    time,
)
from zcrm_core.crm.fields import Field
from zcrm_core.exact_json import JSON

__all__ = ["ConvertMapping", "ConvertMappingField", "Layout", "LayoutProfile", "Section", "SectionProperties"]


class SectionProperties(Entity):
    """What holds for a section that is a subform."""

    __slots__ = ()

    #: whether rows can be moved
    reorder_rows = Attribute("reorder_rows", flag)
    #: what a person sees when pointing at it
    tooltip = Attribute("tooltip", anything)
    #: the most rows
    maximum_rows = Attribute("maximum_rows", number)


class Section(Entity):
    """A part of a layout."""

    __slots__ = ()

    #: its name
    name = Attribute("name", text)
    #: the name that calls use
    api_name = Attribute("api_name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: its columns
    column_count = Attribute("column_count", number)
    #: its place
    sequence_number = Attribute("sequence_number", number)
    #: its fields
    fields = Attribute("fields", entities(Field))
    #: whether it is a subform
    subform_section = Attribute("isSubformSection", flag)
    #: the direction in which the tab key goes
    tab_traversal = Attribute("tab_traversal", anything)
    #: what holds for a subform
    properties = Attribute("properties", entity(SectionProperties))


class ConvertMappingField(Entity):
    """A field that a converted lead needs."""

    __slots__ = ()

    #: the field's id
    id = Attribute("id", text)
    #: its API name
    api_name = Attribute("api_name", text)
    #: what a person sees
    field_label = Attribute("field_label", text)
    #: whether it must have a value
    required = Attribute("required", flag)


class ConvertMapping(Entity):
    """The layout that a converted lead gets in another module."""

    __slots__ = ()

    #: the layout's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: the fields that it needs
    fields = Attribute("fields", entities(ConvertMappingField))


class LayoutProfile(Reference):
    """A profile that uses a layout."""

    __slots__ = ()

    #: whether it is its usual layout
    default = Attribute("default", flag)


def _mappings(value: JSON) -> dict[str, ConvertMapping]:
    """Read the mapping of each module."""
    modules = value if isinstance(value, dict) else {}
    return {name: ConvertMapping(each) for name, each in modules.items() if isinstance(each, dict)}


class Layout(Entity):
    """One layout of a module."""

    __slots__ = ()
    points = True

    #: the layout's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: whether it is used: 0 or -1
    status = Attribute("status", anything)
    #: whether it is shown
    visible = Attribute("visible", flag)
    #: for whom it was made
    created_for = Attribute("created_for", anything)
    #: the user who made it
    created_by = Attribute("created_by", reference)
    #: the user who changed it last
    modified_by = Attribute("modified_by", reference)
    #: when it was made
    created_time = Attribute("created_time", time)
    #: when it was changed last
    modified_time = Attribute("modified_time", time)
    #: the profiles that use it
    profiles = Attribute("profiles", entities(LayoutProfile))
    #: its parts
    sections = Attribute("sections", entities(Section))
    #: what a lead becomes, by module: ``Contacts``, ``Deals``, ``Accounts``
    convert_mapping = Attribute("convert_mapping", _mappings)
