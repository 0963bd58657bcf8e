"""Is there an order of concurrent calls that explains every answer? Decided on a recorded history.

A history is linearizable when each call can be given one moment between its start and its end, so that the
calls in the order of those moments behave like calls to a single cell (Herlihy and Wing, 1990). Each key is
decided by itself, because a history is linearizable exactly when each key's is. The search is Wing and
Gong's, with a memory of the states that led nowhere (Lowe, 2017).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Final, Literal

__all__ = ["Judgement", "Operation", "Verdict", "from_json", "judge", "to_json"]

# About ten seconds on a slow core.
_LIMIT: Final = 200_000
_ENDLESS: Final = float("inf")
_SHOWN: Final = 5
_PROBES: Final = 10
_NS_PER_US: Final = 1000


@dataclass(frozen=True, slots=True)
class Operation:
    """One call, as its caller saw it.

    Args:
        worker: who called.
        invoked: when the call began, in ns of one clock that all workers share.
        returned: when it ended, in ns; ``None`` when its outcome is unknown: it may have happened, may still
            happen, or may never.
        kind: what was called; ``replace`` is a save with ``replaces``.
        key: whose token.
        value: what was written, or found by a fetch; ``None`` for nothing.
        expected: what a ``replace`` wanted to be there.
        succeeded: for ``replace``, whether it was done; for ``delete``, whether it answered that one was
        there.
    """

    worker: str
    invoked: int
    returned: int | None
    kind: Literal["save", "replace", "fetch", "delete"]
    key: str
    value: str | None
    expected: str | None = None
    succeeded: bool = True


class Verdict(Enum):
    """What is known of a history."""

    LINEARIZABLE = "linearizable"
    NOT_LINEARIZABLE = "not linearizable"
    GAVE_UP = "gave up"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a history.

    Args:
        verdict: the verdict.
        key: the key whose history has no order, or was too much; ``None`` when linearizable.
        explanation: the smallest part from the start that has no order, as a time-line of each worker, and
            the call that nothing explains; for one that was given up, how far it went; else empty.
    """

    verdict: Verdict
    key: str | None = None
    explanation: str = ""


def judge(history: Sequence[Operation], limit: int = _LIMIT) -> Judgement:
    """Decide whether a history is linearizable.

    Args:
        history: every call, in any order; values that are written differ from one another.
        limit: how many states may be looked at, in equal shares for the keys; then it gives up, and says so.
    """
    keys: dict[str, list[Operation]] = {}
    for operation in sorted(history, key=lambda each: each.invoked):
        keys.setdefault(operation.key, []).append(operation)
    share = limit // max(1, len(keys))
    undecided = Judgement(Verdict.LINEARIZABLE)
    for key, operations in keys.items():
        verdict = _Search(operations).run(share)
        if verdict is Verdict.NOT_LINEARIZABLE:
            return Judgement(verdict, key, _explained(operations, share))
        if verdict is Verdict.GAVE_UP:
            # Another key may still be decided: a proof that a store is wrong is worth more.
            told = f"{len(operations)} calls for one key, {share} states looked at without an end"
            undecided = Judgement(verdict, key, told)
    return undecided


def to_json(history: Sequence[Operation]) -> str:
    """Write a history down, so that it can be judged again."""
    return json.dumps([asdict(operation) for operation in history], indent=1)


def from_json(text: str) -> list[Operation]:
    """Read what :func:`to_json` wrote."""
    return [Operation(**fields) for fields in json.loads(text)]


_NOTHING: Final = 0
_UNWANTED: Final = -1
_State = tuple[int, int]


class _Search:
    """The search for an order of one key's calls.

    A call is a bit of a number, in the order of the ends, so that the lowest bit that is left is the most
    urgent call; a value is a number as well. A state is the calls that are done and the value they left.
    """

    def __init__(self, calls: Sequence[Operation]) -> None:
        # A fetch whose answer is unknown says nothing.
        telling = [each for each in calls if each.returned is not None or each.kind != "fetch"]
        self._calls = sorted(telling, key=_end)
        self._numbers: dict[str | None, int] = {None: _NOTHING}
        self._values = [self._number(None if each.kind == "delete" else each.value) for each in self._calls]
        self._expected = [self._number(each.expected) for each in self._calls]
        self._must = sum(1 << bit for bit, each in enumerate(self._calls) if each.returned is not None)
        began = sorted((each.invoked, 1 << bit) for bit, each in enumerate(self._calls))
        self._open: list[int] = []
        open_now, at = 0, 0
        for call in self._calls:
            while at < len(began) and began[at][0] <= _end(call):
                open_now |= began[at][1]
                at += 1
            self._open.append(open_now)
        size = len(self._numbers)
        self._writers, self._wanted, self._asked = [0] * size, [0] * size, [0] * size
        for bit, call in enumerate(self._calls):
            self._note(1 << bit, call, self._values[bit], self._expected[bit])
        self._seen: dict[_State, list[int]] = {}

    def _number(self, value: str | None) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def _note(self, bit: int, call: Operation, value: int, expected: int) -> None:
        """Note which values a call may bring, has to meet, and can tell from others."""
        certain = call.returned is not None
        if call.kind != "fetch" and (call.succeeded or not certain):
            self._writers[value] |= bit
        if call.kind == "fetch":
            self._asked[value] |= bit
            self._wanted[value] |= bit
        elif call.kind == "replace":
            self._asked[expected] |= bit
            if certain and call.succeeded:
                self._wanted[expected] |= bit
        elif call.kind == "delete" and certain and not call.succeeded:
            self._wanted[_NOTHING] |= bit

    def run(self, limit: int) -> Verdict:
        """Look for an order; give up after so many states."""
        waiting = [self._settled(0, _NOTHING)]
        looked_at = 0
        while waiting:
            done, value = waiting.pop()
            if not self._is_new(done, value):
                continue
            looked_at += 1
            if looked_at > limit:
                return Verdict.GAVE_UP
            if done & self._must == self._must:
                return Verdict.LINEARIZABLE
            # The last one pushed is tried first: what has to be over soonest.
            waiting.extend(reversed(list(self._next_states(done, value))))
        return Verdict.NOT_LINEARIZABLE

    def _is_new(self, done: int, value: int) -> bool:
        """Answer whether no state was looked at that is the same, or has used up fewer calls without an
        outcome.
        """
        used = done & ~self._must
        seen = self._seen.setdefault((done & self._must, value), [])
        if any(each & used == each for each in seen):
            return False
        seen.append(used)
        return True

    def _settled(self, done: int, value: int) -> _State:
        """Give every call its place that fits now and changes nothing: later it could not fit better."""
        moved = True
        while moved:
            moved = False
            for bit in _each(self._possible(done) & self._must):
                if self._agrees(bit, value):
                    done |= 1 << bit
                    moved = True
        # Values that no call left can tell from others are one: there is something.
        if value > _NOTHING and not self._asked[value] & ~done:
            value = _UNWANTED
        return done, value

    def _next_states(self, done: int, value: int) -> Iterator[_State]:
        """Give what can be the case after one more call that changes something; the most urgent one first."""
        for bit in _each(self._possible(done)):
            after = done | 1 << bit
            if not self._can_change(bit, value) or self._too_early(after, value):
                continue
            state = self._settled(after, self._values[bit])
            if self._must >> bit & 1 or state[0] != after or self._needed(after, self._values[bit]):
                yield state

    def _too_early(self, after: int, value: int) -> bool:
        """Answer whether a call is left that has to meet the old value, and none that could bring it back."""
        return value >= _NOTHING and bool(self._wanted[value] & ~after) and not self._writers[value] & ~after

    def _needed(self, done: int, value: int) -> bool:
        """Answer whether a call that may come next needs this value, which one without an outcome brought.

        A call that may not have happened is only given a place where another needs it: elsewhere it could as
        well be left out, or come later.
        """
        return any(
            self._calls[bit].kind != "save"
            and (self._calls[bit].kind == "replace" or self._must >> bit & 1)
            and self._can_change(bit, value)
            for bit in _each(self._possible(done))
        )

    def _possible(self, done: int) -> int:
        """Give the calls that may come next: those that began before any other that is left had ended."""
        left = self._must & ~done
        if not left:
            return 0
        most_urgent = (left & -left).bit_length() - 1
        return self._open[most_urgent] & ~done

    def _agrees(self, bit: int, value: int) -> bool:
        """Answer whether a call, as it was answered, fits this value and leaves it as it is."""
        call = self._calls[bit]
        if call.kind == "fetch":
            return self._values[bit] == value
        if call.kind == "replace":
            return not call.succeeded and self._expected[bit] != value
        return call.kind == "delete" and not call.succeeded and value == _NOTHING

    def _can_change(self, bit: int, value: int) -> bool:
        call = self._calls[bit]
        if call.kind == "save":
            return True
        if call.kind == "fetch" or (call.returned is not None and not call.succeeded):
            return False
        return self._expected[bit] == value if call.kind == "replace" else value != _NOTHING


def _end(call: Operation) -> float:
    return _ENDLESS if call.returned is None else call.returned


def _each(bits: int) -> Iterator[int]:
    """Give the places of the bits that are set, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


# -- for a person --------------------------------------------------------------------------------------


def _explained(operations: Sequence[Operation], limit: int) -> str:
    """Draw the smallest part, from the start, of a history without an order that has none itself."""
    ends = sorted({each.returned for each in operations if each.returned is not None})
    doubts = False

    def rejected(end: int) -> bool:
        nonlocal doubts
        verdict = _Search(_as_known_at(end, operations)).run(limit // _PROBES)
        doubts = doubts or verdict is Verdict.GAVE_UP
        return verdict is Verdict.NOT_LINEARIZABLE

    # What has no order at one moment has none later, so the moment can be found by halving.
    end = ends[bisect_left(ends, True, hi=len(ends) - 1, key=rejected)]  # noqa: FBT003 - the value looked for
    shown = _as_known_at(end, operations)
    first = min(each.invoked for each in shown)
    last = next(each for each in shown if each.returned == end)
    rows: dict[str, list[str]] = {}
    for operation in shown:
        rows.setdefault(operation.worker, []).append(_cell(operation, first))
    width = max(map(len, rows))
    lines = [
        f"  {worker:<{width}} | {'... ' if len(cells) > _SHOWN else ''}{'  '.join(cells[-_SHOWN:])}"
        for worker, cells in rows.items()
    ]
    told = f"  Nothing explains: {last.worker} {_cell(last, first)} (times in microseconds from the start)"
    if doubts:
        told += "\n  A smaller part may have no order either: looking for it took too long."
    return "\n".join([*lines, told])


def _as_known_at(end: int, operations: Sequence[Operation]) -> list[Operation]:
    """Give what was known at a moment: a call that had not ended by then had no outcome yet."""
    return [
        each if each.returned is not None and each.returned <= end else replace(each, returned=None)
        for each in operations
        if each.invoked <= end
    ]


_DONE: Final[Mapping[str, tuple[str, str]]] = {
    "replace": ("done", "refused"),
    "delete": ("was there", "was absent"),
}


def _cell(operation: Operation, first: int) -> str:
    began = (operation.invoked - first) // _NS_PER_US
    ended = "..." if operation.returned is None else str((operation.returned - first) // _NS_PER_US)
    told: str = operation.kind
    if operation.kind == "replace":
        told += f" {operation.expected} by {operation.value}"
    elif operation.kind == "save":
        told += f" {operation.value}"
    elif operation.kind == "fetch" and operation.returned is not None:
        told += f" gave {operation.value or 'nothing'}"
    if operation.kind in _DONE and operation.returned is not None:
        told += f": {_DONE[operation.kind][not operation.succeeded]}"
    return f"[{began}-{ended} {told}]"
