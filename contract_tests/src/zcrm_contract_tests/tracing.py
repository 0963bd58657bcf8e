"""In which order does a store flush files, put them in place and remove them?

The functions of ``os`` are wrapped before the store is imported, so that ``from os import fsync`` gets the
wrapped one too.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["trace"]

Calls = list[dict[str, object]]


def trace(calls: Calls) -> None:
    """Note from now on what makes a change durable, with the files that it is about.

    Args:
        calls: where each call is appended, after it was made.
    """
    for name in ("fsync", "fdatasync"):
        _wrap(name, _flushing(calls, getattr(os, name)))
    for name in ("replace", "rename", "link"):
        _wrap(name, _renaming(calls, getattr(os, name)))
    _wrap("open", _opening(calls, os.open))
    for name in ("unlink", "remove"):
        _wrap(name, _removing(calls, getattr(os, name)))


def _wrap(name: str, wrapped: Callable[..., object]) -> None:
    original = getattr(os, name)
    setattr(os, name, wrapped)
    # Python 3.10's pathlib keeps what os had when pathlib was imported.
    accessor = getattr(pathlib, "_NormalAccessor", None)
    if accessor is not None and getattr(accessor, name, None) is original:
        setattr(accessor, name, staticmethod(wrapped))


def _flushing(calls: Calls, original: Callable[..., object]) -> Callable[..., object]:
    def flush(file: Any) -> object:  # noqa: ANN401 - a descriptor, or what has fileno()
        done = original(file)
        number = file if isinstance(file, int) else file.fileno()
        status = os.fstat(number)
        calls.append({"call": "flush", "file": _identity(status), "as": _content(status)})
        return done

    return flush


def _renaming(calls: Calls, original: Callable[..., object]) -> Callable[..., object]:
    def rename(source: Any, target: Any, **folders: Any) -> object:  # noqa: ANN401 - as os.rename
        file = os.stat(source, dir_fd=folders.get("src_dir_fd"), follow_symlinks=False)
        folder = _folder_of(target, folders.get("dst_dir_fd"))
        done = original(source, target, **folders)
        calls.append(
            {"call": "rename", "file": _identity(file), "folder": _identity(folder), "as": _content(file)}
        )
        return done

    return rename


def _opening(calls: Calls, original: Callable[..., int]) -> Callable[..., int]:
    def opened(path: Any, flags: int, *mode: int, **folders: Any) -> int:  # noqa: ANN401 - as os.open
        descriptor = original(path, flags, *mode, **folders)
        if flags & (os.O_SYNC | os.O_DSYNC):  # every write is flushed by itself
            calls.append({"call": "flush", "file": _identity(os.fstat(descriptor)), "as": None})
        return descriptor

    return opened


def _removing(calls: Calls, original: Callable[..., object]) -> Callable[..., object]:
    def remove(path: Any, **folders: Any) -> object:  # noqa: ANN401 - as os.unlink
        folder = _folder_of(path, folders.get("dir_fd"))
        done = original(path, **folders)
        calls.append({"call": "remove", "name": Path(os.fsdecode(path)).name, "folder": _identity(folder)})
        return done

    return remove


def _identity(status: os.stat_result) -> list[int]:
    return [status.st_dev, status.st_ino]


def _content(status: os.stat_result) -> list[int]:
    """Give what changes when a file is written."""
    return [status.st_size, status.st_mtime_ns]


def _folder_of(path: Any, descriptor: int | None) -> os.stat_result:  # noqa: ANN401 - any path
    folder = Path(os.fsdecode(path)).parent
    return os.fstat(descriptor) if descriptor is not None and folder == Path() else folder.stat()
