"""Are entities read without loss, values written as Zoho takes them, and batches told whole?"""

from __future__ import annotations

import copy
import json
import pickle
import sys
import threading
import time
from collections import UserDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import count

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from zcrm_core import ApiError, PartialFailure, TransportError
from zcrm_core.crm.batch import BatchItem, BatchResult, in_batches, only
from zcrm_core.crm.convert import Converted
from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import Entity, Reference, objects
from zcrm_core.crm.jobs import MassUpdateStatus
from zcrm_core.crm.modules import Field
from zcrm_core.crm.paging import PageByPage
from zcrm_core.crm.records import Record
from zcrm_core.crm.users import User
from zcrm_core.exact_json import JSON
from zcrm_core.response import Response

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=9,
)


def answer(document: JSON, status: int = 200) -> Response:
    """An answer with this body."""
    raw = requests.Response()
    raw.status_code = status
    raw._content = json.dumps(document).encode()
    return Response(raw)


@given(st.dictionaries(st.text(), DOCUMENTS, max_size=5))
def test_a_record_is_what_zoho_sent(document: dict[str, JSON]) -> None:
    """Whatever the JSON holds, a record gives it back unchanged, and sending it back changes nothing."""
    record = Record(document)

    assert dict(record) == document
    assert encode(dict(record), "record") == document
    assert record.changes == {}


@given(DOCUMENTS)
def test_an_attribute_never_fails(value: JSON) -> None:
    """A value of an unexpected kind reads as None or empty; the value itself is still there."""
    keys = ["id", "Owner", "Created_Time", "email", "confirm", "role", "length", "custom_field"]
    document: dict[str, JSON] = {key: value for key in keys}  # noqa: C420 - fromkeys loses the type

    record, user, field = Record(document), User(document), Field(document)

    assert record.id is None or isinstance(record.id, str)
    assert record.owner is None or isinstance(record.owner, Reference)
    assert record.created_time is None or record.created_time.tzinfo is not None
    assert user.confirm in {None, True, False}
    assert field.length is None or isinstance(field.length, int)
    assert record["id"] == value


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T09:15:00+01:00", datetime(2026, 1, 31, 9, 15, tzinfo=timezone(timedelta(hours=1)))),
        ("2026-01-31T09:15:00Z", datetime(2026, 1, 31, 9, 15, tzinfo=timezone.utc)),
        ("2026-01-31T09:15:00", None),
        ("31.01.2026", None),
    ],
)
def test_times_have_an_offset_or_are_none(text: str, moment: datetime | None) -> None:
    """A time is read with its offset; a text that is no such time is None."""
    assert Record({"Created_Time": text}).created_time == moment


def test_a_time_is_written_as_zoho_takes_it() -> None:
    """ISO 8601 with the offset, without a fraction."""
    moment = datetime(2026, 1, 31, 9, 15, 7, 999, tzinfo=timezone(timedelta(hours=-3)))

    assert encode({"at": [moment]}, "x") == {"at": ["2026-01-31T09:15:07-03:00"]}


@pytest.mark.parametrize("value", [{1: 2}, {"a": {2}}, [b"x"], float("inf"), datetime(2026, 1, 1)])  # noqa: DTZ001 - that is what is refused
def test_a_value_without_a_form_is_named_by_its_place(value: object) -> None:
    """What Zoho's JSON cannot carry is an error that says where it stands."""
    with pytest.raises(ApiError, match="record 3"):
        encode(value, "record 3")


@pytest.mark.parametrize(
    ("was", "now", "changed"),
    [
        (1, True, True),
        (False, 0, True),
        ([1], [True], True),
        ({"a": 0}, {"a": False}, True),
        ("1", 1, True),
        (None, "", True),
        (2.5, Decimal("2.5"), False),
        (2, 2.0, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ([1, 2], [2, 1], True),
        ([1], [1, 1], True),
        ({"a": None}, {}, True),
    ],
)
def test_a_change_is_what_json_tells_apart(was: JSON, now: object, changed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """True is no 1 and an empty text no null; the order of keys and a number's spelling do not matter."""
    record = Record({"id": "7", "Field": was})
    record["Field"] = now

    assert ("Field" in record.changes) is changed


@pytest.mark.parametrize("key", ["role", "pick_list_values", "crypt"])
def test_nothing_inside_an_entity_can_be_changed(key: str) -> None:
    """What an entity gives, as an item, an attribute or a nested entity, is a copy; it stays as sent."""
    sent: dict[str, JSON] = {
        "role": {"name": "CEO", "id": "1"},
        "pick_list_values": [{"display_value": "a", "maps": [{"b": 1}]}],
        "crypt": {"mode": ["x"]},
    }
    before = json.dumps(sent)
    field = Field(sent)
    inner = field.pick_list_values[0].maps
    for taken in (field[key], field.get(key), dict(field)[key], field.crypt, inner):
        assert isinstance(taken, (dict, list))
        taken.clear()

    assert json.dumps(dict(field)) == before


def outcome(code: str = "SUCCESS", **more: JSON) -> dict[str, JSON]:
    """One record's outcome, as Zoho writes it."""
    return {
        "code": code,
        "status": "success" if code == "SUCCESS" else "error",
        "message": "m",
        "details": {},
        **more,
    }


def test_an_outcome_tells_what_zoho_says() -> None:
    """Every part of an outcome is an attribute, and a missing or odd part is empty."""
    item = BatchItem(3, outcome(details={"id": "7"}, action="update", duplicate_field="Email"))
    odd = BatchItem(0, {"details": 7})

    assert (item.ok, item.id, item.action, item.duplicate_field) == (True, "7", "update", "Email")
    assert (odd.ok, odd.id, odd.code, odd.message, dict(odd.details)) == (False, None, "", "", {})
    assert repr(item) == "<BatchItem 3: SUCCESS 7>"
    assert repr(BatchItem(0, outcome())) == "<BatchItem 0: SUCCESS>"


def test_a_result_is_a_sequence() -> None:
    """A result has a length, an order, slices, and tells its parts."""
    result = BatchResult([BatchItem(0, outcome()), BatchItem(1, outcome("X"))])

    assert (len(result), result[1].code, [item.code for item in result[:1]]) == (2, "X", ["SUCCESS"])
    assert repr(result) == "<BatchResult 1 ok, 1 failed>"
    with pytest.raises(PartialFailure, match="number 1 with X"):
        result.raise_for_failures()
    BatchResult([]).raise_for_failures()


@pytest.mark.parametrize("data", [None, [], [outcome()], [outcome()] * 3, {"0": outcome()}])
def test_an_answer_with_another_number_of_outcomes_is_no_success(data: JSON) -> None:
    """Two records and not two outcomes: nobody knows which went through, so that is an error."""
    with pytest.raises(TransportError, match="outcomes for 2 records") as caught:
        in_batches(["a", "b"], lambda _: answer({"data": data}))

    assert caught.value.sent


@pytest.mark.parametrize(
    "odd",
    [
        5,
        "x",
        None,
        {},
        {"id": "1"},
        {"code": "", "status": ""},
        {"code": "SUCCESS", "details": {"id": "1"}},
        {"status": "success", "details": {"id": "1"}},
        {"code": ["SUCCESS"], "status": "success"},
    ],
)
def test_an_outcome_that_says_nothing_is_no_failure(odd: JSON) -> None:
    """Such a record may have been written; told as a failure it would be sent again, and be there twice."""
    for data in ([odd, outcome()], [outcome(), odd]):
        with pytest.raises(TransportError, match="says of 1 of 2 records what became of them") as caught:
            in_batches(["a", "b"], lambda _, data=data: answer({"data": data}))  # type: ignore[misc]
        assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-007", True)
    with pytest.raises(TransportError, match="outcomes for 2 records"):
        in_batches(["a", "b"], lambda _: answer({"data": [odd, outcome(), outcome()]}))
    with pytest.raises(TransportError, match="says of 0 of 1 records"):
        only(answer({"data": [odd]}), "data", "do it")


def test_one_outcome_that_says_nothing_is_no_refusal() -> None:
    """An outcome that stands alone has to have words for its code and its status."""
    for odd in ({"code": None, "status": None}, {"code": "SUCCESS", "status": None}):
        with pytest.raises(TransportError, match="says of 0 of 1 records"):
            only(answer({**odd}), "data", "do it")


def test_new_records_have_ids_of_their_own() -> None:
    """Two new records with one id, or one with none, may be one record or none; failures need no id."""
    one, other = (outcome(details={"id": each}) for each in "12")
    failed = outcome("INVALID_DATA", details={"id": "1"})
    assert (
        in_batches(["a", "b", "c"], lambda _: answer({"data": [one, other, failed]}), new=True)[2].id == "1"
    )
    assert in_batches(["a", "b"], lambda _: answer({"data": [one, one]})).ok  # an upsert of two equal rows
    for data in ([one, one], [one, outcome()]):
        with pytest.raises(TransportError, match="names") as caught:
            in_batches(["a", "b"], lambda _, data=data: answer({"data": data}), new=True)  # type: ignore[misc]
        assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-007", True)
    with pytest.raises(PartialFailure) as partly:
        in_batches(["a", "b"], lambda _: answer({"data": [one]}), most=1, new=True)
    assert [item.code for item in partly.value.result or ()] == ["SUCCESS", "NOT_KNOWN"]


@given(st.integers(0, 350), st.integers(0, 4))
def test_every_record_has_an_outcome_wherever_a_batch_breaks(total: int, calls: int) -> None:
    """After any number of good calls, each record is told as done, not known or not sent, in its place."""
    made = 0

    def send(batch: object) -> Response:
        nonlocal made
        made += 1
        if made > calls:
            raise TransportError("broken")
        assert isinstance(batch, list)
        return answer({"data": [outcome() for _ in batch]})

    try:
        result = in_batches(list(range(total)), send)
    except PartialFailure as failure:
        assert failure.result is not None  # noqa: PT017 - both ends are right, depending on the numbers
        result = failure.result
        assert not result.ok
    except TransportError:
        assert calls == 0
        return

    assert [item.index for item in result] == list(range(total))
    assert len(result.succeeded) == min(total, calls * 100)


@pytest.mark.parametrize("code", [["SUCCESS"], {"SUCCESS": 1}, 200, True, None, "success"])
@pytest.mark.parametrize("status", ["success", ["success"], {}, True])
def test_an_outcome_of_another_form_is_no_success(code: JSON, status: JSON) -> None:
    """Whatever stands where code and status belong, it is told as a failure and stops nothing."""
    item = BatchItem(0, {"code": code, "status": status, "message": [1], "details": 7})

    assert not item.ok
    assert (item.code, item.id, item.field) == (str(code), None, None)
    with pytest.raises(PartialFailure):
        BatchResult([item]).raise_for_failures()


@pytest.mark.parametrize("outside", [KeyboardInterrupt, SystemExit, OSError, GeneratorExit])
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_what_comes_from_outside_forgets_no_record(outside: type[BaseException], calls: int) -> None:
    """Ctrl-C in a batch goes on its way, with what became of the records of earlier calls as its cause."""
    sent: list[int] = []

    def send(batch: Sequence[int]) -> Response:
        if len(sent) == calls * 100:
            raise outside("from outside")
        sent.extend(batch)
        return answer({"data": [outcome()] * len(batch)})

    with pytest.raises(outside, match="from outside") as caught:
        in_batches(range(250), send)

    failure = caught.value.__cause__
    if not calls:
        assert failure is None
        return
    assert isinstance(failure, PartialFailure)
    assert failure.result is not None
    codes = ["SUCCESS"] * 100 * calls + ["NOT_KNOWN"] * 100 + ["NOT_SENT"] * 50
    assert [item.code for item in failure.result] == codes[:250]
    article = "An" if outside is OSError else "A"
    assert failure.why == f"{article} {outside.__name__} came in the middle of a call."


def test_a_hostile_class_name_steers_no_terminal() -> None:
    """The class of a value is named in one line that can be seen."""
    hostile = type("\x1b[31mRed\n", (), {})()

    with pytest.raises(ApiError) as caught:
        encode(hostile, "x")

    assert "\\x1b[31mRed has no form" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def breaking(error: BaseException, good: int = 1) -> Callable[[Sequence[int]], Response]:
    """Make calls that go well, and then raise this."""
    calls = count()

    def send(batch: Sequence[int]) -> Response:
        if next(calls) == good:
            raise error
        return answer({"data": [outcome()] * len(batch)})

    return send


def test_a_cause_that_an_error_has_is_left() -> None:
    """An error from outside that has a cause of its own keeps it, behind what is known of the batch."""
    outside, own = OSError("outside"), LookupError("its own")
    outside.__cause__ = own

    for _ in range(2):
        with pytest.raises(OSError, match="outside"):
            in_batches(range(150), breaking(outside))

        failure = outside.__cause__
        assert isinstance(failure, PartialFailure)
        assert len(failure.result or ()) == 150
        assert failure.__cause__ is own

    with pytest.raises(OSError, match="outside"):
        in_batches(range(50), breaking(outside, good=0))
    assert outside.__cause__ is own


def test_an_error_that_is_raised_twice_tells_of_the_batch_that_it_broke_off() -> None:
    """A program may always raise the same error: what it says of one batch is not said of the next."""
    constant = OSError("always the same")
    for total, good, expected in ((150, 1, 150), (350, 2, 350), (50, 0, None)):
        with pytest.raises(OSError, match="always") as caught:
            in_batches(range(total), breaking(constant, good))
        failure = caught.value.__cause__
        if expected is None:
            assert failure is None
        else:
            assert isinstance(failure, PartialFailure)
            assert (failure.__cause__, len(failure.result or ())) == (None, expected)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TransportError("broken")])
def test_what_is_done_with_an_outcome_hides_no_error(error: BaseException) -> None:
    """Where what is known cannot be taken in, the error that broke the batch off is still the one told."""

    def known(_: BatchResult) -> BatchResult:
        raise LookupError("cannot be taken in")

    expected = PartialFailure if isinstance(error, TransportError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        in_batches(range(150), breaking(error), known=known)
    failure = caught.value if isinstance(caught.value, PartialFailure) else caught.value.__cause__
    assert isinstance(failure, PartialFailure)
    assert len(failure.result or ()) == 150


def changed() -> Record:
    """A record with a changed field, and a list that was looked at."""
    record = Record({"id": "1", "City": "Pune", "Tag": [{"name": "hot"}]})
    record["City"] = "Delhi"
    assert record["Tag"] == [{"name": "hot"}]
    return record


def test_a_copy_of_a_record_shares_no_change() -> None:
    """What is changed in a copy, in its lists as well, is no change of the record."""
    for make in (copy.copy, copy.deepcopy):
        record = changed()
        other = make(record)
        tags = other["Tag"]
        assert isinstance(tags, list)
        tags.append({"name": "new"})
        other["City"] = "Ulm"

        assert record.changes == {"City": "Delhi"}
        assert other.changes == {"City": "Ulm", "Tag": [{"name": "hot"}, {"name": "new"}]}


def test_a_copy_shares_no_value_that_was_set() -> None:
    """Values of any kind that a program set are copied as well: tuples, mappings, other records."""
    for make in (copy.copy, copy.deepcopy):
        record = Record({"id": "1"})
        row, own, other = {"a": 1}, UserDict(b=2), Record({"x": 1})
        record["Rows"], record["Own"], record["Other"] = (row,), own, other
        copied = make(record)
        row["a"], own["b"], other["x"] = 9, 9, 9

        assert copied.changes == {"Rows": [{"a": 1}], "Own": {"b": 2}, "Other": {"x": 1}}


def pickled(record: Record) -> Record:
    """A copy as another process gets it."""
    made = pickle.loads(pickle.dumps(record))  # noqa: S301 - its own
    assert isinstance(made, Record)
    return made


def test_threads_that_read_a_record_do_not_disturb_one_that_asks_for_its_changes() -> None:
    """Lists are looked at in one thread while another asks what was changed; neither fails nor loses any."""
    keys = [f"Field_{number}" for number in range(2_000)]
    record = Record({"id": "1", **{key: [key] for key in keys}})
    failed: list[BaseException] = []
    over = threading.Event()

    def ask() -> None:
        try:
            while not over.is_set():
                assert record.changes == {}
                for make in (copy.copy, copy.deepcopy, pickled):
                    assert make(record).changes == {}
        except BaseException as error:  # noqa: BLE001 - it is told below
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        read = [record[key] for key in keys]
    finally:
        over.set()
        asking.join()
        sys.setswitchinterval(interval)

    assert failed == []
    assert all(record[key] is value for key, value in zip(keys, read, strict=True))


@pytest.mark.parametrize("document", [7, [], {}, {"data": 7}, {"data": [7]}])
def test_an_answer_of_another_form_is_an_error(document: JSON) -> None:
    """An answer that is JSON and not a list of records is never taken for an empty list."""
    with pytest.raises(TransportError, match="no list named data"):
        objects(answer(document), "data", Record)


@pytest.mark.parametrize(
    ("thing", "shown"),
    [
        (Record({"id": "7", "Last_Name": "Rao", "Status": "Open"}), "<Record 7>"),
        (Record({"City": "Pune", "count": 3}), "<Record City count>"),
        (Field({"id": "8", "api_name": "City"}), "<Field 8 City>"),
        (MassUpdateStatus({"Status": "RUNNING", "Total_Count": 5}), "<MassUpdateStatus RUNNING>"),
        (Converted({"Contacts": {"id": "2"}, "Deals": None}), "<Converted account=None contact=2 deal=None>"),
        (User({"id": "7\x1b[31m\n"}), r"<User 7\x1b[31m >"),
    ],
)
def test_a_thing_shows_what_tells_it_from_others(thing: Entity, shown: str) -> None:
    """Its id and API name, else how far it is, else its keys; never a field's value or an escape."""
    assert repr(thing) == shown


class Slow(PageByPage[Entity]):
    """Pages of two things each, which come when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.go = threading.Event()

    def _next_page(self) -> list[Entity]:
        self.calls += 1
        self.go.wait(10)
        return [Entity({"id": f"{self.calls}-{place}"}) for place in range(2)]


def test_a_thread_that_waited_for_a_page_takes_of_that_page() -> None:
    """Two threads at the end of a page fetch the next one once, so that none of its rows is lost."""
    pages, came = Slow(), list[object]()
    threads = [threading.Thread(target=lambda: came.append(next(pages)["id"])) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)  # both have seen the end of the page before
    pages.go.set()
    for thread in threads:
        thread.join()

    assert (sorted(map(str, came)), pages.calls) == (["1-0", "1-1"], 1)


def test_an_entity_is_a_read_only_mapping() -> None:
    """Entities compare by content, show their kind and id, and cannot be written to."""
    user = User({"id": "7", "last_name": "A"})

    assert user == {"id": "7", "last_name": "A"}
    assert repr(user) == "<User 7>"
    assert isinstance(user, Mapping)
    with pytest.raises(TypeError):
        user["last_name"] = "B"  # type: ignore[index]  # that is what is refused
