"""What is a field of a module?"""

from __future__ import annotations

from zcrm_core.crm.entity import Attribute, Entity, anything, entities, entity, flag, number, plain_name, text
from zcrm_core.exact_json import JSON

__all__ = ["Field", "LookupField", "MultiSelectLookupField", "PickListValue"]


def _present(value: JSON) -> bool:
    """Tell whether there is an object with anything in it."""
    return isinstance(value, dict) and bool(value)


def _permissions(value: JSON) -> tuple[str, ...]:
    """Read the places in which a field is shown, in capitals: VIEW, QUICK_CREATE, CREATE, EDIT."""
    places = value if isinstance(value, dict) else {}
    return tuple(name.upper() for name, shown in places.items() if shown is True)


class PickListValue(Entity):
    """One value of a pick list."""

    __slots__ = ()

    #: the value's id
    id = Attribute("id", text)
    #: what a person sees
    display_value = Attribute("display_value", text)
    #: what records hold
    actual_value = Attribute("actual_value", text)
    #: its place in the list
    sequence_number = Attribute("sequence_number", number)
    #: the values of other fields that go with it
    maps = Attribute("maps", anything)


class LookupField(Entity):
    """Where a lookup points to."""

    __slots__ = ()

    #: the lookup's id
    id = Attribute("id", text)
    #: its API name
    api_name = Attribute("api_name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: the API name of the module
    module = Attribute("module", plain_name)
    #: its type, in a blueprint
    type = Attribute("_type", text)
    #: the field's label, in a blueprint
    field_label = Attribute("field_label", text)


class MultiSelectLookupField(Entity):
    """Where a lookup of several records points to."""

    __slots__ = ()

    #: the lookup's id
    id = Attribute("id", text)
    #: its API name
    api_name = Attribute("api_name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: the module that joins the two
    linking_module = Attribute("linking_module", plain_name)
    #: the module that is pointed to
    connected_module = Attribute("connected_module", plain_name)


class Field(Entity):
    """One field of a module."""

    __slots__ = ()

    #: the field's id
    id = Attribute("id", text)
    #: the name that records use
    api_name = Attribute("api_name", text)
    #: what a person sees
    field_label = Attribute("field_label", text)
    #: the same, as the layout shows it
    display_label = Attribute("display_label", text)
    #: Zoho's type, such as ``text``, ``email``, ``picklist``, ``lookup``
    data_type = Attribute("data_type", text)
    #: the type in JSON, such as ``string`` or ``jsonobject``
    json_type = Attribute("json_type", text)
    #: the most characters or digits it takes
    length = Attribute("length", number)
    #: the value of a new record
    default_value = Attribute("default_value", anything)
    #: who made it: ``default`` or ``custom``
    created_source = Attribute("created_source", text)
    #: its place in the layout
    sequence_number = Attribute("sequence_number", number)
    #: whether a record cannot be without it, by Zoho's own rule
    system_mandatory = Attribute("system_mandatory", flag)
    #: the same, by the layout's rule
    required = Attribute("required", flag)
    #: whether it can only be read
    read_only = Attribute("read_only", flag)
    #: the same, for the field itself
    field_read_only = Attribute("field_read_only", flag)
    #: whether the organisation added it
    custom_field = Attribute("custom_field", flag)
    #: whether it is shown
    visible = Attribute("visible", flag)
    #: whether a business card can hold it
    business_card_supported = Attribute("businesscard_supported", flag)
    #: whether web hooks can send it
    webhook = Attribute("webhook", flag)
    #: whether it can be changed for many records at once
    mass_update = Attribute("mass_update", flag)
    #: how it is encrypted
    crypt = Attribute("crypt", anything)
    #: what a person sees when pointing at it
    tooltip = Attribute("tooltip", anything)
    #: what it is associated with
    association_details = Attribute("association_details", anything)
    #: the subform behind it
    subform = Attribute("subform", anything)
    #: the fields that a lead's value goes to
    convert_mapping = Attribute("convert_mapping", anything)
    #: where it is shown: ``VIEW``, ``QUICK_CREATE``, ``CREATE``, ``EDIT``
    layout_permissions = Attribute("view_type", _permissions)
    #: the values of a pick list
    pick_list_values = Attribute("pick_list_values", entities(PickListValue))
    #: where a lookup points to
    lookup = Attribute("lookup", entity(LookupField))
    #: where a lookup of several records points to
    multi_select_lookup = Attribute("multiselectlookup", entity(MultiSelectLookupField))
    #: whether no two records may have the same value
    unique = Attribute("unique", _present)
    #: whether capitals count then
    case_sensitive = Attribute("unique.casesensitive", flag)
    #: whether its value is computed
    formula = Attribute("formula", _present)
    #: the type of the computed value
    formula_return_type = Attribute("formula.return_type", text)
    #: how it is computed
    formula_expression = Attribute("formula.expression", text)
    #: whether it holds money
    currency = Attribute("currency", _present)
    #: the decimals of the money
    precision = Attribute("currency.precision", number)
    #: how the money is rounded
    rounding_option = Attribute("currency.rounding_option", text)
    #: whether Zoho counts it up
    auto_number = Attribute("auto_number", _present)
    #: what stands in front of the count
    prefix = Attribute("auto_number.prefix", text)
    #: what stands behind it
    suffix = Attribute("auto_number.suffix", text)
    #: where it starts
    start_number = Attribute("auto_number.start_number", number)
    #: the decimals of a number
    decimal_place = Attribute("decimal_place", number)
    #: whether its changes are kept
    history_tracking = Attribute("history_tracking", anything)
    #: the column in which it is kept
    column_name = Attribute("column_name", text)
    #: ``used`` or ``unused``
    type = Attribute("type", text, also="_type")
    #: its place in a blueprint's transition
    transition_sequence = Attribute("transition_sequence", number)
    #: what it is related to, in a blueprint
    related_details = Attribute("related_details", anything)
    #: the layouts that hold it, in a blueprint
    layouts = Attribute("layouts", anything)
    #: the condition of a transition
    criteria = Attribute("criteria", anything)
