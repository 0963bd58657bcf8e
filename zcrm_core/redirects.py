"""Is this redirect the answer to a login that we began, and what does it say?"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qs, urlsplit

from zcrm_core.errors import AuthError
from zcrm_core.refusals import denied

__all__ = ["Answer", "Logins", "read_redirect"]

_REMEMBERED: Final = 1_000
_SECONDS: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a redirect says.

    Args:
        code: to be exchanged for tokens.
        location: the short name of the user's data centre, such as ``eu``, if it is named.
        accounts_server: where the code is to be exchanged, if it is named.
        code_verifier: the one whose challenge went into the question, if it is known.
    """

    code: str = field(repr=False)
    location: str | None
    accounts_server: str | None
    code_verifier: str | None = field(default=None, repr=False)


class Logins:
    """The logins that this process began: each one's state, and its code verifier. Each is answered once."""

    def __init__(self) -> None:
        self._begun: OrderedDict[str, tuple[str | None, float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, state: str | None, code_verifier: str | None) -> str:
        """Remember a login for an hour; give its state, a new one that nobody can guess if there is none."""
        state = secrets.token_urlsafe(32) if state is None else state
        with self._lock:
            self._begun[state] = code_verifier, time.monotonic() + _SECONDS
            if len(self._begun) > _REMEMBERED:
                self._begun.popitem(last=False)
        return state

    def end(self, state: str | None) -> tuple[str, str | None] | None:
        """Forget a login; give its state and its code verifier, or ``None`` if it was not begun here."""
        if state is None:
            return None
        with self._lock:
            code_verifier, until = self._begun.pop(state, (None, 0.0))
        return (state, code_verifier) if time.monotonic() < until else None


def read_redirect(url: str, state: str | None, logins: Logins, code_verifier: str | None) -> Answer:
    """Read the address that Zoho sent the user back to (RFC 6749 section 4.1.2).

    Args:
        url: the whole address, or its query alone.
        state: the one that went into the question; ``None`` if it was this process that asked.
        logins: what this process asked.
        code_verifier: the one whose challenge went into the question, if this process did not ask.

    Raises:
        AuthError: the user refused, the state is another one, or there is no code.
    """
    try:
        query = parse_qs(urlsplit(url).query or url.partition("?")[2] or url, max_num_fields=50)
    except ValueError:
        query = {}

    def only(name: str) -> str | None:
        values = query.get(name, [])
        return values[0] if len(values) == 1 else None

    given = only("state")
    begun = logins.end(given)
    expected = state if state is not None else begun[0] if begun else None
    refused = only("error")
    # A refusal may come without a state; nothing is lost if it is forged.
    if refused is None if given is None else not _same(given, expected):
        raise AuthError(
            "This answer does not belong to a login that was begun here.",
            why="Its state is missing, was used before, or is another one, so the answer may be forged.",
            fix="Begin the login again. Where another process began it, pass its state and code_verifier.",
            code="ZCRM-AUTH-015",
        )
    if refused == "access_denied":
        raise denied()
    code = only("code")
    if refused is not None or not code:
        raise AuthError(
            "Zoho's answer brings no code.",
            why="It names an error." if refused is not None else "Its address was cut, or is another page's.",
            fix="Begin the login again, and compare client_id, redirect_uri and the scopes with the console.",
            code="ZCRM-AUTH-016",
        )
    verifier = code_verifier if code_verifier is not None else begun[1] if begun else None
    return Answer(code, only("location"), only("accounts-server"), verifier)


def _same(given: str, expected: str | None) -> bool:
    return expected is not None and compare_digest(_bytes(given), _bytes(expected))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # what a stranger sends need not be a text
