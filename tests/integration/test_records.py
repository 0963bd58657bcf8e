"""Are records read, written and counted as Zoho means it, with v2 and with v8?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from zcrm_core import ApiError, Client, NotFound, PartialFailure, RateLimited, TransportError
from zcrm_core.crm.records import ModuleClient
from zcrm_simulator import Limits, Simulator, Switches

Make = Callable[..., Client]


def test_all_pages_come_in_order_and_once(client: Client) -> None:
    """Listing 520 leads gives each once, newest id first as Zoho sorts them, and as many as Zoho counts."""
    leads = client.module("Leads")

    ids = [lead.id for lead in leads.list()]

    assert 520 == len(ids) == len(set(ids)) == leads.count()


def test_pages_are_fetched_as_they_are_needed(client: Client, zcrm_simulator: Simulator) -> None:
    """Looking at the first record fetches one page, not all of them."""
    next(client.module("Leads").list(fields=["Last_Name"]))

    route = f"GET /crm/{client.config.api_version}/Leads"
    assert zcrm_simulator.counters.requests[route] == 1


def test_a_list_longer_than_numbers_reach_is_read_by_tokens(log_in: Make, zcrm_simulator: Simulator) -> None:
    """Numbered pages stop at 2,000 records; v8's page tokens lead past that without a word."""
    zcrm_simulator.limits = Limits(numbered_records=200)

    assert len(list(log_in(api_version="v8").module("Leads").list(fields=["Last_Name"]))) == 520


def test_a_list_that_zoho_cuts_off_is_an_error(log_in: Make, zcrm_simulator: Simulator) -> None:
    """When Zoho refuses a page in the middle the list raises instead of ending early."""
    zcrm_simulator.limits = Limits(numbered_records=200)
    zcrm_simulator.switches = Switches(numbered_limit_v2=True)
    leads = log_in(api_version="v2").module("Leads").list()

    with pytest.raises(ApiError, match="DISCRETE_PAGINATION_LIMIT_EXCEEDED"):
        list(leads)


def test_v8_gives_every_field_without_naming_one(
    log_in: Make, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """v8 sends 50 fields at most; parts joined are the same records, converted ones too."""
    leads = log_in(api_version="v8").module("Leads")
    whole = {lead.id: dict(lead) for lead in leads.list(params={"converted": "both"})}
    zcrm_simulator.limits = Limits(fields=10)
    monkeypatch.setattr("zcrm_core.crm.reading.MOST_FIELDS", 10)
    parts = {lead.id: dict(lead) for lead in leads.list(params={"converted": "both"})}

    assert len(parts) == 532
    assert whole == parts


def test_one_record_is_found_by_its_id(client: Client) -> None:
    """A record's details hold what was listed, with its owner and its times ready to use."""
    listed = next(client.module("Leads").list(fields=["Last_Name", "Company"]))
    assert listed.id is not None

    lead = client.module("Leads").get(listed.id)

    assert listed["Last_Name"] == lead["Last_Name"]
    assert lead.owner is not None
    assert lead.owner.email
    assert lead.created_time is not None
    assert lead.created_time.tzinfo is not None


@pytest.mark.parametrize("wrong", ["4150868000000999999", 4150868000000999999])
def test_a_record_that_is_not_there_is_not_found(wrong: str | int, client: Client) -> None:
    """An id that nobody has is NotFound, as a text and as a number."""
    with pytest.raises(NotFound, match="4150868000000999999"):
        client.module("Leads").get(wrong)


@pytest.mark.parametrize("part", ["", " ", ".", "..", "Leads/deleted", "a\\b"])
def test_a_part_of_a_path_cannot_lead_elsewhere(part: str, client: Client, zcrm_simulator: Simulator) -> None:
    """An empty or relative id or module name is refused before anything is sent."""
    before = sum(zcrm_simulator.counters.requests.values())

    with pytest.raises(ApiError, match="ZCRM-API-009"):
        client.module("Leads").get(part)
    with pytest.raises(ApiError, match="ZCRM-API-009"):
        client.module(part)

    assert before == sum(zcrm_simulator.counters.requests.values())


@pytest.mark.parametrize("name", ["leads", "Nonsense", "Leads?x=1", "Lea ds", "Ünïcode"])
def test_a_module_that_is_not_there_is_an_error(name: str, client: Client) -> None:
    """A wrong module name, or one that tries to be more than a name, is NotFound."""
    with pytest.raises(NotFound):
        list(client.module(name).list(fields=["Last_Name"]))


def test_only_changed_records_are_listed(client: Client) -> None:
    """modified_since gives what changed at or after that time; nothing changed is an empty list."""
    leads = client.module("Leads")
    [item] = leads.create({"Last_Name": "New"})
    since = datetime.now(timezone.utc) - timedelta(minutes=1)

    assert [item.id] == [lead.id for lead in leads.list(fields=["Last_Name"], modified_since=since)]
    later = datetime.now(timezone.utc) + timedelta(days=1)
    assert list(leads.list(fields=["Last_Name"], modified_since=later)) == []


def test_a_time_without_an_offset_is_refused(client: Client) -> None:
    """A naive time names no moment, so it is an error and not a guess."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the point

    with pytest.raises(ApiError, match="offset"):
        client.module("Leads").list(modified_since=naive)
    with pytest.raises(ApiError, match=r"record 0\.Created"):
        client.module("Leads").create({"Last_Name": "A", "Created": naive})


def test_a_search_finds_what_the_list_holds(client: Client) -> None:
    """A search by criteria, by e-mail address and by word gives the records that the full list holds."""
    leads = client.module("Leads")
    everyone = list(leads.list(fields=["Last_Name", "Company", "Email"]))
    chosen = next(lead for lead in everyone if lead["Email"])
    company = {lead.id for lead in everyone if lead["Company"] == chosen["Company"]}

    assert company == {lead.id for lead in leads.search(criteria=f"(Company:equals:{chosen['Company']})")}
    assert chosen.id in {lead.id for lead in leads.search(email=str(chosen["Email"]))}
    assert chosen.id in {lead.id for lead in leads.search(word=str(chosen["Last_Name"]))}
    assert len(company) == leads.count(criteria=f"(Company:equals:{chosen['Company']})")


def test_a_search_that_finds_nothing_is_empty(client: Client) -> None:
    """Zoho's empty answer 204 is an empty list, not an error."""
    assert list(client.module("Leads").search(criteria="(Last_Name:equals:Nobody at all)")) == []


def test_a_search_takes_one_question(client: Client) -> None:
    """No question or two at once is an error before anything is sent; a wrong question is Zoho's error."""
    leads = client.module("Leads")

    with pytest.raises(ApiError, match="exactly one"):
        leads.search()
    with pytest.raises(ApiError, match="exactly one"):
        leads.count(word="a", phone="1")
    with pytest.raises(ApiError, match="INVALID_QUERY"):
        list(leads.search(criteria="(Nonsense"))


def test_a_batch_tells_each_record_s_outcome(client: Client) -> None:
    """Of three records the invalid one fails by itself, in its place, with the field that is at fault."""
    leads = client.module("Leads")

    result = leads.create([{"Last_Name": "One"}, {"Company": "No name"}, {"Last_Name": "Three"}])

    assert [item.ok for item in result] == [True, False, True]
    assert result[1].code == "MANDATORY_NOT_FOUND"
    assert result[1].details["api_name"] == "Last_Name"
    assert not result.ok
    assert leads.get(result[2].id or "")["Last_Name"] == "Three"
    with pytest.raises(PartialFailure, match="1 of 3") as caught:
        result.raise_for_failures()
    assert result is caught.value.result


def test_a_batch_in_which_all_fail_is_a_result_as_well(client: Client) -> None:
    """v8 answers 400 and v2 answers 202 when every record fails; both give the outcomes."""
    result = client.module("Leads").create([{"Company": "A"}, {"Company": "B"}])

    assert [item.code for item in result] == ["MANDATORY_NOT_FOUND"] * 2


def test_a_single_mapping_is_a_batch_of_one(client: Client) -> None:
    """One mapping is taken as well as a list, and values of Python's own types arrive as Zoho's."""
    leads = client.module("Leads")

    result = leads.create(
        {"Last_Name": "Typed", "Annual_Revenue": Decimal("2.5"), "No_of_Employees": 7, "Email_Opt_Out": True}
    )

    assert result.ok
    lead = leads.get(result[0].id or "")
    assert (lead["Annual_Revenue"], lead["No_of_Employees"], lead["Email_Opt_Out"]) == (2.5, 7, True)
    assert (
        client.module("Deals")
        .create({"Deal_Name": "D", "Stage": "Qualification", "Closing_Date": date(2026, 12, 31)})
        .ok
    )


def test_250_records_go_in_three_calls_and_come_back_in_order(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """A long batch is cut into calls of 100, and the outcomes are joined in the order sent."""
    leads = client.module("Leads")
    rows: list[dict[str, object]] = [{"Last_Name": f"Number {index}"} for index in range(250)]
    del rows[170]["Last_Name"]

    result = leads.create(rows)

    assert [item.index for item in result.failed] == [170]
    assert zcrm_simulator.counters.requests[f"POST /crm/{client.config.api_version}/Leads"] == 3
    assert leads.get(result[249].id or "")["Last_Name"] == "Number 249"
    deleted = leads.delete([item.id or "" for item in result.succeeded])
    assert (len(deleted), deleted.ok) == (249, True)


def test_a_batch_that_breaks_off_forgets_nothing(client: Client, zcrm_simulator: Simulator) -> None:
    """When the second of three calls breaks, the error tells what became of every record."""
    path = f"/crm/{client.config.api_version}/Leads"
    leads = client.module("Leads")
    zcrm_simulator.faults.add(path, method="POST", kind="delay", seconds=0.001)
    zcrm_simulator.faults.add(path, method="POST", kind="reset")

    with pytest.raises(PartialFailure, match="100 of 250") as caught:
        leads.create([{"Last_Name": "Many"}] * 250)

    assert caught.value.result is not None
    codes = [item.code for item in caught.value.result]
    assert codes == ["SUCCESS"] * 100 + ["NOT_KNOWN"] * 100 + ["NOT_SENT"] * 50
    assert isinstance(caught.value.__cause__, TransportError)


def test_an_update_changes_what_it_names_only(client: Client) -> None:
    """Updating one field leaves the others; an update without an id is refused before anything is sent."""
    leads = client.module("Leads")
    [item] = leads.create({"Last_Name": "Before", "Company": "Stays"})

    assert leads.update({"id": item.id, "Last_Name": "After"}).ok

    lead = leads.get(item.id or "")
    assert (lead["Last_Name"], lead["Company"]) == ("After", "Stays")
    with pytest.raises(ApiError, match="Record 1 of the update has no id"):
        leads.update([{"id": item.id, "City": "x"}, {"City": "y"}])
    assert lead["City"] == leads.get(item.id or "")["City"]


def test_an_upsert_updates_or_inserts(client: Client) -> None:
    """The same e-mail address twice makes one record; each outcome tells which it was."""
    leads = client.module("Leads")
    row = {"Last_Name": "Upsert", "Email": "upsert@example.com"}

    first, second = leads.upsert(row), leads.upsert({**row, "City": "Rome"}, duplicate_check_fields=["Email"])

    assert (first[0].action, second[0].action) == ("insert", "update")
    assert first[0].id == second[0].id
    assert leads.get(first[0].id or "")["City"] == "Rome"


def test_a_duplicate_is_refused_by_name(client: Client) -> None:
    """Creating a second lead with one e-mail address fails with Zoho's code and the field."""
    leads = client.module("Leads")
    leads.create({"Last_Name": "A", "Email": "twice@example.com"})

    [item] = leads.create({"Last_Name": "B", "Email": "twice@example.com"})

    assert (item.code, item.details["api_name"]) == ("DUPLICATE_DATA", "Email")


def test_a_deleted_record_is_gone(client: Client) -> None:
    """After a delete the record is not found, and deleting it again fails for that record only."""
    leads = client.module("Leads")
    first, second = leads.create([{"Last_Name": "A"}, {"Last_Name": "B"}])
    assert leads.delete(first.id or "").ok

    with pytest.raises(NotFound):
        leads.get(first.id or "")
    assert [item.ok for item in leads.delete([first.id or "", second.id or ""])] == [False, True]


@pytest.mark.parametrize(
    "records", [["no mapping"], [None], [{1: "x"}], [{"Last_Name": object()}], [{"a": float("nan")}]]
)
def test_a_value_that_cannot_be_sent_is_named(records: list[object], client: Client) -> None:
    """What is no record, or holds what JSON cannot, is an error that names its place; nothing is sent."""
    with pytest.raises(ApiError, match=r"[Rr]ecord 0"):
        client.module("Leads").create(records)  # type: ignore[arg-type]


def test_an_empty_batch_sends_nothing(client: Client, zcrm_simulator: Simulator) -> None:
    """Nothing to write is no call and no failure."""
    before = sum(zcrm_simulator.counters.requests.values())

    assert client.module("Leads").create([]).ok
    assert client.module("Leads").delete([]).ok
    assert before == sum(zcrm_simulator.counters.requests.values())


def test_users_the_organisation_and_modules_are_read(client: Client, zcrm_simulator: Simulator) -> None:
    """The details of one user, the list by kind, the organisation, the modules and their fields are there."""
    people = zcrm_simulator.users
    current = client.users.current()

    assert people[0].email == current.email
    assert current.role is not None
    assert people[1].email == client.users.get(people[1].id).email
    assert {user.id for user in client.users.list("ActiveUsers")} <= {user.id for user in client.users.list()}
    assert client.org.get().id
    assert {"Leads", "Contacts", "Accounts", "Deals"} <= {module.api_name for module in client.modules.list()}
    assert client.modules.get("Leads").api_name == "Leads"
    fields = {field.api_name: field for field in client.module("Leads").fields()}
    assert fields["Last_Name"].system_mandatory
    with pytest.raises(NotFound):
        client.users.get("4150868000000999999")
    with pytest.raises(NotFound):
        client.modules.get("Nonsense")


def test_a_missing_scope_is_named(zcrm_simulator: Simulator, make_client: Make) -> None:
    """A call that the token's scopes do not cover says which scope to ask for."""
    client = make_client(current_user_email="amara.okonkwo@hollowbrook.example")
    client.oauth.generate_access_token(zcrm_simulator.grant_token(["ZohoCRM.users.READ"]))

    with pytest.raises(ApiError, match=r"ZohoCRM\.org\.ALL") as caught:
        client.org.get()

    assert (caught.value.code, caught.value.status) == ("ZCRM-API-006", 401)


@pytest.mark.parametrize("kind", ["html", "empty", "truncate", "reset"])
def test_nonsense_from_the_crm_is_a_transport_error(
    kind: str, client: Client, zcrm_simulator: Simulator
) -> None:
    """A proxy's page, an empty, cut or broken answer is one clear error, and the next call works."""
    path = f"/crm/{client.config.api_version}/org"
    zcrm_simulator.faults.add(path, kind=kind)  # type: ignore[arg-type]

    with pytest.raises(TransportError):
        client.org.get()

    assert client.org.get().company_name


def test_an_unknown_code_passes_through(client: Client, zcrm_simulator: Simulator) -> None:
    """A code that zcrm has never heard of reaches the caller with its details."""
    body = '{"code":"BRAND_NEW","message":"so new","status":"error","details":{"why":"because"}}'
    zcrm_simulator.faults.add("/crm/", kind="status", status=400, body=body)

    with pytest.raises(ApiError, match="BRAND_NEW") as caught:
        client.org.get()

    assert (caught.value.api_code, caught.value.details) == ("BRAND_NEW", {"why": "because"})


def refused_list(leads: ModuleClient) -> None:
    """Sort by a field that cannot be sorted by: the whole call is refused."""
    next(leads.list(fields=["City"], sort_by="Shoe_Size"))


def refused_note(leads: ModuleClient) -> None:
    """Write a note without a text: the one thing of a call is refused."""
    leads.record(next(leads.list(fields=["City"])).id or "").notes.create("")


def refused_record(leads: ModuleClient) -> None:
    """Create two leads, one without a name: a record of a batch is refused."""
    leads.create([{"Last_Name": "A"}, {"City": "Pune"}]).raise_for_failures()


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (refused_list, "param_name: sort_by"),
        (refused_note, "api_name: Note_Content"),
        (refused_record, "number 1 with MANDATORY_NOT_FOUND: .*api_name: Last_Name"),
    ],
)
def test_an_error_names_what_zoho_names(
    client: Client, call: Callable[[ModuleClient], None], fault: str
) -> None:
    """The parameter or field that Zoho refuses is in the error's text, not in its details alone."""
    with pytest.raises(ApiError, match=fault):
        call(client.module("Leads"))


def test_an_error_stays_short_whatever_zoho_names(client: Client, zcrm_simulator: Simulator) -> None:
    """Long details are cut, objects in them named, and what says the field's name again is left out."""
    details = {
        "api_name": "City",
        "json_path": "$.data[0].City",
        "duplicate_record": {"id": "77", "owner": {"name": "Rao"}},
        "ambiguity_due_to": [{"param_name": "page"}, {"param_name": "page_token"}],
        "supported_values": ["x" * 100, 5, True, [["z"]]],
        "near": "y" * 5_000,
    }
    answer = {"code": "INVALID_DATA", "message": "no.", "status": "error", "details": details}
    zcrm_simulator.faults.add("/crm/", kind="status", status=400, body=json.dumps(answer))

    with pytest.raises(ApiError) as caught:
        client.org.get()

    said = "no (api_name: City, duplicate_record: 77, ambiguity_due_to: page or page_token, "
    assert f"{said}supported_values: {'x' * 100}" in caught.value.what
    assert len(caught.value.what) < 500
    assert caught.value.details == details


def test_too_many_calls_are_a_rate_limit(log_in: Make, zcrm_simulator: Simulator) -> None:
    """When the day's credits are used up the error says so, and may be retried later."""
    client = log_in()
    zcrm_simulator.limits = Limits(credits=0)

    with pytest.raises(RateLimited) as caught:
        client.org.get()

    assert caught.value.retryable


def test_no_error_repeats_a_secret_or_an_escape_of_the_server(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """A server that sends the token or terminal codes back does not get them into an error's text."""
    token = client.tokens.fetch()
    assert token is not None
    said = f"\x1b[31m {token.access_token}"
    answer = {"code": token.access_token, "message": said, "status": "error", "details": {"reason": said}}
    body = json.dumps(answer)
    zcrm_simulator.faults.add("/crm/", kind="status", status=400, body=body)

    with pytest.raises(ApiError) as caught:
        client.org.get()

    assert token.access_token not in str(caught.value) + str(caught.value.api_code)
    assert "\x1b" not in str(caught.value)


def test_a_list_that_leads_nowhere_ends(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A server that gives the same page token again and again is an error, not an endless list."""
    client = log_in(api_version="v8")
    body = '{"data":[{"id":"1","Last_Name":"A"}],"info":{"more_records":true,"next_page_token":"again"}}'
    zcrm_simulator.faults.add("/crm/v8/Leads", kind="status", status=200, body=body, times=5)

    with pytest.raises(TransportError, match="leads no further"):
        list(client.module("Leads").list(fields=["Last_Name"]))
