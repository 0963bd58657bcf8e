"""How does nothing stay behind, even after ``kill -9``? Every server has a folder that its run holds locked.

A lock ends with the process that holds it, whatever ends that. So a folder that can be locked is left over,
and whoever starts a server next removes it, with the container that names it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["Folder", "abandoned", "sweep"]

_PREFIX: Final = "zcrm-mysql-"
_LOCK: Final = "lock"


class Folder:
    """A new folder of this process, locked until it is removed; its path is short enough for a socket."""

    def __init__(self) -> None:
        self.path: Final = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def abandoned(path: Path) -> bool:
    """Whether nobody holds this folder any more: it is gone, or its lock is free."""
    try:
        lock = os.open(path / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)


def sweep() -> None:
    """Remove the folders that killed runs of this user left."""
    for path in _own():
        if abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def _own() -> Iterator[Path]:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):
            # A folder without a lock may be one that is just being made.
            if path.stat().st_uid == os.getuid() and (path / _LOCK).exists():
                yield path
