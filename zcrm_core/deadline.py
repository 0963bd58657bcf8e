"""How does a call end in time when the other side sends a byte now and then, for ever?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

__all__ = ["in_time"]

T = TypeVar("T")


def in_time(call: Callable[[], T], seconds: float) -> T:
    """Make a call in a thread of its own, and leave it behind when it takes too long.

    A socket's time-out counts from byte to byte, and the look-up of a name has none at all, so nothing in the
    caller's own thread could end them.

    Args:
        call: what to do; once it is left behind nobody sees its result or error.
        seconds: how long to wait for it.

    Raises:
        TimeoutError: it was not done in time.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            errors.append(error)

    # In the caller's context, so that whoever traces requests sees this one where it belongs.
    context = copy_context()
    thread = threading.Thread(target=lambda: context.run(work), name="zcrm-call", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the interpreter is ending, or the machine has no thread left
        return call()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
