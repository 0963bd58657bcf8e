"""Which roles and profiles does the organisation have?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcrm_core.crm.entity import objects
from zcrm_core.crm.paths import segment
from zcrm_core.crm.rights import Profile, Role
from zcrm_core.errors import NotFound

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Profile", "Profiles", "Role", "Roles"]


class Roles:
    """``client.roles``: the roles of the organisation.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> list[Role]:
        """Give all roles (GET settings/roles).

        Raises:
            ApiError: the CRM refused.
        """
        return objects(self._client.request("GET", "settings/roles"), "roles", Role)

    def get(self, role_id: str | int) -> Role:
        """Give one role (GET settings/roles/{id}).

        Raises:
            NotFound: there is none with this id.
            ApiError: the CRM refused.
        """
        path = f"settings/roles/{segment('role id', role_id)}"
        found = objects(self._client.request("GET", path), "roles", Role)
        if not found:
            raise NotFound(f"There is no role {role_id}.")
        return found[0]


class Profiles:
    """``client.profiles``: the profiles of the organisation.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> list[Profile]:
        """Give all profiles, without their rights (GET settings/profiles).

        Raises:
            ApiError: the CRM refused.
        """
        return objects(self._client.request("GET", "settings/profiles"), "profiles", Profile)

    def get(self, profile_id: str | int) -> Profile:
        """Give one profile with its rights (GET settings/profiles/{id}).

        Raises:
            NotFound: there is none with this id.
            ApiError: the CRM refused.
        """
        path = f"settings/profiles/{segment('profile id', profile_id)}"
        found = objects(self._client.request("GET", path), "profiles", Profile)
        if not found:
            raise NotFound(f"There is no profile {profile_id}.")
        return found[0]
