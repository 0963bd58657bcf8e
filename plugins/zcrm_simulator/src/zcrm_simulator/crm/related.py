"""What do the calls about the related lists of a record answer?"""

from __future__ import annotations

import json
from collections.abc import Mapping

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, empty_answer, envelope, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.paging import page_size, positive
from zcrm_simulator.crm.parents import parent
from zcrm_simulator.crm.reading import requested_fields, requested_ids
from zcrm_simulator.crm.render import render
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row, quoted
from zcrm_simulator.data.relations import Relation, relations_of

_LINKED = """(SELECT other AS id, held FROM links WHERE module = ? AND record = ? AND other_module = ?
UNION SELECT record, held FROM links WHERE other_module = ? AND other = ? AND module = ?)"""


def list_related(call: Call) -> Response:
    """Answer GET /{module}/{id}/{list}: the records, each with what its link holds."""
    relation = _relation(call)
    record = parent(call)
    fields = requested_fields(call, needed=True)
    size, page = page_size(call), positive(call, "page", 1)
    table = quoted(relation.module)
    window = (size + 1, (page - 1) * size)
    database = call.organization.database
    if relation.field:
        rows = database.rows(
            f"SELECT *, NULL AS held FROM {table} WHERE {quoted(relation.field)} = ? "  # noqa: S608  the catalog's
            "ORDER BY id DESC LIMIT ? OFFSET ?",
            (record["id"], *window),
        )
    else:
        one, two = (call.module.api_name, record["id"], relation.module), (call.module.api_name, record["id"])
        rows = database.rows(
            f"SELECT {table}.*, linked.held FROM {table} JOIN {_LINKED} AS linked USING (id) "  # noqa: S608 - the names are the catalog's
            "ORDER BY id DESC LIMIT ? OFFSET ?",
            (*one, *two, relation.module, *window),
        )
    if not rows:
        return empty_answer(204)
    more, rows = len(rows) > size, rows[:size]
    info = {"per_page": size, "count": len(rows), "page": page, "more_records": more}
    shown = render(call, MODULES[relation.module], rows, fields)
    held = [json.loads(str(row["held"])) if row["held"] is not None else {} for row in rows]
    return json_answer({"data": [one | two for one, two in zip(shown, held, strict=True)], "info": info})


def link(call: Call) -> Response:
    """Answer PUT /{module}/{id}/{list}/{record}: link one record, or change what the link holds."""
    data = call.body().get("data")
    held = data[0] if isinstance(data, list) and data and isinstance(data[0], Mapping) else {}
    outcome = _link(call, call.values["other"], held)
    return json_answer({"data": [outcome]}, 200 if outcome["status"] == "success" else _failed(call))


def link_many(call: Call) -> Response:
    """Answer PUT /{module}/{id}/{list}: link several records."""
    data = call.body().get("data")
    if not isinstance(data, list) or not data or len(data) > call.limits.records_per_write:
        raise Refusal(
            400, "INVALID_DATA", "invalid data", {"api_name": "data", "expected_data_type": "jsonarray"}
        )
    outcomes = [
        _link(call, str(item.get("id")), {key: value for key, value in item.items() if key != "id"})
        if isinstance(item, Mapping)
        else envelope("INVALID_DATA", "invalid data", {"expected_data_type": "jsonobject"})
        for item in data
    ]
    return _answer(call, outcomes)


def unlink(call: Call) -> Response:
    """Answer DELETE /{module}/{id}/{list}/{record}."""
    outcome = _unlink(call, call.values["other"])
    return json_answer({"data": [outcome]}, 200 if outcome["status"] == "success" else _failed(call))


def unlink_many(call: Call) -> Response:
    """Answer DELETE /{module}/{id}/{list}?ids=."""
    ids = requested_ids(call)
    if not ids:
        raise Refusal(
            400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "ids"}
        )
    return _answer(call, [_unlink(call, one) for one in ids])


def _answer(call: Call, outcomes: list[dict[str, object]]) -> Response:
    succeeded = sum(one["status"] == "success" for one in outcomes)
    return json_answer(
        {"data": outcomes}, call.version.write_status(succeeded, len(outcomes) - succeeded, 200)
    )


def _failed(call: Call) -> int:
    return call.version.write_status(0, 1, 200)


def _relation(call: Call) -> Relation:
    """Return the related list in the path.

    Raises:
        Refusal: 400, the module has none of this name.
    """
    wanted = call.values["list"]
    found = [
        one for one in relations_of(call.module.api_name) if one.api_name == wanted and one.kind == "records"
    ]
    if not found:
        raise Refusal(
            400, "INVALID_DATA", "the relation name given seems to be invalid", {"resource_path_index": 2}
        )
    return found[0]


def _other(call: Call, relation: Relation, given: str) -> Row | None:
    number = as_id(given)
    return None if number is None else call.organization.database.row(MODULES[relation.module], number)


def _link(call: Call, given: str, held: Mapping[str, object]) -> dict[str, object]:
    relation, record = _relation(call), parent(call)
    if relation.field:
        return envelope("NOT_SUPPORTED", "records of this list are linked by their own field", {"id": given})
    database = call.organization.database
    with database.lock:
        other = _other(call, relation, given)
        if other is None:
            return envelope("INVALID_DATA", "the related id given seems to be invalid", {"id": given})
        known = database.rows(
            "SELECT held FROM links WHERE module = ? AND record = ? AND other_module = ? AND other = ?",
            (call.module.api_name, record["id"], relation.module, other["id"]),
        )
        kept = (json.loads(str(known[0]["held"])) if known else {}) | dict(held)
        _forget(call, relation, record, other)
        database.execute(
            "INSERT INTO links VALUES (?, ?, ?, ?, ?)",
            (call.module.api_name, record["id"], relation.module, other["id"], json.dumps(kept)),
        )
    return done({"id": given}, "relation added")


def _unlink(call: Call, given: str) -> dict[str, object]:
    relation, record = _relation(call), parent(call)
    other = _other(call, relation, given)
    if other is None or not _forget(call, relation, record, other):
        return envelope("INVALID_DATA", "the related id given seems to be invalid", {"id": given})
    return done({"id": given}, "relation removed")


def _forget(call: Call, relation: Relation, record: Row, other: Row) -> bool:
    """Drop the link between two records, whichever of them it was made from; tell whether there was one."""
    database, mine, theirs = call.organization.database, call.module.api_name, relation.module
    ends = ((mine, record["id"], theirs, other["id"]), (theirs, other["id"], mine, record["id"]))
    where = "module = ? AND record = ? AND other_module = ? AND other = ?"
    with database.lock:
        found = any(database.rows(f"SELECT 1 FROM links WHERE {where}", end) for end in ends)  # noqa: S608  fixed
        for end in ends:
            database.execute(f"DELETE FROM links WHERE {where}", end)  # noqa: S608  fixed
    return found
