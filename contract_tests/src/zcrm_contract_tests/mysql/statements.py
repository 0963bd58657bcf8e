"""Which statements does a client send, as MySQL's protocol has them on the wire?"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Statements"]

_HEADER: Final = 4  # three bytes of length, one number
_QUERY: Final = 3  # the command that carries SQL as text
_TLS: Final = b"\x16\x03"  # how an encrypted connection starts
_LIMIT: Final = 200  # bytes in which a statement's first word stands
_FIRST_WORD: Final = re.compile(rb"(?:\s|/\*.*?\*/|\()*([A-Za-z]+)", re.DOTALL)


class Statements:
    """Reads what a client sends, piece by piece."""

    def __init__(self) -> None:
        self._rest = b""
        self._skip = 0
        self._hidden = False

    def words(self, data: bytes) -> list[str]:
        """The first words of the statements that start in this piece; none if it is encrypted."""
        found: list[str] = []
        self._rest += data
        while self._rest and not self._hidden:
            if self._skip:
                taken = min(self._skip, len(self._rest))
                self._skip -= taken
                self._rest = self._rest[taken:]
                continue
            if self._rest.startswith(_TLS):
                self._hidden = True
                break
            if len(self._rest) < _HEADER:
                break
            length = int.from_bytes(self._rest[:3], "little")
            number, body = self._rest[3], self._rest[_HEADER : _HEADER + min(length, _LIMIT)]
            if len(body) < min(length, _LIMIT):
                break
            if number == 0 and body[:1] == bytes([_QUERY]) and (word := _FIRST_WORD.match(body[1:])):
                found.append(word[1].decode("ascii").upper())
            self._skip = _HEADER + length
        if self._hidden:
            self._rest = b""
        return found
