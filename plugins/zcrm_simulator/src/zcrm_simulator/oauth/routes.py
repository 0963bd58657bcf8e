"""Which call of Zoho Accounts is this?"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.wrappers import Request, Response

from zcrm_simulator.answers import json_answer
from zcrm_simulator.oauth.authorize import AuthorizeEndpoint
from zcrm_simulator.oauth.device import DeviceEndpoint
from zcrm_simulator.oauth.identity import server_info, user_info
from zcrm_simulator.oauth.token import OAuthError, TokenEndpoint, authenticate
from zcrm_simulator.places import ENVIRONMENTS, Place
from zcrm_simulator.world import World

_Route = Callable[[Request, Place], Response]


class Accounts:
    """The accounts server; there is one a data centre, none an environment."""

    def __init__(self, world: World) -> None:
        self._world = world
        authorize, token = AuthorizeEndpoint(world), TokenEndpoint(world)
        device = DeviceEndpoint(world, token)
        self._routes: dict[str, dict[str, _Route]] = {
            "/oauth/v2/auth": {"GET": authorize.answer, "POST": authorize.answer},
            "/oauth/v2/token": {"POST": token.answer},
            "/oauth/v2/token/revoke": {"POST": self._revoke},
            "/oauth/v2/revoke/token": {"POST": self._revoke_by_client},
            "/oauth/v3/device": {"GET": device.person, "POST": device.person},
            "/oauth/v3/device/code": {"POST": device.begin},
            "/oauth/v3/device/token": {"POST": device.ask},
            "/oauth/user/info": {"GET": lambda request, place: user_info(request, world, place)},
            "/oauth/serverinfo": {"GET": lambda _request, _place: server_info(world)},
        }

    def answer(self, request: Request, place: Place, path: str, pause: Callable[[], None]) -> Response:
        """Answer one call of the accounts server."""
        routes = self._routes.get(path.rstrip("/"))
        if routes is None or place.environment != ENVIRONMENTS[0]:
            return json_answer({"error": "not_found"}, 404)
        route = routes.get(request.method)
        if route is None:
            return json_answer({"error": "invalid_request"}, 405, {"Allow": ", ".join(routes)})
        pause()
        return route(request, place)

    def _revoke(self, request: Request, place: Place) -> Response:
        if not self._world.ledger.revoke_in(place.data_center, request.values.get("token", "")):
            return json_answer({"error": self._world.switches.revoke_error}, 400)
        self._world.journal.happened("revocations")
        return json_answer({"status": "success"})

    def _revoke_by_client(self, request: Request, place: Place) -> Response:
        try:
            authenticate(request, self._world, place.data_center)
        except OAuthError as error:
            return json_answer({"error": error.word}, error.status)
        return self._revoke(request, place)
