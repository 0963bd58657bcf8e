"""Do the calls that read records answer as Zoho does, in every version?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import requests

from zcrm_simulator import Limits, Simulator, Switches

Send = Callable[..., requests.Response]
VERSIONS = ["v2", "v2.1", "v3", "v4", "v5", "v6", "v7", "v8"]
LEADS = "/crm/v8/Leads"


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return status and code of an error, after a look at its envelope."""
    body = answer.json()
    assert set(body) == {"code", "details", "message", "status"}
    assert body["status"] == "error"
    return answer.status_code, body["code"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_alive(call: Send, version: str) -> None:
    """All versions answer side by side; page tokens and the sort order are told from version 3 on."""
    answer = call("GET", f"/crm/{version}/Leads?fields=Last_Name&per_page=2").json()
    assert len(answer["data"]) == 2
    old = {"per_page", "count", "page", "more_records"}
    new = {"sort_by", "sort_order", "next_page_token", "previous_page_token", "page_token_expiry"}
    assert set(answer["info"]) == (old if version in {"v2", "v2.1"} else old | new)


@pytest.mark.parametrize("version", VERSIONS)
def test_fields_are_needed_from_version_3(call: Send, version: str) -> None:
    """Without fields version 2 shows all of them, and later ones refuse."""
    answer = call("GET", f"/crm/{version}/Leads")
    if version in {"v2", "v2.1"}:
        assert "$approved" in answer.json()["data"][0]
    else:
        assert refusal(answer) == (400, "REQUIRED_PARAM_MISSING")
        assert answer.json()["details"] == {"param_name": "fields"}


def test_at_most_fifty_fields(call: Send) -> None:
    """Fifty names are good, fifty-one are too many; a name that no field has is left out."""
    names = ["Last_Name", "Nothing"] * 25
    assert set(call("GET", f"{LEADS}?fields={','.join(names)}").json()["data"][0]) == {"id", "Last_Name"}
    answer = call("GET", f"{LEADS}?fields={','.join([*names, 'City'])}")
    assert refusal(answer) == (400, "LIMIT_EXCEEDED")
    assert answer.json()["details"]["limit"] == 50


def test_shapes_of_values(call: Send, zcrm_simulator: Simulator) -> None:
    """Values have Zoho's own types: text ids, owners, times of the user's zone, lookups, tags and nulls."""
    contacts = call("GET", "/crm/v2/Contacts").json()["data"]
    first = contacts[0]
    assert re.fullmatch(r"\d{18,19}", first["id"])
    owners = {user.id: user.reference() for user in zcrm_simulator.users}
    assert all(one["Owner"] == owners[one["Owner"]["id"]] for one in contacts)
    for one in contacts:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+01:00", one["Created_Time"])
    accounts = [one["Account_Name"] for one in contacts]
    assert None in accounts
    assert all(set(account) == {"name", "id"} for account in accounts if account)
    tagged = [one["Tag"] for one in contacts if one["Tag"]]
    assert all(set(tag) == {"name", "id"} for tags in tagged for tag in tags)
    assert {"$approved", "$editable", "$currency_symbol", "$approval_state"} <= set(first)
    product = call("GET", "/crm/v2/Products").json()["data"][0]
    assert isinstance(product["Unit_Price"], float)
    assert isinstance(product["Tax"], list)
    assert isinstance(product["Taxable"], bool)


def test_times_are_in_the_users_zone(call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """Two users see one moment, each by the own clock."""
    seen = []
    for user in (zcrm_simulator.users[0], zcrm_simulator.users[2]):
        lead = call_as(user=user.email)("GET", f"{LEADS}?fields=Created_Time&per_page=1").json()["data"][0]
        seen.append(datetime.fromisoformat(lead["Created_Time"]))
        assert seen[-1].utcoffset() == timedelta(minutes=user.offset)
    assert seen[0] == seen[1]


def test_one_record(call: Send) -> None:
    """A record is read by its id, whole or some fields of it; an unknown id is 204 and a wrong one 400."""
    lead = call("GET", f"{LEADS}?fields=id&per_page=1").json()["data"][0]["id"]
    whole = call("GET", f"{LEADS}/{lead}").json()["data"]
    assert [one["id"] for one in whole] == [lead]
    assert set(call("GET", f"{LEADS}/{lead}?fields=City").json()["data"][0]) == {"id", "City"}
    absent = call("GET", f"{LEADS}/1")
    assert (absent.status_code, absent.content) == (204, b"")
    for wrong in ("abc", "9" * 19, "9" * 5_000, "²"):
        assert refusal(call("GET", f"{LEADS}/{wrong}")) == (400, "INVALID_DATA")


def test_ids(call: Send) -> None:
    """Up to a hundred ids are read at once; those that do not exist are left out."""
    ids = [one["id"] for one in call("GET", f"{LEADS}?fields=id&per_page=3").json()["data"]]
    found = call("GET", f"{LEADS}?fields=id&ids={','.join([*ids, '1', 'x'])}").json()["data"]
    assert [one["id"] for one in found] == ids
    assert call("GET", f"{LEADS}?fields=id&ids=1").status_code == 204
    assert refusal(call("GET", f"{LEADS}?fields=id&ids={','.join(['1'] * 101)}")) == (400, "LIMIT_EXCEEDED")


@pytest.mark.parametrize("version", ["v2", "v8"])
def test_pages_give_every_record_once(call: Send, version: str) -> None:
    """Numbered pages cover all records without double or gap, the last one says so, the next is 204."""
    seen: list[str] = []
    for page in (1, 2, 3):
        answer = call("GET", f"/crm/{version}/Leads?fields=id&page={page}").json()
        seen += [one["id"] for one in answer["data"]]
        info = answer["info"]
        assert (info["page"], info["per_page"], info["more_records"]) == (page, 200, page < 3)
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 520
    assert call("GET", f"/crm/{version}/Leads?fields=id&page=4").status_code == 204


@pytest.mark.parametrize("sort_by", ["id", "Created_Time", "Modified_Time"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_page_tokens_give_every_record_once(call: Send, sort_by: str, order: str) -> None:
    """Tokens cover all records in order, also while others are written."""
    parameters = {"fields": f"id,{sort_by}", "sort_by": sort_by, "sort_order": order, "per_page": "130"}
    answer = call("GET", LEADS, params=parameters).json()
    seen = answer["data"]
    while answer["info"]["more_records"]:
        call("POST", LEADS, json={"data": [{"Last_Name": "In between"}]})
        token = answer["info"]["next_page_token"]
        answer = call("GET", LEADS, params=parameters | {"page_token": token}).json()
        seen += answer["data"]
    assert answer["info"]["next_page_token"] is None
    values = [one[sort_by] for one in seen]
    assert values == sorted(values, reverse=order == "desc")
    assert len({one["id"] for one in seen}) == len(seen)
    assert len(seen) >= 520


def test_page_tokens_are_bound(call: Send, call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """A token is good for its user and its parameters, for 24 hours, and cannot be made up."""
    path = f"{LEADS}?fields=id&per_page=10"
    token = call("GET", path).json()["info"]["next_page_token"]
    assert call("GET", f"{path}&page_token={token}").status_code == 200
    assert refusal(call("GET", f"{path}&page_token={token}&page=2")) == (400, "AMBIGUITY_DURING_PROCESSING")
    for changed in (
        f"{LEADS}?fields=id&per_page=11",
        f"{path}&sort_order=asc",
        "/crm/v8/Contacts?fields=id&per_page=10",
    ):
        answer = call("GET", f"{changed}&page_token={token}")
        assert refusal(answer) == (400, "TOKEN_BOUND_DATA_MISMATCH")
    other = call_as(user=zcrm_simulator.users[1].email)
    assert refusal(other("GET", f"{path}&page_token={token}")) == (400, "INVALID_DATA")
    for forged in (token[:-4] + "AAAA", "x", "é", "A" * 100):
        assert refusal(call("GET", path, params={"page_token": forged})) == (400, "INVALID_DATA")
    zcrm_simulator.clock.advance(86_401)
    answer = call_as()("GET", f"{path}&page_token={token}")
    assert refusal(answer) == (400, "EXPIRED_VALUE")


def test_numbers_reach_two_thousand_records(call: Send, zcrm_simulator: Simulator) -> None:
    """Page numbers end at record 2,000, in version 2 only with the switch."""
    assert call("GET", f"{LEADS}?fields=id&page=10").status_code == 204
    answer = call("GET", f"{LEADS}?fields=id&page=11")
    assert refusal(answer) == (400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED")
    assert answer.json()["details"] == {"limit": 2000}
    assert call("GET", "/crm/v2/Leads?page=11").status_code == 204
    zcrm_simulator.switches = Switches(numbered_limit_v2=True)
    assert refusal(call("GET", "/crm/v2/Leads?page=11")) == (400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED")


def test_tokens_reach_their_limit(call: Send, zcrm_simulator: Simulator) -> None:
    """Page tokens end at their number of records."""
    zcrm_simulator.limits = Limits(token_records=400)
    path, token = f"{LEADS}?fields=id", ""
    for _ in range(2):
        answer = call("GET", path + token)
        token = f"&page_token={answer.json()['info']['next_page_token']}"
    assert refusal(call("GET", path + token)) == (400, "PAGINATION_LIMIT_EXCEEDED")


@pytest.mark.parametrize("wrong", [
    "page=0", "page=-1", "page=x", f"page={'9' * 30}", "per_page=0", "per_page=x", "sort_by=Last_Name",
    "sort_order=up", "converted=maybe", "approved=maybe", "cvid=1",
])  # fmt: skip
def test_wrong_parameters(call: Send, wrong: str) -> None:
    """A parameter that has no meaning is named."""
    answer = call("GET", f"{LEADS}?fields=id&{wrong}")
    assert refusal(answer) == (400, "INVALID_DATA")
    assert answer.json()["details"]["param_name"] == wrong.partition("=")[0]


def test_too_large_a_page(call: Send) -> None:
    """More than 200 a page is refused, and cut by version 2."""
    assert refusal(call("GET", f"{LEADS}?fields=id&per_page=201")) == (400, "LIMIT_EXCEEDED")
    assert call("GET", "/crm/v2/Leads?per_page=201").json()["info"]["per_page"] == 200


def test_view_and_order_are_ambiguous(call: Send) -> None:
    """A custom view and an order together are refused."""
    answer = call("GET", f"{LEADS}?fields=id&cvid=1&sort_by=id")
    assert refusal(answer) == (400, "AMBIGUITY_DURING_PROCESSING")


def test_modified_since(call: Send, zcrm_simulator: Simulator) -> None:
    """Only what changed at or after the time is listed; nothing is 304 without a body."""
    zcrm_simulator.clock.advance(100)
    made = call("POST", LEADS, json={"data": [{"Last_Name": "New"}]}).json()["data"][0]["details"]
    since = {"If-Modified-Since": made["Modified_Time"]}
    found = call("GET", f"{LEADS}?fields=id", headers=since).json()["data"]
    assert [one["id"] for one in found] == [made["id"]]
    assert call("GET", f"{LEADS}/{made['id']}", headers=since).status_code == 200
    later = datetime.fromisoformat(made["Modified_Time"]) + timedelta(seconds=1)
    for path in (f"{LEADS}?fields=id", f"{LEADS}/{made['id']}", "/crm/v8/users", f"{LEADS}/deleted"):
        answer = call("GET", path, headers={"If-Modified-Since": later.isoformat()})
        assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("time", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", ""])
def test_modified_since_nonsense(call: Send, time: str) -> None:
    """A time without an offset is no time."""
    answer = call("GET", f"{LEADS}?fields=id", headers={"If-Modified-Since": time})
    assert refusal(answer) == (400, "INVALID_DATA")


def test_converted_leads(call: Send) -> None:
    """Converted leads are listed when they are asked for."""

    def ids(converted: str) -> set[str]:
        pages = [call("GET", f"{LEADS}?fields=id&page={page}&converted={converted}") for page in (1, 2, 3)]
        return {one["id"] for page in pages if page.status_code == 200 for one in page.json()["data"]}

    assert [len(ids("false")), len(ids("true")), len(ids("both"))] == [520, 12, 532]
    assert not ids("false") & ids("true")
    shown = call("GET", f"{LEADS}/{min(ids('true'))}").json()["data"][0]
    assert shown["$converted"] is True


def test_approved(call: Send) -> None:
    """No record waits for approval."""
    assert call("GET", f"{LEADS}?fields=id&approved=false").status_code == 204
    assert call("GET", f"{LEADS}?fields=id&approved=true").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/crm/v8/Nothing?fields=id", 400, "INVALID_MODULE"),
        ("GET", "/crm/v8/leads?fields=id", 400, "INVALID_MODULE"),
        ("POST", "/crm/v2/Nothing", 400, "INVALID_MODULE"),
        ("GET", "/crm/v8/settings/nothing", 404, "INVALID_URL_PATTERN"),
        ("GET", "/crm/v9/Leads", 404, "INVALID_URL_PATTERN"),
        ("PATCH", "/crm/v1/Leads", 404, "INVALID_URL_PATTERN"),
        ("GET", "/crm/Leads", 404, "INVALID_URL_PATTERN"),
        ("GET", "/", 404, "INVALID_URL_PATTERN"),
        ("GET", "/crm/v8//Leads", 404, "INVALID_URL_PATTERN"),
        ("GET", "/crm/v8/Leads/1/2/3/4", 404, "INVALID_URL_PATTERN"),
        ("PATCH", "/crm/v8/Leads", 405, "INVALID_REQUEST_METHOD"),
        ("POST", "/crm/v8/org", 405, "INVALID_REQUEST_METHOD"),
        ("DELETE", "/crm/v8/users", 405, "INVALID_REQUEST_METHOD"),
    ],
)
def test_addresses_that_do_not_exist(call: Send, method: str, path: str, status: int, code: str) -> None:
    """Wrong addresses, methods and modules are told apart."""
    assert refusal(call(method, path)) == (status, code)


def test_order_of_the_checks(call: Send, call_as: Callable[..., Send], send: Send) -> None:
    """Address, method, token, scope, module and parameters are checked in this order."""
    nobody = call_as(scopes="ZohoCRM.org.READ")
    assert refusal(send("GET", "/crm/v9/Nothing")) == (404, "INVALID_URL_PATTERN")
    assert refusal(send("PATCH", "/crm/v8/Nothing")) == (405, "INVALID_REQUEST_METHOD")
    assert refusal(send("GET", "/crm/v8/Nothing")) == (401, "AUTHENTICATION_FAILURE")
    assert refusal(nobody("GET", "/crm/v8/Nothing")) == (401, "OAUTH_SCOPE_MISMATCH")
    assert refusal(call("GET", "/crm/v8/Nothing")) == (400, "INVALID_MODULE")
    assert refusal(call("GET", "/crm/v8/Leads?page=x")) == (400, "REQUIRED_PARAM_MISSING")
