"""Who are the users of the organisation?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zcrm_core.crm.entity import Attribute, Entity, flag, objects, reference, text, time
from zcrm_core.crm.paging import pages
from zcrm_core.crm.paths import segment
from zcrm_core.errors import NotFound

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["User", "Users"]


class User(Entity):
    """One user of the organisation."""

    __slots__ = ()

    #: the user's id
    id = Attribute("id", text)
    #: Zoho's id of the account
    zuid = Attribute("zuid", text)
    #: the e-mail address, by which tokens are usually named
    email = Attribute("email", text)
    #: the whole name
    full_name = Attribute("full_name", text)
    #: the first name
    first_name = Attribute("first_name", text)
    #: the last name
    last_name = Attribute("last_name", text)
    #: ``active``, ``disabled`` and others
    status = Attribute("status", text)
    #: whether the invitation was accepted
    confirm = Attribute("confirm", flag)
    #: the role in the hierarchy
    role = Attribute("role", reference)
    #: the profile, which holds the rights
    profile = Attribute("profile", reference)
    #: the time zone, such as ``Europe/Berlin``
    time_zone = Attribute("time_zone", text)
    #: the language, such as ``en_US``
    language = Attribute("language", text)
    #: when the user was added
    created_time = Attribute("created_time", time)


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
        """
        response = self._client.request("GET", f"users/{segment('user id', user_id)}")
        found = objects(response, "users", User)
        if not found:
            raise NotFound(f"There is no user {user_id}.")
        return found[0]

    def current(self) -> User:
        """Give the user whose token is used (GET users?type=CurrentUser).

        Raises:
            NotFound: Zoho names none.
            ApiError: the CRM refused.
        """
        found = next(self.list(type="CurrentUser"), None)
        if found is None:
            raise NotFound("Zoho names no current user.")
        return found

    def list(self, type: str = "AllUsers") -> Iterator[User]:  # noqa: A002 - Zoho's own name
        """Go over the users of a kind, fetching pages as they are needed (GET users).

        Args:
            type: ``AllUsers``, ``ActiveUsers``, ``AdminUsers``, ``CurrentUser`` or another of Zoho's kinds.

        Raises:
            ApiError: the CRM refused.
        """
        for page in pages(self._client, "users", "users", User, {"type": type}):
            yield from page
