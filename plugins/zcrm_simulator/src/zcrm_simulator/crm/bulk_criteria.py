"""Which rows does the criterion of a bulk read job mean?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.criteria import Condition
from zcrm_simulator.crm.criteria_sql import Sql, condition_sql, like
from zcrm_simulator.data.database import quoted
from zcrm_simulator.data.fields import TEXT_TYPES, Module

_SAME = {
    "between": "between",
    "equal": "equals",
    "greater_equal": "greater_equal",
    "greater_than": "greater_than",
    "in": "in",
    "less_equal": "less_equal",
    "less_than": "less_than",
    "not_equal": "not_equal",
    "starts_with": "starts_with",
}
_PATTERNS = {"contains": "%{}%", "not_contains": "%{}%", "ends_with": "%{}"}


def bulk_sql(call: Call, module: Module, criteria: object) -> Sql:
    """Return the condition and its values for a criterion, which may be a group of others.

    Raises:
        Refusal: 400, it is no criterion, or its field, comparator or value does not fit.
    """
    about = replace(call, values={**call.values, "module": module.api_name})
    return _sql(about, criteria)


def _sql(call: Call, criteria: object) -> Sql:
    if not isinstance(criteria, Mapping):
        raise _invalid("criteria")
    group = criteria.get("group")
    if group is not None:
        joint = str(criteria.get("group_operator", "and")).upper()
        if not isinstance(group, list) or not group or joint not in {"AND", "OR"}:
            raise _invalid("group")
        parts = [_sql(call, member) for member in group]
        return f"({f' {joint} '.join(sql for sql, _ in parts)})", [
            value for _, values in parts for value in values
        ]
    given = criteria.get("field")
    name = given.get("api_name") if isinstance(given, Mapping) else criteria.get("api_name")
    field = call.module.fields.get(str(name))
    if field is None:
        raise _invalid("api_name")
    comparator, value = str(criteria.get("comparator")), criteria.get("value")
    if comparator in _PATTERNS and field.data_type in TEXT_TYPES:
        word = "NOT " if comparator.startswith("not") else ""
        pattern = _PATTERNS[comparator].format(like(str(value)))
        return f"COALESCE({quoted(field.api_name)}, '') {word}LIKE ? ESCAPE '\\'", [pattern]
    negated = comparator in {"not_in", "not_between"}
    operator = _SAME.get(comparator.removeprefix("not_") if negated else comparator)
    if operator is None:
        raise Refusal(
            400,
            "FIELD_AND_COMPARATOR_IN_CRITERIA_NOT_COMPATIBLE",
            "the comparator does not fit the field",
            {"api_name": str(name)},
        )
    texts = tuple(_text(one) for one in value) if isinstance(value, list) else (_text(value),)
    sql, values = condition_sql(call, Condition(field.api_name, operator, texts))
    return (f"({quoted(field.api_name)} IS NULL OR NOT {sql})" if negated else sql), values


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)


def _invalid(name: str) -> Refusal:
    return Refusal(400, "INVALID_DATA", "invalid data", {"api_name": name})
