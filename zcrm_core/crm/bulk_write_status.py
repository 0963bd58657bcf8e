"""How far is a job that writes, and what became of its files?"""

from __future__ import annotations

from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    anything,
    entities,
    entity,
    flag,
    number,
    reference,
    text,
    time,
)

__all__ = ["BulkFile", "BulkResource", "BulkWriteStatus"]


class BulkFile(Entity):
    """What became of one file of a job."""

    __slots__ = ()

    #: ``COMPLETED``, ``FAILED`` and others
    status = Attribute("status", text)
    #: the file's name in the archive
    name = Attribute("name", text)
    #: the records that were made
    added_count = Attribute("added_count", number)
    #: the rows that were left out
    skipped_count = Attribute("skipped_count", number)
    #: the records that were changed
    updated_count = Attribute("updated_count", number)
    #: all rows
    total_count = Attribute("total_count", number)


class BulkResource(Entity):
    """One part of a job: a file, its module and its columns."""

    __slots__ = ()

    #: how far it is
    status = Attribute("status", text)
    #: what went wrong
    message = Attribute("message", text)
    #: ``data``
    type = Attribute("type", text)
    #: the module
    module = Attribute("module", anything)
    #: the uploaded file's id
    file_id = Attribute("file_id", text)
    #: whether empty values leave fields as they are
    ignore_empty = Attribute("ignore_empty", flag)
    #: the field by which records are found
    find_by = Attribute("find_by", text)
    #: which column goes to which field
    field_mappings = Attribute("field_mappings", anything)
    #: what became of the file
    file = Attribute("file", entity(BulkFile))


class BulkWriteStatus(Entity):
    """How far a job is."""

    __slots__ = ()

    #: the job's id
    id = Attribute("id", text)
    #: ``ADDED``, ``INPROGRESS``, ``COMPLETED`` or ``FAILED``
    status = Attribute("status", text)
    #: ``insert``, ``update`` or ``upsert``
    operation = Attribute("operation", text)
    #: how the file is encoded
    character_encoding = Attribute("character_encoding", text)
    #: the user who asked for it
    created_by = Attribute("created_by", reference)
    #: when
    created_time = Attribute("created_time", time)
    #: who is told when it is over
    callback = Attribute("callback", anything)
    #: its parts
    resources = Attribute("resource", entities(BulkResource))
    #: where the outcomes can be fetched; ``None`` until it is over
    download_url = Attribute("result.download_url", text)
