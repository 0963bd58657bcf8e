"""Does a store keep its promises when threads and processes use it at once?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import Final

from zcrm_contract_tests import histories
from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.playing import Recorded, in_threads, play, wrong_step
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.story import shown_error, shown_token
from zcrm_contract_tests.verdicts import Violation
from zcrm_contract_tests.worker import plain_key, token_of
from zcrm_contract_tests.workers import Worker, result_of
from zcrm_core import RefreshTimeout

_THREADS: Final = 8
_ROUNDS: Final = 12
_STEPS: Final = 8
_HEAD_START: Final = 0.05
_MANY: Final = 5
"""How many times the patience for one call all calls of all threads may take."""
_KINDS: Final = ("save", "save", "replace", "fetch", "fetch", "fetch", "delete")


@promise("TS-40")
def threads(bench: Bench) -> None:
    """Eight threads with a user each see their own tokens only, whole, and the last one that they saved."""
    store = bench.open().opened
    wrong: list[str] = []

    def use(number: int) -> None:
        key = bench.key(f"user-{number}@example.com")
        for turn in range(_ROUNDS):
            token = token_of(key.user_identifier, f"t{number}-{turn}")
            store.save(key, token)
            found = store.fetch(key)
            if found != bench.kept(token):
                wrong.append(f"a thread saved {shown_token(token)} and fetched {shown_token(found)}")
                return

    for number in range(_THREADS):
        bench.saved(bench.key(f"user-{number}@example.com"), bench.open())
    bench.story.tell(f"{_THREADS} threads save and fetch {_ROUNDS} times, each for a user of its own")
    for _ in range(max(1, bench.profile.histories // 3)):
        _all_ended(
            bench,
            in_threads([partial(use, number) for number in range(_THREADS)], bench.author.patience * _MANY),
        )
        bench.expect(not wrong, "; ".join(wrong[:1]))


@promise("TS-41")
def linearizable(bench: Bench) -> None:
    """Whatever threads and processes save, replace, fetch and delete at once, there is an order of their
    calls that explains every answer.
    """
    processes = _processes(bench)
    with ExitStack() as opened:
        workers = [opened.enter_context(bench.worker()) for _ in range(processes)]
        for worker in workers:
            worker.ready()
        for number in range(bench.profile.histories):
            _one_history(bench, workers, number)
    if not processes:
        bench.note = "threads of one process only"


def _one_history(bench: Bench, workers: Sequence[Worker], number: int) -> None:
    users = [f"h{number}-{each}@example.com" for each in range(1 + number % 2)]
    for user in users:
        bench.saved(bench.key(user), bench.open())
    scripts = [
        [_script(bench, f"{place}.{thread}", users) for thread in range(2 if workers else 4)]
        for place in range(max(1, len(workers)))
    ]
    client_id = bench.key().client_id
    recorded: list[Recorded] = []
    if workers:
        start = monotonic() + _HEAD_START
        for worker, mine in zip(workers, scripts, strict=True):
            worker.tell("play", scripts=mine, client_id=client_id, start=start)
        for worker in workers:
            recorded += result_of(worker.answer())
    else:
        recorded = play(bench.open().opened, scripts[0], client_id)
    wrong = wrong_step(recorded)
    if wrong:
        raise Violation(f"while {len(recorded)} calls were made at once, {wrong}")
    history = [_operation(step) for step in recorded]
    judgement = histories.judge(history)
    if judgement.verdict is histories.Verdict.GAVE_UP:
        bench.undecided(
            f"the history of {len(history)} calls was too much to decide: {judgement.explanation}"
        )
    if judgement.verdict is histories.Verdict.NOT_LINEARIZABLE:
        place = bench.keep_history(histories.to_json(history))
        raise Violation(
            f"no order of the calls explains what was seen for {judgement.key}\n{judgement.explanation}\n"
            f"The whole history is in {place}"
        )


def _operation(step: Recorded) -> histories.Operation:
    fields = {name: value for name, value in step.items() if name != "wrong"}
    return histories.Operation(**fields)


def _script(bench: Bench, name: str, users: Sequence[str]) -> list[list[str]]:
    # Left to chance, two that replace one token at once may not meet on a slow machine.
    duel = [["fetch", users[0], ""], ["meet", "", ""], ["replace", users[0], f"{name}.duel"]]
    steps = [
        [bench.random.choice(_KINDS), bench.random.choice(users), f"{name}.{number}"]
        for number in range(_STEPS)
    ]
    return duel + steps


@promise("TS-42", capabilities=["forks"])
def fork(bench: Bench) -> None:
    """After a fork, the parent and the child can both use the store, and the end of one takes nothing from
    the other.
    """
    if not hasattr(os, "fork"):
        bench.cannot("this system has no fork")
    key = bench.key()
    bench.saved(key, bench.open())
    with bench.worker() as worker:
        worker.ready()
        for number in range(3):
            bench.saved(bench.key(f"f{number}-child@example.com"), bench.open())
            answer = worker.ask("forked", key=plain_key(key), value=f"f{number}", times=5)
            if answer.error:
                raise Violation(f"around a fork, the store raised {answer.failure}")
            bench.expect(answer.value is None, str(answer.value))


@promise("TS-47")
def no_deadlock(bench: Bench) -> None:
    """Threads that use every hook at once, also while they hold the lock, come to an end."""
    store = bench.open().opened
    keys = [bench.key(f"user-{number}@example.com") for number in range(3)]
    for key in keys:
        bench.saved(key, bench.open())
    locks = bench.author.capabilities.locks and store.offers("zcrm_lock_token")

    def use(number: int) -> None:
        for turn in range(_ROUNDS):
            key = keys[(number + turn) % len(keys)]
            token = token_of(key.user_identifier, f"d{number}-{turn}")
            if locks:
                with store.lock(key, bench.author.patience):
                    store.fetch(key)
                    store.save(key, token)
            store.save(key, token)
            store.fetch(key)
            if turn % 3 == 0:
                store.delete(key)
            if bench.author.capabilities.lists:
                list(store.list())

    bench.story.tell(f"4 threads save, fetch, delete, list{' and lock' if locks else ''} {_ROUNDS} times")
    _all_ended(
        bench, in_threads([partial(use, number) for number in range(4)], bench.author.patience * _MANY)
    )


def _all_ended(bench: Bench, raised: Sequence[BaseException]) -> None:
    for error in raised:
        raise Violation(f"with several threads at once, {_what(error, bench)}") from error


def _what(error: BaseException, bench: Bench) -> str:
    if isinstance(error, TimeoutError) and not isinstance(error, RefreshTimeout):
        return f"the store came to no end within {bench.author.patience * _MANY:g} s"
    return f"the store raised {shown_error(error)}"


def _processes(bench: Bench) -> int:
    shared = bench.author.capabilities.shared_between_processes
    return bench.profile.processes if shared and bench.source.reference() is not None else 0
