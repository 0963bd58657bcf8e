"""What do the calls about modules and fields answer?"""

from __future__ import annotations

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import field_id, layout_id, module_id
from zcrm_simulator.crm.line_items import shown_name
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.fields import JSON_TYPES, LOOKUP_TYPES, Field, Module

_VALUE_STEP = 50


def list_modules(call: Call) -> Response:
    """Answer GET /settings/modules."""
    return json_answer({"modules": [_module(call, module) for module in MODULES.values()]})


def get_module(call: Call) -> Response:
    """Answer GET /settings/modules/{name or id}, with the fields."""
    wanted = call.values["id"]
    module = next((one for one in MODULES.values() if wanted in {one.api_name, module_id(call, one)}), None)
    if module is None:
        raise Refusal(
            400, "INVALID_MODULE", "The module name given seems to be invalid", {"resource_path_index": 2}
        )
    return json_answer({"modules": [_module(call, module) | {"fields": described_fields(call, module)}]})


def list_fields(call: Call) -> Response:
    """Answer GET /settings/fields?module=."""
    return json_answer({"fields": described_fields(call, module_of(call))})


def get_field(call: Call) -> Response:
    """Answer GET /settings/fields/{id or name}?module=: 204 when the module has no such field."""
    wanted = call.values["id"]
    found = [
        field
        for field in described_fields(call, module_of(call))
        if wanted in {field["id"], field["api_name"]}
    ]
    return json_answer({"fields": found}) if found else empty_answer(204)


def module_of(call: Call) -> Module:
    """Return the module that the parameter ``module`` names.

    Raises:
        Refusal: 400, it is missing or there is none of this name.
    """
    name = call.parameter("module")
    if name is None:
        raise Refusal(
            400,
            "REQUIRED_PARAM_MISSING",
            "One of the expected parameter is missing",
            {"param_name": "module"},
        )
    if name not in MODULES:
        raise Refusal(
            400, "INVALID_MODULE", "The module name given seems to be invalid", {"param_name": "module"}
        )
    return MODULES[name]


def _module(call: Call, module: Module) -> dict[str, object]:
    number = list(MODULES).index(module.api_name)
    return {
        "id": module_id(call, module),
        "api_name": module.api_name,
        "module_name": module.api_name,
        "singular_label": module.singular,
        "plural_label": module.plural,
        "sequence_number": number + 1,
        "generated_type": "default",
        "api_supported": True,
        "creatable": True,
        "editable": True,
        "deletable": True,
        "viewable": True,
        "visible": True,
        "visibility": 1,
        "convertable": module.convertible,
        "show_as_tab": module.api_name != "Notes",
        "quick_create": True,
        "feeds_required": False,
        "global_search_supported": True,
        "common.search_supported": True,
        "triggers_supported": True,
        "scoring_supported": module.api_name in {"Leads", "Contacts", "Accounts", "Deals"},
        "webform_supported": module.api_name in {"Leads", "Contacts"},
        "filter_supported": True,
        "inventory_template_supported": False,
        "emailTemplate_support": True,
        "email_parser_supported": module.api_name in {"Leads", "Contacts"},
        "isBlueprintSupported": True,
        "kanban_view_supported": True,
        "kanban_view": False,
        "chart_view_supported": True,
        "chart_view": False,
        "recycle_bin_on_delete": True,
        "presence_sub_menu": True,
        "sub_menu_available": True,
        "has_more_profiles": False,
        "profile_count": len(call.organization.profiles),
        "profiles": [{"name": one.name, "id": one.id} for one in call.organization.profiles],
        "parent_module": {},
        "web_link": None,
        "description": None,
        "modified_by": None,
        "modified_time": None,
        "activity_badge": "Not_Supported",
        "status": "visible",
        "arguments": [],
        "$field_states": [],
        "$properties": [],
        "$on_demand_properties": [],
        "per_page": 10,
        "business_card_field_limit": 5,
        "business_card_fields": ["Owner"],
        "search_layout_fields": [module.name_field],
        "display_field": {"api_name": module.name_field},
    } | call.organization.database.documents("module settings").get(module.api_name, {})


def described_fields(call: Call, module: Module) -> list[dict[str, object]]:
    """Return every field of a module as the API describes it."""
    return [_field(call, module, field, number) for number, field in enumerate(module.fields.values(), 1)]


def _field(call: Call, module: Module, field: Field, number: int) -> dict[str, object]:
    shown = "text" if field.data_type == "tags" else field.data_type
    writable = not field.read_only
    return {
        "id": field_id(call, module, field),
        "api_name": shown_name(call, module, field.api_name),
        "field_label": field.field_label,
        "display_label": field.field_label,
        "data_type": shown,
        "json_type": JSON_TYPES[field.data_type],
        "length": field.length,
        "decimal_place": 2 if shown in {"currency", "double"} else None,
        "system_mandatory": field.mandatory,
        "read_only": field.read_only,
        "field_read_only": field.read_only,
        "custom_field": False,
        "visible": True,
        "virtual_field": False,
        "filterable": field.searchable,
        "searchable": field.searchable,
        "sortable": field.searchable,
        "display_field": field.api_name == module.name_field,
        "default_value": None,
        "type": "used",
        "created_source": "default",
        "created_time": None,
        "modified_time": None,
        "sequence_number": number,
        "quick_sequence_number": str(number) if field.mandatory else None,
        "mass_update": writable,
        "webhook": True,
        "separator": shown in {"currency", "double", "integer"},
        "view_type": {"view": True, "edit": writable, "create": writable, "quick_create": field.mandatory},
        "operation_type": {
            "web_update": writable, "api_create": writable, "web_create": writable, "api_update": writable,
        },
        "unique": {"casesensitive": "false"} if field.api_name in module.unique else {},
        "pick_list_values": _values(call, module, field),
        "pick_list_values_sorted_lexically": False,
        "enable_colour_code": False,
        "lookup": _lookup(call, field),
        "multiselectlookup": {},
        "currency": {"rounding_option": "normal", "precision": 2} if shown == "currency" else {},
        "auto_number": {},
        "formula": {},
        "subform": None,
        "external": None,
        "private": None,
        "crypt": None,
        "tooltip": None,
        "history_tracking": None,
        "hipaa_compliance": None,
        "hipaa_compliance_enabled": False,
        "association_details": None,
        "blueprint_supported": writable,
        "businesscard_supported": True,
        "customizable_properties": ["default_value"] if writable else [],
        "convert_mapping": None,
        "profiles": [
            {"name": one.name, "id": one.id, "permission_type": "read_write" if writable else "read_only"}
            for one in call.organization.profiles
        ],
        "layout_associations": [
            {"name": "Standard", "api_name": "Standard", "id": layout_id(call, module)}
        ],
        "associated_module": None,
        "additional_column": None,
        "column_name": field.api_name.upper(),
        "display_type": -1,
        "ui_type": 1,
        "show_type": 7 if writable else 1,
    }  # fmt: skip


def _values(call: Call, module: Module, field: Field) -> list[dict[str, object]]:
    first = int(field_id(call, module, field)) * 10 + _VALUE_STEP if field.values else 0
    return [
        {
            "id": str(first % 10**19 + number),
            "display_value": value,
            "actual_value": value,
            "reference_value": value,
            "sequence_number": number,
            "type": "used",
            "colour_code": None,
        }
        for number, value in enumerate(field.values, 1)
    ]


def _lookup(call: Call, field: Field) -> dict[str, object]:
    if field.data_type not in LOOKUP_TYPES:
        return {}
    if field.target in MODULES:
        module = MODULES[field.target]
        target: object = {"api_name": module.api_name, "id": module_id(call, module)}
    else:
        target = {"api_name": "users" if field.data_type == "ownerlookup" else "se_module", "id": None}
    return {
        "module": target,
        "display_label": field.field_label,
        "api_name": field.api_name,
        "query_details": {},
        "revalidate_filter_during_edit": False,
        "show_fields": [],
        "id": None,
    }
