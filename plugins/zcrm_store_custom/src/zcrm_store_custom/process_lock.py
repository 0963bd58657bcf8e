"""How do the threads of this process take turns where a class cannot compare and save in one step?"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from weakref import WeakValueDictionary

from zcrm_core import RefreshTimeout, TokenKey

__all__ = ["PROCESS_LOCK", "ProcessLock", "hold_in_process"]


class ProcessLock:
    """A lock that one thread of this process holds at a time, and that the same thread may take again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            # The thread that held it is not there in the child, so nobody would ever free it.
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


PROCESS_LOCK = ProcessLock()
"""One lock for all custom stores: two clients of this process may use one and the same place."""


class _KeyLock:
    """The refresh lock of one key; forgotten when nobody holds it or waits for it."""

    def __init__(self) -> None:
        self.held = threading.Lock()


_key_locks: WeakValueDictionary[TokenKey | str, _KeyLock] = WeakValueDictionary()
_looking = ProcessLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_key_locks.clear)  # as above


@contextmanager
def hold_in_process(whose: TokenKey | str, wait: float) -> Iterator[None]:
    """Hold the refresh lock of a token; all custom stores of this process share it, and no other process.

    Args:
        whose: the key, or the user where a class knows no more than that.
        wait: how long to wait for it, in seconds.

    Raises:
        RefreshTimeout: another thread held it all the time.
    """
    with _looking:
        lock = _key_locks.get(whose)
        if lock is None:
            lock = _key_locks[whose] = _KeyLock()
    if not lock.held.acquire(timeout=min(max(wait, 0.0), threading.TIMEOUT_MAX)):
        raise RefreshTimeout(f"Another thread has been refreshing the token of {whose} for {wait:g} s.")
    try:
        yield
    finally:
        lock.held.release()
