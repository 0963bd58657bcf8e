"""How does a device without a browser get its tokens? A person confirms a code somewhere else (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from zcrm_core.errors import AuthError, RefreshThrottled, ZcrmError
from zcrm_core.hookspecs import Region
from zcrm_core.issued import IssuedToken, is_token, read_issued
from zcrm_core.oauth import Accounts, joined
from zcrm_core.refusals import denied, refusal, too_late
from zcrm_core.response import JSON

__all__ = ["DeviceLogin", "begin_device_login", "wait_for_device"]

_USUAL_INTERVAL: Final = 30.0
_USUAL_LIFETIME: Final = 300.0
_LONGEST_INTERVAL: Final = 600.0
"""Nobody asks more seldom than this, so a larger number counts milliseconds."""
_LONGEST_LIFETIME: Final = 3_600.0
_SLOWER: Final = 5.0
"""How much longer to wait after ``slow_down``, in s (RFC 8628 section 3.5)."""


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """A login that waits for a person.

    Args:
        user_code: what the person types in.
        verification_url: where.
        complete_url: the same with the code in it, if Zoho gives one.
        expires_in: how long the code is good for, in seconds.
        interval: how long to wait between two questions, in seconds.
        device_code: what the questions are asked with; a secret.
    """

    user_code: str
    verification_url: str
    complete_url: str | None
    expires_in: float
    interval: float
    device_code: str = field(repr=False)


def begin_device_login(accounts: Accounts, region: Region, scopes: Sequence[str]) -> DeviceLogin:
    """Ask for a code that a person can confirm.

    Raises:
        AuthError: Zoho refuses the client or the scopes.
        TransportError: no usable answer.
    """
    answer, status = accounts.device(
        "code",
        region,
        {
            "grant_type": "device_request",
            "scope": joined(scopes),
            "access_type": "offline",
            "prompt": "consent",
        },
    )
    user_code, device_code, url = (
        answer.get(name) for name in ("user_code", "device_code", "verification_url")
    )
    if not (_can_be_shown(user_code) and _is_address(url) and is_token(device_code)):
        raise refusal(answer, status, region, AuthError("Zoho begins no login for a device."))
    complete = answer.get("verification_uri_complete")
    return DeviceLogin(
        user_code=str(user_code),
        verification_url=str(url),
        complete_url=str(complete) if _is_address(complete) else None,
        expires_in=_seconds(answer.get("expires_in"), _USUAL_LIFETIME, _LONGEST_LIFETIME),
        interval=_seconds(answer.get("interval"), _USUAL_INTERVAL, _LONGEST_INTERVAL),
        device_code=str(device_code),
    )


def wait_for_device(
    accounts: Accounts, region: Region, login: DeviceLogin, elsewhere: Callable[[str, Region], Region]
) -> tuple[IssuedToken, Region]:
    """Ask again and again until the person has decided.

    An answer that is broken, or none, ends nothing: the device asks again, each time after twice as long
    (RFC 8628 section 3.5), until its code has ended.

    Args:
        accounts: whom to ask.
        region: where the login began.
        login: what was begun.
        elsewhere: gives the region of a data centre's short name, for a user who lives in another one.

    Returns:
        The token, and the region that issued it.

    Raises:
        AuthError: the person refused, did not answer in time, or Zoho refuses.
        TransportError: the last answer before the code's end was not usable.
    """
    end = time.monotonic() + login.expires_in
    interval, patience = login.interval, 0.0
    form = {"grant_type": "device_token", "code": login.device_code}
    while True:
        late: ZcrmError = too_late(login.expires_in)
        try:
            answer, status = accounts.device("token", region, form)
            if "error" not in answer and is_token(answer.get("access_token")):
                return read_issued(answer), region
            word = str(answer.get("error", "")).lower()
            if word == "other_dc":
                region = elsewhere(_other(answer), region)
            elif word == "slow_down":
                interval += _SLOWER
            elif word in ("expired", "expired_token"):
                raise late
            elif word != "authorization_pending":
                raise _refused(word, answer, status, region)
            patience = 0.0
        except ZcrmError as error:
            if not error.retryable:
                raise
            late = error
            wait = error.retry_after if isinstance(error, RefreshThrottled) else 0.0
            patience = max(2 * patience, 2 * interval, wait)
        left = end - time.monotonic()
        if left < interval:
            raise late
        time.sleep(min(left, max(interval, patience)))


def _refused(word: str, answer: Mapping[str, JSON], status: int, region: Region) -> ZcrmError:
    """Give the error for another word; Zoho says "access denied" of a person, and of too many questions."""
    if word == "access_denied" and "too many" not in str(answer.get("error_description", "")).lower():
        return denied()
    return refusal(answer, status, region, AuthError("Zoho does not know this device login."))


def _other(answer: Mapping[str, JSON]) -> str:
    return str(answer.get("user_dc") or answer.get("location") or "")


def _can_be_shown(value: JSON) -> bool:
    """Tell whether a text may be written to a terminal: control characters could write anything there."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and bool(value.strip())


def _is_address(value: JSON) -> bool:
    return isinstance(value, str) and is_token(value) and value.startswith(("https://", "http://"))


def _seconds(value: JSON, usual: float, longest: float) -> float:
    """Read a number of seconds; Zoho's device page counts in milliseconds, RFC 8628 in seconds."""
    try:
        number = float(str(value))
    except ValueError:
        return usual
    if number > longest:
        number /= 1000
    return number if 0 < number <= longest else usual
