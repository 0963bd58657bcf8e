"""Which variables does the organisation have?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zcrm_core.crm.arguments import one_mapping
from zcrm_core.crm.batch import BatchItem, BatchResult, in_batches, only
from zcrm_core.crm.collection import Collection
from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import Attribute, Entity, anything, entity, text
from zcrm_core.crm.paths import id_in
from zcrm_core.crm.writing import rows_of

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Variable", "VariableGroup", "VariableGroups", "Variables"]

_VARIABLES = "settings/variables"


class VariableGroup(Entity):
    """A group of variables."""

    __slots__ = ()
    points = True

    #: the group's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: the name that calls use
    api_name = Attribute("api_name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: what it is for
    description = Attribute("description", text)


class Variable(Entity):
    """A variable of the organisation."""

    __slots__ = ()

    #: the variable's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: the name that calls use
    api_name = Attribute("api_name", text)
    #: its type, such as ``text`` or ``integer``
    type = Attribute("type", text)
    #: its value; 0, false and an empty text are values, too
    value = Attribute("value", anything)
    #: what it is for
    description = Attribute("description", text)
    #: the group that it belongs to
    variable_group = Attribute("variable_group", entity(VariableGroup))


class VariableGroups:
    """``client.variable_groups``: the groups of variables.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._groups = Collection(client, "settings/variable_groups", VariableGroup, "group of variables")

    def list(self) -> list[VariableGroup]:
        """Give all groups (GET settings/variable_groups).

        Raises:
            ApiError: the CRM refused.
        """
        return self._groups.all()

    def get(self, group: str | int) -> VariableGroup:
        """Give one group, by its id or API name (GET settings/variable_groups/{id}).

        Raises:
            NotFound: there is none.
            ApiError: the CRM refused.
        """
        return self._groups.one(group)


class Variables:
    """``client.variables``: the variables of the organisation.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._variables = Collection(client, _VARIABLES, Variable, "variable")

    def list(self, *, group: str | None = None) -> list[Variable]:
        """Give all variables (GET settings/variables).

        Args:
            group: only those of the group with this id or API name.

        Raises:
            ApiError: the CRM refused.
        """
        return self._variables.all({"group": group})

    def get(self, variable: str | int, *, group: str | None = None) -> Variable:
        """Give one variable, by its id or API name (GET settings/variables/{id}).

        Args:
            variable: its id or API name.
            group: the id or API name of its group; v2 needs it.

        Raises:
            NotFound: there is none.
            ApiError: the CRM refused.
        """
        return self._variables.one(variable, {"group": group})

    def create(self, variables: Mapping[str, object] | Iterable[Mapping[str, object]]) -> BatchResult:
        """Make variables (POST settings/variables), 100 a call; each has its own outcome.

        Args:
            variables: one variable or many: ``name``, ``api_name``, ``type``, ``value``, ``description``,
                ``variable_group``.

        Raises:
            PartialFailure: a later call of a long batch failed.
            ApiError: the CRM refused the whole call.
        """
        return self._send("POST", variables)

    def update(self, variables: Mapping[str, object] | Iterable[Mapping[str, object]]) -> BatchResult:
        """Change variables (PUT settings/variables), each by its ``id``; otherwise as :meth:`create`."""
        return self._send("PUT", variables)

    def update_one(self, variable: str | int, changes: Mapping[str, object]) -> BatchItem:
        """Change one variable, by its id or API name (PUT settings/variables/{id}).

        Raises:
            ApiError: the CRM refused.
        """
        body = {"variables": [encode(one_mapping("changes", changes), "changes")]}
        response = self._client.request("PUT", self._variables.path(variable), json=body)
        return only(response, "variables", "change the variable", id_in(variable))

    def delete(self, variable: str | int) -> BatchItem:
        """Delete one variable (DELETE settings/variables/{id}).

        Raises:
            ApiError: the CRM refused.
        """
        response = self._client.request("DELETE", self._variables.path(variable))
        return only(response, "variables", "delete the variable", id_in(variable))

    def _send(
        self, method: str, variables: Mapping[str, object] | Iterable[Mapping[str, object]]
    ) -> BatchResult:
        return in_batches(
            rows_of(variables),
            lambda batch: self._client.request(method, _VARIABLES, json={"variables": list(batch)}),
            key="variables",
            about=lambda row: row.get("id"),
        )
