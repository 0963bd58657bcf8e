"""Do the calls around records refuse what Zoho refuses, with its status and code, in its order?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from zcrm_simulator import Limits, Simulator

Send = Callable[..., requests.Response]
MISSING = "4150868000000999999"


@pytest.fixture
def lead(call: Send) -> str:
    """The id of a lead that was just made."""
    made = call("POST", "/crm/v8/Leads", json={"data": [{"Last_Name": "A", "Company": "C"}]}).json()
    return str(made["data"][0]["details"]["id"])


TAGS = [{"name": str(number)} for number in range(51)]
SELECT = "select id from Leads where id > 0"
REFUSED: list[tuple[str, str, object, int, str]] = [
    # A record that is not there has no notes, files, tags or steps.
    ("GET", f"Leads/{MISSING}/Notes?fields=id", None, 400, "INVALID_DATA"),
    ("POST", f"Leads/{MISSING}/Notes", {"data": [{"Note_Content": "x"}]}, 400, "INVALID_DATA"),
    ("GET", f"Leads/{MISSING}/Attachments?fields=id", None, 400, "INVALID_DATA"),
    ("GET", f"Leads/{MISSING}/photo", None, 400, "INVALID_DATA"),
    ("GET", f"Leads/{MISSING}/actions/blueprint", None, 400, "INVALID_DATA"),
    ("POST", f"Leads/{MISSING}/actions/convert", {"data": [{}]}, 400, "INVALID_DATA"),
    # Lists need their fields since version 3.
    ("GET", "Leads/{lead}/Notes", None, 400, "REQUIRED_PARAM_MISSING"),
    ("GET", "Leads/{lead}/Attachments", None, 400, "REQUIRED_PARAM_MISSING"),
    ("GET", "Leads/{lead}/Products", None, 400, "REQUIRED_PARAM_MISSING"),
    # Files have a part named file.
    ("POST", "Leads/{lead}/Attachments", None, 400, "REQUIRED_PARAM_MISSING"),
    ("POST", "Deals/{lead}/photo", None, 400, "INVALID_DATA"),
    # Related lists are those of the module, and some are not linked by hand.
    ("GET", "Leads/{lead}/Nothing?fields=id", None, 400, "INVALID_DATA"),
    ("PUT", f"Leads/{{lead}}/Products/{MISSING}", {"data": [{}]}, 400, "INVALID_DATA"),
    ("DELETE", f"Leads/{{lead}}/Products/{MISSING}", None, 400, "INVALID_DATA"),
    ("DELETE", "Leads/{lead}/Products", None, 400, "REQUIRED_PARAM_MISSING"),
    # Tags
    ("GET", "settings/tags", None, 400, "REQUIRED_PARAM_MISSING"),
    ("GET", "settings/tags?module=Nothing", None, 400, "INVALID_MODULE"),
    ("POST", "settings/tags?module=Leads", {"tags": [{}]}, 400, "MANDATORY_NOT_FOUND"),
    (
        "POST",
        "settings/tags?module=Leads",
        {"tags": TAGS},
        400,
        "LIMIT_EXCEEDED",
    ),
    ("PUT", f"settings/tags/{MISSING}?module=Leads", {"tags": [{"name": "x"}]}, 400, "INVALID_DATA"),
    ("DELETE", f"settings/tags/{MISSING}", None, 400, "INVALID_DATA"),
    ("POST", "Leads/actions/add_tags", {"tags": [], "ids": ["1"]}, 400, "MANDATORY_NOT_FOUND"),
    ("POST", "Leads/actions/add_tags", {"tags": [{"name": "a"}]}, 400, "MANDATORY_NOT_FOUND"),
    (
        "POST",
        "Leads/{lead}/actions/add_tags",
        {"tags": TAGS[:11]},
        400,
        "LIMIT_EXCEEDED",
    ),
    # Modules and views
    ("PUT", "settings/modules/Nothing", {"modules": [{"per_page": 1}]}, 400, "INVALID_MODULE"),
    ("PUT", "settings/modules/Leads", {"modules": [{}]}, 400, "MANDATORY_NOT_FOUND"),
    ("PUT", "settings/custom_views/1?module=Leads", {"custom_views": [{}]}, 400, "INVALID_DATA"),
    ("GET", "Leads?fields=id&cvid=1", None, 400, "INVALID_DATA"),
    ("PUT", "settings/modules/Leads", {"modules": [{"business_card_fields": [{}]}]}, 400, "INVALID_DATA"),
    # People, taxes, variables
    ("POST", "users", {"users": [{"last_name": "A"}]}, 400, "MANDATORY_NOT_FOUND"),
    ("PUT", "users/1", {"users": [{"last_name": "A"}]}, 400, "INVALID_DATA"),
    ("DELETE", "users/1", None, 400, "INVALID_DATA"),
    ("GET", "users/search", None, 400, "REQUIRED_PARAM_MISSING"),
    ("GET", "users/search?criteria=(x", None, 400, "INVALID_QUERY"),
    ("GET", "users/search?criteria=(nothing:equals:1)", None, 400, "INVALID_QUERY"),
    ("PUT", "org/taxes", {"org_taxes": {"taxes": [{"name": "T", "value": 101}]}}, 400, "INVALID_DATA"),
    ("PUT", "org/taxes", {"org_taxes": {"taxes": [{"name": "Vat", "value": 1}]}}, 400, "DUPLICATE_DATA"),
    ("PUT", "org/taxes", {"taxes": []}, 400, "MANDATORY_NOT_FOUND"),
    ("POST", "settings/variables", {"variables": [{"name": "v"}]}, 400, "MANDATORY_NOT_FOUND"),
    ("PUT", "settings/variables/1", {"variables": [{"value": 1}]}, 400, "INVALID_DATA"),
    ("DELETE", "settings/variables", None, 400, "REQUIRED_PARAM_MISSING"),
    # Queries
    ("POST", "coql", {}, 400, "MANDATORY_NOT_FOUND"),
    ("POST", "coql", {"select_query": f"{SELECT} limit 2001"}, 400, "LIMIT_EXCEEDED"),
    (
        "POST",
        "coql",
        {"select_query": f"{SELECT} limit 99999, 2"},
        400,
        "LIMIT_EXCEEDED",
    ),
    ("POST", "coql", {"select_query": "select Description from Leads where id > 0"}, 400, "INVALID_QUERY"),
    ("POST", "coql", {"select_query": "select City.x from Leads where id > 0"}, 400, "INVALID_QUERY"),
    ("POST", "coql", {"select_query": "select SUM(City) from Leads where id > 0"}, 400, "INVALID_QUERY"),
    # Jobs
    ("GET", "Leads/actions/mass_update?job_id=1", None, 404, "RESOURCE_NOT_FOUND"),
    ("POST", "Leads/actions/mass_update", {"data": [{"City": "x"}], "cvid": "1"}, 400, "INVALID_DATA"),
    ("POST", "upload", None, 400, "INVALID_REQUEST"),
]


@pytest.mark.parametrize("case", REFUSED, ids=[f"{one[0]} {one[1]} {one[4]}" for one in REFUSED])
def test_what_is_wrong_is_refused(call: Send, lead: str, case: tuple[str, str, object, int, str]) -> None:
    """Each wrong call has the status and the code of what is wrong with it, alone or in its one item."""
    method, path, body, status, code = case

    answer = call(method, f"/crm/v8/{path.format(lead=lead)}", json=body)

    found = answer.json()
    items = next((value for value in found.values() if isinstance(value, list) and value), [found])
    assert (answer.status_code, items[0]["code"], items[0]["status"]) == (status, code, "error")


@pytest.mark.parametrize("odd", [[], {}, [{"id": "1"}], {"name": []}], ids=repr)
def test_a_list_or_an_object_is_no_name(call: Send, odd: object) -> None:
    """Where a name is expected, what cannot be one is the caller's mistake and not the server's."""
    view = call("GET", "/crm/v8/settings/custom_views?module=Leads").json()["custom_views"][0]["id"]
    group = call("GET", "/crm/v8/settings/variable_groups").json()["variable_groups"][0]["id"]
    user = call("GET", "/crm/v8/users").json()["users"][1]["id"]
    variable = {"name": "V", "api_name": "V", "type": odd, "value": "1", "variable_group": {"id": group}}
    sort = {"sort_by": odd, "sort_order": odd}
    answers = [
        call("PUT", f"/crm/v8/settings/custom_views/{view}/actions/change_sort?module=Leads",
             json={"custom_views": [sort]}),
        call("PUT", "/crm/v8/settings/modules/Leads", json={"modules": [{"business_card_fields": [odd]}]}),
        call("POST", "/crm/v8/settings/variables", json={"variables": [variable]}),
        call("POST", "/crm/bulk/v8/read",
             json={"query": {"module": {"api_name": "Leads"}}, "file_type": odd or ["csv"]}),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [400] * len(answers)
    assert call("PUT", f"/crm/v8/users/{user}", json={"users": [{"status": odd}]}).status_code < 500


def test_checks_come_in_zoho_s_order(
    call: Send, call_as: Callable[..., Send], zcrm_simulator: Simulator
) -> None:
    """Address, method, token, scope, credits, module and parameters are checked in this order."""
    nobody = {"headers": {"Authorization": "Zoho-oauthtoken wrong"}}
    narrow = call_as(scopes=["ZohoCRM.org.READ"])
    assert call("GET", "/crm/v9/Nothing/1/2/3/4", **nobody).json()["code"] == "INVALID_URL_PATTERN"
    assert call("PATCH", "/crm/v8/coql", **nobody).json()["code"] == "INVALID_REQUEST_METHOD"
    assert call("GET", "/crm/v8/Nothing/1/Notes", **nobody).json()["code"] == "INVALID_TOKEN"
    assert narrow("GET", "/crm/v8/Nothing/1/Notes").json()["code"] == "OAUTH_SCOPE_MISMATCH"
    assert call("GET", "/crm/v8/Nothing/1/Notes").json()["code"] == "INVALID_MODULE"
    zcrm_simulator.limits = Limits(credits=0)
    assert call("GET", "/crm/v8/Nothing/1/Notes").json()["code"] == "TOO_MANY_REQUESTS"


def test_credits_of_the_dear_calls(call: Send, zcrm_simulator: Simulator) -> None:
    """A bulk read costs 50 credits, a conversion 5 and a query of 1,000 rows 2."""
    job = {"query": {"module": {"api_name": "Leads"}, "fields": ["City"]}}
    query = {"select_query": "select id from Leads where id > 0 limit 1000"}
    for limit, path, body in (
        (50, "/crm/bulk/v8/read", job),
        (5, f"/crm/v8/Leads/{MISSING}/actions/convert", {"data": [{}]}),
        (2, "/crm/v8/coql", query),
    ):
        zcrm_simulator.reset()
        zcrm_simulator.limits = Limits(credits=limit - 1)
        code = zcrm_simulator.grant_token(["ZohoCRM.modules.ALL", "ZohoCRM.bulk.ALL", "ZohoCRM.coql.READ"])
        config = zcrm_simulator.config()
        form = {"grant_type": "authorization_code", "code": code, "client_id": config["client_id"]}
        form["client_secret"] = config["client_secret"]
        token = requests.post(f"{zcrm_simulator.url}/oauth/v2/token", data=form, timeout=30).json()
        headers = {"Authorization": f"Zoho-oauthtoken {token['access_token']}"}
        assert call("POST", path, json=body, headers=headers).status_code == 429
        zcrm_simulator.limits = Limits(credits=limit)
        assert call("POST", path, json=body, headers=headers).status_code != 429


def test_line_items_tell_what_is_missing(call: Send) -> None:
    """A line without a quantity, of no product, or with an id that is not there is named by its place."""
    account = call("GET", "/crm/v8/Accounts?fields=id&per_page=1").json()["data"][0]["id"]
    product = call("GET", "/crm/v8/Products?fields=id&per_page=1").json()["data"][0]["id"]
    base = {"Subject": "Q", "Account_Name": account}
    for line, code, place in (
        ({"Product_Name": product}, "MANDATORY_NOT_FOUND", "Quantity"),
        ({"Product_Name": MISSING, "Quantity": 1}, "INVALID_DATA", "product"),
        ({"id": "1", "Quantity": 1}, "INVALID_DATA", "id"),
    ):
        answer = call("POST", "/crm/v8/Quotes", json={"data": [{**base, "Quoted_Items": [line]}]})
        [item] = answer.json()["data"]
        assert (answer.status_code, item["code"]) == (400, code)
        assert item["details"]["json_path"] == f"$.data[0].Quoted_Items[0].{place}"
    [item] = call("POST", "/crm/v8/Quotes", json={"data": [base]}).json()["data"]
    assert item["code"] == "MANDATORY_NOT_FOUND"


def test_sums_of_lines_are_money(call: Send) -> None:
    """What is added up has two decimals, and writing a line as it was read changes none of its sums."""
    orders = call("GET", "/crm/v2/Sales_Orders").json()["data"]
    for order in orders:
        call("PUT", "/crm/v2/Sales_Orders", json={"data": [order]})

    after = {one["id"]: one["Product_Details"] for one in call("GET", "/crm/v2/Sales_Orders").json()["data"]}
    assert after == {order["id"]: order["Product_Details"] for order in orders}

    product = call("GET", "/crm/v2/Products").json()["data"][0]["id"]
    line = {"product": product, "quantity": 3.3, "list_price": 1.1, "Discount": "33%"}
    line["line_tax"] = [{"name": "Vat", "value": 0.1}, {"name": "Sales Tax", "value": 0.2}]
    call("PUT", "/crm/v2/Sales_Orders", json={"data": [{"id": orders[0]["id"], "Product_Details": [line]}]})
    read = call("GET", f"/crm/v2/Sales_Orders/{orders[0]['id']}").json()["data"][0]
    made = read["Product_Details"][-1]
    sums = [made[key] for key in ("total", "Discount", "total_after_discount", "Tax", "net_total")]
    assert sums == [3.63, 1.2, 2.43, 0.3, 2.73]


def test_lines_that_are_left_out_stay(call: Send) -> None:
    """An update that names one line changes that line; the others stay until they are marked to go."""
    quote = call("GET", "/crm/v2/Quotes").json()["data"][0]
    product = call("GET", "/crm/v2/Products").json()["data"][0]["id"]
    first = quote["Product_Details"][0]["id"]
    body = {
        "data": [
            {"id": quote["id"], "Product_Details": [{"product": product, "quantity": 1.5, "Discount": "10%"}]}
        ]
    }
    assert call("PUT", "/crm/v2/Quotes", json=body).json()["data"][0]["status"] == "success"
    after = call("GET", f"/crm/v2/Quotes/{quote['id']}").json()["data"][0]
    assert [line["id"] == first for line in after["Product_Details"]] == [True, False]
    line = after["Product_Details"][1]
    assert line["Discount"] == round(line["total"] / 10, 2)
    assert after["Sub_Total"] == round(
        sum(one["total_after_discount"] for one in after["Product_Details"]), 2
    )
    gone = {"data": [{"id": quote["id"], "Product_Details": [{"id": first, "delete": True}]}]}
    call("PUT", "/crm/v2/Quotes", json=gone)
    left = call("GET", f"/crm/v2/Quotes/{quote['id']}").json()["data"][0]["Product_Details"]
    assert [one["id"] for one in left] == [line["id"]]
