"""What is said to Zoho Accounts, and what do its answers mean?"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from zcrm_core.config import Config
from zcrm_core.errors import AuthError, ConfigError, InvalidGrant, RateLimited, ReauthorizationRequired
from zcrm_core.hookspecs import Region
from zcrm_core.issued import IssuedToken, is_token, read_issued
from zcrm_core.refusals import code_refused, led_away, no_longer_accepted, refusal, throttled
from zcrm_core.response import JSON, Response
from zcrm_core.tokens import Token
from zcrm_core.transport import Transport, wanted_wait

__all__ = ["Accounts", "is_renewable", "new_code_verifier"]

_UNKNOWN_TOKEN: Final = ("invalid_token", "invalid_code")
"""What Zoho says of a token that it does not know; other words with "invalid" are about the request."""
_CODE_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Accounts:
    """The OAuth servers of one client; each call names the region whose server is asked.

    Args:
        config: for the client's id, secret, redirect URI and organisation.
        transport: sends the requests.
    """

    def __init__(self, config: Config, transport: Transport) -> None:
        self._config = config
        self._transport = transport

    def authorization_url(
        self, scopes: Sequence[str], region: Region, state: str, code_verifier: str | None = None
    ) -> str:
        """Build the address of the consent page; ``client.oauth.authorization_url`` says more."""
        query = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "scope": joined(scopes),
            "redirect_uri": self._config.require("redirect_uri", "an authorization URL"),
            "access_type": "offline",
            # Without it a user who agreed before gets no refresh token the second time.
            "prompt": "consent",
            "state": state,
        }
        if code_verifier is not None:
            query["code_challenge"] = _challenge(code_verifier)
            query["code_challenge_method"] = "S256"
        return f"{region.accounts_url}/oauth/v2/auth?{urlencode(query)}"

    def exchange(
        self,
        grant_token: str,
        region: Region,
        code_verifier: str | None = None,
        *,
        redirected: bool = False,
    ) -> IssuedToken:
        """Exchange a grant token for tokens (RFC 6749 section 4.1.3).

        Args:
            grant_token: from the API console of a self client, or from the redirect of a web client.
            region: where it was made.
            code_verifier: the verifier whose challenge went into the authorization URL.
            redirected: it comes from a redirect, so no console makes a new one.

        Raises:
            InvalidGrant: it is wrong, used or too old.
            ConfigError: the verifier is not one.
            AuthError: Zoho refuses the client, its secret, its redirect URI or its scopes.
            TransportError: no usable answer.
        """
        code = _text(grant_token)
        if not code:
            raise InvalidGrant("The grant token is empty, or is no text.")
        if not (code.isascii() and code.isprintable()):
            raise InvalidGrant(
                "The grant token has characters in it that no grant token has.",
                why="It is one line of letters, digits and dots, so something else was copied or read.",
            )
        form = {"grant_type": "authorization_code", "code": code}
        if self._config.redirect_uri is not None:
            form["redirect_uri"] = self._config.redirect_uri
        if code_verifier is not None:
            if not is_token(code_verifier):
                raise _no_verifier()
            form["code_verifier"] = code_verifier
        refused = InvalidGrant(f"Zoho does not accept the grant token in the region {region.name}.")
        if redirected or code_verifier is not None:
            refused = code_refused(region)
        return self._issued(form, region, refused)

    def renew(self, token: Token, region: Region) -> IssuedToken:
        """Get a new access token: with the refresh token, else with the client's own credentials.

        Zoho keeps the refresh token as it is (RFC 6749 section 6).

        Raises:
            ReauthorizationRequired: Zoho no longer takes the refresh token, or there is none.
            RefreshThrottled: ten refreshes in ten minutes were made.
            AuthError: Zoho refuses the client or its secret.
            TransportError: no usable answer.
        """
        if token.refresh_token:
            form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
            return self._issued(form, region, no_longer_accepted(region))
        if token.scope is not None and is_renewable(token, self._config):
            return self.client_credentials(token.scope.replace(" ", ",").split(","), region)
        raise ReauthorizationRequired(
            f"The token of {token.user_identifier} has ended and cannot be refreshed.",
            why="It was granted for online access, which brings no refresh token; or with client "
            "credentials, for an organisation that soid does not name, or in a store that keeps no scopes.",
        )

    def client_credentials(
        self, scopes: Sequence[str], region: Region, soid: str | None = None
    ) -> IssuedToken:
        """Get an access token for the client itself (RFC 6749 section 4.4); it has no refresh token.

        Args:
            scopes: what it shall be good for.
            region: where the organisation is.
            soid: the organisation; the configuration's own when left out.

        Raises:
            ConfigError: no organisation is named.
            AuthError: Zoho refuses the client, the scopes or the organisation.
            TransportError: no usable answer.
        """
        form = {
            "grant_type": "client_credentials",
            "scope": joined(scopes),
            "soid": soid or self._config.require("soid", "a login with client credentials"),
        }
        return self._issued(form, region, AuthError("Zoho does not accept the client credentials."))

    def revoke(self, token: str, region: Region) -> None:
        """Revoke a refresh token and the access tokens made with it (RFC 7009).

        A token that Zoho does not know any more counts as revoked.

        Raises:
            AuthError: Zoho refuses for another reason.
            TransportError: no usable answer.
        """
        response = self._post("/oauth/v2/token/revoke", region, {"token": token})
        answer = response.json()
        if not isinstance(answer, dict) or (
            answer.get("status") != "success" and answer.get("error") not in _UNKNOWN_TOKEN
        ):
            raise refusal(answer, response.status, region, AuthError("Zoho did not revoke the token."))

    def user_info(self, access_token: str, region: Region) -> Mapping[str, JSON]:
        """Ask whose token it is; needs the scope ``AaaServer.profile.READ``.

        Returns:
            Zoho's answer, with ``Email``, ``ZUID``, ``Display_Name`` and more.

        Raises:
            AuthError: the scope is missing, or the token is not valid.
            TransportError: no usable answer.
        """
        answer = self._get("/oauth/user/info", region, access_token).json()
        if isinstance(answer, dict) and isinstance(answer.get("Email"), str) and answer["Email"]:
            return answer
        raise AuthError(
            "Zoho does not say whose token this is.",
            why="The scope AaaServer.profile.READ was not granted, or the account has no e-mail address.",
            fix="Name the user with generate_access_token(grant, user=...) or current_user_email; "
            "or ask for the scope AaaServer.profile.READ as well.",
            code="ZCRM-AUTH-010",
        )

    def server_of(self, location: str, region: Region) -> str | None:
        """Ask which accounts server a data centre has, by its short name such as ``eu``.

        Raises:
            TransportError: no usable answer.
        """
        answer = self._get("/oauth/serverinfo", region).json()
        known = answer.get("locations") if isinstance(answer, dict) else None
        server = known.get(location) if isinstance(known, dict) else None
        return server if isinstance(server, str) else None

    def device(self, path: str, region: Region, form: Mapping[str, str]) -> tuple[Mapping[str, JSON], int]:
        """Make a call of the device flow; give its answer and its status, whatever they say.

        Raises:
            TransportError: no usable answer.
        """
        response = self._post(f"/oauth/v3/device/{path}", region, {**self._credentials(), **form})
        answer = response.json()
        return answer if isinstance(answer, dict) else {}, response.status

    def _credentials(self) -> dict[str, str]:
        return {
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret.reveal(),
        }

    def _issued(self, form: Mapping[str, str], region: Region, invalid: AuthError) -> IssuedToken:
        response = self._post("/oauth/v2/token", region, {**self._credentials(), **form})
        # The status says little: Zoho sends most of its errors with 200.
        answer = response.json()
        if not isinstance(answer, dict) or "error" in answer or not is_token(answer.get("access_token")):
            raise refusal(answer, response.status, region, invalid, wanted_wait(response.headers))
        return read_issued(answer)

    def _get(self, path: str, region: Region, access_token: str | None = None) -> Response:
        return _answered(
            self._transport.send(
                "GET",
                f"{region.accounts_url}{path}",
                access_token=access_token,
                whole_within=self._transport.patience,
            )
        )

    def _post(self, path: str, region: Region, form: Mapping[str, str]) -> Response:
        try:
            # Nobody waits here: the others wait for this caller's lock, and a living token can be used on.
            return _answered(
                self._transport.send(
                    "POST",
                    f"{region.accounts_url}{path}",
                    form=form,
                    longest_wait=0,
                    whole_within=self._transport.patience,
                )
            )
        except RateLimited as error:
            raise throttled(error.retry_after) from None


def _answered(response: Response) -> Response:
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        raise led_away(response.status)
    return response


def is_renewable(token: Token, config: Config) -> bool:
    """Tell whether a token can be renewed: with its refresh token, or with the client's own credentials.

    Args:
        token: a stored token; a table of other programs may keep an empty text for no refresh token. Without
            one, only the client's own token has scopes.
        config: whether it names the organisation that client credentials are for.
    """
    return bool(token.refresh_token) or (config.soid is not None and token.scope is not None)


def joined(scopes: Sequence[str]) -> str:
    """Give a list of scopes as Zoho wants it.

    Raises:
        AuthError: there is none, one is no text, or a text was given instead of a list.
    """
    given = () if isinstance(scopes, str) or not isinstance(scopes, Iterable) else tuple(scopes)
    if not given or not all(map(_text, given)):
        raise AuthError(
            "A login needs a list of scopes.",
            why="Zoho asks the user to agree to named scopes.",
            fix='Pass scopes=["ZohoCRM.modules.ALL", "AaaServer.profile.READ"], for example.',
            code="ZCRM-AUTH-009",
        )
    return ",".join(given)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""  # a form or a variable may hold none


def new_code_verifier() -> str:
    """Make a fresh PKCE code verifier of 86 characters (RFC 7636 section 4.1)."""
    return secrets.token_urlsafe(64)


def _challenge(code_verifier: str) -> str:
    if not is_token(code_verifier) or not _CODE_VERIFIER.fullmatch(code_verifier):
        raise _no_verifier()
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _no_verifier() -> ConfigError:
    return ConfigError(
        "The code verifier is not one.",
        why="RFC 7636 asks for 43 to 128 letters, digits, and the characters - . _ and ~.",
        fix="Take one from zcrm_core.oauth.new_code_verifier().",
        code="ZCRM-CONFIG-004",
    )
