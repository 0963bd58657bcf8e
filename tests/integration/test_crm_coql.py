"""Are COQL queries read to their end, and can no value change what a query means?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

from zcrm_core import ApiError, Client, TransportError
from zcrm_simulator import Limits, Simulator

Make = Callable[..., Client]


def test_a_query_is_read_past_one_call(
    client: Client, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All 532 leads come, in the order of their ids, however few one call gives."""
    zcrm_simulator.limits = Limits(coql_rows=150, coql_rows_v2=150)
    monkeypatch.setattr("zcrm_core.crm.versions.Version.coql_rows", property(lambda _: 150))

    ids = [lead["id"] for lead in client.coql("select id, Last_Name from Leads where Last_Name is not null")]

    listed = client.module("Leads").list(fields=["Last_Name"], params={"converted": "both"}, sort_order="asc")
    assert ids == [lead.id for lead in listed]
    assert len(ids) == 532


def test_a_query_goes_on_by_id_where_offsets_end(
    log_in: Make, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past an offset's reach the rest comes by id, nothing twice or left out, with one condition more."""
    zcrm_simulator.limits = Limits(coql_rows=50, coql_reach=120, coql_conditions=2)
    monkeypatch.setattr("zcrm_core.crm.versions.Version.coql_rows", property(lambda _: 50))
    monkeypatch.setattr("zcrm_core.crm.versions.Version.coql_reach", property(lambda _: 120))
    client = log_in(api_version="v8")

    ids = [lead["id"] for lead in client.coql("select id from Leads where Last_Name is not null")]

    assert len(ids) == len(set(ids)) == 532
    queries = [
        json.loads(one.body)["select_query"] for one in zcrm_simulator.requests if one.path.endswith("coql")
    ]
    assert any("limit 50, 50" in query for query in queries)
    assert all(" order by id asc limit" in query for query in queries)  # or they come in any
    assert sum(" and id > " in query for query in queries) == len(queries) - 2


def test_an_id_that_is_none_does_not_get_into_a_query(
    log_in: Make, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id by which a query goes on comes from an answer: if it is no id, nothing more is asked."""
    monkeypatch.setattr("zcrm_core.crm.versions.Version.coql_rows", property(lambda _: 1))
    monkeypatch.setattr("zcrm_core.crm.versions.Version.coql_reach", property(lambda _: 1))
    client = log_in(api_version="v8")
    rows = {"data": [{"id": "1 or id > 0"}], "info": {"count": 1, "more_records": True}}
    zcrm_simulator.faults.add("/crm/v8/coql", kind="status", status=200, body=json.dumps(rows))

    with pytest.raises(TransportError, match="no id") as caught:
        list(client.coql("select id from Leads where Last_Name is not null"))

    assert caught.value.code == "ZCRM-HTTP-007"
    assert sum(one.path.endswith("coql") for one in zcrm_simulator.requests) == 1


def test_rows_that_come_again_and_again_are_an_error(
    log_in: Make, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the reach of an offset a server that gives the same row for ever ends no program in a circle."""
    monkeypatch.setattr("zcrm_core.crm.versions.Version.coql_rows", property(lambda _: 1))
    monkeypatch.setattr("zcrm_core.crm.versions.Version.coql_reach", property(lambda _: 1))
    client = log_in(api_version="v8")
    body = json.dumps({"data": [{"id": "7"}], "info": {"count": 1, "more_records": True}})
    zcrm_simulator.faults.add("/crm/v8/coql", kind="status", status=200, body=body, times=9)

    with pytest.raises(TransportError, match="leads no further"):
        list(client.coql("select id from Leads where Last_Name is not null"))
    assert len(zcrm_simulator.faults.pending()) == 1


def test_an_own_order_ends_where_zoho_ends(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A query with its own order cannot go on by id; where offsets end it is an error, not silence."""
    zcrm_simulator.limits = Limits(coql_reach=400)
    rows = log_in(api_version="v8").coql(
        "select id from Leads where Last_Name is not null order by Last_Name"
    )

    with pytest.raises(ApiError, match="LIMIT_EXCEEDED"):
        list(rows)


@pytest.mark.parametrize(
    ("tail", "count"),
    [("limit 7", 7), ("limit 10, 5", 5), ("limit 300", 300), ("limit 5 offset 525", 5), ("limit 528, 50", 4)],
)
def test_a_limit_is_kept(client: Client, tail: str, count: int) -> None:
    """A query's own limit and offset mean what they say, also above what one call gives."""
    query = f"select id from Leads where Last_Name is not null order by id {tail}"  # noqa: S608 - a test's own

    assert len(list(client.coql(query))) == count


@pytest.mark.parametrize(
    ("where", "values", "test"),
    [
        ("City = :city", {"city": "Pune"}, lambda lead: lead["City"] == "Pune"),
        ("City in :cities", {"cities": ["Pune", "Lagos"]}, lambda lead: lead["City"] in {"Pune", "Lagos"}),
        (
            "(City != :city and Email is not null)",
            {"city": "Pune"},
            lambda lead: lead["City"] != "Pune" and lead["Email"],
        ),
        (
            "No_of_Employees between :low and :high",
            {"low": 10, "high": 900},
            lambda lead: 10 <= (lead["No_of_Employees"] or 0) <= 900,
        ),
        (
            "Annual_Revenue > :sum",
            {"sum": Decimal("5000000.5")},
            lambda lead: (lead["Annual_Revenue"] or 0) > 5_000_000.5,
        ),
        ("Email_Opt_Out = :out", {"out": True}, lambda lead: lead["Email_Opt_Out"] is True),
        ("Last_Name like :start", {"start": "S%"}, lambda lead: str(lead["Last_Name"]).startswith("S")),
        (
            "Created_Time >= :since",
            {"since": datetime(2025, 6, 1, tzinfo=timezone.utc)},
            lambda lead: lead.created_time >= datetime(2025, 6, 1, tzinfo=timezone.utc),
        ),
    ],
)
def test_conditions_mean_what_they_say(
    client: Client, where: str, values: dict[str, object], test: Callable[[object], bool]
) -> None:
    """Every operator, with values put into their places, finds what the same question finds in the list."""
    query = f"select id from Leads where {where}"  # noqa: S608 - a test's own

    found = {lead["id"] for lead in client.coql(query, **values)}

    listed = client.module("Leads").list(params={"converted": "both"})
    assert found == {lead.id for lead in listed if test(lead)}
    assert found


def test_fields_of_other_modules_are_reached(client: Client) -> None:
    """A dot leads through a lookup, in what is selected and in a condition."""
    account = next(client.module("Accounts").list(fields=["Account_Name"]))

    rows = client.coql(
        "select id, Account_Name.Account_Name from Contacts where Account_Name.Account_Name = :name",
        name=account["Account_Name"],
    )

    found = {row["id"]: row["Account_Name.Account_Name"] for row in rows}
    own = {
        contact.id
        for contact in client.module("Contacts").list()
        if isinstance(contact["Account_Name"], dict) and contact["Account_Name"]["id"] == account.id
    }
    assert set(found) == own
    assert set(found.values()) <= {account["Account_Name"]}


def test_groups_are_counted(log_in: Make) -> None:
    """v8 counts and sums groups."""
    rows = list(
        log_in(api_version="v8").coql(
            "select COUNT(id) as number, MAX(Annual_Revenue), City from Leads where id > 0 group by City"
        )
    )

    assert sum(int(str(row["number"])) for row in rows) == 532
    assert {"number", "MAX(Annual_Revenue)", "City"} == set(rows[0])


def test_nothing_found_is_empty(client: Client) -> None:
    """A query that finds nothing gives nothing and no error."""
    assert list(client.coql("select id from Leads where Last_Name = 'No such name'")) == []


@pytest.mark.parametrize(
    ("query", "values", "match"),
    [
        ("select id", {}, "select, from or a bracket"),
        ("update Leads", {}, "begin with select"),
        ("select id from Leads where (Last_Name = 'x'", {}, "bracket"),
        ("select id from Leads where City = :city", {}, "no value for :city"),
        ("select id from Leads where City = 'x'", {"city": 1}, "nothing in the query is named :city"),
        ("select id from Leads where City = :city", {"city": None}, "None"),
        ("select id from Leads where City in :city", {"city": []}, "empty"),
        ("select id from Leads where City = :city", {"city": object()}, "no form|cannot be sent"),
        ("select id from Leads where id is not null limit x", {}, "limit"),
        ("select id from Leads where City = :when", {"when": datetime(2026, 1, 1)}, "offset"),  # noqa: DTZ001 - that is what is refused
    ],
)
def test_a_query_that_cannot_be_sent(
    client: Client, query: str, values: dict[str, object], match: str
) -> None:
    """What is no query, a place without a value and a value without a form are errors before sending."""
    with pytest.raises(ApiError, match=match) as caught:
        list(client.coql(query, **values))

    assert caught.value.code == "ZCRM-API-009"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select Nothing from Leads where id is not null", "INVALID_QUERY"),
        ("select id from Nothing where id is not null", "INVALID_QUERY"),
        ("select id from Leads where Last_Name = 'a' and City = 'b' and City = 'c'", "SYNTAX_ERROR"),
        ("select id from Leads", "SYNTAX_ERROR"),
        ("select id from Leads where Annual_Revenue = 'x'", "INVALID_QUERY"),
    ],
)
def test_zoho_s_refusal_of_a_query_is_told(client: Client, query: str, code: str) -> None:
    """An error of COQL carries its code and where it is."""
    with pytest.raises(ApiError) as caught:
        list(client.coql(query))

    assert caught.value.api_code == code
    assert caught.value.details


def test_a_date_is_a_value(client: Client) -> None:
    """A day is written as COQL takes it."""
    rows = list(
        client.coql("select id, Closing_Date from Deals where Closing_Date < :day", day=date(2025, 6, 1))
    )

    assert rows
    assert all(str(row["Closing_Date"]) < "2025-06-01" for row in rows)


@pytest.mark.parametrize("name", ["query", "self", "client", "text", "values"])
def test_a_place_for_a_value_can_have_any_name(client: Client, name: str) -> None:
    """The names of values are the program's alone: none of them is taken by an argument."""
    query = f"select id from Leads where City = :{name}"  # noqa: S608 - the name of a place for a value
    rows = client.coql(query, **{name: "Nowhere"})

    assert list(rows) == []
