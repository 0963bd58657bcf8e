"""In which order is a call of the CRM checked, and which route answers it?"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.routes import ROUTES, Route
from zcrm_simulator.crm.versions import VERSIONS
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.oauth.identity import bearer
from zcrm_simulator.oauth.ledger import AccessToken
from zcrm_simulator.places import Place
from zcrm_simulator.scopes import covers
from zcrm_simulator.world import World

_CREDITS_SHOWN_BELOW = 0.5


class Crm:
    """The CRM server: address, method, token, scope, limits, module, then the route itself."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._secret = secrets.token_bytes(32)

    def answer(self, request: Request, place: Place, path: str, pause: Callable[[], None]) -> Response:
        """Answer one call; ``pause`` is called while the call counts as under way."""
        try:
            route, values = self._route(request, path)
            token = self._token(request, place)
            self._check_scopes(token, route, values)
            call = self._call(request, token, values)
            cost, heavy = route.weigh(call)
            world = self._world
            budget = world.budget.call(
                place,
                token.grant.client_id,
                cost,
                world.clock.now(),
                world.limits,
                heavy=heavy,
                switches=world.switches,
            )
            with budget as remaining:
                pause()
                self._check_rights(call, route)
                response = self._run(route, call)
            response.headers["X-ACCESSTOKEN-RESET"] = call.time(token.expires_at)
            if remaining < world.limits.credits * _CREDITS_SHOWN_BELOW:
                response.headers["X-API-CREDITS-REMAINING"] = str(remaining)
        except Refusal as refusal:
            return refusal.answer()
        return response

    def _route(self, request: Request, path: str) -> tuple[Route, dict[str, str]]:
        try:
            route, values = ROUTES.bind("localhost").match(path, request.method)
        except MethodNotAllowed:
            raise Refusal(
                405, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one"
            ) from None
        except NotFound:
            raise _no_such_url() from None
        return route, dict(values)

    def _token(self, request: Request, place: Place) -> AccessToken:
        value = bearer(request)
        if value is None:
            raise Refusal(401, "AUTHENTICATION_FAILURE", "Authentication failed")
        token = self._world.ledger.access_token(value, self._world.clock.now())
        if token is None or token.grant.place != place:
            raise Refusal(401, "INVALID_TOKEN", "invalid oauth token")
        return token

    def _check_scopes(self, token: AccessToken, route: Route, values: dict[str, str]) -> None:
        for template in route.scopes:
            if not covers(token.grant.scopes, template.format(**values)):
                raise Refusal(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")

    def _call(self, request: Request, token: AccessToken, values: dict[str, str]) -> Call:
        world = self._world
        organization = world.organization(token.grant.place)
        user = organization.find_user(token.grant.user)
        if user is None or not user.active:
            raise Refusal(403, "AUTHORIZATION_FAILED", "User does not have sufficient privilege")
        return Call(
            request,
            VERSIONS[values["version"]],
            organization,
            user,
            world.limits,
            world.switches,
            int(world.clock.now()),
            values,
            self._secret,
        )

    def _check_rights(self, call: Call, route: Route) -> None:
        name = call.values.get("module")
        if name is None:
            return
        if name not in MODULES and not (route.virtual and name in call.version.virtual_modules):
            raise Refusal(
                400, "INVALID_MODULE", "The module name given seems to be invalid", {"resource_path_index": 0}
            )
        if route.right not in call.user.profile.rights:
            permission = f"Crm_Implied_{route.right.title()}_{name}"
            raise Refusal(403, "NO_PERMISSION", "permission denied", {"permissions": [permission]})

    def _run(self, route: Route, call: Call) -> Response:
        if route.virtual is not None and call.values.get("module") in call.version.virtual_modules:
            return route.virtual(call)
        return route.handler(call)


def _no_such_url() -> Refusal:
    return Refusal(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")
