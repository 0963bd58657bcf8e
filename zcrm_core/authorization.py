"""How does a user log in and out, and which tokens are there?"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from zcrm_core.errors import AuthError, StoreCorrupt, StoreError, ZcrmError
from zcrm_core.identity import Identity
from zcrm_core.log import EventLog
from zcrm_core.oauth import Accounts
from zcrm_core.refresh import Refresher
from zcrm_core.store import Store
from zcrm_core.tokens import MAX_EXPIRY, Token, TokenKey

__all__ = ["OAuth", "Tokens"]

_NOBODY: Final = "(not named yet)"


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
            StoreError: the store failed; ``error.unsaved`` is the token.
        """
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
        )


class OAuth:
    """``client.oauth``: logging in and out.

    Args:
        identity: who logs in.
        accounts: the OAuth server.
        tokens: where the tokens go.
        refresher: refreshes, and keeps others from refreshing meanwhile.
        log: whom to tell which texts are secret.
    """

    def __init__(
        self, identity: Identity, accounts: Accounts, tokens: Tokens, refresher: Refresher, log: EventLog
    ) -> None:
        self._identity = identity
        self._accounts = accounts
        self._tokens = tokens
        self._refresher = refresher
        self._log = log

    def authorization_url(
        self, scopes: Sequence[str], state: str | None = None, code_verifier: str | None = None
    ) -> str:
        """Build the address of Zoho's consent page (RFC 6749 section 4.1.1, RFC 7636).

        Args:
            scopes: such as ``["ZohoCRM.modules.ALL", "AaaServer.profile.READ"]``.
            state: a text that nobody can guess; Zoho gives it back, so that a forged answer is noticed.
            code_verifier: from ``zcrm_core.oauth.new_code_verifier()``, for PKCE; pass it to
                :meth:`generate_access_token` as well.

        Raises:
            ConfigError: ``redirect_uri`` is missing, or the verifier is not one.
            AuthError: no scope is given.
        """
        return self._accounts.authorization_url(scopes, state, code_verifier)

    def generate_access_token(
        self, grant_token: str, user: str | None = None, code_verifier: str | None = None
    ) -> Token:
        """Exchange a grant token, name the token's user, and save it.

        The user is, in this order: ``user``, the client's own user, the e-mail address that Zoho gives (for
        which the scope ``AaaServer.profile.READ`` is needed). When the user is known beforehand, the store is
        tried first, so that a store that does not work costs no grant token.

        Args:
            grant_token: from the API console of a self client, or from the redirect of a web client.
            user: whose token it will be.
            code_verifier: the one that went into the authorization URL.

        Raises:
            InvalidGrant: the grant token is wrong, used or too old.
            AuthError: Zoho refuses; ``error.token`` holds a token that was issued and could not be named.
            StoreError: the store failed; ``error.unsaved`` holds the token, and this client goes on using it.
            TransportError: Zoho Accounts cannot be reached.
        """
        named = self._identity.user if user is None else user
        if named is not None:
            key = self._identity.key(named)
            with self._refresher.exclusive(key):
                before = self._before(key)
                return self._saved(key, self._exchange(grant_token, code_verifier), before)
        token = self._exchange(grant_token, code_verifier)
        key = self._whose(token)
        try:
            with self._refresher.exclusive(key):
                return self._saved(key, token, self._before(key))
        except StoreError as error:
            error.unsaved = error.unsaved or replace(token, user_identifier=key.user_identifier)
            raise

    def refresh_access_token(self) -> Token:
        """Refresh the user's token now, though it may still live; calls do so by themselves when it is due.

        Raises:
            ReauthorizationRequired: there is no token, or Zoho no longer takes the refresh token.
            RefreshThrottled: ten refreshes in ten minutes were made.
            StoreError: the store failed.
            TransportError: Zoho Accounts cannot be reached.
        """
        return self._refresher.refresh(self._identity.key())

    def revoke(self) -> bool:
        """Revoke the user's tokens at Zoho, then delete them from the store; answer whether there were any.

        Raises:
            AuthError: Zoho refuses; nothing was deleted.
            StoreError: the store failed.
            TransportError: Zoho Accounts cannot be reached; nothing was deleted.
        """
        key = self._identity.key()
        with self._refresher.exclusive(key):
            token = self._tokens.fetch()
            if token is None:
                return False
            self._accounts.revoke(token.refresh_token or token.access_token)
            return self._tokens.delete()

    def _exchange(self, grant_token: str, code_verifier: str | None) -> Token:
        """Exchange a grant token; nobody has said yet whose token it is."""
        started = time.time_ns() // 1_000_000
        issued = self._accounts.exchange(grant_token, code_verifier)
        self._log.guard(issued.access_token, issued.refresh_token)
        return Token(
            user_identifier=_NOBODY,
            access_token=issued.access_token,
            refresh_token=issued.refresh_token,
            expiry_time=min(started + issued.lifetime, MAX_EXPIRY),
            api_domain=issued.api_domain,
            scope=issued.scope,
        )

    def _before(self, key: TokenKey) -> Token | None:
        """The token stored so far; damage that a save repairs must not keep a user from logging in."""
        try:
            return self._tokens.fetch(key.user_identifier)
        except StoreCorrupt as error:
            if not error.repaired_by_saving:
                raise
            return None

    def _whose(self, token: Token) -> TokenKey:
        try:
            return self._identity.key(str(self._accounts.user_info(token.access_token)["Email"]).strip())
        except AuthError as error:
            error.token = token
            raise
        except ZcrmError as error:
            unnamed = AuthError(
                "Zoho issued a token, and then did not say whose it is.",
                why=error.what,
                fix="Put the user into error.token with dataclasses.replace, then call client.tokens.save.",
                code="ZCRM-AUTH-010",
            )
            unnamed.token = token
            raise unnamed from error

    def _saved(self, key: TokenKey, token: Token, before: Token | None) -> Token:
        token = replace(token, user_identifier=key.user_identifier)
        if token.refresh_token is None and before is not None:
            # Zoho sends the refresh token with the first consent only, unless it is asked to again.
            token = replace(token, refresh_token=before.refresh_token)
        try:
            self._tokens.save(token)
        except StoreError:
            self._refresher.hold(key, token)
            raise
        return token
