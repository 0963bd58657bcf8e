"""Which folder and which file does token_persistence_path mean, and may that folder hold tokens?"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from zcrm_store_file.failures import refused

__all__ = ["Place", "find_place", "make_folders"]

_NAME: Final = "zcrm_oauthtokens.txt"
_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Place:
    """An open folder and the name of the token file in it; whoever opens it must close it.

    Everything is opened relative to ``folder``, so the folder that was checked is the folder that is used.

    Args:
        path: the folder.
        name: the token file's name.

    Attributes:
        path: the token file's path, for messages.
        folder: the folder's descriptor.

    Raises:
        OSError: the folder cannot be opened.
        StoreError: others can change the folder.
    """

    __slots__ = ("folder", "name", "path")

    def __init__(self, path: str, name: str) -> None:
        self.path = f"{path}/{name}"
        self.name = name
        self.folder = _open_checked(path, path, _OPEN_FOLDER)

    def close(self) -> None:
        """Close the folder."""
        os.close(self.folder)

    @property
    def locks_path(self) -> str:
        """The path of the folder of the refresh locks, for messages."""
        return str(Path(self.path).with_suffix(".locks"))

    def open_locks_folder(self) -> int:
        """Open the folder of the refresh locks, made if it is missing, and give its descriptor.

        Raises:
            OSError: it cannot be made or opened.
            StoreError: others can change it, or it is a link or a file.
        """
        path = Path(self.locks_path)
        with suppress(FileExistsError):
            os.mkdir(path.name, 0o700, dir_fd=self.folder)
            os.chmod(path.name, 0o700, dir_fd=self.folder)  # a umask may have taken our own rights away
        try:
            return _open_checked(path.name, self.locks_path, _OPEN_FOLDER | os.O_NOFOLLOW, self.folder)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
        raise refused(
            f"At {path} there is a link or a file, not a folder.",
            "zcrm keeps its lock files there and follows no link: somebody may have put it there.",
            "Remove it; zcrm makes the folder again.",
            "ZCRM-FILE-006",
        )


def find_place(path: str) -> Place | None:
    """Find the folder and the file that a configured path means; ``None`` when the folder is not there.

    A folder gets ``zcrm_oauthtokens.txt``. A path whose last part has a suffix, or at which there is anything
    but a folder, is the file itself. What does not exist and has no suffix is a folder yet to be made.

    Raises:
        OSError: the folder cannot be opened.
        StoreError: others can change the folder.
    """
    try:
        return Place(path, _NAME)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
    if not _means_file(path):
        return None
    try:
        return Place(str(Path(path).parent), Path(path).name)
    except FileNotFoundError:
        return None


def make_folders(path: str) -> None:
    """Make the folder that a configured path means, and its parents, each 0700, where they are missing.

    Raises:
        OSError: one cannot be made.
    """
    folder = Path(path).parent if _means_file(path) else Path(path)
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        with suppress(FileExistsError):  # another process made it first
            each.mkdir(0o700)
            each.chmod(0o700)  # a umask may have taken our own rights away
        descriptor = os.open(each.parent, _OPEN_FOLDER)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _means_file(path: str) -> bool:
    # One look only: between two, another process can make the folder.
    try:
        return not stat.S_ISDIR(Path(path).stat().st_mode)
    except OSError:
        where = Path(path)
        return bool(where.suffix) or where.is_symlink()


def _open_checked(name: str, path: str, flags: int, inside: int | None = None) -> int:
    descriptor = os.open(name, flags, dir_fd=inside)
    try:
        _refuse_open_folder(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_open_folder(status: os.stat_result, path: str) -> None:
    if status.st_uid not in (os.geteuid(), 0):
        raise refused(
            f"The folder {path} belongs to another user (uid {status.st_uid}).",
            "Its owner can replace the tokens in it.",
            f"Run: chown {os.geteuid()} {path} - or set token_persistence_path to a folder of this user.",
            "ZCRM-FILE-007",
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        raise refused(
            f"Others can write in the folder {path} (mode {stat.S_IMODE(status.st_mode):04o}).",
            "Whoever can write there can replace the tokens in it.",
            f"Run: chmod go-w {path}",
            "ZCRM-FILE-005",
        )
