"""Which roles and profiles does the organisation have?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcrm_core.crm.collection import Collection
from zcrm_core.crm.rights import Profile, Role

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Profile", "Profiles", "Role", "Roles"]


class Roles:
    """``client.roles``: the roles of the organisation.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._roles = Collection(client, "settings/roles", Role, "role")

    def list(self) -> list[Role]:
        """Give all roles (GET settings/roles).

        Raises:
            ApiError: the CRM refused.
        """
        return self._roles.all()

    def get(self, role_id: str | int) -> Role:
        """Give one role (GET settings/roles/{id}).

        Raises:
            NotFound: there is none with this id.
            ApiError: the CRM refused.
        """
        return self._roles.one(role_id)


class Profiles:
    """``client.profiles``: the profiles of the organisation.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._profiles = Collection(client, "settings/profiles", Profile, "profile")

    def list(self) -> list[Profile]:
        """Give all profiles, without their rights (GET settings/profiles).

        Raises:
            ApiError: the CRM refused.
        """
        return self._profiles.all()

    def get(self, profile_id: str | int) -> Profile:
        """Give one profile with its rights (GET settings/profiles/{id}).

        Raises:
            NotFound: there is none with this id.
            ApiError: the CRM refused.
        """
        return self._profiles.one(profile_id)
