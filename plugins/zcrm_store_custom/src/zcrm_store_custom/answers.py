"""What did a class answer: no token, a token, or nonsense?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Final

from zcrm_core import InvalidToken, Token, TokenKey
from zcrm_store_custom.failures import nonsense, other_user, refusing, unreadable
from zcrm_store_custom.showing import class_name

__all__ = ["is_same_token", "looks_like_seconds", "read_fields", "require_done", "to_token"]

_NEEDED: Final = ("user_identifier", "access_token", "refresh_token", "expiry_time")
_KEPT_BY_SOME: Final = ("api_domain", "scope")
_ABSENT: Final = object()
_FIRST_SECONDS: Final = 10**9
_LAST_SECONDS: Final = 10**11
_EXPECTED: Final = f"None, or an object or a mapping with {', '.join(_NEEDED)}"


def read_fields(handler: object, method: str, answer: object, key: TokenKey) -> Mapping[str, object]:
    """Take the values of a token out of an object or a mapping; the user's is checked.

    Raises:
        StoreError: it is neither, or a value is missing.
        StoreCorrupt: the token is another user's, or does not say whose it is.
    """
    if isinstance(answer, type):
        raise nonsense(handler, method, answer, _EXPECTED)
    names = (*_NEEDED, *_KEPT_BY_SOME)
    # A row may be read only when it is asked for a value.
    with refusing(lambda _: nonsense(handler, method, answer, f"{_EXPECTED}, all of them readable")):
        if isinstance(answer, Mapping):
            found = {name: answer.get(name, _ABSENT) for name in names}
        else:
            found = {name: getattr(answer, name, _ABSENT) for name in names}
    fields = {name: _plain(value) for name, value in found.items() if value is not _ABSENT}
    if not all(name in fields for name in _NEEDED):
        raise nonsense(handler, method, answer, _EXPECTED)
    user = fields["user_identifier"]
    if type(user) is not str:
        why = f"Its user_identifier is {class_name(user)}, not a text."
        raise unreadable(handler, method, why, is_the_user_s=False)
    if user != key.user_identifier:
        raise other_user(handler, method, key.user_identifier)
    return fields


def _plain(value: object) -> object:
    """Give a text as a plain one: a class derived from it may compare in its own way."""
    return str.__str__(value) if issubclass(type(value), str) else value


def to_token(handler: object, method: str, fields: Mapping[str, object]) -> Token:
    """Make a token of the values that a class gave.

    Raises:
        StoreCorrupt: a value is none that a token can have.
    """
    try:
        return Token(**fields)  # type: ignore[arg-type] # Token checks every value itself
    except InvalidToken as error:
        why = error.what
    raise unreadable(handler, method, why, is_the_user_s=True)


def looks_like_seconds(fields: Mapping[str, object]) -> bool:
    """Tell whether the end of a token, read as milliseconds, is in the first years of the epoch.

    No token of Zoho's ended then, and as seconds the same number is a time of this century or a later one.
    """
    ends = fields["expiry_time"]
    return type(ends) is int and _FIRST_SECONDS <= ends < _LAST_SECONDS


def is_same_token(fields: Mapping[str, object], token: Token) -> bool:
    """Tell whether a class has this very token, judged by every value that it keeps."""
    return all(
        type(value) is type(getattr(token, name)) and value == getattr(token, name)
        for name, value in fields.items()
    )


def require_done(handler: object, method: str, answer: object) -> None:
    """Let pass what a saving method may return: nothing, ``True``, or what is neither empty nor bytes.

    Old classes return what their database gave, so not only ``True`` means that it was done; no rows, no text
    and what would have to be awaited mean that it was not.

    Raises:
        StoreError: the token was not saved.
    """
    empty = isinstance(answer, (int, float, str, list, tuple, dict)) and not answer
    other = isinstance(answer, (bytes, bytearray)) or answer is NotImplemented
    if empty or other or inspect.isawaitable(answer) or inspect.isgenerator(answer):
        raise nonsense(handler, method, answer, "None or True")
