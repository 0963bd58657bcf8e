"""What did a class answer: no token, a token, or nonsense?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Final

from zcrm_core import InvalidToken, Token, TokenKey
from zcrm_store_custom.failures import nonsense, other_user, unreadable

__all__ = ["is_same_token", "read_fields", "require_done", "to_token"]

_NEEDED: Final = ("user_identifier", "access_token", "refresh_token", "expiry_time")
_KEPT_BY_SOME: Final = ("api_domain", "scope")
_EXPECTED: Final = f"None, or an object or a mapping with {', '.join(_NEEDED)}"


def read_fields(handler: object, method: str, answer: object, key: TokenKey) -> Mapping[str, object]:
    """Take the values of a token out of an object or a mapping; the user's is checked.

    Raises:
        StoreError: it is neither, or a value is missing.
        StoreCorrupt: the token is another user's.
    """
    names = (*_NEEDED, *_KEPT_BY_SOME)
    try:
        if isinstance(answer, Mapping):
            fields = {name: answer[name] for name in names if name in answer}
        else:
            fields = {name: getattr(answer, name) for name in names if hasattr(answer, name)}
    except Exception as error:  # a row that is read only when it is asked for a value, say
        raise nonsense(handler, method, answer, f"{_EXPECTED}, all of them readable") from error
    if not all(name in fields for name in _NEEDED):
        raise nonsense(handler, method, answer, _EXPECTED)
    if fields["user_identifier"] != key.user_identifier:
        raise other_user(handler, method, key.user_identifier)
    return fields


def to_token(handler: object, method: str, fields: Mapping[str, object]) -> Token:
    """Make a token of the values that a class gave.

    Raises:
        StoreCorrupt: a value is none that a token can have.
    """
    try:
        return Token(**fields)  # type: ignore[arg-type] # Token checks every value itself
    except InvalidToken as error:
        why = error.what
    raise unreadable(handler, method, why)


def is_same_token(fields: Mapping[str, object], token: Token) -> bool:
    """Tell whether a class has this very token, judged by every value that it keeps."""
    return all(getattr(token, name) == value for name, value in fields.items())


def require_done(handler: object, method: str, answer: object) -> None:
    """Let pass what a saving method may return: anything but ``False`` and what would have to be awaited.

    Raises:
        StoreError: the token was not saved.
    """
    if answer is False or inspect.isawaitable(answer) or inspect.isgenerator(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise nonsense(handler, method, answer, "None or True")
