"""Does an organization still have credits, and a client room for one more call at the same time?"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from zcrm_simulator.answers import Refusal
from zcrm_simulator.limits import Limits
from zcrm_simulator.places import Place
from zcrm_simulator.switches import Switches

_Lane = tuple[Place, str, bool]


class Budget:
    """Credits used in the rolling window, and calls under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[Place, deque[tuple[float, int]]] = {}
        self._under_way: Counter[_Lane] = Counter()

    @contextmanager
    def call(
        self,
        place: Place,
        client_id: str,
        cost: int,
        now: float,
        limits: Limits,
        *,
        heavy: bool,
        switches: Switches,
    ) -> Iterator[int]:
        """Hold one place for a call and pay its credits; yields the credits that remain.

        Raises:
            Refusal: 429, when the credits are used up or too many calls are under way.
        """
        lanes: list[_Lane] = [(place, client_id, False)]
        if heavy:
            lanes.append((place, client_id, True))
        with self._lock:
            for lane in lanes:
                if self._under_way[lane] >= (limits.heavy_concurrency if lane[2] else limits.concurrency):
                    raise _too_many(switches.busy_text)
            remaining = limits.credits - self._spent(place, now, limits.credits_window)
            if remaining < cost:
                raise _too_many(switches.no_credits_text)
            self._used[place].append((now, cost))
            self._under_way.update(lanes)
        try:
            yield remaining - cost
        finally:
            with self._lock:
                self._under_way.subtract(lanes)

    def _spent(self, place: Place, now: float, window: float) -> int:
        used = self._used.setdefault(place, deque())
        while used and used[0][0] <= now - window:
            used.popleft()
        return sum(cost for _, cost in used)


def _too_many(message: str) -> Refusal:
    return Refusal(429, "TOO_MANY_REQUESTS", message)
