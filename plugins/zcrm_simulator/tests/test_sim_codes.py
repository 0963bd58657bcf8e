"""Does the accounts server hand out codes to the right application only, each good for one exchange?"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from zcrm_simulator import Limits, Simulator, Switches

Send = Callable[..., requests.Response]
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0"


@pytest.fixture
def authorize(zcrm_simulator: Simulator, send: Send) -> Send:
    """Open the consent page as the simulator's first client."""
    config = zcrm_simulator.config()
    usual = {
        "client_id": config["client_id"],
        "redirect_uri": config["redirect_uri"],
        "response_type": "code",
        "scope": "ZohoCRM.modules.ALL,ZohoCRM.users.READ",
        "access_type": "offline",
    }

    def authorize(at: str = "", **changed: str) -> requests.Response:
        return send("GET", f"{at}/oauth/v2/auth", params=usual | changed)

    return authorize


def sent_back(answer: requests.Response) -> dict[str, str]:
    """Return the parameters of the redirect."""
    assert answer.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_redirect_brings_code_place_and_state(authorize: Send, zcrm_simulator: Simulator) -> None:
    """The redirect names the code, the data centre, its accounts server, and gives state back untouched."""
    answer = authorize(state="a b&c=d/é")
    given = sent_back(answer)
    assert answer.headers["Location"].startswith(zcrm_simulator.config()["redirect_uri"] + "?")
    assert given.pop("code").startswith("1000.")
    assert given == {"state": "a b&c=d/é", "location": "us", "accounts-server": zcrm_simulator.url}


def test_redirect_of_another_data_centre(authorize: Send, zcrm_simulator: Simulator) -> None:
    """A user of another data centre is sent back with that one's name and server."""
    given = sent_back(authorize(at="/eu"))
    assert (given["location"], given["accounts-server"]) == ("eu", f"{zcrm_simulator.url}/eu")


def test_redirect_keeps_the_query_of_the_address(authorize: Send, zcrm_simulator: Simulator) -> None:
    """An address that has a query already keeps it."""
    client = zcrm_simulator.register_client(["http://localhost/back?tab=1"])
    given = sent_back(authorize(client_id=client.client_id, redirect_uri="http://localhost/back?tab=1"))
    assert given["tab"] == "1"
    assert given["code"]


@pytest.mark.parametrize(("changed", "label"), [
    ({"client_id": "1000.NOBODY"}, "invalid_client"),
    ({"redirect_uri": "http://localhost:8000/callback/"}, "invalid_redirect_uri"),
    ({"redirect_uri": "https://evil.example"}, "invalid_redirect_uri"),
    ({"response_type": "token"}, "invalid_response_type"), ({"scope": ""}, "invalid_scope"),
    ({"scope": "ZohoCRM.modules.ALL,ZohoCRM.nothing.ALL"}, "invalid_scope"),
    ({"code_challenge_method": "S512"}, "invalid_code_challenge_method"),
])  # fmt: skip
def test_wrong_requests_are_shown_and_not_redirected(
    authorize: Send, changed: dict[str, str], label: str
) -> None:
    """A wrong request ends at an error page: nobody knows whether the address is the application's."""
    answer = authorize(**changed)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert f"ERROR_{label}" in answer.text


def test_exchange(authorize: Send, token_call: Send, zcrm_simulator: Simulator) -> None:
    """A redirect's code is exchanged once, for tokens of the form that Zoho has."""
    code = sent_back(authorize())["code"]
    redirect = zcrm_simulator.config()["redirect_uri"]
    tokens = token_call("authorization_code", code=code, redirect_uri=redirect).json()
    for name in ("access_token", "refresh_token"):
        head, *tail = tokens.pop(name).split(".")
        assert (head, [len(part) for part in tail]) == ("1000", [32, 32])
    assert tokens == {"scope": "ZohoCRM.modules.ALL ZohoCRM.users.READ", "api_domain": zcrm_simulator.url,
                      "token_type": "Bearer", "expires_in": 3600}  # fmt: skip
    again = token_call("authorization_code", code=code, redirect_uri=redirect)
    assert (again.status_code, again.json()) == (200, {"error": "invalid_code"})


@pytest.mark.parametrize("redirect", [None, "http://localhost:8000/callback/", "http://localhost:8000/"])
def test_exchange_needs_the_same_redirect(authorize: Send, token_call: Send, redirect: str | None) -> None:
    """The address of the exchange is that of the consent, character by character."""
    code = sent_back(authorize())["code"]
    answer = token_call("authorization_code", code=code, redirect_uri=redirect)
    assert (answer.status_code, answer.json()) == (200, {"error": "invalid_redirect_uri"})


def test_online_brings_no_refresh_token(authorize: Send, token_call: Send, zcrm_simulator: Simulator) -> None:
    """An online grant has an access token alone, and so has a grant that names no access type."""
    for access in ("online", ""):
        code = sent_back(authorize(access_type=access))["code"]
        tokens = token_call(
            "authorization_code", code=code, redirect_uri=zcrm_simulator.config()["redirect_uri"]
        )
        assert "refresh_token" not in tokens.json()
        assert tokens.json()["access_token"]


def test_second_offline_grant_needs_a_new_consent(
    authorize: Send, token_call: Send, zcrm_simulator: Simulator
) -> None:
    """A refresh token comes the first time and with prompt=consent, in each data centre by itself."""
    redirect = zcrm_simulator.config()["redirect_uri"]

    def has_refresh_token(at: str = "", **changed: str) -> bool:
        code = sent_back(authorize(at=at, **changed))["code"]
        return (
            "refresh_token"
            in token_call("authorization_code", at=at, code=code, redirect_uri=redirect).json()
        )

    assert [has_refresh_token(), has_refresh_token(), has_refresh_token(prompt="consent")] == [
        True,
        False,
        True,
    ]
    assert has_refresh_token(at="/eu")


def test_codes_die(authorize: Send, token_call: Send, zcrm_simulator: Simulator) -> None:
    """A redirect's code lives 120 s and a self client's as long as was chosen."""
    redirect = zcrm_simulator.config()["redirect_uri"]
    codes = [sent_back(authorize())["code"], zcrm_simulator.grant_token("ZohoCRM.modules.ALL")]
    longer = zcrm_simulator.grant_token("ZohoCRM.modules.ALL", lifetime=600)
    zcrm_simulator.clock.advance(121)
    answers = [token_call("authorization_code", code=code, redirect_uri=redirect).json() for code in codes]
    assert [("error" in answer) for answer in answers] == [True, False]
    zcrm_simulator.clock.advance(470)
    assert "access_token" in token_call("authorization_code", code=longer).json()
    late = zcrm_simulator.grant_token("ZohoCRM.modules.ALL")
    zcrm_simulator.clock.advance(181)
    assert token_call("authorization_code", code=late).json() == {"error": "invalid_code"}


def test_codes_belong_to_their_client(send: Send, token_call: Send, zcrm_simulator: Simulator) -> None:
    """Another application cannot use a code, and its try does not use it up."""
    other = zcrm_simulator.register_client()
    code = zcrm_simulator.grant_token("ZohoCRM.modules.ALL", client_id=other.client_id)
    assert token_call("authorization_code", code=code).json() == {"error": "invalid_code"}
    form = {"grant_type": "authorization_code", "code": code, "client_id": other.client_id,
            "client_secret": other.client_secret}  # fmt: skip
    assert "access_token" in send("POST", "/oauth/v2/token", data=form).json()


@pytest.mark.parametrize("method", ["S256", "plain", None])
def test_proof_key(authorize: Send, token_call: Send, zcrm_simulator: Simulator, method: str | None) -> None:
    """With a challenge only who has the verifier can exchange the code (RFC 7636)."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() if method == "S256" else VERIFIER
    asked = {"code_challenge": challenge} | ({"code_challenge_method": method} if method else {})
    code = sent_back(authorize(**asked))["code"]
    redirect = zcrm_simulator.config()["redirect_uri"]
    for wrong in (None, VERIFIER + "x"):
        answer = token_call("authorization_code", code=code, redirect_uri=redirect, code_verifier=wrong)
        assert answer.json() == {"error": "invalid_code"}
    answer = token_call("authorization_code", code=code, redirect_uri=redirect, code_verifier=VERIFIER)
    assert "access_token" in answer.json()


def test_consent_page(authorize: Send, send: Send, token_call: Send, zcrm_simulator: Simulator) -> None:
    """Without auto-approve a page asks; whoever is chosen there gets the tokens of the chosen environment."""
    zcrm_simulator.switches = Switches(auto_approve=False)
    page = authorize(state='"><script>')
    assert page.status_code == 200
    assert "ZohoCRM.users.READ" in page.text
    assert "<script>" not in page.text
    config = zcrm_simulator.config()
    user = zcrm_simulator.users[3].email
    form = {
        "client_id": config["client_id"],
        "redirect_uri": config["redirect_uri"],
        "response_type": "code",
        "scope": "ZohoCRM.users.READ",
        "user": user,
        "environment": "sandbox",
        "decision": "accept",
    }
    code = sent_back(send("POST", "/oauth/v2/auth", data=form))["code"]
    tokens = token_call("authorization_code", code=code, redirect_uri=config["redirect_uri"]).json()
    assert tokens["api_domain"] == f"{zcrm_simulator.url}/sandbox"
    seen = send("GET", "/sandbox/crm/v8/users?type=CurrentUser",
                headers={"Authorization": f"Bearer {tokens['access_token']}"})  # fmt: skip
    assert seen.json()["users"][0]["email"] == user
    refused = sent_back(send("POST", "/oauth/v2/auth", data=form | {"decision": "refuse", "state": "s"}))
    assert refused == {"error": "access_denied", "state": "s"}
    for wrong in ({"user": "nobody@x.example"}, {"environment": "moon"}):
        assert send("POST", "/oauth/v2/auth", data=form | wrong).status_code == 400


def test_who_approves_is_a_switch(authorize: Send, token_call: Send, zcrm_simulator: Simulator) -> None:
    """The page that answers itself does so as the user and for the environment that were set."""
    zcrm_simulator.switches = Switches(
        approve_user=zcrm_simulator.users[1].email, approve_environment="developer"
    )
    code = sent_back(authorize())["code"]
    tokens = token_call(
        "authorization_code", code=code, redirect_uri=zcrm_simulator.config()["redirect_uri"]
    ).json()
    assert tokens["api_domain"].endswith("/developer")


def test_codes_are_limited(authorize: Send, zcrm_simulator: Simulator) -> None:
    """An application gets ten codes in ten minutes, then an error page, then codes again."""
    answers = [authorize().status_code for _ in range(11)]
    assert answers == [302] * 10 + [400]
    zcrm_simulator.clock.advance(600)
    assert authorize().status_code == 302
    zcrm_simulator.limits = Limits(grant_codes=1)
    assert "too_many_requests" in authorize().text
