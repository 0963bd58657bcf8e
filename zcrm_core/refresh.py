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
from dataclasses import replace
from typing import Final

from zcrm_core.errors import AuthError, RefreshTimeout, ZcrmError
from zcrm_core.flight import Clock, Flight, Untried, Unwanted, hard_window
from zcrm_core.homes import Homes
from zcrm_core.keeping import NOTHING_STORED, Keeper
from zcrm_core.log import EventLog
from zcrm_core.oauth import Accounts
from zcrm_core.refresh_notes import DOUBT_MS, Notebook, Notes
from zcrm_core.renewal import Renewal
from zcrm_core.store import Store
from zcrm_core.tokens import Token, TokenKey

__all__ = ["Refresher"]

_LOCK_WAIT_SECONDS: Final = 60.0
_VOLUNTEER_PAUSE_SECONDS: Final = 60.0
"""After a failed early refresh the token still lives, so nobody tries again for this long."""
_LOOK_SECONDS: Final = 0.25
"""How often those who wait for the lock look at the store."""
_SOON_SECONDS: Final = 1.0
"""While somebody else refreshes early, the store is not asked more often than this."""


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
        self._store = store
        self._log = log
        self._clock = clock or Clock()
        self._notebook = Notebook(store, log)
        self._keeper = Keeper(store, log)
        self._renewal = Renewal(accounts, homes, self._notebook, log)
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
        token = flight.held or self._keeper.taken(key, flight)
        if flight.unsaved is not None and self._clock.steady() >= flight.save_again_at:
            token = self._keeper.save_again(key, flight, token)
        left = flight.left(token)
        if flight.is_fresh(left):
            return token
        if not flight.is_expired(left):
            return self._volunteer(key, flight, token)
        if left > 0 and self._clock.steady() < flight.blocked_until:
            return token
        try:
            return self._renewed(key, flight, token, self._clock.steady() + _LOCK_WAIT_SECONDS)
        except ZcrmError as error:
            if flight.left(token) <= 0 or error.code == NOTHING_STORED:
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
        unwanted = Unwanted(token.access_token, refused=True)
        end = self._clock.steady() + _LOCK_WAIT_SECONDS
        with flight.in_turn(_LOCK_WAIT_SECONDS):
            drops = flight.drops
            stored = self._keeper.stored(key, flight)
            notes = self._notebook.read(key, stored)
            if stored.access_token != token.access_token:
                if self._works(stored, notes.lifetime_of(stored), unwanted):
                    return self._adopted(key, flight, stored, notes, drops)
            elif self._is_untried(flight, token, notes):
                self._remember_doubt(flight, token, notes)
                return None
        found = self._renewed(key, flight, token, end, unwanted)
        return None if found.access_token == token.access_token else found

    def accepted(self, key: TokenKey, token: Token) -> None:
        """Take note that the API took this token."""
        flight = self._flight(key)
        untried = flight.untried
        if untried is not None and untried.access_token == token.access_token:
            flight.untried = None
            if untried.noted:
                self._notebook.settle(key, token)

    def refresh(self, key: TokenKey) -> Token:
        """Refresh the token now, even though it may still live; see :meth:`token` for the errors."""
        flight = self._flight(key)
        end = self._clock.steady() + _LOCK_WAIT_SECONDS
        with flight.in_turn(_LOCK_WAIT_SECONDS):
            token = self._keeper.taken(key, flight)
        return self._renewed(key, flight, token, end, Unwanted(token.access_token, refused=False))

    def hold(self, key: TokenKey, token: Token, lifetime: int | None = None) -> None:
        """Use this token from now on; somebody has just logged in with it.

        Args:
            key: whose it is.
            token: the token.
            lifetime: how long it lives from now on, in ms, if it has just been issued.
        """
        flight = self._flight(key)
        flight.drop()
        flight.hold(token, lifetime)
        if lifetime is not None:
            notes = self._notebook.read(key, token).after(token, lifetime, self._clock.wall())
            self._notebook.write(key, notes)

    def forget(self, key: TokenKey) -> None:
        """Use no token of this key any more; it has just been deleted."""
        self._flight(key).drop()
        self._notebook.forget(key)

    def held(self, key: TokenKey) -> Token | None:
        """Give the token that this process uses, if it has one in memory."""
        return self._flight(key).held

    def notes(self, key: TokenKey, token: Token) -> Notes:
        """Give what is known of the refreshes of a token's login."""
        return self._notebook.read(key, token)

    def now(self) -> int:
        """Give the time, in ms since the epoch."""
        return self._clock.wall()

    @contextmanager
    def exclusive(self, key: TokenKey) -> Iterator[None]:
        """Keep every other worker from refreshing or replacing this key's token meanwhile."""
        end = self._clock.steady() + _LOCK_WAIT_SECONDS
        with (
            self._flight(key).in_turn(_LOCK_WAIT_SECONDS),
            self._store.lock(key, max(0.0, end - self._clock.steady())),
        ):
            yield

    def _flight(self, key: TokenKey) -> Flight:
        flight = self._flights.get(key)
        return flight if flight is not None else self._flights.setdefault(key, Flight(self._clock))

    def _volunteer(self, key: TokenKey, flight: Flight, token: Token) -> Token:
        """Refresh early if nobody else does; a failure costs nothing, because the token still lives."""
        if self._clock.steady() < flight.volunteers_after:
            return token
        try:
            return self._renewed(key, flight, token, end=self._clock.steady())
        except RefreshTimeout:
            flight.volunteers_after = self._clock.steady() + _SOON_SECONDS
        except ZcrmError as error:
            if error.code == NOTHING_STORED:
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
        self, key: TokenKey, flight: Flight, seen: Token, end: float, unwanted: Unwanted | None = None
    ) -> Token:
        """Refresh the token under both locks until ``end``, unless somebody has done it meanwhile."""
        began = self._clock.steady()
        with flight.in_turn(max(0.0, end - began)):
            held = flight.held
            if held is not None and held != seen and self._works(held, flight.lifetime, unwanted):
                return held
            failure = flight.failure_since(began)
            if failure is not None:
                raise failure
            try:
                return self._in_turn(key, flight, seen, end, unwanted)
            except RefreshTimeout as error:
                # Somebody else is at work: those who come next may find it done.
                raise RefreshTimeout(
                    f"The token of {key} is being refreshed elsewhere, "
                    f"and that did not end within {max(0.0, end - began):.0f} s.",
                    why=error.why,
                ) from error
            except ZcrmError as error:
                flight.failed(error)
                raise

    def _in_turn(
        self, key: TokenKey, flight: Flight, seen: Token, end: float, unwanted: Unwanted | None
    ) -> Token:
        """Wait for the store's lock, and look at the store meanwhile: a hundred need not queue to adopt."""
        while True:
            left = max(0.0, end - self._clock.steady())
            try:
                with self._store.lock(key, min(left, _LOOK_SECONDS)):
                    return self._decided(key, flight, seen, unwanted)
            except RefreshTimeout:
                if left <= _LOOK_SECONDS:
                    raise
            drops = flight.drops
            stored = self._store.fetch(key)
            if stored is not None and stored != seen and self._works(stored, None, unwanted):
                return self._adopted(key, flight, stored, self._notebook.read(key, stored), drops)

    def _decided(self, key: TokenKey, flight: Flight, seen: Token, unwanted: Unwanted | None) -> Token:
        """Adopt what the store has if it works, else refresh it; both locks are held."""
        drops = flight.drops
        stored = self._keeper.stored(key, flight)
        notes = self._notebook.read(key, stored)
        lifetime = notes.lifetime_of(stored)
        if stored != seen and self._works(stored, lifetime, unwanted):
            return self._adopted(key, flight, stored, notes, drops)
        if unwanted is not None and unwanted.refused and self._is_untried(flight, stored, notes):
            return stored
        if lifetime is not None and unwanted is None and flight.held == stored:
            flight.hold(stored, lifetime)
            if flight.is_fresh(flight.left(stored)):
                return stored  # it lives shorter than others do, and is not at its end yet
        return self._refreshed(key, flight, stored, notes, unwanted)

    def _refreshed(
        self, key: TokenKey, flight: Flight, stored: Token, notes: Notes, unwanted: Unwanted | None
    ) -> Token:
        started = self._clock.wall()
        try:
            token, lifetime = self._renewal.renewed(key, flight, stored, notes)
        except AuthError:
            # Somebody who does not keep the lock may have logged in meanwhile.
            drops = flight.drops
            again = self._store.fetch(key)
            if again is None or again == stored or not self._works(again, None, unwanted):
                raise
            return self._adopted(key, flight, again, self._notebook.read(key, again), drops)
        doubted = unwanted is not None and unwanted.refused
        unsaved = flight.unsaved
        replaces = stored if unsaved is None else unsaved.replaces
        kept = self._keeper.keep(key, flight, token, lifetime, replaces)
        if kept == token:
            noted = flight.unsaved is None
            if noted:
                self._notebook.write(key, replace(notes.after(token, lifetime, started), doubted=doubted))
            # Only now, for other threads use the token already: whoever has it taken ends the doubt noted.
            flight.untried = self._untried(token, noted=noted and doubted)
        return kept

    def _adopted(self, key: TokenKey, flight: Flight, stored: Token, notes: Notes, drops: int) -> Token:
        """Use what another worker has stored; ``drops`` is how often the token was dropped before."""
        self._log.guard(stored.access_token, stored.refresh_token)
        self._log.emit(
            "token_adopted",
            logging.INFO,
            f"the token of {key} was refreshed elsewhere",
            user=key.user_identifier,
        )
        self._remember_doubt(flight, stored, notes)
        return self._keeper.used(key, flight, stored, notes.lifetime_of(stored), drops)

    def _remember_doubt(self, flight: Flight, token: Token, notes: Notes) -> None:
        """Remember a doubt that stands in the notes, so that this worker ends it if the CRM takes the token.

        The one that noted it may be gone, or have adopted the token before it was noted.
        """
        if notes.doubt(token, self._clock.wall()):
            flight.untried = self._untried(token, noted=True)

    def _untried(self, token: Token, *, noted: bool) -> Untried:
        return Untried(token.access_token, self._clock.steady() + DOUBT_MS / 1000, noted)

    def _is_untried(self, flight: Flight, token: Token, notes: Notes) -> bool:
        """Tell whether a token has just come from Zoho, and nobody has seen the CRM take it."""
        if flight.left(token) <= 0:
            return False
        untried = flight.untried
        if untried is None or untried.access_token != token.access_token or untried.noted:
            return notes.doubt(token, self._clock.wall())
        return self._clock.steady() < untried.until

    def _works(self, token: Token, lifetime: int | None, unwanted: Unwanted | None) -> bool:
        if unwanted is not None and token.access_token == unwanted.access_token:
            return False
        return token.expiry_time - self._clock.wall() > hard_window(lifetime)
