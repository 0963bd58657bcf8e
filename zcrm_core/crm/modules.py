"""Which modules does the organisation have, and which fields has each?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcrm_core.crm.entity import Attribute, Entity, flag, number, objects, text
from zcrm_core.crm.paths import segment
from zcrm_core.errors import NotFound

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Field", "Module", "Modules"]


class Module(Entity):
    """One module, such as Leads."""

    __slots__ = ()

    #: the module's id
    id = Attribute("id", text)
    #: the name that calls use
    api_name = Attribute("api_name", text)
    #: the name of the module itself, which renaming does not change
    module_name = Attribute("module_name", text)
    #: what a person sees for one record
    singular_label = Attribute("singular_label", text)
    #: what a person sees for many
    plural_label = Attribute("plural_label", text)
    #: whether the API serves it
    api_supported = Attribute("api_supported", flag)
    #: whether records can be created
    creatable = Attribute("creatable", flag)
    #: whether records can be changed
    editable = Attribute("editable", flag)
    #: whether records can be deleted
    deletable = Attribute("deletable", flag)
    #: ``default``, ``custom`` and others
    generated_type = Attribute("generated_type", text)


class Field(Entity):
    """One field of a module."""

    __slots__ = ()

    #: the field's id
    id = Attribute("id", text)
    #: the name that records use
    api_name = Attribute("api_name", text)
    #: what a person sees
    field_label = Attribute("field_label", text)
    #: Zoho's type, such as ``text``, ``email``, ``picklist``, ``lookup``
    data_type = Attribute("data_type", text)
    #: the type in JSON, such as ``string`` or ``jsonobject``
    json_type = Attribute("json_type", text)
    #: the most characters or digits it takes
    length = Attribute("length", number)
    #: whether a record cannot be without it
    system_mandatory = Attribute("system_mandatory", flag)
    #: whether it can only be read
    read_only = Attribute("read_only", flag)
    #: whether the organisation added it
    custom_field = Attribute("custom_field", flag)


class Modules:
    """``client.modules``: the organisation's modules and their fields.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, api_name: str) -> Module:
        """Give one module (GET settings/modules/{api_name}).

        Raises:
            NotFound: there is none of this name.
            ApiError: the CRM refused.
        """
        path = f"settings/modules/{segment('module name', api_name)}"
        found = objects(self._client.request("GET", path), "modules", Module)
        if not found:
            raise NotFound(f"There is no module {api_name}.")
        return found[0]

    def fields(self, api_name: str) -> list[Field]:
        """Give the fields of one module (GET settings/fields).

        Raises:
            NotFound: there is no module of this name.
            ApiError: the CRM refused.
        """
        segment("module name", api_name)
        return objects(
            self._client.request("GET", "settings/fields", params={"module": api_name}), "fields", Field
        )

    def list(self) -> list[Module]:
        """Give every module (GET settings/modules).

        Raises:
            ApiError: the CRM refused.
        """
        return objects(self._client.request("GET", "settings/modules"), "modules", Module)
