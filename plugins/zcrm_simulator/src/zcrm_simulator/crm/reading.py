"""What do the calls that read records answer?"""

from __future__ import annotations

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.paging import Page, next_token, requested_page
from zcrm_simulator.crm.render import render
from zcrm_simulator.crm.views import view_of, view_sql
from zcrm_simulator.data.database import Row, Value, integer, quoted

_CHOICES = ("true", "false", "both")


def choice(call: Call, name: str, default: str) -> str:
    """Return a parameter that is true, false or both.

    Raises:
        Refusal: 400, it is none of them.
    """
    value = call.parameter(name) or default
    if value not in _CHOICES:
        raise Refusal(
            400,
            "INVALID_DATA",
            "Please check whether the input values are correct",
            {"param_name": name, "supported_values": list(_CHOICES)},
        )
    return value


def requested_fields(call: Call, *, needed: bool) -> list[str] | None:
    """Return the names in ``fields``, or ``None`` for all; lists need them from version 3 on.

    Raises:
        Refusal: 400, they are missing or more than 50.
    """
    text = call.parameter("fields")
    if text is None:
        if needed and call.version.modern:
            raise Refusal(
                400,
                "REQUIRED_PARAM_MISSING",
                "One of the expected parameter is missing",
                {"param_name": "fields"},
            )
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if len(names) > call.limits.fields and call.version.modern:
        raise Refusal(
            400,
            "LIMIT_EXCEEDED",
            "Max field limit exceeded",
            {"param_name": "fields", "limit": call.limits.fields},
        )
    return names


def requested_ids(call: Call) -> list[str]:
    """Return the ids in the parameter ``ids``.

    Raises:
        Refusal: 400, there are more than 100.
    """
    ids = [one.strip() for one in (call.parameter("ids") or "").split(",") if one.strip()]
    if len(ids) > call.limits.ids:
        raise Refusal(
            400, "LIMIT_EXCEEDED", "Record count exceeded", {"param_name": "ids", "limit": call.limits.ids}
        )
    return ids


def record_id(call: Call) -> int:
    """Return the id in the path.

    Raises:
        Refusal: 400, it is no number.
    """
    number = as_id(call.values["id"])
    if number is None:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": call.values["id"]})
    return number


def list_records(call: Call) -> Response:
    """Answer GET /{module}."""
    fields = requested_fields(call, needed=True)
    page = requested_page(call)
    conditions, values = list_conditions(call)
    of_view, more_values = _view(call)
    conditions, values = [*conditions, *of_view], [*values, *more_values]
    rows = _select(call, page, conditions, values)
    if not rows:
        return empty_answer(304 if "If-Modified-Since" in call.request.headers else 204)
    more = len(rows) > page.size
    rows = rows[: page.size]
    info: dict[str, object] = {
        "per_page": page.size,
        "count": len(rows),
        "page": page.first // page.size + 1,
        "more_records": more,
    }
    if call.version.modern:
        info |= {"sort_by": page.sort_by, "sort_order": page.order, "previous_page_token": None}
        info |= {"next_page_token": None, "page_token_expiry": None}
        if more:
            last = rows[-1]
            token, expiry = next_token(call, page, integer(last[page.sort_by]), integer(last["id"]))
            info |= {"next_page_token": token, "page_token_expiry": expiry}
    return json_answer({"data": render(call, call.module, rows, fields), "info": info})


def get_record(call: Call) -> Response:
    """Answer GET /{module}/{id}: 204 when there is no such record."""
    fields = requested_fields(call, needed=False)
    row = call.organization.database.row(call.module, record_id(call))
    if row is None:
        return empty_answer(204)
    since = call.time_header("If-Modified-Since")
    if since is not None and integer(row["Modified_Time"]) < since:
        return empty_answer(304)
    return json_answer({"data": render(call, call.module, [row], fields)})


def _view(call: Call) -> tuple[list[str], list[Value]]:
    """Return the conditions of the custom view that a call names.

    Raises:
        Refusal: 400, it is not there, or the call is sorted another way.
    """
    wanted = call.parameter("cvid")
    if wanted is None:
        return [], []
    if call.parameter("sort_by") and call.version.modern:
        raise Refusal(
            400,
            "AMBIGUITY_DURING_PROCESSING",
            "ambiguity while processing the request",
            {"ambiguity_due_to": [{"param_name": "cvid"}, {"param_name": "sort_by"}]},
        )
    view = view_of(call, call.module, wanted)
    if view is None:
        raise Refusal(400, "INVALID_DATA", "Customview not accessible", {"param_name": "cvid"})
    condition, values = view_sql(call, view)
    return [condition], list(values)


def list_conditions(call: Call) -> tuple[list[str], list[Value]]:
    """Return what the parameters of a list ask of its records, in SQL, and the values for it.

    Raises:
        Refusal: 400, a parameter or a header is wrong.
    """
    conditions: list[str] = []
    values: list[Value] = []
    converted = choice(call, "converted", "false")
    if converted != "both":
        conditions.append(f'"$converted" = {int(converted == "true")}')
    if choice(call, "approved", "both") == "false":
        conditions.append("0")  # every record is approved here
    ids = requested_ids(call)
    if ids:
        numbers = [number for number in map(as_id, ids) if number is not None]
        conditions.append(f"id IN ({', '.join('?' * len(numbers))})")
        values += numbers
    since = call.time_header("If-Modified-Since")
    if since is not None:
        conditions.append('"Modified_Time" >= ?')
        values.append(since)
    return conditions, values


def _select(call: Call, page: Page, conditions: list[str], values: list[Value]) -> list[Row]:
    """Return the rows of a page and one more, which tells whether there is another page."""
    if page.after:
        sign = "<" if page.descending else ">"
        conditions = [*conditions, f"({quoted(page.sort_by)}, id) {sign} (?, ?)"]
        values = [*values, page.after.value, page.after.record_id]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = (
        f"SELECT * FROM {quoted(call.module.api_name)} {where} "  # noqa: S608  names come from the catalog
        f"ORDER BY {quoted(page.sort_by)} {page.order}, id {page.order} LIMIT ? OFFSET ?"
    )
    offset = 0 if page.after else page.first
    return call.organization.database.rows(statement, (*values, page.size + 1, offset))
