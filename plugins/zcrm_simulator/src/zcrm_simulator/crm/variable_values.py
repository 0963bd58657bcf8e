"""Does the value of a variable fit its type?"""

from __future__ import annotations

import re

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.validate import ItemError, stored_value
from zcrm_simulator.data.fields import NUMBER_TYPES, Field

_NUMBER_TYPES = NUMBER_TYPES | {"bigint"}
_NUMBER_LENGTH = 16
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}")
_FRACTION = re.compile(r"[+-]?[0-9]{1,40}\.[0-9]{1,40}")
_FIELD_TYPES = {
    "checkbox": "boolean",
    "currency": "currency",
    "date": "date",
    "datetime": "datetime",
    "double": "double",
    "integer": "integer",
    "long": "bigint",
    "percent": "double",
}
"""The types that are no text, each with the type of the fields that take the same values."""


def refuse_misfit(call: Call, kind: str, value: object) -> None:
    """Refuse a value that is not of a variable's type; an empty text is no value.

    Raises:
        Refusal: 400, the value is of another type or has too many digits.
    """
    data_type = _FIELD_TYPES.get(kind)
    if data_type is None:
        return
    try:
        stored_value(call, Field("value", data_type, _NUMBER_LENGTH), _read(data_type, value), 0)
    except ItemError as error:
        most = error.details.get("maximum_length")
        fault = {"expected_data_type": kind} if most is None else {"maximum_length": most}
        raise Refusal(400, "INVALID_DATA", "invalid data", {**fault, "api_name": "value"}) from None


def _read(data_type: str, value: object) -> object:
    """Return a value as a field takes it: for a variable Zoho's pages write both 99 and "99"."""
    if data_type == "boolean":
        return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if data_type not in _NUMBER_TYPES:
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, str) and _FRACTION.fullmatch(value):
        return float(value)
    return value
