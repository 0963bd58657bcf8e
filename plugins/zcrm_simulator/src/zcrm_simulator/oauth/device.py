"""What happens below /oauth/v3/device, where a device without a browser gets its tokens?"""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from zcrm_simulator.answers import json_answer
from zcrm_simulator.oauth.choice import automatic, chosen_place
from zcrm_simulator.oauth.devices import Device
from zcrm_simulator.oauth.ledger import Grant, Throttled
from zcrm_simulator.oauth.pages import code_page, consent_page, error_page, page
from zcrm_simulator.oauth.token import OAuthError, TokenEndpoint, authenticate
from zcrm_simulator.places import Place
from zcrm_simulator.scopes import split_scopes, unknown_scopes
from zcrm_simulator.world import World

_WORDS = {
    "pending": "authorization_pending",
    "slow_down": "slow_down",
    "expired": "expired",
    "refused": "access_denied",
}


class DeviceEndpoint:
    """The two calls of a device, and the page of the person (Zoho's device pages, RFC 8628)."""

    def __init__(self, world: World, tokens: TokenEndpoint) -> None:
        self._world = world
        self._tokens = tokens

    def begin(self, request: Request, place: Place) -> Response:
        """Answer POST /oauth/v3/device/code."""
        world, given = self._world, request.values
        client = world.clients.find(given.get("client_id", ""), place.data_center)
        scopes = split_scopes(given.get("scope", ""))
        if client is None:
            return json_answer({"error": "invalid_client"})
        if given.get("grant_type") != "device_request":
            return json_answer({"error": "unsupported_grant_type"})
        if not scopes or unknown_scopes(scopes):
            return json_answer({"error": "invalid_scope"})
        lifetime = world.limits.device_code_lifetime
        device = world.devices.add(
            client.client_id,
            scopes,
            world.clock.now() + lifetime,
            offline=given.get("access_type") == "offline",
        )
        url = f"{world.url}{place.accounts_prefix}/oauth/v3/device"
        return json_answer(
            {
                "user_code": device.user_code,
                "device_code": device.value,
                "interval": world.limits.device_interval * 1000,
                "verification_url": url,
                "verification_uri_complete": f"{url}?user_code={device.user_code}",
                "expires_in": lifetime * 1000,
            }
        )

    def ask(self, request: Request, place: Place) -> Response:
        """Answer POST /oauth/v3/device/token."""
        world, now = self._world, self._world.clock.now()
        value = request.values.get("code", "")
        try:
            client = authenticate(request, world, place.data_center)
            if request.values.get("grant_type") != "device_token":
                raise OAuthError("unsupported_grant_type")  # noqa: TRY301  answered below, as every refusal
            found = world.devices.ask(
                value, client.client_id, place.data_center, now, world.limits.device_interval
            )
            if found is None:
                raise OAuthError("invalid_code")  # noqa: TRY301  the same
            if found == "elsewhere":
                return json_answer({"error": "other_dc", "user_dc": world.devices.home_of(value)})
            if isinstance(found, str):
                raise OAuthError(_WORDS[found])  # noqa: TRY301  the same
            assert isinstance(found.decision, Grant)  # noqa: S101  a device that waits no longer was allowed to
            return json_answer(self._tokens.issue(found.decision, offline=found.offline))
        except OAuthError as error:
            return json_answer({"error": error.word}, error.status)
        except Throttled:
            return self._tokens.throttled()

    def person(self, request: Request, place: Place) -> Response:
        """Show the page on which a person types the code, then decides; take the decision."""
        world = self._world
        given = request.values.to_dict()
        code = given.get("user_code", "")
        if not code:
            return code_page()
        device = world.devices.with_code(code, world.clock.now())
        if device is None:
            return code_page("There is no device with this code, or it has waited for too long.")
        if request.method == "POST":
            return self._decided(device, given, place)
        if world.switches.auto_approve:
            return self._decided(device, automatic(world), place)
        client = world.clients.find(device.client_id, place.data_center)
        return consent_page(
            device.client_id,
            device.scopes,
            data_centers=client.data_centers if client else (),
            data_center=place.data_center,
            users=[user.email for user in world.organization(place).users],
            hidden={"user_code": device.user_code},
            then="After your choice go back to your device.",
        )

    def _decided(self, device: Device, given: dict[str, str], place: Place) -> Response:
        devices = self._world.devices
        if given.get("decision") != "accept":
            devices.decide(device, decision=False)
            return page("You refused", "<p>The device gets no access. You can close this page.</p>")
        chosen = chosen_place(self._world, {**given, "client_id": device.client_id}, place)
        if isinstance(chosen, str):
            return error_page(chosen)
        where, user = chosen
        devices.decide(device, Grant(device.client_id, user, where, device.scopes))
        return page("You accepted", "<p>The device has access now. You can close this page.</p>")
