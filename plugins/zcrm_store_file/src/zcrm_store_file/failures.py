"""Which error tells the user of the file store what happened, why, and what to do?"""

from __future__ import annotations

import errno
from typing import Final

from zcrm_core import StoreCorrupt, StoreError, StoreUnavailable

__all__ = ["damaged", "no_token_file", "refused", "unavailable"]

_CURES: Final = {
    errno.EACCES: "Give this process's user the right to read and write there, or set another path.",
    errno.EPERM: "Give this process's user the right to read and write there, or set another path.",
    errno.ENOENT: "Make the folder again, or set another path.",
    errno.ENOTDIR: "Set token_persistence_path to a folder, or to a file in a folder.",
    errno.ELOOP: "Remove the symbolic link there: zcrm follows none to its files.",
    errno.ENOSPC: "Free some space on that disk, or set a path on another one.",
    errno.EDQUOT: "Free some space within your quota, or set a path on another disk.",
    errno.EROFS: "Mount that file system for writing, or set a path on another one.",
    errno.ENOLCK: "Set a path on a file system that has locks, such as a local disk.",
    errno.EOPNOTSUPP: "Set a path on a file system that has locks, such as a local disk.",
}


def damaged(path: str, why: str) -> StoreCorrupt:
    """Give the error for a token file, or a line in it, that cannot be read as what zcrm wrote.

    Args:
        path: the token file.
        why: the finding, one sentence without any of the content.
    """
    return StoreCorrupt(
        f"The token file {path} is damaged.",
        why=why,
        fix="Log the user in again with `zcrm login`: it repairs the file and keeps a copy of it as it was. "
        "Or restore it from a backup.",
        code="ZCRM-FILE-001",
    )


def no_token_file(path: str) -> StoreCorrupt:
    """Give the error for a file that zcrm never wrote: no login may replace it."""
    return StoreCorrupt(
        f"The file {path} is no token file of zcrm's.",
        why="Nothing in it is as zcrm writes it, so it is somebody else's, or all of it was overwritten.",
        fix=f"Set token_persistence_path to another place; or move the file away (mv {path} {path}.old) and "
        "log in again with `zcrm login`.",
        code="ZCRM-FILE-001",
    )


def refused(what: str, why: str, fix: str, code: str) -> StoreError:
    """Give the error for a file or folder that may not hold tokens as it is.

    Args:
        what: what was found, one sentence.
        why: the danger.
        fix: the cure.
        code: the whole code, such as ``ZCRM-FILE-004``.
    """
    return StoreError(what, why=why, fix=fix, code=code)


def unavailable(path: str, doing: str, error: OSError) -> StoreUnavailable:
    """Give the error for a call that the operating system refused.

    Args:
        path: the token file, or the folder of it.
        doing: ``read``, ``written`` or ``locked``.
        error: the refusal.
    """
    return StoreUnavailable(
        f"The token file at {path} cannot be {doing}.",
        why=f"The operating system says: {error.strerror or 'input/output error'}.",
        fix=_CURES.get(
            error.errno or 0, "Check that the disk works and that this user may read and write there."
        ),
        code="ZCRM-FILE-008",
    )
