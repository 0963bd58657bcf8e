"""What is the picture of a record, and how is it changed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zcrm_core.crm.batch import BatchItem, only
from zcrm_core.crm.fetching import fetched
from zcrm_core.crm.files import opened
from zcrm_core.crm.versions import PHOTO_BYTES

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.download import Download
    from zcrm_core.multipart import FileContent

__all__ = ["Photo"]


class Photo:
    """``record.photo``: the picture of one record; leads, contacts, accounts, vendors and products have one.

    Args:
        client: makes the calls.
        path: the path of the record.
    """

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = f"{path}/photo"

    def upload(self, file: str | Path | FileContent, *, name: str | None = None) -> BatchItem:
        """Set the picture (POST {module}/{id}/photo); it is read while it is sent.

        Args:
            file: its path, or an open file in binary mode, or its bytes.
            name: its name; that of the path when left out.

        Raises:
            ApiError: it is larger than 10 MB, or has no name, or the CRM refused.
            OSError: it cannot be read.
        """
        with opened(file, name, PHOTO_BYTES) as part:
            response = self._client.request("POST", self._path, files={"file": part})
        return only(response, "data", "set the photo")

    def download(self) -> Download:
        """Fetch the picture (GET {module}/{id}/photo) without holding it in memory.

        Raises:
            NotFound: the record has none.
            ApiError: the CRM refused.
        """
        return fetched(self._client, self._path, "The record has no photo.")

    def delete(self) -> BatchItem:
        """Remove the picture (DELETE {module}/{id}/photo).

        Raises:
            ApiError: the CRM refused.
        """
        return only(self._client.request("DELETE", self._path), "data", "remove the photo")
