"""What happens at GET /oauth/v2/auth, where a user says yes or no?"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from werkzeug.wrappers import Request, Response

from zcrm_simulator.answers import empty_answer
from zcrm_simulator.oauth.choice import automatic, chosen_place
from zcrm_simulator.oauth.ledger import Code, Grant, Throttled
from zcrm_simulator.oauth.pages import consent_page, error_page
from zcrm_simulator.places import Place
from zcrm_simulator.scopes import split_scopes, unknown_scopes
from zcrm_simulator.world import World

_Parameters = Mapping[str, str]
_PASSED_ON = (
    "client_id", "response_type", "redirect_uri", "scope", "access_type", "prompt", "state",
    "code_challenge", "code_challenge_method",
)  # fmt: skip


class AuthorizeEndpoint:
    """The consent page of web clients, with a switch that lets it answer itself."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request, place: Place) -> Response:
        """Show the page, or take its answer.

        A wrong client, redirect address, scope or response type is shown to the user and not sent back
        to the application, because nobody knows that the address is the application's.
        """
        given = request.values.to_dict()
        problem = self._problem(given, place.data_center)
        if problem:
            return error_page(problem)
        if request.method == "POST":
            return self._decided(given, place)
        if self._world.switches.auto_approve:
            return self._decided(given | automatic(self._world), place)
        return self._page(given, place)

    def _problem(self, given: _Parameters, data_center: str) -> str | None:
        client = self._world.clients.find(given.get("client_id", ""), data_center)
        if client is None:
            return "invalid_client"
        if given.get("redirect_uri") not in client.redirect_uris:
            return "invalid_redirect_uri"
        if given.get("response_type") != "code":
            return "invalid_response_type"
        scopes = split_scopes(given.get("scope", ""))
        if not scopes or unknown_scopes(scopes):
            return "invalid_scope"
        if given.get("code_challenge_method", "plain") not in {"plain", "S256"}:
            return "invalid_code_challenge_method"
        return None

    def _decided(self, given: _Parameters, place: Place) -> Response:
        if given.get("decision") != "accept":
            return _redirect(given, {"error": "access_denied"})
        chosen = chosen_place(self._world, given, place)
        if isinstance(chosen, str):
            return error_page(chosen)
        place, user = chosen
        world, now = self._world, self._world.clock.now()
        try:
            world.ledger.count_code(given["client_id"], now, world.limits)
        except Throttled:
            return error_page("too_many_requests")
        grant = Grant(given["client_id"], user, place, split_scopes(given["scope"]))
        code = Code(
            grant,
            now + world.limits.code_lifetime,
            given["redirect_uri"],
            self._offline(given, grant),
            given.get("code_challenge"),
            given.get("code_challenge_method", "plain"),
        )
        answer = {
            "code": world.ledger.new_code(code),
            "location": place.data_center,
            "accounts-server": world.url + place.accounts_prefix,
        }
        return _redirect(given, answer)

    def _offline(self, given: _Parameters, grant: Grant) -> bool:
        """A second offline grant brings no refresh token unless the user was asked again."""
        if given.get("access_type") != "offline":
            return False
        return given.get("prompt") == "consent" or not self._world.ledger.siblings(grant)

    def _page(self, given: _Parameters, place: Place) -> Response:
        client = self._world.clients.find(given["client_id"], place.data_center)
        assert client is not None  # noqa: S101  _problem has looked
        target = urlsplit(given["redirect_uri"])
        return consent_page(
            client.client_id,
            split_scopes(given["scope"]),
            data_centers=client.data_centers,
            data_center=place.data_center,
            users=[user.email for user in self._world.organization(place).users],
            hidden={name: given[name] for name in _PASSED_ON if name in given},
            then=f"After your choice you go back to {target.scheme}://{target.netloc}.",
        )


def _redirect(given: _Parameters, answer: _Parameters) -> Response:
    state = {"state": given["state"]} if "state" in given else {}
    target = given["redirect_uri"]
    joint = "&" if urlsplit(target).query else "?"
    return empty_answer(302, {"Location": f"{target}{joint}{urlencode({**state, **answer})}"})
