"""How is a file sent without holding it in memory? ``multipart/form-data`` (RFC 7578) as a stream."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, TypeAlias

__all__ = ["FileContent", "Files", "Multipart"]

FileContent: TypeAlias = "bytes | BinaryIO"
"""A file's bytes, or an open file in binary mode, which is read from where it stands."""

Files: TypeAlias = (
    "Mapping[str, FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str]]"
)
"""Files to send: each field's content, or its file name and content, or these and its media type. A field
whose file name is ``None`` is an ordinary field of the form."""

_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # the HTML standard's form encoding


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
        self._parts: list[tuple[BinaryIO, int, int]] = []
        for field, given in files.items():
            name, content, kind = _described(field, given)
            disposition = f'form-data; name="{field.translate(_ESCAPES)}"'
            if name is not None:
                disposition += f'; filename="{name.translate(_ESCAPES)}"'
            head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n"
            head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
            self._add(io.BytesIO(head.encode()))
            self._add(io.BytesIO(content) if isinstance(content, bytes) else content)
            self._add(io.BytesIO(b"\r\n"))
        self._add(io.BytesIO(f"--{boundary}--\r\n".encode()))
        self._length = sum(size for _, _, size in self._parts)
        self._place = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(65_536):
            yield piece

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes; fewer than asked for at the end of a part, none at the end of all.

        Raises:
            OSError: a file became shorter since its size was taken.
        """
        pieces: list[bytes] = []
        wanted = self._length if size < 0 else size
        while wanted and self._place < len(self._parts):
            file, start, length = self._parts[self._place]
            left = start + length - file.tell()
            if not left:
                self._place += 1
                continue
            piece = file.read(min(wanted, left))
            if not piece:
                raise OSError("A file became shorter while it was sent.")
            pieces.append(piece)
            wanted -= len(piece)
        return b"".join(pieces)

    def rewind(self) -> None:
        """Start again from the beginning."""
        self._place = 0
        for file, start, _ in self._parts:
            file.seek(start)

    def _add(self, file: BinaryIO) -> None:
        if not file.seekable():
            raise ValueError("A file that cannot be rewound cannot be sent: nobody knows its size.")
        start = file.tell()
        length = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        self._parts.append((file, start, length))


def _described(
    field: str, given: FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str]
) -> tuple[str | None, FileContent, str | None]:
    if not isinstance(given, tuple):
        return field, given, "application/octet-stream"
    name, content, *kind = given
    return name, content, str(kind[0]) if kind else None if name is None else "application/octet-stream"
