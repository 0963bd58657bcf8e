"""How are the rows of a bulk job's archive read, without trusting the archive?"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import BinaryIO, Final

from zcrm_core.download import Download
from zcrm_core.errors import ApiError

__all__ = ["calendar_events", "csv_rows", "member", "stored"]

_MOST_BYTES: Final = 8 * 1024**3
"""What an archive may hold when it is unpacked: 200,000 records of 200 fields are far below that."""
_MOST_RATIO: Final = 1_000
_PLAIN_BYTES: Final = 16 * 1024 * 1024
"""An archive below this may be packed as tightly as it likes: a column of equal values packs well."""


def stored(download: Download) -> BinaryIO:
    """Put a download where it can be unpacked: in a file without a name."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with download:
            for piece in download:
                file.write(piece)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def member(archive: zipfile.ZipFile, *endings: str) -> zipfile.ZipInfo:
    """Give the one file of an archive, after a look at what the archive says about it.

    Raises:
        ApiError: there is not exactly one, it is of another kind, its path leads out of its folder, or it is
            far larger than the archive can be meant to be.
    """
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) != 1:
        raise _unsafe(f"It holds {len(members)} files, and Zoho sends one.")
    info = members[0]
    path, windows = PurePosixPath(info.filename), PureWindowsPath(info.filename)
    if path.is_absolute() or windows.drive or windows.root or ".." in (*path.parts, *windows.parts):
        raise _unsafe("Its file has a path that leads out of its folder.")
    if not info.filename.lower().endswith(endings):
        raise _unsafe("Its file is of another kind than was asked for.")
    if info.flag_bits & 1:
        raise _unsafe("Its file is encrypted.")
    tight = info.file_size > _PLAIN_BYTES and info.file_size > _MOST_RATIO * max(info.compress_size, 1)
    if tight or info.file_size > _MOST_BYTES:
        raise _unsafe(f"Its file would be {info.file_size:,} bytes, far more than such an archive holds.")
    return info


def csv_rows(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Go over the rows of the one CSV file in an archive, and close the archive in the end.

    Raises:
        ApiError: the archive cannot be used, or the file is not CSV in UTF-8.
    """
    with file, _opened(file) as archive, archive.open(member(archive, ".csv")) as packed:
        reader = csv.DictReader(io.TextIOWrapper(packed, "utf-8-sig", newline=""), strict=True)
        try:
            for row in reader:
                if None in row or None in row.values():
                    raise _unsafe(f"Row {reader.line_num} has another number of values than the heading.")
                yield row
        except (csv.Error, UnicodeDecodeError, zipfile.BadZipFile, EOFError) as error:
            raise _unsafe(f"Its file cannot be read to its end ({type(error).__name__}).") from None


def calendar_events(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Go over the events of the one calendar file (RFC 5545) in an archive, each by its properties' names.

    Raises:
        ApiError: the archive cannot be used.
    """
    with file, _opened(file) as archive, archive.open(member(archive, ".ics")) as packed:
        event: dict[str, str] | None = None
        for line in _unfolded(io.TextIOWrapper(packed, "utf-8", errors="replace", newline="")):
            name, _, value = line.partition(":")
            if line == "BEGIN:VEVENT":
                event = {}
            elif line == "END:VEVENT":
                if event is not None:
                    yield event
                event = None
            elif event is not None and name:
                event[name] = value


def _unfolded(lines: io.TextIOWrapper) -> Iterator[str]:
    """Join what RFC 5545 section 3.1 folds."""
    whole: str | None = None
    for line in lines:
        text = line.rstrip("\r\n")
        if text[:1] in {" ", "\t"} and whole is not None:
            whole += text[1:]
            continue
        if whole is not None:
            yield whole
        whole = text
    if whole is not None:
        yield whole


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise _unsafe("It is no zip archive.") from None


def _unsafe(what: str) -> ApiError:
    return ApiError(
        f"The archive is not used. {what}",
        why="It is not what a bulk job of Zoho gives, so nothing of it is trusted.",
        fix="Download it again; look at it with other means if that does not help.",
        code="ZCRM-API-011",
    )
