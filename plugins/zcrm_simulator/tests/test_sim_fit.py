"""Do tags, variables and links take only what fits them?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

Send = Callable[..., requests.Response]
LONG = "x" * 26
TOO_LONG = {"maximum_length": 25, "api_name": "name"}
OFFSET = "2026-01-31T09:15:00+01:00"


@pytest.fixture
def lead(call: Send) -> str:
    """The id of a lead that was just made."""
    made = call("POST", "/crm/v8/Leads", json={"data": [{"Last_Name": "A"}]}).json()
    return str(made["data"][0]["details"]["id"])


@pytest.fixture
def variable(call: Send) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Make a variable and return the status and the outcome."""
    group = call("GET", "/crm/v8/settings/variable_groups").json()["variable_groups"][0]["id"]

    def variable(kind: str, value: object, version: str = "v8") -> tuple[int, dict[str, Any]]:
        new = {"name": "V", "api_name": "V", "type": kind, "value": value, "variable_group": {"id": group}}
        answer = call("POST", f"/crm/{version}/settings/variables", json={"variables": [new]})
        return answer.status_code, answer.json()["variables"][0]

    return variable


def tag_names(call: Send) -> set[str]:
    """Return the names of the tags of leads."""
    answer = call("GET", "/crm/v8/settings/tags?module=Leads")
    return {one["name"] for one in answer.json()["tags"]} if answer.status_code == 200 else set()


@pytest.mark.parametrize(("version", "status"), [("v2", 202), ("v8", 207)])
def test_tags_with_long_names_are_refused_alone(call: Send, version: str, status: int) -> None:
    """A tag of more than 25 characters is refused and the one of 25 beside it is made, as are new names."""
    path = f"/crm/{version}/settings/tags?module=Leads"

    answer = call("POST", path, json={"tags": [{"name": LONG}, {"name": LONG[1:]}]})

    long, short = answer.json()["tags"]
    assert (answer.status_code, long["code"], long["details"]) == (status, "INVALID_DATA", TOO_LONG)
    assert short["code"] == "SUCCESS"
    renamed = call("PUT", path, json={"tags": [{"id": short["details"]["id"], "name": LONG}]}).json()["tags"]
    assert (renamed[0]["code"], renamed[0]["details"]) == ("INVALID_DATA", TOO_LONG)
    assert LONG not in tag_names(call)


@pytest.mark.parametrize("version", ["v2", "v8"])
@pytest.mark.parametrize("one", [True, False])
def test_long_names_are_put_on_no_record(call: Send, lead: str, version: str, *, one: bool) -> None:
    """A call that puts a tag of more than 25 characters on records is refused, and makes none of its tags."""
    path = f"/crm/{version}/Leads/{f'{lead}/' if one else ''}actions/add_tags"
    old = {"params": {"tag_names": f"fits,{LONG}", "ids": lead}}
    new = {"json": {"tags": [{"name": "fits"}, {"name": LONG}], "ids": [lead]}}

    answer = call("POST", path, **(old if version == "v2" else new))

    found = answer.json()
    assert (answer.status_code, found["code"], found["details"]) == (400, "INVALID_DATA", TOO_LONG)
    assert not {"fits", LONG} & tag_names(call)


MISFITS = [
    ("integer", "abc"), ("integer", 1.5), ("integer", "1.5"), ("integer", [1]), ("integer", "٣"),
    ("long", "x"), ("long", 1.5), ("double", "1,5"), ("double", "nan"), ("percent", "50%"),
    ("currency", "$5"), ("currency", {}), ("checkbox", "yes"), ("checkbox", 1), ("date", "31.1.2026"),
    ("date", "2026-02-30"), ("date", 20260131), ("datetime", "2026-01-31"),
    ("datetime", "2026-01-31T09:15:00Z"), ("integer", False), ("long", True), ("double", False),
    ("percent", True), ("currency", False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), MISFITS)
def test_values_of_another_type_are_refused(
    variable: Callable[..., tuple[int, dict[str, Any]]], kind: str, value: object
) -> None:
    """A variable's value that is not of its type is refused, with the type that was expected."""
    for version, status in (("v2", 202), ("v8", 400)):
        answered, item = variable(kind, value, version)
        assert (answered, item["code"]) == (status, "INVALID_DATA")
        assert item["details"] == {"expected_data_type": kind, "api_name": "value"}


@pytest.mark.parametrize(("kind", "value"), [("integer", 10**9), ("integer", "1" * 10), ("double", 10**16)])
def test_numbers_have_only_so_many_digits(
    variable: Callable[..., tuple[int, dict[str, Any]]], kind: str, value: object
) -> None:
    """A number that is too long for its type is refused, with the digits that it may have."""
    status, item = variable(kind, value)
    most = {"integer": 9, "double": 16}[kind]
    assert (status, item["code"]) == (400, "INVALID_DATA")
    assert item["details"] == {"maximum_length": most, "api_name": "value"}


@pytest.mark.parametrize(("kind", "value"), [
    ("integer", 7), ("integer", "-7"), ("integer", ""), ("integer", None), ("long", "12345678901"),
    ("long", 12345678901), ("double", 1.5), ("percent", "12.5"), ("currency", 3), ("checkbox", True),
    ("checkbox", "false"), ("date", "2026-01-31"), ("datetime", OFFSET), ("text", "abc"),
    ("textarea", "a\nb"),
])  # fmt: skip
def test_values_that_fit_are_kept(
    call: Send, variable: Callable[..., tuple[int, dict[str, Any]]], kind: str, value: object
) -> None:
    """A value of the variable's type, as JSON has it or as text, is taken and shown as it was sent."""
    assert variable(kind, value)[0] == 201
    assert call("GET", "/crm/v8/settings/variables/V").json()["variables"][0]["value"] == value


def test_changed_variables_fit_too(call: Send, variable: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    """A change after which a variable's value is not of its type is refused, whichever of them changes."""
    made = variable("integer", 7)[1]["details"]["id"]
    for change, expected in (({"value": "abc"}, "integer"), ({"type": "date"}, "date")):
        many = call("PUT", "/crm/v8/settings/variables", json={"variables": [{"id": made, **change}]})
        one = call("PUT", f"/crm/v8/settings/variables/{made}", json={"variables": [change]})
        for answer in (many, one):
            details = answer.json()["variables"][0]["details"]
            assert (answer.status_code, details["expected_data_type"]) == (400, expected)
    kept = call("GET", "/crm/v8/settings/variables/V").json()["variables"][0]
    assert (kept["type"], kept["value"]) == ("integer", 7)


@pytest.mark.parametrize("link", [
    "notaurl", "ftp://a.example/x", "http://", "https:///path", "javascript:alert(1)", "//a.example",
    "http://[::1", "http://a.example:x/", "http:// /", "mailto:a@b.example",
])  # fmt: skip
@pytest.mark.parametrize("version", ["v2", "v8"])
def test_links_are_addresses(call: Send, lead: str, link: str, version: str) -> None:
    """What is no http or https address with a host is attached as no link, wherever the call names it."""
    path = f"/crm/{version}/Leads/{lead}/Attachments"
    for where in ({"files": {"attachmentUrl": (None, link)}}, {"params": {"attachmentUrl": link}}):
        answer = call("POST", path, **where)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_DATA")
    assert call("GET", f"{path}?fields=id").status_code == 204


@pytest.mark.parametrize("link", ["http://a.example", "HTTPS://a.example:8443/b?c=d#e", "http://[::1]/x"])
def test_addresses_are_attached(call: Send, lead: str, link: str) -> None:
    """An address with a host is kept as it was sent."""
    path = f"/crm/v8/Leads/{lead}/Attachments"
    assert call("POST", path, files={"attachmentUrl": (None, link)}).status_code == 200
    assert call("GET", f"{path}?fields=$link_url").json()["data"][0]["$link_url"] == link
