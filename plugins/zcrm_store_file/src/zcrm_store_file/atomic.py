"""How is a file replaced so that a reader, and whoever comes after a crash, sees the old or the new one?"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

__all__ = ["replace_file"]

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace_file(folder: int, name: str, parts: Iterable[bytes | memoryview]) -> None:
    """Replace or make a file, 0600 at every moment; it is durable on return.

    The temporary file has one fixed name, so a killed writer leaves one at most, and the next removes it.

    Args:
        folder: the descriptor of the file's folder. The caller holds the write lock.
        name: the file's name.
        parts: the new content, in order.

    Raises:
        OSError: a step failed; the old file is untouched and nothing is left behind. Only when the very last
            step fails, the folder's fsync, the new file is in place, and may not survive a power cut.
    """
    temporary = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder)
    descriptor = os.open(temporary, _CREATE, 0o600, dir_fd=folder)
    try:
        try:
            os.fchmod(descriptor, 0o600)  # a umask may have taken our own rights away
            for part in parts:
                _write(descriptor, memoryview(part))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):  # the first failure is the one to report
            os.unlink(temporary, dir_fd=folder)
        raise
    _sync_folder(folder)


def _write(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems know no fsync of a folder
            raise
