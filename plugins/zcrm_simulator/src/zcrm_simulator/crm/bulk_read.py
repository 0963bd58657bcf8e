"""What do the calls about bulk read jobs answer?"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime, timezone

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, json_answer
from zcrm_simulator.crm.bulk_criteria import bulk_sql
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.files import binary_answer
from zcrm_simulator.crm.identifiers import module_id
from zcrm_simulator.crm.jobs import Job, look, peek, start
from zcrm_simulator.crm.parents import person
from zcrm_simulator.crm.render import render
from zcrm_simulator.crm.views import view_of, view_sql
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row, Value, integer, quoted
from zcrm_simulator.data.fields import Module

_KIND = "bulk read"
_NOT_OFFERED = frozenset({"Notes"})


def create(call: Call) -> Response:
    """Answer POST /crm/bulk/{version}/read."""
    body = call.body()
    query = body.get("query")
    if not isinstance(query, Mapping):
        raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "query"})
    module = _module(query)
    file_type = str(body.get("file_type") or "csv")
    if file_type not in {"csv", "ics"} or (file_type == "ics" and module.api_name != "Events"):
        raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "file_type"})
    page = _page(call, query)
    found, more = _found(call, module, query, page)
    content: Job = {"query": dict(query), "callback": body.get("callback"), "file_type": file_type}
    content |= {"module": module.api_name, "count": len(found), "more": more, "page": page}
    job_id = start(call, _KIND, content)
    text = _calendar(found) if file_type == "ics" else _table(call, module, query, found)
    archive = _archive(f"{job_id}.{file_type}", text)
    call.organization.database.execute(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (int(job_id), module.api_name, 0, _KIND, f"{job_id}.zip", None, archive, int(call.user.id), call.now),
    )
    shown = _shown(call, job_id, peek(call, _KIND, job_id), "ADDED")
    details = {key: shown[key] for key in ("id", "operation", "state", "created_by", "created_time")}
    item = {
        "status": "success",
        "code": "ADDED_SUCCESSFULLY",
        "message": "Added successfully.",
        "details": details,
    }
    return json_answer({"data": [item], "info": {}}, 201)


def status(call: Call) -> Response:
    """Answer GET /crm/bulk/{version}/read/{id}."""
    job_id = call.values["id"]
    job, over = look(call, _KIND, job_id)
    shown = _shown(call, job_id, job, "COMPLETED" if over else "IN PROGRESS")
    shown |= {"query": job["query"], "file_type": job["file_type"]}
    if job["callback"] is not None:
        shown["callback"] = job["callback"]
    if over:
        result: Job = {
            "page": job["page"],
            "count": job["count"],
            "download_url": f"/crm/bulk/{call.version.name}/read/{job_id}/result",
            "per_page": call.limits.bulk_read_records,
            "more_records": job["more"],
        }
        if call.version.modern:
            result["next_page_token"] = f"page-{int(str(job['page'])) + 1}" if job["more"] else None
        shown["result"] = result
    return json_answer({"data": [shown]})


def result(call: Call) -> Response:
    """Answer GET /crm/bulk/{version}/read/{id}/result: the archive, for a day."""
    job_id = call.values["id"]
    job = peek(call, _KIND, job_id)
    too_early = int(str(job["polls"])) <= call.switches.job_polls
    if too_early or call.now > int(str(job["at"])) + call.limits.bulk_result_seconds:
        raise Refusal(
            404, "RESOURCE_NOT_FOUND", "The requested resource doesn't exist.", {"resource": job_id}
        )
    [row] = call.organization.database.rows(
        "SELECT * FROM files WHERE id = ? AND kind = ?", (int(job_id), _KIND)
    )
    content = row["content"]
    return binary_answer(str(row["name"]), content if isinstance(content, bytes) else b"", "application/zip")


def _module(query: Mapping[str, object]) -> Module:
    given = query.get("module")
    name = given.get("api_name") if isinstance(given, Mapping) else given
    module = MODULES.get(str(name))
    if module is None or module.api_name in _NOT_OFFERED:
        raise Refusal(
            400, "INVALID_MODULE", "The module name given seems to be invalid", {"api_name": "module"}
        )
    return module


def _page(call: Call, query: Mapping[str, object]) -> int:
    """Return the number of the page: given itself, or since version 3 as the token of the job before."""
    if call.version.modern and query.get("page_token") is not None:
        token = str(query["page_token"])
        if not token.startswith("page-") or not token[5:].isdecimal():
            raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "page_token"})
        return int(token[5:])
    page = query.get("page", 1)
    if not isinstance(page, int) or isinstance(page, bool) or page < 1:
        raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "page"})
    return page


def _found(call: Call, module: Module, query: Mapping[str, object], page: int) -> tuple[list[Row], bool]:
    size = call.limits.bulk_read_records
    conditions: list[str] = ["1"]
    values: list[Value] = []
    criteria = query.get("criteria")
    if criteria is not None:
        condition, more_values = bulk_sql(call, module, criteria)
        conditions.append(condition)
        values += more_values
    if query.get("cvid") is not None:
        view = view_of(call, module, str(query["cvid"]))
        if view is None:
            raise Refusal(400, "INVALID_DATA", "Customview not accessible", {"api_name": "cvid"})
        condition, more_values = view_sql(call, view)
        conditions.append(condition)
        values += more_values
    rows = call.organization.database.rows(
        f"SELECT * FROM {quoted(module.api_name)} WHERE {' AND '.join(conditions)} "  # noqa: S608  the catalog's
        "ORDER BY id LIMIT ? OFFSET ?",
        (*values, size + 1, (page - 1) * size),
    )
    return rows[:size], len(rows) > size


def _archive(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def _table(call: Call, module: Module, query: Mapping[str, object], rows: list[Row]) -> str:
    names = _fields(module, query)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["Id", *names])
    shown = render(call, module, rows, names)
    writer.writerows([str(one["id"]), *(_cell(one[name]) for name in names)] for one in shown)
    return text.getvalue()


def _fields(module: Module, query: Mapping[str, object]) -> list[str]:
    given = query.get("fields")
    if given is None:
        return [
            field.api_name for field in module.fields.values() if field.data_type not in {"subform", "tags"}
        ][:-1]
    if not isinstance(given, list) or not all(
        isinstance(name, str) and name in module.fields for name in given
    ):
        raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "fields"})
    return [name for name in given if name != "id"]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return str(value.get("id") or "")
    if isinstance(value, list):
        return ";".join(str(one["name"]) if isinstance(one, dict) else str(one) for one in value)
    return json.dumps(value) if isinstance(value, float) else str(value)


def _calendar(rows: list[Row]) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//zcrm-simulator//EN"]
    for row in rows:
        title = str(row["Event_Title"]).replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,")
        times = (("DTSTART", "Start_DateTime"), ("DTEND", "End_DateTime"))
        lines += ["BEGIN:VEVENT", f"UID:{integer(row['id'])}", f"SUMMARY:{title}"]
        lines += [f"{name}:{_stamp(integer(row[field]))}" for name, field in times]
        lines.append("END:VEVENT")
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def _shown(call: Call, job_id: str, job: Job, state: str) -> dict[str, object]:
    return {
        "id": job_id,
        "operation": "read",
        "state": state,
        "created_by": person(call, job["user"]),
        "created_time": call.time(int(str(job["at"]))),
        "module_id": module_id(call, MODULES[str(job["module"])]),
    }
