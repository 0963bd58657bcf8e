"""Are data centres, environments and scopes kept apart?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from zcrm_simulator import Simulator

Send = Callable[..., requests.Response]
LogIn = Callable[..., dict[str, str]]

PLACES = {
    "": ("us", "production"), "/sandbox": ("us", "sandbox"), "/developer": ("us", "developer"),
    "/eu": ("eu", "production"), "/eu/sandbox": ("eu", "sandbox"), "/uk/developer": ("uk", "developer"),
}  # fmt: skip


@pytest.mark.parametrize("home", PLACES)
def test_tokens_work_in_their_place_alone(
    log_in: LogIn, send: Send, zcrm_simulator: Simulator, home: str
) -> None:
    """A token of one data centre and environment is INVALID_TOKEN in every other, and knows its own."""
    center, environment = PLACES[home]
    tokens = log_in(data_center=center, environment=environment)
    headers = {"Authorization": f"Zoho-oauthtoken {tokens['access_token']}"}
    assert tokens["api_domain"] == zcrm_simulator.url + home
    for prefix in PLACES:
        answer = send("GET", f"{prefix}/crm/v8/org", headers=headers)
        if prefix == home:
            expected = zcrm_simulator.organization_of(center, environment)
            found = answer.json()["org"][0]
            assert (found["zgid"], found["type"]) == (expected.zgid, environment.title())
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")


def test_data_centres_know_nothing_of_each_others_tokens(
    log_in: LogIn, token_call: Send, zcrm_simulator: Simulator
) -> None:
    """Codes and refresh tokens are exchanged where they were made, and nowhere else."""
    refresh = log_in(data_center="eu")["refresh_token"]
    assert token_call("refresh_token", refresh_token=refresh).json() == {"error": "invalid_code"}
    assert "access_token" in token_call("refresh_token", at="/eu", refresh_token=refresh).json()
    code = zcrm_simulator.grant_token("ZohoCRM.org.READ", data_center="eu")
    assert token_call("authorization_code", code=code).json() == {"error": "invalid_code"}
    assert "access_token" in token_call("authorization_code", at="/eu", code=code).json()


def test_a_client_of_some_data_centres(send: Send, zcrm_simulator: Simulator) -> None:
    """A client without multi-DC is unknown elsewhere."""
    client = zcrm_simulator.register_client(data_centers=["in"])
    form = {
        "grant_type": "refresh_token",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    assert send("POST", "/oauth/v2/token", data=form).json() == {"error": "invalid_client"}
    assert send("POST", "/in/oauth/v2/token", data=form).json() == {"error": "invalid_code"}


def test_records_of_places_are_apart(call_as: Callable[..., Send]) -> None:
    """What is written in the sandbox is not in production, and no id is in both."""
    production, sandbox = call_as(), call_as(environment="sandbox")
    made = sandbox("POST", "/sandbox/crm/v8/Leads", json={"data": [{"Last_Name": "Trial"}]}).json()
    lead = made["data"][0]["details"]["id"]
    assert production("GET", f"/crm/v8/Leads/{lead}").status_code == 204
    assert sandbox("GET", f"/sandbox/crm/v8/Leads/{lead}").status_code == 200
    first, second = (
        {one["id"] for one in ask("GET", f"{at}/crm/v8/Leads?fields=id").json()["data"]}
        for ask, at in ((production, ""), (sandbox, "/sandbox"))
    )
    assert not first & second


CALLS = [
    ("GET", "org", "ZohoCRM.org.READ", "ZohoCRM.users.ALL"),
    ("GET", "users", "ZohoCRM.users.READ", "ZohoCRM.org.ALL"),
    ("GET", "settings/roles", "ZohoCRM.settings.roles.READ", "ZohoCRM.settings.profiles.ALL"),
    ("GET", "settings/profiles", "ZohoCRM.settings.ALL", "ZohoCRM.modules.ALL"),
    ("GET", "settings/modules", "ZohoCRM.settings.READ", "ZohoCRM.settings.CREATE"),
    ("GET", "settings/fields?module=Leads", "ZohoCRM.settings.fields.ALL", "ZohoCRM.settings.modules.ALL"),
    ("GET", "Leads?fields=id", "ZohoCRM.modules.leads.READ", "ZohoCRM.modules.contacts.READ"),
    ("GET", "Leads?fields=id", "zohocrm.MODULES.all", "ZohoCRM.modules.CREATE"),
    ("GET", "Tasks?fields=id", "ZohoCRM.modules.activities.READ", "ZohoCRM.modules.leads.ALL"),
    ("POST", "Leads", "ZohoCRM.modules.CREATE", "ZohoCRM.modules.READ"),
    ("POST", "Leads", "ZohoCRM.modules.Leads.WRITE", "ZohoCRM.modules.leads.DELETE"),
    ("PUT", "Leads", "ZohoCRM.modules.leads.UPDATE", "ZohoCRM.modules.leads.CREATE"),
    ("DELETE", "Leads?ids=1", "ZohoCRM.modules.leads.DELETE", "ZohoCRM.modules.leads.UPDATE"),
    ("POST", "Leads/upsert", "ZohoCRM.modules.CREATE,ZohoCRM.modules.UPDATE", "ZohoCRM.modules.CREATE"),
    (
        "GET",
        "Leads/search?word=abc",
        "ZohoCRM.modules.READ,ZohoSearch.securesearch.READ",
        "ZohoCRM.modules.ALL",
    ),
    ("GET", "Leads/deleted", "ZohoCRM.modules.READ", "ZohoCRM.modules.DELETE"),
    ("GET", "Leads/actions/count", "ZohoCRM.modules.READ", "ZohoCRM.modules.CREATE"),
]


@pytest.mark.parametrize(("method", "path", "enough", "lacking"), CALLS)
def test_scopes_are_checked(
    call_as: Callable[..., Send], method: str, path: str, enough: str, lacking: str
) -> None:
    """Each call needs its own scopes; what is granted for other things does not help."""
    refused = call_as(scopes=lacking)(method, f"/crm/v8/{path}")
    assert (refused.status_code, refused.json()["code"]) == (401, "OAUTH_SCOPE_MISMATCH")
    assert call_as(scopes=enough)(method, f"/crm/v8/{path}").status_code != 401


def test_rights_of_the_profile(call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """A user who may only read gets 403 on writing; a disabled one gets nothing."""
    reader = next(user for user in zcrm_simulator.users if user.profile.name == "Read Only")
    call = call_as(user=reader.email)
    assert call("GET", "/crm/v8/Leads?fields=id").status_code == 200
    for method, path, right in (
        ("POST", "Leads", "Create"),
        ("PUT", "Leads", "Edit"),
        ("DELETE", "Leads?ids=1", "Delete"),
        ("POST", "Leads/upsert", "Create"),
    ):
        answer = call(method, f"/crm/v8/{path}", json={"data": [{"Last_Name": "x"}]})
        assert (answer.status_code, answer.json()["code"]) == (403, "NO_PERMISSION")
        assert answer.json()["details"] == {"permissions": [f"Crm_Implied_{right}_Leads"]}
    gone = next(user for user in zcrm_simulator.users if not user.active)
    assert call_as(user=gone.email)("GET", "/crm/v8/org").json()["code"] == "AUTHORIZATION_FAILED"
