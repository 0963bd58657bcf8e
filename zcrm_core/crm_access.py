"""Which parts of the CRM does a client lead to?

The entities are imported when they are first used: a worker that only logs in never pays for them.
"""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from zcrm_core.turns import importing

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.crm.access_rights import Profiles, Roles
    from zcrm_core.crm.bulk import Bulk
    from zcrm_core.crm.modules import Modules
    from zcrm_core.crm.notes import Notes
    from zcrm_core.crm.org import Organization
    from zcrm_core.crm.record import Record
    from zcrm_core.crm.records import ModuleClient
    from zcrm_core.crm.taxes import Taxes
    from zcrm_core.crm.users import Users
    from zcrm_core.crm.variables import VariableGroups, Variables

__all__ = ["CrmAccess"]


class CrmAccess:
    """The part of :class:`Client` that leads into the CRM."""

    @property
    def users(self) -> Users:
        """The users of the organisation."""
        with importing:
            from zcrm_core.crm.users import Users

        return Users(self._client)

    @property
    def roles(self) -> Roles:
        """The roles of the organisation."""
        with importing:
            from zcrm_core.crm.access_rights import Roles

        return Roles(self._client)

    @property
    def profiles(self) -> Profiles:
        """The profiles of the organisation."""
        with importing:
            from zcrm_core.crm.access_rights import Profiles

        return Profiles(self._client)

    @property
    def org(self) -> Organization:
        """The organisation itself."""
        with importing:
            from zcrm_core.crm.org import Organization

        return Organization(self._client)

    @property
    def taxes(self) -> Taxes:
        """The taxes of the organisation."""
        with importing:
            from zcrm_core.crm.taxes import Taxes

        return Taxes(self._client)

    @property
    def variables(self) -> Variables:
        """The variables of the organisation."""
        with importing:
            from zcrm_core.crm.variables import Variables

        return Variables(self._client)

    @property
    def variable_groups(self) -> VariableGroups:
        """The groups of variables."""
        with importing:
            from zcrm_core.crm.variables import VariableGroups

        return VariableGroups(self._client)

    @property
    def notes(self) -> Notes:
        """The notes of all records."""
        with importing:
            from zcrm_core.crm.notes import Notes

        return Notes(self._client)

    @property
    def modules(self) -> Modules:
        """The modules and their fields."""
        with importing:
            from zcrm_core.crm.modules import Modules

        return Modules(self._client)

    @property
    def bulk(self) -> Bulk:
        """Jobs that read or write very many records."""
        with importing:
            from zcrm_core.crm.bulk import Bulk

        return Bulk(self._client)

    def module(self, api_name: str) -> ModuleClient:
        """Give access to the records of one module.

        Args:
            api_name: the module's API name, such as ``Leads``; Zoho tells capitals from small letters.
        """
        with importing:
            from zcrm_core.crm.records import ModuleClient

        return ModuleClient(self._client, api_name)

    def coql(self, query: str, /, **values: object) -> Iterator[Record]:
        """Go over the rows of a COQL query (POST coql), to their end and in constant memory.

        Rows come by offset as far as that reaches (10,000 rows in v2, 100,000 in v8), then by id, if the
        query selects ``id``, has no other order and no group.

        Args:
            query: the query. ``:name`` outside quotation marks is a place for a value.
            values: the values: ``client.coql("... where City = :city", city="Pune")``; any name will do.
                Nothing in a value can change what the query means.

        Raises:
            ApiError: the query cannot be sent, or the CRM refused.
            TransportError: the answer is no list of rows.
        """
        with importing:
            from zcrm_core.crm.coql import coql

        return coql(self._client, query, values)

    @property
    def field_names(self) -> dict[str, tuple[str, ...]]:
        """The API names of the fields of the modules that were asked for, to list or to check records."""
        names: dict[str, tuple[str, ...]] = self.__dict__.setdefault("_field_names", {})
        return names

    @property
    def _client(self) -> Client:
        return cast("Client", self)
