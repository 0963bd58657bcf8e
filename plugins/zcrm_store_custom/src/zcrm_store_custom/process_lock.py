"""How do the threads of this process take turns where a class cannot compare and save in one step?"""

from __future__ import annotations

import os
import threading
from types import TracebackType

__all__ = ["PROCESS_LOCK", "ProcessLock"]


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
