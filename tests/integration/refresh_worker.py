"""What does a worker process of the refresh tests do? It reads orders as lines of JSON, and answers so.

Started with the client's configuration, as JSON, for its only argument.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from zcrm_core import Client, LogEvent, ZcrmError, hookimpl

_telling = threading.Lock()


def tell(document: dict[str, Any]) -> None:
    """Write a document as one line, whole, whichever thread writes at the same time."""
    with _telling:
        print(json.dumps(document), flush=True)  # noqa: T201 - how it answers


class Events:
    """Counts what the client tells its loggers."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        """Count the event by its name."""
        self.seen[event.name] += 1


class Worker:
    """A process with one client that its threads share."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._events = Events()
        self._client = Client(config, plugins=[self._events])

    def renew(self) -> dict[str, Any]:
        """Begin anew, as a worker that has just been started: with nothing in memory."""
        self._client.close()
        self._client = Client(self._config, plugins=[self._events])
        return {}

    def call(self, threads: int = 1, start: float = 0.0) -> dict[str, Any]:
        """Let each thread make one call at the same moment, by the machine's steady clock."""

        def one(_: int) -> str | None:
            time.sleep(max(0.0, start - time.monotonic()))
            return self._attempt()

        with ThreadPoolExecutor(threads) as pool:
            return self._told(list(pool.map(one, range(threads))))

    def begin(self, threads: int) -> dict[str, Any]:
        """Let each thread make calls until ``end``."""
        over, outcomes = threading.Event(), list[str | None]()
        self._calls = [0] * threads

        def many(number: int) -> None:
            while not over.wait(0.005):
                outcomes.append(self._attempt())
                self._calls[number] += 1

        running = [threading.Thread(target=many, args=(number,)) for number in range(threads)]
        self._under_way = over, outcomes, running
        for thread in running:
            thread.start()
        return {}

    def settle(self) -> dict[str, Any]:
        """Wait until each thread that began has made a whole call from now on."""
        before = list(self._calls)
        while any(now < then + 2 for now, then in zip(self._calls, before, strict=True)):
            time.sleep(0.005)
        return {}

    def end(self) -> dict[str, Any]:
        """Let the threads that began come to their end."""
        over, outcomes, running = self._under_way
        over.set()
        for thread in running:
            thread.join()
        return self._told(outcomes)

    def serve(self, threads: int) -> dict[str, Any]:
        """Make calls until the orders end, and tell each error at once, with the times of the call."""
        over = threading.Event()
        answers: Counter[bool] = Counter()

        def many() -> None:
            while not over.is_set():
                began = time.monotonic()
                error = self._attempt()
                answers[error is None] += 1
                if error is not None:
                    tell({"error": error, "began": began, "at": time.monotonic()})
                time.sleep(0.02)

        running = [threading.Thread(target=many) for _ in range(threads)]
        for thread in running:
            thread.start()
        sys.stdin.read()
        over.set()
        for thread in running:
            thread.join()
        return {"answers": answers[True]}

    def lock(self) -> dict[str, Any]:
        """Take the store's lock, as a refresh does, and keep it until the process ends."""
        parts = self._client._parts
        self._held = parts.refresher.exclusive(self._client._identity.key())
        self._held.__enter__()
        return {}

    def patience(self, seconds: float) -> dict[str, Any]:
        """Wait for locks for that long instead of a minute."""
        import zcrm_core.refresh  # noqa: PLC0415 - the one constant is changed in this process alone

        zcrm_core.refresh._LOCK_WAIT_SECONDS = seconds  # type: ignore[misc] # it is final for everybody else
        return {}

    def _attempt(self) -> str | None:
        try:
            self._client.request("GET", "org")
        except ZcrmError as error:
            return f"{error}"
        return None

    def _told(self, outcomes: list[str | None]) -> dict[str, Any]:
        return {
            "answers": outcomes.count(None),
            "errors": [error for error in outcomes if error is not None],
            "events": dict(self._events.seen),
        }


def main() -> None:
    """Obey until the orders end."""
    worker = Worker(json.loads(sys.argv[1]))
    tell({})
    for line in sys.stdin:
        order = json.loads(line)
        act: Callable[..., dict[str, Any]] = getattr(worker, order.pop("do"))
        tell(act(**order))


if __name__ == "__main__":
    main()
