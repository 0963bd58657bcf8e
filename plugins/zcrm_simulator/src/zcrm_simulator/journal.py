"""What was asked of the simulator, how often, and what did it answer?"""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Request

MASK = "***"
_KEPT = 1_000
_BODY_KEPT = 65_536
_SECRET_KEYS = frozenset(
    {
        "client_secret",
        "code",
        "code_verifier",
        "device_code",
        "refresh_token",
        "access_token",
        "token",
        "page_token",
    }
)
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_ID = re.compile(r"/\d{6,}(?=/|$)")


@dataclass(frozen=True)
class RecordedRequest:
    """One call as it came in, with every secret masked, and the status it got.

    Of a form ``body`` has the parts, ``key=value``, and of a file in it the name alone, ``key=@name``.

    ``at`` is in seconds since the epoch on the simulator's clock; ``status`` is ``None`` when no answer
    went out.
    """

    at: float
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str
    status: int | None


@dataclass(frozen=True)
class Counters:
    """What happened since the start or the last reset.

    ``requests`` counts by method and path, ids written as ``{id}``: ``{"GET /crm/v8/Leads/{id}": 2}``.
    """

    connections: int
    in_flight: int
    exchanges: int
    refreshes: int
    revocations: int
    throttled: int
    requests: Mapping[str, int]


def route_of(method: str, path: str) -> str:
    """Return the name under which a call is counted: its method and its path with ids replaced."""
    return f"{method} {_ID.sub('/{id}', path)}"


def _masked(values: Mapping[str, str]) -> dict[str, str]:
    return {key: MASK if key.lower() in _SECRET_KEYS else value for key, value in values.items()}


def _masked_headers(request: Request) -> dict[str, str]:
    return {key: MASK if key.lower() in _SECRET_HEADERS else value for key, value in request.headers.items()}


def _body(request: Request) -> str:
    if request.form or request.files:
        parts = [*_masked(request.form.to_dict()).items()]
        parts += [(key, f"@{file.filename}") for key, file in request.files.items()]
        return "&".join(f"{key}={value}" for key, value in parts)
    if "/oauth/" in request.path and request.get_data():
        return MASK  # not a form, so nobody knows where its secrets are
    return request.get_data(as_text=False)[:_BODY_KEPT].decode("utf-8", "replace")


class Journal:
    """The last 1,000 calls and the counts of all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget every call and count from 0 again."""
        with self._lock:
            self._recorded: deque[RecordedRequest] = deque(maxlen=_KEPT)
            self._events: Counter[str] = Counter()
            self._routes: Counter[str] = Counter()
            self._in_flight = 0

    def connected(self) -> None:
        """Note that a client opened a connection."""
        self.happened("connections")

    def happened(self, event: str) -> None:
        """Count one exchange, refresh, revocation, throttled call or connection."""
        with self._lock:
            self._events[event] += 1

    def begin(self, request: Request) -> None:
        """Count a call that has just come in."""
        with self._lock:
            self._in_flight += 1
            self._routes[route_of(request.method, request.path)] += 1

    def end(self, request: Request, at: float, status: int | None) -> None:
        """Record a call that is over; ``status`` is ``None`` when no answer goes out."""
        recorded = RecordedRequest(
            at,
            request.method,
            request.path,
            _masked(request.args.to_dict()),
            _masked_headers(request),
            _body(request),
            status,
        )
        with self._lock:
            self._in_flight = max(self._in_flight - 1, 0)
            self._recorded.append(recorded)

    def requests(self) -> tuple[RecordedRequest, ...]:
        """Return the recorded calls, oldest first."""
        with self._lock:
            return tuple(self._recorded)

    def counters(self) -> Counters:
        """Return the counts of this moment."""
        with self._lock:
            return Counters(
                connections=self._events["connections"],
                in_flight=self._in_flight,
                exchanges=self._events["exchanges"],
                refreshes=self._events["refreshes"],
                revocations=self._events["revocations"],
                throttled=self._events["throttled"],
                requests=dict(self._routes),
            )
