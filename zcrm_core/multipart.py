"""How is a file sent without holding it in memory? ``multipart/form-data`` (RFC 7578) as a stream."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeAlias

__all__ = ["FileContent", "Files", "Multipart", "UnreadableFile"]

FileContent: TypeAlias = "bytes | BinaryIO"
"""A file's bytes, or an open file in binary mode, which is read from where it stands."""

Files: TypeAlias = (
    "Mapping[str, FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str]]"
)
"""Files to send: each field's content, or its file name and content, or these and its media type. A field
whose file name is ``None`` is an ordinary field of the form."""

_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # the HTML standard's form encoding


class UnreadableFile(Exception):
    """A file does not give the bytes that it had when the body was made; the text says which and why."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a body.

    Args:
        file: what is read.
        start: from where.
        length: how many bytes.
        field: the field whose content it is, for messages.
    """

    file: BinaryIO
    start: int
    length: int
    field: str

    def piece(self, size: int) -> bytes:
        """Read up to ``size`` bytes, one at least.

        Raises:
            UnreadableFile: the file gives no bytes, or more than were asked for.
        """
        try:
            piece = self.file.read(size)
        except Exception as error:
            raise UnreadableFile(f"The file of {self.field} raised {type(error).__name__}.") from error
        given: object = piece
        if not isinstance(given, (bytes, bytearray, memoryview)) or len(bytes(given)) > size:
            raise UnreadableFile(f"The file of {self.field} gives something else than the bytes asked for.")
        if not piece:
            raise UnreadableFile(f"The file of {self.field} became shorter while it was sent.")
        return bytes(piece)

    def rewind(self) -> None:
        """Go back to the beginning.

        Raises:
            UnreadableFile: the file was closed, for example.
        """
        try:
            self.file.seek(self.start)
        except Exception as error:
            raise UnreadableFile(f"The file of {self.field} raised {type(error).__name__}.") from error


class Multipart:
    """A body that reads its files while it is sent; it has a length, and can be sent again.

    Args:
        files: what to send.

    Raises:
        ValueError: a file cannot be rewound or has no size, such as a pipe.
    """

    def __init__(self, files: Files) -> None:
        boundary = f"zcrm-{secrets.token_hex(16)}"
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._parts: list[_Part] = []
        for field, given in files.items():
            name, content, kind = _described(field, given)
            disposition = f'form-data; name="{field.translate(_ESCAPES)}"'
            if name is not None:
                disposition += f'; filename="{name.translate(_ESCAPES)}"'
            head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n"
            head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
            self._add(io.BytesIO(head.encode()), field)
            self._add(io.BytesIO(content) if isinstance(content, bytes) else content, field)
            self._add(io.BytesIO(b"\r\n"), field)
        self._add(io.BytesIO(f"--{boundary}--\r\n".encode()), "the end")
        self._length = sum(part.length for part in self._parts)
        self._place = 0
        self._read = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(65_536):
            yield piece

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes; fewer than asked for at the end of a part, none at the end of all.

        Raises:
            UnreadableFile: a file is not what it was when its size was taken.
        """
        pieces: list[bytes] = []
        wanted = self._length if size < 0 else size
        while wanted and self._place < len(self._parts):
            part = self._parts[self._place]
            # Counted here, for a file's own account of where it stands may be wrong.
            left = part.length - self._read
            if not left:
                self._place, self._read = self._place + 1, 0
                continue
            if not self._read:
                part.rewind()  # here, for one file may be the content of two fields
            piece = part.piece(min(wanted, left))
            pieces.append(piece)
            wanted -= len(piece)
            self._read += len(piece)
        return b"".join(pieces)

    def rewind(self) -> None:
        """Start again from the beginning."""
        self._place = self._read = 0

    def _add(self, file: BinaryIO, field: str) -> None:
        if not file.seekable():
            raise ValueError("A file that cannot be rewound cannot be sent: nobody knows its size.")
        start = file.tell()
        length = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        self._parts.append(_Part(file, start, length, field))


def _described(
    field: str, given: FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str]
) -> tuple[str | None, FileContent, str | None]:
    if not isinstance(given, tuple):
        return field, given, "application/octet-stream"
    name, content, *kind = given
    return name, content, str(kind[0]) if kind else None if name is None else "application/octet-stream"
