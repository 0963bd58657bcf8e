"""How long does a check wait for a store that never answers?"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from zcrm_contract_tests.verdicts import NoAnswer

__all__ = ["within"]


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
