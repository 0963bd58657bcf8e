"""Is an exception meant for the whole program, or is it the failure of the plugin that raised it?"""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterator
from types import CodeType, TracebackType
from typing import Final

__all__ = ["ends_the_program"]

_GREEN_THREADS: Final = ("greenlet", "gevent", "eventlet")
"""Their exceptions that are no ``Exception`` end a green thread, or tell it that its time is up."""


def ends_the_program(error: BaseException) -> bool:
    """Tell whether an exception came to the plugin from outside, so that it has to go on its way.

    That is Ctrl-C, whatever a signal's handler raised, and the end of a green thread. All else that a plugin
    lets out is its own failure: ``sys.exit()`` in a plugin must not end the program without a word.
    """
    if isinstance(error, Exception):
        return False
    if isinstance(error, KeyboardInterrupt) or type(error).__module__.partition(".")[0] in _GREEN_THREADS:
        return True
    handlers = set(_handlers())
    return any(code in handlers for code in _codes(error.__traceback__))


def _handlers() -> Iterator[CodeType]:
    for number in signal.valid_signals():
        handler: object = signal.getsignal(number)
        while isinstance(handler, functools.partial):
            handler = handler.func
        for function in (handler, vars(type(handler)).get("__call__")):
            code = getattr(function, "__code__", None)
            if isinstance(code, CodeType):
                yield code


def _codes(trace: TracebackType | None) -> Iterator[CodeType]:
    while trace is not None:
        yield trace.tb_frame.f_code
        trace = trace.tb_next
