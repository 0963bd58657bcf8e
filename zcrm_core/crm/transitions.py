"""What is a blueprint: a process, its state, and the steps from there?"""

from __future__ import annotations

from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    Reference,
    anything,
    entities,
    entity,
    flag,
    number,
    text,
)
from zcrm_core.crm.fields import Field

__all__ = ["Blueprint", "CheckList", "ProcessInfo", "Transition", "TransitionAttachment"]


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
