"""Which tokens are there, and how is each of them doing?"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from zcrm_core.errors import InvalidToken
from zcrm_core.identity import Identity
from zcrm_core.log import EventLog
from zcrm_core.oauth import is_renewable
from zcrm_core.refresh import Refresher
from zcrm_core.refresh_notes import ACCESS_TOKENS_ALIVE, are_notes
from zcrm_core.store import Store
from zcrm_core.tokens import Token

__all__ = ["TokenStatus", "Tokens", "refuse_no_token"]


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """How a stored token is doing; it holds no secret.

    Args:
        user_identifier: whose it is.
        client_id: the client that it was issued to.
        environment: production, sandbox or developer.
        store: the name of the store that keeps it.
        expiry_time: when the access token ends, in ms since the epoch, UTC.
        renewable: whether it is renewed by itself: it has a refresh token, or belongs to the client itself.
        last_issued: when Zoho last issued an access token for this login, in ms since the epoch; ``None``
            when nobody knows.
        alive: how many access tokens of this login live, as far as this store's workers issued them.
        most_alive: how many Zoho lets live; one more ends the oldest.
        blocked_until: until when Zoho gives no more, in ms since the epoch; ``None`` when it does.
    """

    user_identifier: str
    client_id: str
    environment: str
    store: str
    expiry_time: int
    renewable: bool
    last_issued: int | None
    alive: int
    most_alive: int
    blocked_until: int | None


class Tokens:
    """``client.tokens``: what the store holds for this client id and environment.

    Args:
        identity: whose tokens.
        store: where they are kept.
        refresher: what this process holds in memory.
        log: where saves and deletions are told.
    """

    def __init__(self, identity: Identity, store: Store, refresher: Refresher, log: EventLog) -> None:
        self._identity = identity
        self._store = store
        self._refresher = refresher
        self._log = log

    def fetch(self, user: str | None = None) -> Token | None:
        """Give a user's token as stored, or ``None`` if there is none.

        Args:
            user: the user identifier; the client's own user when left out.

        Raises:
            StoreError: the store failed.
        """
        return self._store.fetch(self._identity.key(user))

    def save(self, token: Token) -> None:
        """Save a token under its own user, whatever was there; it is durable on return.

        Raises:
            InvalidToken: it is none.
            StoreError: the store failed; ``error.unsaved`` is the token.
        """
        refuse_no_token(token, "saved")
        key = self._identity.key(token.user_identifier)
        self._log.guard(token.access_token, token.refresh_token)
        self._store.save(key, token, replaces=None)
        self._refresher.hold(key, token)
        self._log.emit("token_saved", logging.INFO, f"the token of {key} was saved", user=key.user_identifier)

    def delete(self, user: str | None = None) -> bool:
        """Delete a user's token; answer whether one was there. Zoho is not told: see ``client.oauth.revoke``.

        Args:
            user: the user identifier; the client's own user when left out.

        Raises:
            StoreError: the store failed.
        """
        key = self._identity.key(user)
        was_there = self._store.delete(key)
        self._refresher.forget(key)
        if was_there:
            self._log.emit(
                "token_deleted", logging.INFO, f"the token of {key} was deleted", user=key.user_identifier
            )
        return was_there

    def list(self) -> list[str]:
        """Give the users that have a token for this client id and environment, in alphabetical order.

        Raises:
            StoreError: the store failed, or cannot list.
        """
        config = self._identity.config
        return sorted(
            key.user_identifier
            for key in self._store.list()
            if (key.client_id, key.environment) == (config.client_id, config.environment)
            if not are_notes(key)
        )

    def status(self, user: str | None = None) -> TokenStatus | None:
        """Tell how a user's token is doing, or ``None`` if there is none.

        Args:
            user: the user identifier; the client's own user when left out.

        Raises:
            StoreError: the store failed.
        """
        key = self._identity.key(user)
        token = self._store.fetch(key)
        if token is None:
            return None
        notes, now = self._refresher.notes(key, token), self._refresher.now()
        blocked = notes.blocked(now)
        return TokenStatus(
            user_identifier=key.user_identifier,
            client_id=key.client_id,
            environment=key.environment,
            store=self._store.name,
            expiry_time=token.expiry_time,
            renewable=is_renewable(token, self._identity.config),
            last_issued=notes.issued_at[-1] if notes.issued_at else None,
            alive=notes.alive(now),
            most_alive=ACCESS_TOKENS_ALIVE,
            blocked_until=now + blocked if blocked else None,
        )


def refuse_no_token(given: object, use: str) -> None:
    """Refuse what is no token.

    Args:
        given: what the caller passed.
        use: what is to be done with it, such as ``saved``.

    Raises:
        InvalidToken: it is none.
    """
    if not isinstance(given, Token):
        raise InvalidToken(
            f"What is to be {use} is no token, but {type(given).__name__}.",
            fix="Pass a zcrm_core.Token, such as what client.tokens.fetch or a login gave.",
        )
