"""Are the organization, its people, its modules and its records what a program expects to find?"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import requests

from zcrm_simulator import Simulator

Send = Callable[..., requests.Response]
MODULES = [
    "Leads",
    "Accounts",
    "Contacts",
    "Deals",
    "Tasks",
    "Events",
    "Calls",
    "Products",
    "Campaigns",
    "Notes",
    "Vendors",
    "Price_Books",
    "Quotes",
    "Sales_Orders",
    "Purchase_Orders",
    "Invoices",
]
FEWEST = {"Leads": 500, "Contacts": 150, "Accounts": 60, "Deals": 80}


def test_organization(call: Send, zcrm_simulator: Simulator) -> None:
    """The organization is told with its number, owner, currency and zone."""
    found = call("GET", "/crm/v8/org").json()["org"][0]
    known = zcrm_simulator.organization
    assert (found["id"], found["zgid"], found["company_name"]) == (known.id, known.zgid, known.company_name)
    assert (found["primary_email"], found["iso_code"]) == (zcrm_simulator.users[0].email, "USD")


@pytest.mark.parametrize(("kind", "number"), [
    (None, 9), ("AllUsers", 9), ("ActiveUsers", 8), ("DeactiveUsers", 1), ("ConfirmedUsers", 8),
    ("NotConfirmedUsers", 1), ("AdminUsers", 2), ("ActiveConfirmedUsers", 7), ("ActiveConfirmedAdmins", 2),
    ("CurrentUser", 1),
])  # fmt: skip
def test_kinds_of_users(call: Send, kind: str | None, number: int) -> None:
    """Users are listed by kind."""
    answer = call("GET", "/crm/v8/users", params={"type": kind}).json()
    assert len(answer["users"]) == answer["info"]["count"] == number


def test_pages_of_users(call: Send, zcrm_simulator: Simulator) -> None:
    """Users are paged, chosen by ids, and read one by one."""
    pages = [call("GET", f"/crm/v8/users?per_page=4&page={page}") for page in (1, 2, 3, 4)]
    assert [page.status_code for page in pages] == [200, 200, 200, 204]
    ids = [user["id"] for page in pages[:3] for user in page.json()["users"]]
    assert ids == [user.id for user in zcrm_simulator.users]
    assert [page.json()["info"]["more_records"] for page in pages[:3]] == [True, True, False]
    assert len(call("GET", f"/crm/v8/users?ids={ids[0]},{ids[4]}").json()["users"]) == 2
    one = call("GET", f"/crm/v8/users/{ids[2]}").json()["users"][0]
    known = zcrm_simulator.users[2]
    assert (one["email"], one["status"], one["role"]["name"], one["time_zone"]) == (
        known.email, "active", known.role.name, known.time_zone)  # fmt: skip


def test_users_do_not_change(call: Send, zcrm_simulator: Simulator) -> None:
    """A user who has not changed since is 304."""
    later = {"If-Modified-Since": "2026-01-01T00:00:00+00:00"}
    answer = call("GET", f"/crm/v8/users/{zcrm_simulator.users[0].id}", headers=later)
    assert (answer.status_code, answer.content) == (304, b"")


def test_users_that_do_not_exist(call: Send) -> None:
    """An unknown user or none is 204, an unknown kind 400."""
    assert call("GET", "/crm/v8/users/1").status_code == 204
    assert call("GET", "/crm/v8/users?type=DeletedUsers").status_code == 204
    assert call("GET", "/crm/v8/users?type=Everybody").json()["code"] == "INVALID_DATA"
    later = {"If-Modified-Since": "2026-01-01T00:00:00+00:00"}
    assert call("GET", "/crm/v8/users/1", headers=later).status_code == 204


@pytest.mark.parametrize("family", ["roles", "profiles"])
def test_roles_and_profiles(call: Send, family: str) -> None:
    """Roles and profiles are listed and read by id; an unknown id is 204."""
    listed = call("GET", f"/crm/v8/settings/{family}").json()[family]
    assert len(listed) >= 3
    for one in listed:
        assert call("GET", f"/crm/v8/settings/{family}/{one['id']}").json()[family][0]["name"] == one["name"]
    assert call("GET", f"/crm/v8/settings/{family}/1").status_code == 204


def test_hierarchy(call: Send) -> None:
    """One role is on top, and every other reports to one that exists."""
    roles = call("GET", "/crm/v8/settings/roles").json()["roles"]
    ids = {role["id"] for role in roles}
    above = [role["reporting_to"] for role in roles]
    assert above.count(None) == 1
    assert all(one["id"] in ids for one in above if one)


def test_rights_of_profiles(call: Send) -> None:
    """A profile tells its rights, which are those that the simulator checks."""
    profiles = call("GET", "/crm/v2/settings/profiles").json()["profiles"]
    reader = next(one["id"] for one in profiles if one["name"] == "Read Only")
    rights = call("GET", f"/crm/v8/settings/profiles/{reader}").json()["profiles"][0]["permissions_details"]
    enabled = {right["name"] for right in rights if right["enabled"]}
    assert enabled == {f"Crm_Implied_View_{module}" for module in MODULES}


@pytest.mark.parametrize("version", ["v2", "v8"])
def test_modules(call: Send, version: str) -> None:
    """Every module is listed, and read by its name and by its id."""
    listed = call("GET", f"/crm/{version}/settings/modules").json()["modules"]
    assert [one["api_name"] for one in listed] == MODULES
    for one in listed:
        for key in (one["api_name"], one["id"]):
            found = call("GET", f"/crm/{version}/settings/modules/{key}").json()["modules"][0]
            assert (found["id"], found["api_name"]) == (one["id"], one["api_name"])
            assert found["fields"]
    assert call("GET", f"/crm/{version}/settings/modules/Nothing").json()["code"] == "INVALID_MODULE"


@pytest.mark.parametrize("module", MODULES)
def test_fields_describe_the_records(call: Send, module: str) -> None:
    """Every field of a record is described, with the JSON type that the record has."""
    fields = {
        one["api_name"]: one
        for one in call("GET", f"/crm/v2/settings/fields?module={module}").json()["fields"]
    }
    types = {
        "string": str,
        "integer": int,
        "double": float,
        "boolean": bool,
        "jsonobject": dict,
        "jsonarray": list,
    }
    records = call("GET", f"/crm/v2/{module}").json()["data"]
    for record in records:
        own = {name for name in record if not name.startswith("$") or name in fields}
        assert own == set(fields)
        for name, described in fields.items():
            assert record[name] is None or type(record[name]) is types[described["json_type"]], name
            if described["system_mandatory"]:
                assert record[name] is not None
            if described["data_type"] in {"text", "textarea", "picklist", "email", "phone", "website"}:
                assert len(record[name] or "") <= described["length"]
            if described["pick_list_values"] and isinstance(record[name], str):
                assert record[name] in [one["actual_value"] for one in described["pick_list_values"]]


def test_ids_are_unique(call: Send) -> None:
    """No two modules, fields, roles, profiles or users have one id."""
    ids = [one["id"] for family in ("roles", "profiles", "modules")
           for one in call("GET", f"/crm/v8/settings/{family}").json()[family]]  # fmt: skip
    ids += [one["id"] for one in call("GET", "/crm/v8/users").json()["users"]]
    for module in MODULES:
        described = call("GET", f"/crm/v8/settings/fields?module={module}").json()["fields"]
        ids += [one["id"] for one in described] + [
            one["layout_associations"][0]["id"] for one in described[:1]
        ]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"\d{18,19}", one) for one in ids)


def test_one_field(call: Send) -> None:
    """A field is read by its name and by its id; lookups name their module, mandatory fields say so."""
    path = "/crm/v8/settings/fields"
    found = call("GET", f"{path}/Account_Name?module=Contacts").json()["fields"][0]
    assert found["lookup"]["module"]["api_name"] == "Accounts"
    assert call("GET", f"{path}/{found['id']}?module=Contacts").json()["fields"] == [found]
    name = call("GET", f"{path}/Last_Name?module=Leads").json()["fields"][0]
    assert (name["system_mandatory"], name["length"], name["data_type"]) == (True, 80, "text")
    email = call("GET", f"{path}/Email?module=Leads").json()["fields"][0]
    assert email["unique"] == {"casesensitive": "false"}
    assert call("GET", f"{path}/Nothing?module=Leads").status_code == 204


def test_fields_need_a_module(call: Send) -> None:
    """Fields are those of a module that exists."""
    assert call("GET", "/crm/v8/settings/fields").json()["code"] == "REQUIRED_PARAM_MISSING"
    assert call("GET", "/crm/v8/settings/fields?module=Nothing").json()["code"] == "INVALID_MODULE"


@pytest.mark.parametrize("module", MODULES)
def test_there_is_data(call: Send, module: str) -> None:
    """Every module has records, the large ones as many as promised."""
    assert call("GET", f"/crm/v8/{module}/actions/count").json()["count"] >= FEWEST.get(module, 10)


def test_lookups_point_at_records(call: Send) -> None:
    """What a deal points at can be read, under the name that the deal shows."""
    deals = call("GET", "/crm/v2/Deals").json()["data"]
    for field, module in (
        ("Account_Name", "Accounts"),
        ("Contact_Name", "Contacts"),
        ("Campaign_Source", "Campaigns"),
    ):
        shown = [deal[field] for deal in deals if deal[field]]
        assert shown
        for one in shown[:5]:
            record = call("GET", f"/crm/v2/{module}/{one['id']}").json()["data"][0]
            assert one["name"] in record.values()


def test_the_seed_decides(call: Send, zcrm_simulator: Simulator) -> None:
    """The same seed gives the same client, people and records; another seed other records."""

    def leads(zoho: Simulator) -> object:
        config = zoho.config()
        form = {"grant_type": "authorization_code", "code": zoho.grant_token("ZohoCRM.modules.ALL"),
                "client_id": config["client_id"], "client_secret": config["client_secret"]}  # fmt: skip
        token = requests.post(f"{zoho.url}/oauth/v2/token", data=form, timeout=30).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{zoho.url}/crm/v2/Leads", headers=headers, timeout=30).json()

    mine = call("GET", "/crm/v2/Leads").json()
    with Simulator(seed=1) as same, Simulator(seed=2) as other:
        assert same.config()["client_id"] == zcrm_simulator.config()["client_id"]
        assert leads(same) == mine
        assert leads(other) != mine
