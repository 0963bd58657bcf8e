"""What do the calls about a record's blueprint answer? Leads have one, on their status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import field_id
from zcrm_simulator.crm.metadata import described_fields
from zcrm_simulator.crm.parents import parent
from zcrm_simulator.crm.records import update_record
from zcrm_simulator.crm.validate import ItemError
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row, integer

_FIELD = "Lead_Status"
_FIRST_TRANSITION = 95_001


@dataclass(frozen=True)
class Transition:
    """A step: from which state, to which, and the fields that it asks for."""

    name: str
    states: tuple[str | None, ...]
    target: str
    needed: tuple[str, ...] = ()


_TRANSITIONS = (
    Transition(
        "Contact",
        (None, "Not Contacted", "Attempted to Contact", "Contact in Future"),
        "Contacted",
        ("Phone",),
    ),
    Transition("Qualify", ("Contacted",), "Pre-Qualified"),
    Transition("Give up", (None, "Not Contacted", "Attempted to Contact", "Contacted"), "Lost Lead"),
)


def get_blueprint(call: Call) -> Response:
    """Answer GET /{module}/{id}/actions/blueprint.

    Raises:
        Refusal: 400, the record is in no blueprint.
    """
    record = _record(call)
    state = record[_FIELD]
    steps = _open(call, record)
    module = MODULES["Leads"]
    info: dict[str, object] = {
        "field_id": field_id(call, module, module.fields[_FIELD]),
        "api_name": _FIELD,
        "field_label": "Lead Status",
        "field_value": state,
        "column_name": _FIELD.upper(),
        "is_continuous": False,
        "continuous": False,
        "id": str(int(field_id(call, module, module.fields[_FIELD])) + 90_000),
        "name": "Lead process",
        "field_name": _FIELD,
        "current_picklist": None if state is None else {"colour_code": None, "id": None, "value": state},
        "escalation": None,
    }
    shown = [_shown(call, record, step_id, step) for step_id, step in steps.items()]
    return json_answer({"blueprint": {"process_info": info, "transitions": shown}})


def update_blueprint(call: Call) -> Response:
    """Answer PUT /{module}/{id}/actions/blueprint.

    Raises:
        Refusal: 400, the step is not open, or what it asks for is missing or wrong.
    """
    record = _record(call)
    given = call.body().get("blueprint")
    step = given[0] if isinstance(given, list) and given and isinstance(given[0], Mapping) else {}
    transition = _open(call, record).get(str(step.get("transition_id")))
    if transition is None:
        raise Refusal(400, "INVALID_DATA", "invalid transition", {"api_name": "transition_id"})
    data = step.get("data")
    fields = data if isinstance(data, Mapping) else {}
    for name in transition.needed:
        if not fields.get(name) and record[name] is None:
            details = {"api_name": name, "json_path": f"$.blueprint[0].data.{name}"}
            raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", details)
    changes = {name: value for name, value in fields.items() if name in MODULES["Leads"].fields}
    try:
        update_record(call, integer(record["id"]), changes | {_FIELD: transition.target}, 0)
    except ItemError as error:
        raise Refusal(400, error.code, error.message, error.details) from None
    return json_answer(done({"id": str(record["id"])}, "transition updated successfully"))


def _record(call: Call) -> Row:
    record = parent(call)
    if call.module.api_name != "Leads" or not _open(call, record):
        raise Refusal(400, "RECORD_NOT_IN_PROCESS", "record not in process", {"id": str(record["id"])})
    return record


def _open(call: Call, record: Row) -> dict[str, Transition]:
    space = int(call.organization.id) // 10**6 * 10**6
    return {
        str(space + _FIRST_TRANSITION + number): step
        for number, step in enumerate(_TRANSITIONS)
        if record.get(_FIELD) in step.states
    }


def _shown(call: Call, record: Row, step_id: str, step: Transition) -> dict[str, object]:
    fields = [one for one in described_fields(call, MODULES["Leads"]) if one["api_name"] in step.needed]
    space = int(step_id) - _FIRST_TRANSITION - _TRANSITIONS.index(step)
    after = [
        {
            "id": str(space + _FIRST_TRANSITION + number),
            "name": one.name,
            "criteria_matched": None,
            "type": "manual",
        }
        for number, one in enumerate(_TRANSITIONS)
        if step.target in one.states
    ]
    return {
        "id": step_id,
        "name": step.name,
        "type": "manual",
        "criteria_matched": True,
        "criteria_message": None,
        "next_field_value": step.target,
        "percent_partial_save": 0.0,
        "execution_time": call.time(call.now),
        "color_code": "#879BFC",
        "text_color_code": "#FFFFFF",
        "next_transitions": after,
        "fields": [field | {"transition_sequence": place} for place, field in enumerate(fields, 1)],
        "data": {name: record[name] for name in step.needed} | {"Attachments": [], "CheckLists": []},
    }
