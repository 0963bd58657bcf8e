"""What does it mean when Zoho Accounts refuses?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from zcrm_core.errors import (
    AuthError,
    InvalidGrant,
    ReauthorizationRequired,
    RefreshThrottled,
    TransportError,
    ZcrmError,
)
from zcrm_core.hookspecs import Region
from zcrm_core.response import JSON
from zcrm_core.tokens import TokenKey

__all__ = [
    "code_refused",
    "denied",
    "led_away",
    "no_longer_accepted",
    "refusal",
    "throttled",
    "too_late",
    "useless",
]

_ERROR_WORD: Final = re.compile(r"[a-z_ ]{1,60}")
_THROTTLE_WORDS: Final = ("access denied", "access_denied", "too many requests")
_LONGEST_WAIT_SECONDS: Final = 3_600.0
"""Zoho's window is ten minutes."""


def refusal(
    answer: JSON | Mapping[str, JSON],
    status: int,
    region: Region,
    invalid: AuthError,
    retry_after: float | None = None,
) -> ZcrmError:
    """Give the error that an answer without a token means; Zoho sends most of them with status 200.

    Args:
        answer: the JSON document.
        status: the HTTP status.
        region: the one whose accounts server was asked.
        invalid: the error for Zoho's word ``invalid_code``.
        retry_after: the seconds of the header Retry-After, if any.
    """
    word = answer.get("error") if isinstance(answer, Mapping) else None
    description = str(answer.get("error_description", "")) if isinstance(answer, Mapping) else ""
    error = str(word or "").lower()
    if any(words in f"{error} {description.lower()}" for words in _THROTTLE_WORDS):
        return throttled(retry_after)
    if error == "invalid_code":
        refused = invalid
    elif error in _CLIENT_ERRORS:
        what, why, fix, code = (
            text.format(region=region.name, server=region.accounts_url) for text in _CLIENT_ERRORS[error]
        )
        refused = AuthError(what, why=why, fix=fix, code=code)
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or error == "general_error":
        return TransportError(
            f"Zoho Accounts is in trouble (status {status}).",
            why="The server failed; the request itself may be right.",
            fix="Call again in a minute.",
            code="ZCRM-HTTP-006",
        )
    elif not error:
        refused = AuthError(
            f"Zoho Accounts answered with neither what was asked for nor an error (status {status}).",
            why="Something else answered in Zoho's place, or the answer was damaged.",
            fix="Look for a proxy that answers instead of Zoho, and check the region; then call again.",
        )
    else:
        # Zoho's words are short; anything else is not shown, because it may echo what was sent.
        named = error if _ERROR_WORD.fullmatch(error) else "no error that is known"
        refused = AuthError(f"Zoho Accounts answered with {named} (status {status}).")
    refused.oauth_error = error or None
    return refused


def no_longer_accepted(region: Region) -> ReauthorizationRequired:
    """Give the error for a refresh token that Zoho does not know, in the region that was asked."""
    return ReauthorizationRequired(
        f"Zoho no longer accepts the refresh token in the region {region.name} ({region.accounts_url}).",
        why="It was revoked, was pushed out by newer ones, or belongs to another data centre.",
        fix=f"{ReauthorizationRequired.fix} If the user lives in another data centre than {region.name}, "
        "set region to that one first, such as eu.",
    )


def code_refused(region: Region) -> InvalidGrant:
    """Give the error for a code that a redirect brought, and that Zoho does not take."""
    return InvalidGrant(
        f"Zoho does not accept the code of this web login in the region {region.name}.",
        why="A code works once and soon, with the redirect_uri that it was asked for with, and with the "
        "code_verifier whose challenge went into the authorization URL.",
        fix="Begin the login again. In another process pass handle_redirect the code_verifier that went into "
        "authorization_url, and use the same redirect_uri; bring each answer once.",
    )


def led_away(status: int) -> TransportError:
    """Give the error for a redirect, which is never followed: the client's secret would go along."""
    return TransportError(
        f"Zoho Accounts answered with a redirect ({status}).",
        why="It never redirects such a call, so something else answered, or the region's address is wrong.",
        fix="Check the region, and look for a proxy or a login page in between.",
        code="ZCRM-HTTP-006",
    )


def throttled(retry_after: float | None) -> RefreshThrottled:
    """Give the error for too many tokens in a short time; nobody is told to wait for longer than an hour."""
    error = RefreshThrottled(
        "Zoho gives no more access tokens for now.",
        why="In ten minutes it gives ten of one refresh token, and about as many new logins of one user.",
    )
    if retry_after is not None:
        error.retry_after = min(retry_after, _LONGEST_WAIT_SECONDS)
    return error


def denied() -> AuthError:
    """Give the error for a user who said no."""
    error = AuthError(
        "The user refused.",
        why="On Zoho's page somebody chose not to give this application access.",
        fix="Ask the user; then log in again and choose Accept.",
        code="ZCRM-AUTH-014",
    )
    error.oauth_error = "access_denied"
    return error


def too_late(seconds: float) -> AuthError:
    """Give the error for a user who did not answer in time."""
    return AuthError(
        f"Nobody answered on Zoho's page within {seconds:.0f} s.",
        why="The page was not opened, or neither Accept nor Refuse was chosen.",
        fix="Log in again, open the address, and choose.",
        code="ZCRM-AUTH-018",
    )


_CLIENT_ERRORS: Final = {
    "invalid_redirect_uri": (
        "Zoho does not know this redirect URI.",
        "It must be, letter by letter, one that the client is registered with.",
        "Compare redirect_uri with the API console; a self client needs none.",
        "ZCRM-AUTH-008",
    ),
    "invalid_scope": (
        "Zoho does not know one of the scopes.",
        "A scope is misspelt or does not exist.",
        "Compare them with Zoho's list, for example ZohoCRM.modules.ALL.",
        "ZCRM-AUTH-009",
    ),
    "invalid_client_secret": (
        "Zoho does not accept the client secret in the region {region} ({server}).",
        "It is not the secret of this client id in this data centre.",
        (
            "Copy client_secret anew from the API console; each data centre may have its own. "
            "If the client belongs to another data centre, set region to that one."
        ),
        "ZCRM-AUTH-007",
    ),
    "invalid_client": (
        "Zoho does not know this client in the region {region} ({server}).",
        "The client belongs to another data centre, or its id or secret is wrong.",
        (
            "Set region to the data centre whose API console has the client, such as eu (now {region}), or "
            "enable {region} in that console; compare client_id and client_secret."
        ),
        "ZCRM-AUTH-006",
    ),
    "missing_org_info": (
        "Zoho does not know the organisation that the token shall be for.",
        "Client credentials belong to one organisation and environment, which soid names.",
        "Set soid to ZohoCRM. and the number of the organisation, as Zoho's API console shows it.",
        "ZCRM-AUTH-019",
    ),
}


def useless(key: TokenKey) -> AuthError:
    """Give the error for a token that had ended when Zoho gave it."""
    error = AuthError(
        f"Zoho gave a token for {key} that has already ended.",
        why="The answer says that it lives for 0 seconds.",
        fix="Call again in a minute; if it goes on, look for a proxy that answers instead of Zoho.",
        code="ZCRM-AUTH-013",
    )
    error.retryable = True
    return error
