"""Which custom views does a module have, and which records does each show?"""

from __future__ import annotations

from dataclasses import dataclass

from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.criteria_sql import Sql
from zcrm_simulator.crm.identifiers import module_id, view_id
from zcrm_simulator.data.fields import Module
from zcrm_simulator.data.people import PEOPLE_TIME

_DAY = 86_400


@dataclass(frozen=True)
class View:
    """One custom view; ``kind`` is all, mine or new."""

    id: str
    kind: str
    name: str
    system_name: str


def views_of(call: Call, module: Module) -> list[View]:
    """Return the views of a module, the usual one first."""
    described = (
        ("all", f"All {module.plural}", "ALLVIEWS"),
        ("mine", f"My {module.plural}", "MYVIEWS"),
        ("new", f"New This Week {module.plural}", "NEWTHISWEEK"),
    )
    return [View(view_id(call, module, number), *one) for number, one in enumerate(described, 1)]


def view_of(call: Call, module: Module, wanted: str) -> View | None:
    """Return the view with an id, or ``None``."""
    return next((view for view in views_of(call, module) if view.id == wanted), None)


def view_sql(call: Call, view: View) -> Sql:
    """Return the condition of the records that a view shows."""
    if view.kind == "mine":
        return '"Owner" = ?', [int(call.user.id)]
    if view.kind == "new":
        return '"Created_Time" >= ?', [call.now - 7 * _DAY]
    return "1", []


def shown_view(call: Call, module: Module, view: View) -> dict[str, object]:
    """Return a view as the API describes it."""
    order = call.organization.database.documents("view order").get(view.id, {})
    sort_by = order.get("sort_by", "id")
    owner = call.organization.owner.reference()
    names = [module.name_field, "Owner", "Modified_Time"]
    criteria: dict[str, object] | None = None
    if view.kind == "mine":
        criteria = {"comparator": "equal", "field": _field(call, "Owner"), "value": "${CURRENTUSER}"}
    elif view.kind == "new":
        week = {"comparator": "equal", "field": _field(call, "Created_Time"), "value": "${THISWEEK}"}
        untouched = {"comparator": "equal", "field": _field(call, "Locked__s"), "value": False}
        criteria = {"group_operator": "and", "group": [week, untouched]}
    return {
        "id": view.id,
        "name": view.name,
        "system_name": view.system_name,
        "display_value": view.name,
        "default": view.kind == "all",
        "system_defined": True,
        "access_type": "public",
        "shared_type": None,
        "shared_to": None,
        "shared_details": None,
        "category": "public_views",
        "favorite": None,
        "offline": True,
        "locked": False,
        "module": {"api_name": module.api_name, "id": module_id(call, module)},
        "sort_by": {"api_name": sort_by} if call.version.modern else sort_by,
        "sort_order": order.get("sort_order", "desc"),
        "criteria": criteria,
        "fields": [{"api_name": name} for name in names] if call.version.modern else names,
        "created_by": owner,
        "modified_by": owner,
        "created_time": call.time(PEOPLE_TIME),
        "modified_time": call.time(PEOPLE_TIME),
        "last_accessed_time": call.time(call.now),
    }


def _field(call: Call, name: str) -> object:
    return {"api_name": name} if call.version.modern else name
