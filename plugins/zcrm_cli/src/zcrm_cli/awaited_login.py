"""Which request is the answer to the login that waits, and what is its browser told?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qs, unquote

from zcrm_core import Token, ZcrmError

_Page = tuple[int, str, str]
"""A status, a title and a sentence."""

_LOST: Final = (404, "Nothing is here", "This address belongs to a login of zcrm.")
_STRANGE: Final = (
    400,
    "This is no answer to the login that waits here",
    "Nothing was changed, and the login goes on: use the page that zcrm opened for it.",
)
_DOUBTFUL: Final = (
    400,
    "The login was refused, says this answer",
    "It names no login, so it may be forged, and the login goes on. Ctrl-C in the terminal ends it.",
)


class AwaitedLogin:
    """One login. A request with its own state is its answer, and only the first of them is used.

    Whoever asks again, as a browser does that loads its page anew, is told the same outcome.

    Args:
        path: where the answer comes to.
        state: what nobody knows but Zoho and the browser that it sends.
        finish: is given the address of the answer, and gives the token that it leads to.
    """

    def __init__(self, path: str, state: str, finish: Callable[[str], Token]) -> None:
        self.outcome: Future[Token] = Future()
        self.told: list[threading.Thread] = []
        """Those who tell a browser the outcome."""
        self.strange = False
        """Whether something came that may be forged."""
        self.refusal: ZcrmError | None = None
        """What an answer without a state says, which Zoho's may be and a forged one too."""
        self._path = unquote(path)  # a browser quotes what the redirect URI need not
        self._state = state.encode()
        self._finish = finish
        self._first = threading.Lock()

    @property
    def taken(self) -> bool:
        """Whether the answer has come."""
        return self._first.locked()

    def page_for(self, address: str) -> _Page:
        """Take a request, and give the page that its browser shows."""
        path, _, query = address.partition("?")
        if unquote(path) != self._path:
            return _LOST
        given = _read(query)
        if "state" not in given and len(given.get("error", [])) == 1:
            return self._doubtful(address)
        if not self._is_ours(given.get("state", [])):
            self.strange = True
            return _STRANGE
        self.told.append(threading.current_thread())
        if self._first.acquire(blocking=False):
            try:
                self.outcome.set_result(self._finish(address))
            except BaseException as error:  # noqa: BLE001 - it is raised by whoever waits for the outcome
                self.outcome.set_exception(error)
        failure = self.outcome.exception()
        if failure is None:
            return 200, "You are logged in", "Close this page and go back to the terminal."
        told = f"{failure.what} {failure.fix}" if isinstance(failure, ZcrmError) else "The terminal says why."
        return 400, "You are not logged in", told

    def _doubtful(self, address: str) -> _Page:
        try:
            self._finish(address)  # it brings no code that could be taken: only the error is made
        except ZcrmError as error:
            self.refusal = error
        return _DOUBTFUL

    def _is_ours(self, states: list[str]) -> bool:
        return len(states) == 1 and compare_digest(states[0].encode(errors="replace"), self._state)


def _read(query: str) -> dict[str, list[str]]:
    try:
        return parse_qs(query, max_num_fields=50)
    except ValueError:
        return {}
