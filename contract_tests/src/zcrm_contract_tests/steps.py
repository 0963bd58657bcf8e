"""Which calls into C does a store make that reach a disk or a server, and what happens at each of them?

Python tells a profile function about every call of a function that is written in C, before it is made. An
error that the profile function raises takes the call's place. So a check can look, fail or die at each step
of a store of any kind, without the store's help. Only the calling thread is watched.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["READS", "failure_of", "loss_of", "watching"]

_NETWORKS: Final = frozenset({"socket", "_socket", "ssl", "_ssl"})
_DATABASES: Final = frozenset({"sqlite3", "_sqlite3"})
_MODULES: Final = frozenset({"posix", "io", "_io", "fcntl"}) | _NETWORKS | _DATABASES

_REACHES: Final = frozenset(
    {
        *(
            "open",
            "write",
            "pwrite",
            "writev",
            "flush",
            "fsync",
            "fdatasync",
            "truncate",
            "ftruncate",
            "close",
        ),
        *("replace", "rename", "unlink", "remove", "link", "symlink", "mkdir", "chmod", "fchmod", "sendfile"),
        *("flock", "lockf", "read", "pread", "fstat", "__exit__"),
        *("connect", "execute", "executemany", "executescript", "commit"),
        *("send", "sendall", "recv", "recv_into", "do_handshake"),
    }
)

_NOT_THE_STORE: Final = frozenset({__file__, logging.__file__})
"""Who writes on behalf of the store and not for it."""

_NO_SPACE: Final = frozenset(
    {"write", "pwrite", "writev", "flush", "sendfile", "ftruncate", "truncate", "mkdir"}
)
_BROKEN_DISK: Final = frozenset({"fsync", "fdatasync", "read", "pread"})
_NOT_ALLOWED: Final = frozenset({"open", "replace", "rename", "unlink", "remove", "link", "symlink"})
_DATABASE: Final = frozenset({"execute", "executemany", "executescript", "commit"})
READS: Final = frozenset({"read", "pread", "fstat", "recv", "recv_into"})
"""Calls that change nothing outside the process: a death after one leaves what a death before it would."""
_NETWORK: Final = frozenset({"send", "sendall", "recv", "recv_into", "do_handshake"})


def failure_of(module: str, call: str) -> Exception | None:
    """Give the error that a call may raise on a bad day; ``None`` for a call that does not fail by itself."""
    if module in _NETWORKS:
        return (
            ConnectionResetError(errno.ECONNRESET, "Connection reset by peer") if call in _NETWORK else None
        )
    if module in _DATABASES:
        return sqlite3.OperationalError("disk I/O error") if call in _DATABASE else None
    for calls, number in ((_NO_SPACE, errno.ENOSPC), (_BROKEN_DISK, errno.EIO), (_NOT_ALLOWED, errno.EACCES)):
        if call in calls:
            return OSError(number, os.strerror(number))
    return None


def loss_of(module: str, call: str) -> Exception | None:
    """Give the error of a call when the connection to a server is lost; ``None`` for a call to no server."""
    return failure_of(module, call) if module in _NETWORKS else None


@contextmanager
def watching(at_step: Callable[[str, str], None]) -> Iterator[None]:
    """Call ``at_step(module, call)`` before every step of the block that this thread takes.

    What it raises takes the place of the step, and ends the watching. Steps of the import system are not
    told.
    """

    def told(frame: FrameType, event: str, argument: object) -> None:
        if event != "c_call":
            return
        name = getattr(argument, "__name__", "")
        if name not in _REACHES:
            return
        module = getattr(argument, "__module__", None) or type(getattr(argument, "__self__", None)).__module__
        if module not in _MODULES or frame.f_code.co_filename.startswith("<frozen importlib"):
            return
        if frame.f_code.co_filename in _NOT_THE_STORE or _imports(frame):
            return
        at_step(module, name)

    before = sys.getprofile()
    sys.setprofile(told)
    try:
        yield
    finally:
        sys.setprofile(before)


def _imports(frame: FrameType) -> bool:
    walked: FrameType | None = frame
    for _ in range(6):
        if walked is None:
            return False
        if walked.f_code.co_filename.startswith("<frozen importlib"):
            return True
        walked = walked.f_back
    return False
