"""When is a token refreshed, who refreshes it, and what do the others do meanwhile?

- fresh: the token is used, without any call to the store;
- stale: one thread that finds the lock free refreshes it, all others go on using it;
- expired: one thread refreshes it, all others wait for the lock.

Under the lock the store is read again first, so that a token refreshed elsewhere is adopted, not refreshed
twice. The lock is a thread lock in this process, and around the refresh itself the store's own
``zcrm_lock_token``, which other processes keep too if the store offers it. Saving with ``replaces`` makes
sure that a worker that slept through its lock overwrites nothing, and that a logout stays one. As long as a
token lives, a refresh that fails costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Final

from zcrm_core.errors import (
    AuthError,
    ReauthorizationRequired,
    RefreshThrottled,
    RefreshTimeout,
    StaleToken,
    StoreError,
    ZcrmError,
)
from zcrm_core.flight import Clock, Flight, hard_window
from zcrm_core.homes import Homes
from zcrm_core.log import EventLog
from zcrm_core.oauth import Accounts
from zcrm_core.refresh_notes import Notebook, Notes
from zcrm_core.refusals import useless
from zcrm_core.store import Store
from zcrm_core.tokens import MAX_EXPIRY, Token, TokenKey

__all__ = ["Refresher"]

_LOCK_WAIT_SECONDS: Final = 60.0
_VOLUNTEER_PAUSE_SECONDS: Final = 60.0
"""After a failed early refresh the token still lives, so nobody tries again for this long."""
_LOOK_SECONDS: Final = 0.25
"""How often those who wait for the lock look at the store."""
_SOON_SECONDS: Final = 1.0
"""While somebody else refreshes early, the store is not asked more often than this."""
_SAVE_PAUSE_SECONDS: Final = 10.0
_USELESS_PAUSE_SECONDS: Final = 10.0
"""After Zoho gave a token that was at its end, for this long nobody asks for another one."""
_LONGEST_BLOCK_SECONDS: Final = 3_600.0
_NOTHING_STORED: Final = "ZCRM-AUTH-011"


class Refresher:
    """Gives every caller of one client family a token that works.

    Args:
        accounts: where tokens are refreshed.
        store: where they are kept.
        homes: which region a token lives in.
        log: where refreshes, adoptions and failed saves are told.
        clock: the time; the machine's own when left out.
    """

    def __init__(
        self, accounts: Accounts, store: Store, homes: Homes, log: EventLog, clock: Clock | None = None
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._homes = homes
        self._log = log
        self._clock = clock or Clock()
        self._notebook = Notebook(store, log)
        self._flights: dict[TokenKey, Flight] = {}

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
        token = flight.held or self._fetched(key, flight)
        if flight.unsaved is not None and self._clock.steady() >= flight.save_again_at:
            token = self._saved_again(key, flight, token)
        left = flight.left(token)
        if flight.is_fresh(left):
            return token
        if not flight.is_expired(left):
            return self._volunteer(key, flight, token)
        if left > 0 and self._clock.steady() < flight.blocked_until:
            return token
        try:
            return self._renewed(key, flight, token, _LOCK_WAIT_SECONDS)
        except ZcrmError as error:
            if flight.left(token) <= 0 or error.code == _NOTHING_STORED:
                raise
            self._postponed(key, error)
            return token

    def rejected(self, key: TokenKey, token: Token) -> Token | None:
        """Give another token, after the API refused this one although it has not expired.

        The store is looked at first: another worker may have replaced the token already.

        Returns:
            A token to try, or ``None`` if the one refused has just come from Zoho: a newer one would be
            refused as well, and Zoho gives only ten in ten minutes.
        """
        flight = self._flight(key)
        if token.access_token == flight.brand_new and flight.left(token) > 0:
            with flight.turn.held(_LOCK_WAIT_SECONDS):
                stored = self._stored(key, flight)
            if stored.access_token == token.access_token or not self._works(stored, None, token):
                return None
            self._adopted(key)
            return flight.hold(stored)
        return self._renewed(key, flight, token, _LOCK_WAIT_SECONDS, refused=token)

    def accepted(self, key: TokenKey, token: Token) -> None:
        """Take note that the API took this token."""
        flight = self._flight(key)
        if flight.brand_new == token.access_token:
            flight.brand_new = None

    def refresh(self, key: TokenKey) -> Token:
        """Refresh the token now, even though it may still live; see :meth:`token` for the errors."""
        flight = self._flight(key)
        with flight.turn.held(_LOCK_WAIT_SECONDS):
            token = self._fetched(key, flight)
        return self._renewed(key, flight, token, _LOCK_WAIT_SECONDS, refused=token)

    def hold(self, key: TokenKey, token: Token, lifetime: int | None = None) -> None:
        """Use this token from now on; somebody has just logged in with it.

        Args:
            key: whose it is.
            token: the token.
            lifetime: how long it lives from now on, in ms, if it has just been issued.
        """
        flight = self._flight(key)
        flight.drop()
        flight.blocked_until = flight.volunteers_after = 0.0
        flight.hold(token, lifetime)
        if lifetime is not None:
            notes = self._notebook.read(key, token).after(token, lifetime, self._clock.wall())
            self._notebook.write(key, notes)

    def forget(self, key: TokenKey) -> None:
        """Use no token of this key any more; it has just been deleted."""
        self._flight(key).drop()
        self._notebook.forget(key)

    def notes(self, key: TokenKey, token: Token) -> Notes:
        """Give what is known of the refreshes of a token's login."""
        return self._notebook.read(key, token)

    def now(self) -> int:
        """Give the time, in ms since the epoch."""
        return self._clock.wall()

    @contextmanager
    def exclusive(self, key: TokenKey) -> Iterator[None]:
        """Keep every other worker from refreshing or replacing this key's token meanwhile."""
        with self._flight(key).turn.held(_LOCK_WAIT_SECONDS), self._store.lock(key, _LOCK_WAIT_SECONDS):
            yield

    def _flight(self, key: TokenKey) -> Flight:
        flight = self._flights.get(key)
        return flight if flight is not None else self._flights.setdefault(key, Flight(self._clock))

    def _volunteer(self, key: TokenKey, flight: Flight, token: Token) -> Token:
        """Refresh early if nobody else does; a failure costs nothing, because the token still lives."""
        if self._clock.steady() < flight.volunteers_after:
            return token
        try:
            return self._renewed(key, flight, token, wait=0.0)
        except RefreshTimeout:
            flight.volunteers_after = self._clock.steady() + _SOON_SECONDS
        except ZcrmError as error:
            if error.code == _NOTHING_STORED:
                raise  # the user has logged out, so nobody uses the token any more
            flight.volunteers_after = self._clock.steady() + _VOLUNTEER_PAUSE_SECONDS
            self._postponed(key, error)
        return token

    def _postponed(self, key: TokenKey, error: ZcrmError) -> None:
        self._log.emit(
            "refresh_postponed",
            logging.WARNING,
            f"the token of {key} was not refreshed, and is used while it lives: {error.what}",
            user=key.user_identifier,
            error=error.code,
        )

    def _renewed(
        self, key: TokenKey, flight: Flight, seen: Token, wait: float, refused: Token | None = None
    ) -> Token:
        """Refresh the token under both locks, unless somebody has done it meanwhile."""
        began = self._clock.steady()
        with flight.turn.held(wait):
            held = flight.held
            if held is not None and held != seen and self._works(held, flight.lifetime, refused):
                return held
            failure = flight.failure_since(began)
            if failure is not None:
                raise failure
            try:
                return self._in_turn(key, flight, seen, wait, refused)
            except RefreshTimeout:
                raise  # somebody else is at work: those who come next may find it done
            except ZcrmError as error:
                flight.failed(error, _USELESS_PAUSE_SECONDS if error.code == "ZCRM-AUTH-013" else 0.0)
                raise

    def _in_turn(
        self, key: TokenKey, flight: Flight, seen: Token, wait: float, refused: Token | None
    ) -> Token:
        """Wait for the store's lock, and look at the store meanwhile: a hundred need not queue to adopt."""
        end = self._clock.steady() + wait
        while True:
            left = max(0.0, end - self._clock.steady())
            try:
                with self._store.lock(key, min(left, _LOOK_SECONDS)):
                    return self._decided(key, flight, seen, refused)
            except RefreshTimeout as error:
                if left <= _LOOK_SECONDS:
                    raise RefreshTimeout(
                        f"The token of {key} is being refreshed elsewhere, "
                        f"and that did not end within {wait:g} s.",
                        why=error.why,
                    ) from error
            stored = self._store.fetch(key)
            if stored is not None and stored != seen and self._works(stored, None, refused):
                self._adopted(key)
                return flight.hold(stored, self._notebook.read(key, stored).lifetime_of(stored))

    def _decided(self, key: TokenKey, flight: Flight, seen: Token, refused: Token | None) -> Token:
        """Adopt what the store has if it works, else refresh it; both locks are held."""
        stored = self._stored(key, flight)
        notes = self._notebook.read(key, stored)
        lifetime = notes.lifetime_of(stored)
        if stored != seen and self._works(stored, lifetime, refused):
            self._adopted(key)
            return flight.hold(stored, lifetime)
        if lifetime is not None and refused is None and flight.held == stored:
            flight.hold(stored, lifetime)
            if flight.is_fresh(flight.left(stored)):
                return stored  # it lives shorter than others do, and is not at its end yet
        return self._refreshed(key, flight, stored, notes, refused)

    def _works(self, token: Token, lifetime: int | None, refused: Token | None) -> bool:
        if refused is not None and token.access_token == refused.access_token:
            return False
        return token.expiry_time - self._clock.wall() > hard_window(lifetime)

    def _refreshed(
        self, key: TokenKey, flight: Flight, stored: Token, notes: Notes, refused: Token | None
    ) -> Token:
        self._mind_the_block(key, flight, notes)
        started = self._clock.wall()
        try:
            issued = self._accounts.renew(stored, self._homes.of(stored))
        except RefreshThrottled as error:
            error.retry_after = min(error.retry_after, _LONGEST_BLOCK_SECONDS)
            self._block(key, flight, stored, error)
            raise self._throttled(key, error.retry_after) from error
        except AuthError:
            # Somebody who does not keep the lock may have logged in meanwhile.
            again = self._store.fetch(key)
            if again is None or again == stored or not self._works(again, None, refused):
                raise
            self._adopted(key)
            return flight.hold(again)
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
        if issued.lifetime <= 0 and token.refresh_token == stored.refresh_token:
            raise useless(key)
        if flight.unsaved is None:
            flight.replaces = stored
        kept = self._kept(key, flight, token, issued.lifetime)
        if kept == token:
            flight.brand_new = token.access_token
            if flight.unsaved is None:
                self._notebook.write(key, notes.after(token, issued.lifetime, started))
        return kept

    def _mind_the_block(self, key: TokenKey, flight: Flight, notes: Notes) -> None:
        """Refuse to ask Zoho as long as it gives no more tokens, whichever worker was told so."""
        here = (flight.blocked_until - self._clock.steady()) * 1000
        left = max(here, notes.blocked(self._clock.wall()))
        if left > 0:
            flight.blocked_until = self._clock.steady() + left / 1000
            raise self._throttled(key, left / 1000)

    def _block(self, key: TokenKey, flight: Flight, stored: Token, error: RefreshThrottled) -> None:
        """Let every worker wait for as long as Zoho said, else a minute."""
        flight.blocked_until = self._clock.steady() + error.retry_after
        self._notebook.block(key, stored, self._clock.wall() + int(error.retry_after * 1000))
        self._log.emit(
            "refresh_throttled",
            logging.WARNING,
            f"Zoho gives no new access token for {key} for {error.retry_after:.0f} s; all workers wait",
            user=key.user_identifier,
            wait=error.retry_after,
        )

    def _throttled(self, key: TokenKey, wait: float) -> RefreshThrottled:
        until = datetime.fromtimestamp(self._clock.wall() / 1000 + wait, timezone.utc)
        throttled = RefreshThrottled(
            f"Zoho gives no new access token for {key} until {until:%Y-%m-%d %H:%M:%S} UTC."
        )
        throttled.retry_after = wait
        return throttled

    def _kept(self, key: TokenKey, flight: Flight, token: Token, lifetime: int | None) -> Token:
        """Save a refreshed token over the stored one, and use it; a failed save loses nothing."""
        drops = flight.drops
        try:
            self._store.save(key, token, replaces=flight.replaces)
        except StaleToken:
            # Somebody logged in or out while we refreshed: what they stored counts.
            flight.drop()
            return self._fetched(key, flight)
        except StoreError as error:
            if flight.drops != drops:
                # The user has logged out while the save was under way: it is not tried again.
                return self._fetched(key, flight)
            flight.unsaved = token
            flight.save_again_at = self._clock.steady() + _SAVE_PAUSE_SECONDS
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
            if flight.drops != drops:
                return self._fetched(key, flight)
        return flight.hold(token, lifetime)

    def _saved_again(self, key: TokenKey, flight: Flight, token: Token) -> Token:
        """Try once more to save the token that is used from memory; who finds the lock taken uses it on."""
        flight.save_again_at = self._clock.steady() + _SAVE_PAUSE_SECONDS
        try:
            with flight.turn.held(0.0), self._store.lock(key, 0.0):
                return self._stored(key, flight)
        except ZcrmError as error:
            if error.code == _NOTHING_STORED:
                raise
            return token

    def _stored(self, key: TokenKey, flight: Flight) -> Token:
        """Read the token from the store; one that could not be saved before is saved now."""
        if flight.unsaved is not None:
            return self._kept(key, flight, flight.unsaved, None)
        stored = self._store.fetch(key)
        if stored is None:
            flight.drop()
            raise ReauthorizationRequired(
                f"There is no token for {key} in the store {self._store.name}.",
                why="This user has not logged in with this client, environment and store, or has logged out.",
                code=_NOTHING_STORED,
            )
        self._log.guard(stored.access_token, stored.refresh_token)
        return stored

    def _fetched(self, key: TokenKey, flight: Flight) -> Token:
        return flight.hold(self._stored(key, flight))

    def _adopted(self, key: TokenKey) -> None:
        self._log.emit(
            "token_adopted",
            logging.INFO,
            f"the token of {key} was refreshed elsewhere",
            user=key.user_identifier,
        )
