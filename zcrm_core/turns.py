"""Which thread of this process may act now, and what becomes of the others after a fork?"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Final
from weakref import WeakSet

from zcrm_core.errors import RefreshTimeout

__all__ = ["Turn", "importing"]

importing: Final = threading.RLock()
"""Held while a module is imported late. A fork waits for it: in the child nobody would end the import of a
thread that only the parent has, and whoever needs the module there would wait for ever."""
_turns: Final[WeakSet[Turn]] = WeakSet()


class Turn:
    """A lock that one thread of this process holds at a time, and that knows who holds it.

    In a forked child it is free: the thread that held it in the parent does not exist there, so nobody would
    ever give it up.
    """

    __slots__ = ("__weakref__", "_holder", "_lock")

    def __init__(self) -> None:
        self.renew()
        _turns.add(self)

    def renew(self) -> None:
        """Begin anew, as a lock that nobody holds."""
        self._lock = threading.Lock()
        self._holder = "another thread"

    @contextmanager
    def held(self, wait: float) -> Iterator[None]:
        """Hold the lock.

        Args:
            wait: how long entering may wait, in seconds; at least one try is made.

        Raises:
            RefreshTimeout: another thread held it all the time; the error names it.
        """
        lock = self._lock  # after a fork inside the block, this one is given up and not the child's new one
        if not lock.acquire(timeout=wait):
            raise RefreshTimeout(
                f"The token is being refreshed in this process, and that did not end within {wait:g} s.",
                why=f"The lock is held by {self._holder}.",
            )
        try:
            since = datetime.fromtimestamp(time.time(), timezone.utc)
            self._holder = (
                f"the thread {threading.current_thread().name} of process {os.getpid()} "
                f"since {since:%Y-%m-%d %H:%M:%S} UTC"
            )
            yield
        finally:
            lock.release()


def _renew_all() -> None:
    for turn in list(_turns):
        turn.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
    os.register_at_fork(
        before=importing.acquire, after_in_parent=importing.release, after_in_child=importing.release
    )
