"""How does a stranger's text reach a terminal without doing anything to it?"""

from __future__ import annotations

from typing import Final

_LAST_OF_FOUR_DIGITS: Final = 0xFFFF


def visible(text: str) -> str:
    """Give a text with an escape for each character that cannot be seen, line ends included."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def toml(text: str) -> str:
    """Give a text as it is written in a TOML file, with an escape for each character that cannot be seen."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else _escaped(ord(char)) for char in quoted) + '"'


def _escaped(point: int) -> str:
    return f"\\u{point:04x}" if point <= _LAST_OF_FOUR_DIGITS else f"\\U{point:08x}"
