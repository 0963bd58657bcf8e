"""How long does a check wait for a store that never answers?"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from zcrm_contract_tests.verdicts import NoAnswer

__all__ = ["watched", "within"]

_GRACE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.25


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Interrupt the block when it takes too long; only the main thread can be interrupted, others go on.

    An alarm that somebody else has set goes on as well and rings when it would have.

    Raises:
        NoAnswer: the block was interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise NoAnswer(f"{what} gave no answer within {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, ring)
    started = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - started), 0.001), interval)


@contextmanager
def watched(end_process: Callable[[], object]) -> Iterator[None]:
    """End the process when the store holds the main thread although its time is up.

    An alarm interrupts what is written in Python; a library in C, or a store that catches everything, can go
    on all the same.

    Args:
        end_process: says what has happened, and ends the process.
    """
    done = threading.Event()

    def watch() -> None:
        handler, since = None, time.monotonic()
        while not done.wait(_LOOK_SECONDS):
            now = signal.getsignal(signal.SIGALRM)
            rung = signal.getitimer(signal.ITIMER_REAL)[0] == 0
            if now is not handler or not rung or getattr(now, "__module__", "") != within.__module__:
                handler, since = now, time.monotonic()
            elif time.monotonic() - since > _GRACE_SECONDS:
                end_process()
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
