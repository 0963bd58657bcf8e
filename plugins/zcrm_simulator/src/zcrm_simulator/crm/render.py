"""How does a stored record look in an answer?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import module_id
from zcrm_simulator.crm.line_items import shown_lines, shown_name, stored_name
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row, Value, integer
from zcrm_simulator.data.fields import Field, Module
from zcrm_simulator.data.modules_inventory import LINE_ITEMS

_NAMES = dict[int, tuple[str, str | None]]

TAG_COLOR = "#57B1FD"

_SYSTEM_KEYS: dict[str, object] = {
    "$currency_symbol": "$",
    "$field_states": None,
    "$review_process": {"approve": False, "reject": False, "resubmit": False},
    "$review": None,
    "$editable": True,
    "$sharing_permission": "full_access",
    "$orchestration": None,
    "$in_merge": False,
    "$locked_for_me": False,
    "$approval": {"delegate": False, "approve": False, "reject": False, "resubmit": False},
    "$approval_state": "approved",
    "$approved": True,
    "$process_flow": False,
    "$zia_owner_assignment": "owner_recommendation_unavailable",
    "$canvas_id": None,
    "$wizard_connection_path": None,
}


def render(
    call: Call, module: Module, rows: Sequence[Row], wanted: Iterable[str] | None
) -> list[dict[str, object]]:
    """Return records as the API shows them.

    Args:
        call: the call, for its user's time zone and the people.
        module: whose records they are.
        rows: the records as stored.
        wanted: names of fields; ``None`` shows every field and the system keys.
    """
    lookups = [field for field in module.fields.values() if field.data_type == "lookup"]
    ids = {
        integer(row[field.api_name]) for row in rows for field in lookups if row[field.api_name] is not None
    }
    names = call.organization.database.directory(ids) if ids else {}
    if wanted is None:
        return [_whole(call, module, row, names) for row in rows]
    stored = [stored_name(call, module, name) for name in wanted]
    chosen = [module.fields[name] for name in stored if name in module.fields]
    return [
        {shown_name(call, module, field.api_name): _value(call, field, row, names) for field in chosen}
        | {"id": str(row["id"])}
        for row in rows
    ]


def _whole(call: Call, module: Module, row: Row, names: _NAMES) -> dict[str, object]:
    record = {
        shown_name(call, module, name): _value(call, field, row, names)
        for name, field in module.fields.items()
    }
    record |= _SYSTEM_KEYS
    if module.convertible:
        record |= {"$converted": bool(row["$converted"]), "$converted_detail": {}}
    for field in module.own_fields:
        if field.target == "*":
            stored = row[field.api_name]
            record["$se_module"] = None if stored is None else names.get(integer(stored), (None, None))[0]
    return record


def _value(call: Call, field: Field, row: Row, names: _NAMES) -> object:
    stored = row[field.api_name]
    if field.data_type == "tags":
        tags = json.loads(str(stored)) if stored is not None else []
        return [tag | {"color_code": TAG_COLOR} for tag in tags] if call.version.modern else tags
    if stored is None:
        return None
    if field.data_type in {"lookup", "ownerlookup"}:
        return _reference(call, field, integer(stored), names)
    if field.data_type == "boolean":
        return bool(stored)
    return _plain(call, field, stored)


def _plain(call: Call, field: Field, stored: Value) -> object:
    if field.data_type == "bigint":
        return str(stored)
    if field.data_type == "datetime":
        return call.time(integer(stored))
    if field.api_name == LINE_ITEMS:
        return shown_lines(call, str(stored))
    if field.data_type in {"multiselectpicklist", "subform"}:
        return json.loads(str(stored))
    return stored


def _reference(call: Call, field: Field, stored: int, names: _NAMES) -> dict[str, object] | None:
    if field.data_type == "ownerlookup":
        user = call.organization.user_by_id(stored)
        return dict(user.reference()) if user else {"name": None, "id": str(stored), "email": None}
    if stored not in names:
        return None
    module, name = names[stored]
    if field.api_name == "Parent_Id" and call.version.modern:
        return {
            "module": {"api_name": module, "id": module_id(call, MODULES[module])},
            "name": name,
            "id": str(stored),
        }
    return {"name": name, "id": str(stored)}
