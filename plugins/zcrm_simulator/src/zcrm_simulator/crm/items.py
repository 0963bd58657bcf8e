"""How is a call answered that does something to each of several things that are no records?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, envelope, json_answer
from zcrm_simulator.crm.call import Call

Outcome = dict[str, object]


def items_of(call: Call, key: str, most: int) -> list[object]:
    """Return the list in a call's body.

    Raises:
        Refusal: 400, there is none, or it is too long.
    """
    given = call.body().get(key)
    if not isinstance(given, list) or not given:
        raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": key})
    if len(given) > most:
        raise Refusal(400, "LIMIT_EXCEEDED", "the limit is exceeded", {"api_name": key, "limit": most})
    return given


def each(
    call: Call,
    key: str,
    items: Iterable[object],
    act: Callable[[Mapping[str, object]], Outcome],
    success: int = 200,
) -> Response:
    """Do something to each item, and answer with one outcome for each, in order."""
    outcomes = [_outcome(call, item, act) for item in items]
    succeeded = sum(one["status"] == "success" for one in outcomes)
    status = call.version.write_status(succeeded, len(outcomes) - succeeded, success)
    return json_answer({key: outcomes}, status)


def _outcome(call: Call, item: object, act: Callable[[Mapping[str, object]], Outcome]) -> Outcome:
    if not isinstance(item, Mapping):
        return envelope("INVALID_DATA", "invalid data", {"expected_data_type": "jsonobject"})
    try:
        with call.organization.database.lock:
            return act(item)
    except Refusal as refusal:
        return refusal.body
