"""Who may act now, among all threads and processes that share a lock file?

The lock is ``flock``: it belongs to one open file, so it works between threads as well, ends with its holder
whatever ends him, and needs no clean-up. A lock file is never removed: removing it would split the lock.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import threading
import time
from datetime import datetime, timezone
from typing import Final

from zcrm_store_file.tokenfile import refuse_unsafe

__all__ = ["FileLock"]

_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MODE: Final = 0o600
_NOTE: Final = re.compile(r"(\d{1,10}) (\S+) (\d{1,11})\n")
_FIRST_PAUSE: Final = 0.0005
_LONGEST_PAUSE: Final = 0.02


class FileLock:
    """A lock file, open; whoever opens it must close it.

    Args:
        folder: the descriptor of the lock file's folder.
        name: the lock file's name; it is made if it is missing.
        path: its path, for messages.

    Raises:
        OSError: it cannot be opened.
        StoreError: it is not a regular file of this user.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, folder: int, name: str, path: str) -> None:
        with _forking:
            self._descriptor = os.open(name, _OPEN, _MODE, dir_fd=folder)
            _open_locks.add(self)
        try:
            status = os.fstat(self._descriptor)
            refuse_unsafe(status, path)
            if stat.S_IMODE(status.st_mode) != _MODE:
                os.fchmod(self._descriptor, _MODE)
        except BaseException:
            self.close()
            raise

    def acquire(self, wait: float) -> bool:
        """Take the lock; answer whether it was free within ``wait`` seconds. At least one try is made.

        Raises:
            OSError: the file system has no locks.
        """
        end = time.monotonic() + wait
        pause = _FIRST_PAUSE
        while not self._try():
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)
        return True

    def _try(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def sign(self) -> None:
        """Write into the lock file who holds it from now on."""
        note = f"{os.getpid()} {os.uname().nodename} {time.time():.0f}\n".encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, note, 0)

    def holder(self) -> str:
        """Say who signed the lock file last, and when."""
        note = _NOTE.fullmatch(os.pread(self._descriptor, 200, 0).decode("ascii", "replace"))
        if note is None:
            return "another worker"
        process, host, seconds = note.groups()
        since = datetime.fromtimestamp(int(seconds), timezone.utc)
        return f"process {process} on {host} since {since:%Y-%m-%d %H:%M:%S} UTC"

    def close(self) -> None:
        """Give the lock up, if it is held, and close the file."""
        with _forking:
            if self in _open_locks:
                _open_locks.remove(self)
                # Not left to close(): a process forked in C may have a copy of the descriptor.
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
                os.close(self._descriptor)


# A forked child gets copies of the parent's descriptors, and a lock lives as long as its last copy. The child
# closes them at once, so that a parent that dies frees its locks, and the child's own exit does not.
_open_locks: Final[set[FileLock]] = set()
_forking: Final = threading.RLock()


def _close_copies() -> None:
    for lock in _open_locks:
        os.close(lock._descriptor)  # noqa: SLF001 - the class and this function are one thing
    _open_locks.clear()
    _forking.release()


os.register_at_fork(before=_forking.acquire, after_in_parent=_forking.release, after_in_child=_close_copies)
