"""What is a token, whose is it, and what may it look like?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, NoReturn

from zcrm_core.errors import InvalidToken

__all__ = ["MAX_EXPIRY", "MAX_TEXT_BYTES", "MAX_USER_BYTES", "Secret", "Token", "TokenKey"]

MAX_USER_BYTES: Final = 512
"""The longest user identifier, client id or environment, in bytes of UTF-8."""
MAX_TEXT_BYTES: Final = 64 * 1024
"""The longest access token, refresh token, API domain or scope, in bytes of UTF-8."""
MAX_EXPIRY: Final = 2**53 - 1
"""The latest expiry, in ms since the epoch: the largest integer that every JSON reader keeps exact."""

_MASK: Final = "**********"
_SECRETS: Final = ("access_token", "refresh_token")
_SHOWN_BITS: Final = 128
"""The longest number that a message shows; Python itself refuses to write very long ones."""


class Secret:
    """A text that is shown nowhere unless its owner asks for it with :meth:`reveal`.

    Args:
        value: the text to guard.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the text itself. Pass it on at once; do not keep or log it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{_MASK}')"

    def __str__(self) -> str:
        return _MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: pass the configuration's source on, not the secret")


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Whose token it is: one user of one client in one environment.

    Two keys are the same when all three texts have the same code points; nothing is folded, trimmed or
    normalised, so ``A@x.com``, ``a@x.com`` and ``a@x.com `` are three users.

    Args:
        user_identifier: usually the user's e-mail address; 1 to 512 bytes of UTF-8, no control characters.
        client_id: the OAuth client id; same limits.
        environment: ``production``, ``sandbox`` or ``developer``; same limits.

    Raises:
        InvalidToken: a text breaks the limits.
    """

    user_identifier: str
    client_id: str
    environment: str

    def __post_init__(self) -> None:
        _check_identifier("user_identifier", self.user_identifier)
        _check_identifier("client_id", self.client_id)
        _check_identifier("environment", self.environment)

    def digest(self) -> bytes:
        """Give 32 bytes that stand for this key: the SHA-256 of its length-prefixed parts."""
        digest = hashlib.sha256()
        for part in (self.environment, self.client_id, self.user_identifier):
            data = part.encode()
            digest.update(len(data).to_bytes(4, "big") + data)
        return digest.digest()

    def __str__(self) -> str:
        return f"{self.user_identifier} ({self.environment})"


@dataclass(frozen=True, slots=True)
class Token:
    """One user's OAuth tokens, as stored. ``repr`` and ``str`` show no secret.

    Args:
        user_identifier: whose it is; same limits as in :class:`TokenKey`.
        access_token: at most 64 KiB of UTF-8; empty when only the refresh token is known.
        refresh_token: same limit; ``None`` for an online grant, which has none.
        expiry_time: when the access token ends, in ms since the epoch, UTC; 0 to 2**53 - 1.
        api_domain: the API host that Zoho named with the token, when it did.
        scope: the scopes that Zoho named with the token, when it did.

    Raises:
        InvalidToken: a value has the wrong type or breaks a limit.
    """

    user_identifier: str
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expiry_time: int
    api_domain: str | None = None
    scope: str | None = None

    def __post_init__(self) -> None:
        _check_identifier("user_identifier", self.user_identifier)
        _check_text("access_token", self.access_token)
        for name in ("refresh_token", "api_domain", "scope"):
            if getattr(self, name) is not None:
                _check_text(name, getattr(self, name))
        expiry = self.expiry_time
        if type(expiry) is not int or not 0 <= expiry <= MAX_EXPIRY:
            raise InvalidToken(
                f"expiry_time must be an integer from 0 to {MAX_EXPIRY}, not {_described(expiry)}.",
                why="It counts the milliseconds since 1970-01-01 UTC.",
                fix="Pass int(seconds_since_the_epoch * 1000).",
                code="ZCRM-TOKEN-003",
            )


def _check_identifier(name: str, value: object) -> None:
    text = _check_text(name, value, limit=MAX_USER_BYTES)
    if not text:
        raise InvalidToken(
            f"{name} is empty.", why="A token belongs to somebody.", fix=f"Give {name} a value."
        )
    control = next((char for char in text if char < " " or "\x7f" <= char <= "\x9f"), None)
    if control is not None:
        raise InvalidToken(
            f"{name} holds the control character U+{ord(control):04X}.",
            why="Control characters are invisible and make two users look the same.",
            fix=f"Remove it from {name}.",
        )


def _check_text(name: str, value: object, limit: int = MAX_TEXT_BYTES) -> str:
    if not isinstance(value, str):
        # Of a secret that came as a number, the number is the secret.
        found = type(value).__name__ if name in _SECRETS else _described(value)
        raise InvalidToken(f"{name} must be a text, not {found}.", fix=f"Pass {name} as a str.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidToken(
            f"{name} holds half of a surrogate pair.",
            why="Such a text has no UTF-8 form, so it cannot be stored or sent.",
            fix=f"Decode {name} from its bytes as UTF-8.",
        ) from None
    if size > limit:
        raise InvalidToken(
            f"{name} has {size} bytes of UTF-8; the limit is {limit}.",
            why="Every store keeps the same limit, so that no store ever cuts a value.",
            code="ZCRM-TOKEN-002",
        )
    return value


def _described(value: object) -> str:
    """Say what a wrong value is without showing a text, which may be a secret."""
    if type(value) is int and value.bit_length() > _SHOWN_BITS:
        return f"one of {value.bit_length()} bits"
    return repr(value) if type(value) in (int, float, bool) or value is None else type(value).__name__
