"""What can be done with one module?"""

from __future__ import annotations

from collections.abc import Iterable

from zcrm_core.crm.batch import BatchResult
from zcrm_core.crm.module_settings import ModuleSettings
from zcrm_core.crm.record import Record
from zcrm_core.crm.record_access import RecordAccess
from zcrm_core.crm.tags import ModuleTags, tag_records
from zcrm_core.crm.writing import RecordWriting
from zcrm_core.exact_json import JSON

__all__ = ["ModuleClient", "Record"]


class ModuleClient(RecordWriting, ModuleSettings):
    """``client.module("Leads")``: the records of one module, and how the module is set up.

    Args:
        client: makes the calls.
        api_name: the module's API name; Zoho tells capitals from small letters.
    """

    def record(self, record_id: str | int) -> RecordAccess:
        """Give what belongs to one record, its notes and files, without reading the record.

        Args:
            record_id: its id.

        Raises:
            ApiError: it is no id.
        """
        return RecordAccess(self._client, self.api_name, record_id)

    @property
    def tags(self) -> ModuleTags:
        """The module's tags."""
        return ModuleTags(self._client, self.api_name)

    def add_tags(
        self, record_ids: Iterable[str | int], names: Iterable[str], *, over_write: bool | None = None
    ) -> BatchResult:
        """Put tags on records (POST {module}/actions/add_tags), 100 records a call.

        Args:
            record_ids: the records.
            names: the tags' names; new ones are made. v2 cannot take a name with a comma.
            over_write: whether the records' other tags go; v3 and later.

        Returns:
            Each record's own outcome, in the order sent; ``details["tags"]`` are its tags now.

        Raises:
            ApiError: the CRM refused the whole call, or there are no names, or one that cannot be sent.
        """
        path = f"{self._path}/actions/add_tags"
        return tag_records(self._client, path, record_ids, names, over_write=over_write)

    def remove_tags(self, record_ids: Iterable[str | int], names: Iterable[str]) -> BatchResult:
        """Take tags off records (POST {module}/actions/remove_tags), 100 records a call.

        Arguments, results and errors are those of :meth:`add_tags`.
        """
        return tag_records(self._client, f"{self._path}/actions/remove_tags", record_ids, names)

    @property
    def line_item_key(self) -> str:
        """The field in which this module's records hold their line items, in the client's API version."""
        return self._version.line_item_key(self.api_name)

    def __repr__(self) -> str:
        return f"<ModuleClient {self.api_name}>"

    def _bind(self, json: dict[str, JSON]) -> Record:
        return Record(json, self)
