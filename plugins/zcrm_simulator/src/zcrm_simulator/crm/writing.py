"""What do the calls that insert, update and upsert records answer?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, envelope, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.reading import record_id
from zcrm_simulator.crm.records import Item, find_existing, insert_record, update_record
from zcrm_simulator.crm.validate import ItemError, where
from zcrm_simulator.data.database import Row, integer

_Write = Callable[[Item, int], dict[str, object]]


def insert(call: Call, prepare: Callable[[object], object] = lambda item: item) -> Response:
    """Answer POST /{module}; ``prepare`` adds to an item what the path says."""
    items = [prepare(item) for item in _batch(call)[0]]
    return _written(
        call, items, lambda item, index: _done(call, insert_record(call, item, index), "added"), 201
    )


def update(call: Call) -> Response:
    """Answer PUT /{module}: each record brings its id."""
    items, _ = _batch(call)
    _refuse_stale(call, [item.get("id") for item in items if isinstance(item, Mapping)])

    def write(item: Item, index: int) -> dict[str, object]:
        if item.get("id") is None or item["id"] == "":
            raise ItemError("MANDATORY_NOT_FOUND", "required field not found", where(call, index, "id"))
        return _done(call, update_record(call, _number(call, item, index), item, index), "updated")

    return _written(call, items, write, 200)


def update_one(call: Call) -> Response:
    """Answer PUT /{module}/{id}: one record, whose id is in the path."""
    items, _ = _batch(call)
    target = record_id(call)
    _refuse_stale(call, [target])
    return _written(
        call,
        items[:1],
        lambda item, index: _done(call, update_record(call, target, item, index), "updated"),
        200,
    )


def upsert(call: Call) -> Response:
    """Answer POST /{module}/upsert: update what is found by the checked fields, insert the rest."""
    items, body = _batch(call)
    checked = _checked_fields(call, body)

    def write(item: Item, index: int) -> dict[str, object]:
        existing = find_existing(call, item, index, checked)
        if existing is None:
            done, field = _done(call, insert_record(call, item, index), "added"), None
        else:
            done, field = _done(call, update_record(call, existing[0], item, index), "updated"), existing[1]
        return done | {"duplicate_field": field, "action": "update" if existing else "insert"}

    return _written(call, items, write, 200)


def _batch(call: Call) -> tuple[list[object], dict[str, object]]:
    """Return the records in the body, and the body.

    Raises:
        Refusal: 400, there are none, too many, or the triggers are unknown.
    """
    body = call.body()
    data = body.get("data")
    if data is None:
        raise Refusal(
            400,
            "MANDATORY_NOT_FOUND",
            "required field not found",
            {"api_name": "data", "json_path": "$.data"},
        )
    if not isinstance(data, list) or not data:
        raise Refusal(
            400, "INVALID_DATA", "invalid data", {"expected_data_type": "jsonarray", "api_name": "data"}
        )
    limit = call.limits.records_per_write
    if len(data) > limit:
        raise Refusal(400, "LIMIT_EXCEEDED", "Record count exceeded", {"limit": limit, "api_name": "data"})
    _check_triggers(call, body.get("trigger"))
    return cast("list[object]", data), body


def _check_triggers(call: Call, trigger: object) -> None:
    """Refuse automation that this version does not know; none at all and an empty list are fine."""
    known = call.version.triggers
    if trigger is None or (
        isinstance(trigger, list) and all(isinstance(one, str) and one in known for one in trigger)
    ):
        return
    raise Refusal(
        400, "INVALID_DATA", "invalid data", {"api_name": "trigger", "supported_values": sorted(known)}
    )


def _written(call: Call, items: list[object], write: _Write, success: int) -> Response:
    """Write record by record and answer in the order sent."""
    answers = [_item(call, item, index, write) for index, item in enumerate(items)]
    succeeded = sum(answer["status"] == "success" for answer in answers)
    status = call.version.write_status(succeeded, len(answers) - succeeded, success)
    return json_answer({"data": answers}, status)


def _item(call: Call, item: object, index: int, write: _Write) -> dict[str, object]:
    if not isinstance(item, dict):
        details = {"expected_data_type": "jsonobject", "index": index}
        return envelope("INVALID_DATA", "invalid data", details)
    try:
        with call.organization.database.lock:
            return write(item, index)
    except ItemError as error:
        return envelope(error.code, error.message, error.details)


def _done(call: Call, row: Row, what: str) -> dict[str, object]:
    people = {name: call.organization.user_by_id(row[name]) for name in ("Created_By", "Modified_By")}
    details: dict[str, object] = {
        "id": str(row["id"]),
        "Created_Time": call.time(integer(row["Created_Time"])),
        "Modified_Time": call.time(integer(row["Modified_Time"])),
    }
    details |= {
        name: {"name": user.full_name, "id": user.id} if user else None for name, user in people.items()
    }
    if call.version.modern:
        details["$approval_state"] = "approved"
    return {"code": "SUCCESS", "details": details, "message": f"record {what}", "status": "success"}


def _number(call: Call, item: Item, index: int) -> int:
    number = as_id(item["id"])
    if number is None:
        raise ItemError("INVALID_DATA", "the id given seems to be invalid", where(call, index, "id"))
    return number


def _checked_fields(call: Call, body: Mapping[str, object]) -> list[str]:
    given = body.get("duplicate_check_fields") or []
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list) or not all(
        isinstance(one, str) and one in call.module.fields for one in names
    ):
        raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "duplicate_check_fields"})
    return [*names, *(name for name in call.module.unique if name not in names)]


def _refuse_stale(call: Call, ids: list[object]) -> None:
    since = call.time_header("If-Unmodified-Since") if call.version.stale_check else None
    if since is None:
        return
    for one in ids:
        number = as_id(one)
        row = None if number is None else call.organization.database.row(call.module, number)
        if row is not None and integer(row["Modified_Time"]) > since:
            raise Refusal(
                412,
                call.switches.stale_record_code,
                "the record has been modified in the meantime",
                {"id": str(one)},
            )
