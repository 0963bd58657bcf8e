"""When is a token refreshed, who refreshes it, and what do the others do meanwhile?

A token is *fresh* until ten minutes before its end, then *stale*, and *expired* in its last minute:

- fresh: it is used, without any call to the store;
- stale: one thread that finds the lock free refreshes it, all others go on using it;
- expired: one thread refreshes it, all others wait for the lock.

Under the lock the store is read again first, so that a token refreshed elsewhere is adopted, not refreshed
twice. The lock is a thread lock in this process, and around the refresh itself the store's own
``zcrm_lock_token``, which other processes keep too if the store offers it. Saving with ``replaces`` makes
sure that a worker that slept through its lock overwrites nothing.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from zcrm_core.errors import (
    ReauthorizationRequired,
    RefreshThrottled,
    RefreshTimeout,
    StaleToken,
    StoreError,
    ZcrmError,
)
from zcrm_core.log import EventLog
from zcrm_core.oauth import Accounts
from zcrm_core.store import Store
from zcrm_core.tokens import MAX_EXPIRY, Token, TokenKey

__all__ = ["Refresher"]

_SOFT_MS: Final = 600_000
_JITTER_MS: Final = 120_000
_HARD_MS: Final = 60_000
_LOCK_WAIT_SECONDS: Final = 60.0
_VOLUNTEER_PAUSE_SECONDS: Final = 60.0
"""After a failed early refresh the token still lives, so nobody tries again for this long."""


@dataclass(slots=True)
class _Flight:
    """What this process knows of one key: the token in use, and the one refresh under way."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: Token | None = None
    unsaved: Token | None = None
    replaces: Token | None = None
    blocked_until: float = 0.0
    volunteers_after: float = 0.0


class Refresher:
    """Gives every caller of one client family a token that works.

    Args:
        accounts: where tokens are refreshed.
        store: where they are kept.
        log: where refreshes, adoptions and failed saves are told.
        now: the time in ms since the epoch; the machine's clock when left out.
    """

    def __init__(
        self, accounts: Accounts, store: Store, log: EventLog, now: Callable[[], int] | None = None
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._log = log
        self._now = now or (lambda: time.time_ns() // 1_000_000)
        # Workers that started together must not all find the token stale in the same second.
        self._soft_ms = _SOFT_MS + random.randrange(_JITTER_MS)  # noqa: S311 - no secret
        self._flights: dict[TokenKey, _Flight] = {}

    def token(self, key: TokenKey) -> Token:
        """Give a token that works now; refresh it first where that is due.

        Raises:
            ReauthorizationRequired: there is no token for this key, or Zoho no longer takes it.
            RefreshThrottled: Zoho gives no new token for now, and the old one is at its end.
            RefreshTimeout: another worker holds the lock for too long.
            StoreError: the store failed.
            TransportError: Zoho Accounts cannot be reached.
        """
        flight = self._flight(key)
        token = flight.held
        if token is None:
            token = self._fetched(key, flight)
        left = token.expiry_time - self._now()
        if left > self._soft_ms:
            return token
        if left > _HARD_MS:
            return self._volunteer(key, flight, token)
        with self._turn(flight):
            return self._renewed(key, flight, token, _LOCK_WAIT_SECONDS)

    def rejected(self, key: TokenKey, token: Token) -> Token:
        """Give another token, after the API refused this one although it has not expired.

        The store is looked at first: another worker may have replaced the token already.
        """
        flight = self._flight(key)
        with self._turn(flight):
            return self._renewed(key, flight, token, _LOCK_WAIT_SECONDS, refused=token)

    def refresh(self, key: TokenKey) -> Token:
        """Refresh the token now, even though it may still live; see :meth:`token` for the errors."""
        flight = self._flight(key)
        with self._turn(flight):
            token = self._stored(key, flight)
            return self._renewed(key, flight, token, _LOCK_WAIT_SECONDS, refused=token)

    def hold(self, key: TokenKey, token: Token) -> None:
        """Use this token from now on; somebody has just logged in with it."""
        flight = self._flight(key)
        flight.held, flight.unsaved, flight.blocked_until = token, None, 0.0

    def forget(self, key: TokenKey) -> None:
        """Use no token of this key any more; it has just been deleted."""
        flight = self._flight(key)
        flight.held = flight.unsaved = None

    @contextmanager
    def exclusive(self, key: TokenKey) -> Iterator[None]:
        """Keep every other worker from refreshing or replacing this key's token meanwhile."""
        with self._turn(self._flight(key)), self._store.lock(key, _LOCK_WAIT_SECONDS):
            yield

    def _flight(self, key: TokenKey) -> _Flight:
        flight = self._flights.get(key)
        return flight if flight is not None else self._flights.setdefault(key, _Flight())

    @contextmanager
    def _turn(self, flight: _Flight) -> Iterator[None]:
        if not flight.lock.acquire(timeout=_LOCK_WAIT_SECONDS):
            raise RefreshTimeout(
                f"Another thread has been refreshing the token for {_LOCK_WAIT_SECONDS:.0f} s."
            )
        try:
            yield
        finally:
            flight.lock.release()

    def _volunteer(self, key: TokenKey, flight: _Flight, token: Token) -> Token:
        """Refresh early if nobody else does; a failure costs nothing, because the token still lives."""
        if time.monotonic() < flight.volunteers_after or not flight.lock.acquire(blocking=False):
            return token
        try:
            return self._renewed(key, flight, token, wait=0.0)
        except ZcrmError as error:
            flight.volunteers_after = time.monotonic() + _VOLUNTEER_PAUSE_SECONDS
            self._log.emit(
                "refresh_postponed",
                logging.WARNING,
                f"the token of {key} was not refreshed early: {error.what}",
                user=key.user_identifier,
                error=error.code,
            )
            return token
        finally:
            flight.lock.release()

    def _renewed(
        self, key: TokenKey, flight: _Flight, seen: Token, wait: float, refused: Token | None = None
    ) -> Token:
        """Refresh the token under the store's lock, unless somebody has done it; the thread lock is held."""
        if flight.held is not None and flight.held != seen and self._usable(flight.held, refused):
            return flight.held
        with self._store.lock(key, wait):
            stored = self._stored(key, flight)
            if stored != seen and self._usable(stored, refused):
                self._log.emit(
                    "token_adopted",
                    logging.INFO,
                    f"the token of {key} was refreshed elsewhere",
                    user=key.user_identifier,
                )
                flight.held = stored
                return stored
            return self._refreshed(key, flight, stored)

    def _usable(self, token: Token, refused: Token | None) -> bool:
        if refused is not None and token.access_token == refused.access_token:
            return False
        return token.expiry_time - self._now() > _HARD_MS

    def _refreshed(self, key: TokenKey, flight: _Flight, stored: Token) -> Token:
        blocked = flight.blocked_until - time.monotonic()
        if blocked > 0:
            throttled = RefreshThrottled("Zoho gives no more access tokens for now.")
            throttled.retry_after = blocked
            raise throttled
        if stored.refresh_token is None:
            raise ReauthorizationRequired(
                f"The token of {key} has ended and cannot be refreshed.",
                why="It was granted for online access, which brings no refresh token.",
            )
        started = self._now()
        try:
            issued = self._accounts.refresh(stored.refresh_token)
        except RefreshThrottled as error:
            flight.blocked_until = time.monotonic() + error.retry_after
            raise
        token = Token(
            user_identifier=stored.user_identifier,
            access_token=issued.access_token,
            # Zoho sends no new refresh token; if it ever does, the new one counts (RFC 6749 section 6).
            refresh_token=issued.refresh_token or stored.refresh_token,
            expiry_time=min(started + issued.lifetime, MAX_EXPIRY),
            api_domain=issued.api_domain or stored.api_domain,
            scope=issued.scope or stored.scope,
        )
        self._log.guard(token.access_token, token.refresh_token)
        self._log.emit(
            "token_refreshed", logging.INFO, f"the token of {key} was refreshed", user=key.user_identifier
        )
        if flight.unsaved is None:
            flight.replaces = stored
        return self._kept(key, flight, token)

    def _kept(self, key: TokenKey, flight: _Flight, token: Token) -> Token:
        """Save a refreshed token over the stored one, and use it; a failed save loses nothing."""
        try:
            self._store.save(key, token, replaces=flight.replaces)
        except StaleToken:
            # Somebody logged in or out while we refreshed: what they stored counts.
            flight.held = flight.unsaved = flight.replaces = None
            return self._fetched(key, flight)
        except StoreError as error:
            flight.unsaved = token
            self._log.emit(
                "token_not_saved",
                logging.ERROR,
                f"the refreshed token of {key} is used from memory, because saving it failed: {error.what}",
                user=key.user_identifier,
                error=error.code,
            )
        else:
            flight.unsaved = flight.replaces = None
            self._log.emit(
                "token_saved", logging.INFO, f"the token of {key} was saved", user=key.user_identifier
            )
        flight.held = token
        return token

    def _stored(self, key: TokenKey, flight: _Flight) -> Token:
        """Read the token from the store; one that could not be saved before is saved now."""
        if flight.unsaved is not None:
            return self._kept(key, flight, flight.unsaved)
        stored = self._store.fetch(key)
        if stored is None:
            flight.held = None
            raise ReauthorizationRequired(
                f"There is no token for {key} in the store {self._store.name}.",
                why="This user has not logged in with this client, environment and store, or has logged out.",
                code="ZCRM-AUTH-011",
            )
        self._log.guard(stored.access_token, stored.refresh_token)
        return stored

    def _fetched(self, key: TokenKey, flight: _Flight) -> Token:
        token = flight.held = self._stored(key, flight)
        return token
