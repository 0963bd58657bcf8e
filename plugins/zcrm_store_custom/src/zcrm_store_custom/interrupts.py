"""Did a user's code raise this itself, or was it interrupted from outside?"""

from __future__ import annotations

import signal
import traceback
from functools import partial

__all__ = ["is_interrupt"]


def is_interrupt(error: BaseException) -> bool:
    """Tell whether an exception is Ctrl-C, or what a signal's handler raised to end a program or a wait.

    A server's worker ends that way: with ``SystemExit`` out of whatever happens to run. So do time limits.
    """
    if isinstance(error, KeyboardInterrupt):
        return True
    if isinstance(error, Exception):
        return False
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = [_code_of(handler) for handler in handlers if callable(handler)]
    return any(frame.f_code in codes for frame, _ in traceback.walk_tb(error.__traceback__))


def _code_of(handler: object) -> object:
    call = handler.func if isinstance(handler, partial) else handler
    return getattr(call if hasattr(call, "__code__") else type(call).__call__, "__code__", None)
