"""Does a server that answers strangely, or a program that calls strangely, get more than one clear error?"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator

import pytest

from zcrm_core import ApiError, Client, PartialFailure, TransportError
from zcrm_core.crm.record_access import RecordAccess
from zcrm_core.crm.records import ModuleClient
from zcrm_simulator import Simulator

Make = Callable[..., Client]


def leads_of(client: Client) -> ModuleClient:
    """The leads."""
    return client.module("Leads")


def lead_of(client: Client) -> RecordAccess:
    """What belongs to a lead, whichever it is."""
    return leads_of(client).record("1")


WRITES: dict[str, Callable[[Client], object]] = {
    "create": lambda client: leads_of(client).create({"Last_Name": "A"}),
    "update": lambda client: leads_of(client).update([{"id": "1", "City": "A"}]),
    "update one": lambda client: leads_of(client).update({"id": "1", "City": "A"}),
    "upsert": lambda client: leads_of(client).upsert({"Last_Name": "A"}),
    "delete": lambda client: leads_of(client).delete(["1"]),
    "delete one": lambda client: leads_of(client).delete("1"),
    "mass update": lambda client: leads_of(client).mass_update(["1"], {"City": "A"}),
    "mass update of a view": lambda client: leads_of(client).mass_update_view("1", {"City": "A"}),
    "tags": lambda client: leads_of(client).add_tags(["1"], ["hot"]),
    "tags of one": lambda client: lead_of(client).remove_tags(["hot"]),
    "convert": lambda client: lead_of(client).convert(),
    "note": lambda client: lead_of(client).notes.create("text"),
    "notes": lambda client: client.notes.create("Leads", "1", "text"),
    "change a note": lambda client: lead_of(client).notes.update("1", "text"),
    "attach": lambda client: lead_of(client).attachments.upload(b"x", name="a.txt"),
    "remove a file": lambda client: lead_of(client).attachments.delete("1"),
    "photo": lambda client: lead_of(client).photo.upload(b"x", name="a.png"),
    "remove the photo": lambda client: lead_of(client).photo.delete(),
    "blueprint": lambda client: lead_of(client).blueprint.advance("1"),
    "link": lambda client: lead_of(client).related("Products").add("1"),
    "links": lambda client: lead_of(client).related("Products").add_many(["1"]),
    "remove a link": lambda client: lead_of(client).related("Products").remove("1"),
    "tag": lambda client: leads_of(client).tags.create("hot"),
    "merge tags": lambda client: leads_of(client).tags.merge("1", "2"),
    "sort a view": lambda client: leads_of(client).sort_custom_view("1", "City"),
    "set up a module": lambda client: client.modules.update("Leads", {"per_page": 10}),
    "user": lambda client: client.users.update("1", {"phone": "1"}),
    "tax": lambda client: client.taxes.update({"id": "1", "value": 2}),
    "remove a tax": lambda client: client.taxes.delete_one("1"),
    "variable": lambda client: client.variables.create({"name": "Rate"}),
    "remove a variable": lambda client: client.variables.delete("1"),
    "job that reads": lambda client: client.bulk.read("Leads"),
}


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("version", ["v2", "v8"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_that_is_answered_with_nothing_is_not_known(
    log_in: Make, zcrm_simulator: Simulator, write: Callable[[Client], object], version: str, status: int
) -> None:
    """Every write tells what to do when Zoho says nothing: nobody knows whether it was done."""
    client = log_in(api_version=version)
    zcrm_simulator.faults.add("/crm/", kind="empty", status=status)

    with pytest.raises(TransportError, match=rf"answered a \w+ with nothing .{status}.*Read back") as caught:
        write(client)
    assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-007", True)


@pytest.mark.parametrize("version", ["v2", "v8"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_that_is_answered_with_something_else_may_have_happened(
    log_in: Make, zcrm_simulator: Simulator, write: Callable[[Client], object], version: str
) -> None:
    """Where the answer is none to this call the error says that the request was sent, and what to do."""
    client = log_in(api_version=version)
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body='{"other": 1}')

    with pytest.raises(TransportError, match=r"[Rr]ead|Look at the jobs") as caught:
        write(client)
    assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-007", True)


def test_a_batch_in_which_one_call_is_answered_with_nothing(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """The records of that call are unknown, those before it are told, and those behind it were not sent."""
    good = {"code": "SUCCESS", "status": "success", "message": "", "details": {}}
    body = json.dumps({"data": [{**good, "details": {"id": str(number)}} for number in range(100)]})
    zcrm_simulator.faults.add("/crm/", kind="status", status=201, body=body)
    zcrm_simulator.faults.add("/crm/", kind="empty", status=204)

    with pytest.raises(PartialFailure) as caught:
        leads_of(client).create([{"Last_Name": "A"}] * 250)

    assert caught.value.result is not None
    codes = [item.code for item in caught.value.result]
    assert codes == ["SUCCESS"] * 100 + ["NOT_KNOWN"] * 100 + ["NOT_SENT"] * 50
    assert "with nothing" in caught.value.result[100].message


@pytest.mark.parametrize(("lead", "circle"), [(0, 1), (0, 2), (0, 3), (1, 2), (5, 7), (2, 30)])
def test_page_tokens_that_lead_round_in_a_circle_are_an_error(
    log_in: Make, zcrm_simulator: Simulator, lead: int, circle: int
) -> None:
    """A list whose page tokens come back to an earlier page ends with an error, whatever the circle."""
    leads = leads_of(log_in(api_version="v8"))
    for number in range(4 * (lead + circle) + 8):
        place = number if number < lead else lead + (number - lead) % circle
        info = {"more_records": True, "next_page_token": f"token-{place}"}
        body = json.dumps({"data": [{"id": "1", "City": "Pune"}], "info": info})
        zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=body)

    with pytest.raises(TransportError, match="leads no further"):
        list(leads.list(fields=["City"]))


@pytest.mark.parametrize("version", ["v2", "v8"])
def test_an_empty_page_that_promises_more_is_told_at_once(
    log_in: Make, zcrm_simulator: Simulator, version: str
) -> None:
    """A page without records that says that there are more leads nowhere, by numbers and by tokens."""
    client = log_in(api_version=version)
    for number in range(5):
        info = {"more_records": True, "next_page_token": f"token-{number}"}
        body = json.dumps({"data": [], "info": info})
        zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=body)

    with pytest.raises(TransportError, match="leads no further"):
        list(leads_of(client).list(fields=["City"]))
    assert len(zcrm_simulator.faults.pending()) == 4


def test_a_page_token_that_leads_to_itself_is_told_at_once(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A page that leads to itself, in the middle of a list too, is asked for once and not again and again."""
    leads = leads_of(log_in(api_version="v8"))
    for number in range(20):
        info = {"more_records": True, "next_page_token": f"token-{min(number, 5)}"}
        body = json.dumps({"data": [{"id": "1", "City": "Pune"}], "info": info})
        zcrm_simulator.faults.add("/crm/v8/Leads", kind="status", status=200, body=body)
    before = len(zcrm_simulator.requests)

    with pytest.raises(TransportError, match="leads no further"):
        list(leads.list(fields=["City"]))
    assert len(zcrm_simulator.requests) - before == 7


def test_ctrl_c_in_a_long_update_lets_the_records_know(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records of the calls before it count as sent, the others do not; each outcome has its place."""
    listed = list(itertools.islice(leads_of(client).list(fields=["City"]), 151))
    for lead in listed[1:]:
        lead["City"] = "Changed"
    request, calls = client.request, itertools.count(1)

    def interrupted(method: str, path: str, **more: object) -> object:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return request(method, path, **more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(client, "request", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        leads_of(client).update(listed)

    failure = caught.value.__cause__
    assert isinstance(failure, PartialFailure)
    assert failure.result is not None
    codes = [item.code for item in failure.result]
    assert codes == ["NOTHING_TO_SEND"] + ["SUCCESS"] * 100 + ["NOT_KNOWN"] * 50
    assert [bool(lead.changes) for lead in listed] == [False] * 101 + [True] * 50


def test_what_a_failed_job_says_is_one_line(client: Client, zcrm_simulator: Simulator) -> None:
    """A job's message is shown without what steers a terminal and without a token."""
    token = "1000." + "ab" * 16 + "." + "cd" * 16
    status = {"id": "1", "status": "FAILED", "resource": [{"message": f"a\n\x1b[31mb {token}"}]}
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps(status))

    with pytest.raises(ApiError, match=r"Zoho says: a \\x1b\[31mb \*+\.") as caught:
        client.bulk.write_job("1").wait()
    assert token not in str(caught.value)


@pytest.mark.parametrize("broken", ["raises", "holds no record"])
def test_records_that_break_off_while_they_are_made_send_nothing(
    client: Client, zcrm_simulator: Simulator, broken: str
) -> None:
    """Where the 151st of 250 records cannot be made or sent, none of those before it is written."""

    def rows() -> Iterator[dict[str, object]]:
        for number in range(250):
            if number == 150 and broken == "raises":
                raise LookupError("no further row")
            yield {"Last_Name": object() if number == 150 else "A"}

    before = len(zcrm_simulator.requests)
    for write in (leads_of(client).create, leads_of(client).upsert):
        with pytest.raises((LookupError, ApiError), match=r"no further row|record 150\.Last_Name"):
            write(rows())
    assert len(zcrm_simulator.requests) == before


def test_no_call_asks_for_more_than_fifty_fields(log_in: Make, zcrm_simulator: Simulator) -> None:
    """Many fields are asked for fifty at a time, as Zoho gives them from v3 on, and come as one record."""
    leads = leads_of(log_in(api_version="v8"))
    names = [f"Field_{number}" for number in range(120)]
    for part in (names[:50], names[50:100], names[100:]):
        rows = [{"id": "1", **dict.fromkeys(part, "x")}]
        body = json.dumps({"data": rows, "info": {"more_records": False}})
        zcrm_simulator.faults.add("/crm/v8/Leads", kind="status", status=200, body=body)
    before = len(zcrm_simulator.requests)

    [lead] = leads.list(fields=names)

    asked = [str(call.query["fields"]).count(",") + 1 for call in zcrm_simulator.requests[before:]]
    assert asked == [50, 50, 20]
    assert set(lead) == {"id", *names}


def test_a_list_of_chosen_records_takes_a_hundred(client: Client, zcrm_simulator: Simulator) -> None:
    """No ids and more ids than one call takes are told before anything is sent; a hundred are sent."""
    before = len(zcrm_simulator.requests)
    for count in (0, 101):
        with pytest.raises(ApiError, match=f"{count} ids are given for one call"):
            list(leads_of(client).list(fields=["City"], ids=map(str, range(count))))
    assert len(zcrm_simulator.requests) == before
    assert list(leads_of(client).list(fields=["City"], ids=map(str, range(1, 101)))) == []


@pytest.mark.parametrize("given", [{}, {"id": None}, {"id": ""}, {"id": 0}])
def test_an_update_names_the_record_that_has_no_id(
    client: Client, zcrm_simulator: Simulator, given: dict[str, object]
) -> None:
    """A record without its id is told by its place, and none of those beside it is sent."""
    before = len(zcrm_simulator.requests)
    with pytest.raises(ApiError, match="Record 1 of the update has no id") as caught:
        leads_of(client).update([{"id": "1", "City": "Pune"}, {"City": "Pune", **given}])
    assert caught.value.code == "ZCRM-API-009"
    assert len(zcrm_simulator.requests) == before
