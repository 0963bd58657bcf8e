"""What do the calls answer that give many records one value?"""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.jobs import look, start
from zcrm_simulator.crm.records import update_record
from zcrm_simulator.crm.validate import ItemError
from zcrm_simulator.crm.views import view_of, view_sql
from zcrm_simulator.data.database import integer, quoted

_KIND = "mass update"


def create(call: Call) -> Response:
    """Answer POST /{module}/actions/mass_update: the work is done at once, and told of later."""
    body = call.body()
    data = body.get("data")
    values = data[0] if isinstance(data, list) and len(data) == 1 and isinstance(data[0], Mapping) else None
    if not values:
        raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "data"})
    view = view_of(call, call.module, str(body.get("cvid")))
    if view is None:
        raise Refusal(400, "INVALID_DATA", "Customview not accessible", {"api_name": "cvid"})
    condition, bound = view_sql(call, view)
    database = call.organization.database
    with database.lock:
        rows = database.rows(f"SELECT * FROM {quoted(call.module.api_name)} WHERE {condition}", bound)  # noqa: S608 - the names are the catalog's
        counts = {"Updated_Count": 0, "Not_Updated_Count": 0, "Failed_Count": 0}
        for row in rows:
            if body.get("over_write") is False and any(row.get(name) is not None for name in values):
                counts["Not_Updated_Count"] += 1
                continue
            try:
                update_record(call, integer(row["id"]), values, 0)
                counts["Updated_Count"] += 1
            except ItemError:
                counts["Failed_Count"] += 1
    job_id = start(call, _KIND, {"counts": {"Total_Count": len(rows), **counts}})
    item = done({"job_id": job_id}, "mass update scheduled successfully") | {"code": "SCHEDULED"}
    return json_answer({"data": [item]}, 202 if call.version.modern else 200)


def status(call: Call) -> Response:
    """Answer GET /{module}/actions/mass_update?job_id=."""
    job, over = look(call, _KIND, call.parameter("job_id") or "")
    counts = job["counts"] if isinstance(job["counts"], dict) else {}
    shown = counts if over else dict.fromkeys(counts, 0)
    return json_answer({"data": [{"Status": "COMPLETED" if over else "RUNNING", **shown}]})
