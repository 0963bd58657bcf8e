"""How are the records of a module written and deleted?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from zcrm_core.crm.arguments import combined, one_mapping, text_list, with_article
from zcrm_core.crm.batch import BatchItem, BatchResult, in_batches, only
from zcrm_core.crm.encode import encode
from zcrm_core.crm.field_names import refuse_unknown
from zcrm_core.crm.jobs import MassUpdate
from zcrm_core.crm.paths import checked_ids, identifier, segment
from zcrm_core.crm.reading import RecordReading
from zcrm_core.crm.record import Record
from zcrm_core.errors import ApiError
from zcrm_core.exact_json import JSON
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.transport import Params

__all__ = ["RecordWriting", "rows_of"]


class RecordWriting(RecordReading):
    """What :class:`ModuleClient` writes."""

    def checked(
        self, records: Mapping[str, object] | Iterable[Mapping[str, object]]
    ) -> list[Mapping[str, object]]:
        """Give records back, once each of their names is a field of the module (GET settings/fields).

        Zoho drops the values of names that it does not know and answers success, so a misspelt name is lost:
        ``leads.create(leads.checked(rows))``. The fields are asked for once a client.

        Args:
            records: one record or many; of a :class:`Record` that was read the changes are looked at.

        Raises:
            ApiError: a name is no field; the message has the record's place and the nearest field.
        """
        given = _listed(records)
        rows = [record.changes if isinstance(record, Record) and record.id else record for record in given]
        refuse_unknown(self._client, self.api_name, rows)
        return given

    def create(
        self,
        records: Mapping[str, object] | Iterable[Mapping[str, object]],
        *,
        trigger: Sequence[str] | None = None,
        lar_id: str | None = None,
        process: Sequence[str] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> BatchResult:
        """Create records (POST {module}), 100 a call.

        Zoho drops a field that the module does not have and answers success; :meth:`checked` refuses it.

        Args:
            records: one record or many, each a mapping of API names to values.
            trigger: which automation runs: ``["workflow"]``, ``[]`` for none; all when left out.
            lar_id: the assignment rule that chooses the owner of a lead.
            process: the processes that run, such as ``["review_process"]``.
            options: more of what Zoho takes beside the records, such as ``skip_feature_execution`` of v8.

        Returns:
            Each record's own outcome, in the order sent; look at it, or call ``raise_for_failures()``.

        Raises:
            PartialFailure: a later call of a long batch failed; ``error.result`` says what became of each.
                What comes from outside in the middle, such as Ctrl-C, has it as its ``__cause__``.
            ApiError: the CRM refused the whole call, or a value cannot be sent.
        """
        rows = rows_of(records)
        return self._write("POST", self._path, rows, _beside(trigger, lar_id, process, options), new=True)

    def update(
        self,
        records: Mapping[str, object] | Iterable[Mapping[str, object]],
        *,
        trigger: Sequence[str] | None = None,
        process: Sequence[str] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> BatchResult:
        """Update records (PUT {module}; for one PUT {module}/{id}), 100 a call.

        Each holds its ``id`` and the fields to change. Zoho drops a field that the module does not have and
        answers success; :meth:`checked` refuses it.

        Of a :class:`Record` that was read only what was changed since is sent; an untouched one is not sent,
        and its outcome is ``NOTHING_TO_SEND``. ``None`` empties a field.

        Arguments, results and errors are those of :meth:`create`.
        """
        given = _listed(records)
        path = self._path
        rows = [_changed(record, index) for index, record in enumerate(given)]
        sent = [
            place for place, row in enumerate(rows) if len(row) > 1 or not isinstance(given[place], Record)
        ]
        extra = _beside(trigger, None, process, options)
        if isinstance(records, Mapping):
            path = f"{path}/{segment('record id', str(rows[0]['id']))}"
        return self._write(
            "PUT",
            path,
            [rows[place] for place in sent],
            extra,
            about=itemgetter("id"),
            known=lambda done: _settled(given, rows, sent, done),
        )

    def upsert(
        self,
        records: Mapping[str, object] | Iterable[Mapping[str, object]],
        *,
        duplicate_check_fields: Sequence[str] | None = None,
        trigger: Sequence[str] | None = None,
        lar_id: str | None = None,
        process: Sequence[str] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> BatchResult:
        """Update the records that are there and create the others (POST {module}/upsert), 100 a call.

        Zoho drops a field that the module does not have and answers success; :meth:`checked` refuses it.

        Args:
            records: one record or many.
            duplicate_check_fields: the fields that tell whether a record is there, in this order; Zoho's
                own, such as the e-mail address of a lead, when left out.
            trigger, lar_id, process, options: as in :meth:`create`.

        Results and errors are those of :meth:`create`; each item tells its ``action``.
        """
        given = _listed(records)
        rows = rows_of(given)
        for record, row in zip(given, rows, strict=True):
            if isinstance(record, Record):
                record._refuse_twice(row)  # noqa: SLF001 - the two modules are one thing
        extra = _beside(trigger, lar_id, process, options, duplicate_check_fields)

        def known(done: BatchResult) -> BatchResult:
            _let_know(given, rows, done)
            return done

        return self._write("POST", f"{self._path}/upsert", rows, extra, known=known)

    def delete(
        self, record_ids: str | int | Iterable[str | int], *, wf_trigger: bool | None = None
    ) -> BatchResult:
        """Delete records (DELETE {module}?ids=; for one DELETE {module}/{id}), 100 a call.

        They go to the recycle bin for 60 days.

        Args:
            record_ids: one id or many.
            wf_trigger: whether workflows run; Zoho's own choice, which is yes, when left out.

        Results and errors are those of :meth:`create`.
        """
        ids = checked_ids(record_ids)
        query: Params = {"wf_trigger": wf_trigger}
        if isinstance(record_ids, (str, int)):
            path = f"{self._path}/{segment('record id', ids[0])}"
            return in_batches(ids, lambda _: self._client.request("DELETE", path, params=query), about=str)
        return in_batches(
            ids,
            lambda batch: self._client.request(
                "DELETE", self._path, params={**query, "ids": ",".join(batch)}
            ),
            about=str,
        )

    def mass_update(
        self,
        record_ids: Iterable[str | int],
        values: Mapping[str, object],
        *,
        trigger: Sequence[str] | None = None,
    ) -> BatchResult:
        """Give many records the same values (PUT {module}), 100 a call; ``None`` empties a field.

        Args:
            record_ids: the records.
            values: the fields with their new values.
            trigger: as in :meth:`create`.

        Results and errors are those of :meth:`create`.
        """
        changes = combined(_values(values), {}, "values", own=("id",))
        if not changes:
            raise ApiError(
                "A mass update has no value to set.",
                why="Zoho would answer success for each record and change none.",
                fix="Pass at least one field with its value; None empties it.",
                code="ZCRM-API-009",
            )
        rows = [{**changes, "id": record_id} for record_id in checked_ids(record_ids)]
        return self._write(
            "PUT", self._path, rows, _beside(trigger, None, None, None), about=itemgetter("id")
        )

    def mass_update_view(
        self, custom_view: str | int, values: Mapping[str, object], *, over_write: bool | None = None
    ) -> MassUpdate:
        """Give all records of a custom view the same value, as a job (POST {module}/actions/mass_update).

        Args:
            custom_view: the view's id.
            values: the field with its new value; Zoho takes one field.
            over_write: whether fields that have a value are changed as well.

        Raises:
            ApiError: the CRM refused.
            TransportError: the answer names no job.
        """
        body: dict[str, JSON] = {
            "data": [_values(values)],
            "cvid": identifier("custom view id", custom_view),
        }
        if over_write is not None:
            body["over_write"] = over_write
        path = f"{self._path}/actions/mass_update"
        item = only(self._client.request("POST", path, json=body), "data", "change the records of a view")
        job_id = item.details.get("job_id")
        if not isinstance(job_id, str) or not job_id:
            raise not_asked_for(
                "The answer does not name the job that changes the records of the view.",
                why="Without its id nobody can look how far it is.",
                fix="Read the records back before you start the job again.",
            )
        return MassUpdate(self._client, path, job_id)

    def _write(
        self,
        method: str,
        path: str,
        rows: Sequence[dict[str, JSON]],
        extra: Mapping[str, JSON],
        *,
        about: Callable[[dict[str, JSON]], object] | None = None,
        new: bool = False,
        known: Callable[[BatchResult], BatchResult] = lambda result: result,
    ) -> BatchResult:
        return in_batches(
            rows,
            lambda batch: self._client.request(method, path, json={"data": list(batch), **extra}),
            about=about,
            new=new,
            known=known,
        )


def rows_of(records: Mapping[str, object] | Iterable[Mapping[str, object]]) -> list[dict[str, JSON]]:
    """Turn records into what is sent, whole.

    Raises:
        ApiError: one is no mapping, or holds a value that cannot be sent.
    """
    return [_row(record, index) for index, record in enumerate(_listed(records))]


def _listed(records: Mapping[str, object] | Iterable[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Give one record or many as a list.

    Raises:
        ApiError: one is no mapping.
    """
    single = isinstance(records, (Mapping, str)) or not isinstance(records, Iterable)
    listed: list[object] = [records] if single else list(records)
    rows = [record for record in listed if isinstance(record, Mapping)]
    if len(rows) != len(listed):
        index, strange = next(pair for pair in enumerate(listed) if not isinstance(pair[1], Mapping))
        raise ApiError(
            f"Record {index} is {with_article(strange)}.",
            why="A record is a mapping of the fields' API names to their values.",
            fix='Pass mappings such as {"Last_Name": "Smith"}.',
            code="ZCRM-API-009",
        )
    return rows


def _row(record: Mapping[str, object], index: int) -> dict[str, JSON]:
    return cast("dict[str, JSON]", encode(dict(record), f"record {index}"))


def _values(values: object) -> dict[str, JSON]:
    """Turn the values of a mass update into what is sent."""
    return _row(one_mapping("values", values), 0)


def _changed(record: Mapping[str, object], index: int) -> dict[str, JSON]:
    """Give what an update sends of a record: its id, and all of a mapping or the changes of a record."""
    row = {**record.changes, "id": record.id} if isinstance(record, Record) else _row(record, index)
    if not row.get("id"):
        raise ApiError(
            f"Record {index} of the update has no id.",
            why="Zoho updates a record by its id.",
            fix='Put the record\'s id under "id", or use upsert.',
            code="ZCRM-API-009",
        )
    return {**row, "id": identifier(f"id of record {index}", row["id"])}


def _settled(
    given: Sequence[Mapping[str, object]],
    rows: Sequence[dict[str, JSON]],
    sent: Sequence[int],
    done: BatchResult,
) -> BatchResult:
    """Put the outcomes where their records stood."""
    items = [BatchItem(place, _nothing_to_send(row)) for place, row in enumerate(rows)]
    for place, item in zip(sent, done, strict=True):
        items[place] = item.moved(place)
    _let_know([given[place] for place in sent], [rows[place] for place in sent], done)
    return BatchResult(items)


def _let_know(
    records: Sequence[Mapping[str, object]], rows: Sequence[dict[str, JSON]], outcomes: Sequence[BatchItem]
) -> None:
    """Let the records that went through know what Zoho holds now; an upsert may have made another one."""
    for record, row, item in zip(records, rows, outcomes, strict=False):
        if item.ok and isinstance(record, Record) and record.id is not None and item.id in (None, record.id):
            record._accept(row, item.details)  # noqa: SLF001 - the two modules are one thing


def _nothing_to_send(row: Mapping[str, JSON]) -> dict[str, JSON]:
    return {
        "code": "NOTHING_TO_SEND",
        "details": {"id": row["id"]},
        "message": "the record was not changed here",
        "status": "success",
    }


def _beside(
    trigger: Sequence[str] | None,
    lar_id: str | None,
    process: Sequence[str] | None,
    options: Mapping[str, object] | None,
    duplicate_check_fields: Sequence[str] | None = None,
) -> dict[str, JSON]:
    """Give what stands beside the records in a call."""
    lists = {
        "trigger": trigger,
        "process": process,
        "duplicate_check_fields": duplicate_check_fields,
    }
    given: dict[str, object] = {
        name: None if values is None else text_list(name, values) for name, values in lists.items()
    }
    extra = combined(options, {"lar_id": lar_id, **given}, "options", own=("data",))
    return {key: encode(value, key) for key, value in extra.items()}
