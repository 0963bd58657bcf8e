"""What can a run say of a promise, and how does a check say it?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["CannotOpen", "NoAnswer", "NotChecked", "NotDecided", "Outcome", "Verdict", "Violation"]


class Verdict(str, Enum):
    """What is known of a promise after a run."""

    KEPT = "kept"
    BROKEN = "broken"
    KNOWN_GAP = "known gap"
    NOT_PROMISED = "not promised"
    NOT_CHECKED = "not checked"
    NOT_DECIDED = "not decided"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one promise.

    Args:
        id: the promise.
        sentence: what it says.
        verdict: the verdict.
        examples: how many examples were run.
        seconds: how long that took.
        capability: the capabilities that it belongs to; empty for what every store promises.
        detail: why, for every verdict but ``kept``: a reason, or a failure with its story. For ``kept`` what
            was left out, if anything.
        binding: whether the run fails when it is broken; false for a promise above the author's level.
    """

    id: str
    sentence: str
    verdict: Verdict
    examples: int = 0
    seconds: float = 0.0
    capability: str = ""
    detail: str = ""
    binding: bool = True

    @property
    def fails(self) -> bool:
        """Whether this verdict makes the run fail."""
        return self.verdict is Verdict.BROKEN and self.binding


class Violation(AssertionError):
    """The store did what the promise excludes; the text says what."""


class NotChecked(Exception):
    """The promise cannot be looked at here; the text says why."""


class NotDecided(Exception):
    """The check came to no end; the text says why."""


class CannotOpen(Exception):
    """The store cannot be found or opened; the text says why."""


class NoAnswer(BaseException):
    """The store did not answer in time. No ``Exception``: a store that catches all of them must not catch
    this.
    """
