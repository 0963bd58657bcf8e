"""What became of each record of a batch?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, TypeVar, overload

from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.versions import MOST_RECORDS
from zcrm_core.details import in_words
from zcrm_core.errors import ApiError, PartialFailure, TransportError, ZcrmError
from zcrm_core.exact_json import JSON
from zcrm_core.redaction import masked, plain
from zcrm_core.response import Response, not_asked_for

__all__ = ["BatchItem", "BatchResult", "in_batches", "only", "refusal_of"]

T = TypeVar("T")

_SUCCESSES: Final = frozenset(
    {"SUCCESS", "ADDED_SUCCESSFULLY", "FILE_UPLOAD_SUCCESS", "SCHEDULED", "NOTHING_TO_SEND"}
)
"""The codes that say that something went through; the last is our own."""
_NO_DETAILS: Final[Mapping[str, JSON]] = MappingProxyType({})


class BatchItem:
    """The outcome of one record.

    Args:
        index: its place in what was sent, from 0.
        json: Zoho's answer for it.
    """

    __slots__ = ("_json", "index")

    def __init__(self, index: int, json: Mapping[str, JSON]) -> None:
        self.index = index
        self._json = json

    @property
    def ok(self) -> bool:
        """Whether it went through: both the status and the code say so."""
        code = self._json.get("code")
        return self._json.get("status") == "success" and isinstance(code, str) and code in _SUCCESSES

    @property
    def id(self) -> str | None:
        """The record's id; for a failure only where Zoho names one, such as the duplicate found."""
        value = self.details.get("id")
        return value if isinstance(value, str) else None

    @property
    def code(self) -> str:
        """Zoho's code, such as ``SUCCESS``.

        ``NOTHING_TO_SEND``, ``NOT_SENT`` and ``NOT_KNOWN`` are our own.
        """
        return str(self._json.get("code", ""))

    @property
    def message(self) -> str:
        """Zoho's sentence."""
        return str(self._json.get("message", ""))

    @property
    def details(self) -> Mapping[str, JSON]:
        """What Zoho adds: the id and times of a success, the field at fault of a failure."""
        value = self._json.get("details")
        return value if isinstance(value, dict) else _NO_DETAILS

    @property
    def field(self) -> str | None:
        """The API name of the field at fault, where Zoho names one."""
        value = self.details.get("api_name")
        return value if isinstance(value, str) else None

    @property
    def json_path(self) -> str | None:
        """Where the fault is in what was sent, such as ``$.data[0].Email``; v2 does not say."""
        value = self.details.get("json_path")
        return value if isinstance(value, str) else None

    @property
    def action(self) -> str | None:
        """``insert`` or ``update``, for an upsert."""
        value = self._json.get("action")
        return value if isinstance(value, str) else None

    @property
    def duplicate_field(self) -> str | None:
        """The field by which an upsert found the record, if it did."""
        value = self._json.get("duplicate_field")
        return value if isinstance(value, str) else None

    def moved(self, index: int) -> BatchItem:
        """Give the same outcome at another place."""
        return BatchItem(index, self._json)

    def __repr__(self) -> str:
        about = self.id or self.field
        return plain(f"<BatchItem {self.index}: {self.code}{f' {about}' if about else ''}>")


class BatchResult(Sequence[BatchItem]):
    """The outcomes of a batch, in the order in which the records were sent."""

    __slots__ = ("_items",)

    def __init__(self, items: Sequence[BatchItem]) -> None:
        self._items = tuple(items)

    @property
    def ok(self) -> bool:
        """Whether every record went through."""
        return not self.failed

    @property
    def succeeded(self) -> list[BatchItem]:
        """The outcomes of the records that went through."""
        return [item for item in self._items if item.ok]

    @property
    def failed(self) -> list[BatchItem]:
        """The outcomes of the records that did not."""
        return [item for item in self._items if not item.ok]

    def raise_for_failures(self) -> None:
        """Raise an error if any record failed.

        Raises:
            PartialFailure: ``error.result`` is this result.
        """
        if self.ok:
            return
        first = self.failed[0]
        error = PartialFailure(
            f"{len(self.failed)} of {len(self)} records failed; the first is number {first.index} "
            f"with {refusal_of(first)}."
        )
        error.result, error.api_code, error.details = self, first.code, first.details
        raise error

    @overload
    def __getitem__(self, index: int) -> BatchItem: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[BatchItem]: ...

    def __getitem__(self, index: int | slice) -> BatchItem | Sequence[BatchItem]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[BatchItem]:
        return iter(self._items)

    def __repr__(self) -> str:
        return f"<BatchResult {len(self.succeeded)} ok, {len(self.failed)} failed>"


def refusal_of(item: BatchItem) -> str:
    """Give Zoho's code, its sentence, and what it names as the fault, in one line without a token."""
    message = item.message.removesuffix(".")
    return plain(masked(f"{item.code}: {message}{in_words(dict(item.details))}", ()))


def in_batches(
    things: Sequence[T],
    send: Callable[[Sequence[T]], Response],
    *,
    key: str = "data",
    most: int = MOST_RECORDS,
    about: Callable[[T], object] | None = None,
    new: bool = False,
    known: Callable[[BatchResult], BatchResult] = lambda result: result,
) -> BatchResult:
    """Send things in calls of 100 and join the outcomes.

    Args:
        things: what to send; nothing is sent for none.
        send: makes one call.
        key: where the answer holds the outcomes.
        most: how many things one call takes.
        about: gives the id of a thing, where its outcome has to name the same one; a tuple where it may name
            one of several, and ``None`` for a new one.
        new: whether each success is a new thing: it has to have an id, which no other one has.
        known: gets what is known of the things, however the batch ends, and gives what the caller is told.

    Raises:
        PartialFailure: a later call failed as a whole after earlier ones went through; ``error.result`` says
            what became of each record, and its cause is the failure.
        ZcrmError: the first call failed as a whole.
        BaseException: what came from outside, such as Ctrl-C; after earlier calls went through the
            ``PartialFailure`` is its cause.
    """
    items: list[BatchItem] = []
    ids: set[str] = set()
    for start in range(0, len(things), most):
        batch = things[start : start + most]
        try:
            response = send(batch)
            outcomes = _outcomes(response, len(batch), key)
            made = [BatchItem(start + place, outcome) for place, outcome in enumerate(outcomes)]
            if about is not None:
                for item, thing in zip(made, batch, strict=True):
                    _refuse_other(item, "id", about(thing), response)
            if new:
                _refuse_twice(made, ids, response)
        except ZcrmError as error:
            if not items:
                raise
            raise _broken_off(items, len(batch), len(things), error, known) from error
        except BaseException as error:
            earlier = error.__cause__
            if isinstance(earlier, PartialFailure):  # a program may raise one error twice
                earlier = error.__cause__ = earlier.__cause__
            if items:
                failure = _broken_off(items, len(batch), len(things), error, known)
                failure.__cause__, error.__cause__ = earlier, failure
            raise
        items += made
    return known(BatchResult(items))


def only(
    response: Response,
    key: str,
    what: str,
    about: str | int | tuple[str | int, ...] | None = None,
    *,
    named: str | None = None,
) -> BatchItem:
    """Give the outcome of a call about one thing, whether it stands alone or in a list of one.

    Args:
        response: the answer.
        key: where the answer holds the list.
        what: what was to be done, for the message.
        about: the id of the thing, where its outcome has to name the same one; a tuple where it may name one
            of several.
        named: the API name of the thing; an outcome that has one has to have the same.

    Raises:
        ApiError: Zoho refused.
        TransportError: the answer holds no outcome, or one of another thing.
    """
    answer = response.json()
    if isinstance(answer, dict) and "status" in answer and "code" in answer:
        [outcome] = _told([answer], response)
        item = BatchItem(0, outcome)
    else:
        [outcome] = _outcomes(response, 1, key)
        item = BatchItem(0, outcome)
    if not item.ok:
        error = ApiError(f"Zoho CRM refused to {what}: {refusal_of(item)}.")
        error.status, error.api_code, error.details = response.status, item.code, item.details
        raise error
    _refuse_other(item, "id", about, response)
    _refuse_other(item, "api_name", named, response)
    return item


def _refuse_other(item: BatchItem, key: str, about: object, response: Response) -> None:
    """Refuse the success of another thing than was sent, whose id is ``None`` where nobody knows it yet.

    A failure may name another one, such as a duplicate.
    """
    given = item.details.get(key)
    sent = [str(each) for each in about] if isinstance(about, tuple) else [str(about)]
    if item.ok and None not in (given, about) and str(given) not in sent:
        raise not_asked_for(
            f"The answer ({response.status}) is about {given}, and {sent[0]} was sent.",
            why="Something between here and Zoho mixes up answers, so nobody knows what was changed.",
            fix="Look for a cache or a proxy in between; read the records back before you send any again.",
        )


def _outcomes(response: Response, sent: int, key: str) -> list[dict[str, JSON]]:
    answer = response.json()
    data = answer.get(key) if isinstance(answer, dict) else None
    found = data if isinstance(data, list) else []
    if len(found) != sent:
        raise _unknown(f"has {len(found)} outcomes for {sent} records", response)
    return _told(found, response)


def _told(found: Sequence[JSON], response: Response) -> list[dict[str, JSON]]:
    """Give outcomes, each of which says what became of its record.

    Raises:
        TransportError: one does not, and a failure that is none would be sent again.
    """
    outcomes = [each for each in found if isinstance(each, dict) and _says(each)]
    if len(outcomes) != len(found):
        raise _unknown(f"says of {len(outcomes)} of {len(found)} records what became of them", response)
    return outcomes


def _says(outcome: Mapping[str, JSON]) -> bool:
    words = (outcome.get("code"), outcome.get("status"))
    return all(isinstance(word, str) and word for word in words)


def _refuse_twice(made: Sequence[BatchItem], ids: set[str], response: Response) -> None:
    """Refuse new things without an id, and two with the same one.

    Raises:
        TransportError: there are such.
    """
    given = [str(item.details.get("id") or "") for item in made if item.ok]
    if not all(given):
        raise _unknown("names no id of a new record", response)
    if len({*ids, *given}) != len(ids) + len(given):
        raise _unknown("names the same id for two new records", response)
    ids.update(given)


def _unknown(what: str, response: Response) -> TransportError:
    return not_asked_for(
        f"The answer ({response.status}) {what}.",
        why="Without one outcome for each record nobody knows which of them went through.",
        fix="Read the records back before you send any of them again.",
    )


def _may_have_happened(error: BaseException) -> bool:
    """Tell whether a failed call may have written all the same: its server failed, or its answer is lost."""
    if isinstance(error, ApiError):
        return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return not isinstance(error, ZcrmError) or (isinstance(error, TransportError) and error.sent)


def _broken_off(
    done: list[BatchItem],
    underway: int,
    total: int,
    error: BaseException,
    known: Callable[[BatchResult], BatchResult],
) -> PartialFailure:
    """Tell what is known when a call in the middle fails: nothing that went through may be forgotten."""
    unknown = _may_have_happened(error)
    who = with_article(error)
    outside = f"{who[:1].upper()}{who[1:]} came in the middle of a call."
    what = error.what if isinstance(error, ZcrmError) else outside
    first = len(done)
    items = list(done)
    for index in range(first, total):
        reached = unknown and index < first + underway
        items.append(
            BatchItem(
                index,
                {
                    "code": "NOT_KNOWN" if reached else "NOT_SENT",
                    "status": "error",
                    "message": what if reached else "an earlier call of this batch failed",
                    "details": {},
                },
            )
        )
    failure = PartialFailure(
        f"The batch broke off after {first} of {total} records.",
        why=what,
        fix="See error.result: send the records with NOT_SENT again, and read back NOT_KNOWN.",
    )
    failure.result = BatchResult(items)
    with suppress(Exception):  # whatever fails here, the error that broke the batch off is the one to be told
        failure.result = known(failure.result)
    return failure
