"""What do the calls about the organization's taxes answer?"""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.items import each, items_of
from zcrm_simulator.data.database import Database

Tax = dict[str, object]

_KIND = "taxes"
_PERCENT = 100
_FIRST = (("Sales Tax", 7.5), ("Vat", 19.0), ("Service Tax", 10.0))


def list_taxes(call: Call) -> Response:
    """Answer GET /org/taxes."""
    return _read(call, list(_taxes(call).values()))


def get_tax(call: Call) -> Response:
    """Answer GET /org/taxes/{id}: 204 when there is none."""
    found = _taxes(call).get(call.values["id"])
    return empty_answer(204) if found is None else _read(call, [found])


def create_taxes(call: Call) -> Response:
    """Answer POST /org/taxes of version 2."""
    items = items_of(call, _KIND, call.limits.records_per_write)
    return each(call, _KIND, items, lambda item: _create(call, item), 201)


def update_taxes(call: Call) -> Response:
    """Answer PUT /org/taxes: in version 2 each tax brings its id; since then one call takes every change."""
    if not call.version.modern:
        items = items_of(call, _KIND, call.limits.records_per_write)
        return each(call, _KIND, items, lambda item: _update(call, item))
    given = call.body().get("org_taxes")
    changes = given.get("taxes") if isinstance(given, Mapping) else None
    if not isinstance(changes, list) or not all(isinstance(item, Mapping) for item in changes):
        raise Refusal(
            400,
            "MANDATORY_NOT_FOUND",
            "required field not found",
            {"api_name": "taxes", "json_path": "$.org_taxes.taxes"},
        )
    with call.organization.database.lock:
        before = _taxes(call)
        try:
            for item in changes:
                _change(call, item)
        except Refusal:
            _restore(call.organization.database, before)
            raise
    return json_answer({"org_taxes": done({"id": call.organization.id}, "org taxes updated successfully")})


def delete_taxes(call: Call) -> Response:
    """Answer DELETE /org/taxes?ids= of version 2."""
    ids = [one.strip() for one in (call.parameter("ids") or "").split(",") if one.strip()]
    if not ids:
        raise Refusal(
            400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "ids"}
        )
    return each(call, _KIND, [{"id": one} for one in ids], lambda item: _delete(call, str(item["id"])))


def delete_tax(call: Call) -> Response:
    """Answer DELETE /org/taxes/{id} of version 2."""
    return each(call, _KIND, [{}], lambda _: _delete(call, call.values["id"]))


def _taxes(call: Call) -> dict[str, Tax]:
    """Return every tax by its id; the first call makes those that an organization begins with."""
    database = call.organization.database
    with database.lock:
        if not database.documents("tax seed"):
            database.keep("tax seed", "made", {})
            for number, (name, value) in enumerate(_FIRST, 1):
                new_id = str(database.new_id())
                database.keep(_KIND, new_id, _tax(new_id, name, value, name, number))
        return database.documents(_KIND)


def _tax(tax_id: str, name: str, value: object, label: object, number: object) -> Tax:
    return {"id": tax_id, "name": name, "display_label": label, "value": value, "sequence_number": number}


def _restore(database: Database, before: Mapping[str, Tax]) -> None:
    for tax_id in database.documents(_KIND):
        database.forget(_KIND, tax_id)
    for tax_id, tax in before.items():
        database.keep(_KIND, tax_id, tax)


def _change(call: Call, item: Mapping[str, object]) -> None:
    if "_delete" in item:
        _delete(call, str(item.get("id")))
    elif item.get("id") is None:
        _create(call, item)
    else:
        _update(call, item)


def _create(call: Call, item: Mapping[str, object]) -> dict[str, object]:
    name, value = item.get("name"), item.get("value")
    for key, given in (("name", name), ("value", value)):
        if given is None or given == "":
            raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": key})
    known = _taxes(call)
    _check(known, item, None)
    database = call.organization.database
    new_id = str(database.new_id())
    label, number = item.get("display_label") or name, item.get("sequence_number") or len(known) + 1
    database.keep(_KIND, new_id, _tax(new_id, str(name), value, label, number))
    return done({"id": new_id}, "tax added")


def _update(call: Call, item: Mapping[str, object]) -> dict[str, object]:
    tax_id, known = str(item.get("id")), _taxes(call)
    if tax_id not in known:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": tax_id})
    _check(known, item, tax_id)
    changes = {key: value for key, value in item.items() if key in known[tax_id]}
    call.organization.database.keep(_KIND, tax_id, known[tax_id] | changes)
    return done({"id": tax_id}, "tax updated")


def _check(known: Mapping[str, Tax], item: Mapping[str, object], own: str | None) -> None:
    value = item.get("value")
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _PERCENT
    ):
        raise Refusal(
            400, "INVALID_DATA", "invalid data", {"api_name": "value", "expected_data_type": "double"}
        )
    name = item.get("name")
    if any(tax["name"] == name and tax_id != own for tax_id, tax in known.items()):
        raise Refusal(400, "DUPLICATE_DATA", "duplicate data", {"api_name": "name"})


def _delete(call: Call, tax_id: str) -> dict[str, object]:
    if tax_id not in _taxes(call):
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": tax_id})
    call.organization.database.forget(_KIND, tax_id)
    return done({"id": tax_id}, "tax deleted")


def _read(call: Call, taxes: list[Tax]) -> Response:
    if call.version.modern:
        preference = {"auto_populate_tax": False, "modify_tax_rates": False}
        return json_answer({"org_taxes": {"taxes": taxes, "preference": preference}})
    return json_answer({"taxes": taxes})
