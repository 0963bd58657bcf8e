"""How are very many records read or written, by jobs that Zoho does later?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.batch import only
from zcrm_core.crm.bulk_read import BulkReadJob, create_read
from zcrm_core.crm.bulk_write import BulkWriteJob, columns_of, packed, upload
from zcrm_core.crm.encode import encode
from zcrm_core.crm.jobs import about_job, called_back
from zcrm_core.crm.paths import identifier
from zcrm_core.crm.versions import version
from zcrm_core.errors import ApiError
from zcrm_core.exact_json import JSON

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.multipart import FileContent

__all__ = ["Bulk", "BulkReadJob", "BulkWriteJob"]


class Bulk:
    """``client.bulk``: jobs that read or write very many records.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(
        self,
        module: str,
        *,
        fields: Sequence[str] | None = None,
        criteria: Mapping[str, object] | None = None,
        custom_view: str | int | None = None,
        page: int | None = None,
        page_token: str | None = None,
        callback: str | None = None,
        file_type: str | None = None,
    ) -> BulkReadJob:
        """Make a job that reads up to 200,000 records (POST bulk read); it costs 50 credits.

        More records than that are read by further jobs: :meth:`BulkReadJob.following` makes each.

        Args:
            module: the module's API name.
            fields: the API names of the fields wanted; all when left out.
            criteria: as Zoho writes it: ``{"api_name": ..., "comparator": ..., "value": ...}`` in v2, with
                ``{"field": {"api_name": ...}, ...}`` later, or ``{"group_operator": ..., "group": [...]}``.
            custom_view: only the records of the view with this id.
            page: which 200,000 records; the first when left out.
            page_token: leads to the next ones: ``result.next_page_token`` of the job before.
            callback: an https address that Zoho calls when the job is over.
            file_type: ``ics`` for events as a calendar; CSV when left out.

        Raises:
            ApiError: the CRM refused.
        """
        return create_read(
            self._client,
            module,
            fields=fields,
            criteria=criteria,
            custom_view=custom_view,
            page=page,
            page_token=page_token,
            callback=callback,
            file_type=file_type,
        )

    def read_job(self, job_id: str) -> BulkReadJob:
        """Give a job that was made before, by its id."""
        return BulkReadJob(self._client, job_id)

    def upload(
        self, archive: str | Path | FileContent, *, org_id: str | None = None, name: str | None = None
    ) -> str:
        """Upload a zip archive that holds one CSV file, and give its id (POST upload, on the host for files).

        Args:
            archive: its path, or an open file in binary mode, or its bytes; at most 25 MB.
            org_id: Zoho's id of the organisation (``zgid``); asked for when left out.
            name: the archive's name; that of the path when left out.

        Raises:
            ApiError: it is too large, or the CRM refused.
            OSError: it cannot be read.
        """
        return upload(self._client, archive, org_id or self._client.org.get().zgid or "", name)

    def write(
        self,
        module: str,
        rows: Iterable[Mapping[str, object]] | None = None,
        *,
        operation: str = "insert",
        file_id: str | None = None,
        field_mappings: Sequence[Mapping[str, object]] | None = None,
        find_by: str | None = None,
        ignore_empty: bool | None = None,
        character_encoding: str | None = None,
        callback: str | None = None,
        org_id: str | None = None,
    ) -> BulkWriteJob:
        """Make a job that writes up to 25,000 records (POST bulk write); it costs 500 credits.

        Args:
            module: the module's API name.
            rows: the records, all with the fields of the first; they are packed row by row and uploaded.
            operation: ``insert``, ``update`` or ``upsert``.
            file_id: an archive that was uploaded before, in place of rows.
            field_mappings: which column goes to which field (``api_name``, ``index``, and if need be
                ``default_value``, ``find_by``, ``format``); made from the rows when left out.
            find_by: the field by which records are found, for update and upsert.
            ignore_empty: whether empty values leave fields as they are.
            character_encoding: how the file is encoded; UTF-8 when left out.
            callback: an https address that Zoho calls when the job is over.
            org_id: Zoho's id of the organisation (``zgid``); asked for when left out.

        Raises:
            ApiError: there are both or neither of rows and file, the module's name, the callback or a value
                cannot be sent, or the CRM refused.
        """
        if (rows is None) == (file_id is None):
            raise _unfit("Pass either rows or the id of an uploaded file.")
        name = identifier("module name", module)
        called = None if callback is None else called_back(callback)
        if rows is not None:
            if not isinstance(rows, Iterable):
                raise _unfit(f"The rows are {with_article(rows)}.")
            given = iter(rows)
            first = next(given, None)
            if not first:
                raise _unfit("There is no row to write.")
            columns = columns_of(first)
            with packed(itertools.chain([first], given), columns, name) as archive:
                file_id = self.upload(archive, org_id=org_id, name=f"{name}.zip")
            field_mappings = field_mappings or [
                {"api_name": column, "index": index} for index, column in enumerate(columns)
            ]
        resource: dict[str, object] = {
            "type": "data",
            "module": version(self._client.config.api_version).bulk_module(name),
            "file_id": file_id,
            "field_mappings": field_mappings,
            "find_by": find_by,
            "ignore_empty": ignore_empty,
        }
        body: dict[str, JSON] = {
            "operation": operation,
            "resource": [{key: encode(value, key) for key, value in resource.items() if value is not None}],
        }
        if character_encoding is not None:
            body["character_encoding"] = character_encoding
        if called is not None:
            body["callback"] = called
        path = f"/crm/bulk/{self._client.config.api_version}/write"
        item = only(self._client.request("POST", path, json=body), "data", "make the bulk job")
        return BulkWriteJob(self._client, about_job(item.id))

    def write_job(self, job_id: str) -> BulkWriteJob:
        """Give a job that was made before, by its id."""
        return BulkWriteJob(self._client, job_id)


def _unfit(what: str) -> ApiError:
    return ApiError(
        what,
        why="A job has exactly one file.",
        fix="Pass rows, or file_id with field_mappings.",
        code="ZCRM-API-009",
    )
