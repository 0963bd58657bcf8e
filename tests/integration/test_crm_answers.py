"""Is an answer that does not say what was asked for an error, and not an empty or a shorter result?"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from zcrm_core import ApiError, Client, NotFound, PartialFailure, TransportError
from zcrm_core.crm.batch import BatchItem
from zcrm_core.crm.paging import Listing
from zcrm_core.crm.record import Record
from zcrm_core.crm.record_access import RecordAccess
from zcrm_simulator import Simulator

Answer = tuple[str, Callable[[Client], object]]
Make = Callable[..., Client]
LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)


def of_a_lead(client: Client) -> RecordAccess:
    """What belongs to a lead, whichever it is."""
    return client.module("Leads").record("1")


ROWS = [{"id": "1"}, {"id": "2"}]
LISTS: dict[str, Answer] = {
    "records": ("data", lambda client: list(client.module("Leads").list(fields=["City"]))),
    "search": ("data", lambda client: list(client.module("Leads").search(word="Smith"))),
    "deleted": ("data", lambda client: list(client.module("Leads").deleted())),
    "related": ("data", lambda client: list(of_a_lead(client).related("Products").list(fields=["id"]))),
    "notes": ("data", lambda client: list(client.notes.list())),
    "attachments": ("data", lambda client: list(of_a_lead(client).attachments.list())),
    "users": ("users", lambda client: list(client.users.list())),
    "coql": ("data", lambda client: list(client.coql("select id from Leads where id > 0"))),
}


@pytest.mark.parametrize("answer", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize(
    "info",
    [{}, {"info": None}, {"info": []}, {"info": {"count": 2}}, {"info": {"more_records": "false"}}],
)
def test_a_list_that_does_not_say_what_follows_is_not_whole(
    client: Client, zcrm_simulator: Simulator, answer: Answer, info: dict[str, object]
) -> None:
    """Without a word on whether more follows, a list is an error: a part must not pass for the whole."""
    key, read = answer
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps({key: ROWS, **info}))

    with pytest.raises(TransportError, match="whether more follows") as caught:
        read(client)
    assert caught.value.code == "ZCRM-HTTP-007"


def broken_off(client: Client, zoho: Simulator, status: int, *, at_first: bool = False) -> Listing[Record]:
    """Begin a list of several pages, one of which is answered without content."""
    leads = client.module("Leads").list(fields=["City"], modified_since=LONG_AGO)
    if not at_first:
        next(leads)
    zoho.faults.add("/crm/", kind="empty", status=status)
    return leads


@pytest.mark.parametrize(
    ("version", "status", "what"),
    [("v2", 304, "nothing changed"), ("v8", 304, "nothing changed"), ("v8", 204, "leads no further")],
)
def test_a_list_that_breaks_off_is_not_whole(
    log_in: Make, zcrm_simulator: Simulator, version: str, status: int, what: str
) -> None:
    """A promised page that comes without records is an error; after it the list goes on to its end."""
    client = log_in(api_version=version)
    everything = len(list(client.module("Leads").list(fields=["City"])))
    leads = broken_off(client, zcrm_simulator, status)
    seen = 1 + len(list(itertools.islice(leads, 199)))

    with pytest.raises(TransportError, match=what) as caught:
        next(leads)

    assert (caught.value.code, leads.not_modified) == ("ZCRM-HTTP-007", False)
    assert seen + len(list(leads)) == everything


def test_a_list_may_be_empty_or_unchanged_from_its_beginning(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """The first page may say that nothing changed or nothing is there; a numbered one may be gone by now."""
    for status in (204, 304):
        leads = broken_off(client, zcrm_simulator, status, at_first=True)
        assert (list(leads), leads.not_modified) == ([], status == 304)

    numbered = client.users.list()
    body = {"users": ROWS, "info": {"more_records": True}}
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps(body))
    zcrm_simulator.faults.add("/crm/", kind="empty", status=204)
    assert len(list(numbered)) == len(ROWS)


def converted(client: Client, zoho: Simulator, *outcomes: object) -> object:
    """Convert a lead, and be told this."""
    zoho.faults.add("/crm/", kind="status", status=200, body=json.dumps({"data": outcomes}))
    return of_a_lead(client).convert()


@pytest.mark.parametrize(
    "outcome",
    [
        {},
        {"details": {}},
        {"Contacts": None, "Accounts": None},
        {"Contacts": 12},
        {"message": "in progress"},
        {"status": "success", "code": "SUCCESS", "details": {}},
        {"status": "success", "code": "SUCCESS", "details": None},
        {"status": "success", "code": "SUCCESS", "Contacts": "12"},
    ],
)
def test_a_conversion_that_names_no_record_is_none(
    client: Client, zcrm_simulator: Simulator, outcome: object
) -> None:
    """An answer without the id of a new record is an error that asks to read the lead back."""
    with pytest.raises(TransportError, match="what became of the lead") as caught:
        converted(client, zcrm_simulator, outcome)
    assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-007", True)


@pytest.mark.parametrize("outcomes", [[], [{"Contacts": "12"}, {"Contacts": "13"}]])
def test_a_conversion_has_one_outcome(
    client: Client, zcrm_simulator: Simulator, outcomes: list[object]
) -> None:
    """One lead was sent, so an answer about none or two does not say what became of it."""
    with pytest.raises(TransportError, match="what became of the lead"):
        converted(client, zcrm_simulator, *outcomes)


@pytest.mark.parametrize(
    "outcome",
    [
        {"code": "DUPLICATE_DATA", "details": {"id": "7"}, "message": "there already"},
        {"status": "error", "code": "DUPLICATE_DATA", "details": {"id": "7"}},
        {"status": "success", "code": "DUPLICATE_DATA", "details": {"id": "7"}},
        {"status": None, "code": "DUPLICATE_DATA", "details": {"id": "7"}},
    ],
)
def test_a_conversion_that_is_no_success_is_refused(
    client: Client, zcrm_simulator: Simulator, outcome: object
) -> None:
    """Only a status and a code of success are one, whatever stands beside them."""
    with pytest.raises(ApiError) as caught:
        converted(client, zcrm_simulator, outcome)
    assert (caught.value.api_code, caught.value.details) == ("DUPLICATE_DATA", {"id": "7"})


JOB = {"id": "2", "state": "COMPLETED", "status": "COMPLETED", "result": {"download_url": "/crm/x"}}
MADE = {"code": "ADDED_SUCCESSFULLY", "status": "success", "message": "", "details": {}}
JOBS: dict[str, tuple[object, Callable[[Client], object]]] = {
    "read another": ({"data": [JOB]}, lambda client: client.bulk.read_job("1").status()),
    "read none": ({"data": [{**JOB, "id": None}]}, lambda client: client.bulk.read_job("1").wait(1)),
    "write another": (JOB, lambda client: client.bulk.write_job("1").status()),
    "write rows of another": (JOB, lambda client: next(client.bulk.write_job("1").rows())),
    "write none": ([], lambda client: client.bulk.write_job("1").status()),
    "write without a status": ({"id": "1"}, lambda client: client.bulk.write_job("1").status()),
    "make a reader": ({"data": [MADE]}, lambda client: client.bulk.read("Leads")),
    "make a writer": (MADE, lambda client: client.bulk.write("Leads", file_id="1")),
}


@pytest.mark.parametrize(("document", "ask"), JOBS.values(), ids=JOBS)
def test_an_answer_about_another_job_is_none(
    client: Client, zcrm_simulator: Simulator, document: object, ask: Callable[[Client], object]
) -> None:
    """An answer without a job's id, or with another one's, is neither its state nor its making."""
    zcrm_simulator.faults.add("/crm/bulk/", kind="status", status=200, body=json.dumps(document))

    with pytest.raises(TransportError, match="bulk job") as caught:
        ask(client)
    assert caught.value.code == "ZCRM-HTTP-007"


THINGS = ("users", "roles", "profiles", "modules", "fields", "layouts", "custom_views", "related_lists")
GETS: dict[str, Callable[[Client], object]] = {
    "user": lambda client: client.users.get("1"),
    "role": lambda client: client.roles.get(1),
    "profile": lambda client: client.profiles.get("1"),
    "module": lambda client: client.modules.get("Leads"),
    "field": lambda client: client.module("Leads").field("1"),
    "layout": lambda client: client.module("Leads").layout("1"),
    "custom view": lambda client: client.module("Leads").custom_view("1"),
    "related list": lambda client: client.module("Leads").related_list("1"),
    "variable": lambda client: client.variables.get("Rate", group="General"),
    "group of variables": lambda client: client.variable_groups.get("General"),
    "tax": lambda client: client.taxes.get("1"),
}


def holding(rows: list[dict[str, object]]) -> str:
    """Write an answer that holds the same things for whoever asks."""
    named = dict.fromkeys((*THINGS, "variables", "variable_groups", "taxes"), rows)
    return json.dumps({**named, "org_taxes": {"taxes": rows}})


@pytest.mark.parametrize(("name", "get"), GETS.items(), ids=GETS)
@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "999", "api_name": "Contacts"}],
        [{"id": None, "api_name": None}],
        [{}],
        [{"id": "1"}, {"id": "1"}],
        [{"api_name": name} for name in ("Leads", "General", "Rate")],
    ],
)
def test_one_thing_is_the_one_that_was_asked_for(
    client: Client,
    zcrm_simulator: Simulator,
    name: str,
    get: Callable[[Client], object],
    rows: list[dict[str, object]],
) -> None:
    """What is read by its id or name comes alone and has it; another thing, or two of them, are an error."""
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=holding(rows))

    with pytest.raises(TransportError, match=f"Asked for the {name} .* with another one") as caught:
        get(client)
    assert caught.value.code == "ZCRM-HTTP-007"


def test_a_thing_is_known_by_its_id_or_its_name(client: Client, zcrm_simulator: Simulator) -> None:
    """An id that comes as a number is the same id, and a name is as good as one."""
    rows: list[dict[str, object]] = [{"id": 1, "api_name": "Leads"}]
    for get in (GETS["user"], GETS["role"], GETS["module"], GETS["tax"]):
        zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=holding(rows))
        assert get(client) == rows[0]
        zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=holding([]))
        with pytest.raises(NotFound):
            get(client)


WRITES: dict[str, Callable[[Client], object]] = {
    "change a variable": lambda client: client.variables.update_one("1", {"value": "2"}),
    "change variables": lambda client: client.variables.update([{"id": "1", "value": "2"}]),
    "delete a variable": lambda client: client.variables.delete(1),
    "change taxes": lambda client: client.taxes.update({"id": "1", "value": 2}),
    "delete a tax": lambda client: client.taxes.delete_one("1"),
    "link": lambda client: of_a_lead(client).related("Products").add("1"),
    "link many": lambda client: of_a_lead(client).related("Products").add_many(["1"]),
    "remove a link": lambda client: of_a_lead(client).related("Products").remove("1"),
    "sort a view": lambda client: client.module("Leads").sort_custom_view("1", "City"),
}


def told(code: str = "SUCCESS", status: str = "success", one: str = "999") -> str:
    """Write an outcome of one thing, for whoever asks."""
    outcome = {"code": code, "status": status, "message": "", "details": {"id": one}}
    return json.dumps({key: [outcome] for key in ("data", "variables", "taxes", "custom_views")})


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_of_another_thing_is_no_success(
    log_in: Make, zcrm_simulator: Simulator, write: Callable[[Client], object]
) -> None:
    """Whatever is changed, linked or deleted by its id, a success of another id may have changed that."""
    client = log_in(api_version="v2")  # since v3 one outcome, which names no tax, stands for all
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=told())

    with pytest.raises(TransportError, match="is about 999, and 1 was sent") as caught:
        write(client)
    assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-007", True)


@pytest.mark.parametrize("named", ["1", "2", None])
@pytest.mark.parametrize("version", ["v2", "v8"])
def test_a_link_is_named_by_either_end(
    log_in: Make, zcrm_simulator: Simulator, version: str, named: str | None
) -> None:
    """Zoho does not say which end of a link an outcome names, so both are right; failures still are told."""
    related = log_in(api_version=version).module("Deals").record("1").related("Contact_Roles")
    good = {"code": "SUCCESS", "status": "success", "message": "", "details": {"id": named} if named else {}}
    bad = {**good, "code": "INVALID_DATA", "status": "error"}

    for write in (related.add, related.remove):
        zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps({"data": [good]}))
        assert write("2").ok
    zcrm_simulator.faults.add("/crm/", kind="status", status=207, body=json.dumps({"data": [good, bad]}))
    assert [item.ok for item in related.add_many(["2", "3"])] == [True, False]


@pytest.mark.parametrize("module", ["Leads", "1"])
def test_a_change_of_another_module_is_no_success(
    client: Client, zcrm_simulator: Simulator, module: str
) -> None:
    """A module is named by its API name or its id, and an outcome that names another one is an error."""
    for details, other in (({"id": "999"}, module == "1"), ({"api_name": "Deals"}, module == "Leads")):
        outcome = {"code": "SUCCESS", "status": "success", "message": "", "details": details}
        zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps({"modules": [outcome]}))
        if other:
            with pytest.raises(TransportError, match=f"and {module} was sent"):
                client.modules.update(module, {"per_page": 10})
        else:
            assert client.modules.update(module, {"per_page": 10}).ok


def test_new_things_and_named_ones_have_any_id(log_in: Make, zcrm_simulator: Simulator) -> None:
    """The outcome of a new thing, or of one that was named, has an id that nobody knew."""
    client = log_in(api_version="v2")
    writes: list[Callable[[], BatchItem]] = [
        lambda: client.variables.create({"name": "Rate"})[0],
        lambda: client.taxes.create({"name": "Vat"})[0],
        lambda: client.variables.update_one("Rate", {"value": "2"}),
        lambda: client.variables.delete("Rate"),
    ]
    for write in writes:
        zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=told())
        assert write().id == "999"


VIEWS = {"custom_views": [{"id": "1"}]}
NO_VIEWS: list[object] = [[], "x", {}, None, {"custom_views": {}}, {"info": {"translation": {}}}]
NO_NAMES: list[object] = [[], "x", {"translation": []}, {"translation": "x"}]


@pytest.mark.parametrize("document", NO_VIEWS + [{**VIEWS, "info": info} for info in NO_NAMES])
def test_categories_are_told_by_a_list_of_views(
    client: Client, zcrm_simulator: Simulator, document: object
) -> None:
    """An answer that is no list of custom views, or names categories in another form, is an error."""
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps(document))

    with pytest.raises(TransportError) as caught:
        client.module("Leads").custom_view_categories()
    assert caught.value.code == "ZCRM-HTTP-007"


def test_a_list_of_views_may_name_no_categories(client: Client, zcrm_simulator: Simulator) -> None:
    """No content and views without names of categories are none; no body at all is no answer."""
    leads = client.module("Leads")
    for document in (VIEWS, {**VIEWS, "info": {}}, {"custom_views": [], "info": {"translation": None}}):
        zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps(document))
        assert leads.custom_view_categories() == {}
    zcrm_simulator.faults.add("/crm/", kind="empty", status=204)
    assert leads.custom_view_categories() == {}
    zcrm_simulator.faults.add("/crm/", kind="empty", status=200)
    with pytest.raises(TransportError):
        leads.custom_view_categories()


SENT: dict[str, Callable[[Client], object]] = {
    "create": lambda client: client.module("Leads").create({"Last_Name": "A"}),
    "delete": lambda client: client.module("Leads").delete("1"),
    "link": lambda client: of_a_lead(client).related("Products").add("1"),
    "change a tax": lambda client: client.taxes.update({"id": "1", "value": 2}),
}


@pytest.mark.parametrize("write", SENT.values(), ids=SENT)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("outcome", ["SUCCESS", "INVALID_DATA"])
def test_a_server_that_failed_did_nothing_that_counts(
    log_in: Make, zcrm_simulator: Simulator, write: Callable[[Client], object], status: int, outcome: str
) -> None:
    """A status of 500 and above is the server's failure, whatever outcomes stand in its answer."""
    client = log_in(api_version="v2")
    body = told(outcome, "success" if outcome == "SUCCESS" else "error", "1")
    zcrm_simulator.faults.add("/crm/", kind="status", status=status, body=body)

    with pytest.raises(ApiError) as caught:
        write(client)
    assert (caught.value.code, caught.value.status, caught.value.retryable) == ("ZCRM-API-008", status, True)


@pytest.mark.parametrize("write", SENT.values(), ids=SENT)
@pytest.mark.parametrize("status", [401, 403, 404, 409, 413, 422])
def test_a_refused_call_with_a_success_contradicts_itself(
    log_in: Make, zcrm_simulator: Simulator, write: Callable[[Client], object], status: int
) -> None:
    """A call that was refused as a whole did not write a record, or it was not refused: nobody knows."""
    client = log_in(api_version="v2")
    zcrm_simulator.faults.add("/crm/", kind="status", status=status, body=told(one="1"))

    with pytest.raises(TransportError, match=f"refuses the whole call .{status}.") as caught:
        write(client)
    assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-007", True)


@pytest.mark.parametrize("status", [503, 403])
def test_a_batch_does_not_know_what_such_a_call_wrote(
    client: Client, zcrm_simulator: Simulator, status: int
) -> None:
    """The records of a later call that failed, or contradicts itself, are unknown, and not written."""
    good = {"code": "SUCCESS", "status": "success", "message": "", "details": {}}
    for each in (200, status):
        body = json.dumps({"data": [{**good, "details": {"id": str(number)}} for number in range(100)]})
        zcrm_simulator.faults.add("/crm/", kind="status", status=each, body=body)

    with pytest.raises(PartialFailure) as caught:
        client.module("Leads").create([{"Last_Name": "A"}] * 250)

    assert caught.value.result is not None
    told_of = [item.code for item in caught.value.result]
    assert told_of == ["SUCCESS"] * 100 + ["NOT_KNOWN"] * 100 + ["NOT_SENT"] * 50


@pytest.mark.parametrize("status", [207, 400, 412])
def test_outcomes_may_be_mixed(client: Client, zcrm_simulator: Simulator, status: int) -> None:
    """Where single records are refused the others of the same call may have gone through."""
    outcomes = [json.loads(told())["data"][0], json.loads(told("ALREADY_MODIFIED", "error"))["data"][0]]
    zcrm_simulator.faults.add("/crm/", kind="status", status=status, body=json.dumps({"data": outcomes}))

    result = client.module("Leads").create([{"Last_Name": "A"}] * 2)

    assert [item.ok for item in result] == [True, False]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412])
def test_refusals_of_single_records_are_told_of_each(
    client: Client, zcrm_simulator: Simulator, status: int
) -> None:
    """Outcomes that all are errors are those of the records, whatever the refusal's status."""
    body = told("NO_PERMISSION", "error")
    zcrm_simulator.faults.add("/crm/", kind="status", status=status, body=body)

    [item] = client.module("Leads").create({"Last_Name": "A"})

    assert (item.ok, item.code) == (False, "NO_PERMISSION")
