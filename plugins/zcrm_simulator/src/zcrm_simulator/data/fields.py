"""What is a field, and what is a module?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

JSON_TYPES = {
    "autonumber": "string",
    "bigint": "string",
    "boolean": "boolean",
    "currency": "double",
    "date": "string",
    "datetime": "string",
    "double": "double",
    "email": "string",
    "integer": "integer",
    "lookup": "jsonobject",
    "multiselectpicklist": "jsonarray",
    "ownerlookup": "jsonobject",
    "phone": "string",
    "picklist": "string",
    "subform": "jsonarray",
    "tags": "jsonarray",
    "text": "string",
    "textarea": "string",
    "website": "string",
}
"""Zoho's data types, each with its JSON type."""

TEXT_TYPES = frozenset({"email", "phone", "picklist", "text", "textarea", "website"})
NUMBER_TYPES = frozenset({"currency", "double", "integer"})
TIME_TYPES = frozenset({"date", "datetime"})
LOOKUP_TYPES = frozenset({"lookup", "ownerlookup"})


@dataclass(frozen=True)
class Field:
    """One field of a module; ``target`` is the module a lookup points at, ``*`` for any."""

    api_name: str
    data_type: str = "text"
    length: int = 255
    mandatory: bool = False
    read_only: bool = False
    values: tuple[str, ...] = ()
    target: str = ""
    label: str = ""

    @property
    def field_label(self) -> str:
        """What a person reads."""
        return self.label or self.api_name.replace("_", " ")

    @property
    def searchable(self) -> bool:
        """Whether criteria and words look into this field."""
        return self.data_type not in {"multiselectpicklist", "subform", "tags"}


_SYSTEM = (
    Field("id", "bigint", 20, read_only=True, label="Record Id"),
    Field("Owner", "ownerlookup", 120),
    Field("Created_By", "ownerlookup", 120, read_only=True),
    Field("Modified_By", "ownerlookup", 120, read_only=True),
    Field("Created_Time", "datetime", 120, read_only=True),
    Field("Modified_Time", "datetime", 120, read_only=True),
    Field("Last_Activity_Time", "datetime", 120, read_only=True),
    Field("Tag", "tags", 2000),
    Field("Record_Status__s", "picklist", 120, read_only=True, values=("Available", "Draft", "Trash")),
    Field("Locked__s", "boolean", 5, read_only=True, label="Locked"),
)


@dataclass(frozen=True)
class Module:
    """One module; ``name_field`` is what a lookup shows, ``unique`` are the system's duplicate checks.

    ``full_name`` says that the name is made from a first and a last name.
    """

    api_name: str
    singular: str
    plural: str
    name_field: str
    own_fields: tuple[Field, ...]
    unique: tuple[str, ...] = ()
    full_name: bool = False
    convertible: bool = False

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Every field by its API name, the module's own first."""
        return {field.api_name: field for field in (*self.own_fields, *_SYSTEM)}

    @cached_property
    def mandatory(self) -> tuple[Field, ...]:
        """The fields that an insert must fill."""
        return tuple(field for field in self.own_fields if field.mandatory)
