"""Which answers go wrong next, and how?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args

from zcrm_core import ConfigError

Kind = Literal["status", "html", "delay", "hang", "reset", "truncate", "empty"]
Stage = Literal["before", "after"]
Waiter = Callable[[float | None], bool]

_DEFAULT_STATUS: Mapping[Kind, int] = MappingProxyType({"status": 500, "html": 502, "empty": 200})


_STATUSES = range(200, 600)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, for the next ``times`` calls that match.

    Args:
        path: prefix of the paths it meets, with the data centre's prefix if there is one.
        kind: ``status`` answers with that status and Zoho's error envelope (or ``body``); ``html`` with a
            gateway's page; ``empty`` with no body at all; ``delay`` answers late; ``hang`` never answers;
            ``reset`` breaks the connection; ``truncate`` stops in the middle of the body.
        method: the HTTP method it meets; ``None`` meets all.
        times: how many calls it meets, 1 or more.
        status: HTTP status for ``status`` (500), ``html`` (502) and ``empty`` (200).
        seconds: how long ``delay`` and ``hang`` last; a hang of ``None`` lasts until it is released.
        body: the text that ``status`` and ``html`` answer with.
        headers: headers of the answer of ``status``, ``html`` and ``empty``, in place of its own.
        stage: ``before`` keeps the call from happening; ``after`` lets it happen and loses the answer.
    """

    path: str
    kind: Kind
    method: str | None = None
    times: int = 1
    status: int | None = None
    seconds: float | None = None
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stage: Stage = "before"

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise ConfigError(
                f"The fault for {self.path!r} {problem}.",
                why="The simulator cannot play a fault that it does not understand.",
                fix="The page of zcrm-simulator's README on faults lists the kinds and their arguments.",
            )

    def _problem(self) -> str | None:
        checks = (
            (self.path.startswith("/"), "has a path that does not start with a slash"),
            (self.kind in get_args(Kind), f"is of the unknown kind {self.kind!r}"),
            (self.stage in get_args(Stage), f"has the unknown stage {self.stage!r}"),
            (self.times >= 1, "is for less than one call"),
            (self.kind != "delay" or self.seconds, "is a delay without seconds"),
            (self.seconds is None or self.seconds >= 0, "lasts less than 0 seconds"),
            (self.status in {None, *_STATUSES}, f"has the impossible status {self.status}"),
        )
        return next((problem for good, problem in checks if not good), None)

    @property
    def answer_status(self) -> int:
        """The HTTP status this fault answers with."""
        return self.status or _DEFAULT_STATUS.get(self.kind, 500)

    def meets(self, method: str, path: str) -> bool:
        """Tell whether a call is one that this fault is for."""
        return path.startswith(self.path) and self.method in {None, method}


class Faults:
    """The faults to come, in the order in which they were added."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._closed = False

    def add(
        self,
        path: str,
        *,
        kind: Kind,
        method: str | None = None,
        times: int = 1,
        status: int | None = None,
        seconds: float | None = None,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        stage: Stage = "before",
    ) -> Fault:
        """Let the next ``times`` calls to ``path`` go wrong; see ``Fault`` for the arguments.

        Raises:
            ConfigError: the arguments make no fault.
        """
        upper = method.upper() if method else None
        fault = Fault(path, kind, upper, times, status, seconds, body, headers or {}, stage)
        with self._lock:
            self._pending.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """Use up one call's worth of the first fault that meets the call, if there is one."""
        with self._lock:
            for index, fault in enumerate(self._pending):
                if fault.meets(method, path):
                    if fault.times > 1:
                        self._pending[index] = replace(fault, times=fault.times - 1)
                    else:
                        del self._pending[index]
                    return fault
        return None

    def pending(self) -> tuple[Fault, ...]:
        """Return the faults that are still to come."""
        with self._lock:
            return tuple(self._pending)

    def clear(self) -> None:
        """Forget the faults to come and release every call that is being delayed or hanging now."""
        with self._lock:
            self._pending.clear()
            self._released.set()
            if not self._closed:
                self._released = threading.Event()

    def close(self) -> None:
        """Release everything and delay nothing any more: the server is stopping."""
        with self._lock:
            self._closed = True
            self._released.set()

    def open(self) -> None:
        """Take up work again after ``close``."""
        with self._lock:
            self._closed = False
            self._released = threading.Event()

    def waiter(self) -> Waiter:
        """Return what holds a call for some seconds, or until the faults are cleared or closed.

        A call gets it before it takes its fault, so that no ``clear`` falls between the two unseen.
        """
        with self._lock:
            return self._released.wait
