"""What do search and count answer?"""

from __future__ import annotations

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.criteria_sql import Sql, criteria_sql, like
from zcrm_simulator.crm.paging import page_size, positive
from zcrm_simulator.crm.reading import choice, requested_fields
from zcrm_simulator.crm.render import render
from zcrm_simulator.data.database import integer, quoted
from zcrm_simulator.data.fields import TEXT_TYPES

_WAYS = ("criteria", "email", "phone", "word")


def search(call: Call) -> Response:
    """Answer GET /{module}/search: 204 when nothing is found."""
    fields = requested_fields(call, needed=False)
    size, page = page_size(call), positive(call, "page", 1)
    found = _asked(call)
    if found is None:
        raise Refusal(
            400,
            "EXPECTED_PARAM_MISSING",
            "One of the expected parameter is missing",
            {"expected_params": list(_WAYS)},
        )
    if page * size > call.limits.search_results:
        raise Refusal(400, "LIMIT_REACHED", "Record count exceeded", {"limit": call.limits.search_results})
    condition, values = _visible(call, found)
    rows = call.organization.database.rows(
        f"SELECT * FROM {quoted(call.module.api_name)} WHERE {condition} "  # noqa: S608  names from the catalog
        "ORDER BY id DESC LIMIT ? OFFSET ?",
        (*values, size + 1, (page - 1) * size),
    )
    if not rows:
        return empty_answer(204)
    more, rows = len(rows) > size, rows[:size]
    info = {"per_page": size, "count": len(rows), "page": page, "more_records": more}
    return json_answer({"data": render(call, call.module, rows, fields), "info": info})


def count(call: Call) -> Response:
    """Answer GET /{module}/actions/count: of a search, or of all records."""
    condition, values = _visible(call, _asked(call) or ("1", []))
    statement = f"SELECT COUNT(*) AS found FROM {quoted(call.module.api_name)} WHERE {condition}"  # noqa: S608 - the names are the catalog's
    return json_answer({"count": integer(call.organization.database.rows(statement, values)[0]["found"])})


def _asked(call: Call) -> Sql | None:
    """Return the search; when several ways are given, the first of criteria, email, phone and word wins."""
    for way in _WAYS:
        text = call.parameter(way)
        if text is None:
            continue
        if way == "criteria":
            return criteria_sql(call, text)
        if way == "word":
            return _word(call, text)
        return _address(call, way, text)
    return None


def _address(call: Call, kind: str, text: str) -> Sql:
    columns = [quoted(field.api_name) for field in call.module.fields.values() if field.data_type == kind]
    if not columns:
        raise Refusal(400, "NOT_SUPPORTED", f"the module has no {kind} field", {"param_name": kind})
    if kind == "phone":
        columns = [f"digits({column})" for column in columns]
        text = "".join(sign for sign in text if sign.isdigit())
    return " OR ".join(f"{column} = ?" for column in columns), [text] * len(columns)


def _word(call: Call, text: str) -> Sql:
    shortest = call.limits.search_word_length
    if len(text) < shortest:
        raise Refusal(
            400,
            "INVALID_DATA",
            "Please check whether the input values are correct",
            {"param_name": "word", "minimum_length": shortest},
        )
    columns = [
        quoted(field.api_name) for field in call.module.fields.values() if field.data_type in TEXT_TYPES
    ]
    condition = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
    return condition, [f"%{like(text)}%"] * len(columns)


def _visible(call: Call, found: Sql) -> Sql:
    """Narrow a search to records that are not converted and that the search index has seen."""
    condition, values = found
    parts, values = [f"({condition})"], list(values)
    converted = choice(call, "converted", "false")
    if converted != "both":
        parts.append(f'"$converted" = {int(converted == "true")}')
    if call.switches.search_lag:
        parts.append('"Modified_Time" <= ?')
        values.append(call.now - call.switches.search_lag)
    return " AND ".join(parts), values
