"""Is an answer that is about something else than was asked ever taken for the right one?"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone

import pytest

from zcrm_core import ApiError, Client, PartialFailure, TransportError
from zcrm_core.crm.batch import BatchItem
from zcrm_core.crm.record import Record
from zcrm_core.exact_json import JSON
from zcrm_simulator import Simulator

Make = Callable[..., Client]
OTHER = "4150868000000099999"
"""An id that was not asked for."""


def success(record_id: str) -> dict[str, JSON]:
    """The outcome of a record that went through."""
    return {"code": "SUCCESS", "status": "success", "message": "done", "details": {"id": record_id}}


def answers(simulator: Simulator, client: Client, path: str, body: Mapping[str, JSON]) -> None:
    """Let the next call to a path get this answer."""
    simulator.faults.add(
        f"/crm/{client.config.api_version}/{path}", kind="status", status=200, body=json.dumps(body)
    )


# -- outcomes of other records -------------------------------------------------------------------------


def test_an_update_of_another_record_is_no_success(client: Client, zcrm_simulator: Simulator) -> None:
    """An update that is answered with another id is an error, and the record stays what it was."""
    leads = client.module("Leads")
    lead = next(leads.list(fields=["City"]))
    lead_id = lead.id
    lead["City"] = "Pune"
    for records in (lead, [lead]):
        answers(zcrm_simulator, client, "Leads", {"data": [success(OTHER)]})
        with pytest.raises(TransportError, match=f"is about {OTHER}, and {lead_id} was sent") as caught:
            leads.update(records)
        assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-007", True)

    assert (lead.id, lead.changes) == (lead_id, {"City": "Pune"})
    assert leads.update(lead).ok
    assert leads.get(lead_id or "")["City"] == "Pune"


@pytest.mark.parametrize(
    "write",
    [
        lambda client, one: client.module("Leads").delete(one),
        lambda client, one: client.module("Leads").delete([one]),
        lambda client, one: client.module("Leads").mass_update([one], {"City": "Pune"}),
        lambda client, one: client.module("Leads").add_tags([one], ["hot"]),
        lambda client, one: client.module("Leads").record(one).remove_tags(["hot"]),
        lambda client, one: client.module("Leads").record(one).notes.update(one, "text"),
        lambda client, one: client.module("Leads").record(one).notes.delete(one),
        lambda client, one: client.module("Leads").record(one).attachments.delete(one),
        lambda client, one: client.notes.delete([one]),
        lambda client, one: client.module("Leads").tags.update({one: "new"}),
        lambda client, one: client.module("Leads").tags.rename(one, "new"),
        lambda client, one: client.users.update(one, {"phone": "1"}),
        lambda client, one: client.users.delete(one),
    ],
)
def test_every_write_is_about_what_was_sent(
    log_in: Make, zcrm_simulator: Simulator, write: Callable[[Client, str], object]
) -> None:
    """Whatever is changed or deleted by its id, a success of another id is no success."""
    client = log_in(api_version="v8")
    lead = next(client.module("Leads").list(fields=["City"]))
    answers(zcrm_simulator, client, "", {key: [success(OTHER)] for key in ("data", "tags", "users")})

    with pytest.raises(TransportError, match=f"is about {OTHER}"):
        write(client, lead.id or "")


def test_a_batch_with_a_foreign_outcome_tells_what_is_known(
    client: Client, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the second call's outcomes are about other records, those of the first are still told."""
    leads = client.module("Leads")
    listed = list(itertools.islice(leads.list(fields=["City"]), 150))
    for lead in listed:
        lead["City"] = "Changed"
    request, calls = client.request, 0

    def second_is_foreign(method: str, path: str, **more: object) -> object:
        nonlocal calls
        calls += method == "PUT"
        if calls == 2:
            answers(zcrm_simulator, client, "Leads", {"data": [success(OTHER)] * 50})
        return request(method, path, **more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(client, "request", second_is_foreign)
    with pytest.raises(PartialFailure) as caught:
        leads.update(listed)

    assert caught.value.result is not None
    assert [item.code for item in caught.value.result] == ["SUCCESS"] * 100 + ["NOT_KNOWN"] * 50
    assert [lead.changes == {} for lead in listed] == [True] * 100 + [False] * 50


FAILURES = {
    (200, "<html>Please log in</html>"): "NOT_KNOWN",
    (302, ""): "NOT_KNOWN",
    (500, '{"code":"INTERNAL_ERROR","status":"error"}'): "NOT_KNOWN",
    (400, '{"code":"INVALID_DATA","status":"error"}'): "NOT_SENT",
    (403, '{"code":"NO_PERMISSION","status":"error"}'): "NOT_SENT",
}
"""Answers to a call in the middle of a batch, and what is known of its records then."""


@pytest.mark.parametrize("failure", FAILURES)
def test_a_call_that_may_have_written_is_not_called_unsent(
    log_in: Make, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, failure: tuple[int, str]
) -> None:
    """Where a call's answer is lost or its server fails its records are unknown; refused, they are not."""
    client = log_in(api_version="v8")
    status, body = failure
    request, calls = client.request, itertools.count(1)

    def second_fails(method: str, path: str, **more: object) -> object:
        if next(calls) == 2:
            zcrm_simulator.faults.add("/crm/v8/Leads", kind="status", status=status, body=body)
        return request(method, path, **more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(client, "request", second_fails)
    with pytest.raises(PartialFailure) as caught:
        client.module("Leads").create({"Last_Name": f"R {number}"} for number in range(250))

    assert caught.value.result is not None
    codes = [item.code for item in caught.value.result]
    assert codes == ["SUCCESS"] * 100 + [FAILURES[failure]] * 100 + ["NOT_SENT"] * 50


def test_a_record_without_its_id_is_not_the_one_asked_for(client: Client, zcrm_simulator: Simulator) -> None:
    """A record that is read alone has to have the id that was asked for, and to be alone."""
    lists: list[list[JSON]] = [
        [{"City": "x"}],
        [{"id": None}],
        [{"id": 5}],
        [{"id": OTHER}],
        [{"id": "7"}, {"id": "7"}],
    ]
    for rows in lists:
        answers(zcrm_simulator, client, "Leads/", {"data": rows})
        with pytest.raises(TransportError, match="with another one"):
            client.module("Leads").get("7")


def test_the_duplicate_that_a_failure_names_is_no_other_record(client: Client) -> None:
    """A failed update may name the record that has the value already; that is a failure as any other."""
    leads = client.module("Leads")
    first, second = leads.create([{"Last_Name": "A", "Email": f"{name}@x.example"} for name in "ab"])

    [item] = leads.update([{"id": second.id, "Email": "a@x.example"}])

    assert (item.ok, item.code, item.id) == (False, "DUPLICATE_DATA", first.id)


def test_success_needs_both_words() -> None:
    """A status of success with the code of a failure is none, whatever the HTTP status."""
    for code, ok in {"SUCCESS": True, "SCHEDULED": True, "INVALID_DATA": False, "": False}.items():
        assert BatchItem(0, {"status": "success", "code": code}).ok is ok
    assert not BatchItem(0, {"status": "error", "code": "SUCCESS"}).ok


# -- lists ---------------------------------------------------------------------------------------------


def test_nothing_changed_is_only_heard_where_it_was_asked(client: Client, zcrm_simulator: Simulator) -> None:
    """A 304 to a call without a condition is an error, and never an empty list or a missing record."""
    leads = client.module("Leads")
    lead = next(leads.list(fields=["City"]))
    for ask in (
        lambda: list(leads.list(fields=["City"])),
        lambda: leads.get(lead.id or ""),
        client.roles.list,
        lambda: client.request("GET", "Leads", headers={"X-If-Any": "1"}),
    ):
        zcrm_simulator.faults.add("/crm/", kind="status", status=304, body="")
        with pytest.raises(TransportError, match="nothing changed, which was not asked"):
            ask()

    later = datetime.now(timezone.utc) + timedelta(days=1)
    assert leads.get(lead.id or "", modified_since=later) is None


@pytest.mark.parametrize("count", [True, -1, "many", None, 1.5])
def test_what_is_no_count_is_an_error(client: Client, zcrm_simulator: Simulator, count: JSON) -> None:
    """Only a whole number of 0 or more is a count of records or of a tag's records."""
    leads = client.module("Leads")
    answers(zcrm_simulator, client, "Leads/actions/count", {"count": count})
    with pytest.raises(TransportError, match="holds no count"):
        leads.count()
    answers(zcrm_simulator, client, "settings/tags/", {"count": count})
    with pytest.raises(TransportError, match="holds no count"):
        leads.tags.count("7")


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one call give ten fields, as if the modules had very many."""
    monkeypatch.setattr("zcrm_core.crm.reading.MOST_FIELDS", 10)


@pytest.mark.usefixtures("narrow")
def test_more_fields_than_one_call_gives_come_together(log_in: Make) -> None:
    """Fields that take several calls are those that one call gives, for each record of the list."""
    leads = log_in(api_version="v8").module("Leads")
    names = [field.api_name or "" for field in leads.fields()]
    assert len(names) > 30

    whole = {lead.id: dict(lead) for lead in itertools.islice(leads.list(fields=names), 250)}

    for lead_id in itertools.islice(whole, 0, 250, 50):
        alone = leads.get(lead_id or "")
        assert whole[lead_id] == {name: alone[name] for name in ["id", *names]}


@pytest.mark.usefixtures("narrow")
def test_a_record_that_is_deleted_meanwhile_is_left_out(
    log_in: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that goes between two calls of a page is in no list, and the others are whole."""
    client = log_in(api_version="v8")
    leads = client.module("Leads")
    names = [field.api_name or "" for field in leads.fields()]
    [made] = leads.create({"Last_Name": "Short-lived"})
    monkeypatch.setattr(client, "request", deleting(client, made.id or ""))

    listed = list(itertools.islice(leads.list(fields=names, sort_by="Created_Time"), 100))

    assert made.id not in {lead.id for lead in listed}
    assert all(set(names) <= set(lead) for lead in listed)


def deleting(client: Client, record_id: str) -> Callable[..., object]:
    """Make calls, and delete a record after the first one."""
    request = client.request
    calls = itertools.count()

    def call(method: str, path: str, **more: object) -> object:
        answer = request(method, path, **more)  # type: ignore[arg-type]  # handed through
        if next(calls) == 0:
            request("DELETE", f"Leads/{record_id}")
        return answer

    return call


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(
    ("rows", "what"), [([{"id": OTHER, "City": "x"}], "was not asked for"), ([], "left out record")]
)
def test_parts_of_records_that_do_not_fit_are_an_error(
    log_in: Make, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, rows: list[JSON], what: str
) -> None:
    """Further fields of another record, or of none though it is there, are an error and no shorter list."""
    client = log_in(api_version="v8")
    leads = client.module("Leads")
    names = [field.api_name or "" for field in leads.fields()]
    request = client.request

    def call(method: str, path: str, **more: object) -> object:
        params = more.get("params")
        if isinstance(params, dict) and "ids" in params and names[-1] in str(params["fields"]):
            zcrm_simulator.faults.add(
                "/crm/v8/Leads",
                kind="status",
                status=200 if rows else 204,
                body=json.dumps({"data": rows}) if rows else "",
            )
        return request(method, path, **more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(client, "request", call)
    with pytest.raises(TransportError, match=f"further fields of Leads .*{what}") as caught:
        list(leads.list(fields=names))
    assert caught.value.code == "ZCRM-HTTP-007"


# -- fields that do not exist --------------------------------------------------------------------------


def test_a_field_that_is_not_there_is_told_on_reading(client: Client) -> None:
    """A misspelt field is an error of every call that reads, and names itself; system keys are no fields."""
    leads = client.module("Leads")
    lead = next(leads.list(fields=["City", "$approved"]))
    wrong = ["Last_Name", "Lst_Name"]
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    client.module("Contacts").create({"Last_Name": "A", "Account_Name": account}).raise_for_failures()
    asks: list[Callable[[], object]] = [
        lambda: next(leads.list(fields=wrong)),
        lambda: next(leads.list(params={"fields": "Last_Name, Lst_Name"})),
        lambda: next(leads.search(word="example", fields=wrong)),
        lambda: leads.get(lead.id or "", fields=wrong),
        lambda: next(account.related("Contacts").list(fields=wrong)),
    ]
    for ask in asks:
        with pytest.raises(ApiError, match="sent no field Lst_Name") as caught:
            ask()
        assert caught.value.code == "ZCRM-API-012"


def test_a_field_that_is_not_there_is_told_before_writing(client: Client, zcrm_simulator: Simulator) -> None:
    """Checked records have none but the module's fields; the fields are asked for once."""
    leads = client.module("Leads")
    rows = [{"Last_Name": "A", "$se_module": "Leads"}, {"Last_Name": "B", "Lst_Name": "C"}]

    with pytest.raises(
        ApiError, match="Record 1 has a field Lst_Name, which Leads has not; Last_Name is near"
    ):
        leads.checked(rows)
    assert leads.create(leads.checked(rows[0])).ok
    lead = next(leads.list(fields=["Last_Name", "City"]))
    lead["Citty"] = "Pune"
    with pytest.raises(ApiError, match="Citty"):
        leads.checked(lead)
    assert leads.checked(Record({"Last_Name": "A"}, leads)) == [{"Last_Name": "A"}]

    route = f"GET /crm/{client.config.api_version}/settings/fields"
    assert zcrm_simulator.counters.requests[route] == 3  # once, and again for each name that is not there


@pytest.mark.parametrize("module", ["Leads", "Quotes", "Vendors", "Events", "Price_Books", "Products"])
def test_what_zoho_sends_passes_the_check(client: Client, module: str) -> None:
    """A record as it was read has no name that its module has not."""
    records = client.module(module)
    record = next(records.list())
    whole = records.get(record.id or "")

    assert records.checked(dict(whole)) == [dict(whole)]


@pytest.mark.parametrize("details", [{}, {"job_id": ""}, {"job_id": None}])
def test_a_job_without_an_id_is_told(
    client: Client, zcrm_simulator: Simulator, details: dict[str, JSON]
) -> None:
    """A mass update whose answer names no job cannot be waited for, so that is an error at once."""
    answers(zcrm_simulator, client, "Leads/", {"data": [{**success("1"), "details": details}]})

    with pytest.raises(TransportError, match="does not name the job") as caught:
        client.module("Leads").mass_update_view("1", {"City": "Pune"})
    assert caught.value.sent
