"""What does the one file in a bulk job's archive hold, without trusting the archive?"""

from __future__ import annotations

import io
import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath, PureWindowsPath
from typing import BinaryIO, Final, TextIO

from zcrm_core.download import Download
from zcrm_core.errors import ApiError

__all__ = ["Lines", "lines_of", "member", "stored", "unsafe"]

_MOST_PACKED: Final = 2 * 1024**3
_MOST_BYTES: Final = 8 * 1024**3
"""What an archive may hold when it is unpacked: 200,000 records of 200 fields are far below that."""
_MOST_RATIO: Final = 1_000
_PLAIN_BYTES: Final = 16 * 1024 * 1024
"""An archive below this may be packed as tightly as it likes: a column of equal values packs well."""
_LONGEST_ITEM: Final = 16 * 1024 * 1024
"""Characters of one row or event: 500 fields of 32,000 characters."""
_LARGEST_DIRECTORY: Final = 1024 * 1024
"""Bytes of an archive's directory, which holds one file: zipfile reads it whole."""
_PACKINGS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE: Final = (EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def stored(download: Download) -> BinaryIO:
    """Put a download where it can be unpacked: in a file without a name.

    Raises:
        ApiError: it is far larger than an archive of a bulk job.
        TransportError: the connection broke before the last byte.
        OSError: there is no room for it.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with download:
            _copy(download, file)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _copy(download: Download, file: BinaryIO) -> None:
    came = 0
    for piece in download:
        came += len(piece)
        if max(came, download.size or 0) > _MOST_PACKED:
            raise unsafe(f"It has more than {_MOST_PACKED:,} bytes.")
        file.write(piece)


@contextmanager
def lines_of(file: BinaryIO, ending: str) -> Iterator[Lines]:
    """Open the one file of an archive as text in UTF-8, and close the archive in the end.

    Args:
        file: the archive.
        ending: the file's kind, such as ``.csv``.

    Raises:
        ApiError: the archive cannot be used; also while the lines are read.
    """
    try:
        with (
            file,
            zipfile.ZipFile(_Careful(file)) as archive,
            archive.open(member(archive, ending)) as packed,
            io.TextIOWrapper(packed, "utf-8-sig", newline="") as text,
        ):
            yield Lines(text)
    except UnicodeDecodeError:
        raise unsafe("It is damaged, or not in UTF-8.") from None
    except _DAMAGE:
        raise unsafe("It is no zip archive, or damaged.") from None


class Lines(Iterator[str]):
    """The lines of a text, which end as they do there; so many that one row or event never fills the memory.

    Args:
        text: where they are read.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._left = _LONGEST_ITEM

    def begin(self) -> None:
        """Begin another row or event."""
        self._left = _LONGEST_ITEM

    def __next__(self) -> str:
        line = self._text.readline(self._left + 1)
        self._left -= len(line)
        if self._left < 0:
            raise unsafe(f"A row or an event of its file has more than {_LONGEST_ITEM:,} characters.")
        if not line:
            raise StopIteration
        return line


def member(archive: zipfile.ZipFile, ending: str) -> zipfile.ZipInfo:
    """Give the one file of an archive, after a look at what the archive says about it.

    Raises:
        ApiError: there is not exactly one, it is of another kind, its path leads out of its folder, or it is
            far larger than the archive can be meant to be.
    """
    members = [info for info in archive.infolist() if not info.filename.endswith("/")]
    if len(members) != 1:
        raise unsafe(f"It holds {len(members)} files, and Zoho sends one.")
    info = members[0]
    path, windows = PurePosixPath(info.filename), PureWindowsPath(info.filename)
    if path.is_absolute() or windows.drive or windows.root or ".." in (*path.parts, *windows.parts):
        raise unsafe("Its file has a path that leads out of its folder.")
    if not info.filename.lower().endswith(ending):
        raise unsafe("Its file is of another kind than was asked for.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise unsafe("Its file is a link to another one.")
    if info.flag_bits & 1 or info.compress_type not in _PACKINGS:
        raise unsafe("Its file is encrypted, or packed in a way that Zoho does not use.")
    tight = info.file_size > _PLAIN_BYTES and info.file_size > _MOST_RATIO * max(info.compress_size, 1)
    if tight or info.file_size > _MOST_BYTES:
        raise unsafe(f"Its file would be {info.file_size:,} bytes, far more than such an archive holds.")
    return info


def unsafe(what: str) -> ApiError:
    """Make the error for an archive that is not used; ``what`` is the sentence that says why."""
    return ApiError(
        f"The archive is not used. {what}",
        why="It is not what a bulk job of Zoho gives, so nothing of it is trusted.",
        fix="Download it again; look at it with other means if that does not help.",
        code="ZCRM-API-011",
    )


class _Careful:
    """An archive as zipfile reads it, which believes every place and size that the archive names."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self.tell = file.tell
        self.seekable = file.seekable

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET and not 0 <= offset <= self._size:
            raise zipfile.BadZipFile
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if size > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile
        return self._file.read(size)
