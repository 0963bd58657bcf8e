"""What do the calls answer that delete records and list the deleted ones?"""

from __future__ import annotations

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, empty_answer, envelope, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.paging import page_size, positive
from zcrm_simulator.crm.reading import record_id, requested_ids
from zcrm_simulator.data.database import Row, Value, integer

_DAY = 86_400
_KINDS = ("all", "recycle", "permanent")


def delete(call: Call) -> Response:
    """Answer DELETE /{module}?ids=."""
    ids = requested_ids(call)
    if not ids:
        raise Refusal(
            400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "ids"}
        )
    return _delete(call, ids)


def delete_one(call: Call) -> Response:
    """Answer DELETE /{module}/{id}."""
    return _delete(call, [str(record_id(call))])


def _delete(call: Call, ids: list[str]) -> Response:
    if call.parameter("wf_trigger") not in {None, "true", "false"}:
        raise Refusal(
            400,
            "INVALID_DATA",
            "Please check whether the input values are correct",
            {"param_name": "wf_trigger", "expected_data_type": "boolean"},
        )
    answers = [_delete_record(call, one) for one in ids]
    succeeded = sum(answer["status"] == "success" for answer in answers)
    status = call.version.write_status(succeeded, len(answers) - succeeded, 200)
    return json_answer({"data": answers}, status)


def _delete_record(call: Call, record: str) -> dict[str, object]:
    database = call.organization.database
    with database.lock:
        number = as_id(record)
        row = None if number is None else database.row(call.module, number)
        if row is None:
            return envelope("INVALID_DATA", "the id given seems to be invalid", {"id": record})
        database.delete(call.module, row, int(call.user.id), call.now)
    return {"code": "SUCCESS", "details": {"id": record}, "message": "record deleted", "status": "success"}


def deleted(call: Call) -> Response:
    """Answer GET /{module}/deleted: what is in the recycle bin, and what left it after 60 days."""
    kind = call.parameter("type") or "all"
    if kind not in _KINDS:
        raise Refusal(
            400,
            "INVALID_DATA",
            "Please check whether the input values are correct",
            {"param_name": "type", "supported_values": list(_KINDS)},
        )
    size, page = page_size(call), positive(call, "page", 1)
    emptied = call.now - call.limits.recycle_bin_days * _DAY
    conditions: list[str] = ["module = ?"]
    values: list[Value] = [call.module.api_name]
    if kind != "all":
        conditions.append(f"deleted_time {'>' if kind == 'recycle' else '<='} ?")
        values.append(emptied)
    since = call.time_header("If-Modified-Since")
    if since is not None:
        conditions.append("deleted_time >= ?")
        values.append(since)
    rows = call.organization.database.rows(
        f"SELECT * FROM deleted WHERE {' AND '.join(conditions)} "  # noqa: S608  the conditions are ours
        "ORDER BY deleted_time DESC, id DESC LIMIT ? OFFSET ?",
        (*values, size + 1, (page - 1) * size),
    )
    if not rows:
        return empty_answer(204 if since is None else 304)
    more, rows = len(rows) > size, rows[:size]
    info = {"per_page": size, "count": len(rows), "page": page, "more_records": more}
    return json_answer({"data": [_shown(call, row, emptied) for row in rows], "info": info})


def _shown(call: Call, row: Row, emptied: int) -> dict[str, object]:
    people = {name: call.organization.user_by_id(row[name]) for name in ("deleted_by", "created_by")}
    shown: dict[str, object] = {
        name: {"name": user.full_name, "id": user.id} if user else None for name, user in people.items()
    }
    deleted_time = integer(row["deleted_time"])
    return shown | {
        "id": str(row["id"]),
        "display_name": row["name"],
        "type": "recycle" if deleted_time > emptied else "permanent",
        "deleted_time": call.time(deleted_time),
    }
