"""How are notes read and written, those of one record and those of all?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zcrm_core.crm.attachments import Attachments
from zcrm_core.crm.batch import BatchItem, BatchResult, in_batches, only
from zcrm_core.crm.note import Note
from zcrm_core.crm.paging import Listing
from zcrm_core.crm.paths import checked_ids, identifier, segment
from zcrm_core.crm.versions import version
from zcrm_core.crm.writing import rows_of
from zcrm_core.errors import ApiError

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Note", "Notes", "RecordNotes"]

_FIELDS = "id,Note_Title,Note_Content,Owner,Created_By,Modified_By,Created_Time,Modified_Time,Parent_Id"


class Notes:
    """``client.notes``: the notes of the whole organisation.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._version = version(client.config.api_version)

    def list(self, *, sort_by: str | None = None, sort_order: str | None = None) -> Listing[Note]:
        """Go over all notes (GET Notes), fetching pages as they are needed.

        Args:
            sort_by: ``id``, ``Created_Time`` or ``Modified_Time``.
            sort_order: ``asc`` or ``desc``.

        Raises:
            ApiError: the CRM refused.
        """
        return _listed(self._client, "Notes", sort_by, sort_order)

    def create(self, module: str, record_id: str | int, content: str, title: str | None = None) -> BatchItem:
        """Write a note to a record (POST Notes).

        Args:
            module: the API name of the record's module.
            record_id: the record's id.
            content: the note's text.
            title: its title.

        Raises:
            ApiError: the CRM refused.
        """
        note = {"Note_Content": content, **({} if title is None else {"Note_Title": title})}
        result = self.create_many([(module, record_id, note)])
        result.raise_for_failures()
        return result[0]

    def create_many(self, notes: Iterable[tuple[str, str | int, Mapping[str, object]]]) -> BatchResult:
        """Write notes to any records (POST Notes), 100 a call.

        Args:
            notes: module, record id, and the note's fields (``Note_Content``, ``Note_Title``), each.

        Returns:
            Each note's own outcome, in the order sent.

        Raises:
            PartialFailure: a later call of a long batch failed.
            ApiError: the CRM refused the whole call.
        """
        given = [_parts(note) for note in notes]
        written = rows_of(note for _, _, note in given)
        rows = [
            {**row, **self._version.note_parent(module, identifier("record id", record_id))}
            for row, (module, record_id, _) in zip(written, given, strict=True)
        ]
        return in_batches(
            rows, lambda batch: self._client.request("POST", "Notes", json={"data": list(batch)}), new=True
        )

    def delete(self, note_ids: str | int | Iterable[str | int]) -> BatchResult:
        """Delete notes (DELETE Notes?ids=), 100 a call; results are those of :meth:`create_many`."""
        return in_batches(
            checked_ids(note_ids),
            lambda batch: self._client.request("DELETE", "Notes", params={"ids": ",".join(batch)}),
            about=str,
        )

    def attachments(self, note_id: str | int) -> Attachments:
        """Give the files attached to a note."""
        return Attachments(self._client, f"Notes/{segment('note id', note_id)}")


class RecordNotes:
    """``record.notes``: the notes of one record.

    Args:
        client: makes the calls.
        module: the API name of the record's module.
        record_id: its id.
    """

    def __init__(self, client: Client, module: str, record_id: str) -> None:
        self._client = client
        self._path = f"{segment('module name', module)}/{segment('record id', record_id)}/Notes"
        self._parent = version(client.config.api_version).note_parent(module, record_id)

    def list(self, *, sort_by: str | None = None, sort_order: str | None = None) -> Listing[Note]:
        """Go over the record's notes (GET {module}/{id}/Notes); arguments as in :meth:`Notes.list`."""
        return _listed(self._client, self._path, sort_by, sort_order)

    def create(self, content: str, title: str | None = None) -> BatchItem:
        """Write one note (POST {module}/{id}/Notes).

        Args:
            content: its text.
            title: its title.

        Raises:
            ApiError: the CRM refused.
        """
        note = {"Note_Content": content, **({} if title is None else {"Note_Title": title}), **self._parent}
        return only(self._client.request("POST", self._path, json={"data": [note]}), "data", "write the note")

    def create_many(self, notes: Mapping[str, object] | Iterable[Mapping[str, object]]) -> BatchResult:
        """Write notes (POST {module}/{id}/Notes), 100 a call.

        Args:
            notes: the fields (``Note_Content``, ``Note_Title``) of one note, or of each.

        Results and errors are those of :meth:`Notes.create_many`.
        """
        rows = [{**note, **self._parent} for note in rows_of(notes)]
        return in_batches(
            rows, lambda batch: self._client.request("POST", self._path, json={"data": list(batch)}), new=True
        )

    def update(self, note_id: str | int, content: str | None = None, title: str | None = None) -> BatchItem:
        """Change one note (PUT {module}/{id}/Notes/{note_id}).

        Args:
            note_id: the note's id.
            content: its new text; the old one stays when left out.
            title: its new title; the old one stays when left out.

        Raises:
            ApiError: the CRM refused, or nothing is to be changed.
        """
        changes = {"Note_Content": content, "Note_Title": title}
        note = {key: value for key, value in changes.items() if value is not None}
        if not note:
            raise ApiError(
                "A note is to be changed, and neither text nor title is given.",
                why="There is nothing to send.",
                fix="Pass content, title or both.",
                code="ZCRM-API-009",
            )
        path = f"{self._path}/{segment('note id', note_id)}"
        return only(
            self._client.request("PUT", path, json={"data": [note]}), "data", "change the note", note_id
        )

    def delete(self, note_id: str | int) -> BatchItem:
        """Delete one note (DELETE {module}/{id}/Notes/{note_id}).

        Raises:
            ApiError: the CRM refused.
        """
        path = f"{self._path}/{segment('note id', note_id)}"
        return only(self._client.request("DELETE", path), "data", "delete the note", note_id)


def _parts(note: tuple[str, str | int, Mapping[str, object]]) -> tuple[str, str | int, Mapping[str, object]]:
    given: object = note
    if not isinstance(given, tuple) or len(given) != 3:  # noqa: PLR2004 - module, record id and fields
        raise ApiError(
            "A note does not say to which record it belongs.",
            why="Each note is given as its record's module, the record's id, and the note's fields.",
            fix='Pass a list such as [("Leads", lead_id, {"Note_Content": "..."})].',
            code="ZCRM-API-009",
        )
    return note


def _listed(client: Client, path: str, sort_by: str | None, sort_order: str | None) -> Listing[Note]:
    fields = _FIELDS if version(client.config.api_version).needs_fields else None
    query = {"fields": fields, "sort_by": sort_by, "sort_order": sort_order}
    return Listing(client, path, "data", Note, query)
