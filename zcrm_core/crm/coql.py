"""How is a COQL query read to its end, past what one call gives?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from zcrm_core.crm.coql_text import Query, parse, with_values
from zcrm_core.crm.entity import objects_of
from zcrm_core.crm.paging import PageByPage, dead_end, what_follows
from zcrm_core.crm.record import Record
from zcrm_core.crm.versions import version
from zcrm_core.response import not_asked_for

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
    return _Rows(client, parse(with_values(text, values)))


class _Rows(PageByPage[Record]):
    """The rows of a query.

    Args:
        client: makes the calls.
        query: the query.
    """

    def __init__(self, client: Client, query: Query) -> None:
        super().__init__()
        self._client = client
        self._habits = version(client.config.api_version)
        self._by_id = query.follows_ids
        self._whole = self._query = replace(query, order="id asc") if self._by_id else query
        self._offset = query.first
        self._left = query.count
        self._over = query.count == 0

    def _next_page(self) -> list[Record]:
        most = self._habits.coql_rows
        size = most if self._left is None else min(self._left, most)
        body = {"select_query": self._query.text(self._offset, size)}
        response = self._client.request("POST", "coql", json=body)
        if response.status == _NO_CONTENT:  # also of a later call: its rows may have been deleted meanwhile
            self._over = True
            return []
        answer = response.json()
        rows = objects_of(answer, "data", Record, response.status)
        more, _ = what_follows(answer, "coql")
        if more and not rows:
            raise dead_end("coql")
        query, offset = self._query, self._offset + len(rows)
        if more and self._by_id and offset + most > self._habits.coql_reach:
            # Begun from the whole query each time: Zoho takes 25 conditions, and a place needs one.
            query, offset = _beyond(self._whole, rows[-1]), 0
            if query == self._query:  # the same rows again
                raise dead_end("coql")
        self._query, self._offset = query, offset
        if self._left is not None:
            self._left = max(self._left - len(rows), 0)
        self._over = not more or self._left == 0
        return rows


def _beyond(query: Query, last: Record) -> Query:
    """Give the query for what follows a row."""
    last_id = last.get("id") or last.get("Id")
    if not isinstance(last_id, str) or not last_id.isdecimal():
        raise not_asked_for(
            "The rows of the query have no id, so what follows them cannot be asked for.",
            why="Past its offset Zoho gives rows by their id alone.",
            fix="Report it; the query selects id.",
        )
    return query.after(last_id)
