"""Do tokens live, die and run out as Zoho's do?"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import requests

from zcrm_simulator import Limits, Simulator, Switches

Send = Callable[..., requests.Response]
LogIn = Callable[..., dict[str, str]]
ORG = "/crm/v8/org"


@pytest.fixture
def alive(send: Send) -> Callable[[str], bool]:
    """Tell whether an access token is alive."""

    def alive(token: str) -> bool:
        answer = send("GET", ORG, headers={"Authorization": f"Zoho-oauthtoken {token}"})
        assert answer.status_code == 200 or answer.json()["code"] == "INVALID_TOKEN"
        return answer.status_code == 200

    return alive


def test_refresh(log_in: LogIn, token_call: Send, alive: Callable[[str], bool]) -> None:
    """A refresh gives another access token and no refresh token; the old one goes on living."""
    tokens = log_in()
    fresh = token_call("refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert "refresh_token" not in fresh
    assert fresh["access_token"] != tokens["access_token"]
    assert alive(tokens["access_token"])
    assert alive(fresh["access_token"])


def test_access_tokens_expire(
    log_in: LogIn, token_call: Send, alive: Callable[[str], bool], zcrm_simulator: Simulator
) -> None:
    """An access token lives an hour, a refresh token for good."""
    tokens = log_in()
    zcrm_simulator.clock.advance(3_590)
    assert alive(tokens["access_token"])
    zcrm_simulator.clock.advance(10)
    assert not alive(tokens["access_token"])
    zcrm_simulator.clock.advance(10 * 365 * 86_400)
    assert alive(token_call("refresh_token", refresh_token=tokens["refresh_token"]).json()["access_token"])


def test_refreshes_are_throttled(log_in: LogIn, token_call: Send, zcrm_simulator: Simulator) -> None:
    """The eleventh refresh in ten minutes is refused with HTTP 400, and other refresh tokens are not."""
    first, second = log_in()["refresh_token"], log_in()["refresh_token"]
    answers = [token_call("refresh_token", refresh_token=first) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [400]
    body = answers[-1].json()
    assert (body["error"], body["status"]) == ("Access Denied", "failure")
    assert "too many requests" in body["error_description"]
    assert "access_token" in token_call("refresh_token", refresh_token=second).json()
    zcrm_simulator.clock.advance(600)
    assert "access_token" in token_call("refresh_token", refresh_token=first).json()


def test_throttle_form_is_a_switch(log_in: LogIn, token_call: Send, zcrm_simulator: Simulator) -> None:
    """The refusal can have HTTP 200 and the other spelling."""
    refresh = log_in()["refresh_token"]
    zcrm_simulator.limits = Limits(refreshes=0)
    zcrm_simulator.switches = Switches(throttle_status=200, throttle_error="access_denied")
    answer = token_call("refresh_token", refresh_token=refresh)
    assert (answer.status_code, answer.json()["error"]) == (200, "access_denied")


def test_sixteenth_access_token_kills_the_first(
    log_in: LogIn, token_call: Send, alive: Callable[[str], bool], zcrm_simulator: Simulator
) -> None:
    """Fifteen access tokens of a refresh token live; one more is given, and the oldest dies."""
    zcrm_simulator.limits = Limits(refreshes=100)
    tokens = log_in()
    made = [tokens["access_token"]]
    for _ in range(15):
        assert alive(made[0])
        made.append(token_call("refresh_token", refresh_token=tokens["refresh_token"]).json()["access_token"])
    assert [alive(token) for token in made] == [False] + [True] * 15


def test_twenty_first_refresh_token_kills_the_first(
    log_in: LogIn, token_call: Send, alive: Callable[[str], bool], zcrm_simulator: Simulator
) -> None:
    """A user has twenty refresh tokens of a client; one more kills the oldest with its access tokens."""
    zcrm_simulator.limits = Limits(new_refresh_tokens=100)
    other_user, other_center = log_in(user=zcrm_simulator.users[1].email), log_in(data_center="eu")
    made = [log_in() for _ in range(21)]
    assert token_call("refresh_token", refresh_token=made[0]["refresh_token"]).json() == {
        "error": "invalid_code"
    }
    assert [alive(tokens["access_token"]) for tokens in made] == [False] + [True] * 20
    assert alive(other_user["access_token"])
    refreshed = token_call("refresh_token", at="/eu", refresh_token=other_center["refresh_token"])
    assert "access_token" in refreshed.json()


def test_new_refresh_tokens_are_throttled(log_in: LogIn, zcrm_simulator: Simulator) -> None:
    """A user gets ten refresh tokens of a client in ten minutes; another user is not concerned."""
    assert ["refresh_token" in log_in() for _ in range(11)] == [True] * 10 + [False]
    assert log_in()["error"] == "Access Denied"
    assert "refresh_token" in log_in(user=zcrm_simulator.users[1].email)


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_revoke(
    log_in: LogIn, send: Send, token_call: Send, alive: Callable[[str], bool], which: str
) -> None:
    """A revoked refresh token takes its access tokens along; a revoked access token goes alone."""
    tokens = log_in()
    second = token_call("refresh_token", refresh_token=tokens["refresh_token"]).json()["access_token"]
    answer = send("POST", "/oauth/v2/token/revoke", params={"token": tokens[which]})
    assert (answer.status_code, answer.json()) == (200, {"status": "success"})
    assert not alive(tokens["access_token"])
    assert alive(second) is (which == "access_token")
    refreshed = token_call("refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert ("access_token" in refreshed) is (which == "access_token")
    again = send("POST", "/oauth/v2/token/revoke", data={"token": tokens[which]})
    assert (again.status_code, again.json()) == (400, {"error": "invalid_token"})


def test_revoke_in_another_data_centre(log_in: LogIn, send: Send, alive: Callable[[str], bool]) -> None:
    """A data centre cannot revoke what is not its own."""
    tokens = log_in()
    assert (
        send("POST", "/eu/oauth/v2/token/revoke", data={"token": tokens["refresh_token"]}).status_code == 400
    )
    assert alive(tokens["access_token"])


def test_revoke_with_client(log_in: LogIn, send: Send, zcrm_simulator: Simulator) -> None:
    """The newer address of revoking wants the client's id and secret."""
    config, token = zcrm_simulator.config(), log_in()["refresh_token"]
    path = "/oauth/v2/revoke/token"
    assert send("POST", path, data={"token": token}).json() == {"error": "invalid_client"}
    wrong = send("POST", path, data={"token": token}, auth=(config["client_id"], "wrong"))
    assert wrong.json() == {"error": "invalid_client_secret"}
    right = send("POST", path, data={"token": token}, auth=(config["client_id"], config["client_secret"]))
    assert right.json() == {"status": "success"}


def test_revoke_from_the_test(log_in: LogIn, alive: Callable[[str], bool], zcrm_simulator: Simulator) -> None:
    """A test can kill a token without a call."""
    tokens = log_in()
    assert zcrm_simulator.revoke(tokens["refresh_token"]) is True
    assert zcrm_simulator.revoke(tokens["refresh_token"]) is False
    assert not alive(tokens["access_token"])


@pytest.mark.parametrize(("changed", "word"), [
    ({"client_id": "1000.NOBODY"}, "invalid_client"), ({"client_id": None}, "invalid_client"),
    ({"client_secret": "wrong"}, "invalid_client_secret"), ({"client_secret": None}, "invalid_client_secret"),
    ({"client_secret": "é"}, "invalid_client_secret"), ({"refresh_token": "1000.a.b"}, "invalid_code"),
    ({"refresh_token": None}, "invalid_code"),
])  # fmt: skip
def test_refresh_errors_have_http_200(
    log_in: LogIn, token_call: Send, changed: dict[str, str | None], word: str
) -> None:
    """Zoho tells what is wrong with HTTP 200 and an error word."""
    answer = token_call("refresh_token", **{"refresh_token": log_in()["refresh_token"], **changed})
    assert (answer.status_code, answer.json()) == (200, {"error": word})


@pytest.mark.parametrize("grant_type", ["password", "", "device_token"])
def test_unknown_grant_types(token_call: Send, grant_type: str) -> None:
    """Other grant types are refused by name."""
    assert token_call(grant_type).json() == {"error": "unsupported_grant_type"}


def test_refresh_tokens_belong_to_their_client(send: Send, log_in: LogIn, zcrm_simulator: Simulator) -> None:
    """Another application cannot refresh with a token that it has found."""
    other = zcrm_simulator.register_client()
    form = {"grant_type": "refresh_token", "refresh_token": log_in()["refresh_token"],
            "client_id": other.client_id, "client_secret": other.client_secret}  # fmt: skip
    assert send("POST", "/oauth/v2/token", data=form).json() == {"error": "invalid_code"}


def test_parameters_in_the_query(send: Send, log_in: LogIn, zcrm_simulator: Simulator) -> None:
    """The token endpoint reads the query as well as the form, and HTTP Basic for the client."""
    config = zcrm_simulator.config()
    query = {"grant_type": "refresh_token", "refresh_token": log_in()["refresh_token"]}
    client = {"client_id": config["client_id"], "client_secret": config["client_secret"]}
    assert "access_token" in send("POST", "/oauth/v2/token", params=query | client).json()
    basic = (config["client_id"], config["client_secret"])
    assert "access_token" in send("POST", "/oauth/v2/token", params=query, auth=basic).json()


def test_form_of_the_answer_is_a_switch(log_in: LogIn, zcrm_simulator: Simulator) -> None:
    """The answer of before 2019 has milliseconds and seconds; old ones name no scope."""
    zcrm_simulator.switches = Switches(milliseconds=True, scope_in_answer=False)
    tokens = log_in()
    assert [int(tokens[name]) for name in ("expires_in", "expires_in_sec")] == [3_600_000, 3_600]
    assert "scope" not in tokens


def test_rotation_is_a_switch(
    log_in: LogIn, token_call: Send, alive: Callable[[str], bool], zcrm_simulator: Simulator
) -> None:
    """With rotation a refresh replaces the refresh token; the access tokens stay with the new one."""
    zcrm_simulator.switches = Switches(rotate_refresh_tokens=True)
    tokens = log_in()
    fresh = token_call("refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert token_call("refresh_token", refresh_token=tokens["refresh_token"]).json() == {
        "error": "invalid_code"
    }
    assert alive(tokens["access_token"])
    zcrm_simulator.revoke(fresh["refresh_token"])
    assert not alive(tokens["access_token"])


def test_client_credentials(
    token_call: Send, alive: Callable[[str], bool], zcrm_simulator: Simulator
) -> None:
    """A self client gets an access token for its organization, and no refresh token."""
    soid = f"ZohoCRM.{zcrm_simulator.organization.zgid}"
    tokens = token_call("client_credentials", scope="ZohoCRM.org.READ", soid=soid).json()
    assert "refresh_token" not in tokens
    assert alive(tokens["access_token"])


@pytest.mark.parametrize(
    ("scope", "soid", "status", "word"),
    [
        ("ZohoCRM.org.READ", None, 400, "missing_org_info"),
        ("ZohoCRM.org.READ", "ZohoCRM.1", 400, "missing_org_info"),
        (None, "ZohoCRM.1", 200, "invalid_scope"),
        ("Nothing.at.ALL", "ZohoCRM.1", 200, "invalid_scope"),
    ],
)
def test_client_credentials_errors(
    token_call: Send, scope: str | None, soid: str | None, status: int, word: str
) -> None:
    """Client credentials need known scopes and the organization."""
    answer = token_call("client_credentials", scope=scope, soid=soid)
    assert (answer.status_code, answer.json()) == (status, {"error": word})


def test_user_info(log_in: LogIn, send: Send, zcrm_simulator: Simulator) -> None:
    """Who a token belongs to is told to tokens with the scope, in any letter case, and to no others."""
    user = zcrm_simulator.users[2]

    def info(token: str, at: str = "") -> requests.Response:
        return send("GET", f"{at}/oauth/user/info", headers={"Authorization": f"Zoho-oauthtoken {token}"})

    token = log_in(scopes="aaaserver.PROFILE.Read", user=user.email)["access_token"]
    assert info(token).json() == {"ZUID": int(user.zuid), "Email": user.email, "Display_Name": user.full_name,
                                  "First_Name": user.first_name, "Last_Name": user.last_name}  # fmt: skip
    other = info(log_in(scopes="ZohoCRM.users.READ")["access_token"])
    assert (other.status_code, other.json()["cause"]) == (401, "INVALID_OAUTHSCOPE")
    for answer in (info("1000.a.b"), info(token, at="/eu"), send("GET", "/oauth/user/info")):
        assert (answer.status_code, answer.json()["cause"]) == (401, "INVALID_OAUTHTOKEN")


def test_server_info(send: Send, zcrm_simulator: Simulator) -> None:
    """The map of data centres names ten accounts servers, which all answer."""
    locations = send("GET", "/oauth/serverinfo").json()["locations"]
    assert list(locations) == ["us", "eu", "in", "au", "cn", "jp", "ca", "sa", "uk", "ae"]
    for url in locations.values():
        path = url.removeprefix(zcrm_simulator.url)
        assert send("GET", f"{path}/oauth/serverinfo").json()["locations"] == locations


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/oauth/v2/token", 405), ("POST", "/oauth/user/info", 405), ("GET", "/oauth/v3/token", 404),
    ("POST", "/sandbox/oauth/v2/token", 404), ("GET", "/moon/oauth/serverinfo", 404),
])  # fmt: skip
def test_other_addresses(send: Send, method: str, path: str, status: int) -> None:
    """What the accounts server lacks is refused; environments have no accounts server."""
    assert send(method, path).status_code == status


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "AUTHENTICATION_FAILURE"),
        ({"Authorization": "Basic abc"}, "AUTHENTICATION_FAILURE"),
        ({"Authorization": "Zoho-oauthtoken"}, "AUTHENTICATION_FAILURE"),
        ({"Authorization": "Bearer x"}, "INVALID_TOKEN"),
    ],
)
def test_calls_without_a_good_token(send: Send, headers: dict[str, str], code: str) -> None:
    """The CRM tells a missing token from a wrong one, both with 401."""
    answer = send("GET", ORG, headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (401, code, "error")


@pytest.mark.parametrize("scheme", ["Zoho-oauthtoken", "Bearer", "zoho-OAuthToken", "bearer"])
def test_both_schemes_are_good(log_in: LogIn, send: Send, scheme: str) -> None:
    """Zoho's scheme and Bearer are accepted, in any letter case."""
    headers = {"Authorization": f"{scheme} {log_in()['access_token']}"}
    assert send("GET", ORG, headers=headers).status_code == 200


def test_one_code_is_one_token_for_many_threads(zcrm_simulator: Simulator) -> None:
    """Of many exchanges at once with one code, exactly one succeeds."""
    config = zcrm_simulator.config()
    form = {"grant_type": "authorization_code", "code": zcrm_simulator.grant_token("ZohoCRM.org.READ"),
            "client_id": config["client_id"], "client_secret": config["client_secret"]}  # fmt: skip
    answers: list[dict[str, str]] = []
    start = threading.Barrier(8)

    def exchange() -> None:
        start.wait()
        answer = requests.post(f"{zcrm_simulator.url}/oauth/v2/token", data=form, timeout=30)
        answers.append(answer.json())

    threads = [threading.Thread(target=exchange) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("access_token" in answer for answer in answers) == [False] * 7 + [True]
    assert zcrm_simulator.counters.exchanges == 1
