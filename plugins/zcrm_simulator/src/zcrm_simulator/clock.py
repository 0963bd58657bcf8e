"""What time is it for the simulated Zoho?"""

from __future__ import annotations

import threading
import time

from zcrm_core import ConfigError

_LONGEST = 100 * 366 * 86_400


class Clock:
    """Real time plus an offset that only moves forward when a test says so."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the simulated time in seconds since the epoch, UTC."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> float:
        """Move the clock forward, so that codes, tokens and limits age at once.

        Args:
            seconds: how far, in seconds, from 0 to 100 years.

        Returns:
            The new time in seconds since the epoch.

        Raises:
            ConfigError: ``seconds`` is negative, or more than 100 years.
        """
        if not 0 <= seconds <= _LONGEST:
            raise ConfigError(
                f"The simulator's clock cannot move by {seconds} seconds.",
                why="Time that runs backwards would revive expired codes and tokens, and calendars end.",
                fix="Advance by 0 seconds up to 100 years, or call reset() for a fresh start.",
            )
        with self._lock:
            self._offset += seconds
        return self.now()

    def reset(self) -> None:
        """Go back to real time."""
        with self._lock:
            self._offset = 0.0
