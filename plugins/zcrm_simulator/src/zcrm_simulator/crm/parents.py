"""Which record does the path of a call lead through?"""

from __future__ import annotations

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.reading import record_id
from zcrm_simulator.data.database import Row


def parent(call: Call) -> Row:
    """Return the record whose id is in the path.

    Raises:
        Refusal: 400, there is none.
    """
    number = record_id(call)
    row = call.organization.database.row(call.module, number)
    if row is None:
        raise Refusal(400, "INVALID_DATA", "the related id given seems to be invalid", {"id": str(number)})
    return row


def person(call: Call, user_id: object) -> dict[str, object] | None:
    """Return what a thing shows of the user who made it."""
    user = call.organization.user_by_id(user_id)
    return None if user is None else {"name": user.full_name, "id": user.id}


def made_by(call: Call) -> dict[str, object]:
    """Return who does something and when, as the details of an outcome have it."""
    who, now = person(call, call.user.id), call.time(call.now)
    return {"Created_Time": now, "Modified_Time": now, "Created_By": who, "Modified_By": who}
