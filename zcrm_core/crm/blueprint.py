"""Where does a record stand in its blueprint, and how does it get further?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zcrm_core.crm.batch import BatchItem, only
from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import Attribute, Entity, Reference, anything, entities, entity, flag, number, text
from zcrm_core.crm.fields import Field
from zcrm_core.crm.paths import identifier
from zcrm_core.errors import NotFound, TransportError

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Blueprint", "BlueprintAccess", "CheckList", "ProcessInfo", "Transition", "TransitionAttachment"]


class ProcessInfo(Entity):
    """The process that a record is in, and its state."""

    __slots__ = ()

    #: the field that the process moves
    field_id = Attribute("field_id", text)
    #: its API name
    api_name = Attribute("api_name", text)
    #: what a person sees for it
    field_label = Attribute("field_label", text)
    #: the field's value now
    field_value = Attribute("field_value", text)
    #: the column in which it is kept
    column_name = Attribute("column_name", text)
    #: whether the record goes on by itself
    is_continuous = Attribute("is_continuous", flag)
    #: the state that it waits for
    current_picklist = Attribute("current_picklist", anything)
    #: when the record must leave the state
    escalation = Attribute("escalation", anything)


class CheckList(Entity):
    """What is to be ticked off before a transition."""

    __slots__ = ()

    #: its title
    title = Attribute("title", text)
    #: its items, each a name and whether it is ticked
    items_list = Attribute("items", anything)


class TransitionAttachment(Entity):
    """A file that is asked for in a transition."""

    __slots__ = ()

    #: its name
    name = Attribute("name", text)
    #: its id in Zoho's store of files
    file_id = Attribute("$file_id", text)
    #: its link
    link_url = Attribute("$link_url", text)
    #: its size in bytes
    size = Attribute("fileSize", number)


class Transition(Entity):
    """A step that the record can take."""

    __slots__ = ()

    #: the transition's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: the state that it leads to
    next_field_value = Attribute("next_field_value", text)
    #: how much of the process is done then, in percent
    percent_partial_save = Attribute("percent_partial_save", anything)
    #: whether the record fulfils what the transition asks for
    criteria_matched = Attribute("criteria_matched", flag)
    #: what the transition asks for
    criteria_message = Attribute("criteria_message", text)
    #: who may take it
    execution_type = Attribute("type", text)
    #: the steps after it
    next_transitions = Attribute("next_transitions", entities(Reference))
    #: the fields that it asks for
    fields = Attribute("fields", entities(Field))
    #: the values that are known already
    data = Attribute("data", anything)
    #: the lists to be ticked off
    check_lists = Attribute("data.CheckLists", entities(CheckList))
    #: the files that are known already
    attachments = Attribute("data.Attachments", entities(TransitionAttachment))


class Blueprint(Entity):
    """A record's process and the steps that it can take."""

    __slots__ = ()

    #: the process and its state
    process_info = Attribute("process_info", entity(ProcessInfo))
    #: the steps from here
    transitions = Attribute("transitions", entities(Transition))


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
            raise TransportError("The answer holds no blueprint.", code="ZCRM-HTTP-007")
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
            "data": encode(dict(data or {}), "data"),
        }
        response = self._client.request("PUT", self._path, json={"blueprint": [step]})
        return only(response, "blueprint", "take the step")
