"""What does this process know of one key's token, and is that token fresh, stale or expired?

Zoho's access tokens live an hour. They are *fresh* until ten minutes before their end, or up to two minutes
later, which differs from process to process; then *stale*; and *expired* in their last minute. A token that
is known to live shorter has windows that are shorter in proportion.
"""

from __future__ import annotations

import copy
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from zcrm_core.errors import RefreshTimeout, ZcrmError
from zcrm_core.tokens import Token
from zcrm_core.turns import Turn

__all__ = ["Clock", "Flight", "hard_window", "soft_window"]

_HOUR_MS: Final = 3_600_000
_SOFT: Final = 600_000 / _HOUR_MS
_JITTER: Final = 120_000 / _HOUR_MS
_HARD: Final = 60_000 / _HOUR_MS
_LONGEST_MS: Final = 24 * _HOUR_MS
"""No access token lives longer than a day: an end further ahead than that is some clock's mistake."""
_NEWS_SECONDS: Final = 120.0
"""For how long a failed refresh is told to those who wait in vain: twice as long as they wait."""


class _Jitter:
    """How much later than others this process refreshes early, from 0 to 1: a forked child has its own."""

    share = random.random()  # noqa: S311 - no secret

    @classmethod
    def draw(cls) -> None:
        cls.share = random.random()  # noqa: S311 - no secret


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Jitter.draw)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time, twice: the wall clock says when a token ends, and may jump; the other one never does.

    Args:
        wall: ms since the epoch.
        steady: seconds since some moment, such as ``time.monotonic``.
    """

    wall: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    steady: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Untried:
    """An access token that Zoho has just given, and that the CRM has not taken yet.

    Args:
        access_token: it.
        until: how long a refusal of it is not its own fault, by the steady clock.
        noted: whether the refresh notes tell the other workers.
    """

    access_token: str = field(repr=False)
    until: float
    noted: bool


@dataclass(frozen=True, slots=True)
class Unwanted:
    """An access token that is not to be used on, although it has not expired.

    Args:
        access_token: it.
        refused: whether the CRM refused it; else somebody wants a newer one.
    """

    access_token: str = field(repr=False)
    refused: bool


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A token that is used from memory, because saving it failed.

    Args:
        token: it.
        replaces: the token in the store that it came from.
    """

    token: Token
    replaces: Token


@dataclass(slots=True)
class Flight:
    """What this process knows of one key: the token in use, and the one refresh under way.

    ``turn`` is held by whoever refreshes or replaces the token. The other fields may be read without it.
    """

    clock: Clock
    turn: Turn = field(default_factory=Turn)
    held: Token | None = None
    lifetime: int | None = None
    unsaved: Unsaved | None = None
    save_again_at: float = 0.0
    volunteers_after: float = 0.0
    blocked_until: float = 0.0
    untried: Untried | None = None
    drops: int = 0
    """How often the token was dropped, for whoever has to know whether that happened meanwhile."""
    _ends: float = 0.0
    _failure: ZcrmError | None = None
    _failed_at: float = 0.0
    _renewed_at: float = 0.0
    _asked: tuple[str, float, int] | None = None
    _pause: ZcrmError | None = None
    _pause_ends: float = 0.0

    def hold(self, token: Token, lifetime: int | None = None) -> Token:
        """Use a token from now on; ``lifetime`` is how long it lives from its issue on, in ms, if known."""
        if token != self.held:
            # Set before the token is, for other threads read the one and then the other.
            left = min(self.left_of(token), lifetime or _LONGEST_MS)
            self._ends = self.clock.steady() + left / 1000
            self.lifetime = lifetime
            self.blocked_until = self._pause_ends = 0.0  # it has come, so Zoho gives some again
            self.held = token
            self._renewed_at = self.clock.steady()
        elif lifetime is not None:
            self.lifetime = lifetime  # its end stays: the wall clock may have jumped since it was first seen
        return token

    def drop(self) -> None:
        """Use no token any more, and have none to save."""
        self.drops += 1
        self.held = self.lifetime = self.unsaved = self.untried = None
        self.blocked_until = self.volunteers_after = self._pause_ends = 0.0

    def left_of(self, token: Token) -> int:
        """Give how long a token lives by the wall clock, in ms."""
        return token.expiry_time - self.clock.wall()

    def left(self, token: Token) -> float:
        """Give how long a token lives by whichever clock ends it first, in ms."""
        steady = (self._ends - self.clock.steady()) * 1000
        left = self.left_of(token)
        return min(left, steady) if token == self.held else left

    def is_fresh(self, left: float) -> bool:
        """Tell whether nothing is to be done for the token in use."""
        return left > soft_window(self.lifetime)

    def is_expired(self, left: float) -> bool:
        """Tell whether the token in use has to be refreshed now."""
        return left <= hard_window(self.lifetime)

    def failed(self, error: ZcrmError) -> None:
        """Remember that a refresh failed: those who waited for it fail too."""
        self._failure = copy.copy(error)  # without its traceback, which keeps all that the caller had alive
        self._failed_at = self.clock.steady()

    def failure_since(self, began: float) -> ZcrmError | None:
        """Give the failure of a refresh that somebody waits for since ``began``, as an error of his own."""
        return copy.copy(self._failure) if self._failure is not None and self._failed_at > began else None

    @contextmanager
    def asking(self, server: str) -> Iterator[None]:
        """Let those who wait in vain know whose answer the refresh under way waits for."""
        self._asked = server, self.clock.steady(), os.getpid()
        try:
            yield
        finally:
            self._asked = None

    @contextmanager
    def in_turn(self, wait: float) -> Iterator[None]:
        """Hold ``turn``; who has waited in vain for it, or inside for the store's lock, learns what is known.

        Args:
            wait: how long entering may wait, in seconds.

        Raises:
            RefreshTimeout: somebody else is at work; ``why`` says what this process knows of that.
        """
        try:
            with self.turn.held(wait):
                yield
        except RefreshTimeout as error:
            asked, failure, now = self._asked, self._failure, self.clock.steady()
            if asked is not None and asked[2] == os.getpid():  # a forked child has no such thread
                error.why = f"{error.why} It waits for {asked[0]} to answer, since {now - asked[1]:.0f} s."
            elif failure is not None and max(self._renewed_at, now - _NEWS_SECONDS) < self._failed_at:
                ago = now - self._failed_at
                error.why = f"{error.why} The last try of this process failed {ago:.0f} s ago: {failure.what}"
            raise

    def pause(self, error: ZcrmError, seconds: float) -> None:
        """Let nobody ask Zoho for some seconds; whoever wants to gets this error."""
        self._pause = copy.copy(error)  # as above
        self._pause_ends = self.clock.steady() + seconds

    def pause_now(self) -> ZcrmError | None:
        """Give the error because of which Zoho is not asked now, as an error of whoever wants to ask."""
        paused = self._pause is not None and self.clock.steady() < self._pause_ends
        return copy.copy(self._pause) if paused else None


def soft_window(lifetime: int | None) -> float:
    """Give how long before its end a token is stale, in ms: 8 to 10 minutes for one that lives an hour."""
    return min(lifetime or _HOUR_MS, _HOUR_MS) * (_SOFT - _Jitter.share * _JITTER)


def hard_window(lifetime: int | None) -> float:
    """Give how long before its end a token counts as expired, in ms: a minute for one that lives an hour."""
    return min(lifetime or _HOUR_MS, _HOUR_MS) * _HARD
