"""What do the calls about the tags of a module answer?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.items import each, items_of
from zcrm_simulator.crm.metadata import module_of
from zcrm_simulator.crm.parents import person
from zcrm_simulator.crm.render import TAG_COLOR
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row, integer, quoted

Tags = list[dict[str, str]]


def list_tags(call: Call) -> Response:
    """Answer GET /settings/tags?module=."""
    module = module_of(call).api_name
    rows = call.organization.database.rows("SELECT * FROM tags WHERE module = ? ORDER BY id", (module,))
    if not rows:
        return empty_answer(204)
    info = {"count": len(rows), "allowed_count": call.limits.tags_per_module}
    return json_answer({"tags": [_shown(call, row) for row in rows], "info": info})


def create_tags(call: Call) -> Response:
    """Answer POST /settings/tags?module=."""
    module = module_of(call).api_name

    def create(item: Mapping[str, object]) -> dict[str, object]:
        name = _name(call, item)
        _refuse_double(call, module, name, None)
        new_id = call.organization.database.tag_id(module, name, int(call.user.id), call.now)
        return done(_details(call, new_id), "tags created successfully")

    return each(call, "tags", items_of(call, "tags", call.limits.tags_per_call), create, 201)


def update_tags(call: Call) -> Response:
    """Answer PUT /settings/tags?module=: each tag brings its id and its new name."""
    module = module_of(call).api_name
    items = items_of(call, "tags", call.limits.tags_per_call)
    return each(call, "tags", items, lambda item: _rename(call, _tag(call, item.get("id"), module), item))


def update_tag(call: Call) -> Response:
    """Answer PUT /settings/tags/{id}?module=."""
    module = module_of(call).api_name
    items = items_of(call, "tags", 1)
    return each(call, "tags", items, lambda item: _rename(call, _tag(call, call.values["id"], module), item))


def delete_tag(call: Call) -> Response:
    """Answer DELETE /settings/tags/{id}: the tag goes from every record, too."""
    tag = _tag(call, call.values["id"])
    details = _details(call, integer(tag["id"]))
    _replace(call, tag, lambda _: None)
    call.organization.database.execute("DELETE FROM tags WHERE id = ?", (tag["id"],))
    return json_answer({"tags": [done(details, "tags deleted successfully")]})


def merge_tags(call: Call) -> Response:
    """Answer POST /settings/tags/{id}/actions/merge: the tag in the path takes the records of the other."""

    def merge(item: Mapping[str, object]) -> dict[str, object]:
        kept = _tag(call, call.values["id"])
        gone = _tag(call, item.get("conflict_id"), str(kept["module"]))
        if kept["id"] == gone["id"]:
            raise Refusal(400, "INVALID_DATA", "a tag cannot be merged with itself", {"id": str(kept["id"])})
        _replace(call, gone, lambda _: {"name": str(kept["name"]), "id": str(kept["id"])})
        call.organization.database.execute("DELETE FROM tags WHERE id = ?", (gone["id"],))
        return done(_details(call, integer(kept["id"])), "tags updated successfully")

    return each(call, "tags", items_of(call, "tags", call.limits.tags_per_call), merge, 200)


def count_records(call: Call) -> Response:
    """Answer GET /settings/tags/{id}/actions/records_count?module=, with the number as text."""
    module = module_of(call).api_name
    tag = _tag(call, call.values["id"], module)
    return json_answer({"count": str(len(_tagged(call, tag)))})


def _tag(call: Call, given: object, module: str | None = None) -> Row:
    """Return a tag.

    Raises:
        Refusal: 400, there is none with this id, or it is another module's.
    """
    found = call.organization.database.rows("SELECT * FROM tags WHERE id = ?", (as_id(given),))
    if not found or module not in {None, found[0]["module"]}:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": str(given)})
    return found[0]


def _name(call: Call, item: Mapping[str, object]) -> str:
    name = item.get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "name"})
    refuse_long(call, name)
    return name


def refuse_long(call: Call, name: str) -> None:
    """Refuse a name that is too long for a tag.

    Raises:
        Refusal: 400, it has more than 25 characters.
    """
    most = call.limits.tag_length
    if len(name) > most:
        raise Refusal(400, "INVALID_DATA", "invalid data", {"maximum_length": most, "api_name": "name"})


def _refuse_double(call: Call, module: str, name: str, own: int | None) -> None:
    found = call.organization.database.rows(
        "SELECT id FROM tags WHERE module = ? AND name = ? AND id IS NOT ?", (module, name, own)
    )
    if found:
        raise Refusal(
            400, "DUPLICATE_DATA", "duplicate data", {"id": str(found[0]["id"]), "api_name": "name"}
        )


def _rename(call: Call, tag: Row, item: Mapping[str, object]) -> dict[str, object]:
    name, tag_id = _name(call, item), integer(tag["id"])
    _refuse_double(call, str(tag["module"]), name, tag_id)
    call.organization.database.execute(
        "UPDATE tags SET name = ?, modified_by = ?, modified_time = ? WHERE id = ?",
        (name, int(call.user.id), call.now, tag_id),
    )
    _replace(call, tag, lambda old: {**old, "name": name})
    return done(_details(call, tag_id), "tags updated successfully")


def _tagged(call: Call, tag: Row) -> list[Row]:
    """Return the records that carry a tag."""
    table = quoted(str(tag["module"]))
    return call.organization.database.rows(
        f'SELECT id, "Tag" FROM {table} WHERE "Tag" LIKE ?',  # noqa: S608  the catalog's name
        (f'%"id": "{integer(tag["id"])}"%',),
    )


def _replace(call: Call, tag: Row, change: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
    """Change or drop a tag on every record that carries it, and leave no record with the same tag twice."""
    module = MODULES[str(tag["module"])]
    for row in _tagged(call, tag):
        tags: Tags = json.loads(str(row["Tag"]))
        new = [change(one) if one["id"] == str(tag["id"]) else one for one in tags]
        kept = list({one["id"]: one for one in new if one is not None}.values())
        call.organization.database.update(
            module, integer(row["id"]), {"Tag": json.dumps(kept) if kept else None}
        )


def _details(call: Call, tag_id: int) -> dict[str, object]:
    [row] = call.organization.database.rows("SELECT * FROM tags WHERE id = ?", (tag_id,))
    return {"id": str(tag_id), **_made(call, row), "color_code": TAG_COLOR}


def _shown(call: Call, row: Row) -> dict[str, object]:
    return {"name": row["name"], "id": str(row["id"]), "color_code": TAG_COLOR, **_made(call, row)}


def _made(call: Call, row: Row) -> dict[str, object]:
    times = {name: row[name] for name in ("created_time", "modified_time")}
    return {
        "created_by": person(call, row["created_by"] or call.organization.owner.id),
        "modified_by": person(call, row["modified_by"] or call.organization.owner.id),
        **{name: call.time(0 if value is None else integer(value)) for name, value in times.items()},
    }
