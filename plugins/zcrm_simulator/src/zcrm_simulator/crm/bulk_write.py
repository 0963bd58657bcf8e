"""What do the calls about bulk write jobs answer?"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, json_answer
from zcrm_simulator.crm.bulk_values import typed_value
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.files import binary_answer, uploaded
from zcrm_simulator.crm.jobs import Job, look, peek, start
from zcrm_simulator.crm.parents import person
from zcrm_simulator.crm.records import find_double, insert_record, update_record
from zcrm_simulator.crm.validate import ItemError, stored_value
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import integer
from zcrm_simulator.data.fields import Module

_UPLOAD, _JOB, _RESULT = "bulk upload", "bulk write", "bulk result"
_SHOWN = 3
_OPERATIONS = frozenset({"insert", "update", "upsert"})


@dataclass(frozen=True)
class Plan:
    """What a job is to do with its file."""

    operation: str
    module: Module
    find_by: str | None
    ignore_empty: bool
    columns: tuple[tuple[str, int | None, str | None], ...]
    """Field, column, and the value for an empty cell."""


_Act = Callable[[Call, Plan, dict[str, object], int], tuple[str, str, str]]


def upload(call: Call) -> Response:
    """Answer POST /crm/{version}/upload on the host for files."""
    if call.request.headers.get("feature") != "bulk-write":
        raise Refusal(
            400, "INVALID_REQUEST", "the header feature is missing or wrong", {"header_name": "feature"}
        )
    if call.request.headers.get("X-CRM-ORG") != call.organization.zgid:
        raise Refusal(
            400, "INVALID_REQUEST", "the header X-CRM-ORG is missing or wrong", {"header_name": "X-CRM-ORG"}
        )
    try:
        given = uploaded(call, call.limits.bulk_write_megabytes * 1024 * 1024)
    except Refusal as refusal:
        code = "FILE_TOO_LARGE" if refusal.status == 413 else refusal.code  # noqa: PLR2004  too large
        raise Refusal(refusal.status, code, str(refusal.body["message"])) from None
    if _member(given.content) is None:
        raise Refusal(400, "INVALID_FILE_FORMAT", "the file is no archive with one CSV file")
    new_id = _store(call, _UPLOAD, given.name, given.content)
    details = {"file_id": str(new_id), "created_time": call.time(call.now)}
    return json_answer(
        {"status": "success", "code": "FILE_UPLOAD_SUCCESS", "message": "file uploaded.", "details": details}
    )


def create(call: Call) -> Response:
    """Answer POST /crm/bulk/{version}/write: the work is done at once, and told of later."""
    body = call.body()
    resources = body.get("resource")
    if not isinstance(resources, list) or len(resources) != 1 or not isinstance(resources[0], Mapping):
        raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "resource"})
    resource = resources[0]
    rows = _rows(call, resource)
    heading, content = rows[0], rows[1:]
    plan = _plan(body, resource, heading)
    if len(content) > call.limits.bulk_write_rows or len(heading) > call.limits.bulk_columns:
        code = "HEADER_LIMIT_EXCEEDED" if len(heading) > call.limits.bulk_columns else "LIMIT_EXCEEDED"
        raise Refusal(400, code, "the file has too many rows or columns")
    outcomes = list(
        _written(replace(call, values={**call.values, "module": plan.module.api_name}), plan, content)
    )
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*heading[:_SHOWN], "STATUS", "RECORD_ID", "ERRORS"])
    writer.writerows([*row[:_SHOWN], *outcome] for row, outcome in zip(content, outcomes, strict=True))
    counts = {state: sum(one[0] == state for one in outcomes) for state in ("ADDED", "UPDATED", "SKIPPED")}
    job: Job = {"body": body, "counts": counts, "name": _name(call, resource)}
    job_id = start(call, _JOB, job)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{job_id}.csv", text.getvalue())
    _store(call, _RESULT, job_id, packed.getvalue())
    details = {"id": job_id, "created_by": person(call, call.user.id)}
    return json_answer(
        {"status": "success", "code": "SUCCESS", "message": "success", "details": details}, 201
    )


def status(call: Call) -> Response:
    """Answer GET /crm/bulk/{version}/write/{id}: the job itself, in no list."""
    job_id = call.values["id"]
    job, over = look(call, _JOB, job_id)
    body, counts = job["body"], job["counts"]
    if not isinstance(body, dict) or not isinstance(counts, dict):
        raise TypeError(job_id)
    state = "COMPLETED" if over else "INPROGRESS"
    part = "COMPLETED" if over else "ADDED"
    file = {
        "status": part,
        "name": job["name"],
        "added_count": counts["ADDED"] if over else 0,
        "updated_count": counts["UPDATED"] if over else 0,
        "skipped_count": counts["SKIPPED"] if over else 0,
        "total_count": sum(counts.values()) if over else 0,
    }
    shown: dict[str, object] = {
        "status": state,
        "character_encoding": body.get("character_encoding", "UTF-8"),
        "resource": [{"status": part, **body["resource"][0], "file": file}],
        "id": job_id,
        "operation": body["operation"],
        "created_by": person(call, job["user"]),
        "created_time": call.time(int(str(job["at"]))),
    }
    if body.get("callback") is not None:
        shown["callback"] = body["callback"]
    if over:
        base = call.request.host_url.rstrip("/") + call.organization.place.prefix
        shown["result"] = {"download_url": f"{base}/crm/bulk/{call.version.name}/write/{job_id}/result"}
    return json_answer(shown)


def result(call: Call) -> Response:
    """Answer GET on the address that a job names: the archive with the outcomes."""
    job_id = call.values["id"]
    peek(call, _JOB, job_id)
    [row] = call.organization.database.rows(
        "SELECT content FROM files WHERE kind = ? AND name = ?", (_RESULT, job_id)
    )
    content = row["content"]
    return binary_answer(f"{job_id}.zip", content if isinstance(content, bytes) else b"", "application/zip")


def _store(call: Call, kind: str, name: str, content: bytes) -> int:
    database = call.organization.database
    new_id = database.new_id()
    database.execute(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (new_id, "", 0, kind, name, None, content, int(call.user.id), call.now),
    )
    return new_id


def _member(content: bytes) -> str | None:
    """Return the name of the one CSV file in an archive, or ``None``."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return None
    return names[0] if len(names) == 1 and names[0].lower().endswith(".csv") else None


def _content(call: Call, resource: Mapping[str, object]) -> bytes:
    given = str(resource.get("file_id"))
    found = call.organization.database.rows(
        "SELECT content FROM files WHERE kind = ? AND id = ?",
        (_UPLOAD, int(given) if given.isdecimal() else 0),
    )
    content = found[0]["content"] if found else None
    if not isinstance(content, bytes):
        raise Refusal(
            400, "INVALID_FILE_ID", "the file id given seems to be invalid", {"api_name": "file_id"}
        )
    return content


def _name(call: Call, resource: Mapping[str, object]) -> str:
    return _member(_content(call, resource)) or ""


def _rows(call: Call, resource: Mapping[str, object]) -> list[list[str]]:
    content = _content(call, resource)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read(_member(content) or "").decode("utf-8-sig", "replace")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows:
        raise Refusal(400, "INVALID_FILE_FORMAT", "the file is empty")
    return rows


def _plan(body: Mapping[str, object], resource: Mapping[str, object], heading: list[str]) -> Plan:
    given = resource.get("module")
    name = given.get("api_name") if isinstance(given, Mapping) else given
    module = MODULES.get(str(name))
    if module is None:
        raise Refusal(400, "MODULE_NOT_AVAILABLE", "the module is not available", {"api_name": "module"})
    operation, find_by = str(body.get("operation")), resource.get("find_by")
    if operation not in _OPERATIONS:
        raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "operation"})
    if operation != "insert" and (not isinstance(find_by, str) or find_by not in module.fields):
        raise Refusal(
            400, "INVALID_FIELD", "the field to find records by is missing", {"api_name": "find_by"}
        )
    mappings = resource.get("field_mappings")
    if mappings is None:
        mappings = [{"api_name": name, "index": place} for place, name in enumerate(heading)]
    columns = (
        tuple(_column(module, mapping, len(heading)) for mapping in mappings)
        if isinstance(mappings, list)
        else ()
    )
    missing = {field.api_name for field in module.mandatory} - {name for name, _, _ in columns}
    if operation == "insert" and missing:
        raise Refusal(
            400, "MANDATORY_FIELDS_NOT_MAPPED", "mandatory fields are not mapped", {"fields": sorted(missing)}
        )
    ignore = resource.get("ignore_empty", body.get("ignore_empty"))
    return Plan(operation, module, find_by if isinstance(find_by, str) else None, ignore is True, columns)


def _column(module: Module, mapping: object, width: int) -> tuple[str, int | None, str | None]:
    if not isinstance(mapping, Mapping) or str(mapping.get("api_name")) not in module.fields:
        raise Refusal(400, "INVALID_FIELD", "the field is not there", {"api_name": "field_mappings"})
    index, default = mapping.get("index"), mapping.get("default_value")
    value = default.get("value") if isinstance(default, Mapping) else None
    if index is None and value is not None:
        return str(mapping["api_name"]), None, str(value)
    if not isinstance(index, int) or not 0 <= index < width:
        raise Refusal(400, "COLUMN_INDEX_NOT_FOUND", "the column is not there", {"index": index})
    return str(mapping["api_name"]), index, None if value is None else str(value)


def _written(call: Call, plan: Plan, rows: list[list[str]]) -> Iterator[tuple[str, str, str]]:
    act = {"insert": _insert, "update": _update, "upsert": _upsert}[plan.operation]
    for index, row in enumerate(rows):
        yield _outcome(call, plan, act, _item(plan, row), index)


def _outcome(call: Call, plan: Plan, act: _Act, item: dict[str, object], index: int) -> tuple[str, str, str]:
    try:
        with call.organization.database.lock:
            return act(call, plan, item, index)
    except ItemError as error:
        where = error.details.get("api_name", "")
        return "SKIPPED", str(error.details.get("id", "")), f"{error.code}-{where}"


def _item(plan: Plan, row: list[str]) -> dict[str, object]:
    item: dict[str, object] = {}
    for name, index, default in plan.columns:
        text = row[index] if index is not None and index < len(row) else ""
        text = text or default or ""
        if text or not plan.ignore_empty:
            item[name] = typed_value(plan.module.fields[name], text)
    return item


def _insert(call: Call, _plan: Plan, item: dict[str, object], index: int) -> tuple[str, str, str]:
    return "ADDED", str(insert_record(call, item, index)["id"]), ""


def _update(call: Call, plan: Plan, item: dict[str, object], index: int) -> tuple[str, str, str]:
    found = _found(call, plan, item, index)
    if found is None:
        return "SKIPPED", "", f"RECORD_NOT_FOUND-{plan.find_by}"
    return "UPDATED", str(update_record(call, found, item, index)["id"]), ""


def _upsert(call: Call, plan: Plan, item: dict[str, object], index: int) -> tuple[str, str, str]:
    found = _found(call, plan, item, index) is not None
    return (_update if found else _insert)(call, plan, item, index)


def _found(call: Call, plan: Plan, item: dict[str, object], index: int) -> int | None:
    name = plan.find_by or "id"
    field = plan.module.fields[name]
    row = find_double(call, name, stored_value(call, field, item.get(name), index), None)
    return None if row is None else integer(row["id"])
