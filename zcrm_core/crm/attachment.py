"""What is known of a file or a link that is attached to a record?"""

from __future__ import annotations

from pathlib import Path

from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    flag,
    number,
    reference,
    text,
    time,
)

__all__ = ["Attachment"]


class Attachment(Entity):
    """A file or a link attached to a record."""

    __slots__ = ()

    #: the attachment's id
    id = Attribute("id", text)
    #: the file's name, or the link
    file_name = Attribute("File_Name", text)
    #: its size in bytes
    size = Attribute("Size", number)
    #: ``Attachment`` for a file, ``Link URL`` for a link
    type = Attribute("$type", text)
    #: the file's id in Zoho's store of files
    file_id = Attribute("$file_id", text)
    #: the link
    link_url = Attribute("$link_url", text)
    #: whether this user may change it
    editable = Attribute("$editable", flag)
    #: the user who owns it
    owner = Attribute("Owner", reference)
    #: the user who attached it
    created_by = Attribute("Created_By", reference)
    #: the user who changed it last
    modified_by = Attribute("Modified_By", reference)
    #: when it was attached
    created_time = Attribute("Created_Time", time)
    #: when it was changed last
    modified_time = Attribute("Modified_Time", time)
    #: the record's module
    parent_module = Attribute("$se_module", text, also="Parent_Id.module.api_name")
    #: the record's id
    parent_id = Attribute("Parent_Id.id", text)
    #: the record's name
    parent_name = Attribute("Parent_Id.name", text)

    @property
    def file_type(self) -> str | None:
        """What follows the last dot of the file's name; ``None`` where there is no dot."""
        return None if self.file_name is None else Path(self.file_name).suffix.removeprefix(".") or None
