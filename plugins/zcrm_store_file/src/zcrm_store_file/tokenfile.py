"""Is the token file one that may be trusted, and what are its bytes?"""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

from zcrm_store_file.failures import refused
from zcrm_store_file.foreign import refuse_foreign
from zcrm_store_file.place import Place

__all__ = ["MAX_BYTES", "TokenFile", "open_token_file", "refuse_unsafe"]

MAX_BYTES: Final = 1 << 30
"""The largest token file, in bytes: a file must fit into memory to be saved or checked as a whole."""

# O_NONBLOCK: opening a FIFO must not wait for a writer. It means nothing for a regular file.
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_HEAD: Final = 4096


class TokenFile:
    """An open token file, the same bytes for as long as it is open; whoever opens it must close it.

    Args:
        descriptor: the open file.
        path: its path, for messages.

    Attributes:
        size: its size in bytes.

    Raises:
        StoreError: it is not a regular file of this user that nobody else can read or write.
        StoreCorrupt: another program or a newer zcrm wrote it.
    """

    __slots__ = ("_descriptor", "_head", "path", "size")

    def __init__(self, descriptor: int, path: str) -> None:
        status = os.fstat(descriptor)
        refuse_unsafe(status, path)
        self._descriptor = descriptor
        self._head = os.pread(descriptor, _HEAD, 0)
        self.path = path
        self.size = status.st_size
        # Before the mode: Zoho's SDKs leave their files open to all, and chmod would not make them ours.
        refuse_foreign(self._head, path)
        _refuse_open_file(status, path)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """Give ``size`` bytes from ``offset`` on, or fewer where the file ends."""
        if offset + size <= len(self._head):
            return self._head[offset : offset + size]
        data = os.pread(self._descriptor, size, offset)
        wanted = min(size, self.size - offset)
        while len(data) < wanted:
            more = os.pread(self._descriptor, wanted - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data


def open_token_file(place: Place) -> TokenFile | None:
    """Open the token file of a place; ``None`` when there is none.

    Raises:
        OSError: it cannot be opened.
        StoreError: it is not a regular file of this user that nobody else can read or write.
        StoreCorrupt: another program or a newer zcrm wrote it.
    """
    try:
        descriptor = os.open(place.name, _OPEN, dir_fd=place.folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
            raise _not_regular(
                place.path, "a symbolic link" if error.errno != errno.ENXIO else "a socket"
            ) from error
        raise
    try:
        return TokenFile(descriptor, place.path)
    except BaseException:
        os.close(descriptor)
        raise


def refuse_unsafe(status: os.stat_result, path: str) -> None:
    """Let a file pass that is a regular file of this user, not larger than ``MAX_BYTES``.

    Raises:
        StoreError: it is not.
    """
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        raise _not_regular(path, kind)
    if status.st_uid != os.geteuid():
        raise refused(
            f"The file {path} belongs to another user (uid {status.st_uid}).",
            "Its owner can read and replace the tokens in it.",
            f"Give it to this process's user (chown {os.geteuid()} {path}), or run as its owner.",
            "ZCRM-FILE-007",
        )
    if status.st_size > MAX_BYTES:
        raise refused(
            f"The file {path} has {status.st_size} bytes; the limit is {MAX_BYTES}.",
            "A token file is read as a whole when it is checked or changed.",
            "If it is not a token file, set another token_persistence_path; if it is, use the MySQL store.",
            "ZCRM-FILE-010",
        )


def _not_regular(path: str, kind: str) -> Exception:
    return refused(
        f"At {path} there is {kind}, not a regular file.",
        "zcrm follows no link and reads no pipe: somebody may have put it there to catch or plant tokens.",
        "Remove it, or set token_persistence_path to a real file or folder.",
        "ZCRM-FILE-006",
    )


def _refuse_open_file(status: os.stat_result, path: str) -> None:
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise refused(
            f"Others can use the token file {path} (mode {stat.S_IMODE(status.st_mode):04o}).",
            "Whoever reads a token can act as its user, and whoever writes one can plant his own.",
            f"Run: chmod 600 {path} - and if others were on this machine, log in again.",
            "ZCRM-FILE-004",
        )
