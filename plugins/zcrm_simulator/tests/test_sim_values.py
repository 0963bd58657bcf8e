"""Are values checked, stored and shown as their fields say?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from zcrm_simulator import Simulator, Switches

Send = Callable[..., requests.Response]
LEADS = "/crm/v8/Leads"
GOOD: dict[str, Any] = {"Last_Name": "Good"}


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


WRONG = [
    ("Leads", "Last_Name", 5, {"expected_data_type": "text"}),
    ("Leads", "Last_Name", "x" * 81, {"maximum_length": 80}),
    ("Leads", "Last_Name", "\ud800", {"expected_data_type": "text"}),
    ("Leads", "Last_Name", ["x"], {"expected_data_type": "text"}),
    ("Leads", "Email", "nobody", {"expected_data_type": "email"}),
    ("Leads", "Email", "a b@c.example", {"expected_data_type": "email"}),
    ("Leads", "Email", f"{'x' * 100}@y.example", {"maximum_length": 100}),
    ("Leads", "Phone", "call me!", {"expected_data_type": "phone"}),
    ("Leads", "Phone", 491234, {"expected_data_type": "phone"}),
    ("Leads", "Website", "no website", {"expected_data_type": "website"}),
    ("Leads", "No_of_Employees", "5", {"expected_data_type": "integer"}),
    ("Leads", "No_of_Employees", 5.5, {"expected_data_type": "integer"}),
    ("Leads", "No_of_Employees", True, {"expected_data_type": "integer"}),
    ("Leads", "No_of_Employees", 10**9, {"maximum_length": 9}),
    ("Leads", "Annual_Revenue", "5", {"expected_data_type": "currency"}),
    ("Leads", "Annual_Revenue", 10**16, {"maximum_length": 16}),
    ("Leads", "Email_Opt_Out", "true", {"expected_data_type": "boolean"}),
    ("Leads", "Email_Opt_Out", 1, {"expected_data_type": "boolean"}),
    ("Leads", "Lead_Source", 5, {"expected_data_type": "picklist"}),
    ("Leads", "Tag", "vip", {"expected_data_type": "jsonarray"}),
    ("Leads", "Tag", [{"id": "1"}], {"expected_data_type": "jsonobject"}),
    ("Leads", "Tag", [{"name": "x" * 26}], {"maximum_length": 25}),
    ("Leads", "Tag", [{"name": f"{n:025}"} for n in range(40)], {"maximum_length": 2_000}),
    ("Leads", "Owner", "x", {"expected_data_type": "bigint"}),
    ("Leads", "Owner", {"name": "x"}, {"expected_data_type": "jsonobject"}),
    ("Leads", "Owner", {"id": "1"}, {"id": "1"}),
    ("Contacts", "Account_Name", {"id": "1"}, {"id": "1"}),
    ("Contacts", "Account_Name", ["1"], {"expected_data_type": "jsonobject"}),
    ("Contacts", "Date_of_Birth", "1.2.1990", {"expected_data_type": "date"}),
    ("Contacts", "Date_of_Birth", "1990-02-30", {"expected_data_type": "date"}),
    ("Contacts", "Date_of_Birth", 19900101, {"expected_data_type": "date"}),
    ("Accounts", "Account_Number", "12a", {"expected_data_type": "bigint"}),
    ("Accounts", "Account_Number", 2**63, {"expected_data_type": "bigint"}),
    ("Products", "Tax", "Vat", {"expected_data_type": "jsonarray"}),
    ("Products", "Tax", [5], {"expected_data_type": "multiselectpicklist"}),
    ("Products", "Commission_Rate", None, None),
]
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
    sent = {
        "Last_Name": "x",
        "Account_Name": account,
        "Owner": {"id": owner.id},
        "Date_of_Birth": "1990-02-28",
        "Email": "O'Neil+tag@sub.example.com",
        "Phone": "+49 (30) 1-2",
        "Description": "a\nb\u0000",
        "Tag": [{"name": "new"}, {"name": "vip"}],
    }
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
    assert (found["Parent_Id"]["name"], found["Parent_Id"]["id"], found["$se_module"]) == (
        "Good",
        lead,
        "Leads",
    )
    assert found["Parent_Id"]["module"]["api_name"] == "Leads"
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
    """A deal's probability and expected revenue follow from stage and amount; read-only ones are ignored."""
    deal = {"Deal_Name": "x", "Stage": "Negotiation/Review", "Amount": 200, "Expected_Revenue": 1}
    made = new_id(call, deal, "/crm/v8/Deals")
    found = read(call, made, "/crm/v8/Deals")
    assert (found["Probability"], found["Expected_Revenue"]) == (90, 180.0)
    call("PUT", f"/crm/v8/Deals/{made}", json={"data": [{"Amount": None, "Created_Time": "x"}]})
    assert read(call, made, "/crm/v8/Deals")["Expected_Revenue"] is None


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


def test_infinity_is_no_number(call: Send) -> None:
    """A number beyond all bounds is wrong by itself, and the others are written."""
    body = '{"data":[{"Last_Name":"x","Annual_Revenue":1e400},{"Last_Name":"y"}]}'
    answer = call("POST", LEADS, data=body)
    assert [item["code"] for item in answer.json()["data"]] == ["INVALID_DATA", "SUCCESS"]
