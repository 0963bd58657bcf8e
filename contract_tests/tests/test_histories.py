"""Does the checker accept exactly the histories that have an order?"""

from __future__ import annotations

import itertools
import json
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zcrm_contract_tests.histories import Operation, Verdict, from_json, judge, to_json

Kind = Literal["save", "replace", "fetch", "delete"]
NO, YES = Verdict.NOT_LINEARIZABLE, Verdict.LINEARIZABLE


def call(  # noqa: PLR0917 - a history reads best as a table
    worker: str,
    began: int,
    ended: int | None,
    kind: Kind,
    value: str | None = None,
    expected: str | None = None,
    *,
    succeeded: bool = True,
    key: str = "k",
) -> Operation:
    """One call; times count as microseconds."""
    ended = None if ended is None else ended * 1000
    return Operation(worker, began * 1000, ended, kind, key, value, expected, succeeded)


SAVED = call("a", 0, 1, "save", "v1")
HISTORIES: dict[str, tuple[Verdict, list[Operation]]] = {
    "nothing": (YES, []),
    "read what was saved": (YES, [SAVED, call("b", 2, 3, "fetch", "v1")]),
    "stale read": (NO, [SAVED, call("a", 2, 3, "save", "v2"), call("b", 4, 5, "fetch", "v1")]),
    "read from nowhere": (NO, [SAVED, call("b", 2, 3, "fetch", "v9")]),
    "read before the save has begun": (NO, [call("b", 0, 1, "fetch", "v1"), call("a", 2, 3, "save", "v1")]),
    "overlapping read, old": (YES, [SAVED, call("a", 2, 9, "save", "v2"), call("b", 3, 4, "fetch", "v1")]),
    "overlapping read, new": (YES, [SAVED, call("a", 2, 9, "save", "v2"), call("b", 3, 4, "fetch", "v2")]),
    "new, then old": (
        NO,
        [
            SAVED,
            call("a", 2, 9, "save", "v2"),
            call("b", 3, 4, "fetch", "v2"),
            call("b", 5, 6, "fetch", "v1"),
        ],
    ),
    "two replaced one": (
        NO,
        [SAVED, call("a", 2, 9, "replace", "v2", "v1"), call("b", 2, 9, "replace", "v3", "v1")],
    ),
    "one of two replaced": (
        YES,
        [
            SAVED,
            call("a", 2, 9, "replace", "v2", "v1"),
            call("b", 2, 9, "replace", "v3", "v1", succeeded=False),
        ],
    ),
    "refused what was there": (NO, [SAVED, call("b", 2, 3, "replace", "v2", "v1", succeeded=False)]),
    "lost update": (
        NO,
        [
            SAVED,
            call("a", 2, 9, "replace", "v2", "v1"),
            call("b", 2, 9, "replace", "v3", "v1"),
            call("c", 10, 11, "fetch", "v3"),
        ],
    ),
    "a gap between delete and insert": (
        NO,
        [SAVED, call("a", 2, 9, "save", "v2"), call("b", 3, 4, "fetch", None)],
    ),
    "resurrected": (NO, [SAVED, call("a", 2, 3, "delete"), call("b", 4, 5, "fetch", "v1")]),
    "deleted twice": (
        NO,
        [SAVED, call("a", 2, 9, "delete"), call("b", 2, 9, "delete")],
    ),
    "deleted once, then absent": (
        YES,
        [SAVED, call("a", 2, 9, "delete"), call("b", 2, 9, "delete", succeeded=False)],
    ),
    "a save of unknown outcome that happened": (
        YES,
        [SAVED, call("a", 2, None, "save", "v2"), call("b", 50, 51, "fetch", "v2")],
    ),
    "a save of unknown outcome that did not happen": (
        YES,
        [SAVED, call("a", 2, None, "save", "v2"), call("b", 50, 51, "fetch", "v1")],
    ),
    "a save of unknown outcome that came and went": (
        NO,
        [
            SAVED,
            call("a", 2, None, "save", "v2"),
            call("b", 50, 51, "fetch", "v2"),
            call("b", 52, 53, "fetch", "v1"),
        ],
    ),
    "an unknown replacement of an unknown save": (
        YES,
        [
            call("a", 1, None, "save", "v1"),
            call("b", 2, None, "replace", "v2", "v1"),
            call("c", 5, 6, "fetch", "v2"),
        ],
    ),
    "an unknown delete explains an absence": (
        YES,
        [SAVED, call("a", 2, None, "delete"), call("b", 5, 6, "fetch", None)],
    ),
    "an unknown save has to be kept for the last of three deletes": (
        YES,
        [
            call("a", 3, 57, "delete"),
            call("b", 4, 44, "save", "v1"),
            call("c", 4, 49, "save", "v2"),
            call("d", 35, 51, "delete"),
            call("e", 55, None, "save", "v3"),
            call("f", 62, 73, "delete"),
        ],
    ),
    "keys apart": (YES, [SAVED, call("b", 2, 3, "fetch", None, key="other")]),
}


@pytest.mark.parametrize(("wanted", "history"), HISTORIES.values(), ids=HISTORIES)
def test_known_histories_are_decided(wanted: Verdict, history: list[Operation]) -> None:
    """A short history gets the verdict that a person would give."""
    assert judge(history).verdict is wanted


def _order_exists(history: Sequence[Operation]) -> bool:
    """Try every order, and every choice of the calls whose outcome is unknown."""
    known = [each for each in history if each.returned is not None]
    unknown = [each for each in history if each.returned is None and each.kind != "fetch"]
    return any(
        _in_time(order) and _explained(order)
        for size in range(len(unknown) + 1)
        for some in itertools.combinations(unknown, size)
        for order in itertools.permutations([*known, *some])
    )


def _in_time(order: Sequence[Operation]) -> bool:
    return not any(
        later.returned is not None and later.returned < earlier.invoked
        for earlier, later in itertools.combinations(order, 2)
    )


def _explained(order: Sequence[Operation]) -> bool:
    value: str | None = None
    for each in order:
        certain = each.returned is not None
        if each.kind == "fetch" and each.value != value:
            return False
        if each.kind == "replace":
            fits = value == each.expected
            if certain and fits != each.succeeded:
                return False
            value = each.value if fits else value
        if each.kind == "delete":
            if certain and (value is not None) != each.succeeded:
                return False
            value = None
        if each.kind == "save":
            value = each.value
    return True


@st.composite
def _histories(draw: st.DrawFn) -> list[Operation]:
    size = draw(st.integers(1, 6))
    values = st.sampled_from([f"v{number}" for number in range(size)])
    free = dict.fromkeys("abcd", 0)
    history = []
    for number in range(size):
        worker = draw(st.sampled_from(sorted(free)))
        began = max(free[worker], draw(st.integers(0, 6)))
        ended = began + draw(st.integers(1, 5))
        kind: Kind = draw(st.sampled_from(["save", "replace", "fetch", "delete"]))
        value = draw(st.none() | values) if kind == "fetch" else None if kind == "delete" else f"v{number}"
        expected = draw(values) if kind == "replace" else None
        unknown = draw(st.integers(0, 3)) == 0
        free[worker] = ended + 1
        history.append(
            call(
                worker,
                began,
                None if unknown else ended,
                kind,
                value,
                expected,
                succeeded=draw(st.booleans()),
            )
        )
    return history


@settings(
    max_examples=400,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(history=_histories())
def test_the_verdict_is_that_of_every_order_tried(history: list[Operation]) -> None:
    """For small histories, the search agrees with trying all orders."""
    assert (judge(history).verdict is YES) == _order_exists(history)


class Cell:
    """A register that threads share; each subclass has another way to be wrong."""

    def __init__(self) -> None:
        self._value: str | None = None
        self._lock = threading.Lock()

    def save(self, value: str) -> None:
        """Set the value."""
        with self._lock:
            self._value = value

    def fetch(self) -> str | None:
        """Give the value."""
        with self._lock:
            return self._value


class DeletesFirst(Cell):
    """Sets the value in two steps."""

    def save(self, value: str) -> None:
        self._value = None
        time.sleep(0.002)
        self._value = value


class Caches(Cell):
    """Gives a thread what it has seen before."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = threading.local()

    def fetch(self) -> str | None:
        if not hasattr(self._seen, "value"):
            self._seen.value = super().fetch()
        value: str | None = self._seen.value
        return value


def _recorded(cell: Cell, start: int, threads: int = 8, steps: int = 8) -> list[Operation]:
    history: list[Operation] = []

    def use(number: int) -> None:
        choices = random.Random(start * 100 + number)  # noqa: S311 - it draws scripts, not secrets
        for step in range(steps):
            value: str | None = f"{number}.{step}"
            kind: Kind = choices.choice(["save", "fetch", "fetch"])
            began = time.monotonic_ns()
            if kind == "fetch":
                value = cell.fetch()
            else:
                cell.save(str(value))
            ended = time.monotonic_ns()
            history.append(Operation(str(number), began, ended, kind, "k", value))
            time.sleep(choices.random() / 1000)

    running = [threading.Thread(target=use, args=(number,)) for number in range(threads)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    return history


@pytest.mark.parametrize("make", [Cell, DeletesFirst, Caches], ids=lambda make: make.__name__)
def test_real_threads_on_right_and_wrong_registers(make: Callable[[], Cell]) -> None:
    """Of thirty runs of real threads, a right register passes all, and a wrong one hardly any."""
    verdicts = [judge(_recorded(make(), start)).verdict for start in range(30)]
    assert set(verdicts) <= {YES, NO}
    assert verdicts.count(NO) == 0 if make is Cell else verdicts.count(NO) >= 25


def _long(start: int, calls: int, unknown: int) -> list[Operation]:
    """Make a history of eight workers that has an order, with calls that overlap many others."""
    choices = random.Random(start)  # noqa: S311 - as above
    lost = set(choices.sample(range(calls), unknown))
    free = [0] * 8
    value: str | None = None
    history = []
    for number in range(calls):
        worker = free.index(min(free))
        moment = max(free[worker] + 1, number * 10)
        ended = None if number in lost else moment + choices.randint(1, 60)
        free[worker] = moment + 60
        kind: Kind = choices.choice(["save", "replace", "fetch", "delete"])
        began = max(0, moment - choices.randint(1, 5))
        if kind == "fetch":
            history.append(call(str(worker), began, ended, kind, value))
        elif kind == "save":
            value = f"v{number}"
            history.append(call(str(worker), began, ended, kind, value))
        elif kind == "delete":
            history.append(call(str(worker), began, ended, kind, succeeded=value is not None))
            value = None
        elif value is not None:
            history.append(call(str(worker), began, ended, kind, f"v{number}", value))
            value = f"v{number}"
    return history


@pytest.mark.parametrize("start", range(5))
def test_two_hundred_calls_with_unknown_outcomes_are_decided(start: int) -> None:
    """A history of two hundred calls, six of them of unknown outcome, is decided either way, without giving
    up.
    """
    history = _long(start, 200, 6)
    assert judge(history).verdict is YES
    fetched = next(each for each in reversed(history) if each.kind == "fetch" and each.returned is not None)
    wrong = call(fetched.worker, 10**6, 10**6 + 1, "fetch", "v0-of-nobody")
    assert judge([*history, wrong]).verdict is NO


@pytest.mark.parametrize("start", range(5))
def test_one_wrong_answer_among_two_hundred_is_found(start: int) -> None:
    """An old value that is read again in the midst of a long history is found, and soon."""
    history = _long(start, 200, 6)
    saves = [(each, each.returned) for each in history if each.kind == "save" and each.returned is not None]
    first, first_ended = saves[0]
    at = next(
        at
        for at, each in enumerate(history)
        if at > 100 and each.kind == "fetch" and each.returned is not None and each.value != first.value
    )
    history[at] = replace(history[at], value=first.value)
    assert any(first_ended < each.invoked and end < history[at].invoked for each, end in saves)

    began = time.process_time()
    judgement = judge(history)

    assert judgement.verdict is NO
    assert f"gave {first.value}" in judgement.explanation
    assert time.process_time() - began < 1


def test_giving_up_is_said() -> None:
    """A search that is cut off is no yes."""
    judgement = judge(_long(1, 200, 6), limit=3)
    assert judgement.verdict is Verdict.GAVE_UP
    assert judgement.key == "k"
    assert "3 states" in judgement.explanation


def test_the_explanation_ends_where_the_order_ends() -> None:
    """The time-line shows each worker's calls up to the one that nothing explains, and no later one."""
    history = [
        SAVED,
        call("a", 2, 3, "save", "v2"),
        call("b", 4, 5, "fetch", "v1"),
        call("a", 20, 21, "save", "too late to matter"),
    ]
    judgement = judge([call("z", 0, 1, "save", "x", key="fine"), *history])
    assert judgement.key == "k"
    assert judgement.explanation == (
        "  a | [0-1 save v1]  [2-3 save v2]\n"
        "  b | [4-5 fetch gave v1]\n"
        "  Nothing explains: b [4-5 fetch gave v1] (times in microseconds from the start)"
    )


def _known_at(end: int, history: Sequence[Operation]) -> list[Operation]:
    """Cut a history at a moment: what had not ended by then has no outcome."""
    begun = [each for each in history if each.invoked <= end]
    return [each if (each.returned or end + 1) <= end else replace(each, returned=None) for each in begun]


@settings(
    max_examples=300,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(history=_histories())
def test_the_explanation_is_the_smallest_part_without_an_order(history: list[Operation]) -> None:
    """The call that is named ended last in the first part of the history for which no order can be found."""
    judgement = judge(history)
    if judgement.verdict is YES:
        return
    ends = sorted({each.returned for each in history if each.returned is not None})
    smallest = next(end for end in ends if not _order_exists(_known_at(end, history)))
    named = re.search(r"Nothing explains: (\w) \[\d+-(\d+) ", judgement.explanation)
    assert named is not None
    start = min(each.invoked for each in history)
    assert int(named[2]) * 1000 + start == smallest
    assert (named[1], smallest) in {(each.worker, each.returned) for each in history}


def test_a_key_without_an_order_is_told_though_another_was_too_much() -> None:
    """Giving up on one key does not hide that another key's history has no order."""
    wrong = [call("z", 0, 1, "fetch", "from nowhere", key="wrong")]
    judgement = judge([*_long(1, 200, 6), *wrong], limit=6)
    assert (judgement.verdict, judgement.key) == (NO, "wrong")


def test_a_history_can_be_kept_and_judged_again() -> None:
    """What is written as JSON is the same history when it is read."""
    history = HISTORIES["an unknown replacement of an unknown save"][1]
    assert from_json(to_json(history)) == history
    assert json.loads(to_json(history))[0]["worker"] == "a"
