"""May this file be sent, and under which name?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from zcrm_core.errors import ApiError
from zcrm_core.multipart import FileContent
from zcrm_core.redaction import plain

__all__ = ["opened"]


@contextmanager
def opened(file: str | Path | FileContent, name: str | None, most: int) -> Iterator[tuple[str, FileContent]]:
    """Open a file to be sent, and give its name and content.

    Args:
        file: its path, or an open file in binary mode, or its bytes.
        name: its name; that of the path or of the open file when left out.
        most: the bytes that Zoho takes.

    Raises:
        ApiError: it is empty or too large, or has no name.
        OSError: it cannot be read.
    """
    if isinstance(file, (str, Path)):
        with _at(file) as content:
            yield _checked(content, name or Path(file).name, most)
    else:
        given = name or Path(str(getattr(file, "name", ""))).name
        yield _checked(file, given, most)


def _at(path: str | Path) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except ValueError:  # a null character, or half of one
        raise ApiError(
            f"{plain(repr(str(path)))} is no path of a file.",
            why="No file can have such a name.",
            fix="Pass the path of a file, or an open file with a name.",
            code="ZCRM-API-009",
        ) from None


def _checked(content: FileContent, name: str, most: int) -> tuple[str, FileContent]:
    if not name:
        raise ApiError(
            "The file has no name.",
            why="Zoho shows a file by its name, and bytes have none.",
            fix='Pass a name: upload(content, name="offer.pdf").',
            code="ZCRM-API-009",
        )
    size = _size(content)
    if not 0 < size <= most:
        raise ApiError(
            f"The file {name} has {size:,} bytes.",
            why=f"Zoho takes 1 to {most:,} bytes here, so it would be sent for nothing.",
            fix="Send a smaller file." if size else "Look whether the file was written and closed.",
            code="ZCRM-API-011",
        )
    return name, content


def _size(content: FileContent) -> int:
    if isinstance(content, bytes):
        return len(content)
    size = -1
    try:
        place = content.tell()
        size = content.seek(0, os.SEEK_END) - place
        content.seek(place)
        whole = isinstance(content.read(0), bytes)
    except (AttributeError, OSError, ValueError):
        whole = False
    if not whole:
        raise ApiError(
            "This file cannot be sent.",
            why="It is closed, was opened as text, or cannot be gone back in, so its size is not known.",
            fix='Open it with open(path, "rb"), or pass its path.',
            code="ZCRM-API-009",
        )
    return size
