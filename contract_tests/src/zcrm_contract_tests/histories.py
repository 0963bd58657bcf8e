"""Is there an order of concurrent calls that explains every answer? Decided on a recorded history.

A history is linearizable when each call can be given one moment between its start and its end, so that the
calls in the order of those moments behave like calls to a single cell (Herlihy and Wing, 1990). Each key is
decided by itself, because a history is linearizable exactly when each key's is. The search is Wing and
Gong's, with a memory of the states that led nowhere (Lowe, 2017).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Final, Literal

__all__ = ["Judgement", "Operation", "Verdict", "from_json", "judge", "to_json"]

_LIMIT: Final = 300_000
_ENDLESS: Final = float("inf")
_SHOWN: Final = 5
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
        the
            call that nothing explains; for one that was given up, how far it went; else empty.
    """

    verdict: Verdict
    key: str | None = None
    explanation: str = ""


def judge(history: Sequence[Operation], limit: int = _LIMIT) -> Judgement:
    """Decide whether a history is linearizable.

    Args:
        history: every call, in any order; values that are written differ from one another.
        limit: how many states may be looked at for each key; then it gives up, and says so.
    """
    keys: dict[str, list[Operation]] = {}
    for operation in sorted(history, key=lambda each: each.invoked):
        keys.setdefault(operation.key, []).append(operation)
    for key, operations in keys.items():
        # A fetch whose answer is unknown says nothing.
        search = _Search([each for each in operations if each.returned is not None or each.kind != "fetch"])
        verdict = search.run(limit)
        if verdict is Verdict.GAVE_UP:
            told = f"{len(operations)} calls for one key, {limit} states looked at without an end"
            return Judgement(verdict, key, told)
        if verdict is Verdict.NOT_LINEARIZABLE:
            return Judgement(verdict, key, _explained(operations, search.furthest))
    return Judgement(Verdict.LINEARIZABLE)


def to_json(history: Sequence[Operation]) -> str:
    """Write a history down, so that it can be judged again."""
    return json.dumps([asdict(operation) for operation in history], indent=1)


def from_json(text: str) -> list[Operation]:
    """Read what :func:`to_json` wrote."""
    return [Operation(**fields) for fields in json.loads(text)]


_State = tuple[int, "str | None"]


class _Search:
    """The search for an order of one key's calls, which come sorted by their start; a call is a bit of a
    number.

    Attributes:
        furthest: the end of the first call that no order reached, once the search is over.
    """

    def __init__(self, calls: Sequence[Operation]) -> None:
        self._calls = calls
        self._ends = [_ENDLESS if each.returned is None else each.returned for each in calls]
        self.furthest = 0.0
        self._seen: dict[_State, list[int]] = {}
        self._must = sum(1 << bit for bit, each in enumerate(calls) if each.returned is not None)
        self._by_end = sorted(range(len(calls)), key=lambda bit: self._ends[bit])

    def run(self, limit: int) -> Verdict:
        """Look for an order; give up after so many states."""
        waiting = [self._settled(0, None)]
        looked_at = 0
        while waiting:
            done, value = waiting.pop()
            if self._leads_nowhere_new(done, value):
                continue
            looked_at += 1
            if looked_at > limit:
                return Verdict.GAVE_UP
            if done & self._must == self._must:
                return Verdict.LINEARIZABLE
            self.furthest = max(self.furthest, self._next_end(done))
            # The last one pushed is tried first: what has to be over soonest.
            waiting.extend(self._next_states(done, value))
        return Verdict.NOT_LINEARIZABLE

    def _leads_nowhere_new(self, done: int, value: str | None) -> bool:
        """Answer whether a state was looked at that is the same but for fewer calls without an outcome used
        up.
        """
        used = done & ~self._must
        seen = self._seen.setdefault((done & self._must, value), [])
        if any(each & used == each for each in seen):
            return True
        seen.append(used)
        return False

    def _settled(self, done: int, value: str | None) -> _State:
        """Give every call its place that fits now and changes nothing: later it could not fit better."""
        moved = True
        while moved:
            moved = False
            for bit in self._possible(done):
                call = self._calls[bit]
                if call.returned is not None and _agrees(call, value):
                    done |= 1 << bit
                    moved = True
        return done, value

    def _next_states(self, done: int, value: str | None) -> Iterator[_State]:
        """Give what can be the case after one more call that changes something; the most urgent one last."""
        changes = [bit for bit in self._possible(done) if _can_change(self._calls[bit], value)]
        for bit in sorted(changes, key=lambda each: -self._ends[each]):
            call = self._calls[bit]
            after = None if call.kind == "delete" else call.value
            state = self._settled(done | 1 << bit, after)
            if call.returned is not None or state[0] != done | 1 << bit or self._needed(done, after):
                yield state

    def _needed(self, done: int, value: str | None) -> bool:
        """Answer whether a call that may come next needs this value, which one without an outcome brought.

        A call that may not have happened is only given a place where another needs it: elsewhere it could as
        well be left out, or come later.
        """
        return any(
            (call.kind == "replace" or (call.kind == "delete" and call.returned is not None))
            and _can_change(call, value)
            for call in (self._calls[bit] for bit in self._possible(done))
        )

    def _possible(self, done: int) -> Iterator[int]:
        """Give the calls that may come next: those that began before any other that is left had ended."""
        end = self._next_end(done)
        for bit, call in enumerate(self._calls):
            if call.invoked > end:
                return
            if not done >> bit & 1:
                yield bit

    def _next_end(self, done: int) -> float:
        """Give the end of the call that has to be over first of those that are left."""
        return next((self._ends[bit] for bit in self._by_end if not done >> bit & 1), _ENDLESS)


def _agrees(call: Operation, value: str | None) -> bool:
    """Answer whether a call, as it was answered, fits this value and leaves it as it is."""
    if call.kind == "fetch":
        return call.value == value
    if call.kind == "replace":
        return not call.succeeded and call.expected != value
    return call.kind == "delete" and not call.succeeded and value is None


def _can_change(call: Operation, value: str | None) -> bool:
    if call.kind == "save":
        return True
    if call.kind == "replace":
        return (call.succeeded or call.returned is None) and call.expected == value
    return call.kind == "delete" and (call.succeeded or call.returned is None) and value is not None


# -- for a person --------------------------------------------------------------------------------------


def _explained(operations: Sequence[Operation], end: float) -> str:
    """Draw a history up to the first call that nothing explains."""
    shown = [_as_known_at(end, each) for each in operations if each.invoked <= end]
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
    return "\n".join([*lines, told])


def _as_known_at(end: float, operation: Operation) -> Operation:
    """Give what was known at a moment: a call that had not ended by then had no outcome yet."""
    over = operation.returned is not None and operation.returned <= end
    return operation if over else replace(operation, returned=None)


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
