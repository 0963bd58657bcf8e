"""What happens at GET /oauth/v2/auth, where a user says yes or no?"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode, urlsplit

from werkzeug.wrappers import Request, Response

from zcrm_simulator.answers import empty_answer, html_answer
from zcrm_simulator.oauth.ledger import Code, Grant, Throttled
from zcrm_simulator.places import ENVIRONMENTS, Place
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
            return html_answer("Zoho Accounts", f"<p>ERROR_{problem}</p>", 400)
        if request.method == "POST":
            return self._decided(given, place)
        switches = self._world.switches
        if switches.auto_approve:
            chosen = {"user": switches.approve_user or "", "environment": switches.approve_environment}
            return self._decided(given | chosen | {"decision": "accept"}, place)
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
        environment = given.get("environment", ENVIRONMENTS[0])
        if environment not in ENVIRONMENTS:
            return html_answer("Zoho Accounts", "<p>ERROR_invalid_environment</p>", 400)
        place = Place(place.data_center, environment)
        organization = self._world.organization(place)
        user = organization.find_user(given.get("user") or organization.owner.email)
        if user is None:
            return html_answer("Zoho Accounts", "<p>ERROR_invalid_user</p>", 400)
        world, now = self._world, self._world.clock.now()
        try:
            world.ledger.count_code(given["client_id"], now, world.limits)
        except Throttled:
            return html_answer("Zoho Accounts", "<p>ERROR_too_many_requests</p>", 400)
        grant = Grant(given["client_id"], user.email, place, split_scopes(given["scope"]))
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
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(given[name])}">'
            for name in _PASSED_ON
            if name in given
        )
        users = "".join(
            f"<option>{escape(user.email)}</option>" for user in self._world.organization(place).users
        )
        environments = "".join(f"<option>{name}</option>" for name in ENVIRONMENTS)
        scopes = "".join(f"<li>{escape(scope)}</li>" for scope in split_scopes(given["scope"]))
        form = (
            f"<p>An application wants to use your data:</p><ul>{scopes}</ul>"
            f'<form method="post">{hidden}'
            f'<p><label>User <select name="user">{users}</select></label></p>'
            f'<p><label>Environment <select name="environment">{environments}</select></label></p>'
            '<button name="decision" value="accept">Accept</button> '
            '<button name="decision" value="refuse">Refuse</button></form>'
        )
        return html_answer("Zoho Accounts", form, 200)


def _redirect(given: _Parameters, answer: _Parameters) -> Response:
    state = {"state": given["state"]} if "state" in given else {}
    target = given["redirect_uri"]
    joint = "&" if urlsplit(target).query else "?"
    return empty_answer(302, {"Location": f"{target}{joint}{urlencode({**state, **answer})}"})
