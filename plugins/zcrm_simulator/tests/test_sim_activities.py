"""Does version 2 answer about tasks, events and calls in one list, and no later version?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

Send = Callable[..., requests.Response]
PATH = "/crm/v2/Activities"
MEMBERS = ("Tasks", "Events", "Calls")


@pytest.fixture
def members(call: Send) -> dict[str, dict[str, Any]]:
    """Every task, event and call as its own module shows it, by id, with its module."""
    return {
        one["id"]: {**one, "Activity_Type": name}
        for name in MEMBERS
        for one in call("GET", f"/crm/v2/{name}").json()["data"]
    }


def pages(call: Send, **parameters: str) -> list[dict[str, Any]]:
    """Return the activities of all pages, after a look at what each page says of itself."""
    found: list[dict[str, Any]] = []
    for page in range(1, 100):
        answer = call("GET", PATH, params={"page": page, "per_page": 7, **parameters}).json()
        info = answer["info"]
        found += answer["data"]
        assert (info["page"], info["per_page"], info["count"]) == (page, 7, len(answer["data"]))
        if not info["more_records"]:
            break
        assert info["count"] == 7
    return found


def test_activities_are_the_records_of_three_modules(call: Send, members: dict[str, dict[str, Any]]) -> None:
    """The list has each task, event and call once, as its own module shows it, and that module's name."""
    found = call("GET", PATH).json()["data"]
    assert {one["id"]: one for one in found} == members
    assert {one["Activity_Type"] for one in found} == set(MEMBERS)
    assert any(one["$se_module"] for one in found)
    assert len(found) == len(members)
    assert call("GET", "/crm/v2.1/Activities").json()["data"] == found


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_activities(call: Send, members: dict[str, dict[str, Any]], order: str) -> None:
    """The pages go through all three modules in one order, by id unless the call says otherwise."""
    ids = sorted(members, key=int, reverse=order == "desc")
    assert [one["id"] for one in pages(call, sort_order=order)] == ids
    times = [one["Modified_Time"] for one in pages(call, sort_order=order, sort_by="Modified_Time")]
    assert times == sorted(times, reverse=order == "desc")
    assert call("GET", PATH, params={"page": 99}).status_code == 204
    assert [one["id"] for one in call("GET", PATH).json()["data"]] == sorted(members, key=int, reverse=True)


def test_one_activity(call: Send, members: dict[str, dict[str, Any]]) -> None:
    """An activity is read by its id whatever it is; another module's record is none, and a word is no id."""
    for name in MEMBERS:
        wanted = next(one for one in members.values() if one["Activity_Type"] == name)
        assert call("GET", f"{PATH}/{wanted['id']}").json() == {"data": [wanted]}
    lead = call("GET", "/crm/v2/Leads?per_page=1").json()["data"][0]["id"]
    assert call("GET", f"{PATH}/{lead}").status_code == 204
    assert call("GET", f"{PATH}/word").json()["code"] == "INVALID_DATA"


def test_parameters_of_the_list(call: Send, members: dict[str, dict[str, Any]]) -> None:
    """Fields, ids and the time since which something changed hold for the three modules together."""
    some = [next(key for key, one in members.items() if one["Activity_Type"] == name) for name in MEMBERS]
    rows = call("GET", PATH, params={"ids": ",".join(some), "fields": "Activity_Type,Subject"}).json()["data"]
    assert {row["id"]: row["Activity_Type"] for row in rows} == dict(zip(some, MEMBERS, strict=True))
    assert all(set(row) <= {"id", "Activity_Type", "Subject"} for row in rows)
    later = {"headers": {"If-Modified-Since": "2099-01-01T00:00:00+00:00"}}
    assert call("GET", PATH, **later).status_code == 304
    assert call("GET", f"{PATH}/{some[0]}", **later).status_code == 304
    assert call("GET", PATH, params={"cvid": "1"}).json()["code"] == "INVALID_DATA"


def test_the_scope_of_activities_is_needed(call_as: Callable[..., Send]) -> None:
    """The scope of activities opens the list, and that of another module does not."""
    assert call_as(scopes=["ZohoCRM.modules.activities.READ"])("GET", PATH).status_code == 200
    refused = call_as(scopes=["ZohoCRM.modules.leads.ALL"])("GET", PATH)
    assert (refused.status_code, refused.json()["code"]) == (401, "OAUTH_SCOPE_MISMATCH")


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/crm/v3/Activities?fields=id"), ("GET", "/crm/v8/Activities?fields=id"),
    ("GET", "/crm/v8/Activities/1"), ("POST", PATH), ("PUT", PATH), ("DELETE", f"{PATH}?ids=1"),
    ("PUT", f"{PATH}/1"), ("GET", f"{PATH}/search?word=call"), ("GET", f"{PATH}/deleted?type=all"),
    ("GET", f"{PATH}/1/Notes"),
])  # fmt: skip
def test_activities_are_no_module_elsewhere(call: Send, method: str, path: str) -> None:
    """Later versions have no such module, and what is not there in version 2 is refused in the same way."""
    answer = call(method, path, json={"data": [{"Subject": "x"}]} if method in {"POST", "PUT"} else None)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_MODULE")
