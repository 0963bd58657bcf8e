"""How is a job that writes very many records made, waited for, and looked at?"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from zcrm_core.crm.archives import stored
from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.batch import only
from zcrm_core.crm.bulk_write_status import BulkWriteStatus
from zcrm_core.crm.encode import encode, written_out
from zcrm_core.crm.fetching import fetched
from zcrm_core.crm.files import opened
from zcrm_core.crm.jobs import about_job, wait_for
from zcrm_core.crm.paths import segment
from zcrm_core.crm.tables import csv_rows
from zcrm_core.crm.versions import BULK_UPLOAD_BYTES, BULK_WRITE_ROWS
from zcrm_core.errors import ApiError, NotFound
from zcrm_core.exact_json import JSON
from zcrm_core.redaction import masked, plain
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.download import Download
    from zcrm_core.multipart import FileContent

__all__ = ["BulkWriteJob", "BulkWriteStatus", "columns_of", "packed", "upload"]

_DONE: Final = frozenset({"ADDED", "UPDATED"})


class BulkWriteJob:
    """A job that writes records.

    Args:
        client: makes the calls.
        job_id: its id; a job of another program can be looked at as well.
    """

    def __init__(self, client: Client, job_id: str) -> None:
        self._client = client
        self._path = f"/crm/bulk/{client.config.api_version}/write/{segment('job id', job_id)}"
        self.id = job_id

    def __repr__(self) -> str:
        return plain(f"<BulkWriteJob {self.id}>")

    def status(self) -> BulkWriteStatus:
        """Ask how far it is (GET bulk write/{id}).

        Raises:
            NotFound: Zoho knows no such job.
            ApiError: the CRM refused.
            TransportError: the answer is about no job, or about another one.
        """
        answer = self._client.request("GET", self._path).json()
        status = BulkWriteStatus(answer if isinstance(answer, dict) else {})
        about_job(status.status and status.id, self.id)
        return status

    def wait(self, seconds: float = 3_600) -> BulkWriteStatus:
        """Wait until it is over, and tell what became of it; single rows may have failed all the same.

        Args:
            seconds: how long to wait at most; Zoho takes minutes even for small jobs.

        Raises:
            ApiError: it failed as a whole, or is not over in time, or the CRM refused.
        """
        status = wait_for(
            self.status, lambda one: one.status in {"COMPLETED", "FAILED"}, "the bulk job", seconds
        )
        if status.status != "COMPLETED":
            messages = [resource.message for resource in status.resources if resource.message]
            said = f": {plain(masked(messages[0], ()))}" if messages else " FAILED and nothing else"
            raise ApiError(
                f"The bulk job {self.id} failed.",
                why=f"Zoho says{said}.",
                fix="Look at the file, its columns and the module.",
            )
        return status

    def download(self) -> Download:
        """Fetch the archive with the outcome of each row (GET the job's download_url).

        Raises:
            NotFound: the job is not over, or failed, or its outcomes are no longer there.
            TransportError: Zoho names an address outside the region, where the token is not sent, or none.
            ApiError: the CRM refused.
        """
        status = self.status()
        url = status.download_url
        if url is None and status.status == "FAILED":
            raise NotFound(f"The bulk job {self.id} has no outcomes.", fix="It failed; wait() tells why.")
        if url is None and status.status == "COMPLETED":
            raise not_asked_for(
                f"The bulk job {self.id} is over, and the answer does not say where its outcomes are.",
                why="Zoho names their address in result.download_url.",
                fix="Call again; look for what changes answers on their way if it goes on.",
            )
        if url is None:
            raise NotFound(f"The bulk job {self.id} has no outcomes yet.", fix="Wait until it is over.")
        return fetched(self._client, url, f"The outcomes of the bulk job {self.id} are not there.")

    def rows(self) -> Iterator[dict[str, str]]:
        """Fetch the outcomes and go over them: what was sent, and ``STATUS``, ``RECORD_ID``, ``ERRORS``.

        Raises:
            NotFound, ApiError, TransportError: as :meth:`download`; also when the archive is not what Zoho
                sends.
        """
        return csv_rows(stored(self.download()))

    def failed_rows(self) -> Iterator[dict[str, str]]:
        """The outcomes of the rows that were neither added nor updated; errors are those of :meth:`rows`."""
        return (row for row in self.rows() if row.get("STATUS", "").upper() not in _DONE)


def upload(client: Client, archive: str | Path | FileContent, org_id: str, name: str | None) -> str:
    """Upload an archive for a job, and give its id (POST upload, on the host for files).

    Raises:
        ApiError: it is larger than 25 MB, or the CRM refused.
    """
    region = client.region
    host = client.config.file_upload_url or region.upload_url
    with opened(archive, name, BULK_UPLOAD_BYTES) as part:
        response = client.request(
            "POST",
            f"{host}/crm/{client.config.api_version}/upload",
            files={"file": part},
            headers={"feature": "bulk-write", "X-CRM-ORG": org_id},
        )
    file_id = only(response, "data", "upload the file").details.get("file_id")
    if not isinstance(file_id, str):
        raise not_asked_for("The answer holds no id of the uploaded file.")
    return file_id


def packed(rows: Iterable[Mapping[str, object]], fields: Sequence[str], name: str) -> BinaryIO:
    """Write rows into a CSV file in an archive, row by row, in a file without a name.

    Raises:
        ApiError: a row has a field that the first one has not, or a value that CSV cannot hold.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with (
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open(f"{name}.csv", "w", force_zip64=True) as member,
            io.TextIOWrapper(member, "utf-8", newline="") as text_file,
        ):
            writer = csv.writer(text_file)
            writer.writerow(fields)
            writer.writerows(_cells(rows, fields))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def columns_of(row: object, index: int = 0) -> list[str]:
    """Give the fields of a row.

    Raises:
        ApiError: it is no mapping of API names.
    """
    if not isinstance(row, Mapping) or not all(isinstance(name, str) for name in row):
        raise _unfit(index, f"it is {with_article(row)}, and no mapping of API names")
    return list(row)


def _cells(rows: Iterable[Mapping[str, object]], fields: Sequence[str]) -> Iterator[list[str]]:
    known = set(fields)
    for index, row in enumerate(rows):
        if index == BULK_WRITE_ROWS:
            raise ApiError(
                f"There are more than {index:,} rows.",
                why="Zoho takes no more in one job, and would refuse them all after the upload.",
                fix="Write each 25,000 rows with a job of their own.",
                code="ZCRM-API-009",
            )
        if strange := set(columns_of(row, index)) - known:
            raise _unfit(index, f"it has the field {min(strange)}, and the first row has not")
        yield [_cell(row.get(field), index, field) for field in fields]


def _cell(value: object, index: int, field: str) -> str:
    written = encode(value, f"row {index}.{field}")
    if isinstance(written, dict) and isinstance(written.get("id"), str):
        written = written["id"]
    if isinstance(written, list):
        return ";".join(_choice(item, index, field) for item in written)
    if isinstance(written, bool):
        return str(written).lower()
    if isinstance(written, (int, float, Decimal)):
        return written_out(written, f"row {index}.{field}")
    if isinstance(written, dict):
        raise _unfit(index, f"the value of {field} has no form in CSV")
    return written or ""


def _choice(item: JSON, index: int, field: str) -> str:
    """Give one value of a multi-select, which Zoho divides at semicolons."""
    if not isinstance(item, str):
        raise _unfit(index, f"the value of {field} has no form in CSV")
    if not item or ";" in item:
        raise _unfit(index, f"a choice of {field} is empty or holds a semicolon, where Zoho divides choices")
    return item


def _unfit(index: int, why: str) -> ApiError:
    return ApiError(
        f"Row {index} cannot be sent: {why}.",
        why="All rows of one file have the same columns, and every value is a text.",
        fix="Give all rows the same fields, with plain values; None leaves a cell empty.",
        code="ZCRM-API-009",
    )
