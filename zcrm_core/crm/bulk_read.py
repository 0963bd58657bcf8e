"""How is a job that reads very many records made, waited for, and read?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zcrm_core.crm.archives import stored
from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.batch import only
from zcrm_core.crm.bulk_read_status import BulkReadStatus
from zcrm_core.crm.calendars import calendar_events
from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import objects
from zcrm_core.crm.fetching import fetched
from zcrm_core.crm.field_names import named
from zcrm_core.crm.jobs import about_job, called_back, wait_for
from zcrm_core.crm.paging import refuse_token, what_follows
from zcrm_core.crm.paths import identifier, segment
from zcrm_core.crm.tables import csv_rows
from zcrm_core.crm.versions import Version, version
from zcrm_core.errors import ApiError, NotFound
from zcrm_core.exact_json import JSON
from zcrm_core.redaction import plain

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.download import Download

__all__ = ["BulkReadJob", "BulkReadStatus", "create_read"]

_ASKED: Final = ("module", "fields", "criteria", "cvid")
"""What a job tells of what it was asked for, apart from the page."""


class BulkReadJob:
    """A job that reads records.

    Args:
        client: makes the calls.
        job_id: its id; a job of another program can be looked at as well.
    """

    def __init__(self, client: Client, job_id: str) -> None:
        self._client = client
        self._path = f"/crm/bulk/{client.config.api_version}/read/{segment('job id', job_id)}"
        self.id = job_id

    def __repr__(self) -> str:
        return plain(f"<BulkReadJob {self.id}>")

    def status(self) -> BulkReadStatus:
        """Ask how far it is (GET bulk read/{id}).

        Raises:
            NotFound: Zoho knows no such job; it forgets them after a day.
            ApiError: the CRM refused.
            TransportError: the answer is about no job, or about another one.
        """
        found = objects(self._client.request("GET", self._path), "data", BulkReadStatus)
        if not found:
            raise NotFound(f"There is no job {self.id}.")
        about_job(found[0].id, self.id)
        return found[0]

    def wait(self, seconds: float = 3_600) -> BulkReadStatus:
        """Wait until it is over, and tell what was found.

        Args:
            seconds: how long to wait at most; Zoho takes minutes even for small jobs.

        Raises:
            ApiError: it failed, or is not over in time, or the CRM refused.
        """
        status = wait_for(
            self.status, lambda one: one.state in {"COMPLETED", "FAILURE"}, "the bulk job", seconds
        )
        if status.state != "COMPLETED":
            raise ApiError(
                f"The bulk job {self.id} failed.",
                why="Zoho says FAILURE and nothing else.",
                fix="Look at the query; a field or criterion may not fit the module.",
            )
        return status

    def following(self) -> BulkReadJob | None:
        """Make the job for the records that this one could not hold; ``None`` where it holds the last.

        A job holds 200,000 records. What it was asked for is asked for again, its next page.

        Raises:
            NotFound: Zoho knows no such job; it forgets them after a day.
            ApiError: this one is not over, or the CRM refused.
            TransportError: the answer does not say whether more follows.
        """
        status = self.status()
        result = status.result
        if result is None:
            error = ApiError(
                f"The bulk job {self.id} is not over.",
                why="Only a job that is over knows whether more records follow.",
                fix="Call wait() first.",
                code="ZCRM-API-010",
            )
            error.retryable = True
            raise error
        more, token = what_follows({"info": dict(result)}, self._path)
        if not more:
            return None
        place: dict[str, JSON] = {"page_token": token} if token else {"page": (result.page or 1) + 1}
        asked = status.query if isinstance(status.query, dict) else {}
        again = {name: asked[name] for name in _ASKED if asked.get(name) is not None}
        body: dict[str, JSON] = {"query": {**again, **place}}
        body |= {name: status[name] for name in ("callback", "file_type") if status.get(name)}
        return _created(self._client, body)

    def download(self) -> Download:
        """Fetch the archive with the records (GET bulk read/{id}/result).

        Raises:
            NotFound: it is not there, or no longer; Zoho keeps it for a day.
            ApiError: the CRM refused.
        """
        try:
            return fetched(self._client, f"{self._path}/result", f"The bulk job {self.id} has no result.")
        except NotFound as error:
            error.why = "Zoho has a result from the end of a job on, for a day."
            error.fix = "Call wait() first; make the job again if it is older."
            raise

    def save(self, path: str | Path) -> Path:
        """Fetch the archive into a file or a folder, and give its path.

        Raises:
            NotFound, ApiError: as :meth:`download`.
            OSError: the file cannot be written.
        """
        with self.download() as file:
            return file.save(path)

    def rows(self) -> Iterator[dict[str, str]]:
        """Fetch the archive and go over its rows; every value is a text, as CSV has no types.

        The archive is kept in a file without a name, and its rows come one by one. A cell longer than
        ``csv.field_size_limit()``, 131,072 characters and more than a field of Zoho's takes, is an error. The
        rows are those of this job alone: ``status().result.more_records`` says whether more follow;
        :meth:`following` reads them.

        Raises:
            NotFound, ApiError: as :meth:`download`; also when the archive is not what Zoho sends.
        """
        return csv_rows(stored(self.download()))

    def events(self) -> Iterator[dict[str, str]]:
        """The same for a job with ``file_type="ics"``: its events, each by its properties' names.

        A property that an event has several times has its values in lines; alarms are left out.

        Raises:
            NotFound, ApiError: as :meth:`rows`.
        """
        return calendar_events(stored(self.download()))


def create_read(
    client: Client,
    module: str,
    *,
    fields: Sequence[str] | None,
    criteria: Mapping[str, object] | None,
    custom_view: str | int | None,
    page: int | None,
    page_token: str | None,
    callback: str | None,
    file_type: str | None,
) -> BulkReadJob:
    """Make a job; see :meth:`Bulk.read`.

    Raises:
        ApiError: the fields are no list of names, the criteria no mapping, the callback no https address, or
            the CRM refused.
    """
    wanted = None if fields is None else named(fields)
    if criteria is not None and not isinstance(criteria, Mapping):
        raise ApiError(
            f"The criteria of a bulk read are {with_article(criteria)}.",
            why="A job takes them as JSON; F and its conditions are for searches.",
            fix='Pass a mapping such as {"api_name": "City", "comparator": "equal", "value": "Pune"}.',
            code="ZCRM-API-009",
        )
    habits: Version = version(client.config.api_version)
    refuse_token(page_token, has_page_tokens=True)
    query: dict[str, JSON] = {"module": habits.bulk_module(identifier("module name", module))}
    given = {
        "fields": wanted,
        "criteria": None if criteria is None else encode(dict(criteria), "criteria"),
        "cvid": None if custom_view is None else identifier("custom view id", custom_view),
        "page": page,
        "page_token": page_token,
    }
    query |= {key: encode(value, key) for key, value in given.items() if value is not None}
    body: dict[str, JSON] = {"query": query}
    if callback is not None:
        body["callback"] = called_back(callback)
    if file_type is not None:
        body["file_type"] = file_type
    return _created(client, body)


def _created(client: Client, body: dict[str, JSON]) -> BulkReadJob:
    response = client.request("POST", f"/crm/bulk/{client.config.api_version}/read", json=body)
    item = only(response, "data", "make the bulk job")
    return BulkReadJob(client, about_job(item.id))
