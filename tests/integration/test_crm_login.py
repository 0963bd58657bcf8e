"""Does our client do what Zoho's SDKs for v2 do at the accounts server?"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from zcrm_core import Client
from zcrm_simulator import Simulator

Make = Callable[..., Client]
operation = pytest.mark.operation
SCOPES = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"]


@operation("oauth.authorize", 'client.oauth.authorization_url(["ZohoCRM.modules.ALL"])')
def test_the_consent_page_has_an_address(make_client: Make, zcrm_simulator: Simulator) -> None:
    """The address leads to the consent page with client and scopes, and asks for a refresh token."""
    address = urlsplit(make_client().oauth.authorization_url(SCOPES, state="s"))

    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{zcrm_simulator.url}/oauth/v2/auth"
    assert query["client_id"] == zcrm_simulator.config()["client_id"]
    assert (query["response_type"], query["access_type"], query["state"]) == ("code", "offline", "s")
    assert query["scope"].split(",") == SCOPES


@operation("oauth.token_from_grant", "client.oauth.generate_access_token(grant_token)")
@operation("oauth.user_info", "client.oauth.generate_access_token(grant_token)")
@operation("oauth.token_refresh", "client.oauth.refresh_access_token()")
@operation("oauth.token_revoke", "client.oauth.revoke()")
def test_a_token_lives_and_dies(make_client: Make, zcrm_simulator: Simulator) -> None:
    """A grant becomes a token named after its user; it is refreshed, revoked, and gone from the store."""
    anybody = make_client()
    token = anybody.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))
    assert token.user_identifier == zcrm_simulator.users[0].email
    client = anybody.as_user(token.user_identifier)

    assert client.oauth.refresh_access_token().access_token != token.access_token
    client.oauth.revoke()

    assert not client.is_token_generated()
