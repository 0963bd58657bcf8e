"""Where does a record stand in its blueprint, and how does it get further?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zcrm_core.crm.arguments import one_mapping
from zcrm_core.crm.batch import BatchItem, only
from zcrm_core.crm.encode import encode
from zcrm_core.crm.paths import identifier
from zcrm_core.crm.transitions import Blueprint
from zcrm_core.errors import NotFound
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Blueprint", "BlueprintAccess"]


class BlueprintAccess:
    """``record.blueprint``: where one record stands in its blueprint.

    Args:
        client: makes the calls.
        path: the path of the record.
    """

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = f"{path}/actions/blueprint"

    def get(self) -> Blueprint:
        """Give the process and the steps from here (GET {module}/{id}/actions/blueprint).

        Raises:
            NotFound: the record is in no blueprint.
            ApiError: the CRM refused; ``api_code`` is ``RECORD_NOT_IN_PROCESS`` where Zoho says so itself.
        """
        response = self._client.request("GET", self._path)
        if response.status == 204:  # noqa: PLR2004 - no content
            raise NotFound("The record is in no blueprint.")
        answer = response.json()
        found = answer.get("blueprint") if isinstance(answer, dict) else None
        if not isinstance(found, dict):
            raise not_asked_for("The answer holds no blueprint.")
        return Blueprint(found)

    def advance(self, transition_id: str | int, data: Mapping[str, object] | None = None) -> BatchItem:
        """Take a step (PUT {module}/{id}/actions/blueprint).

        Args:
            transition_id: the step, one of those that :meth:`get` gives.
            data: what it asks for: fields, ``Notes``, ``Attachments``, ``CheckLists``.

        Raises:
            ApiError: the CRM refused.
        """
        step = {
            "transition_id": identifier("transition id", transition_id),
            "data": encode({} if data is None else one_mapping("data", data), "data"),
        }
        response = self._client.request("PUT", self._path, json={"blueprint": [step]})
        return only(response, "blueprint", "take the step")
