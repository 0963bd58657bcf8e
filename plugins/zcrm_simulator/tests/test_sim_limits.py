"""Are credits and calls at the same time counted and limited as documented?"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import pytest
import requests

from zcrm_simulator import Limits, Simulator, Switches

Send = Callable[..., requests.Response]
LEADS = "/crm/v8/Leads"
ORG = "/crm/v8/org"


def test_documented_numbers() -> None:
    """The defaults are the numbers on Zoho's pages."""
    assert dataclasses.asdict(Limits()) == {
        "code_lifetime": 120,
        "grant_codes": 10,
        "grant_codes_window": 600,
        "access_token_lifetime": 3_600,
        "access_tokens_per_refresh_token": 15,
        "refreshes": 10,
        "refresh_window": 600,
        "refresh_tokens_per_user": 20,
        "new_refresh_tokens": 10,
        "new_refresh_tokens_window": 600,
        "device_code_lifetime": 300,
        "device_interval": 30,
        "fields": 50,
        "ids": 100,
        "per_page": 200,
        "numbered_records": 2_000,
        "token_records": 100_000,
        "page_token_lifetime": 86_400,
        "search_results": 2_000,
        "search_conditions": 15,
        "search_conditions_v2": 10,
        "search_values": 100,
        "search_credits": 1,
        "search_word_length": 2,
        "records_per_write": 100,
        "recycle_bin_days": 60,
        "tags_per_call": 50,
        "tags_per_record": 10,
        "tags_per_module": 100,
        "tag_length": 25,
        "tagged_records": 500,
        "attachment_megabytes": 100,
        "attachment_megabytes_v2": 20,
        "photo_megabytes": 10,
        "coql_rows": 2_000,
        "coql_rows_v2": 200,
        "coql_reach": 100_000,
        "coql_reach_v2": 10_000,
        "coql_columns": 50,
        "coql_conditions": 25,
        "coql_values": 50,
        "bulk_read_records": 200_000,
        "bulk_write_rows": 25_000,
        "bulk_write_megabytes": 25,
        "bulk_columns": 200,
        "bulk_result_seconds": 86_400,
        "credits": 58_000,
        "credits_window": 86_400,
        "concurrency": 20,
        "heavy_concurrency": 10,
        "heavy_records": 10,
    }


def test_credits_run_out_and_come_back(call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """When the day's credits are used up every call is 429, and a day later none is."""
    zcrm_simulator.limits = Limits(credits=3)
    call = call_as()
    assert [call("GET", ORG).status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = call("GET", LEADS)
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert "Retry-After" not in answer.headers
    zcrm_simulator.clock.advance(86_400)
    assert call_as()("GET", ORG).status_code == 200


def test_remaining_credits_are_told_late(call: Send, zcrm_simulator: Simulator) -> None:
    """How many credits remain is told when more than half are used."""
    zcrm_simulator.limits = Limits(credits=4)
    shown = [call("GET", ORG).headers.get("X-API-CREDITS-REMAINING") for _ in range(4)]
    assert shown == [None, None, "1", "0"]


@pytest.mark.parametrize(("records", "cost"), [(1, 1), (10, 1), (11, 2), (100, 10)])
@pytest.mark.parametrize(("method", "path"), [("POST", LEADS), ("PUT", LEADS), ("POST", f"{LEADS}/upsert")])
def test_writes_cost_by_ten(  # noqa: PLR0917  fixtures and cases
    call: Send, zcrm_simulator: Simulator, method: str, path: str, records: int, cost: int
) -> None:
    """A write costs one credit for each ten records."""
    zcrm_simulator.limits = Limits(credits=cost)
    assert call(method, path, json={"data": [{}] * records}).status_code == 400
    assert call("GET", ORG).status_code == 429
    zcrm_simulator.limits = Limits(credits=2 * cost - 1)
    assert call(method, path, json={"data": [{}] * records}).status_code == 429


def test_organizations_pay_by_themselves(call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """The sandbox does not use production's credits."""
    zcrm_simulator.limits = Limits(credits=1)
    call, sandbox = call_as(), call_as(environment="sandbox")
    assert [call("GET", ORG).status_code for _ in range(2)] == [200, 429]
    assert sandbox("GET", f"/sandbox{ORG}").status_code == 200


def test_what_is_refused_earlier_costs_nothing(call: Send, send: Send, zcrm_simulator: Simulator) -> None:
    """Calls without a token or to no address use no credits."""
    zcrm_simulator.limits = Limits(credits=1)
    assert send("GET", ORG).status_code == 401
    assert call("GET", "/crm/v8/settings/nothing").status_code == 404
    assert call("GET", ORG).status_code == 200


def test_calls_at_the_same_time(
    call: Send, log_in: Callable[..., dict[str, str]], zcrm_simulator: Simulator
) -> None:
    """While one call is under way the next is one too many, and afterwards it is not."""
    zcrm_simulator.limits = Limits(concurrency=1)
    zcrm_simulator.faults.add("/crm/v8/users", kind="delay", seconds=3_600)
    headers = {"Authorization": f"Bearer {log_in()['access_token']}"}
    statuses: list[int] = []

    def slow() -> None:
        answer = requests.get(f"{zcrm_simulator.url}/crm/v8/users", headers=headers, timeout=50)
        statuses.append(answer.status_code)

    thread = threading.Thread(target=slow)
    thread.start()
    while (answer := call("GET", ORG)).status_code != 429:
        assert answer.status_code == 200  # the slow call is still on its way in
    assert answer.json()["code"] == "TOO_MANY_REQUESTS"
    zcrm_simulator.faults.clear()
    thread.join(40)
    assert statuses == [200]
    assert call("GET", ORG).status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", f"{LEADS}?fields=id&sort_by=id", None), ("GET", f"{LEADS}/search?word=abc", None),
    ("POST", LEADS, {"data": [{"Last_Name": "x"}] * 11}),
])  # fmt: skip
def test_heavy_calls_have_a_limit_of_their_own(
    call: Send, zcrm_simulator: Simulator, method: str, path: str, body: object
) -> None:
    """Sorted lists, searches and large writes are limited more than light calls."""
    zcrm_simulator.limits = Limits(heavy_concurrency=0)
    assert call(method, path, json=body).status_code == 429
    assert call("GET", f"{LEADS}?fields=id").status_code == 200
    assert call("POST", LEADS, json={"data": [{"Last_Name": "x"}] * 10}).status_code == 201


def test_end_of_the_token_is_told(call: Send) -> None:
    """Each answer tells when the access token expires, in the user's zone."""
    assert call("GET", ORG).headers["X-ACCESSTOKEN-RESET"].endswith("+01:00")


def test_latency(call: Send, zcrm_simulator: Simulator) -> None:
    """Every call can take some time, on both servers."""
    zcrm_simulator.switches = Switches(latency=0.001)
    assert call("GET", ORG).status_code == 200
    assert call("GET", "/oauth/serverinfo").status_code == 200


def test_what_is_not_settled_can_be_chosen(call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """Where Zoho's sources differ the simulator goes the way that a switch says."""
    zcrm_simulator.switches = Switches(
        page_token_mismatch_status=401, stale_record_code="RECORD_MODIFIED", no_credits_text="none left"
    )
    call = call_as()
    first = call("GET", "/crm/v8/Leads?fields=id").json()
    token = first["info"]["next_page_token"]
    other = call("GET", "/crm/v8/Leads", params={"fields": "Email", "page_token": token})
    assert (other.status_code, other.json()["code"]) == (401, "TOKEN_BOUND_DATA_MISMATCH")
    stale = {"If-Unmodified-Since": "2001-01-01T00:00:00+00:00"}
    body = {"data": [{"id": first["data"][0]["id"], "City": "x"}]}
    answer = call("PUT", LEADS.split("?", maxsplit=1)[0], json=body, headers=stale)
    assert (answer.status_code, answer.json()["code"]) == (412, "RECORD_MODIFIED")
    zcrm_simulator.limits = Limits(credits=0, search_credits=3)
    assert call("GET", ORG).json()["message"] == "none left"
