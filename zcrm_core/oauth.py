"""What is said to Zoho Accounts, and what do its answers mean?"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NoReturn
from urllib.parse import urlencode

from zcrm_core.config import Config
from zcrm_core.errors import (
    AuthError,
    ConfigError,
    InvalidGrant,
    RateLimited,
    ReauthorizationRequired,
    RefreshThrottled,
    TransportError,
)
from zcrm_core.hookspecs import Region
from zcrm_core.response import JSON, Response
from zcrm_core.transport import Transport

__all__ = ["Accounts", "IssuedToken", "new_code_verifier"]

_HOUR_MS: Final = 3_600_000
_LONGEST_SECONDS: Final = 86_400
"""No access token lives longer than a day, so a larger number of an old server counts milliseconds."""
_CODE_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_ERROR_WORD: Final = re.compile(r"[a-z_ ]{1,60}")
_TOKEN: Final = re.compile(r"[!-~]+")
_THROTTLE_WORDS: Final = ("access denied", "access_denied", "too many requests")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What Zoho Accounts issues (RFC 6749 section 5.1), before it belongs to a user.

    Args:
        access_token: the new access token.
        refresh_token: the refresh token; only a grant for offline access brings one.
        lifetime: how long the access token lives, in ms.
        api_domain: the API host of the account's data centre, when Zoho names it.
        scope: the scopes granted, when Zoho names them.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    lifetime: int
    api_domain: str | None
    scope: str | None


class Accounts:
    """The OAuth server of one client's region.

    Args:
        config: for the client's id, secret and redirect URI.
        region: where the server is.
        transport: sends the requests.
    """

    def __init__(self, config: Config, region: Region, transport: Transport) -> None:
        self._config = config
        self._region = region
        self._transport = transport

    def authorization_url(
        self, scopes: Sequence[str], state: str | None = None, code_verifier: str | None = None
    ) -> str:
        """Build the address of the consent page; ``client.oauth.authorization_url`` says more."""
        if isinstance(scopes, str) or not scopes:
            raise AuthError(
                "An authorization URL needs a list of scopes.",
                why="Zoho asks the user to agree to named scopes.",
                fix='Pass scopes=["ZohoCRM.modules.ALL", "AaaServer.profile.READ"], for example.',
                code="ZCRM-AUTH-009",
            )
        query = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "scope": ",".join(scopes),
            "redirect_uri": self._config.require("redirect_uri", "an authorization URL"),
            "access_type": "offline",
            # Without it a user who agreed before gets no refresh token the second time.
            "prompt": "consent",
        }
        if state is not None:
            query["state"] = state
        if code_verifier is not None:
            query["code_challenge"] = _challenge(code_verifier)
            query["code_challenge_method"] = "S256"
        return f"{self._region.accounts_url}/oauth/v2/auth?{urlencode(query)}"

    def exchange(self, grant_token: str, code_verifier: str | None = None) -> IssuedToken:
        """Exchange a grant token for tokens (RFC 6749 section 4.1.3).

        Args:
            grant_token: from the API console of a self client, or from the redirect of a web client.
            code_verifier: the verifier whose challenge went into the authorization URL.

        Raises:
            InvalidGrant: it is wrong, used or too old.
            AuthError: Zoho refuses the client, its secret, its redirect URI or its scopes.
            TransportError: no usable answer.
        """
        code = grant_token.strip()
        if not code:
            raise InvalidGrant("The grant token is empty.")
        form = {"grant_type": "authorization_code", "code": code}
        if self._config.redirect_uri is not None:
            form["redirect_uri"] = self._config.redirect_uri
        if code_verifier is not None:
            form["code_verifier"] = code_verifier
        return self._token(form, InvalidGrant("Zoho does not accept the grant token."))

    def refresh(self, refresh_token: str) -> IssuedToken:
        """Get a new access token (RFC 6749 section 6); Zoho keeps the refresh token as it is.

        Raises:
            ReauthorizationRequired: Zoho no longer takes the refresh token.
            RefreshThrottled: ten refreshes in ten minutes were made.
            AuthError: Zoho refuses the client or its secret.
            TransportError: no usable answer.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._token(form, ReauthorizationRequired("Zoho no longer accepts the refresh token."))

    def revoke(self, token: str) -> None:
        """Revoke a refresh token and the access tokens made with it (RFC 7009).

        A token that Zoho does not know any more counts as revoked.

        Raises:
            AuthError: Zoho refuses for another reason.
            TransportError: no usable answer.
        """
        response = self._post("/oauth/v2/token/revoke", {"token": token})
        answer = response.json()
        if not isinstance(answer, dict) or (
            answer.get("status") != "success" and "invalid" not in str(answer.get("error", "")).lower()
        ):
            self._refuse(answer, response.status, AuthError("Zoho did not revoke the token."))

    def user_info(self, access_token: str) -> Mapping[str, JSON]:
        """Ask whose token it is; needs the scope ``AaaServer.profile.READ``.

        Returns:
            Zoho's answer, with ``Email``, ``ZUID``, ``Display_Name`` and more.

        Raises:
            AuthError: the scope is missing, or the token is not valid.
            TransportError: no usable answer.
        """
        response = self._transport.send(
            "GET", f"{self._region.accounts_url}/oauth/user/info", access_token=access_token
        )
        answer = response.json()
        if isinstance(answer, dict) and isinstance(answer.get("Email"), str) and answer["Email"]:
            return answer
        raise AuthError(
            "Zoho does not say whose token this is.",
            why="The scope AaaServer.profile.READ was not granted, or the account has no e-mail address.",
            fix="Name the user with generate_access_token(grant, user=...) or current_user_email; "
            "or ask for the scope AaaServer.profile.READ as well.",
            code="ZCRM-AUTH-010",
        )

    def _token(self, form: Mapping[str, str], invalid: AuthError) -> IssuedToken:
        credentials = {
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret.reveal(),
        }
        response = self._post("/oauth/v2/token", {**credentials, **form})
        # The status says little: Zoho sends most of its errors with 200.
        answer = response.json()
        if not isinstance(answer, dict) or "error" in answer or not _is_token(answer.get("access_token")):
            self._refuse(answer, response.status, invalid)
        return _issued(answer)

    def _post(self, path: str, form: Mapping[str, str]) -> Response:
        try:
            return self._transport.send("POST", f"{self._region.accounts_url}{path}", form=form)
        except RateLimited as error:
            raise _throttled(error.retry_after) from None

    def _refuse(self, answer: JSON, status: int, invalid: AuthError) -> NoReturn:
        word = answer.get("error") if isinstance(answer, dict) else None
        description = str(answer.get("error_description", "")) if isinstance(answer, dict) else ""
        error = str(word or "").lower()
        if any(words in f"{error} {description.lower()}" for words in _THROTTLE_WORDS):
            raise _throttled(None)
        if error == "invalid_code":
            refused = invalid
        elif error in ("invalid_client", "invalid_client_secret", "invalid_redirect_uri", "invalid_scope"):
            refused = self._wrong_client(error)
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or error == "general_error":
            raise TransportError(
                f"Zoho Accounts is in trouble (status {status}).",
                why="The server failed; the request itself may be right.",
                fix="Call again in a minute.",
                code="ZCRM-HTTP-006",
            )
        else:
            # Zoho's words are short; anything else is not shown, because it may echo what was sent.
            named = error if _ERROR_WORD.fullmatch(error) else "an answer without a known error"
            refused = AuthError(f"Zoho Accounts answered with {named} (status {status}).")
        refused.oauth_error = error or None
        raise refused

    def _wrong_client(self, error: str) -> AuthError:
        name = self._region.name
        if error == "invalid_redirect_uri":
            return AuthError(
                "Zoho does not know this redirect URI.",
                why="It must be, letter by letter, one that the client is registered with.",
                fix="Compare redirect_uri with the API console; a self client needs none.",
                code="ZCRM-AUTH-008",
            )
        if error == "invalid_scope":
            return AuthError(
                "Zoho does not know one of the scopes.",
                why="A scope is misspelt or does not exist.",
                fix="Compare them with Zoho's list, for example ZohoCRM.modules.ALL.",
                code="ZCRM-AUTH-009",
            )
        if error == "invalid_client_secret":
            return AuthError(
                "Zoho does not accept the client secret.",
                why="It is not the secret of this client id in this data centre.",
                fix="Copy client_secret anew from the API console; each data centre may have its own.",
                code="ZCRM-AUTH-007",
            )
        return AuthError(
            f"Zoho does not know this client in the region {name}.",
            why="The client id or secret is wrong, or the client belongs to another data centre.",
            fix=f"Check client_id, client_secret and region (now {name}), or enable {name} in the console.",
            code="ZCRM-AUTH-006",
        )


def new_code_verifier() -> str:
    """Make a fresh PKCE code verifier of 86 characters (RFC 7636 section 4.1)."""
    return secrets.token_urlsafe(64)


def _challenge(code_verifier: str) -> str:
    if not _CODE_VERIFIER.fullmatch(code_verifier):
        raise ConfigError(
            "The code verifier is not one.",
            why="RFC 7636 asks for 43 to 128 letters, digits, and the characters - . _ and ~.",
            fix="Take one from zcrm_core.oauth.new_code_verifier().",
            code="ZCRM-CONFIG-004",
        )
    digest = hashlib.sha256(code_verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _is_token(value: JSON) -> bool:
    """Tell whether a value can be a token: visible ASCII, as it has to fit into a header (RFC 6750)."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _issued(answer: Mapping[str, JSON]) -> IssuedToken:
    def text(name: str) -> str | None:
        value = answer.get(name)
        return value if isinstance(value, str) and value else None

    return IssuedToken(
        access_token=text("access_token") or "",
        refresh_token=text("refresh_token") if _is_token(answer.get("refresh_token")) else None,
        lifetime=_lifetime(answer),
        api_domain=text("api_domain"),
        scope=text("scope"),
    )


def _lifetime(answer: Mapping[str, JSON]) -> int:
    """Read how long the token lives, in ms.

    Servers before November 2019 sent ``expires_in`` in ms and ``expires_in_sec`` in s; later ones send
    ``expires_in`` in s. An answer without either means Zoho's usual hour.
    """
    for name in ("expires_in_sec", "expires_in"):
        try:
            seconds = float(str(answer[name]))
        except (KeyError, ValueError):
            continue
        if seconds > _LONGEST_SECONDS:
            seconds /= 1000
        if 0 <= seconds <= _LONGEST_SECONDS:
            return int(seconds * 1000)
    return _HOUR_MS


def _throttled(retry_after: float | None) -> RefreshThrottled:
    error = RefreshThrottled("Zoho gives no more access tokens for now.")
    if retry_after is not None:
        error.retry_after = retry_after
    return error
