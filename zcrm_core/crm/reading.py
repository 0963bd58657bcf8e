"""How are the records of a module read?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, overload

from zcrm_core.crm.arguments import combined
from zcrm_core.crm.criteria import Criteria, search_text
from zcrm_core.crm.encode import instant
from zcrm_core.crm.entity import count_of, objects
from zcrm_core.crm.field_names import answered, joined, known_fields, named
from zcrm_core.crm.paging import Listing, refuse_token
from zcrm_core.crm.paths import identifier, joined_ids, segment
from zcrm_core.crm.record import Record
from zcrm_core.crm.trash import TrashRecord
from zcrm_core.crm.versions import MOST_FIELDS, MOST_IDS, PLACES, version
from zcrm_core.errors import ApiError, NotFound, TransportError
from zcrm_core.exact_json import JSON
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["RecordReading"]

_NOT_MODIFIED = 304
_SEARCHES = ("criteria", "email", "phone", "word")


class RecordReading:
    """What :class:`ModuleClient` reads.

    Args:
        client: makes the calls.
        api_name: the module's API name; Zoho tells capitals from small letters.
    """

    def __init__(self, client: Client, api_name: str) -> None:
        self._client = client
        self._path = segment("module name", api_name)
        self._version = version(client.config.api_version)
        self.api_name = api_name

    def _bind(self, json: dict[str, JSON]) -> Record:
        raise NotImplementedError

    @overload
    def get(self, record_id: str | int, *, fields: Sequence[str] | None = None) -> Record: ...

    @overload
    def get(
        self, record_id: str | int, *, fields: Sequence[str] | None = None, modified_since: datetime
    ) -> Record | None: ...

    def get(
        self,
        record_id: str | int,
        *,
        fields: Sequence[str] | None = None,
        modified_since: datetime | None = None,
    ) -> Record | None:
        """Give one record (GET {module}/{id}).

        Args:
            record_id: its id.
            fields: the API names of the fields wanted; all when left out.
            modified_since: give ``None`` if the record has not been changed since this time, which must have
                an offset.

        Raises:
            NotFound: there is none with this id, or this user may not see it.
            ApiError: the CRM refused.
        """
        path = f"{self._path}/{segment('record id', record_id)}"
        wanted = None if fields is None else named(fields)
        response = self._client.request(
            "GET", path, params={"fields": joined(wanted)}, headers=_since(modified_since)
        )
        if response.status == _NOT_MODIFIED and modified_since is not None:
            return None
        found = objects(response, "data", self._bind)
        if not found:
            raise NotFound(f"There is no record {record_id} in {self.api_name}.")
        if len(found) > 1 or str(found[0].get("id")) != str(record_id):
            raise not_asked_for(
                f"Asked for record {record_id}, Zoho CRM answered with another one.",
                why="Something between here and Zoho mixes up answers.",
                fix="Look for a cache or a proxy in between; report it if it goes on.",
            )
        return answered(self.api_name, wanted, found)[0]

    def list(
        self,
        *,
        fields: Sequence[str] | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        modified_since: datetime | None = None,
        ids: Iterable[str | int] | None = None,
        custom_view: str | int | None = None,
        page_token: str | None = None,
        params: Params | None = None,
    ) -> Listing[Record]:
        """Go over the module's records, fetching pages of 200 as they are needed (GET {module}).

        Args:
            fields: the API names of the fields wanted; all when left out. From v3 on Zoho sends 50 at once:
                all of them cost one metadata call, and each further 50 two more calls a page.
            sort_by: ``id``, ``Created_Time`` or ``Modified_Time``.
            sort_order: ``asc`` or ``desc``.
            modified_since: only records changed at or after this time, which must have an offset.
            ids: only these records, at most 100.
            custom_view: only the records of the custom view with this id.
            page_token: go on where an earlier list had got to (:attr:`Listing.page_token`), with the same
                other arguments; v3 and later.
            params: more of Zoho's parameters, such as ``{"converted": "both"}``.

        Raises:
            ApiError: the CRM refused, or the list is longer than Zoho gives (see :class:`Listing`).
        """
        refuse_token(page_token, self._version.has_page_tokens)
        headers = _since(modified_since)
        given: Params = {
            "fields": joined(fields),
            "sort_by": sort_by,
            "sort_order": sort_order,
            "ids": None if ids is None else joined_ids(ids, MOST_IDS),
            "cvid": None if custom_view is None else identifier("custom view id", custom_view),
        }
        query = combined(params, given, "params", own=PLACES)
        wanted = query.get("fields")
        names = None if wanted is None else [name.strip() for name in str(wanted).split(",") if name.strip()]
        first, *rest = self._in_calls(names)
        return Listing(
            self._client,
            self._path,
            "data",
            self._bind,
            {**query, "fields": joined(first)},
            headers=headers,
            page_token=page_token,
            complete=lambda page: answered(self.api_name, names, self._completed(page, rest)),
        )

    def search(
        self,
        *,
        criteria: str | Criteria | None = None,
        email: str | None = None,
        phone: str | None = None,
        word: str | None = None,
        fields: Sequence[str] | None = None,
        params: Params | None = None,
    ) -> Listing[Record]:
        """Go over the records found (GET {module}/search); Zoho gives at most 2,000.

        Exactly one of the first four is given. New records can be found some seconds after they are written.

        Args:
            criteria: ``F.City == "Pune"`` and the like, joined with ``&`` and ``|``; or Zoho's own text, such
                as ``(Last_Name:equals:Smith)``, in which brackets and commas in values need a backslash.
            email: an e-mail address in any of the module's e-mail fields.
            phone: a number in any of its phone fields.
            word: a word of at least two characters anywhere.
            fields: the API names of the fields wanted; all when left out.
            params: more of Zoho's parameters.

        Raises:
            ApiError: the CRM refused, or there is not exactly one thing to search for.
        """
        wanted = None if fields is None else named(fields)
        given = {**_texts(criteria=criteria, email=email, phone=phone, word=word), "fields": joined(wanted)}
        query = combined(params, given, "params", own=PLACES)
        _refuse_several(query, least=1)

        return Listing(
            self._client,
            f"{self._path}/search",
            "data",
            self._bind,
            query,
            complete=lambda page: answered(self.api_name, wanted, page),
        )

    def count(
        self,
        *,
        criteria: str | Criteria | None = None,
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
        given = _texts(criteria=criteria, email=email, phone=phone, word=word)
        query = combined(params, given, "params")
        _refuse_several(query, least=0)
        return count_of(self._client.request("GET", f"{self._path}/actions/count", params=query))

    def deleted(
        self,
        type: str = "all",  # noqa: A002 - Zoho's own name
        *,
        modified_since: datetime | None = None,
    ) -> Listing[TrashRecord]:
        """Go over the records that were deleted (GET {module}/deleted).

        Args:
            type: ``all``, ``recycle`` for those in the recycle bin, where they stay for 60 days, or
                ``permanent``.
            modified_since: only those deleted at or after this time, which must have an offset.

        Raises:
            ApiError: the CRM refused.
        """
        return Listing(
            self._client,
            f"{self._path}/deleted",
            "data",
            TrashRecord,
            {"type": type},
            headers=_since(modified_since),
        )

    def _in_calls(self, fields: Sequence[str] | None) -> Sequence[Sequence[str] | None]:
        """Cut the fields into calls: one where the version sends them all, else 50 at a time."""
        if not self._version.needs_fields:
            return [fields]
        if fields is None:
            fields = known_fields(self._client, self.api_name)
        return [fields[start : start + MOST_FIELDS] for start in range(0, len(fields), MOST_FIELDS)] or [
            ["id"]
        ]

    def _completed(self, page: Sequence[Record], rest: Sequence[Sequence[str] | None]) -> Sequence[Record]:
        """Join the fields that did not fit into the first call; a record deleted meanwhile is left out.

        Raises:
            TransportError: an answer leaves out a record that is there, or holds another one.
        """
        if not rest:
            return page
        rows = {str(record.id): dict(record) for record in page}
        for fields in rest:
            more = self._chosen(list(rows), fields)
            gone = rows.keys() - more.keys()
            if gone and (there := self._chosen(list(gone), ["id"])):
                raise self._mixed_up(f"left out record {min(there)}, which is there")
            rows = {key: {**row, **more[key]} for key, row in rows.items() if key in more}
        return [self._bind(row) for row in rows.values()]

    def _chosen(self, ids: Sequence[str], fields: Sequence[str] | None) -> dict[str, Record]:
        """Read some fields of the records with these ids, by id."""
        found: dict[str, Record] = {}
        for start in range(0, len(ids), MOST_IDS):
            chosen = ids[start : start + MOST_IDS]
            query: Params = {"ids": ",".join(chosen), "fields": joined(fields), "converted": "both"}
            for record in objects(self._client.request("GET", self._path, params=query), "data", self._bind):
                if str(record.id) not in chosen:
                    raise self._mixed_up(f"gave record {record.id}, which was not asked for")
                found[str(record.id)] = record
        return found

    def _mixed_up(self, what: str) -> TransportError:
        return not_asked_for(
            f"The answer with further fields of {self.api_name} {what}.",
            why="From v3 on Zoho sends 50 fields at once, and the parts of a record do not fit together.",
            fix="List again, or ask for at most 50 fields; look for a cache in between if it goes on.",
        )


def _since(moment: datetime | None) -> Mapping[str, str] | None:
    return None if moment is None else {"If-Modified-Since": instant(moment, "modified_since")}


def _texts(**given: object) -> dict[str, str | int | bool | None]:
    return {key: None if value is None else search_text(key, value) for key, value in given.items()}


def _refuse_several(query: Params, *, least: int) -> None:
    """Refuse more than one thing to search for, or none.

    Raises:
        ApiError: Zoho would use one of several and drop the others.
    """
    given = [name for name in _SEARCHES if query.get(name) is not None]
    if not least <= len(given) <= 1:
        raise ApiError(
            f"A search needs exactly one of criteria, email, phone and word; {len(given)} are given.",
            why="Zoho would use one of several and drop the others without a word.",
            fix="Give one; join conditions inside criteria.",
            code="ZCRM-API-009",
        )
