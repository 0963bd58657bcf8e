"""How is a COQL query read to its end, past what one call gives?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from zcrm_core.crm.coql_text import Query, parse, with_values
from zcrm_core.crm.entity import objects_of
from zcrm_core.crm.paging import what_follows
from zcrm_core.crm.record import Record
from zcrm_core.crm.versions import version
from zcrm_core.errors import TransportError

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["coql"]

_NO_CONTENT = 204


def coql(client: Client, text: str, values: dict[str, object]) -> Iterator[Record]:
    """Go over the rows of a query, call by call, in constant memory.

    Rows are found by offset as far as Zoho's offset reaches (10,000 rows in v2, 100,000 in v8), then by id.

    Raises:
        ApiError: the query cannot be sent, or the CRM refused.
        TransportError: the answer is no list of rows.
    """
    return _rows(client, parse(with_values(text, values)))


def _rows(client: Client, query: Query) -> Iterator[Record]:
    habits = version(client.config.api_version)
    by_id = query.follows_ids
    if by_id:
        query = replace(query, order="id asc")
    offset, left = query.first, query.count
    while left is None or left > 0:
        size = habits.coql_rows if left is None else min(left, habits.coql_rows)
        body = {"select_query": query.text(offset, size)}
        response = client.request("POST", "coql", json=body)
        if response.status == _NO_CONTENT:
            return
        answer = response.json()
        rows = objects_of(answer, "data", Record, response.status)
        yield from rows
        more, _ = what_follows(answer, "coql")
        if not more or not rows:
            return
        if left is not None:
            left -= len(rows)
        offset += len(rows)
        if by_id and offset + habits.coql_rows > habits.coql_reach:
            query, offset = _beyond(query, rows[-1]), 0


def _beyond(query: Query, last: Record) -> Query:
    """Give the query for what follows a row."""
    last_id = last.get("id") or last.get("Id")
    if not isinstance(last_id, str) or not last_id.isdecimal():
        raise TransportError(
            "The rows of the query have no id, so what follows them cannot be asked for.",
            why="Past its offset Zoho gives rows by their id alone.",
            fix="Report it; the query selects id.",
            code="ZCRM-HTTP-007",
        )
    return query.after(last_id)
