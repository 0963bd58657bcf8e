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
    "v8": {"insert": (201, 207, 400), "update": (200, 207, 400), "upsert": (200, 207, 400), "delete": (200, 207, 400)},
    "v2": {"insert": (201, 202, 202), "update": (200, 202, 202), "upsert": (200, 202, 202), "delete": (200, 202, 202)},
}  # fmt: skip


@pytest.mark.parametrize("version", ["v2", "v8"])
@pytest.mark.parametrize("what", ["insert", "update", "upsert", "delete"])
def test_status_matrix(call: Send, version: str, what: str) -> None:
    """All good, mixed and all bad have the statuses of their version, and items stand in the order sent."""
    path = f"/crm/{version}/Leads"

    def send(*good: bool) -> requests.Response:
        if what == "delete":
            return call(
                "DELETE", path, params={"ids": ",".join(new_id(call) if one else "1" for one in good)}
            )
        data = [dict(GOOD if one else BAD) for one in good]
        if what == "update":
            data = [{"id": new_id(call) if one else "1", "City": "Ulm"} for one in good]
        return call({"update": "PUT"}.get(what, "POST"), path + ("/upsert" if what == "upsert" else ""),
                    json={"data": data})  # fmt: skip

    answers = [send(True, True), send(True, False, True), send(False, False)]
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


WRONG = [
    ("Leads", "Last_Name", 5, {"expected_data_type": "text"}), ("Leads", "Last_Name", "x" * 81, {"maximum_length": 80}),
    ("Leads", "Last_Name", "\ud800", {"expected_data_type": "text"}), ("Leads", "Last_Name", ["x"], {"expected_data_type": "text"}),
    ("Leads", "Email", "nobody", {"expected_data_type": "email"}), ("Leads", "Email", "a b@c.example", {"expected_data_type": "email"}),
    ("Leads", "Email", f"{'x' * 100}@y.example", {"maximum_length": 100}),
    ("Leads", "Phone", "call me!", {"expected_data_type": "phone"}), ("Leads", "Phone", 491234, {"expected_data_type": "phone"}),
    ("Leads", "Website", "no website", {"expected_data_type": "website"}),
    ("Leads", "No_of_Employees", "5", {"expected_data_type": "integer"}), ("Leads", "No_of_Employees", 5.5, {"expected_data_type": "integer"}),
    ("Leads", "No_of_Employees", True, {"expected_data_type": "integer"}), ("Leads", "No_of_Employees", 10**9, {"maximum_length": 9}),
    ("Leads", "Annual_Revenue", "5", {"expected_data_type": "currency"}), ("Leads", "Annual_Revenue", 10**16, {"maximum_length": 16}),
    ("Leads", "Email_Opt_Out", "true", {"expected_data_type": "boolean"}), ("Leads", "Email_Opt_Out", 1, {"expected_data_type": "boolean"}),
    ("Leads", "Lead_Source", 5, {"expected_data_type": "picklist"}), ("Leads", "Tag", "vip", {"expected_data_type": "jsonarray"}),
    ("Leads", "Tag", [{"id": "1"}], {"expected_data_type": "jsonobject"}),
    ("Leads", "Tag", [{"name": "x" * 2_000}], {"maximum_length": 2_000}), ("Leads", "Owner", "x", {"expected_data_type": "bigint"}),
    ("Leads", "Owner", {"name": "x"}, {"expected_data_type": "jsonobject"}), ("Leads", "Owner", {"id": "1"}, {"id": "1"}),
    ("Contacts", "Account_Name", {"id": "1"}, {"id": "1"}), ("Contacts", "Account_Name", ["1"], {"expected_data_type": "jsonobject"}),
    ("Contacts", "Date_of_Birth", "1.2.1990", {"expected_data_type": "date"}), ("Contacts", "Date_of_Birth", "1990-02-30", {"expected_data_type": "date"}),
    ("Contacts", "Date_of_Birth", 19900101, {"expected_data_type": "date"}),
    ("Accounts", "Account_Number", "12a", {"expected_data_type": "bigint"}), ("Accounts", "Account_Number", 2**63, {"expected_data_type": "bigint"}),
    ("Products", "Tax", "Vat", {"expected_data_type": "jsonarray"}), ("Products", "Tax", [5], {"expected_data_type": "multiselectpicklist"}),
    ("Products", "Commission_Rate", None, None),
]  # fmt: skip
NAMES = {
    "Leads": "Last_Name",
    "Contacts": "Last_Name",
    "Accounts": "Account_Name",
    "Products": "Product_Name",
}


@pytest.mark.parametrize(("module", "field", "value", "details"), WRONG)
def test_wrong_values(
    call: Send, module: str, field: str, value: object, details: dict[str, object] | None
) -> None:
    """A value of another type, too long or pointing nowhere is INVALID_DATA with its field; null is fine."""
    item = post(call, {NAMES[module]: "A name", field: value}, path=f"/crm/v8/{module}").json()["data"][0]
    if details is None:
        assert item["code"] == "SUCCESS"
    else:
        where = {"api_name": field, "json_path": f"$.data[0].{field}"}
        assert (item["code"], item["details"]) == ("INVALID_DATA", {**details, **where})


@pytest.mark.parametrize("time", [
    "2026-01-31T09:15:00Z", "2026-01-31T09:15:00.5+01:00", "2026-01-31T09:15:00", "2026-02-31T09:15:00+01:00",
    "0001-01-01T00:00:00+14:00", "2026-01-31", 5,
])  # fmt: skip
def test_wrong_times(call: Send, time: object) -> None:
    """A time has an offset, no fraction and a day that exists, and a wrong one breaks nothing."""
    event = {"Event_Title": "x", "Start_DateTime": "2026-01-31T09:15:00+01:00", "End_DateTime": time}
    answer = post(call, event, path="/crm/v8/Events")
    assert answer.json()["data"][0]["details"]["api_name"] == "End_DateTime"
    event["End_DateTime"] = "2026-01-31T00:15:00-09:00"
    made = new_id(call, event, "/crm/v8/Events")
    found = read(call, made, "/crm/v8/Events")
    assert found["Start_DateTime"] == "2026-01-31T09:15:00+01:00"
    assert found["End_DateTime"] == "2026-01-31T10:15:00+01:00"


def test_good_values_come_back(call: Send, zcrm_simulator: Simulator) -> None:
    """What was sent is what is read, in Zoho's shapes."""
    account = new_id(call, {"Account_Name": "Nine", "Account_Number": 2**62}, "/crm/v8/Accounts")
    owner = zcrm_simulator.users[3]
    sent = {"Last_Name": "x", "Account_Name": account, "Owner": {"id": owner.id}, "Date_of_Birth": "1990-02-28",
            "Email": "O'Neil+tag@sub.example.com", "Phone": "+49 (30) 1-2", "Description": "a\nb\u0000",
            "Tag": [{"name": "new"}, {"name": "vip"}]}  # fmt: skip
    found = read(call, new_id(call, sent, "/crm/v8/Contacts"), "/crm/v8/Contacts")
    assert found["Account_Name"] == {"name": "Nine", "id": account}
    assert found["Owner"] == owner.reference()
    assert [tag["name"] for tag in found["Tag"]] == ["new", "vip"]
    for name in ("Date_of_Birth", "Email", "Phone", "Description"):
        assert found[name] == sent[name]
    assert read(call, account, "/crm/v8/Accounts")["Account_Number"] == str(2**62)
    product = new_id(call, {"Product_Name": "p", "Tax": ["Vat"], "Website": "x"}, "/crm/v8/Products")
    assert read(call, product, "/crm/v8/Products")["Tax"] == ["Vat"]


def test_lookups_of_any_module(call: Send) -> None:
    """A note's parent may be of any module, but is of the one that is named."""
    lead = new_id(call)
    note = {"Note_Content": "x", "Parent_Id": {"id": lead, "module": {"api_name": "Leads"}}}
    found = read(call, new_id(call, note, "/crm/v8/Notes"), "/crm/v8/Notes")
    assert (found["Parent_Id"], found["$se_module"]) == ({"name": "Good", "id": lead}, "Leads")
    note["Parent_Id"] = {"id": lead, "module": {"api_name": "Deals"}}
    assert post(call, note, path="/crm/v8/Notes").json()["data"][0]["code"] == "INVALID_DATA"
    old = {"Note_Content": "x", "Parent_Id": lead, "se_module": "Leads"}
    assert post(call, old, path="/crm/v2/Notes").status_code == 201


def test_a_lookup_of_what_was_deleted(call: Send) -> None:
    """A record that points at a deleted one shows nothing there."""
    account = new_id(call, {"Account_Name": "Soon gone"}, "/crm/v8/Accounts")
    contact = new_id(call, {"Last_Name": "x", "Account_Name": account}, "/crm/v8/Contacts")
    call("DELETE", f"/crm/v8/Accounts/{account}")
    assert read(call, contact, "/crm/v8/Contacts")["Account_Name"] is None


def test_derived_fields(call: Send) -> None:
    """A deal's probability and expected revenue follow from stage and amount; read-only fields are ignored."""
    deal = {"Deal_Name": "x", "Stage": "Negotiation/Review", "Amount": 200, "Expected_Revenue": 1}
    made = new_id(call, deal, "/crm/v8/Deals")
    found = read(call, made, "/crm/v8/Deals")
    assert (found["Probability"], found["Expected_Revenue"]) == (90, 180.0)
    call("PUT", f"/crm/v8/Deals/{made}", json={"data": [{"Amount": None, "Created_Time": "x"}]})
    assert read(call, made, "/crm/v8/Deals")["Expected_Revenue"] is None


@pytest.mark.parametrize(("module", "field", "value"), [
    ("Leads", "Email", "Twin@x.example"), ("Contacts", "Email", "Twin@x.example"),
    ("Accounts", "Account_Name", "Twin"), ("Products", "Product_Code", "Twin"),
])  # fmt: skip
@pytest.mark.parametrize("version", ["v2", "v8"])
def test_doubles(
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


def test_fields_and_values_that_do_not_exist(call: Send, zcrm_simulator: Simulator) -> None:
    """Unknown fields are dropped and unknown choices taken; two switches make them errors."""
    strange = [GOOD | {"Nothing": 1}, GOOD | {"Lead_Source": "Rumour"}]
    made = post(call, *strange).json()["data"]
    assert read(call, made[1]["details"]["id"])["Lead_Source"] == "Rumour"
    assert "Nothing" not in read(call, made[0]["details"]["id"])
    zcrm_simulator.switches = Switches(strict_fields=True, strict_picklists=True)
    answer = post(call, *strange, GOOD | {"$x": 1, "Lead_Source": "Chat"})
    items = answer.json()["data"]
    assert [item["code"] for item in items] == ["INVALID_DATA", "INVALID_DATA", "SUCCESS"]
    assert [item["details"]["api_name"] for item in items[:2]] == ["Nothing", "Lead_Source"]


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


@pytest.mark.parametrize("body", [
    "", "{", "[]", "5", "null", '{"data":[{"Last_Name":"x","Annual_Revenue":NaN}]}', '{"data":{}}', '{"data":[]}',
    '{"data":"x"}', "[" * 100_000,
])  # fmt: skip
@pytest.mark.parametrize(("method", "path"), [("POST", LEADS), ("PUT", LEADS), ("POST", f"{LEADS}/upsert")])
def test_bodies_that_make_no_sense(call: Send, method: str, path: str, body: str) -> None:
    """A body that is no JSON object with records is refused as a whole."""
    assert refusal(call(method, path, data=body)) == (400, "INVALID_DATA")


def test_body_without_data(call: Send) -> None:
    """A body that lacks data is told so; an item that is no object fails by itself."""
    assert refusal(call("POST", LEADS, json={"records": [GOOD]})) == (400, "MANDATORY_NOT_FOUND")
    answer = call("POST", LEADS, json={"data": [GOOD, "x", None]})
    assert [item["code"] for item in answer.json()["data"]] == ["SUCCESS", "INVALID_DATA", "INVALID_DATA"]


def test_infinity_is_no_number(call: Send) -> None:
    """A number beyond all bounds is wrong by itself, and the others are written."""
    body = '{"data":[{"Last_Name":"x","Annual_Revenue":1e400},{"Last_Name":"y"}]}'
    answer = call("POST", LEADS, data=body)
    assert [item["code"] for item in answer.json()["data"]] == ["INVALID_DATA", "SUCCESS"]


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


@pytest.mark.parametrize(("query", "code"), [
    ("", "REQUIRED_PARAM_MISSING"), ("ids=", "REQUIRED_PARAM_MISSING"), ("ids=1&wf_trigger=x", "INVALID_DATA"),
    ("ids=" + ",".join(["1"] * 101), "LIMIT_EXCEEDED"),
])  # fmt: skip
def test_wrong_deletes(call: Send, query: str, code: str) -> None:
    """A delete needs ids, a hundred at most, and a flag that is true or false."""
    assert refusal(call("DELETE", f"{LEADS}?{query}")) == (400, code)


def test_wrong_kinds_of_deleted(call: Send) -> None:
    """Deleted records are of the kind all, recycle or permanent; none is 204."""
    assert refusal(call("GET", f"{LEADS}/deleted?type=burnt")) == (400, "INVALID_DATA")
    assert call("GET", f"{LEADS}/deleted").status_code == 204
