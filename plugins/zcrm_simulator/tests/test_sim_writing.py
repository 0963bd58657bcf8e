"""Do inserts, updates, upserts and deletes check, write and answer record by record as Zoho's do?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from zcrm_simulator import Simulator, Switches

Send = Callable[..., requests.Response]
LEADS = "/crm/v8/Leads"
NAMES = {
    "Leads": "Last_Name",
    "Contacts": "Last_Name",
    "Accounts": "Account_Name",
    "Products": "Product_Name",
}
GOOD: dict[str, Any] = {"Last_Name": "Good"}
BAD: dict[str, Any] = {"First_Name": "Bad"}


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return status and code of an error of the whole call."""
    return answer.status_code, answer.json()["code"]


def post(call: Send, *records: object, path: str = LEADS, **more: object) -> requests.Response:
    """Send records to be inserted."""
    return call("POST", path, json={"data": list(records), **more})


def new_id(call: Send, record: object = None, path: str = LEADS) -> str:
    """Insert a record and return its id."""
    return str(post(call, record or GOOD, path=path).json()["data"][0]["details"]["id"])


def read(call: Send, record: str, path: str = LEADS) -> dict[str, Any]:
    """Return a record."""
    found: dict[str, Any] = call("GET", f"{path}/{record}").json()["data"][0]
    return found


def test_insert(call: Send, zcrm_simulator: Simulator) -> None:
    """A record is written, answered with id, times and people, and can be read."""
    answer = post(call, {"Last_Name": "Ünal 小明 🙂", "First_Name": "Ada", "Annual_Revenue": 5})
    item = answer.json()["data"][0]
    assert (answer.status_code, item["code"], item["status"], item["message"]) == (
        201, "SUCCESS", "success", "record added")  # fmt: skip
    details, owner = item["details"], zcrm_simulator.users[0]
    person = {"name": owner.full_name, "id": owner.id}
    assert details["Created_By"] == details["Modified_By"] == person
    assert details["Created_Time"] == details["Modified_Time"]
    assert details["$approval_state"] == "approved"
    lead = read(call, details["id"])
    assert (lead["Full_Name"], lead["Annual_Revenue"], lead["Tag"]) == ("Ada Ünal 小明 🙂", 5.0, [])
    assert lead["Owner"] == owner.reference()
    assert lead["Created_Time"] == details["Created_Time"]


STATUSES = {
    "v8": {
        "insert": (201, 207, 400),
        "update": (200, 207, 400),
        "upsert": (200, 207, 400),
        "delete": (200, 207, 400),
    },
    "v2": {
        "insert": (201, 202, 202),
        "update": (200, 202, 202),
        "upsert": (200, 202, 202),
        "delete": (200, 202, 202),
    },
}


@pytest.mark.parametrize("version", ["v2", "v8"])
@pytest.mark.parametrize("what", ["insert", "update", "upsert", "delete"])
def test_status_matrix(call: Send, version: str, what: str) -> None:
    """All good, mixed and all bad have the statuses of their version, and items stand in the order sent."""
    path = f"/crm/{version}/Leads"

    def send(good: list[bool]) -> requests.Response:
        if what == "delete":
            return call(
                "DELETE", path, params={"ids": ",".join(new_id(call) if one else "1" for one in good)}
            )
        data = [dict(GOOD if one else BAD) for one in good]
        if what == "update":
            data = [{"id": new_id(call) if one else "1", "City": "Ulm"} for one in good]
        return call({"update": "PUT"}.get(what, "POST"), path + ("/upsert" if what == "upsert" else ""),
                    json={"data": data})  # fmt: skip

    answers = [send([True, True]), send([True, False, True]), send([False, False])]
    assert tuple(answer.status_code for answer in answers) == STATUSES[version][what]
    items = [[item["status"] for item in answer.json()["data"]] for answer in answers]
    assert items == [["success"] * 2, ["success", "error", "success"], ["error"] * 2]


@pytest.mark.parametrize(("version", "paths"), [("v2", False), ("v8", True)])
def test_mandatory(call: Send, version: str, paths: bool) -> None:  # noqa: FBT001  a test's case
    """A missing field is named; from version 3 on with its place in the body."""
    for empty in (BAD, {"Last_Name": None}, {"Last_Name": ""}):
        item = post(call, GOOD, empty, path=f"/crm/{version}/Leads").json()["data"][1]
        place = {"json_path": "$.data[1].Last_Name"} if paths else {}
        assert item == {"code": "MANDATORY_NOT_FOUND", "details": {"api_name": "Last_Name", **place},
                        "message": "required field not found", "status": "error"}  # fmt: skip


@pytest.mark.parametrize(("module", "field", "value"), [
    ("Leads", "Email", "Twin@x.example"), ("Contacts", "Email", "Twin@x.example"),
    ("Accounts", "Account_Name", "Twin"), ("Products", "Product_Code", "Twin"),
])  # fmt: skip
@pytest.mark.parametrize("version", ["v2", "v8"])
def test_doubles(  # noqa: PLR0917  fixtures and cases
    call: Send, zcrm_simulator: Simulator, version: str, module: str, field: str, value: str
) -> None:
    """A second record with the same unique value is refused and names the first; case does not matter."""
    path = f"/crm/{version}/{module}"
    first = new_id(call, {NAMES[module]: "Twin", field: value}, path)
    answer = post(call, {NAMES[module]: "twin", field: value.upper()}, path=path)
    item = answer.json()["data"][0]
    assert (item["code"], item["details"]["id"], item["details"]["api_name"]) == (
        "DUPLICATE_DATA",
        first,
        field,
    )
    assert ("duplicate_record" in item["details"]) is (version == "v8")
    other = new_id(call, {NAMES[module]: "Other"}, path)
    changed = call("PUT", f"{path}/{other}", json={"data": [{field: value}]})
    assert changed.json()["data"][0]["code"] == "DUPLICATE_DATA"
    assert call("PUT", f"{path}/{first}", json={"data": [{field: value}]}).status_code == 200
    zcrm_simulator.switches = Switches(reject_duplicates=False)
    assert post(call, {NAMES[module]: "twin", field: value}, path=path).status_code == 201


def test_doubles_within_one_call(call: Send) -> None:
    """The second of two equal records in one call is the double."""
    twin = GOOD | {"Email": "twin@x.example"}
    assert [item["code"] for item in post(call, twin, twin).json()["data"]] == ["SUCCESS", "DUPLICATE_DATA"]


def test_update(call: Send, call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """Only what is sent changes, with who and when."""
    lead = new_id(call, GOOD | {"City": "Ulm", "First_Name": "Ada"})
    before = read(call, lead)
    zcrm_simulator.clock.advance(60)
    other = zcrm_simulator.users[1]
    answer = call_as(user=other.email)(
        "PUT", LEADS, json={"data": [{"id": lead, "First_Name": "Eva", "City": None}]}
    )
    item = answer.json()["data"][0]
    assert (answer.status_code, item["message"]) == (200, "record updated")
    after = read(call, lead)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"First_Name", "Full_Name", "City", "Modified_Time", "Modified_By"}
    assert (after["Full_Name"], after["City"], after["Modified_By"]["id"]) == ("Eva Good", None, other.id)


@pytest.mark.parametrize("wrong", [None, "", "1", "x", {"a": 1}, [1], True, "9" * 5_000, "²"])
def test_update_needs_an_id_that_exists(call: Send, wrong: object) -> None:
    """An item without an id, or with a wrong one, fails by itself."""
    answer = call(
        "PUT", LEADS, json={"data": [{"id": wrong, "City": "x"}, {"id": new_id(call), "City": "x"}]}
    )
    assert answer.status_code == 207
    missing = wrong is None or wrong == ""
    item = answer.json()["data"][0]
    assert item["code"] == ("MANDATORY_NOT_FOUND" if missing else "INVALID_DATA")
    assert item["details"]["json_path"] == "$.data[0].id"


def test_update_by_path(call: Send) -> None:
    """One record is updated by the id in the path; what is mandatory cannot be emptied."""
    lead = new_id(call)
    assert call("PUT", f"{LEADS}/{lead}", json={"data": [{"City": "Ulm"}]}).status_code == 200
    assert read(call, lead)["City"] == "Ulm"
    answer = call("PUT", f"{LEADS}/{lead}", json={"data": [{"Last_Name": None}]})
    assert (answer.status_code, answer.json()["data"][0]["code"]) == (400, "MANDATORY_NOT_FOUND")
    assert call("PUT", f"{LEADS}/1", json={"data": [{"City": "Ulm"}]}).status_code == 400
    assert refusal(call("PUT", f"{LEADS}/x", json={"data": [{"City": "Ulm"}]})) == (400, "INVALID_DATA")


def test_stale_update(call: Send) -> None:
    """Who has seen an older version gets 412 in version 8, and nothing changes; version 2 does not look."""
    lead = new_id(call)
    seen = datetime.fromisoformat(read(call, lead)["Modified_Time"])
    stale = {"If-Unmodified-Since": (seen - timedelta(seconds=1)).isoformat()}
    for method, path, data in (
        ("PUT", f"{LEADS}/{lead}", {"City": "x"}),
        ("PUT", LEADS, {"id": lead, "City": "x"}),
    ):
        answer = call(method, path, json={"data": [data]}, headers=stale)
        assert refusal(answer) == (412, "ALREADY_MODIFIED")
    assert read(call, lead)["City"] is None
    fresh = {"If-Unmodified-Since": seen.isoformat()}
    assert call("PUT", f"{LEADS}/{lead}", json={"data": [{"City": "x"}]}, headers=fresh).status_code == 200
    assert (
        call("PUT", f"/crm/v2/Leads/{lead}", json={"data": [{"City": "y"}]}, headers=stale).status_code == 200
    )


def test_upsert(call: Send) -> None:
    """What is found by a checked field is updated, the rest inserted; each item says which."""
    first = post(call, GOOD | {"Email": "a@x.example", "Phone": "1234"}).json()["data"][0]["details"]["id"]
    records = [
        GOOD | {"Email": "A@x.example", "City": "Ulm"},
        GOOD | {"Phone": "1234", "City": "Bern"},
        GOOD | {"Email": "new@x.example"},
        {"Email": "a@x.example", "Annual_Revenue": "much"},
        BAD,
    ]
    answer = post(call, *records, path=f"{LEADS}/upsert", duplicate_check_fields=["Phone"])
    items = answer.json()["data"]
    assert answer.status_code == 207
    found = [(item.get("action"), item.get("duplicate_field")) for item in items]
    assert found == [("update", "Email"), ("update", "Phone"), ("insert", None), (None, None), (None, None)]
    assert [item["details"].get("id") == first for item in items[:3]] == [True, True, False]
    assert read(call, first)["City"] == "Bern"
    assert [item["message"] for item in items[:3]] == ["record updated", "record updated", "record added"]


def test_upsert_of_a_whole_record_is_not_a_double(call: Send) -> None:
    """Without check fields the system's own are looked at, and a text with commas names several."""
    new_id(call, {"Account_Name": "Same"}, "/crm/v8/Accounts")
    answer = post(call, {"Account_Name": "same"}, path="/crm/v8/Accounts/upsert")
    assert (answer.status_code, answer.json()["data"][0]["duplicate_field"]) == (200, "Account_Name")
    answer = post(call, GOOD, path=f"{LEADS}/upsert", duplicate_check_fields="Email,Phone")
    assert answer.json()["data"][0]["action"] == "insert"


@pytest.mark.parametrize("wrong", ["Nothing", ["Nothing"], [5], {"a": 1}])
def test_upsert_checks_its_fields(call: Send, wrong: object) -> None:
    """Check fields that do not exist are refused."""
    answer = post(call, GOOD, path=f"{LEADS}/upsert", duplicate_check_fields=wrong)
    assert refusal(answer) == (400, "INVALID_DATA")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "5",
        "null",
        '{"data":[{"Last_Name":"x","Annual_Revenue":NaN}]}',
        '{"data":{}}',
        '{"data":[]}',
        '{"data":"x"}',
        "[" * 100_000,
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", LEADS), ("PUT", LEADS), ("POST", f"{LEADS}/upsert")])
def test_bodies_that_make_no_sense(call: Send, method: str, path: str, body: str) -> None:
    """A body that is no JSON object with records is refused as a whole."""
    assert refusal(call(method, path, data=body)) == (400, "INVALID_DATA")


def test_body_without_data(call: Send) -> None:
    """A body that lacks data is told so; an item that is no object fails by itself."""
    assert refusal(call("POST", LEADS, json={"records": [GOOD]})) == (400, "MANDATORY_NOT_FOUND")
    answer = call("POST", LEADS, json={"data": [GOOD, "x", None]})
    assert [item["code"] for item in answer.json()["data"]] == ["SUCCESS", "INVALID_DATA", "INVALID_DATA"]


def test_hundred_records(call: Send) -> None:
    """A call takes a hundred records; one more, and none is written."""
    answer = post(call, *[GOOD] * 101)
    assert refusal(answer) == (400, "LIMIT_EXCEEDED")
    assert answer.json()["details"]["limit"] == 100
    assert call("GET", f"{LEADS}/actions/count").json() == {"count": 520}
    assert len(post(call, *[GOOD] * 100).json()["data"]) == 100


@pytest.mark.parametrize(("version", "trigger", "status"), [
    ("v8", [], 201), ("v8", ["workflow", "approval", "blueprint", "pathfinder", "orchestration"], 201),
    ("v8", ["everything"], 400), ("v8", "workflow", 400), ("v8", [5], 400), ("v8", [["workflow"]], 400),
    ("v2", ["workflow", "approval", "blueprint"], 201), ("v2", ["pathfinder"], 400),
])  # fmt: skip
def test_triggers(call: Send, version: str, trigger: object, status: int) -> None:
    """Triggers are a list of the names that the version knows."""
    answer = post(call, GOOD, path=f"/crm/{version}/Leads", trigger=trigger)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["details"]["api_name"] == "trigger"


def test_delete(call: Send, zcrm_simulator: Simulator) -> None:
    """Deleted records are gone, are listed as deleted, and leave the recycle bin after sixty days."""
    first, second = new_id(call, GOOD | {"First_Name": "Ada"}), new_id(call)
    zcrm_simulator.clock.advance(10)
    answer = call("DELETE", f"{LEADS}/{first}")
    assert answer.json()["data"] == [
        {"code": "SUCCESS", "details": {"id": first}, "message": "record deleted", "status": "success"}
    ]
    assert call("DELETE", LEADS, params={"ids": second, "wf_trigger": "false"}).status_code == 200
    assert call("GET", f"{LEADS}/{first}").status_code == 204
    assert call("DELETE", f"{LEADS}/{first}").status_code == 400
    found = call("GET", f"{LEADS}/deleted?type=recycle").json()
    assert [one["id"] for one in found["data"]] == [second, first]
    owner = {"name": zcrm_simulator.users[0].full_name, "id": zcrm_simulator.users[0].id}
    shown = found["data"][1]
    assert (shown["display_name"], shown["deleted_by"], shown["created_by"]) == ("Ada Good", owner, owner)
    page = call("GET", f"{LEADS}/deleted?per_page=1&page=2").json()
    assert ([one["id"] for one in page["data"]], page["info"]["more_records"]) == ([first], False)
    since = {"If-Modified-Since": shown["deleted_time"]}
    assert call("GET", f"{LEADS}/deleted", headers=since).json()["info"]["count"] == 2


def test_the_recycle_bin_empties_itself(call_as: Callable[..., Send], zcrm_simulator: Simulator) -> None:
    """After sixty days a deleted record is permanently deleted."""
    call = call_as()
    call("DELETE", f"{LEADS}/{new_id(call)}")
    assert call("GET", f"{LEADS}/deleted?type=permanent").status_code == 204
    zcrm_simulator.clock.advance(61 * 86_400)
    call = call_as()
    assert call("GET", f"{LEADS}/deleted?type=recycle").status_code == 204
    for kind in ("permanent", "all"):
        assert call("GET", f"{LEADS}/deleted?type={kind}").json()["data"][0]["type"] == "permanent"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "REQUIRED_PARAM_MISSING"),
        ("ids=", "REQUIRED_PARAM_MISSING"),
        ("ids=1&wf_trigger=x", "INVALID_DATA"),
        ("ids=" + ",".join(["1"] * 101), "LIMIT_EXCEEDED"),
    ],
)
def test_wrong_deletes(call: Send, query: str, code: str) -> None:
    """A delete needs ids, a hundred at most, and a flag that is true or false."""
    assert refusal(call("DELETE", f"{LEADS}?{query}")) == (400, code)


def test_wrong_kinds_of_deleted(call: Send) -> None:
    """Deleted records are of the kind all, recycle or permanent; none is 204."""
    assert refusal(call("GET", f"{LEADS}/deleted?type=burnt")) == (400, "INVALID_DATA")
    assert call("GET", f"{LEADS}/deleted").status_code == 204
