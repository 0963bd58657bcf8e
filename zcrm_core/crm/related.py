"""Which records belong to a record, and how are they linked to it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from zcrm_core.crm.arguments import combined, one_mapping
from zcrm_core.crm.batch import BatchItem, BatchResult, in_batches, only
from zcrm_core.crm.encode import encode
from zcrm_core.crm.field_names import answered, joined, named
from zcrm_core.crm.paging import Listing
from zcrm_core.crm.paths import checked_ids, segment
from zcrm_core.crm.record import Record
from zcrm_core.crm.versions import PLACES, version
from zcrm_core.errors import ApiError

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["RelatedList"]


class RelatedList:
    """``record.related("Products")``: the records of one related list.

    Args:
        client: makes the calls.
        path: the path of the record.
        api_name: the related list's API name, as ``module.related_lists()`` gives it.

    Raises:
        ApiError: the name cannot be part of an address.
    """

    def __init__(self, client: Client, path: str, api_name: str) -> None:
        self._client = client
        self._path = f"{path}/{segment('related list', api_name)}"
        self._parent = unquote(path.rpartition("/")[2])
        self._needs_fields = version(client.config.api_version).needs_fields
        self.api_name = api_name

    def list(
        self,
        *,
        fields: Sequence[str] | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        params: Params | None = None,
    ) -> Listing[Record]:
        """Go over the related records (GET {module}/{id}/{related list}), fetching pages as they are needed.

        Args:
            fields: the API names of the fields wanted; v3 and later need them, at most 50.
            sort_by: a field.
            sort_order: ``asc`` or ``desc``.
            params: more of Zoho's parameters.

        Raises:
            ApiError: the CRM refused, or fields are needed and not given.
        """
        wanted = None if fields is None else named(fields)
        given = {"fields": joined(wanted), "sort_by": sort_by, "sort_order": sort_order}
        query = combined(params, given, "params", own=PLACES)
        if "fields" not in query and self._needs_fields:
            raise ApiError(
                f"The fields wanted of {self.api_name} are not named.",
                why="From v3 on Zoho needs them, and the list alone does not tell which module it shows.",
                fix='Pass fields=["..."], at most 50.',
                code="ZCRM-API-009",
            )

        return Listing(
            self._client,
            self._path,
            "data",
            Record,
            query,
            complete=lambda page: answered(self.api_name, wanted, page),
        )

    def add(self, record_id: str | int, values: Mapping[str, object] | None = None) -> BatchItem:
        """Link a record, or change what the link holds (PUT {module}/{id}/{related list}/{record_id}).

        Args:
            record_id: the record to link.
            values: what the link holds, such as ``{"list_price": 50}`` or ``{"Contact_Role": "..."}``.

        Raises:
            ApiError: the CRM refused.
        """
        path = f"{self._path}/{segment('record id', record_id)}"
        row = encode({} if values is None else one_mapping("values", values), "the link")
        response = self._client.request("PUT", path, json={"data": [row]})
        return only(response, "data", "link the record", self._ends(record_id))

    def add_many(self, record_ids: Iterable[str | int]) -> BatchResult:
        """Link records (PUT {module}/{id}/{related list}), 100 a call; each has its own outcome.

        Raises:
            PartialFailure: a later call of a long batch failed.
            ApiError: the CRM refused the whole call.
        """
        rows = [{"id": record_id} for record_id in checked_ids(record_ids)]
        return in_batches(
            rows,
            lambda batch: self._client.request("PUT", self._path, json={"data": list(batch)}),
            about=lambda row: self._ends(row["id"]),
        )

    def remove(self, record_id: str | int) -> BatchItem:
        """Remove a link (DELETE {module}/{id}/{related list}/{record_id}); the record itself stays.

        Raises:
            ApiError: the CRM refused.
        """
        path = f"{self._path}/{segment('record id', record_id)}"
        response = self._client.request("DELETE", path)
        return only(response, "data", "remove the link", self._ends(record_id))

    def _ends(self, record_id: str | int) -> tuple[str | int, str]:
        """Give both ends of a link; Zoho's pages do not say which of the two an outcome names."""
        return record_id, self._parent
