"""Did a user's code raise this itself, or was it interrupted from outside?"""

from __future__ import annotations

import signal
import traceback
from functools import partial
from typing import Final

__all__ = ["is_interrupt"]

_GREEN_THREADS: Final = ("greenlet", "gevent", "eventlet")
"""Their exceptions outside ``Exception`` end a green thread, or tell it that its time is up."""


def is_interrupt(error: BaseException) -> bool:
    """Tell whether an exception came from outside: Ctrl-C, a signal's handler, or the end of a green thread.

    A server's worker ends that way: with ``SystemExit`` out of whatever happens to run. So do time limits.
    """
    if isinstance(error, Exception):
        return False
    if isinstance(error, KeyboardInterrupt) or type(error).__module__.partition(".")[0] in _GREEN_THREADS:
        return True
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = [_code_of(handler) for handler in handlers if callable(handler)]
    return any(frame.f_code in codes for frame, _ in traceback.walk_tb(error.__traceback__))


def _code_of(handler: object) -> object:
    while isinstance(handler, partial):
        handler = handler.func
    return getattr(handler if hasattr(handler, "__code__") else type(handler).__call__, "__code__", None)
