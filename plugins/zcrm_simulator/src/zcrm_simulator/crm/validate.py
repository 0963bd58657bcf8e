"""Does a value that a client sends fit its field, and how is it stored?"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import LARGEST, as_id
from zcrm_simulator.data.database import Value
from zcrm_simulator.data.fields import Field

_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]{2,}")
_PHONE = re.compile(r"\+?[0-9A-Za-z(][0-9A-Za-z ().,;#/-]*")
_WEBSITE = re.compile(r"(?:https?://)?[^\s/:?#]+\.[^\s/:?#.]{2,}(?:[/:?#]\S*)?", re.IGNORECASE)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INTEGER_DIGITS = 9
PARTICIPANTS = "Participants"
DELETED = ("delete", "_delete")
"""What marks a row that goes: the first in version 2, the second since."""
_YEARS = range(1900, 9000)


class ItemError(Exception):
    """One record cannot be written; becomes one item of the answer."""

    def __init__(self, code: str, message: str, details: Mapping[str, object]) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.details = details


class _Misfit(Exception):
    """A value is not of the type that is expected."""

    def __init__(self, expected: str, **details: object) -> None:
        super().__init__(expected)
        self.details = {"expected_data_type": expected, **details}


def where(call: Call, index: int, api_name: str) -> dict[str, object]:
    """Return the part of an error's details that says which field it is about."""
    details: dict[str, object] = {"api_name": api_name}
    if call.version.json_paths:
        details["json_path"] = f"$.data[{index}].{api_name}"
    return details


def stored_value(call: Call, field: Field, value: object, index: int) -> Value:
    """Return a value as the database holds it; an empty text is no value.

    Raises:
        ItemError: INVALID_DATA, the value is of another type, too long, or points nowhere.
    """
    if value is None or value == "":
        return None
    try:
        return _READERS[field.data_type](call, field, value)
    except _Misfit as misfit:
        details = {name: detail for name, detail in misfit.details.items() if detail}
        message = "the id given seems to be invalid" if misfit.details.get("id") else "invalid data"
        raise ItemError("INVALID_DATA", message, {**details, **where(call, index, field.api_name)}) from None


def _text(_call: Call, field: Field, value: object) -> str:
    if not isinstance(value, str) or _SURROGATE.search(value):
        raise _Misfit(field.data_type)
    if len(value) > field.length:
        raise _Misfit("", maximum_length=field.length)
    return value


def _like(pattern: re.Pattern[str]) -> Callable[[Call, Field, object], str]:
    def read(call: Call, field: Field, value: object) -> str:
        text = _text(call, field, value)
        if not pattern.fullmatch(text):
            raise _Misfit(field.data_type)
        return text

    return read


def _picklist(call: Call, field: Field, value: object) -> str:
    text = _text(call, field, value)
    if call.switches.strict_picklists and text not in field.values:
        raise _Misfit(field.data_type)
    return text


def _multiselect(call: Call, field: Field, value: object) -> str:
    if not isinstance(value, list):
        raise _Misfit("jsonarray")
    return json.dumps([_picklist(call, field, one) for one in value], ensure_ascii=False)


def _integer(_call: Call, field: Field, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Misfit(field.data_type)
    if len(str(abs(value))) > _INTEGER_DIGITS:
        raise _Misfit("", maximum_length=_INTEGER_DIGITS)
    return value


def _bigint(_call: Call, field: Field, value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,19}", text) or abs(int(text)) >= LARGEST:
        raise _Misfit(field.data_type)
    return int(text)


def _double(_call: Call, field: Field, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value in {math.inf, -math.inf}:
        raise _Misfit(field.data_type)
    if len(str(int(abs(value)))) > field.length:
        raise _Misfit("", maximum_length=field.length)
    return float(value)


def _boolean(_call: Call, field: Field, value: object) -> int:
    if not isinstance(value, bool):
        raise _Misfit(field.data_type)
    return int(value)


def _date(_call: Call, field: Field, value: object) -> str:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass  # no day of the calendar; refused below as any other text
    raise _Misfit(field.data_type)


def _datetime(_call: Call, field: Field, value: object) -> int:
    """Read a time with an offset and without a fraction, the only form that every Zoho version takes."""
    try:
        if isinstance(value, str) and _DATETIME.fullmatch(value) and int(value[:4]) in _YEARS:
            return int(datetime.fromisoformat(value).timestamp())
    except ValueError:
        pass  # no time of the calendar; refused below as any other text
    raise _Misfit(field.data_type)


def _id_of(value: object) -> int:
    """Return the id in ``{"id": "..."}`` or given plainly."""
    given = value.get("id") if isinstance(value, Mapping) else value
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise _Misfit("jsonobject")
    number = as_id(given)
    if number is None:
        raise _Misfit("bigint")
    return number


def _lookup(call: Call, field: Field, value: object) -> int:
    record_id = _id_of(value)
    target = field.target
    if isinstance(value, Mapping) and isinstance(value.get("module"), Mapping):
        target = str(value["module"].get("api_name"))
    found = call.organization.database.directory([record_id]).get(record_id)
    if found is None or target not in {"*", found[0]}:
        raise _Misfit("", id=str(record_id))
    return record_id


def _owner(call: Call, _field: Field, value: object) -> int:
    user = call.organization.user_by_id(_id_of(value))
    if user is None or not user.active:
        raise _Misfit("", id=str(_id_of(value)))
    return int(user.id)


def _tags(call: Call, field: Field, value: object) -> str:
    if not isinstance(value, list):
        raise _Misfit("jsonarray")
    names = [tag.get("name") if isinstance(tag, Mapping) else tag for tag in value]
    if not all(isinstance(name, str) and name and not _SURROGATE.search(name) for name in names):
        raise _Misfit("jsonobject")
    if any(len(str(name)) > call.limits.tag_length for name in names):
        raise _Misfit("", maximum_length=call.limits.tag_length)
    database = call.organization.database
    tags = [
        {
            "name": name,
            "id": str(database.tag_id(call.module.api_name, str(name), int(call.user.id), call.now)),
        }
        for name in names
    ]
    text = json.dumps(tags, ensure_ascii=False)
    if len(text) > field.length:
        raise _Misfit("", maximum_length=field.length)
    return text


def _subform(call: Call, field: Field, value: object) -> str:
    """Read rows of objects; each gets an id of its own."""
    if not isinstance(value, list):
        raise _Misfit("jsonarray")
    if not all(isinstance(row, Mapping) for row in value):
        raise _Misfit("jsonobject")
    database = call.organization.database
    rows = [
        row if field.api_name == PARTICIPANTS else {"id": str(row.get("id") or database.new_id()), **row}
        for row in value
        if not any(mark in row for mark in DELETED)
    ]
    text = json.dumps(rows)
    if len(text) > field.length:
        raise _Misfit("", maximum_length=field.length)
    return text


_READERS: dict[str, Callable[[Call, Field, object], Value]] = {
    "bigint": _bigint,
    "boolean": _boolean,
    "currency": _double,
    "date": _date,
    "datetime": _datetime,
    "double": _double,
    "email": _like(_EMAIL),
    "integer": _integer,
    "lookup": _lookup,
    "multiselectpicklist": _multiselect,
    "ownerlookup": _owner,
    "phone": _like(_PHONE),
    "picklist": _picklist,
    "subform": _subform,
    "tags": _tags,
    "text": _text,
    "textarea": _text,
    "website": _like(_WEBSITE),
}
