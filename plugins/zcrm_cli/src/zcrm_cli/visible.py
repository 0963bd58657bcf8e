"""How does a stranger's text reach a terminal without doing anything to it?"""

from __future__ import annotations


def visible(text: str) -> str:
    """Give a text with an escape for each character that cannot be seen, line ends included."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
