"""What does POST /oauth/v2/token answer?"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from zcrm_simulator.answers import json_answer
from zcrm_simulator.data.organization import zgid_of
from zcrm_simulator.oauth.clients import Client
from zcrm_simulator.oauth.ledger import AccessToken, Code, Grant, Throttled
from zcrm_simulator.places import ENVIRONMENTS, Place
from zcrm_simulator.scopes import split_scopes, unknown_scopes
from zcrm_simulator.world import World

_Parameters = Mapping[str, str]


class OAuthError(Exception):
    """The accounts server refuses with an error word; HTTP says 200 unless told otherwise."""

    def __init__(self, word: str, status: int = 200) -> None:
        super().__init__(word)
        self.word = word
        self.status = status


def authenticate(request: Request, world: World, data_center: str) -> Client:
    """Return the application that a call comes from.

    Id and secret are in the form, the query (RFC 6749 section 2.3.1) or HTTP Basic.

    Raises:
        OAuthError: the application is unknown here, or its secret is wrong.
    """
    basic = request.authorization
    client_id, secret = request.values.get("client_id", ""), request.values.get("client_secret", "")
    if not client_id and basic is not None and basic.type == "basic":
        client_id, secret = basic.username or "", basic.password or ""
    client = world.clients.find(client_id, data_center)
    if client is None:
        raise OAuthError("invalid_client")
    if not hmac.compare_digest(client.client_secret.encode(), secret.encode()):
        raise OAuthError("invalid_client_secret")
    return client


class TokenEndpoint:
    """The grant types authorization_code, refresh_token and client_credentials."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._grants = {
            "authorization_code": self._exchange,
            "refresh_token": self._refresh,
            "client_credentials": self._client_credentials,
        }

    def answer(self, request: Request, place: Place) -> Response:
        """Answer one token call; parameters come in the form or in the query."""
        try:
            client = authenticate(request, self._world, place.data_center)
            grant = self._grants.get(request.values.get("grant_type", ""), _unsupported)
            return json_answer(grant(request.values, client, place.data_center))
        except OAuthError as error:
            return json_answer({"error": error.word}, error.status)
        except Throttled:
            return self.throttled()

    def throttled(self) -> Response:
        """Return what Zoho says to who asks too often."""
        self._world.journal.happened("throttled")
        body = {
            "error_description": "There were too many requests in a short time. Try again later.",
            "error": self._world.switches.throttle_error,
            "status": "failure",
        }
        return json_answer(body, self._world.switches.throttle_status)

    def _exchange(self, given: _Parameters, client: Client, data_center: str) -> dict[str, object]:
        world, now = self._world, self._world.clock.now()
        value = given.get("code", "")
        code = world.ledger.code(value, now)
        if code is None or code.grant.client_id != client.client_id:
            raise OAuthError("invalid_code")
        if code.grant.place.data_center != data_center:
            raise OAuthError("invalid_code")
        if code.redirect_uri is not None and code.redirect_uri != given.get("redirect_uri"):
            raise OAuthError("invalid_redirect_uri")
        if not _verified(code, given.get("code_verifier", "")) or not world.ledger.use_code(value):
            raise OAuthError("invalid_code")
        return self.issue(code.grant, offline=code.offline)

    def issue(self, grant: Grant, *, offline: bool) -> dict[str, object]:
        """Return the answer to a user's yes: an access token, and a refresh token for offline access.

        Raises:
            Throttled: this user and client have had their number of refresh tokens in this window.
        """
        world, now = self._world, self._world.clock.now()
        refresh_token = world.ledger.new_refresh_token(grant, now, world.limits) if offline else None
        access = world.ledger.issue(grant, now, world.limits, refresh_token)
        world.journal.happened("exchanges")
        return self._tokens(access, refresh_token.value if refresh_token else None)

    def _refresh(self, given: _Parameters, client: Client, data_center: str) -> dict[str, object]:
        world = self._world
        value = given.get("refresh_token", "")
        token = world.ledger.refresh_token(value)
        if token is None or token.grant.client_id != client.client_id:
            raise OAuthError("invalid_code")
        if token.grant.place.data_center != data_center:
            raise OAuthError("invalid_code")
        access = world.ledger.refresh(value, world.clock.now(), world.limits)
        if access is None:
            raise OAuthError("invalid_code")
        world.journal.happened("refreshes")
        return self._tokens(
            access, world.ledger.rotate(value) if world.switches.rotate_refresh_tokens else None
        )

    def _client_credentials(self, given: _Parameters, client: Client, data_center: str) -> dict[str, object]:
        world = self._world
        scopes = split_scopes(given.get("scope", ""))
        if not scopes or unknown_scopes(scopes):
            raise OAuthError("invalid_scope")
        places = [Place(data_center, environment) for environment in ENVIRONMENTS]
        place = next((one for one in places if given.get("soid") == f"ZohoCRM.{zgid_of(one)}"), None)
        if place is None:
            raise OAuthError("missing_org_info", 400)
        grant = Grant(client.client_id, world.organization(place).owner.email, place, scopes)
        access = world.ledger.issue(grant, world.clock.now(), world.limits)
        world.journal.happened("exchanges")
        return self._tokens(access, None)

    def _tokens(self, access: AccessToken, refresh_token: str | None) -> dict[str, object]:
        world = self._world
        seconds = world.limits.access_token_lifetime
        answer: dict[str, object] = {"access_token": access.value}
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        if world.switches.scope_in_answer:
            answer["scope"] = " ".join(access.grant.scopes)
        answer |= {"api_domain": world.url + access.grant.place.prefix, "token_type": "Bearer"}
        if world.switches.milliseconds:
            return answer | {"expires_in": seconds * 1000, "expires_in_sec": seconds}
        return answer | {"expires_in": seconds}


def _unsupported(_given: _Parameters, _client: Client, _data_center: str) -> dict[str, object]:
    raise OAuthError("unsupported_grant_type")


def _verified(code: Code, verifier: str) -> bool:
    """Check a proof key (RFC 7636 section 4.6)."""
    if code.challenge is None:
        return True
    if code.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(code.challenge.encode(), verifier.encode())
