"""How are the records of a module read, written and deleted?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from zcrm_core.crm.batch import BatchResult, in_batches
from zcrm_core.crm.encode import encode, instant
from zcrm_core.crm.entity import Attribute, Entity, objects, reference, text, time
from zcrm_core.crm.modules import Field, Modules
from zcrm_core.crm.paging import pages
from zcrm_core.crm.paths import segment
from zcrm_core.crm.versions import MOST_FIELDS, MOST_IDS, version
from zcrm_core.errors import ApiError, NotFound, TransportError
from zcrm_core.response import JSON

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["ModuleClient", "Record"]


class Record(Entity):
    """One record, as Zoho sent it: ``record["Last_Name"]`` for any field, attributes for the system's own."""

    __slots__ = ()

    #: the record's id
    id = Attribute("id", text)
    #: the user who owns it
    owner = Attribute("Owner", reference)
    #: the user who created it
    created_by = Attribute("Created_By", reference)
    #: the user who changed it last
    modified_by = Attribute("Modified_By", reference)
    #: when it was created, with its offset
    created_time = Attribute("Created_Time", time)
    #: when it was changed last, with its offset
    modified_time = Attribute("Modified_Time", time)


class ModuleClient:
    """``client.module("Leads")``: the records of one module.

    Args:
        client: makes the calls.
        api_name: the module's API name; Zoho tells capitals from small letters.
    """

    def __init__(self, client: Client, api_name: str) -> None:
        self._client = client
        self._path = segment("module name", api_name)
        self._version = version(client.config.api_version)
        self._all_fields: list[str] | None = None
        self.api_name = api_name

    def fields(self) -> list[Field]:
        """Give the module's fields (GET settings/fields).

        Raises:
            NotFound: there is no such module.
            ApiError: the CRM refused.
        """
        return Modules(self._client).fields(self.api_name)

    def get(self, record_id: str | int, *, fields: Sequence[str] | None = None) -> Record:
        """Give one record (GET {module}/{id}).

        Args:
            record_id: its id.
            fields: the API names of the fields wanted; all when left out.

        Raises:
            NotFound: there is none with this id, or this user may not see it.
            ApiError: the CRM refused.
        """
        path = f"{self._path}/{segment('record id', record_id)}"
        response = self._client.request("GET", path, params={"fields": _joined(fields)})
        found = objects(response, "data", Record)
        if not found:
            raise NotFound(f"There is no record {record_id} in {self.api_name}.")
        return found[0]

    def list(
        self,
        *,
        fields: Sequence[str] | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        modified_since: datetime | None = None,
        params: Params | None = None,
    ) -> Iterator[Record]:
        """Go over the module's records, fetching pages of 200 as they are needed (GET {module}).

        Args:
            fields: the API names of the fields wanted; all when left out. From v3 on Zoho sends 50 at once:
                all of them cost one metadata call, and each further 50 two more calls a page.
            sort_by: ``id``, ``Created_Time`` or ``Modified_Time``.
            sort_order: ``asc`` or ``desc``.
            modified_since: only records changed at or after this time, which must have an offset.
            params: more of Zoho's parameters, such as ``{"cvid": ..., "converted": "both"}``.

        Raises:
            ApiError: the CRM refused, or the list is longer than Zoho gives (see :func:`pages`).
        """
        headers = None
        if modified_since is not None:
            headers = {"If-Modified-Since": instant(modified_since, "modified_since")}
        return self._listed(fields, {**(params or {}), "sort_by": sort_by, "sort_order": sort_order}, headers)

    def search(
        self,
        *,
        criteria: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        word: str | None = None,
        fields: Sequence[str] | None = None,
        params: Params | None = None,
    ) -> Iterator[Record]:
        """Go over the records found (GET {module}/search); Zoho gives at most 2,000.

        Exactly one of the first four is given. New records can be found some seconds after they are written.

        Args:
            criteria: such as ``(Last_Name:equals:Smith)``; brackets and commas in values need a backslash.
            email: an e-mail address in any of the module's e-mail fields.
            phone: a number in any of its phone fields.
            word: a word of at least two characters anywhere.
            fields: the API names of the fields wanted; all when left out.
            params: more of Zoho's parameters.

        Raises:
            ApiError: the CRM refused, or there is not exactly one thing to search for.
        """
        query = _one_search({"criteria": criteria, "email": email, "phone": phone, "word": word})
        query = {**(params or {}), **query, "fields": _joined(fields)}
        found = pages(self._client, f"{self._path}/search", "data", Record, query)
        return itertools.chain.from_iterable(found)

    def count(
        self,
        *,
        criteria: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        word: str | None = None,
        params: Params | None = None,
    ) -> int:
        """Count the records, or those that a search would find (GET {module}/actions/count).

        Args:
            criteria, email, phone, word: as in :meth:`search`; none of them counts all.
            params: more of Zoho's parameters, such as ``{"cvid": ...}``.

        Raises:
            ApiError: the CRM refused, or more than one thing to search for is given.
            TransportError: the answer holds no count.
        """
        given = {"criteria": criteria, "email": email, "phone": phone, "word": word}
        query = _one_search(given) if any(value is not None for value in given.values()) else {}
        response = self._client.request(
            "GET", f"{self._path}/actions/count", params={**(params or {}), **query}
        )
        answer = response.json()
        count = answer.get("count") if isinstance(answer, dict) else None
        if not isinstance(count, int):
            raise TransportError(f"The answer ({response.status}) holds no count.", code="ZCRM-HTTP-007")
        return count

    def create(
        self,
        records: Mapping[str, object] | Iterable[Mapping[str, object]],
        *,
        trigger: Sequence[str] | None = None,
    ) -> BatchResult:
        """Create records (POST {module}), 100 a call.

        Args:
            records: one record or many, each a mapping of API names to values.
            trigger: which automation runs: ``["workflow"]``, ``[]`` for none; all when left out.

        Returns:
            Each record's own outcome, in the order sent; look at it, or call ``raise_for_failures()``.

        Raises:
            PartialFailure: a later call of a long batch failed; ``error.result`` says what became of each.
            ApiError: the CRM refused the whole call, or a value cannot be sent.
        """
        return self._write("POST", self._path, _rows(records), trigger)

    def update(
        self,
        records: Mapping[str, object] | Iterable[Mapping[str, object]],
        *,
        trigger: Sequence[str] | None = None,
    ) -> BatchResult:
        """Update records (PUT {module}), 100 a call; each record holds its ``id`` and the fields to change.

        Arguments, results and errors are those of :meth:`create`.
        """
        rows = _rows(records)
        for index, row in enumerate(rows):
            if not row.get("id"):
                raise ApiError(
                    f"Record {index} of the update has no id.",
                    why="Zoho updates a record by its id.",
                    fix='Put the record\'s id under "id", or use upsert.',
                    code="ZCRM-API-009",
                )
        return self._write("PUT", self._path, rows, trigger)

    def upsert(
        self,
        records: Mapping[str, object] | Iterable[Mapping[str, object]],
        *,
        duplicate_check_fields: Sequence[str] | None = None,
        trigger: Sequence[str] | None = None,
    ) -> BatchResult:
        """Update the records that are there and create the others (POST {module}/upsert), 100 a call.

        Args:
            records: one record or many.
            duplicate_check_fields: the fields that tell whether a record is there, in this order; Zoho's
                own, such as the e-mail address of a lead, when left out.
            trigger: as in :meth:`create`.

        Results and errors are those of :meth:`create`; each item tells its ``action``.
        """
        more: dict[str, JSON] = {}
        if duplicate_check_fields is not None:
            more["duplicate_check_fields"] = list(duplicate_check_fields)
        return self._write("POST", f"{self._path}/upsert", _rows(records), trigger, more)

    def delete(self, record_ids: str | int | Iterable[str | int]) -> BatchResult:
        """Delete records (DELETE {module}?ids=), 100 a call; they go to the recycle bin for 60 days.

        Args:
            record_ids: one id or many.

        Results and errors are those of :meth:`create`.
        """
        ids = [record_ids] if isinstance(record_ids, (str, int)) else list(record_ids)
        parts = [segment("record id", each) for each in ids]
        return in_batches(
            parts, lambda batch: self._client.request("DELETE", self._path, params={"ids": ",".join(batch)})
        )

    def _write(
        self,
        method: str,
        path: str,
        rows: Sequence[dict[str, JSON]],
        trigger: Sequence[str] | None,
        more: Mapping[str, JSON] | None = None,
    ) -> BatchResult:
        extra: dict[str, JSON] = dict(more or {})
        if trigger is not None:
            extra["trigger"] = list(trigger)
        return in_batches(
            rows, lambda batch: self._client.request(method, path, json={"data": list(batch), **extra})
        )

    def _listed(
        self, fields: Sequence[str] | None, params: Params, headers: Mapping[str, str] | None
    ) -> Iterator[Record]:
        first, *rest = self._wanted(fields)
        query = {**params, "fields": _joined(first)}
        for page in pages(self._client, self._path, "data", Record, query, headers=headers):
            yield from self._completed(page, rest)

    def _wanted(self, fields: Sequence[str] | None) -> Sequence[Sequence[str] | None]:
        """Cut the fields into calls: one where the version sends them all, else 50 at a time."""
        if not self._version.needs_fields:
            return [fields]
        if fields is None:
            if self._all_fields is None:
                self._all_fields = [field.api_name for field in self.fields() if field.api_name]
            fields = self._all_fields
        return [fields[start : start + MOST_FIELDS] for start in range(0, len(fields), MOST_FIELDS)] or [
            ["id"]
        ]

    def _completed(self, page: Sequence[Record], rest: Sequence[Sequence[str] | None]) -> Iterator[Record]:
        """Join the fields that did not fit into the first call; a record deleted meanwhile is left out."""
        if not rest:
            yield from page
            return
        joined = {record.id: dict(record) for record in page}
        for fields in rest:
            answered: set[str | None] = set()
            for start in range(0, len(page), MOST_IDS):
                ids = ",".join(str(record.id) for record in page[start : start + MOST_IDS])
                query: Params = {"ids": ids, "fields": _joined(fields), "converted": "both"}
                for record in objects(self._client.request("GET", self._path, params=query), "data", Record):
                    joined[record.id] |= record
                    answered.add(record.id)
            joined = {key: row for key, row in joined.items() if key in answered}
        for row in joined.values():
            yield Record(row)


def _rows(records: Mapping[str, object] | Iterable[Mapping[str, object]]) -> list[dict[str, JSON]]:
    given = [records] if isinstance(records, Mapping) else list(records)
    rows: list[dict[str, JSON]] = []
    for index, record in enumerate(given):
        row = encode(record, f"record {index}")
        if not isinstance(row, dict):
            raise ApiError(
                f"Record {index} is a {type(record).__name__}.",
                why="A record is a mapping of the fields' API names to their values.",
                fix='Pass mappings such as {"Last_Name": "Smith"}.',
                code="ZCRM-API-009",
            )
        rows.append(row)
    return rows


def _joined(fields: Sequence[str] | None) -> str | None:
    return None if fields is None else ",".join(fields)


def _one_search(given: Mapping[str, str | None]) -> dict[str, str | int | bool | None]:
    query: dict[str, str | int | bool | None] = {
        key: value for key, value in given.items() if value is not None
    }
    if len(query) != 1:
        raise ApiError(
            f"A search needs exactly one of criteria, email, phone and word; {len(query)} are given.",
            why="Zoho would use one of several and drop the others without a word.",
            fix="Give one; join conditions inside criteria.",
            code="ZCRM-API-009",
        )
    return query
