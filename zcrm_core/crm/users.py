"""Who are the users of the organisation?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from zcrm_core.crm.arguments import one_mapping
from zcrm_core.crm.batch import BatchItem, only
from zcrm_core.crm.collection import the_one
from zcrm_core.crm.criteria import Criteria, search_text
from zcrm_core.crm.encode import encode, instant
from zcrm_core.crm.entity import objects
from zcrm_core.crm.paging import Listing
from zcrm_core.crm.paths import segment
from zcrm_core.crm.user import User
from zcrm_core.errors import NotFound

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["User", "Users"]


class Users:
    """``client.users``: the users of the organisation.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, user_id: str | int) -> User:
        """Give one user's details (GET users/{id}).

        Raises:
            NotFound: there is none with this id.
            ApiError: the CRM refused.
            TransportError: the answer is about another one.
        """
        found = objects(self._client.request("GET", _path(user_id)), "users", User)
        return the_one(found, user_id, "user")

    def current(self) -> User:
        """Give the user whose token is used (GET users?type=CurrentUser).

        Raises:
            NotFound: Zoho names none.
            ApiError: the CRM refused.
        """
        found = objects(self._client.request("GET", "users", params={"type": "CurrentUser"}), "users", User)
        if not found:
            raise NotFound("Zoho names no current user.")
        return found[0]

    def list(
        self,
        type: str = "AllUsers",  # noqa: A002 - Zoho's own name
        *,
        modified_since: datetime | None = None,
    ) -> Listing[User]:
        """Go over the users of a kind, fetching pages as they are needed (GET users).

        Args:
            type: ``AllUsers``, ``ActiveUsers``, ``DeactiveUsers``, ``ConfirmedUsers``, ``NotConfirmedUsers``,
                ``DeletedUsers``, ``ActiveConfirmedUsers``, ``AdminUsers``, ``ActiveConfirmedAdmins``,
                ``CurrentUser``.
            modified_since: only those changed at or after this time, which must have an offset.

        Raises:
            ApiError: the CRM refused.
        """
        headers = None
        if modified_since is not None:
            headers = {"If-Modified-Since": instant(modified_since, "modified_since")}
        return Listing(self._client, "users", "users", User, {"type": type}, headers=headers)

    def search(self, criteria: str | Criteria, *, type: str | None = None) -> Listing[User]:  # noqa: A002 - Zoho's
        """Go over the users found (GET users/search).

        Args:
            criteria: ``F.country == "India"`` and the like, or Zoho's own text.
            type: a kind of users, as for :meth:`list`.

        Raises:
            ApiError: the CRM refused.
        """
        query = {"criteria": search_text("criteria", criteria), "type": type}
        return Listing(self._client, "users/search", "users", User, query)

    def create(self, user: Mapping[str, object]) -> BatchItem:
        """Invite a user (POST users).

        Args:
            user: ``last_name``, ``email``, ``role`` and ``profile`` (ids), and other fields of a user.

        Returns:
            The outcome; its ``id`` is the new user's.

        Raises:
            ApiError: the CRM refused.
        """
        body = {"users": [encode(one_mapping("The user", user), "user")]}
        return only(self._client.request("POST", "users", json=body), "users", "create the user")

    def update(self, user_id: str | int, changes: Mapping[str, object]) -> BatchItem:
        """Change a user (PUT users/{id}).

        Args:
            user_id: the user's id.
            changes: the fields with their new values.

        Raises:
            ApiError: the CRM refused.
        """
        body = {"users": [encode(one_mapping("changes", changes), "user")]}
        response = self._client.request("PUT", _path(user_id), json=body)
        return only(response, "users", "change the user", user_id)

    def delete(self, user_id: str | int) -> BatchItem:
        """Delete a user (DELETE users/{id}).

        Raises:
            ApiError: the CRM refused.
        """
        return only(self._client.request("DELETE", _path(user_id)), "users", "delete the user", user_id)


def _path(user_id: str | int) -> str:
    return f"users/{segment('user id', user_id)}"
