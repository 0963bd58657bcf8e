"""What do the calls about variables and their groups answer?"""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.items import each, items_of
from zcrm_simulator.crm.variable_values import refuse_misfit

Thing = dict[str, object]

_KIND = "variables"
_GROUPS = "variable_groups"
_TYPES = frozenset(
    [
        "text",
        "textarea",
        "integer",
        "double",
        "percent",
        "currency",
        "date",
        "datetime",
        "email",
        "phone",
        "url",
        "website",
        "checkbox",
        "long",
        "picklist",
    ]
)
_WRITABLE = ("name", "api_name", "type", "value", "description")


def list_groups(call: Call) -> Response:
    """Answer GET /settings/variable_groups."""
    return json_answer({_GROUPS: list(_groups(call).values())})


def get_group(call: Call) -> Response:
    """Answer GET /settings/variable_groups/{id or name}: 204 when there is none."""
    found = _find(_groups(call), call.values["id"])
    return empty_answer(204) if found is None else json_answer({_GROUPS: [found]})


def list_variables(call: Call) -> Response:
    """Answer GET /settings/variables, all or those of a group."""
    group = call.parameter("group")
    shown = [one for one in _variables(call).values() if group is None or _in_group(one, group)]
    return json_answer({_KIND: shown}) if shown else empty_answer(204)


def get_variable(call: Call) -> Response:
    """Answer GET /settings/variables/{id or name}?group=: 204 when there is none."""
    group = call.parameter("group")
    if group is None and not call.version.modern:
        raise Refusal(
            400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "group"}
        )
    found = _find(_variables(call), call.values["id"])
    if found is None or (group is not None and not _in_group(found, group)):
        return empty_answer(204)
    return json_answer({_KIND: [found]})


def create_variables(call: Call) -> Response:
    """Answer POST /settings/variables."""

    def create(item: Mapping[str, object]) -> Thing:
        for name in ("name", "api_name", "type", "variable_group"):
            if item.get(name) in (None, ""):
                raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": name})
        known = _variables(call)
        if _find(known, str(item["api_name"])) is not None:
            raise Refusal(400, "DUPLICATE_DATA", "duplicate data", {"api_name": "api_name"})
        new_id = str(call.organization.database.new_id())
        _keep(call, {"id": new_id, "description": None, "value": None}, item)
        return done({"id": new_id}, "Variable added")

    return each(call, _KIND, items_of(call, _KIND, call.limits.records_per_write), create, 201)


def update_variables(call: Call) -> Response:
    """Answer PUT /settings/variables: each variable brings its id."""
    items = items_of(call, _KIND, call.limits.records_per_write)
    return each(call, _KIND, items, lambda item: _update(call, str(item.get("id")), item))


def update_variable(call: Call) -> Response:
    """Answer PUT /settings/variables/{id or name}."""
    return each(call, _KIND, items_of(call, _KIND, 1), lambda item: _update(call, call.values["id"], item))


def delete_variable(call: Call) -> Response:
    """Answer DELETE /settings/variables/{id}."""
    return each(call, _KIND, [{}], lambda _: _delete(call, call.values["id"]))


def delete_variables(call: Call) -> Response:
    """Answer DELETE /settings/variables?ids= of later versions."""
    ids = [{"id": one.strip()} for one in (call.parameter("ids") or "").split(",") if one.strip()]
    if not ids:
        raise Refusal(
            400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "ids"}
        )
    return each(call, _KIND, ids, lambda item: _delete(call, str(item["id"])))


def _groups(call: Call) -> dict[str, Thing]:
    database = call.organization.database
    with database.lock:
        if not database.documents(_GROUPS):
            for name in ("General", "Billing"):
                new_id = str(database.new_id())
                group = {
                    "id": new_id,
                    "name": name,
                    "api_name": name,
                    "display_label": name,
                    "description": None,
                }
                database.keep(_GROUPS, new_id, group)
        return database.documents(_GROUPS)


def _variables(call: Call) -> dict[str, Thing]:
    return call.organization.database.documents(_KIND)


def _find(things: Mapping[str, Thing], wanted: str) -> Thing | None:
    return next((one for one in things.values() if wanted in {one["id"], one["api_name"]}), None)


def _in_group(variable: Thing, group: str) -> bool:
    held = variable["variable_group"]
    return isinstance(held, Mapping) and group in {held["id"], held["api_name"]}


def _update(call: Call, wanted: str, item: Mapping[str, object]) -> Thing:
    found = _find(_variables(call), wanted)
    if found is None:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": wanted})
    _keep(call, found, item)
    return done({"id": found["id"]}, "Variable updated")


def _delete(call: Call, wanted: str) -> Thing:
    found = _find(_variables(call), wanted)
    if found is None:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": wanted})
    call.organization.database.forget(_KIND, str(found["id"]))
    return done({"id": found["id"]}, "Variable deleted")


def _keep(call: Call, known: Thing, item: Mapping[str, object]) -> None:
    changes: Thing = {name: item[name] for name in _WRITABLE if name in item}
    if str(changes.get("type", "text")) not in _TYPES:
        raise Refusal(
            400, "INVALID_DATA", "invalid data", {"api_name": "type", "expected_values": sorted(_TYPES)}
        )
    given = item.get("variable_group")
    if given is not None:
        wanted = (given.get("id") or given.get("api_name")) if isinstance(given, Mapping) else given
        group = _find(_groups(call), str(wanted))
        if group is None:
            raise Refusal(400, "INVALID_DATA", "invalid data", {"api_name": "variable_group"})
        changes["variable_group"] = {"id": group["id"], "api_name": group["api_name"], "name": group["name"]}
    changed = known | changes
    refuse_misfit(call, str(changed.get("type", "text")), changed["value"])
    call.organization.database.keep(_KIND, str(known["id"]), changed)
