"""What time is it for the simulated Zoho?"""

from __future__ import annotations

import threading
import time

from zcrm_core import ConfigError


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
            seconds: how far, in seconds, 0 or more.

        Returns:
            The new time in seconds since the epoch.

        Raises:
            ConfigError: ``seconds`` is negative; a clock that goes back would revive dead tokens.
        """
        if seconds < 0:
            raise ConfigError(
                f"The simulator's clock cannot go back by {-seconds} seconds.",
                why="Time that runs backwards would revive expired codes and tokens.",
                fix="Advance by 0 or more seconds, or call reset() for a fresh start.",
            )
        with self._lock:
            self._offset += seconds
        return self.now()

    def reset(self) -> None:
        """Go back to real time."""
        with self._lock:
            self._offset = 0.0
