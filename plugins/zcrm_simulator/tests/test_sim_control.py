"""Can another process see and drive the simulator, and does it see no secret?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from zcrm_core import ConfigError
from zcrm_simulator import Limits, Simulator, Switches

Send = Callable[..., requests.Response]


def test_health(send: Send, zcrm_simulator: Simulator) -> None:
    """Health tells that the simulator runs, and where."""
    answer = send("GET", "/__simulator__/health").json()
    assert (answer["status"], answer["url"]) == ("ok", zcrm_simulator.url)


def test_clock_moves_for_both_sides(send: Send, zcrm_simulator: Simulator) -> None:
    """Time that one process advances is the time of all."""
    before = zcrm_simulator.clock.now()
    assert send("POST", "/__simulator__/clock", json={"advance": 5_000}).json()["time"] >= before + 5_000
    assert zcrm_simulator.clock.now() >= before + 5_000


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), 1e12])
def test_clock_does_not_go_astray(zcrm_simulator: Simulator, seconds: float) -> None:
    """Time neither runs backwards nor leaves the calendar."""
    with pytest.raises(ConfigError, match="cannot move"):
        zcrm_simulator.clock.advance(seconds)


def test_grant_gives_a_code(send: Send, token_call: Send, zcrm_simulator: Simulator) -> None:
    """A code made over HTTP is exchanged for the tokens of the user it names."""
    user = zcrm_simulator.users[2].email
    made = send("POST", "/__simulator__/grant", json={"scopes": ["ZohoCRM.users.READ"], "user": user}).json()
    token = token_call("authorization_code", code=made["code"]).json()["access_token"]
    answer = send("GET", "/crm/v8/users?type=CurrentUser", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["users"][0]["email"] == user


@pytest.mark.parametrize(
    "wanted",
    [
        {"scopes": []},
        {"scopes": ["ZohoBooks.all.READ"]},
        {"scopes": "ZohoCRM.modules.ALL", "user": "x@y.example"},
        {"scopes": "ZohoCRM.modules.ALL", "client_id": "1000.X"},
        {"scopes": "ZohoCRM.modules.ALL", "data_center": "mars"},
        {"scopes": "ZohoCRM.modules.ALL", "environment": "test"},
    ],
)
def test_grant_names_what_is_unknown(send: Send, zcrm_simulator: Simulator, wanted: dict[str, str]) -> None:
    """Unknown scopes, users, clients and places are errors on both ways."""
    with pytest.raises(ConfigError, match="No code for"):
        zcrm_simulator.grant_token(**wanted)  # type: ignore[arg-type]  # wrong on purpose
    answer = send("POST", "/__simulator__/grant", json=wanted)
    assert answer.status_code == 400
    assert "No code for" in answer.json()["error"]


def test_counters_count(send: Send, call: Send, token_call: Send, zcrm_simulator: Simulator) -> None:
    """Exchanges, refreshes, revocations, throttled calls, connections and calls by route are counted."""
    zcrm_simulator.limits = Limits(refreshes=1)
    code = zcrm_simulator.grant_token("ZohoCRM.modules.ALL")
    refresh = token_call("authorization_code", code=code).json()["refresh_token"]
    for _ in range(2):
        token_call("refresh_token", refresh_token=refresh)
    call("GET", "/crm/v8/Leads/4150868000000225001")
    call("GET", "/crm/v8/Leads/4150868000000225002")
    send("POST", "/oauth/v2/token/revoke", params={"token": refresh})
    counted = send("GET", "/__simulator__/counters").json()
    expected = {
        "exchanges": 2,
        "refreshes": 1,
        "throttled": 1,
        "revocations": 1,
        "connections": 1,
        "in_flight": 0,
    }
    assert {name: counted[name] for name in expected} == expected
    assert counted["requests"]["GET /crm/v8/Leads/{id}"] == 2
    assert counted["requests"]["POST /oauth/v2/token"] == 4
    assert counted["requests"] == zcrm_simulator.counters.requests


def test_requests_are_recorded_without_secrets(
    send: Send, call: Send, token_call: Send, zcrm_simulator: Simulator
) -> None:
    """Calls are remembered in order, and no code, token or client secret is, however it was sent."""
    config = zcrm_simulator.config()
    code = zcrm_simulator.grant_token("ZohoCRM.modules.ALL")
    tokens = token_call("authorization_code", code=code).json()
    secrets = [config["client_secret"], tokens["access_token"], tokens["refresh_token"], code]
    everything = dict(zip(["client_secret", "access_token", "refresh_token", "code"], secrets, strict=True))
    send("POST", "/oauth/v2/token", params=everything)
    send("POST", "/oauth/v2/token", data=everything)
    send("POST", "/oauth/v2/token", json=everything)
    send("POST", "/oauth/v2/token", data="&".join(secrets), headers={"Content-Type": "text/plain"})
    send("POST", "/oauth/v2/token", auth=(config["client_id"], config["client_secret"]))
    send("POST", "/oauth/v2/token/revoke", params={"token": tokens["access_token"]})
    call("POST", "/crm/v8/Leads", json={"data": [{"Last_Name": "Seen"}]})
    recorded = send("GET", "/__simulator__/requests")
    assert not [secret for secret in secrets if secret in recorded.text]
    last = recorded.json()["requests"][-1]
    assert (last["method"], last["path"], last["status"]) == ("POST", "/crm/v8/Leads", 201)
    assert "Seen" in last["body"]
    assert len(zcrm_simulator.requests) == len(recorded.json()["requests"])


def test_the_journal_is_bounded(send: Send, zcrm_simulator: Simulator) -> None:
    """Only the last 1,000 calls are kept, and the counts go on."""
    for number in range(1_003):
        send("GET", f"/crm/v8/x?n={number}")
    assert [len(zcrm_simulator.requests), zcrm_simulator.requests[0].query["n"]] == [1_000, "3"]
    assert sum(zcrm_simulator.counters.requests.values()) == 1_003


def test_limits_and_switches_change(send: Send, zcrm_simulator: Simulator) -> None:
    """Single limits and switches are changed over HTTP, the others stay."""
    assert send("POST", "/__simulator__/limits", json={"refreshes": 3}).json()["refreshes"] == 3
    assert zcrm_simulator.limits == Limits(refreshes=3)
    changed = send("POST", "/__simulator__/switches", json={"milliseconds": True, "search_lag": 2})
    assert changed.json()["milliseconds"] is True
    assert zcrm_simulator.switches == Switches(milliseconds=True, search_lag=2)


def test_reset_brings_the_start_back(call: Send, send: Send, zcrm_simulator: Simulator) -> None:
    """After a reset there is fresh data and no token, fault, count or advanced time."""
    zcrm_simulator.limits, zcrm_simulator.switches = Limits(fields=1), Switches(milliseconds=True)
    call("POST", "/crm/v8/Leads", json={"data": [{"Last_Name": "Gone"}]})
    zcrm_simulator.clock.advance(10_000)
    zcrm_simulator.faults.add("/", kind="reset")
    now = send("GET", "/__simulator__/health").json()["time"]
    assert send("POST", "/__simulator__/reset").json() == {"status": "ok"}
    assert zcrm_simulator.clock.now() < now
    assert (zcrm_simulator.limits, zcrm_simulator.switches) == (Limits(), Switches())
    assert (zcrm_simulator.requests, zcrm_simulator.faults.pending()) == ((), ())
    assert call("GET", "/crm/v8/Leads").json()["code"] == "INVALID_TOKEN"


def test_reset_brings_the_data_back(call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """Records that were written are gone after a reset."""
    call_as()("POST", "/crm/v8/Leads", json={"data": [{"Last_Name": "Gone"}]})
    zcrm_simulator.reset()
    assert call_as()("GET", "/crm/v8/Leads/actions/count").json() == {"count": 520}


@pytest.mark.parametrize(
    ("method", "name", "body", "status"),
    [
        ("POST", "clock", {}, 400),
        ("POST", "clock", {"advance": "1"}, 400),
        ("POST", "clock", {"advance": True}, 400),
        ("POST", "clock", {"advance": -1}, 400),
        ("POST", "grant", {}, 400),
        ("POST", "grant", {"scopes": 5}, 400),
        ("POST", "grant", {"scopes": "ZohoCRM.modules.ALL", "user": 5}, 400),
        ("POST", "faults", {}, 400),
        ("POST", "faults", {"path": "/", "kind": "fire"}, 400),
        ("POST", "faults", {"path": 5, "kind": "reset"}, 400),
        ("POST", "limits", {"refreshes": "many"}, 400),
        ("POST", "limits", {"nothing": 1}, 400),
        ("POST", "switches", {"milliseconds": 1}, 400),
        ("POST", "switches", {"nothing": True}, 400),
        ("POST", "reset", [], 400),
        ("POST", "health", {}, 405),
        ("GET", "grant", {}, 405),
        ("GET", "nothing", {}, 404),
    ],
)
def test_wrong_calls_say_why(send: Send, method: str, name: str, body: object, status: int) -> None:
    """A wrong call of the control plane gets a JSON error and changes nothing."""
    before = send("POST", "/__simulator__/limits", json={}).json()
    answer = send(method, f"/__simulator__/{name}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert send("POST", "/__simulator__/limits", json={}).json() == before


def test_text_that_is_no_json_is_refused(send: Send) -> None:
    """A body of the control plane is JSON or an error."""
    assert send("POST", "/__simulator__/clock", data="{").status_code == 400


def test_a_module_is_filled(zcrm_simulator: Simulator, call: Send, send: Send) -> None:
    """Thousands of records are there without a call for each, from here and from another process."""
    zcrm_simulator.fill("Leads", 12_345)
    assert send("POST", "/__simulator__/fill", json={"module": "Leads", "count": 5}).status_code == 200

    assert call("GET", "/crm/v8/Leads/actions/count?converted=both").json()["count"] == 532 + 12_345 + 5
    for wrong in ({"module": "Nothing", "count": 1}, {"module": "Leads", "count": -1}, {"module": "Leads"}):
        assert send("POST", "/__simulator__/fill", json=wrong).status_code == 400
