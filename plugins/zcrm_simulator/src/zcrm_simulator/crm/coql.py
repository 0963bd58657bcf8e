"""What does the call answer that runs a COQL query?"""

from __future__ import annotations

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.coql_grammar import CoqlError, Select, comparisons, parse_coql
from zcrm_simulator.crm.coql_sql import Statement, statement
from zcrm_simulator.data.catalog import MODULES

_DEFAULT_COUNT = 200
_SMALL, _MEDIUM = 200, 1_000


def coql(call: Call) -> Response:
    """Answer POST /coql: 204 when nothing is found."""
    query = _query(call)
    size = min(_DEFAULT_COUNT if query.count is None else query.count, _most(call))
    made = statement(call, query)
    rows = call.organization.database.rows(
        f"{made.sql} LIMIT ? OFFSET ?", (*made.values, size + 1, query.offset)
    )
    if not rows[:size]:
        return empty_answer(204)
    more, rows = len(rows) > size, rows[:size]
    info = {"count": len(rows), "more_records": more}
    return json_answer({"data": made.shown(call, rows), "info": info})


def weight_of_coql(call: Call) -> tuple[int, bool]:
    """Weigh a query by the rows that it asks for; the body is not checked yet."""
    try:
        count = _query(call).count or _DEFAULT_COUNT
    except Refusal:
        return 1, True
    return 1 if count <= _SMALL else 2 if count <= _MEDIUM else 3, True


def _most(call: Call) -> int:
    return call.limits.coql_rows if call.version.modern else call.limits.coql_rows_v2


def _query(call: Call) -> Select:
    """Return the query in the body.

    Raises:
        Refusal: 400, there is none, or it breaks the grammar or a limit.
    """
    text = call.body().get("select_query")
    if not isinstance(text, str):
        raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": "select_query"})
    try:
        query = parse_coql(text)
    except CoqlError as error:
        details = {"line": 1, "column": error.at, "near": error.near, "clause": str(error)}
        raise Refusal(400, "SYNTAX_ERROR", "Error while parsing the query", details) from None
    _check(call, query)
    return query


def _check(call: Call, query: Select) -> None:
    if query.module not in MODULES:
        raise Refusal(
            400,
            "INVALID_QUERY",
            "invalid query formed",
            {"reason": "the module is not supported", "module": query.module},
        )
    if query.where is None:
        raise Refusal(400, "SYNTAX_ERROR", "where is missing", {"clause": "where"})
    limits, modern = call.limits, call.version.modern
    used = {
        "columns": (len(query.columns), limits.coql_columns),
        "conditions": (len(comparisons(query.where)), limits.coql_conditions),
        "order by": (len(query.order), 10),
        "rows": (query.count or 0, _most(call)),
        "offset": (query.offset + (query.count or 0), limits.coql_reach if modern else limits.coql_reach_v2),
        "values": (max((len(one.values) for one in comparisons(query.where)), default=0), limits.coql_values),
    }
    for clause, (number, most) in used.items():
        if number > most:
            raise Refusal(400, "LIMIT_EXCEEDED", "limit exceeded", {"clause": clause, "limit": most})
    if not modern and (query.group or any(column.aggregate for column in query.columns)):
        raise Refusal(
            400, "SYNTAX_ERROR", "aggregates are not supported in this version", {"clause": "group by"}
        )


__all__ = ["Statement", "coql", "weight_of_coql"]
