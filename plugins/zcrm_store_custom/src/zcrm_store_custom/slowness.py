"""How does somebody who waits learn that it is code of their own that does not come to an end?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

__all__ = ["SECONDS", "told_when_slow"]

SECONDS: Final = 20.0
"""After how long it is told. The slowest honest imports take two seconds on a cold disk."""

_LOGGER: Final = logging.getLogger("zcrm")


@contextmanager
def told_when_slow(what: str) -> Iterator[None]:
    """Log a warning when a user's code takes longer than ``SECONDS``; it goes on all the same.

    Args:
        what: the file, module or class that runs, as the start of a sentence.
    """
    timer = threading.Timer(SECONDS, _tell, (what, SECONDS))
    timer.daemon = True
    with suppress(RuntimeError):  # a program that is about to end starts no thread
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tell(what: str, seconds: float) -> None:
    _LOGGER.warning(
        "%s has been running for %g s, and the client that needs it waits. It is your own code, so nothing "
        "stops it: look where it waits (Ctrl-C shows that), and give what it waits for a time limit.",
        what,
        seconds,
    )
