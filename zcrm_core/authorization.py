"""How does a user log in and out?"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from zcrm_core.device import DeviceLogin, begin_device_login, wait_for_device
from zcrm_core.errors import AuthError, ConfigError, StoreCorrupt, StoreError, ZcrmError
from zcrm_core.homes import Homes
from zcrm_core.hookspecs import Region
from zcrm_core.identity import Identity
from zcrm_core.issued import IssuedToken
from zcrm_core.log import EventLog
from zcrm_core.oauth import Accounts
from zcrm_core.redirects import Logins, read_redirect
from zcrm_core.refresh import Refresher
from zcrm_core.token_access import Tokens, refuse_no_token
from zcrm_core.tokens import Token, TokenKey

__all__ = ["OAuth", "Tokens"]

_NOBODY: Final = "(not named yet)"

_Issue = Callable[[], IssuedToken]
_Kept = Callable[[Token, Token | None], Token]
"""Gives what is kept of a new token, when another one was stored before."""


class OAuth:
    """``client.oauth``: logging in and out.

    Args:
        identity: who logs in.
        accounts: the OAuth servers.
        homes: which of them is asked.
        tokens: where the tokens go.
        refresher: refreshes, and keeps others from refreshing meanwhile.
        logins: the logins that this process began.
        log: whom to tell which texts are secret.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        accounts: Accounts,
        homes: Homes,
        tokens: Tokens,
        refresher: Refresher,
        logins: Logins,
        log: EventLog,
    ) -> None:
        self._identity = identity
        self._accounts = accounts
        self._homes = homes
        self._tokens = tokens
        self._refresher = refresher
        self._logins = logins
        self._log = log

    def authorization_url(
        self, scopes: Sequence[str], state: str | None = None, code_verifier: str | None = None
    ) -> str:
        """Build the address of Zoho's consent page (RFC 6749 section 4.1.1, RFC 7636).

        Args:
            scopes: such as ``["ZohoCRM.modules.ALL", "AaaServer.profile.READ"]``.
            state: a text that nobody can guess; Zoho gives it back, so that a forged answer is noticed. When
                left out, a new one is made; then the same process has to take the answer.
            code_verifier: from ``zcrm_core.oauth.new_code_verifier()``, for PKCE; pass it to
                :meth:`handle_redirect` as well when another process takes the answer.

        Raises:
            ConfigError: ``redirect_uri`` is missing, or the state or the verifier is not one.
            AuthError: no scope is given.
        """
        state = self._logins.begin(state, code_verifier)
        return self._accounts.authorization_url(scopes, self._homes.default, state, code_verifier)

    def handle_redirect(
        self,
        url: str,
        *,
        state: str | None = None,
        code_verifier: str | None = None,
        user: str | None = None,
    ) -> Token:
        """Finish a web login: check Zoho's redirect, exchange its code, name the token's user, and save it.

        The code is exchanged at the data centre that issued it, which the redirect names.

        Args:
            url: the address that Zoho sent the user back to, whole.
            state: the one that went into :meth:`authorization_url`, from the user's session; left out only
                where that made the state, in this process. An answer is taken once.
            code_verifier: likewise; this process remembers it as well.
            user: whose token it will be; as for :meth:`generate_access_token`.

        Raises:
            AuthError: the user refused, the answer is not one to this question, or it names a server that is
                not Zoho's; and all that :meth:`generate_access_token` raises.
        """
        answer = read_redirect(url, state, self._logins, code_verifier)
        if answer.accounts_server is not None:
            region = self._homes.of_accounts(answer.accounts_server)
        elif answer.location is not None:
            region = self._region_of(answer.location, self._homes.default)
        else:
            region = self._homes.default
        return self._logged_in(
            user,
            region,
            lambda: self._accounts.exchange(answer.code, region, answer.code_verifier, redirected=True),
        )

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
                Or Zoho says that the token is for another environment.
            StoreError: the store failed; ``error.unsaved`` holds the token, and this client goes on using it.
            TransportError: Zoho Accounts cannot be reached.
        """
        region = self._homes.default
        return self._logged_in(
            user, region, lambda: self._accounts.exchange(grant_token, region, code_verifier)
        )

    def generate_client_token(
        self, scopes: Sequence[str], soid: str | None = None, user: str | None = None
    ) -> Token:
        """Get a token for the client itself, without any user's consent (client credentials), and save it.

        It has no refresh token. It is renewed in the same way as long as the configuration has ``soid``. The
        token of another organisation ends, and is never renewed for the configured one.

        Args:
            scopes: what it shall be good for.
            soid: the organisation, such as ``ZohoCRM.700412000``; the configuration's own when left out.
            user: under which name it is kept; as for :meth:`generate_access_token`.

        Raises:
            ConfigError: no organisation is named.
            AuthError, StoreError, TransportError: as for :meth:`generate_access_token`.
        """
        region = self._homes.default
        renewed = soid is None or soid == self._identity.config.soid

        def kept(token: Token, _before: Token | None) -> Token:
            # To be renewed with the same scopes; a token without any is not renewed.
            return replace(token, scope=(token.scope or " ".join(scopes)) if renewed else None)

        return self._logged_in(
            user, region, lambda: self._accounts.client_credentials(scopes, region, soid), kept
        )

    def start_device_login(self, scopes: Sequence[str]) -> DeviceLogin:
        """Begin a login on a device without a browser: show the person its address and its code.

        Args:
            scopes: what the person shall agree to.

        Raises:
            AuthError: Zoho refuses the client or the scopes.
            TransportError: Zoho Accounts cannot be reached.
        """
        login = begin_device_login(self._accounts, self._homes.default, scopes)
        self._log.guard(login.device_code)
        return login

    def finish_device_login(self, login: DeviceLogin, user: str | None = None) -> Token:
        """Wait until the person has agreed, name the token's user, and save it.

        Args:
            login: what :meth:`start_device_login` gave.
            user: whose token it will be; as for :meth:`generate_access_token`.

        Raises:
            ConfigError: this is no login.
            AuthError: the person refused, or did not answer in time.
            StoreError, TransportError: as for :meth:`generate_access_token`.
        """
        if not isinstance(login, DeviceLogin):
            raise ConfigError(
                f"What is to be finished is no login of a device, but {type(login).__name__}.",
                why="It waits for the person to whom start_device_login's address and code were shown.",
                fix="Pass what client.oauth.start_device_login gave.",
                code="ZCRM-CONFIG-004",
            )
        issued, region = wait_for_device(self._accounts, self._homes.default, login, self._region_of)
        return self._logged_in(user, region, lambda: issued)

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
            # The one in use differs from the one stored if it could not be saved.
            found = [one for one in (self._tokens.fetch(), self._refresher.held(key)) if one is not None]
            secrets = {one.refresh_token or one.access_token: one for one in found}
            for token in secrets.values():
                self.revoke_token(token)
            self._tokens.delete()
            return bool(found)

    def revoke_token(self, token: Token) -> None:
        """Revoke one token at Zoho, such as ``error.unsaved``; no store is asked, and nothing is deleted.

        Args:
            token: its refresh token is revoked and all access tokens with it, or its access token if there
                is no refresh token. One that Zoho does not know any more counts as revoked.

        Raises:
            InvalidToken: it is none.
            AuthError: Zoho refuses.
            TransportError: Zoho Accounts cannot be reached.
        """
        refuse_no_token(token, "revoked")
        self._accounts.revoke(token.refresh_token or token.access_token, self._homes.of(token))

    def _region_of(self, location: str, asked: Region) -> Region:
        """Give the region of a data centre's short name, as Zoho's own list has it."""
        server = self._accounts.server_of(location, asked)
        if server is None:
            return self._homes.default
        return self._homes.of_accounts(server)

    def _logged_in(self, user: str | None, region: Region, issue: _Issue, kept: _Kept | None = None) -> Token:
        """Get a token, find out whose it is, and save what is kept of it."""
        kept = kept or _of_a_user
        named = self._identity.user if user is None else user
        if named is not None:
            key = self._identity.key(named)
            with self._refresher.exclusive(key):
                before = self._before(key)
                token, lifetime = self._issued(issue, region)
                return self._saved(key, kept(token, before), lifetime)
        token, lifetime = self._issued(issue, region)
        key = self._whose(kept(token, None), region)
        try:
            with self._refresher.exclusive(key):
                before = self._before(key)
                return self._saved(key, kept(token, before), lifetime)
        except StoreError as error:
            error.unsaved = error.unsaved or replace(kept(token, None), user_identifier=key.user_identifier)
            raise

    def _issued(self, issue: _Issue, region: Region) -> tuple[Token, int]:
        """Get a token; nobody has said yet whose it is."""
        started = time.time_ns() // 1_000_000
        issued = issue()
        self._log.guard(issued.access_token, issued.refresh_token)
        token = issued.of(_NOBODY, started)
        api_domain = self._homes.api_domain(token.api_domain, region)
        self._homes.refuse_another_environment(api_domain)
        return replace(token, api_domain=api_domain), issued.lifetime

    def _before(self, key: TokenKey) -> Token | None:
        """The token stored so far; damage that a save repairs must not keep a user from logging in."""
        try:
            return self._tokens.fetch(key.user_identifier)
        except StoreCorrupt as error:
            if not error.repaired_by_saving:
                raise
            return None

    def _whose(self, token: Token, region: Region) -> TokenKey:
        try:
            info = self._accounts.user_info(token.access_token, region)
            return self._identity.key(str(info["Email"]).strip())
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

    def _saved(self, key: TokenKey, token: Token, lifetime: int) -> Token:
        token = replace(token, user_identifier=key.user_identifier)
        try:
            self._tokens.save(token)
        except StoreError:
            self._refresher.hold(key, token)
            raise
        self._refresher.hold(key, token, lifetime)
        self._warn_of_a_lost_region(key, token)
        return token

    def _warn_of_a_lost_region(self, key: TokenKey, token: Token) -> None:
        """Tell of a store that does not keep where the token lives: the next process would ask elsewhere."""
        try:
            home = self._homes.of(token)
            stored = None if home is self._homes.default else self._tokens.fetch(key.user_identifier)
        except ZcrmError:
            return  # the login is made; whatever is wrong is told by the next call
        if stored is not None and stored.api_domain is None:
            self._log.emit(
                "region_not_kept",
                logging.WARNING,
                f"the token of {key} belongs to the data centre {home.name}, and the store keeps no data "
                f'centre: set region = "{home.name}", or use a store that keeps api_domain',
                user=key.user_identifier,
            )


def _of_a_user(token: Token, before: Token | None) -> Token:
    """Give what is kept of a token that a user agreed to.

    Without a refresh token it keeps no scopes either: by them the client's own token is renewed, and with the
    client's own credentials a user's token would become somebody else's.
    """
    if token.refresh_token is None and before is not None and before.api_domain in (None, token.api_domain):
        # Zoho sends the refresh token with the first consent only, unless it is asked to again.
        token = replace(token, refresh_token=before.refresh_token)
    return token if token.refresh_token else replace(token, scope=None)
