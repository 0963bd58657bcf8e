"""Which part of the simulator answers a call?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from email.utils import formatdate

from werkzeug.wrappers import Request, Response

from zcrm_simulator.answers import empty_answer, envelope, html_answer, json_answer
from zcrm_simulator.control import Control
from zcrm_simulator.crm.dispatch import Crm
from zcrm_simulator.faults import Fault, Waiter
from zcrm_simulator.guard import stranger
from zcrm_simulator.oauth.routes import Accounts
from zcrm_simulator.places import split_path
from zcrm_simulator.server import Wire
from zcrm_simulator.world import World

_log = logging.getLogger("zcrm_simulator")
_WIRES: dict[str, Wire] = {"hang": "drop", "reset": "reset", "truncate": "truncate"}
_CRM_ERRORS = {
    401: ("INVALID_TOKEN", "invalid oauth token"),
    403: ("NO_PERMISSION", "permission denied"),
    404: ("INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one"),
    429: ("TOO_MANY_REQUESTS", "You have made too many requests. Please try again later."),
    503: ("SERVICE_UNAVAILABLE", "The service is not available now."),
}


class App:
    """The simulator as a function from a call to an answer and its way out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._control = Control(world)
        self._accounts = Accounts(world)
        self._crm = Crm(world)

    def __call__(self, request: Request) -> tuple[Response, Wire]:
        """Answer one call; every part of the simulator is reached from here."""
        refusal = stranger(request)
        if refusal:
            return Response(f"{refusal}\n", 403, content_type="text/plain;charset=UTF-8"), "send"
        if request.path.startswith("/__simulator__/"):
            return self._control.answer(request), "send"
        world = self._world
        world.journal.begin(request)
        status = None
        try:
            response, wire = self._answer(request)
            self._decorate(response)
            status = response.status_code if wire in {"send", "truncate"} else None
        finally:
            world.journal.end(request, world.clock.now(), status)
        return response, wire

    def _answer(self, request: Request) -> tuple[Response, Wire]:
        wait = self._world.faults.waiter()
        fault = self._world.faults.take(request.method, request.path)
        if fault is None:
            return self._route(request, lambda: self._pause(wait)), "send"
        if fault.kind == "delay":
            return self._route(request, lambda: self._pause(wait, fault.seconds)), "send"
        happens = fault.stage == "after" or fault.kind == "truncate"
        response = self._route(request, lambda: self._pause(wait)) if happens else Response()
        if fault.kind == "hang":
            wait(fault.seconds)
        if fault.kind in _WIRES:
            return response, _WIRES[fault.kind]
        return _broken(fault, request), "send"

    def _pause(self, wait: Waiter, seconds: float | None = None) -> None:
        total = self._world.switches.latency + (seconds or 0.0)
        if total:
            wait(total)

    def _route(self, request: Request, pause: Callable[[], None]) -> Response:
        place, path = split_path(request.path)
        try:
            if path.startswith("/oauth/"):
                return self._accounts.answer(request, place, path, pause)
            return self._crm.answer(request, place, path, pause)
        except Exception:  # noqa: BLE001  any bug here is a 500 to the client and a traceback in the log
            _log.exception("The simulator failed to answer %s %s.", request.method, request.path)
            return json_answer(envelope("INTERNAL_ERROR", "Internal server error occurred."), 500)

    def _decorate(self, response: Response) -> None:
        response.headers["Date"] = formatdate(self._world.clock.now(), usegmt=True)
        if self._world.switches.zoho_headers:
            response.headers["Server"] = "ZGS"
            if response.mimetype == "application/json":
                response.headers.setdefault("Content-Disposition", "attachment; filename=response.json")


def _broken(fault: Fault, request: Request) -> Response:
    status = fault.answer_status
    if fault.kind == "empty":
        return empty_answer(status, fault.headers)
    if fault.kind == "html":
        response = html_answer(f"{status}", "<p>The server behind this gateway does not answer.</p>", status)
        if fault.body is not None:
            response.set_data(fault.body)
    elif fault.body is not None:
        response = Response(fault.body, status, content_type="application/json;charset=UTF-8")
    elif "/oauth/" in request.path:
        response = json_answer({"error": "general_error"}, status)
    else:
        response = json_answer(_crm_error(status), status)
    response.headers.update(dict(fault.headers))
    return response


def _crm_error(status: int) -> dict[str, object]:
    return envelope(*_CRM_ERRORS.get(status, ("INTERNAL_ERROR", "Internal server error occurred.")))
