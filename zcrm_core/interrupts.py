"""Is an exception meant for the whole program, or is it the failure of the code that let it out?"""

from __future__ import annotations

import functools
import signal
import traceback
from typing import Final

__all__ = ["ends_the_program"]

_GREEN_THREADS: Final = ("greenlet", "gevent", "eventlet")
"""Their exceptions that are no ``Exception`` end a green thread, or tell it that its time is up."""


def ends_the_program(error: BaseException) -> bool:
    """Tell whether an exception came to somebody's code from outside, so that it has to go on its way.

    That is Ctrl-C, whatever a signal's handler raised, and the end of a green thread. All else that a plugin
    lets out, or a user's class that a plugin calls, is its own failure: ``sys.exit()`` in it must not end the
    program without a word.

    Args:
        error: what was caught, with its traceback.
    """
    if isinstance(error, Exception):
        return False
    if isinstance(error, KeyboardInterrupt) or type(error).__module__.partition(".")[0] in _GREEN_THREADS:
        return True
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = [_code_of(handler) for handler in handlers if callable(handler)]
    return any(frame.f_code in codes for frame, _ in traceback.walk_tb(error.__traceback__))


def _code_of(handler: object) -> object:
    while isinstance(handler, functools.partial):
        handler = handler.func
    return getattr(handler if hasattr(handler, "__code__") else type(handler).__call__, "__code__", None)
