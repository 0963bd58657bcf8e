"""What did Zoho Accounts issue?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from zcrm_core.response import JSON
from zcrm_core.tokens import MAX_EXPIRY, MAX_TEXT_BYTES, Token

__all__ = ["IssuedToken", "is_token", "read_issued"]

_HOUR_MS: Final = 3_600_000
_LONGEST_SECONDS: Final = 86_400
"""No access token lives longer than a day, so a larger number of an old server counts milliseconds."""
_TOKEN: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What Zoho Accounts issues (RFC 6749 section 5.1), before it belongs to a user.

    Args:
        access_token: the new access token.
        refresh_token: the refresh token; only a grant for offline access brings one.
        lifetime: how long the access token lives, in ms.
        api_domain: the API host of the account's data centre, when Zoho names it.
        scope: the scopes granted, when Zoho names them.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    lifetime: int
    api_domain: str | None
    scope: str | None

    def of(self, user: str, started: int) -> Token:
        """Give the token of a user.

        Args:
            user: the user identifier.
            started: when Zoho was asked, in ms since the epoch: it cannot have begun to live before.
        """
        return Token(
            user_identifier=user,
            access_token=self.access_token,
            refresh_token=self.refresh_token,
            expiry_time=min(started + self.lifetime, MAX_EXPIRY),
            api_domain=self.api_domain,
            scope=self.scope,
        )


def is_token(value: JSON) -> bool:
    """Tell whether a value can be a token: visible ASCII, as it has to fit into a header (RFC 6750)."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None and _can_be_stored(value)


def read_issued(answer: Mapping[str, JSON]) -> IssuedToken:
    """Read a token answer; its access token has been looked at.

    A scope or an API domain that no store may hold counts as not named: the tokens beside it are good.
    """

    def text(name: str) -> str | None:
        value = answer.get(name)
        return value if isinstance(value, str) and value and _can_be_stored(value) else None

    return IssuedToken(
        access_token=text("access_token") or "",
        refresh_token=text("refresh_token") if is_token(answer.get("refresh_token")) else None,
        lifetime=_lifetime(answer),
        api_domain=text("api_domain"),
        scope=text("scope"),
    )


def _can_be_stored(text: str) -> bool:
    try:
        return len(text.encode()) <= MAX_TEXT_BYTES
    except UnicodeEncodeError:
        return False


def _lifetime(answer: Mapping[str, JSON]) -> int:
    """Read how long the token lives, in ms.

    Servers before November 2019 sent ``expires_in`` in ms and ``expires_in_sec`` in s; later ones send
    ``expires_in`` in s. An answer without either means Zoho's usual hour.
    """
    for name in ("expires_in_sec", "expires_in"):
        try:
            seconds = float(str(answer[name]))
        except (KeyError, ValueError):
            continue
        if seconds > _LONGEST_SECONDS:
            seconds /= 1000
        if seconds <= _LONGEST_SECONDS:  # not a number is not, either
            return max(0, int(seconds * 1000)) if seconds > -_LONGEST_SECONDS else 0
    return _HOUR_MS
