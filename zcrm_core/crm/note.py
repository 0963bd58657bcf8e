"""What is known of a note?"""

from __future__ import annotations

from zcrm_core.crm.attachment import Attachment
from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    entities,
    flag,
    number,
    reference,
    text,
    time,
)

__all__ = ["Note"]


class Note(Entity):
    """One note."""

    __slots__ = ()

    #: the note's id
    id = Attribute("id", text)
    #: its title
    title = Attribute("Note_Title", text)
    #: its text
    content = Attribute("Note_Content", text)
    #: the user who owns it
    owner = Attribute("Owner", reference)
    #: the user who wrote it
    created_by = Attribute("Created_By", reference)
    #: the user who changed it last
    modified_by = Attribute("Modified_By", reference)
    #: when it was written
    created_time = Attribute("Created_Time", time)
    #: when it was changed last
    modified_time = Attribute("Modified_Time", time)
    #: the record that it belongs to
    parent = Attribute("Parent_Id", reference)
    #: that record's id
    parent_id = Attribute("Parent_Id.id", text)
    #: that record's name
    parent_name = Attribute("Parent_Id.name", text)
    #: that record's module
    parent_module = Attribute("$se_module", text, also="Parent_Id.module.api_name")
    #: its size in bytes
    size = Attribute("$size", number)
    #: whether it was spoken
    voice_note = Attribute("$voice_note", flag)
    #: whether this user may change it
    editable = Attribute("$editable", flag)
    #: the files attached to it
    attachments = Attribute("$attachments", entities(Attachment))
