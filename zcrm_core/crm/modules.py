"""Which modules does the organisation have, and how is each set up?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zcrm_core.crm.arguments import one_mapping
from zcrm_core.crm.batch import BatchItem, only
from zcrm_core.crm.collection import Collection
from zcrm_core.crm.custom_views import CustomView
from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    Reference,
    anything,
    entities,
    entity,
    flag,
    number,
    plain_name,
    reference,
    text,
    texts,
    time,
)
from zcrm_core.crm.fields import Field
from zcrm_core.crm.layouts import Layout
from zcrm_core.crm.paths import id_in, segment
from zcrm_core.crm.related_lists import RelatedListInfo, RelatedListProperties
from zcrm_core.exact_json import JSON

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Field", "Module", "Modules"]


def _custom(value: JSON) -> bool:
    return value == "custom"


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
    #: ``default``, ``custom`` and others
    generated_type = Attribute("generated_type", text)
    #: whether the organisation made it
    custom_module = Attribute("generated_type", _custom)
    #: whether the API serves it
    api_supported = Attribute("api_supported", flag)
    #: whether records can be seen
    viewable = Attribute("viewable", flag)
    #: whether records can be created
    creatable = Attribute("creatable", flag)
    #: whether records can be changed
    editable = Attribute("editable", flag)
    #: whether records can be deleted
    deletable = Attribute("deletable", flag)
    #: whether records can be converted
    convertable = Attribute("convertable", flag)
    #: whether records are scored
    scoring_supported = Attribute("scoring_supported", flag)
    #: whether records can be printed with templates
    inventory_template_supported = Attribute("inventory_template_supported", flag)
    #: whether the search over all modules finds them
    global_search_supported = Attribute("global_search_supported", flag)
    #: whether it is shown as a board
    kanban_view = Attribute("kanban_view", flag)
    #: whether it can be
    kanban_view_supported = Attribute("kanban_view_supported", flag)
    #: whether a filter is set
    filter_status = Attribute("filter_status", flag)
    #: whether it can be filtered
    filter_supported = Attribute("filter_supported", flag)
    #: whether it stands in a submenu
    presence_sub_menu = Attribute("presence_sub_menu", flag)
    #: whether records can be made from a short form
    quick_create = Attribute("quick_create", flag)
    #: whether changes are told in feeds
    feeds_required = Attribute("feeds_required", flag)
    #: whether e-mail templates exist for it
    email_template_support = Attribute("emailTemplate_support", flag)
    #: whether web forms exist for it
    webform_supported = Attribute("webform_supported", flag)
    #: who sees it
    visibility = Attribute("visibility", anything)
    #: the address of a module that is a page
    web_link = Attribute("web_link", text)
    #: what that address is given
    arguments = Attribute("arguments", anything)
    #: the user who changed it last
    modified_by = Attribute("modified_by", reference)
    #: when it was changed last
    modified_time = Attribute("modified_time", time)
    #: the module that it belongs to
    parent_module = Attribute("parent_module", entity(Reference))
    #: the profiles that use it
    profiles = Attribute("profiles", entities(Reference))
    #: the fields of a business card
    business_card_fields = Attribute("business_card_fields", texts)
    #: the most of them
    business_card_field_limit = Attribute("business_card_field_limit", number)
    #: its place
    sequence_number = Attribute("sequence_number", number)
    #: the field that names a record
    display_field = Attribute("display_field", plain_name)
    #: that field's id, where Zoho sends it
    display_field_id = Attribute("display_field.id", text)
    #: its related lists
    related_lists = Attribute("related_lists", entities(RelatedListInfo))
    #: how they are sorted and what they show
    related_list_properties = Attribute("related_list_properties", entity(RelatedListProperties))
    #: more properties
    properties = Attribute("$properties", anything)
    #: the records on a page
    per_page = Attribute("per_page", number)
    #: the fields that a search shows
    search_layout_fields = Attribute("search_layout_fields", texts)
    #: the usual view
    default_custom_view = Attribute("custom_view", entity(CustomView))
    #: the usual view's id
    default_custom_view_id = Attribute("custom_view.id", text)
    #: the usual territory's id
    default_territory_id = Attribute("territory.id", text)
    #: the usual territory's name
    default_territory_name = Attribute("territory.name", text)
    #: its layouts, where Zoho sends them along
    layouts = Attribute("layouts", entities(Layout))
    #: its fields, where Zoho sends them along
    fields = Attribute("fields", entities(Field))


class Modules:
    """``client.modules``: the organisation's modules and their fields.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._modules = Collection(client, "settings/modules", Module, "module")

    def get(self, api_name: str) -> Module:
        """Give one module (GET settings/modules/{api_name}).

        Raises:
            NotFound: there is none of this name.
            ApiError: the CRM refused.
        """
        return self._modules.one(api_name)

    def fields(self, api_name: str) -> list[Field]:
        """Give the fields of one module (GET settings/fields).

        Raises:
            NotFound: there is no module of this name.
            ApiError: the CRM refused.
        """
        segment("module name", api_name)
        return Collection(self._client, "settings/fields", Field, "field").all({"module": api_name})

    def update(self, api_name: str, settings: Mapping[str, object]) -> BatchItem:
        """Change how a module is set up (PUT settings/modules/{api_name}).

        Args:
            api_name: the module.
            settings: what to change: ``per_page``, ``business_card_fields``, ``custom_view``, ``territory``,
                ``related_list_properties``, as Zoho names them.

        Raises:
            NotFound: there is no module of this name.
            ApiError: the CRM refused.
            TransportError: the answer is about another module.
        """
        body = {"modules": [encode(one_mapping("settings", settings), "settings")]}
        response = self._client.request("PUT", self._modules.path(api_name), json=body)
        given = id_in(api_name)
        named = api_name if given is None else None
        return only(response, "modules", "change the module", given, named=named)

    def list(self) -> list[Module]:
        """Give every module (GET settings/modules).

        Raises:
            ApiError: the CRM refused.
        """
        return self._modules.all()
