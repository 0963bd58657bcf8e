"""How do several threads use one store at once, and how is what they saw written down?

A script is a list of ``[kind, user, value]``: it says who does what; ``meet`` waits for the other scripts of
the process. When each step begins and ends is up to the machine, and recorded. The same code runs in the
check's own process and in its workers.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from zcrm_contract_tests.worker import token_of
from zcrm_core import StaleToken, Token, TokenKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zcrm_contract_tests.capabilities import Capabilities
    from zcrm_contract_tests.opening import OpenStore
    from zcrm_core import Client

__all__ = ["Recorded", "call_in_threads", "in_threads", "play", "wrong_step"]

_LONGEST_PAUSE: Final = 0.003
_LONGEST_WAIT: Final = 5.0
"""How long a thread waits for others that a store may have held up or ended, in seconds."""
_OFTEN: Final = 1e-5
"""Seconds after which Python gives the turn to another thread; its own 5 ms would hide most races."""

Recorded = dict[str, Any]
"""One step of a history as JSON: ``worker``, ``invoked``, ``returned``, ``kind``, ``key`` and what came of
it.
"""


def play(store: OpenStore, scripts: Sequence[Sequence[Sequence[str]]], client_id: str) -> list[Recorded]:
    """Follow each script in a thread of its own, all at once; give every step that was taken."""
    name = os.getpid()
    recorded: list[Recorded] = []
    # In haste, calls meet; with pauses, no thread is through before the next one has begun.
    longest_pause = random.choice((0.0, _LONGEST_PAUSE))  # noqa: S311 - no secret
    meeting = threading.Barrier(len(scripts), timeout=_LONGEST_WAIT)

    def follow(number: int) -> None:
        steps = _followed(
            store,
            f"{name}/{number}",
            scripts[number],
            client_id,
            longest_pause=longest_pause,
            meeting=meeting,
        )
        recorded.extend(list(steps))

    in_threads([partial(follow, number) for number in range(len(scripts))])
    return recorded


def in_threads(work: Sequence[Callable[[], None]], patience: float | None = None) -> list[BaseException]:
    """Run each in a thread of its own, started together, with frequent changes of turn.

    Args:
        work: what to do.
        patience: how long to wait for all, in seconds.

    Returns:
        What they raised. A thread that did not end in time is told as a ``TimeoutError``.
    """
    barrier = threading.Barrier(len(work))
    raised: list[BaseException] = []

    def run(each: Callable[[], None]) -> None:
        try:
            barrier.wait()
            each()
        except BaseException as error:  # noqa: BLE001 - the caller decides what it means
            raised.append(error)

    threads = [threading.Thread(target=run, args=(each,), daemon=True) for each in work]
    end = None if patience is None else time.monotonic() + patience
    with _frequent_turns():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
    if any(thread.is_alive() for thread in threads):
        raised.insert(0, TimeoutError("threads that use the store at once did not come to an end"))
    return raised


def wrong_step(recorded: Sequence[Recorded]) -> str | None:
    """Say what a step saw or raised that no order of the steps explains; ``None`` when there is nothing."""
    return next((step["wrong"] for step in recorded if step["wrong"]), None)


def call_in_threads(client: Client, threads: int) -> object:
    """Call the CRM once in each thread; give how many got an answer, and the errors."""
    answers: list[int] = []

    def call() -> None:
        answers.append(client.request("GET", "org").status)

    errors = [f"{type(error).__name__}: {error}" for error in in_threads([call] * threads)]
    return {"answers": len(answers), "errors": errors}


def _followed(
    store: OpenStore,
    worker: str,
    script: Sequence[Sequence[str]],
    client_id: str,
    *,
    longest_pause: float,
    meeting: threading.Barrier,
) -> Iterator[Recorded]:
    seen: dict[str, Token | None] = {}
    for kind, user, value in script:
        if kind == "meet":
            with suppress(threading.BrokenBarrierError):
                meeting.wait()
            continue
        time.sleep(random.random() * longest_pause)  # noqa: S311 - no secret
        expected = seen.get(user)
        if kind == "replace" and expected is None:
            kind = "fetch"  # noqa: PLW2901 - there is nothing that it could replace
        step: Recorded = {
            "worker": worker,
            "kind": kind,
            "key": user,
            "value": value if kind in ("save", "replace") else None,
            "expected": expected.access_token if kind == "replace" and expected is not None else None,
            "succeeded": True,
            "wrong": None,
            "invoked": time.monotonic_ns(),
            "returned": None,
        }
        with suppress(_Unknown):
            _take(store, step, TokenKey(user, client_id, "production"), expected, seen)
            step["returned"] = time.monotonic_ns()
        yield step


class _Unknown(Exception):
    """Whether the step happened is not known."""


class _NobodySaved(Exception):
    """A token was fetched that no step has saved."""


def _whole(found: object, user: str, promised: Capabilities) -> Token | None:
    if found is None:
        return None
    if isinstance(found, Token) and found == promised.kept(token_of(user, found.access_token)):
        return found
    raise _NobodySaved(f"gave a token that nobody saved: {_described(found)}")


def _take(
    store: OpenStore, step: Recorded, key: TokenKey, expected: Token | None, seen: dict[str, Token | None]
) -> None:
    user = key.user_identifier
    try:
        if step["kind"] == "fetch":
            seen[user] = found = _whole(store.fetch(key), user, store.capabilities)
            step["value"] = found and found.access_token
        elif step["kind"] == "delete":
            step["succeeded"] = store.delete(key) is True
        else:
            token = token_of(user, step["value"])
            store.save(key, token, expected if step["kind"] == "replace" else None)
            seen[user] = token
    except StaleToken as error:
        if step["kind"] != "replace":
            step["wrong"] = f"{step['kind']} for {user!r} raised {type(error).__name__}"
            raise _Unknown from error
        step["succeeded"] = False
    except Exception as error:
        said = f"raised {type(error).__name__}: {getattr(error, 'what', error)}"
        step["wrong"] = f"{step['kind']} for {user!r} {error if isinstance(error, _NobodySaved) else said}"
        raise _Unknown from error


def _described(found: object) -> str:
    if not isinstance(found, Token):
        return type(found).__name__
    return (
        f"access {found.access_token!r}, refresh {found.refresh_token!r}, of user {found.user_identifier!r}, "
        f"api_domain {found.api_domain!r}"
    )


@contextmanager
def _frequent_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_OFTEN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
