"""Is this redirect the answer to a login that we began, and what does it say?"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from zcrm_core.errors import AuthError, ConfigError
from zcrm_core.refusals import denied

__all__ = ["Answer", "Logins", "read_redirect"]

_V = TypeVar("_V")
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


@dataclass(frozen=True, slots=True)
class _Begun:
    code_verifier: str | None = field(repr=False)
    until: float
    made_here: bool


class Logins:
    """The logins of this process: each one's state, and its code verifier. Each is answered once.

    There is no lock, so none can be held in a forked child by a thread that it lacks: each step below is one
    call of a dictionary, which threads take in turns.
    """

    def __init__(self) -> None:
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._answered: OrderedDict[str, object] = OrderedDict()

    def begin(self, state: str | None, code_verifier: str | None) -> str:
        """Remember a login for an hour; give its state, a new one that nobody can guess if there is none.

        Raises:
            ConfigError: the state is nothing that Zoho could give back.
        """
        if state is not None and not _is_state(state):
            raise ConfigError(
                "The state of a login is empty, or is no text.",
                why="Zoho gives it back in an address, and without it no answer is taken.",
                fix="Pass a text that nobody can guess, such as secrets.token_urlsafe(); or leave state out, "
                "where one process takes the answer.",
                code="ZCRM-CONFIG-004",
            )
        until = time.monotonic() + _SECONDS
        made_here = state is None
        state = secrets.token_urlsafe(32) if state is None else state
        self._answered.pop(state, None)
        self._begun[state] = _Begun(code_verifier, until, made_here)
        _forget_oldest(self._begun)
        return state

    def end(self, given: str, expected: str | None) -> tuple[bool, str | None]:
        """Take an answer's state, once; tell whether it is right, and the code verifier that belongs to it.

        A state that the application made fits only if the application says that it expects it: an answer
        that somebody else brings from a login of his own has a state that was begun here as well.
        """
        begun = self._begun.get(given)
        if begun is not None and time.monotonic() >= begun.until:
            begun = None
        right = begun is not None and begun.made_here if expected is None else _same(given, expected)
        mark = object()
        if not right or self._answered.setdefault(given, mark) is not mark:
            return False, None
        self._begun.pop(given, None)
        _forget_oldest(self._answered)
        return True, None if begun is None else begun.code_verifier


def read_redirect(url: str, state: str | None, logins: Logins, code_verifier: str | None) -> Answer:
    """Read the address that Zoho sent the user back to (RFC 6749 section 4.1.2).

    Args:
        url: the whole address, or its query alone.
        state: the one that the application made for the question; ``None`` if zcrm made it, in this process.
        logins: what this process asked.
        code_verifier: the one whose challenge went into the question, if this process did not ask.

    Raises:
        AuthError: the user refused, the state is another one, or there is no code.
    """
    try:
        query = parse_qs(urlsplit(url).query or url.partition("?")[2] or url, max_num_fields=50)
    except (ValueError, AttributeError, TypeError):  # no text, such as None for a request without an answer
        query = {}

    def only(name: str) -> str | None:
        values = query.get(name, [])
        return values[0] if len(values) == 1 else None

    given, refused = only("state"), only("error")
    # A refusal may come without a state; nothing is lost if it is forged.
    right, remembered = (refused is not None, None) if given is None else logins.end(given, state)
    if not right and state is not None and not _is_state(state):
        raise AuthError(
            "This answer cannot be compared with a login: the state to expect is empty, or is no text.",
            why="Whoever began the login passes the text that went into authorization_url.",
            fix="Pass state from the user's own session to handle_redirect; if it is not there, begin again.",
            code="ZCRM-AUTH-015",
        )
    if not right:
        raise AuthError(
            "This answer does not belong to a login that was begun here.",
            why="Its state is missing, was used before, or is another one, so the answer may be forged.",
            fix="Begin the login again. Where the application made the state, pass it to handle_redirect.",
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
    verifier = code_verifier if code_verifier is not None else remembered
    return Answer(code, only("location"), only("accounts-server"), verifier)


def _forget_oldest(states: OrderedDict[str, _V]) -> None:
    if len(states) > _REMEMBERED:
        states.popitem(last=False)


def _is_state(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(value.encode())
    except UnicodeEncodeError:
        return False


def _same(given: str, expected: str) -> bool:
    return _is_state(expected) and compare_digest(_bytes(given), _bytes(expected))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # what a stranger sends need not be a text
