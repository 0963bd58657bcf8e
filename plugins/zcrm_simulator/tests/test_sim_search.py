"""Does search find what its grammar says, and refuse what it does not allow?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from zcrm_simulator import Limits, Simulator, Switches

Send = Callable[..., requests.Response]
Find = Callable[..., list[str]]
SEARCH = "/crm/v8/Leads/search"
PEOPLE: list[dict[str, Any]] = [
    {"Last_Name": "Zza", "Company": "Zeta", "No_of_Employees": 10, "Email": "qa@zeta.example", "City": "Ulm"},
    {
        "Last_Name": "Zzb",
        "Company": "Zeta",
        "No_of_Employees": 20,
        "Phone": "+49 30 1234-567",
        "City": "Bern",
    },
    {"Last_Name": "Zzc", "Company": "Eta (South), Inc", "Annual_Revenue": 1.5, "Mobile": "0301 234567"},
    {"Last_Name": "Zzd", "Company": "100%_pure", "Email_Opt_Out": True, "Secondary_Email": "QA@zeta.example"},
]


@pytest.fixture
def find(call: Send) -> Find:
    """Write four leads, and search among all; gives the last names found, sorted."""
    assert call("POST", "/crm/v8/Leads", json={"data": PEOPLE}).status_code == 201

    def find(**asked: str) -> list[str]:
        answer = call("GET", SEARCH, params=asked)
        if answer.status_code == 204:
            return []
        assert answer.status_code == 200, answer.text
        names = sorted(one["Last_Name"] for one in answer.json()["data"])
        assert len(names) == answer.json()["info"]["count"]
        return names

    return find


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ("(Last_Name:equals:Zza)", "Zza"),
        ("(Last_Name:equals:zZA)", "Zza"),
        ("(Last_Name:starts_with:zz)", "Zza Zzb Zzc Zzd"),
        ("(Company:equals:Zeta)", "Zza Zzb"),
        ("((Company:equals:Zeta)and(City:starts_with:Be))", "Zzb"),
        ("((City:equals:Ulm)or(City:equals:Bern))", "Zza Zzb"),
        ("(((City:equals:Ulm)or(City:equals:Bern))and(No_of_Employees:greater_than:10))", "Zzb"),
        ("((Last_Name:starts_with:Zz)and(Company:not_equal:Zeta))", "Zzc Zzd"),
        ("((Last_Name:starts_with:Zz)and(City:not_equal:Ulm))", "Zzb Zzc Zzd"),
        ("(Last_Name:in:Zza,Zzc, Zzd,Nobody)", "Zza Zzc Zzd"),
        (r"(Company:equals:Eta \(South\)\, Inc)", "Zzc"),
        (r"(Company:starts_with:100%_)", "Zzd"),
        (r"(Company:starts_with:%)", ""),
        (r"(Company:starts_with:1_0)", ""),
        ("((Last_Name:starts_with:Zz)and(No_of_Employees:between:10,20))", "Zza Zzb"),
        ("((Last_Name:starts_with:Zz)and(No_of_Employees:less_equal:10))", "Zza"),
        ("((Last_Name:starts_with:Zz)and(No_of_Employees:less_than:10))", ""),
        ("((Last_Name:starts_with:Zz)and(No_of_Employees:greater_equal:20))", "Zzb"),
        ("((Last_Name:starts_with:Zz)and(No_of_Employees:equals:null))", "Zzc Zzd"),
        ("((Last_Name:starts_with:Zz)and(No_of_Employees:not_equal:${EMPTY}))", "Zza Zzb"),
        ("(Annual_Revenue:equals:1.5)", "Zzc"),
        ("((Last_Name:starts_with:Zz)and(Email_Opt_Out:equals:true))", "Zzd"),
        (
            "((Last_Name:starts_with:Zz)and(Created_Time:greater_than:2026-01-01T00:00:00+00:00))",
            "Zza Zzb Zzc Zzd",
        ),
        ("((Last_Name:starts_with:Zz)and(Created_Time:less_than:2020-01-01T00:00:00Z))", ""),
        ("((Last_Name:starts_with:Zz)and(Owner:equals:Amara Okonkwo))", "Zza Zzb Zzc Zzd"),
        ("((Last_Name:starts_with:Zz)and(Owner:equals:priya.raman@hollowbrook.example))", ""),
        (" ( ( Last_Name : equals : Zza ) OR ( Last_Name:equals:Zzb ) ) ", "Zza Zzb"),
        ("(Last_Name:equals:' OR 1=1 --)", ""),
        ("(Owner:equals:99999999999999999999999)", ""),
    ],
)
def test_criteria(find: Find, criteria: str, expected: str) -> None:
    """Operators, brackets, joints and escapes mean what Zoho's page says."""
    assert find(criteria=criteria) == expected.split()


def test_lookups_are_found_by_name_and_id(call: Send) -> None:
    """A contact is found by its account's name and by the account's id."""
    account = next(
        one["Account_Name"] for one in call("GET", "/crm/v2/Contacts").json()["data"] if one["Account_Name"]
    )
    found = [
        call("GET", "/crm/v8/Contacts/search", params={"criteria": f"(Account_Name:equals:{value})"}).json()
        for value in (account["name"], account["id"])
    ]
    assert found[0]["data"] == found[1]["data"]
    assert {one["Account_Name"]["id"] for one in found[0]["data"]} == {account["id"]}


def test_email_phone_and_word(find: Find) -> None:
    """E-mail looks at every e-mail field, phone at the digits of every phone field, word at every text."""
    assert find(email="QA@Zeta.example") == ["Zza", "Zzd"]
    assert find(phone="4930-1234567") == ["Zzb"]
    assert find(phone="0301234567") == ["Zzc"]
    assert find(word="zeta") == ["Zza", "Zzb", "Zzd"]
    assert find(word="100%_p") == ["Zzd"]
    assert find(word="nothing has this") == []


def test_the_first_way_wins(find: Find) -> None:
    """Of several ways criteria wins, then e-mail, phone and word."""
    everything = {
        "criteria": "(Last_Name:equals:Zzc)",
        "email": "qa@zeta.example",
        "phone": "49301234567",
        "word": "pure",
    }
    expected = [["Zzc"], ["Zza", "Zzd"], ["Zzb"], ["Zzd"]]
    for way, names in zip(list(everything), expected, strict=True):
        assert find(**everything) == names
        del everything[way]


@pytest.mark.parametrize(
    "criteria",
    [
        "",
        "Last_Name:equals:x",
        "(Last_Name:equals:x",
        "(Last_Name:equals:x))",
        "(Last_Name)",
        "(Last_Name:equals)",
        "((Last_Name:equals:x)xor(Last_Name:equals:y))",
        "((Last_Name:equals:x)and)",
        "()",
        "(" * 5_000,
        "(Nothing:equals:x)",
        "(Tag:equals:x)",
        "(Last_Name:greater_than:x)",
        "(Last_Name:like:x)",
        "(Email_Opt_Out:in:true)",
        "(No_of_Employees:equals:many)",
        f"(No_of_Employees:equals:{'9' * 30})",
        "(No_of_Employees:between:1)",
        "(No_of_Employees:between:1,2,3)",
        "(Email_Opt_Out:equals:yes)",
        "(Created_Time:less_than:yesterday)",
        "(Created_Time:less_than:2026-01-01T00:00:00)",
        f"(Last_Name:in:{','.join('abc' for _ in range(101))})",
    ],
)
def test_wrong_criteria(call: Send, criteria: str) -> None:
    """Other grammar, fields, operators and values are INVALID_QUERY with a reason."""
    answer = call("GET", SEARCH, params={"criteria": criteria})
    assert answer.status_code == 400
    if criteria:
        assert answer.json()["code"] == "INVALID_QUERY"
        assert answer.json()["details"]["reason"]
    else:
        assert answer.json()["code"] == "EXPECTED_PARAM_MISSING"


@pytest.mark.parametrize(("version", "most"), [("v2", 10), ("v8", 15)])
def test_number_of_conditions(call: Send, version: str, most: int) -> None:
    """Version 2 takes ten conditions, version 8 fifteen."""

    def ask(number: int) -> requests.Response:
        criteria = "or".join("(Last_Name:equals:x)" for _ in range(number))
        return call("GET", f"/crm/{version}/Leads/search", params={"criteria": f"({criteria})"})

    assert ask(most).status_code == 204
    answer = ask(most + 1)
    assert (answer.status_code, answer.json()["code"]) == (400, "CRITERIA_LIMIT_EXCEEDED")
    assert answer.json()["details"] == {"limit": most}


def test_short_words(call: Send) -> None:
    """A word has two characters or more."""
    answer = call("GET", f"{SEARCH}?word=a")
    assert (answer.status_code, answer.json()["details"]["param_name"]) == (400, "word")


def test_modules_without_addresses(call: Send) -> None:
    """A module that has no e-mail field cannot be searched by e-mail."""
    answer = call("GET", "/crm/v8/Deals/search?email=a@b.example")
    assert (answer.status_code, answer.json()["code"]) == (400, "NOT_SUPPORTED")


def test_pages_of_a_search(call: Send) -> None:
    """A search is paged to 2,000 results, and nothing is 204."""
    parameters = {"criteria": "(Last_Name:not_equal:x)", "fields": "id", "per_page": "200"}
    pages = [call("GET", SEARCH, params=parameters | {"page": str(page)}) for page in (1, 2, 3, 4)]
    assert [page.status_code for page in pages] == [200, 200, 200, 204]
    assert [page.json()["info"]["more_records"] for page in pages[:3]] == [True, True, False]
    assert len({one["id"] for page in pages[:3] for one in page.json()["data"]}) == 520
    answer = call("GET", SEARCH, params=parameters | {"page": "11"})
    assert (answer.status_code, answer.json()["code"]) == (400, "LIMIT_REACHED")
    assert answer.json()["details"] == {"limit": 2000}


def test_converted_leads_are_found_when_asked_for(call: Send) -> None:
    """Search leaves converted leads out, too, unless they are asked for."""
    path = "/crm/v8/Leads/actions/count?criteria=(Last_Name:not_equal:x)"
    assert call("GET", path).json() == {"count": 520}
    assert call("GET", f"{path}&converted=true").json() == {"count": 12}
    assert call("GET", f"{path}&converted=both").json() == {"count": 532}


def test_count(find: Find, call: Send) -> None:
    """Counting takes the same searches, and counts all without one."""
    path = "/crm/v8/Leads/actions/count"
    assert len(find(word="zeta")) == call("GET", f"{path}?word=zeta").json()["count"] == 3
    assert call("GET", path).json() == {"count": 524}
    assert call("GET", f"{path}?criteria=(x)").status_code == 400


def test_the_index_can_lag(call: Send, zcrm_simulator: Simulator) -> None:
    """With a lag a new record is listed at once and found later."""
    zcrm_simulator.switches = Switches(search_lag=30)
    made = call("POST", "/crm/v8/Leads", json={"data": [{"Last_Name": "Soon"}]}).json()["data"][0]["details"][
        "id"
    ]
    assert call("GET", f"/crm/v8/Leads/{made}").status_code == 200
    assert call("GET", f"{SEARCH}?word=Soon").status_code == 204
    zcrm_simulator.clock.advance(31)
    assert call("GET", f"{SEARCH}?word=Soon").json()["data"][0]["id"] == made


def test_limits_of_search_can_be_set(call: Send, zcrm_simulator: Simulator) -> None:
    """The numbers of results, conditions, values and letters are limits that can be changed."""
    zcrm_simulator.limits = Limits(
        search_results=10, search_conditions=1, search_values=1, search_word_length=4
    )
    both = "((Last_Name:equals:x)or(Last_Name:equals:y))"
    for asked in (
        {"word": "word", "per_page": "11"},
        {"criteria": both},
        {"criteria": "(City:in:a,b)"},
        {"word": "abc"},
    ):
        assert call("GET", SEARCH, params=asked | {"per_page": asked.get("per_page", "5")}).status_code == 400
