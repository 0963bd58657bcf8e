"""What do the calls about layouts, custom views and related lists answer, and how is a module set up?"""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import layout_id, list_id, module_id
from zcrm_simulator.crm.metadata import described_fields, module_of
from zcrm_simulator.crm.views import shown_view, view_of, views_of
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.fields import Module
from zcrm_simulator.data.people import PEOPLE_TIME
from zcrm_simulator.data.relations import relations_of

_SETTINGS = frozenset(
    {"per_page", "business_card_fields", "custom_view", "territory", "related_list_properties"}
)
_CONVERTED = ("Contacts", "Accounts", "Deals")
_CATEGORIES = {
    "public_views": "Public Views",
    "created_by_me": "Created by me",
    "shared_with_me": "Shared with me",
}


def list_layouts(call: Call) -> Response:
    """Answer GET /settings/layouts?module=."""
    return json_answer({"layouts": [_layout(call, module_of(call))]})


def get_layout(call: Call) -> Response:
    """Answer GET /settings/layouts/{id}?module=: 204 when the module has no such layout."""
    module = module_of(call)
    found = call.values["id"] == layout_id(call, module)
    return json_answer({"layouts": [_layout(call, module)]}) if found else empty_answer(204)


def list_views(call: Call) -> Response:
    """Answer GET /settings/custom_views?module=."""
    module = module_of(call)
    views = [shown_view(call, module, view) for view in views_of(call, module)]
    info: dict[str, object] = {"per_page": 200, "count": len(views), "page": 1, "more_records": False}
    info |= {"default": views[0]["id"], "translation": _CATEGORIES}
    return json_answer({"custom_views": views, "info": info})


def get_view(call: Call) -> Response:
    """Answer GET /settings/custom_views/{id}?module=: 204 when the module has no such view."""
    module = module_of(call)
    view = view_of(call, module, call.values["id"])
    if view is None:
        return empty_answer(204)
    return json_answer(
        {"custom_views": [shown_view(call, module, view)], "info": {"translation": _CATEGORIES}}
    )


def sort_view(call: Call) -> Response:
    """Answer PUT /settings/custom_views/{id}, and .../actions/change_sort since version 3."""
    module = module_of(call)
    view = view_of(call, module, call.values["id"])
    given = call.body().get("custom_views")
    wanted = given[0] if isinstance(given, list) and given and isinstance(given[0], Mapping) else {}
    sort_by = wanted.get("sort_by")
    name = str(sort_by.get("api_name") if isinstance(sort_by, Mapping) else sort_by)
    order = str(wanted.get("sort_order"))
    if view is None:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": call.values["id"]})
    if name not in module.fields or order not in {"asc", "desc"}:
        raise Refusal(
            400,
            "INVALID_DATA",
            "invalid data",
            {"api_name": "sort_by" if order in {"asc", "desc"} else "sort_order"},
        )
    call.organization.database.keep("view order", view.id, {"sort_by": name, "sort_order": order})
    return json_answer({"custom_views": [done({"id": view.id}, "custom view updated successfully")]})


def list_related_lists(call: Call) -> Response:
    """Answer GET /settings/related_lists?module=."""
    return json_answer({"related_lists": _related_lists(call, module_of(call))})


def get_related_list(call: Call) -> Response:
    """Answer GET /settings/related_lists/{id}?module=: 204 when the module has no such list."""
    found = [one for one in _related_lists(call, module_of(call)) if one["id"] == call.values["id"]]
    return json_answer({"related_lists": found}) if found else empty_answer(204)


def update_module(call: Call) -> Response:
    """Answer PUT /settings/modules/{name or id}: what was set is shown from then on."""
    wanted = call.values["id"]
    module = next((one for one in MODULES.values() if wanted in {one.api_name, module_id(call, one)}), None)
    if module is None:
        raise Refusal(
            400, "INVALID_MODULE", "The module name given seems to be invalid", {"resource_path_index": 2}
        )
    given = call.body().get("modules")
    settings = given[0] if isinstance(given, list) and given else None
    if not isinstance(settings, Mapping) or not settings.keys() & _SETTINGS:
        raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "modules"})
    cards = settings.get("business_card_fields")
    if cards is not None and not (isinstance(cards, list) and set(map(str, cards)) <= module.fields.keys()):
        raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "business_card_fields"})
    known = call.organization.database.documents("module settings").get(module.api_name, {})
    changed = {key: value for key, value in settings.items() if key in _SETTINGS}
    call.organization.database.keep("module settings", module.api_name, known | changed)
    details = {"id": module_id(call, module)}
    return json_answer({"modules": [done(details, "module updated successfully")]})


def _layout(call: Call, module: Module) -> dict[str, object]:
    owner, time = call.organization.owner.reference(), call.time(PEOPLE_TIME)
    fields = described_fields(call, module)
    return {
        "id": layout_id(call, module),
        "name": "Standard",
        "api_name": "Standard",
        "display_label": "Standard",
        "status": "active" if call.version.modern else 0,
        "visible": True,
        "has_more_profiles": False,
        "generated_type": "default",
        "show_business_card": True,
        "created_for": None,
        "created_by": owner,
        "modified_by": owner,
        "created_time": time,
        "modified_time": time,
        "profiles": [
            {"name": one.name, "id": one.id, "default": True, "_default_view": None}
            for one in call.organization.profiles
        ],
        "convert_mapping": _mapping(call) if module.convertible else None,
        "sections": [
            {
                "id": str(int(layout_id(call, module)) + 5_000),
                "name": f"{module.singular} Information",
                "api_name": f"{module.api_name}_Information",
                "display_label": f"{module.singular} Information",
                "sequence_number": 1,
                "column_count": 2,
                "tab_traversal": 2,
                "isSubformSection": False,
                "issubformsection": False,
                "generated_type": "default",
                "type": "used",
                "properties": None,
                "fields": [field for field in fields if field["data_type"] != "subform"],
            },
            *(
                {
                    "id": str(int(layout_id(call, module)) + 5_500 + number),
                    "name": field["field_label"],
                    "api_name": field["api_name"],
                    "display_label": field["field_label"],
                    "sequence_number": number,
                    "column_count": 1,
                    "tab_traversal": 2,
                    "isSubformSection": True,
                    "issubformsection": True,
                    "generated_type": "default",
                    "type": "used",
                    "properties": {"reorder_rows": True, "tooltip": None, "maximum_rows": 200},
                    "fields": [field],
                }
                for number, field in enumerate((one for one in fields if one["data_type"] == "subform"), 2)
            ),
        ],
    }


def _mapping(call: Call) -> dict[str, object]:
    """Return what a lead becomes, by module."""
    return {
        name: {
            "id": layout_id(call, MODULES[name]),
            "name": "Standard",
            "fields": [
                {key: field[key] for key in ("id", "api_name", "field_label")}
                | {"required": field["system_mandatory"]}
                for field in described_fields(call, MODULES[name])
                if field["system_mandatory"]
            ],
        }
        for name in _CONVERTED
    }


def _related_lists(call: Call, module: Module) -> list[dict[str, object]]:
    return [
        {
            "id": list_id(call, module, number),
            "api_name": one.api_name,
            "name": one.api_name.replace("_", " "),
            "display_label": one.api_name.replace("_", " "),
            "module": {"api_name": one.module, "id": _id_of(call, one.module)}
            if call.version.modern
            else one.module,
            "type": "default" if one.kind == "records" else "custom_lookup",
            "href": f"{module.api_name}/{{ENTITYID}}/{one.api_name}",
            "action": "add,associate" if not one.field else "add",
            "sequence_number": str(number),
            "visible": True,
            "connectedmodule": None,
            "linkingmodule": None,
            "customize_fields": True,
            "customize_display_label": True,
            "customize_sort": True,
            "status": "visible",
        }
        for number, one in enumerate(relations_of(module.api_name), 1)
    ]


def _id_of(call: Call, name: str) -> str | None:
    return module_id(call, MODULES[name]) if name in MODULES else None
