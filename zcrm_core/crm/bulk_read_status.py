"""How far is a job that reads, and what did it find?"""

from __future__ import annotations

from zcrm_core.crm.entity import (
    Attribute,
    Entity,
    anything,
    entity,
    flag,
    number,
    reference,
    text,
    time,
)

__all__ = ["BulkReadResult", "BulkReadStatus"]


class BulkReadResult(Entity):
    """What a job that is over found."""

    __slots__ = ()

    #: which page of 200,000 records it is
    page = Attribute("page", number)
    #: the records in it
    count = Attribute("count", number)
    #: the most records in one
    per_page = Attribute("per_page", number)
    #: where it can be fetched
    download_url = Attribute("download_url", text)
    #: whether there are further pages
    more_records = Attribute("more_records", flag)
    #: leads to the next page, where Zoho gives one
    next_page_token = Attribute("next_page_token", text)


class BulkReadStatus(Entity):
    """How far a job is."""

    __slots__ = ()

    #: the job's id
    id = Attribute("id", text)
    #: ``read``
    operation = Attribute("operation", text)
    #: ``ADDED``, ``QUEUED``, ``IN PROGRESS``, ``COMPLETED`` or ``FAILURE``
    state = Attribute("state", text)
    #: the user who asked for it
    created_by = Attribute("created_by", reference)
    #: when
    created_time = Attribute("created_time", time)
    #: what was asked for
    query = Attribute("query", anything)
    #: who is told when it is over
    callback = Attribute("callback", anything)
    #: ``csv`` or ``ics``
    file_type = Attribute("file_type", text)
    #: what was found; ``None`` until it is over
    result = Attribute("result", entity(BulkReadResult))
