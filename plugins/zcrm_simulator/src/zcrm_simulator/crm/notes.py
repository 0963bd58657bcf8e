"""What do the calls about the notes of one record answer?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, empty_answer, json_answer
from zcrm_simulator.crm import removal, writing
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.paging import page_size, positive
from zcrm_simulator.crm.parents import parent
from zcrm_simulator.crm.reading import requested_fields
from zcrm_simulator.crm.render import render
from zcrm_simulator.data.catalog import MODULES

_NOTES = MODULES["Notes"]


def list_notes(call: Call) -> Response:
    """Answer GET /{module}/{id}/Notes."""
    record = parent(call)
    fields = requested_fields(call, needed=True)
    size, page = page_size(call), positive(call, "page", 1)
    rows = call.organization.database.rows(
        "SELECT * FROM Notes WHERE Parent_Id = ? ORDER BY id DESC LIMIT ? OFFSET ?",
        (record["id"], size + 1, (page - 1) * size),
    )
    if not rows:
        return empty_answer(204)
    more, rows = len(rows) > size, rows[:size]
    info = {"per_page": size, "count": len(rows), "page": page, "more_records": more}
    return json_answer({"data": render(call, _NOTES, rows, fields), "info": info})


def add_notes(call: Call) -> Response:
    """Answer POST /{module}/{id}/Notes: the path says which record the notes belong to."""
    record_id = str(parent(call)["id"])

    def prepared(item: object) -> object:
        return {**item, "Parent_Id": {"id": record_id}} if isinstance(item, Mapping) else item

    return writing.insert(_of_notes(call), prepared)


def update_note(call: Call) -> Response:
    """Answer PUT /{module}/{id}/Notes/{note}."""
    return writing.update_one(_of_notes(call, _note(call)))


def delete_note(call: Call) -> Response:
    """Answer DELETE /{module}/{id}/Notes/{note}."""
    return removal.delete_one(_of_notes(call, _note(call)))


def _note(call: Call) -> str:
    """Return the id of the note in the path.

    Raises:
        Refusal: 400, the record has no such note.
    """
    record = parent(call)
    number = as_id(call.values["other"])
    row = None if number is None else call.organization.database.row(_NOTES, number)
    if row is None or row["Parent_Id"] != record["id"]:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": call.values["other"]})
    return str(number)


def _of_notes(call: Call, note: str | None = None) -> Call:
    """Return the same call as one about the module of notes."""
    values = {**call.values, "module": "Notes"}
    return replace(call, values=values if note is None else {**values, "id": note})
