"""What belongs to one record, apart from its fields?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zcrm_core.crm.arguments import combined
from zcrm_core.crm.attachments import Attachments
from zcrm_core.crm.batch import BatchItem
from zcrm_core.crm.blueprint import BlueprintAccess
from zcrm_core.crm.convert import Converted, convert
from zcrm_core.crm.notes import RecordNotes
from zcrm_core.crm.paths import identifier, segment
from zcrm_core.crm.photo import Photo
from zcrm_core.crm.related import RelatedList
from zcrm_core.crm.tags import tag_record

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["RecordAccess"]


class RecordAccess:
    """``client.module("Leads").record(id)``: what belongs to one record.

    Args:
        client: makes the calls.
        module: the module's API name.
        record_id: the record's id.

    Raises:
        ApiError: one of them cannot be part of an address.
    """

    def __init__(self, client: Client, module: str, record_id: str | int) -> None:
        self._client = client
        self._module = module
        self.id = identifier("record id", record_id)
        self._path = f"{segment('module name', module)}/{segment('record id', self.id)}"

    @property
    def notes(self) -> RecordNotes:
        """Its notes."""
        return RecordNotes(self._client, self._module, self.id)

    @property
    def attachments(self) -> Attachments:
        """The files and links attached to it."""
        return Attachments(self._client, self._path)

    @property
    def photo(self) -> Photo:
        """Its picture."""
        return Photo(self._client, self._path)

    @property
    def blueprint(self) -> BlueprintAccess:
        """Where it stands in its blueprint."""
        return BlueprintAccess(self._client, self._path)

    def related(self, api_name: str) -> RelatedList:
        """Give the records of one of its related lists, such as ``Products``.

        Raises:
            ApiError: the name cannot be part of an address.
        """
        return RelatedList(self._client, self._path, api_name)

    def add_tags(self, names: Iterable[str], *, over_write: bool | None = None) -> BatchItem:
        """Put tags on it (POST {module}/{id}/actions/add_tags); ``details["tags"]`` are its tags now.

        Args:
            names: the tags' names; new ones are made. v2 cannot take a name with a comma.
            over_write: whether its other tags go; v3 and later.

        Raises:
            ApiError: the CRM refused, or there are no names, or one that cannot be sent.
        """
        return tag_record(
            self._client, self.id, f"{self._path}/actions/add_tags", names, over_write=over_write
        )

    def remove_tags(self, names: Iterable[str]) -> BatchItem:
        """Take tags off it (POST {module}/{id}/actions/remove_tags); otherwise as :meth:`add_tags`."""
        return tag_record(self._client, self.id, f"{self._path}/actions/remove_tags", names)

    def convert(
        self,
        *,
        deal: Mapping[str, object] | None = None,
        account: str | int | None = None,
        contact: str | int | None = None,
        assign_to: str | int | None = None,
        overwrite: bool | None = None,
        notify_lead_owner: bool | None = None,
        notify_new_entity_owner: bool | None = None,
        options: Mapping[str, object] | None = None,
    ) -> Converted:
        """Convert a lead into an account, a contact and, if wanted, a deal (POST Leads/{id}/actions/convert).

        Args:
            deal: the fields of the deal to make; none is made when left out.
            account: the id of an account that is there already.
            contact: the id of a contact that is there already.
            assign_to: the id of the user who is to own the new records.
            overwrite: whether what is there gets the lead's values.
            notify_lead_owner: whether the lead's owner gets an e-mail.
            notify_new_entity_owner: whether the new owner gets one.
            options: more of Zoho's options, such as ``{"carry_over_tags": ...}`` of v8.

        Raises:
            ApiError: the deal is no mapping, an id none or a choice no boolean, or the CRM refused;
                ``api_code`` is ``ID_ALREADY_CONVERTED`` for a lead that was converted.
        """
        given: dict[str, object] = {
            "Deals": deal,
            "Accounts": account,
            "Contacts": contact,
            "assign_to": assign_to,
            "overwrite": overwrite,
            "notify_lead_owner": notify_lead_owner,
            "notify_new_entity_owner": notify_new_entity_owner,
        }
        return convert(self._client, self._path, combined(options, given, "options"))
