"""Who does a token belong to, and which accounts servers are there?"""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from zcrm_simulator.answers import json_answer
from zcrm_simulator.oauth.ledger import AccessToken
from zcrm_simulator.places import DATA_CENTERS, Place
from zcrm_simulator.scopes import covers
from zcrm_simulator.world import World

_SCHEMES = {"zoho-oauthtoken", "bearer"}


def bearer(request: Request) -> str | None:
    """Return the token in the Authorization header; both of Zoho's schemes, in any letter case."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() in _SCHEMES and value.strip() else None


def live_token(request: Request, world: World) -> AccessToken | None:
    """Return the access token that a call carries, if it is alive."""
    value = bearer(request)
    return world.ledger.access_token(value, world.clock.now()) if value else None


def user_info(request: Request, world: World, place: Place) -> Response:
    """Answer GET /oauth/user/info, which needs the scope AaaServer.profile.READ."""
    token = live_token(request, world)
    if token is None or token.grant.place.data_center != place.data_center:
        return json_answer({"response": "error", "cause": "INVALID_OAUTHTOKEN"}, 401)
    if not covers(token.grant.scopes, "AaaServer.profile.READ"):
        return json_answer({"response": "error", "cause": "INVALID_OAUTHSCOPE"}, 401)
    user = world.organization(token.grant.place).find_user(token.grant.user)
    assert user is not None  # noqa: S101  grants are made for users that exist
    return json_answer(
        {
            "ZUID": int(user.zuid),
            "Email": user.email,
            "Display_Name": user.full_name,
            "First_Name": user.first_name,
            "Last_Name": user.last_name,
        }
    )


def server_info(world: World) -> Response:
    """Answer GET /oauth/serverinfo: the accounts server of each data centre."""
    locations = {name: world.url + Place(name).accounts_prefix for name in DATA_CENTERS}
    return json_answer({"result": "success", "locations": locations})
