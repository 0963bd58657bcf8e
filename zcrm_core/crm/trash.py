"""What is known of a record that was deleted?"""

from __future__ import annotations

from zcrm_core.crm.entity import Attribute, Entity, reference, text, time

__all__ = ["TrashRecord"]


class TrashRecord(Entity):
    """A deleted record."""

    __slots__ = ()

    #: the id that it had
    id = Attribute("id", text)
    #: the name that it had
    display_name = Attribute("display_name", text)
    #: ``recycle`` while it is in the recycle bin, ``permanent`` afterwards
    type = Attribute("type", text)
    #: the user who deleted it
    deleted_by = Attribute("deleted_by", reference)
    #: the user who had created it
    created_by = Attribute("created_by", reference)
    #: when it was deleted
    deleted_time = Attribute("deleted_time", time)
