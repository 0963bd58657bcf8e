"""How are files and links attached to a record, read and removed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zcrm_core.crm.attachment import Attachment
from zcrm_core.crm.batch import BatchItem, only
from zcrm_core.crm.encode import in_bytes
from zcrm_core.crm.fetching import fetched
from zcrm_core.crm.files import opened
from zcrm_core.crm.paging import Listing
from zcrm_core.crm.paths import segment
from zcrm_core.crm.versions import version

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.download import Download
    from zcrm_core.multipart import FileContent

__all__ = ["Attachment", "Attachments"]

_FIELDS = "id,File_Name,Size,Owner,Created_By,Modified_By,Created_Time,Modified_Time,Parent_Id"


class Attachments:
    """``record.attachments``: the files and links attached to one record or note.

    Args:
        client: makes the calls.
        path: the path of the record.
    """

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = f"{path}/Attachments"
        self._version = version(client.config.api_version)

    def list(self) -> Listing[Attachment]:
        """Go over the attachments (GET {module}/{id}/Attachments), fetching pages as they are needed.

        Raises:
            ApiError: the CRM refused.
        """
        fields = _FIELDS if self._version.needs_fields else None
        return Listing(self._client, self._path, "data", Attachment, {"fields": fields})

    def upload(self, file: str | Path | FileContent, *, name: str | None = None) -> BatchItem:
        """Attach a file (POST {module}/{id}/Attachments); it is read while it is sent.

        Args:
            file: its path, or an open file in binary mode, or its bytes.
            name: its name at Zoho; that of the path when left out.

        Raises:
            ApiError: it is larger than Zoho takes (20 MB in v2, 100 MB in v8), or has no name, or the CRM
                refused.
            OSError: it cannot be read.
        """
        with opened(file, name, self._version.attachment_bytes) as part:
            response = self._client.request("POST", self._path, files={"file": part})
        return only(response, "data", "attach the file")

    def link(self, url: str, *, title: str | None = None) -> BatchItem:
        """Attach a link (POST {module}/{id}/Attachments).

        Args:
            url: the link.
            title: what is shown for it.

        Raises:
            ApiError: one of the two is no text, or the CRM refused.
        """
        parts: dict[str, tuple[None, bytes]] = {"attachmentUrl": (None, in_bytes(url, "the link"))}
        if title is not None:
            parts["title"] = (None, in_bytes(title, "the link's title"))
        return only(self._client.request("POST", self._path, files=parts), "data", "attach the link")

    def download(self, attachment_id: str | int) -> Download:
        """Fetch a file (GET {module}/{id}/Attachments/{attachment_id}) without holding it in memory.

        Raises:
            NotFound: there is none with this id.
            ApiError: the CRM refused, such as for a link.
        """
        path = f"{self._path}/{segment('attachment id', attachment_id)}"
        return fetched(self._client, path, f"There is no attachment {attachment_id}.")

    def delete(self, attachment_id: str | int) -> BatchItem:
        """Remove an attachment (DELETE {module}/{id}/Attachments/{attachment_id}).

        Raises:
            ApiError: the CRM refused.
        """
        path = f"{self._path}/{segment('attachment id', attachment_id)}"
        return only(self._client.request("DELETE", path), "data", "remove the attachment", attachment_id)
