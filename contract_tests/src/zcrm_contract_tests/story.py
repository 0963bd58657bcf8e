"""What happened in the run that broke a promise, step by step, for a person?"""

from __future__ import annotations

import threading

from zcrm_core import Token, TokenKey, ZcrmError

__all__ = ["Story", "shown_error", "shown_key", "shown_plain", "shown_text", "shown_token"]

_SHOWN = 32
_LONGEST = 60
_SENTENCE = 300


class Story:
    """The steps of one example, numbered; threads may write into it.

    Attributes:
        last_error: what was raised last, in whichever example; empty when nothing was.
    """

    def __init__(self) -> None:
        self.last_error = ""
        self._steps: list[str] = []
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Forget the example before."""
        with self._lock:
            self._steps.clear()

    def tell(self, step: str) -> None:
        """Add a step."""
        with self._lock:
            self._steps.append(step)

    def __str__(self) -> str:
        steps = [f"  {number}. {step}" for number, step in enumerate(self._steps, start=1)]
        if len(steps) > _LONGEST:
            steps[_LONGEST // 2 : -_LONGEST // 2] = [f"  ... {len(steps) - _LONGEST} more steps ..."]
        return "\n".join(steps)


def shown_text(text: str | None) -> str:
    """Show a text; a long one by its start and its length. The suite's tokens are made up: none is secret."""
    if text is None or len(text) <= _SHOWN:
        return ascii(text)
    return f"{text[:_SHOWN]!a}... ({len(text)} characters)"


def shown_error(error: BaseException) -> str:
    """Show what was raised, in one line."""
    said = error.what if isinstance(error, ZcrmError) else " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:_SENTENCE]}" if said else type(error).__name__


def shown_key(key: TokenKey) -> str:
    """Show whose token it is."""
    more = "" if key.environment == "production" else f" in {shown_text(key.environment)}"
    return f"{shown_text(key.user_identifier)}{more}"


def shown_plain(found: object) -> str:
    """Show a token that came from another process as JSON."""
    return shown_token(Token(**found)) if isinstance(found, dict) else shown_token(found)


def shown_token(token: object) -> str:
    """Show a token with its made-up secrets, or whatever a store gave instead."""
    if not isinstance(token, Token):
        return "nothing" if token is None else f"a {type(token).__name__}"
    optional = "".join(
        f", {name} {shown_text(value)}"
        for name, value in (("api_domain", token.api_domain), ("scope", token.scope))
        if value is not None
    )
    return (
        f"[access {shown_text(token.access_token)}, refresh {shown_text(token.refresh_token)}, "
        f"ends {token.expiry_time}{optional}]"
    )
