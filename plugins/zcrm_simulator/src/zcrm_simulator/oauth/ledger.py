"""Which codes and tokens are alive?"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from dataclasses import dataclass, field

from zcrm_simulator.limits import Limits
from zcrm_simulator.places import Place


@dataclass(frozen=True)
class Grant:
    """What a user allowed an application to do, and where; ``user`` is the e-mail address."""

    client_id: str
    user: str
    place: Place
    scopes: tuple[str, ...]

    @property
    def owner(self) -> tuple[str, str, str]:
        """Whose refresh tokens are counted together: the data centres know nothing of each other."""
        return self.user, self.client_id, self.place.data_center


@dataclass(frozen=True)
class Code:
    """A code that can be exchanged once; ``redirect_uri`` is ``None`` for a self client's."""

    grant: Grant
    expires_at: float
    redirect_uri: str | None = None
    offline: bool = True
    challenge: str | None = None
    challenge_method: str = "plain"


@dataclass
class RefreshToken:
    """A refresh token, the access tokens that live by it, and when it was used."""

    value: str
    grant: Grant
    alive: deque[str] = field(default_factory=deque)
    refreshed_at: deque[float] = field(default_factory=deque)


@dataclass(frozen=True)
class AccessToken:
    """An access token; ``expires_at`` is in seconds since the epoch."""

    value: str
    grant: Grant
    expires_at: float


class Throttled(Exception):
    """Too many codes or tokens were asked for in a short time."""


def _token() -> str:
    return f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"


def _within(times: deque[float], now: float, window: float) -> int:
    while times and times[0] <= now - window:
        times.popleft()
    return len(times)


class Ledger:
    """Codes, refresh tokens and access tokens of every data centre, with Zoho's limits on their numbers."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._codes: dict[str, Code] = {}
        self._refresh_tokens: dict[str, RefreshToken] = {}
        self._access_tokens: dict[str, AccessToken] = {}
        self._codes_asked: dict[str, deque[float]] = {}
        self._refresh_tokens_asked: dict[tuple[str, str, str], deque[float]] = {}

    def new_code(self, code: Code) -> str:
        """Keep a new code and return its text."""
        value = _token()
        with self._lock:
            self._codes[value] = code
        return value

    def count_code(self, client_id: str, now: float, limits: Limits) -> None:
        """Count one code that a client asks for through the redirect.

        Raises:
            Throttled: the client has had its number of codes in this window.
        """
        with self._lock:
            asked = self._codes_asked.setdefault(client_id, deque())
            if _within(asked, now, limits.grant_codes_window) >= limits.grant_codes:
                raise Throttled
            asked.append(now)

    def code(self, value: str, now: float) -> Code | None:
        """Return a code that is still good, without using it."""
        with self._lock:
            code = self._codes.get(value)
        return code if code is not None and now < code.expires_at else None

    def use_code(self, value: str) -> bool:
        """Use up a code; false when somebody else was faster."""
        with self._lock:
            return self._codes.pop(value, None) is not None

    def new_refresh_token(self, grant: Grant, now: float, limits: Limits) -> RefreshToken:
        """Issue a refresh token; the oldest of the same user and client dies when there are too many.

        Raises:
            Throttled: this user and client have had their number of refresh tokens in this window.
        """
        with self._lock:
            asked = self._refresh_tokens_asked.setdefault(grant.owner, deque())
            if _within(asked, now, limits.new_refresh_tokens_window) >= limits.new_refresh_tokens:
                raise Throttled
            asked.append(now)
            token = RefreshToken(_token(), grant)
            self._refresh_tokens[token.value] = token
            siblings = self.siblings(grant)
            for old in siblings[: max(len(siblings) - limits.refresh_tokens_per_user, 0)]:
                self.revoke(old.value)
            return token

    def siblings(self, grant: Grant) -> list[RefreshToken]:
        """Return the live refresh tokens of a grant's user, client and data centre, oldest first."""
        with self._lock:
            return [one for one in self._refresh_tokens.values() if one.grant.owner == grant.owner]

    def refresh_token(self, value: str) -> RefreshToken | None:
        """Return a live refresh token."""
        with self._lock:
            return self._refresh_tokens.get(value)

    def refresh(self, value: str, now: float, limits: Limits) -> AccessToken | None:
        """Issue an access token for a refresh token; ``None`` when it died in the meantime.

        Raises:
            Throttled: this refresh token has been used too often in this window.
        """
        with self._lock:
            token = self._refresh_tokens.get(value)
            if token is None:
                return None
            if _within(token.refreshed_at, now, limits.refresh_window) >= limits.refreshes:
                raise Throttled
            token.refreshed_at.append(now)
            return self.issue(token.grant, now, limits, token)

    def rotate(self, value: str) -> str:
        """Replace a refresh token by a new one, which takes over its access tokens."""
        with self._lock:
            token = self._refresh_tokens.pop(value)
            token.value = _token()
            self._refresh_tokens[token.value] = token
            return token.value

    def issue(
        self, grant: Grant, now: float, limits: Limits, refresh_token: RefreshToken | None = None
    ) -> AccessToken:
        """Issue an access token; the oldest of the same refresh token dies when there are too many."""
        access = AccessToken(_token(), grant, now + limits.access_token_lifetime)
        with self._lock:
            self._access_tokens[access.value] = access
            if refresh_token is not None:
                refresh_token.alive.append(access.value)
                while len(refresh_token.alive) > limits.access_tokens_per_refresh_token:
                    self._access_tokens.pop(refresh_token.alive.popleft(), None)
        return access

    def access_token(self, value: str, now: float) -> AccessToken | None:
        """Return a live access token."""
        with self._lock:
            token = self._access_tokens.get(value)
        return token if token is not None and now < token.expires_at else None

    def revoke(self, value: str) -> bool:
        """Kill a token, and with a refresh token all its access tokens; false when it was not alive."""
        with self._lock:
            refresh_token = self._refresh_tokens.pop(value, None)
            if refresh_token is not None:
                for access in refresh_token.alive:
                    self._access_tokens.pop(access, None)
                return True
            return self._access_tokens.pop(value, None) is not None

    def revoke_in(self, data_center: str, value: str) -> bool:
        """The same, for a token of this data centre only."""
        with self._lock:
            token = self._refresh_tokens.get(value) or self._access_tokens.get(value)
            known = token is not None and token.grant.place.data_center == data_center
            return known and self.revoke(value)
