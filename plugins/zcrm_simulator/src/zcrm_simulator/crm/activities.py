"""What does version 2 answer about activities, which are tasks, events and calls in one list?"""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.paging import requested_page
from zcrm_simulator.crm.reading import list_conditions, record_id, requested_fields
from zcrm_simulator.crm.render import render
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row, integer, quoted

_TYPE = "Activity_Type"
_MEMBERS = ("Tasks", "Events", "Calls")


def list_activities(call: Call) -> Response:
    """Answer GET /Activities."""
    if call.parameter("cvid") is not None:  # a view is of one module
        raise Refusal(400, "INVALID_DATA", "Customview not accessible", {"param_name": "cvid"})
    fields = requested_fields(call, needed=False)
    page = requested_page(call)
    conditions, values = list_conditions(call)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    each = [
        f"SELECT id, {quoted(page.sort_by)} AS place, '{name}' AS module FROM {quoted(name)} {where}"  # noqa: S608  names come from the catalog
        for name in _MEMBERS
    ]
    statement = f"{' UNION ALL '.join(each)} ORDER BY place {page.order}, id {page.order} LIMIT ? OFFSET ?"
    found = call.organization.database.rows(statement, (*values * len(_MEMBERS), page.size + 1, page.first))
    if not found:
        return empty_answer(304 if "If-Modified-Since" in call.request.headers else 204)
    more, found = len(found) > page.size, found[: page.size]
    info = {"per_page": page.size, "count": len(found), "page": page.number, "more_records": more}
    return json_answer({"data": _shown(call, found, fields), "info": info})


def get_activity(call: Call) -> Response:
    """Answer GET /Activities/{id}: 204 when no task, event or call has this id."""
    fields, number = requested_fields(call, needed=False), record_id(call)
    module, _ = call.organization.database.directory([number]).get(number, ("", None))
    if module not in _MEMBERS:
        return empty_answer(204)
    row = call.organization.database.row(MODULES[module], number)
    since = call.time_header("If-Modified-Since")
    if row is not None and since is not None and integer(row["Modified_Time"]) < since:
        return empty_answer(304)
    return json_answer({"data": _shown(call, [{"id": number, "module": module}], fields)})


def _shown(call: Call, found: Sequence[Row], fields: list[str] | None) -> list[dict[str, object]]:
    """Return activities as the API shows them, in the order in which they were found."""
    database = call.organization.database
    shown: dict[str, dict[str, object]] = {}
    for name in _MEMBERS:
        ids = [one["id"] for one in found if one["module"] == name]
        marks = ", ".join("?" * len(ids))
        rows = database.rows(f"SELECT * FROM {quoted(name)} WHERE id IN ({marks})", ids)  # noqa: S608  names come from the catalog
        kind = {_TYPE: name} if fields is None or _TYPE in fields else {}
        shown |= {str(one["id"]): one | kind for one in render(call, MODULES[name], rows, fields)}
    return [shown[str(one["id"])] for one in found if str(one["id"]) in shown]
