"""How is somebody else's text shown: without a secret in it, and in one line that can be seen?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["class_name", "holds_a_secret", "kind_of", "masked", "plain", "told"]

_LONGEST: Final = 500
_MASK: Final = "**********"
_FORMS: Final = (
    r"\b1\d{3}\.[0-9A-Za-z]+\.[0-9A-Za-z]+"  # Zoho's grant, access and refresh tokens
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # a user and a password in an address
)
_UNMISTAKABLE: Final = re.compile(_FORMS)
_SECRETS: Final = re.compile(
    _FORMS + r"|(?<=oauthtoken )\S+|(?<=earer )\S+"
    r"|(?<=access_token=)[^&\s]+|(?<=refresh_token=)[^&\s]+|(?<=client_secret=)[^&\s]+|(?<=code=)[^&\s]+"
)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Give a text with every secret named, and whatever looks like a token, masked."""
    # The longest first: one that begins another must not leave the other's end to be seen.
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    return _SECRETS.sub(_MASK, text)


def holds_a_secret(text: str, secrets: Iterable[str]) -> bool:
    """Tell whether a text holds a secret; lines of source, such as ``code="x"``, are not taken for one."""
    return any(secret in text for secret in secrets) or _UNMISTAKABLE.search(text) is not None


def plain(text: str) -> str:
    """Give a text in one line of at most 500 characters, with an escape for each that cannot be seen."""
    line = " ".join(text[: 2 * _LONGEST].split())
    if not line.isprintable():
        line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def class_name(kind: type) -> str:
    """Give a class's name, without asking its metaclass."""
    return plain(str(type.__dict__["__name__"].__get__(kind)))


def kind_of(value: object) -> str:
    """Name the class of a value."""
    return class_name(type(value))


def told(error: BaseException, secrets: Iterable[str] = ()) -> str:
    """Give an error's type and text in one line, with the secrets masked.

    Args:
        error: anybody's.
        secrets: what the text may hold and must not show.
    """
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001 - an error's text can be anybody's code
        text = f"its text cannot be read: {kind_of(broken)}"
    return f"{kind_of(error)}: {plain(masked(text, secrets))}" if text else kind_of(error)
