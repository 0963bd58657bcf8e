"""Which rows does a criterion mean, in SQL?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.criteria import Condition, Criteria, CriteriaError, conditions, parse
from zcrm_simulator.crm.identifiers import LARGEST, as_id
from zcrm_simulator.data.database import Value, quoted
from zcrm_simulator.data.fields import LOOKUP_TYPES, NUMBER_TYPES, TEXT_TYPES, TIME_TYPES, Field

Sql = tuple[str, list[Value]]

_COMPARE = {"equals": "=", "greater_than": ">", "greater_equal": ">=", "less_than": "<", "less_equal": "<="}
_ALWAYS = {"equals", "not_equal"}
_EMPTY = {"null", "${EMPTY}"}


def criteria_sql(call: Call, text: str) -> Sql:
    """Return the condition and its values for a criterion of a call's module.

    Raises:
        Refusal: 400, the text is no criterion, or its fields, operators, values or number do not fit.
    """
    try:
        criteria = parse(text)
    except CriteriaError as error:
        raise _invalid(str(error)) from None
    limit = call.version.conditions(call.limits)
    if len(conditions(criteria)) > limit:
        raise Refusal(400, "CRITERIA_LIMIT_EXCEEDED", "the criteria limit is exceeded", {"limit": limit})
    return _sql(call, criteria)


def _invalid(reason: str, **details: str) -> Refusal:
    return Refusal(400, "INVALID_QUERY", "invalid query formed", {"reason": reason, **details})


def _sql(call: Call, criteria: Criteria) -> Sql:
    if isinstance(criteria, Condition):
        return condition_sql(call, criteria)
    left, left_values = _sql(call, criteria.left)
    right, right_values = _sql(call, criteria.right)
    return f"({left} {criteria.joint.upper()} {right})", [*left_values, *right_values]


def _operators(field: Field) -> set[str]:
    if field.data_type in TEXT_TYPES:
        return {*_ALWAYS, "starts_with", "in"}
    if field.data_type in LOOKUP_TYPES:
        return {*_ALWAYS, "in"}
    if field.data_type in NUMBER_TYPES | TIME_TYPES | {"bigint"}:
        return {*_ALWAYS, "in", "between", *_COMPARE}
    return _ALWAYS


def condition_sql(call: Call, condition: Condition) -> Sql:
    """Return one comparison and its values.

    Raises:
        Refusal: 400, its field, operator or values do not fit.
    """
    field = call.module.fields.get(condition.field)
    if field is None or not field.searchable:
        raise _invalid("the field is not searchable", api_name=condition.field)
    if condition.operator not in _operators(field):
        raise _invalid(
            "the operator does not fit the field", api_name=field.api_name, operator=condition.operator
        )
    column = quoted(field.api_name)
    if condition.value in _EMPTY and condition.operator in _ALWAYS:
        return f"{column} IS {'NOT ' if condition.operator == 'not_equal' else ''}NULL", []
    if condition.operator == "in":
        return _in(call, field, column, condition)
    if condition.operator == "between":
        return _between(call, field, column, condition)
    if condition.operator == "starts_with":
        return f"{column} LIKE ? ESCAPE '\\'", [like(condition.value) + "%"]
    value = _value(call, field, condition.value)
    if condition.operator == "not_equal":
        return f"({column} IS NULL OR {column} <> ?)", [value]
    return f"{column} {_COMPARE[condition.operator]} ?", [value]


def _in(call: Call, field: Field, column: str, condition: Condition) -> Sql:
    if len(condition.values) > call.limits.search_values:
        raise _invalid(f"more than {call.limits.search_values} values", api_name=field.api_name)
    values = [_value(call, field, value) for value in condition.values]
    return f"{column} IN ({', '.join('?' * len(values))})", values


def _between(call: Call, field: Field, column: str, condition: Condition) -> Sql:
    if len(condition.values) != 2:  # noqa: PLR2004  between has two ends
        raise _invalid("between needs two values", api_name=field.api_name)
    return f"{column} BETWEEN ? AND ?", [_value(call, field, value) for value in condition.values]


def _value(call: Call, field: Field, text: str) -> Value:
    if field.data_type in TEXT_TYPES:
        return text
    try:
        if field.data_type in LOOKUP_TYPES:
            return _lookup(call, field, text)
        return _READERS[field.data_type](text)
    except (KeyError, ValueError):
        raise _invalid("the value does not fit the field", api_name=field.api_name) from None


def _lookup(call: Call, field: Field, text: str) -> int | None:
    """Return the id that a lookup is compared with: given itself, or as the name of what it points at."""
    number = as_id(text)
    if number is not None:
        return number
    if field.data_type == "ownerlookup":
        people = call.organization.users
        return next(
            (int(user.id) for user in people if text.lower() in {user.email, user.full_name.lower()}), None
        )
    found = call.organization.database.rows("SELECT id FROM directory WHERE name = ? COLLATE NOCASE", (text,))
    return int(str(found[0]["id"])) if found else None


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) >= LARGEST:
        raise ValueError(text)
    return number


def _boolean(text: str) -> int:
    return {"true": 1, "false": 0}[text.lower()]


def _moment(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(text)
    return int(moment.timestamp())


_READERS: dict[str, Callable[[str], Value]] = {
    "bigint": _whole,
    "boolean": _boolean,
    "currency": float,
    "date": lambda text: date.fromisoformat(text).isoformat(),
    "datetime": _moment,
    "double": float,
    "integer": _whole,
}


def like(text: str) -> str:
    """Return a text as LIKE finds it, with its wildcards taken literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
