"""What do the calls answer that put tags on records and take them off?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, envelope, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.render import TAG_COLOR
from zcrm_simulator.crm.tags import refuse_long
from zcrm_simulator.data.database import integer

Tags = list[dict[str, str]]


def add_tags(call: Call) -> Response:
    """Answer POST /{module}/actions/add_tags."""
    return _tagged(call, _ids(call), _adding(call))


def add_tags_one(call: Call) -> Response:
    """Answer POST /{module}/{id}/actions/add_tags."""
    return _tagged(call, [call.values["id"]], _adding(call))


def remove_tags(call: Call) -> Response:
    """Answer POST /{module}/actions/remove_tags."""
    return _tagged(call, _ids(call), _removing(call))


def remove_tags_one(call: Call) -> Response:
    """Answer POST /{module}/{id}/actions/remove_tags."""
    return _tagged(call, [call.values["id"]], _removing(call))


def _adding(call: Call) -> Callable[[Tags], Tags]:
    names, database = _names(call), call.organization.database
    for name in names:  # all of them before any is made: a call that is refused leaves no tag behind
        refuse_long(call, name)
    new = [
        {"name": name, "id": str(database.tag_id(call.module.api_name, name, int(call.user.id), call.now))}
        for name in names
    ]
    replace = _over_write(call)
    return lambda tags: list({one["id"]: one for one in (*([] if replace else tags), *new)}.values())


def _removing(call: Call) -> Callable[[Tags], Tags]:
    gone = {name.lower() for name in _names(call)}
    return lambda tags: [one for one in tags if one["name"].lower() not in gone]


def _body(call: Call) -> Mapping[str, object]:
    return call.body() if call.version.modern else {}


def _over_write(call: Call) -> bool:
    given = _body(call).get("over_write") if call.version.modern else call.parameter("over_write") == "true"
    return given is True


def _names(call: Call) -> list[str]:
    """Return the names of the tags: in the body, or in version 2 in the query.

    Raises:
        Refusal: 400, there are none or too many.
    """
    if call.version.modern:
        given = _body(call).get("tags")
        items = given if isinstance(given, list) else []
        names = [
            one["name"] for one in items if isinstance(one, Mapping) and isinstance(one.get("name"), str)
        ]
        wrong = len(names) != len(items)
    else:
        names = [name.strip() for name in (call.parameter("tag_names") or "").split(",") if name.strip()]
        wrong = False
    if wrong or not names:
        name = "tags" if call.version.modern else "tag_names"
        raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": name})
    limit = call.limits.tags_per_call if "id" not in call.values else call.limits.tags_per_record
    if len(names) > limit:
        raise Refusal(400, "LIMIT_EXCEEDED", "tags limit exceeded", {"limit": limit})
    return names


def _ids(call: Call) -> list[str]:
    if call.version.modern:
        given = _body(call).get("ids")
        ids = [str(one) for one in given] if isinstance(given, list) else []
    else:
        ids = [one.strip() for one in (call.parameter("ids") or "").split(",") if one.strip()]
    limit = call.limits.tagged_records if call.version.modern else call.limits.ids
    if not ids or len(ids) > limit:
        code = "LIMIT_EXCEEDED" if ids else "MANDATORY_NOT_FOUND"
        raise Refusal(400, code, "the ids are missing or too many", {"api_name": "ids", "limit": limit})
    return ids


def _tagged(call: Call, ids: list[str], change: Callable[[Tags], Tags]) -> Response:
    outcomes = [_one(call, given, change) for given in ids]
    succeeded = sum(one["status"] == "success" for one in outcomes)
    answer: dict[str, object] = {"data": outcomes}
    if call.version.modern:
        answer |= {"wf_scheduler": False, "success_count": str(succeeded), "locked_count": "0"}
    return json_answer(answer, call.version.write_status(succeeded, len(outcomes) - succeeded, 200))


def _one(call: Call, given: str, change: Callable[[Tags], Tags]) -> dict[str, object]:
    database, number = call.organization.database, as_id(given)
    with database.lock:
        row = None if number is None else database.row(call.module, number)
        if row is None:
            return envelope("INVALID_DATA", "the id given seems to be invalid", {"id": given})
        tags: Tags = change(json.loads(str(row["Tag"])) if row["Tag"] is not None else [])
        database.update(call.module, integer(row["id"]), {"Tag": json.dumps(tags) if tags else None})
    shown: object = [one["name"] for one in tags]
    if call.version.modern:
        shown = [one | {"color_code": TAG_COLOR} for one in tags]
    return done({"id": given, "tags": shown}, "tags updated successfully")
