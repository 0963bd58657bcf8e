"""Which tags does a module have, and which records carry them?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from zcrm_core.crm.arguments import one_mapping, text_list
from zcrm_core.crm.batch import BatchItem, BatchResult, in_batches, only
from zcrm_core.crm.entity import count_of, objects
from zcrm_core.crm.parts import Tag
from zcrm_core.crm.paths import checked_ids, identifier, segment
from zcrm_core.crm.versions import MOST_TAGS, version
from zcrm_core.errors import ApiError
from zcrm_core.exact_json import JSON
from zcrm_core.response import Response

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["ModuleTags", "tag_record", "tag_records"]

_PATH = "settings/tags"


class ModuleTags:
    """``client.module("Leads").tags``: the tags of one module.

    Args:
        client: makes the calls.
        module: the module's API name.
    """

    def __init__(self, client: Client, module: str) -> None:
        self._client = client
        self._query: Params = {"module": module}

    def list(self) -> list[Tag]:
        """Give all tags (GET settings/tags).

        Raises:
            ApiError: the CRM refused.
        """
        return objects(self._client.request("GET", _PATH, params=self._query), "tags", Tag)

    def create(self, names: str | Iterable[str]) -> BatchResult:
        """Make tags (POST settings/tags), 50 a call; each has its own outcome.

        Args:
            names: one name or several.

        Raises:
            PartialFailure: a later call of a long batch failed.
            ApiError: the CRM refused the whole call.
        """
        given = text_list("the names of the tags", [names] if isinstance(names, str) else names)
        return self._send("POST", [{"name": name} for name in given])

    def update(self, names: Mapping[str, str]) -> BatchResult:
        """Rename tags (PUT settings/tags), 50 a call; results and errors are those of :meth:`create`.

        Args:
            names: the new name of each, by the tag's id.
        """
        given = one_mapping("names", names)
        rows = [{"id": identifier("tag id", tag), "name": name} for tag, name in given.items()]
        return self._send("PUT", rows, itemgetter("id"))

    def rename(self, tag_id: str | int, name: str) -> BatchItem:
        """Rename one tag (PUT settings/tags/{id}).

        Raises:
            ApiError: the CRM refused.
        """
        path = f"{_PATH}/{segment('tag id', tag_id)}"
        response = self._client.request("PUT", path, params=self._query, json={"tags": [{"name": name}]})
        return only(response, "tags", "rename the tag", tag_id)

    def delete(self, tag_id: str | int) -> BatchItem:
        """Delete a tag, on all records as well (DELETE settings/tags/{id}).

        Raises:
            ApiError: the CRM refused.
        """
        path = f"{_PATH}/{segment('tag id', tag_id)}"
        return only(self._client.request("DELETE", path), "tags", "delete the tag", tag_id)

    def merge(self, tag_id: str | int, into: str | int) -> BatchItem:
        """Give all records of one tag another one, and delete it (POST settings/tags/{into}/actions/merge).

        Args:
            tag_id: the tag that goes.
            into: the tag that stays.

        Raises:
            ApiError: the CRM refused.
        """
        path = f"{_PATH}/{segment('tag id', into)}/actions/merge"
        body = {"tags": [{"conflict_id": identifier("tag id", tag_id)}]}
        return only(self._client.request("POST", path, json=body), "tags", "merge the tags")

    def count(self, tag_id: str | int) -> int:
        """Count the records that carry a tag (GET settings/tags/{id}/actions/records_count).

        Raises:
            ApiError: the CRM refused.
            TransportError: the answer holds no count.
        """
        path = f"{_PATH}/{segment('tag id', tag_id)}/actions/records_count"
        return count_of(self._client.request("GET", path, params=self._query))

    def _send(
        self,
        method: str,
        rows: Sequence[Mapping[str, object]],
        about: Callable[[Mapping[str, object]], object] | None = None,
    ) -> BatchResult:
        def send(batch: Sequence[Mapping[str, object]]) -> Response:
            return self._client.request(method, _PATH, params=self._query, json={"tags": list(batch)})

        return in_batches(rows, send, key="tags", most=MOST_TAGS, about=about)


def tag_records(
    client: Client,
    path: str,
    record_ids: Iterable[str | int],
    names: Iterable[str],
    *,
    over_write: bool | None = None,
) -> BatchResult:
    """Put tags on records or take them off, 100 records a call.

    Raises:
        ApiError: the CRM refused the whole call, or there are no names, or one that cannot be sent.
    """
    listed = _names(client, names)

    def send(batch: Sequence[str]) -> Response:
        params, body = _form(client, listed, list(batch), over_write)
        return client.request("POST", path, params=params, json=body)

    return in_batches(checked_ids(record_ids), send, about=str)


def tag_record(
    client: Client, record_id: str, path: str, names: Iterable[str], *, over_write: bool | None = None
) -> BatchItem:
    """Put tags on one record or take them off.

    Raises:
        ApiError: the CRM refused, or there are no names, or one that cannot be sent.
    """
    params, body = _form(client, _names(client, names), None, over_write)
    response = client.request("POST", path, params=params, json=body)
    return only(response, "data", "change the record's tags", record_id)


def _names(client: Client, names: Iterable[str]) -> list[str]:
    """Give the names of tags as a list.

    Raises:
        ApiError: there are none, or one that cannot be sent.
    """
    listed = text_list("the names of the tags", names)
    if not listed or (not version(client.config.api_version).tags_in_body and "," in "".join(listed)):
        raise ApiError(
            "The names of the tags cannot be sent.",
            why="There must be a list of one name at least, and v2 divides names at commas.",
            fix='Pass a list of names; for a name with a comma set api_version to "v8".',
            code="ZCRM-API-009",
        )
    return listed


def _form(
    client: Client,
    names: Sequence[str],
    ids: list[str] | None,
    over_write: bool | None,  # noqa: FBT001 - Zoho's
) -> tuple[Params | None, dict[str, JSON] | None]:
    """Put names and ids where the version wants them: in the query or in the body."""
    if version(client.config.api_version).tags_in_body:
        body: dict[str, JSON] = {"tags": [{"name": name} for name in names]}
        if ids is not None:
            body["ids"] = list(ids)
        if over_write is not None:
            body["over_write"] = over_write
        return None, body
    query: dict[str, str | bool | None] = {"tag_names": ",".join(names), "over_write": over_write}
    return {**query, "ids": None if ids is None else ",".join(ids)}, None
