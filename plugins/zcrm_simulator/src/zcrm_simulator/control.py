"""How does another process drive the simulator? JSON over HTTP below /__simulator__/."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import TypeVar

from werkzeug.wrappers import Request, Response

from zcrm_core import ConfigError
from zcrm_simulator.answers import json_answer
from zcrm_simulator.data.filling import fill
from zcrm_simulator.grants import self_client_code
from zcrm_simulator.limits import Limits
from zcrm_simulator.places import Place
from zcrm_simulator.switches import Switches
from zcrm_simulator.world import World

_Payload = Mapping[str, object]
_Settings = TypeVar("_Settings", Limits, Switches)
_TYPES: dict[object, tuple[type, ...]] = {
    "bool": (bool,),
    "float": (float, int),
    "int": (int,),
    "str": (str,),
    "str | None": (str, type(None)),
}


class Control:
    """The routes of the control plane; every answer is a JSON object."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: dict[tuple[str, str], Callable[[_Payload], object]] = {
            ("GET", "health"): self._health,
            ("GET", "counters"): lambda _: asdict(world.journal.counters()),
            ("GET", "requests"): lambda _: {"requests": [asdict(one) for one in world.journal.requests()]},
            ("GET", "faults"): lambda _: {"faults": [asdict(one) for one in world.faults.pending()]},
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "clock"): self._advance,
            ("POST", "grant"): self._grant,
            ("POST", "fill"): self._fill,
            ("POST", "limits"): self._limit,
            ("POST", "switches"): self._switch,
            ("POST", "reset"): self._reset,
        }

    def answer(self, request: Request) -> Response:
        """Answer one call of the control plane; a wrong one gets 400, 404 or 405 and ``{"error": ...}``."""
        name = request.path.removeprefix("/__simulator__/").rstrip("/")
        route = self._routes.get((request.method, name))
        if route is None:
            known = any(name == other for _, other in self._routes)
            return json_answer({"error": f"There is no {request.method} {name}."}, 405 if known else 404)
        try:
            return json_answer(route(_payload(request)))
        except ConfigError as error:
            return json_answer({"error": str(error)}, 400)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def _health(self, _: _Payload) -> object:
        return {"status": "ok", "time": self._world.clock.now(), "url": self._world.url}

    def _advance(self, payload: _Payload) -> object:
        seconds = payload["advance"]
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise TypeError("advance must be a number of seconds.")
        return {"time": self._world.clock.advance(seconds)}

    def _grant(self, payload: _Payload) -> object:
        return {"code": self_client_code(self._world, **payload)}  # type: ignore[arg-type]  # checked there

    def _fill(self, payload: _Payload) -> object:
        count = payload["count"]
        if not isinstance(count, int) or isinstance(count, bool):
            raise TypeError("count must be a number of records.")
        fill(self._world.organization(Place()).database, str(payload["module"]), count)
        return {"status": "ok"}

    def _add_fault(self, payload: _Payload) -> object:
        return asdict(self._world.faults.add(**payload))  # type: ignore[arg-type]  # checked by Fault

    def _clear_faults(self, _: _Payload) -> object:
        self._world.faults.clear()
        return {"faults": []}

    def _limit(self, payload: _Payload) -> object:
        self._world.limits = _changed(self._world.limits, payload)
        return asdict(self._world.limits)

    def _switch(self, payload: _Payload) -> object:
        self._world.switches = _changed(self._world.switches, payload)
        return asdict(self._world.switches)

    def _reset(self, _: _Payload) -> object:
        self._world.reset()
        return {"status": "ok"}


def _payload(request: Request) -> _Payload:
    payload = json.loads(request.get_data() or b"{}")
    if not isinstance(payload, dict):
        raise TypeError("The body must be a JSON object.")
    return payload


def _changed(settings: _Settings, payload: _Payload) -> _Settings:
    """Return the settings with those of the payload in place of the old ones."""
    for field in fields(settings):
        value = payload.get(field.name, getattr(settings, field.name))
        if type(value) not in _TYPES[field.type]:
            raise TypeError(f"{field.name} must be {field.type}.")
    return replace(settings, **payload)  # type: ignore[arg-type]  # checked above
