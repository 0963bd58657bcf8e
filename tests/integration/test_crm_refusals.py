"""Is a call that cannot be meant refused before anything is sent, and by the simulator as well?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from zcrm_core import ApiError, Client, NotFound, PartialFailure, TransportError
from zcrm_core.crm.criteria import Criteria, F
from zcrm_simulator import Simulator

Make = Callable[..., Client]
Call = Callable[[Client], object]
ONE = {"City": "Pune"}


def refused(client: Client, simulator: Simulator, call: Call) -> ApiError:
    """Make a call that is refused before anything is sent, and give the error."""
    before = len(simulator.requests)
    with pytest.raises(ApiError) as caught:
        call(client)
    assert caught.value.code == "ZCRM-API-009"
    assert len(simulator.requests) == before
    return caught.value


# -- one mapping -----------------------------------------------------------------------------------------

ONE_MAPPING: dict[str, Callable[[Client, Any], object]] = {
    "mass update": lambda client, given: client.module("Leads").mass_update(["1"], given),
    "mass update of a view": lambda client, given: client.module("Leads").mass_update_view("1", given),
    "the user": lambda client, given: client.users.create(given),
    "changes of a user": lambda client, given: client.users.update("1", given),
    "settings of a module": lambda client, given: client.modules.update("Leads", given),
    "variable": lambda client, given: client.variables.update_one("1", given),
}


@pytest.mark.parametrize("given", [[ONE, {"State": "X"}], [ONE], [], (), None, 5, "City"])
@pytest.mark.parametrize("call", ONE_MAPPING.values(), ids=ONE_MAPPING)
def test_one_mapping_is_one_mapping(
    client: Client, zcrm_simulator: Simulator, call: Callable[[Client, Any], object], given: object
) -> None:
    """Where one mapping is due, several would lose all but one, and nothing else can be meant."""
    refused(client, zcrm_simulator, lambda client: call(client, given))


@pytest.mark.parametrize("given", [[ONE], [{}, {}], [], (), 5, 0, "City", ""])
@pytest.mark.parametrize(
    "call",
    [
        lambda record, given: record.blueprint.advance("1", given),
        lambda record, given: record.related("Products").add("1", given),
    ],
)
def test_a_mapping_that_may_be_left_out_is_one(
    client: Client, zcrm_simulator: Simulator, call: Callable[[Any, Any], object], given: object
) -> None:
    """Nothing may be passed, and nothing but a mapping instead."""
    refused(client, zcrm_simulator, lambda client: call(client.module("Leads").record("1"), given))


# -- lists, texts, names and times -----------------------------------------------------------------------

# What is ignored below is wrong on purpose: a caller without a type checker passes it.
WRONG: dict[str, Call] = {
    "fields of a list": lambda client: client.module("Leads").list(fields=5),  # type: ignore[arg-type]
    "fields of a record": lambda client: client.module("Leads").get("1", fields=5),  # type: ignore[call-overload]
    "fields of a search": lambda client: client.module("Leads").search(word="ab", fields=5),  # type: ignore[arg-type]
    "fields of related": lambda client: client.module("Leads").record("1").related("X").list(fields=5),  # type: ignore[arg-type]
    "fields of a job": lambda client: client.bulk.read("Leads", fields=5),  # type: ignore[arg-type]
    "bytes as fields": lambda client: client.bulk.read("Leads", fields=b"ab"),  # type: ignore[arg-type]
    "rows": lambda client: client.bulk.write("Leads", rows=5),  # type: ignore[arg-type]
    "a condition": lambda _: Criteria(5),  # type: ignore[arg-type]
    "bytes as values": lambda _: F.City.in_(b"ab"),
    "a record as values": lambda _: F.Owner.in_({"id": "1"}),
    "a field as criteria": lambda client: client.module("Leads").search(criteria=F.City),  # type: ignore[arg-type]
    "a list as a word": lambda client: client.module("Leads").search(word=["a"]),  # type: ignore[arg-type]
    "a condition as a word": lambda client: client.module("Leads").count(word=F.City == "a"),  # type: ignore[arg-type]
    "no criteria": lambda client: client.users.search(None),  # type: ignore[arg-type]
    "half of a character": lambda client: client.module("\ud800"),
    "half of a character in an id": lambda client: client.module("Leads").get("\ud800"),
    "a file's path": lambda client: client.module("Leads").record("1").attachments.upload("/etc/hostname\0"),
    "a file's path, too": lambda client: client.bulk.upload("\0.zip", org_id="1"),
    "a job's callback": lambda client: client.bulk.read("Leads", callback="http://a.example"),
    "a writer's callback": lambda client: client.bulk.write("Leads", [ONE], callback="http://a.example"),
    "no callback": lambda client: client.bulk.write("Leads", [ONE], callback=5),  # type: ignore[arg-type]
    "a reader's module": lambda client: client.bulk.read(""),
    "no module": lambda client: client.bulk.write(None, [ONE]),  # type: ignore[arg-type]
    "an empty module": lambda client: client.bulk.write("", [ONE]),
    "records to check": lambda client: client.module("Leads").checked([None]),  # type: ignore[list-item]
    "a text as records": lambda client: client.module("Leads").create(""),  # type: ignore[arg-type]
    "names of tags": lambda client: client.module("Leads").tags.update(None),  # type: ignore[arg-type]
    "no name of a field": lambda _: F[10**5000],  # type: ignore[index]
    "several taxes as one": lambda client: client.taxes.delete_one([]),  # type: ignore[arg-type]
    "mappings of fields": lambda client: client.bulk.write("Leads", file_id="1", field_mappings={1, 2}),  # type: ignore[arg-type]
    "a module elsewhere": lambda client: client.bulk.write("../../x", [ONE]),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_what_cannot_be_meant_is_told(client: Client, zcrm_simulator: Simulator, call: Call) -> None:
    """A value of another kind is one typed error, and nothing is sent, no archive either."""
    refused(client, zcrm_simulator, call)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 10**400, -1, "600", None, True])
@pytest.mark.parametrize(
    "wait",
    [
        lambda client, seconds: client.bulk.read_job("1").wait(seconds),
        lambda client, seconds: client.bulk.write_job("1").wait(seconds),
    ],
)
def test_a_wait_has_an_end(
    client: Client, zcrm_simulator: Simulator, wait: Callable[[Client, Any], object], seconds: object
) -> None:
    """What is no number of seconds would be waited for without end, or fail after the first question."""
    refused(client, zcrm_simulator, lambda client: wait(client, seconds))


def test_a_long_name_is_shown_by_its_beginning(client: Client, zcrm_simulator: Simulator) -> None:
    """A message does not hold a name or an id of any length."""
    for call in (lambda _: client.module("/" * 5_000), lambda _: client.module("Leads").delete("1," * 5_000)):
        assert len(str(refused(client, zcrm_simulator, call))) < 500


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "INPROGRESS"])
@pytest.mark.parametrize("result", [{}, {"result": {"download_url": 5}}, {"result": {"download_url": None}}])
def test_outcomes_that_are_nowhere_are_not_waited_for(
    client: Client, zcrm_simulator: Simulator, state: str, result: dict[str, object]
) -> None:
    """Only a job that goes on is one to wait for; one that is over and names no address is not."""
    body = json.dumps({"id": "1", "status": state, **result})
    zcrm_simulator.faults.add("/crm/bulk/", kind="status", status=200, body=body)

    with pytest.raises(TransportError if state == "COMPLETED" else NotFound) as caught:
        client.bulk.write_job("1").download()

    assert ("Wait until" in str(caught.value)) == (state == "INPROGRESS")


def test_a_related_record_says_why_its_notes_are_not_known(client: Client) -> None:
    """A record of a related list was read and has an id, and the list does not tell its module."""
    account = client.module("Accounts").create({"Account_Name": "A"})[0].id or ""
    client.module("Contacts").create({"Last_Name": "B", "Account_Name": {"id": account}}).raise_for_failures()
    record = next(client.module("Accounts").record(account).related("Contacts").list(fields=["Last_Name"]))

    with pytest.raises(ApiError, match="came from a related list"):
        _ = record.notes


# -- notes of v2 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v2", "v8"])
def test_a_note_names_the_module_of_its_record(log_in: Make, version: str) -> None:
    """A note for a lead that is none, or for a module that is not there, is not written."""
    client = log_in(api_version=version)
    lead, contact = (
        client.module(name).create({"Last_Name": "A"})[0].id or "" for name in ("Leads", "Contacts")
    )
    assert client.notes.create("Contacts", contact, "x").ok
    for module, record_id in (("Leads", contact), ("Nope", lead), ("Contacts", lead)):
        with pytest.raises(PartialFailure) as caught:
            client.notes.create(module, record_id, "x")
        assert caught.value.api_code == "INVALID_DATA"
    assert client.module("Leads").record(lead).notes.create("x").ok


# -- a conversion, which cannot be undone -----------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"deal": 5},
        {"deal": "Big"},
        {"deal": [{"Deal_Name": "Big"}]},
        {"options": {"Deals": 5}},
        {"overwrite": "no"},
        {"overwrite": 0},
        {"notify_lead_owner": "false"},
        {"notify_new_entity_owner": 1},
        {"options": {"overwrite": "no"}},
        {"account": ""},
        {"contact": True},
        {"assign_to": "a/b"},
    ],
)
def test_a_conversion_drops_nothing(
    client: Client, zcrm_simulator: Simulator, more: dict[str, object]
) -> None:
    """A deal or an id that is none, and a yes or no that is neither, convert no lead."""
    lead = client.module("Leads").create({"Last_Name": "A"})[0]
    record = client.module("Leads").record(lead.id or "")

    refused(client, zcrm_simulator, lambda _: record.convert(**more))  # type: ignore[arg-type]  # on purpose


def test_the_simulator_takes_no_deal_that_is_none(client: Client) -> None:
    """A deal that is no object is refused, and the lead stays one."""
    lead = client.module("Leads").create({"Last_Name": "A"})[0]
    for deal in (5, "x", [], [{"Deal_Name": "Big"}]):
        with pytest.raises(ApiError) as caught:
            client.request("POST", f"Leads/{lead.id}/actions/convert", json={"data": [{"Deals": deal}]})
        assert caught.value.api_code == "INVALID_DATA"
    assert client.module("Leads").record(lead.id or "").convert().contact


# -- page tokens -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "  ", 5, b"x", ["x"]])
def test_what_is_no_page_token_does_not_start_a_list_again(
    log_in: Make, zcrm_simulator: Simulator, token: str
) -> None:
    """An empty token, which is what a program has that stored none, is no beginning."""
    client = log_in(api_version="v8")
    refused(client, zcrm_simulator, lambda client: client.module("Leads").list(fields=[], page_token=token))
    refused(client, zcrm_simulator, lambda client: client.bulk.read("Leads", page_token=token))


def test_the_simulator_takes_no_empty_page_token(log_in: Make) -> None:
    """A list and a job with an empty page token are refused, and do not start from the beginning."""
    client = log_in(api_version="v8")
    query = {"module": {"api_name": "Leads"}, "page_token": ""}
    calls: list[Callable[[], object]] = [
        lambda: client.request("GET", "Leads", params={"fields": "City", "page_token": ""}),
        lambda: client.request("POST", "/crm/bulk/v8/read", json={"query": query}),
    ]
    for call in calls:
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.api_code == "INVALID_DATA"


@pytest.mark.parametrize("status", [204, 304])
def test_a_page_that_its_token_leads_to_is_there(
    log_in: Make, zcrm_simulator: Simulator, status: int
) -> None:
    """A resumed list whose first page comes without records is no whole list; it goes on afterwards."""
    leads = log_in(api_version="v8").module("Leads")
    since = datetime(2000, 1, 1, tzinfo=timezone.utc)
    first = leads.list(fields=["City"], modified_since=since)
    next(first)
    resumed = leads.list(fields=["City"], modified_since=since, page_token=first.page_token)
    zcrm_simulator.faults.add("/crm/", kind="empty", status=status)

    with pytest.raises(TransportError) as caught:
        list(resumed)

    assert (caught.value.code, resumed.not_modified) == ("ZCRM-HTTP-007", False)
    assert len(list(resumed)) > 0


@pytest.mark.parametrize("info", [{}, {"next_page_token": None}, {"next_page_token": ""}])
def test_a_resumed_list_names_what_is_missing(
    log_in: Make, zcrm_simulator: Simulator, info: dict[str, object]
) -> None:
    """A first page that says there is more and gives no token is told as that."""
    leads = log_in(api_version="v8").module("Leads")
    first = leads.list(fields=["City"])
    next(first)
    body = {"data": [{"id": "1", "City": "Pune"}], "info": {"more_records": True, **info}}
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps(body))

    with pytest.raises(TransportError, match="gives no token for it"):
        list(leads.list(fields=["City"], page_token=first.page_token))
