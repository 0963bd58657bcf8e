"""What does the store hold for a key, and what becomes of a new token that it does not take?"""

from __future__ import annotations

import logging
from typing import Final

from zcrm_core.errors import ReauthorizationRequired, StaleToken, StoreError, ZcrmError
from zcrm_core.flight import Flight
from zcrm_core.log import EventLog
from zcrm_core.store import Store
from zcrm_core.tokens import Token, TokenKey

__all__ = ["NOTHING_STORED", "Keeper"]

NOTHING_STORED: Final = "ZCRM-AUTH-011"
"""The code of the error for a user who has no token."""
_SAVE_PAUSE_SECONDS: Final = 10.0


class Keeper:
    """Reads and saves the tokens in use; a new one that cannot be saved is used from memory.

    Args:
        store: where they are kept.
        log: where saves, and those that fail, are told.
    """

    def __init__(self, store: Store, log: EventLog) -> None:
        self._store = store
        self._log = log

    def stored(self, key: TokenKey, flight: Flight) -> Token:
        """Read the token from the store; one that could not be saved before is saved now.

        Raises:
            ReauthorizationRequired: there is none.
            StoreError: the store failed.
        """
        if flight.unsaved is not None:
            return self.keep(key, flight, flight.unsaved, None)
        stored = self._store.fetch(key)
        if stored is None:
            flight.drop()
            raise ReauthorizationRequired(
                f"There is no token for {key} in the store {self._store.name}.",
                why="This user has not logged in with this client, environment and store, or has logged out.",
                code=NOTHING_STORED,
            )
        self._log.guard(stored.access_token, stored.refresh_token)
        return stored

    def taken(self, key: TokenKey, flight: Flight) -> Token:
        """Read the token from the store, and use it from now on; as for :meth:`stored`."""
        return flight.hold(self.stored(key, flight))

    def keep(self, key: TokenKey, flight: Flight, token: Token, lifetime: int | None) -> Token:
        """Save a new token over the one that it came from, and use it; a failed save loses nothing.

        Args:
            key: whose it is.
            flight: knows which token it replaces.
            token: the new token.
            lifetime: how long it lives from its issue on, in ms, if that is known.

        Returns:
            The token to use: the new one, or what somebody stored meanwhile.

        Raises:
            ReauthorizationRequired: the user has logged out meanwhile.
            StoreError: the store cannot be read.
        """
        drops = flight.drops
        try:
            self._store.save(key, token, replaces=flight.replaces)
        except StaleToken:
            # Somebody logged in or out while we refreshed: what they stored counts.
            flight.drop()
            return self.taken(key, flight)
        except StoreError as error:
            if flight.drops != drops:
                # The user has logged out while the save was under way: it is not tried again.
                return self.taken(key, flight)
            flight.unsaved = token
            flight.save_again_at = flight.clock.steady() + _SAVE_PAUSE_SECONDS
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
                return self.taken(key, flight)
        return flight.hold(token, lifetime)

    def save_again(self, key: TokenKey, flight: Flight, token: Token) -> Token:
        """Try once more to save the token that is used from memory; who finds the lock taken uses it on.

        Raises:
            ReauthorizationRequired: the user has logged out meanwhile.
        """
        flight.save_again_at = flight.clock.steady() + _SAVE_PAUSE_SECONDS
        try:
            with flight.turn.held(0.0), self._store.lock(key, 0.0):
                return self.stored(key, flight)
        except ZcrmError as error:
            if error.code == NOTHING_STORED:
                raise
            return token
