"""Do records keep what Zoho sent, send what was changed, and do all that Zoho's SDKs for v2 could?"""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from zcrm_core import ApiError, Client, NotFound, PartialFailure, TransportError, ZcrmError
from zcrm_core.crm.criteria import F
from zcrm_core.crm.record import Record
from zcrm_simulator import Simulator, Switches

Make = Callable[..., Client]
operation = pytest.mark.operation


def sent(simulator: Simulator, method: str) -> list[dict[str, object]]:
    """The JSON bodies of the calls with a method, oldest first."""
    return [
        json.loads(one.body) for one in simulator.requests if one.method == method and one.body[:1] == "{"
    ]


@operation("records.get", 'client.module("Leads").get(record_id)')
def test_a_listed_record_can_be_read_alone(client: Client) -> None:
    """What the list shows of a record is what reading it alone shows."""
    leads = client.module("Leads")
    listed = next(leads.list(sort_by="Created_Time", sort_order="asc"))
    assert listed.id is not None

    alone = leads.get(listed.id)

    assert {key: alone[key] for key in listed} == dict(listed)


def test_a_custom_view_chooses_the_records(client: Client) -> None:
    """Listing a view gives the records that it shows, and not the others."""
    leads = client.module("Leads")
    mine = next(view for view in leads.custom_views() if view.system_name == "MYVIEWS")
    me = client.users.current().id
    assert mine.id is not None

    found = list(leads.list(custom_view=mine.id, fields=["Owner"]))

    everyone = list(leads.list(fields=["Owner"]))
    own = {lead.id for lead in everyone if lead.owner is not None and lead.owner.id == me}
    assert {lead.id for lead in found} == own
    assert 0 < len(own) < len(everyone)


@operation("records.delete", 'client.module("Leads").delete(record_id)')
def test_one_record_lives_and_dies(client: Client) -> None:
    """One record is created, changed by itself and deleted, and gone afterwards."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "Ōmori", "Company": "A & B"})
    assert made.id is not None
    lead = leads.get(made.id)

    lead["Company"] = None
    assert leads.update(lead).ok
    changed = leads.get(made.id)
    assert (changed["Last_Name"], changed["Company"]) == ("Ōmori", None)

    assert leads.delete(made.id).ok
    with pytest.raises(NotFound):
        leads.get(made.id)


@operation("records.delete_many", 'client.module("Leads").delete([...])')
def test_many_records_keep_their_order(client: Client, zcrm_simulator: Simulator) -> None:
    """150 records go in two calls each time, and each outcome stands where its record stood."""
    leads = client.module("Leads")
    made = leads.create({"Last_Name": f"Row {number}"} for number in range(150))
    ids = [item.id or "" for item in made]

    changed = leads.update([{"id": each, "Company": f"C {number}"} for number, each in enumerate(ids)])
    gone = leads.delete(ids)

    assert [item.id for item in changed] == [item.id for item in gone] == ids
    assert made.ok
    assert changed.ok
    assert gone.ok
    route = f"/crm/{client.config.api_version}/Leads"
    counted = zcrm_simulator.counters.requests
    assert [counted[f"{method} {route}"] for method in ("POST", "PUT", "DELETE")] == [2, 2, 2]


def test_an_upsert_changes_or_creates(client: Client) -> None:
    """A record with a known e-mail address is changed, another one created, and each outcome says so."""
    leads = client.module("Leads")
    leads.create({"Last_Name": "Known", "Email": "known@x.example"}).raise_for_failures()

    result = leads.upsert(
        [{"Last_Name": "A", "Email": "known@x.example"}, {"Last_Name": "B", "Email": "new@x.example"}],
        duplicate_check_fields=["Email"],
    )

    assert [(item.action, item.duplicate_field) for item in result] == [("update", "Email"), ("insert", None)]


@operation("records.mass_update", 'client.module("Leads").mass_update(ids, {"City": "Pune"})')
def test_many_records_get_one_value(client: Client) -> None:
    """One value goes to many records; None empties their field."""
    leads = client.module("Leads")
    ids = [lead.id or "" for lead in itertools.islice(leads.list(fields=["City"]), 120)]

    assert leads.mass_update(ids, {"City": "Nowhere"}).ok
    assert leads.count(criteria=F.City == "Nowhere") == 120
    assert leads.mass_update(ids[:100], {"City": None}).ok
    assert {lead["City"] for lead in leads.list(fields=["City"], ids=ids[:100])} == {None}


@pytest.mark.usefixtures("fast_jobs")
def test_a_view_gets_one_value_as_a_job(client: Client) -> None:
    """A mass update of a custom view is a job that can be waited for, and tells how many it changed."""
    leads = client.module("Leads")
    mine = next(view for view in leads.custom_views() if view.system_name == "MYVIEWS")
    assert mine.id is not None

    done = leads.mass_update_view(mine.id, {"City": "Elsewhere"}).wait(30)

    assert done.state == "COMPLETED"
    assert (
        done.updated
        == done.total
        == leads.count(criteria=F.City == "Elsewhere", params={"converted": "both"})
    )


def test_a_mass_update_that_failed_is_an_error(client: Client, zcrm_simulator: Simulator) -> None:
    """FAILED is never taken for done; the error says how many records were changed all the same."""
    leads = client.module("Leads")
    job = leads.mass_update_view(leads.custom_views()[0].id or "", {"City": "Elsewhere"})
    status = {
        "Status": "FAILED",
        "Total_Count": 9,
        "Updated_Count": 4,
        "Not_Updated_Count": 0,
        "Failed_Count": 5,
    }
    route = f"/crm/{client.config.api_version}/Leads/actions/mass_update"
    zcrm_simulator.faults.add(route, kind="status", status=200, body=json.dumps({"data": [status]}))

    with pytest.raises(ApiError, match=r"failed.*changed 4 of 9"):
        job.wait(5)


@operation("records.search_word", 'client.module("Leads").search(word=...)')
@operation("records.search_phone", 'client.module("Leads").search(phone=...)')
@operation("records.search_email", 'client.module("Leads").search(email=...)')
@operation("records.search_criteria", 'client.module("Leads").search(criteria=F.City == ...)')
def test_a_record_is_found_in_every_way(client: Client) -> None:
    """A record is found by a word, its phone number, its e-mail address and criteria, and alone by all."""
    leads = client.module("Leads")
    facts = {
        "Last_Name": "Zyxwvut",
        "Phone": "+49 89 5550123",
        "Email": "zy@x.example",
        "City": "Ulm (Donau), A",
    }
    [made] = leads.create(facts)

    found = [
        [lead.id for lead in leads.search(word="Zyxwvut")],
        [lead.id for lead in leads.search(phone="+49 89 5550123")],
        [lead.id for lead in leads.search(email="zy@x.example")],
        [
            lead.id
            for lead in leads.search(criteria=(F.City == facts["City"]) & F.Last_Name.starts_with("Zy"))
        ],
    ]

    assert found == [[made.id]] * 4


@pytest.mark.parametrize(
    ("criteria", "test"),
    [
        (F.No_of_Employees.between(100, 900), lambda lead: 100 <= (lead["No_of_Employees"] or 0) <= 900),
        (F.City.in_(["Pune", "Lagos"]), lambda lead: lead["City"] in {"Pune", "Lagos"}),
        (F.Annual_Revenue >= Decimal(5000000), lambda lead: (lead["Annual_Revenue"] or 0) >= 5_000_000),
        (F.Email.is_empty(), lambda lead: lead["Email"] is None),
        ((F.City == "Lagos") | (F.City == "Pune"), lambda lead: lead["City"] in {"Lagos", "Pune"}),
        (F.Lead_Status != "Contacted", lambda lead: lead["Lead_Status"] != "Contacted"),
    ],
)
def test_criteria_mean_what_they_say(
    client: Client, criteria: object, test: Callable[[Record], bool]
) -> None:
    """Every operator of the builder finds what the same question finds in the whole list."""
    leads = client.module("Leads")

    found = {lead.id for lead in leads.search(criteria=str(criteria))}

    expected = {lead.id for lead in leads.list() if test(lead)}
    assert found == expected
    assert leads.count(criteria=str(criteria)) == len(expected)


@operation("records.deleted_all", 'client.module("Leads").deleted()')
@operation("records.deleted_recycle", 'client.module("Leads").deleted("recycle")')
@operation("records.deleted_permanent", 'client.module("Leads").deleted("permanent")')
def test_deleted_records_are_listed(client: Client, zcrm_simulator: Simulator, log_in: Make) -> None:
    """A deleted record is in the recycle bin for 60 days, and permanently deleted afterwards."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "Gone"})
    before = datetime.now(timezone.utc) - timedelta(minutes=1)
    leads.delete(made.id or "")

    [trash] = leads.deleted("recycle")
    assert (trash.id, trash.display_name, trash.type) == (made.id, "Gone", "recycle")
    assert trash.deleted_time is not None
    assert trash.deleted_time > before
    assert trash.deleted_by is not None
    assert trash.created_by is not None
    assert list(leads.deleted("permanent")) == []
    assert [one.id for one in leads.deleted(modified_since=before)] == [made.id]

    zcrm_simulator.clock.advance(61 * 86_400)
    later = log_in(api_version=client.config.api_version).module("Leads")
    assert [one.id for one in later.deleted("permanent")] == [one.id for one in later.deleted()] == [made.id]


def test_nothing_changed_is_not_nothing_there(client: Client) -> None:
    """304 says that nothing changed and 204 that nothing is there; a list tells which of the two it was."""
    leads = client.module("Leads")
    later = datetime.now(timezone.utc) + timedelta(days=1)
    [made] = leads.create({"Last_Name": "A"})
    unchanged, empty = leads.list(modified_since=later, fields=["City"]), leads.search(email="no@x.example")

    assert list(unchanged) == list(empty) == []
    assert (unchanged.not_modified, empty.not_modified) == (True, False)
    assert leads.get(made.id or "", modified_since=later) is None
    assert leads.get(made.id or "", modified_since=later - timedelta(days=9)) is not None


def test_a_list_goes_on_where_it_stopped(log_in: Make) -> None:
    """With its page token another list gives the rest, nothing twice and nothing left out."""
    leads = log_in(api_version="v8").module("Leads")
    everything = [lead.id for lead in leads.list(fields=["City"])]
    first = leads.list(fields=["City"])
    seen = [next(first).id for _ in range(200)]

    rest = [lead.id for lead in leads.list(fields=["City"], page_token=first.page_token)]

    assert seen + rest == everything


def test_a_page_token_of_another_query_is_refused(log_in: Make) -> None:
    """A token is bound to its query; v2 has none and does not start from the beginning without a word."""
    leads = log_in(api_version="v8").module("Leads")
    listing = leads.list(fields=["City"])
    next(listing)

    with pytest.raises(ApiError, match="TOKEN_BOUND_DATA_MISMATCH"):
        next(leads.list(fields=["Email"], page_token=listing.page_token))
    with pytest.raises(ApiError, match="no page tokens"):
        log_in(api_version="v2").module("Leads").list(page_token=listing.page_token)


def patient(rows: Iterator[Record]) -> tuple[list[str | None], int]:
    """Go over rows as a program does that tries again after each error: their ids, and the errors."""
    ids: list[str | None] = []
    errors = 0
    while True:
        with suppress(ZcrmError):
            for row in rows:
                ids.append(row.id)  # noqa: PERF401 - what came before an error is kept
            return ids, errors
        errors += 1


def test_a_list_goes_on_after_a_failed_call(client: Client, zcrm_simulator: Simulator) -> None:
    """After an error in the middle the next step fetches the page that failed; nothing is left out."""
    leads = client.module("Leads")
    everything = [lead.id for lead in leads.list(fields=["City"])]
    listing = leads.list(fields=["City"])
    seen = [next(listing).id for _ in range(200)]
    route = f"/crm/{client.config.api_version}/Leads"
    zcrm_simulator.faults.add(route, kind="status", status=500, times=2)

    rest, errors = patient(listing)

    assert (seen + rest, errors) == (everything, 2)


def test_a_list_of_many_fields_goes_on_after_a_failed_call(
    log_in: Make, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the call for a page's further fields fails, that page is asked for again, whole."""
    monkeypatch.setattr("zcrm_core.crm.reading.MOST_FIELDS", 20)
    leads = log_in(api_version="v8").module("Leads")
    everything = [dict(lead) for lead in leads.list()]
    listing = leads.list()
    page = json.dumps({"data": [], "info": {"more_records": False}})
    fetched = [dict(next(listing)) for _ in range(200)]
    token = listing.page_token
    zcrm_simulator.faults.add("/crm/v8/Leads", kind="delay", seconds=0.001)
    zcrm_simulator.faults.add("/crm/v8/Leads", kind="status", status=200, body=page)

    with pytest.raises(TransportError, match="left out record"):
        next(listing)

    assert listing.page_token == token
    assert fetched + [dict(lead) for lead in listing] == everything


def test_threads_share_a_list(client: Client, zcrm_simulator: Simulator) -> None:
    """Each record of a list goes to one of the threads that read it, and each page is fetched once."""
    listing = client.module("Leads").list(fields=["City"])
    before = len(zcrm_simulator.requests)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda _: [lead.id for lead in listing], range(8)))

    ids = [one for part in parts for one in part]
    assert 520 == len(ids) == len(set(ids))
    assert len(zcrm_simulator.requests) - before == 3


def test_a_query_goes_on_after_a_failed_call(
    client: Client, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an error the rows of a query go on with the call that failed, and end at its limit."""
    monkeypatch.setattr("zcrm_core.crm.versions.Version.coql_rows", property(lambda _: 100))
    query = "select id from Leads where Last_Name is not null limit 250"
    everything = [row.id for row in client.coql(query)]
    rows = client.coql(query)
    seen = [next(rows).id for _ in range(100)]
    zcrm_simulator.faults.add(f"/crm/{client.config.api_version}/coql", kind="reset")

    rest, errors = patient(rows)

    assert (seen + rest, errors) == (everything, 1)
    assert len(everything) == 250


def test_a_query_that_leads_nowhere_is_an_error(client: Client, zcrm_simulator: Simulator) -> None:
    """No rows and the word that there are more is neither the end of a query nor endless."""
    page = json.dumps({"data": [], "info": {"more_records": True}})
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=page)
    rows = client.coql("select id from Leads where Last_Name is not null limit 3")

    with pytest.raises(TransportError, match="leads no further"):
        next(rows)

    assert len(list(rows)) == 3


def test_a_list_by_tokens_goes_on_by_tokens(log_in: Make, zcrm_simulator: Simulator) -> None:
    """A page that came by a token and names none for what follows is an error; numbers would begin again."""
    leads = log_in(api_version="v8").module("Leads")
    listing = leads.list(fields=["City"])
    for _ in range(200):
        next(listing)
    page = {"data": [{"id": "1", "City": "Pune"}], "info": {"more_records": True}}
    zcrm_simulator.faults.add("/crm/v8/Leads", kind="status", status=200, body=json.dumps(page))

    with pytest.raises(TransportError, match="gives no token for it"):
        next(listing)

    assert len(list(listing)) == 320


# -- what changed, and nothing else --------------------------------------------------------------------


def test_a_record_stays_the_one_that_was_read(client: Client, zcrm_simulator: Simulator) -> None:
    """Another id is refused when it is set, so that no update is lost or written to another record."""
    leads = client.module("Leads")
    lead, other = itertools.islice(leads.list(), 2)
    assert other.id is not None
    lead["id"] = lead.id

    with pytest.raises(ApiError, match="cannot become record"):
        lead["id"] = other.id

    lead["City"] = "Elsewhere"
    leads.update(lead).raise_for_failures()
    assert leads.get(other.id)["City"] != "Elsewhere"
    [change] = [one for body in sent(zcrm_simulator, "PUT") for one in body["data"]]  # type: ignore[attr-defined]  # a list
    assert change == {"id": lead.id, "City": "Elsewhere"}


def test_an_upsert_that_made_another_record_leaves_this_one_changed(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """Where Zoho answers with another record's id nothing of it is known to be in the one that was read."""
    leads = client.module("Leads")
    lead = next(leads.list())
    lead["City"] = "Elsewhere"
    made = {"code": "SUCCESS", "status": "success", "message": "", "action": "insert", "details": {"id": "1"}}
    route = f"/crm/{client.config.api_version}/Leads/upsert"
    zcrm_simulator.faults.add(route, kind="status", status=200, body=json.dumps({"data": [made]}))

    [item] = leads.upsert(lead)

    assert (item.ok, item.id, lead.changes) == (True, "1", {"City": "Elsewhere"})


def test_an_untouched_record_is_not_sent(client: Client, zcrm_simulator: Simulator) -> None:
    """Getting records and updating them as they are sends nothing, and is no failure."""
    leads = client.module("Leads")
    listed = list(itertools.islice(leads.list(), 3))
    for lead in listed:
        dict(lead)
        _ = lead["Owner"], lead.tags, lead.owner

    result = leads.update(listed)

    assert [(item.ok, item.code, item.id) for item in result] == [
        (True, "NOTHING_TO_SEND", lead.id) for lead in listed
    ]
    assert [one for one in zcrm_simulator.requests if one.method == "PUT"] == []


def test_only_the_changed_fields_are_sent(client: Client, zcrm_simulator: Simulator) -> None:
    """Of three records only the second was changed, so it goes alone, with its id and its change."""
    leads = client.module("Leads")
    listed = list(itertools.islice(leads.list(), 3))
    listed[1]["City"] = "Ålesund"
    listed[2]["City"] = listed[2]["City"]

    result = leads.update(listed)

    [body] = sent(zcrm_simulator, "PUT")
    assert body["data"] == [{"City": "Ålesund", "id": listed[1].id}]
    assert [item.code for item in result] == ["NOTHING_TO_SEND", "SUCCESS", "NOTHING_TO_SEND"]
    assert [item.index for item in result] == [0, 1, 2]
    assert listed[1].changes == {}
    assert leads.update(listed[1])[0].code == "NOTHING_TO_SEND"


def test_a_failed_change_stays_a_change(client: Client) -> None:
    """When Zoho refuses a record's change the record still knows it, and the field at fault is named."""
    leads = client.module("Leads")
    lead = next(leads.list())
    lead["Email"] = "no address"

    [item] = leads.update(lead)

    assert (item.ok, item.code, item.field) == (False, "INVALID_DATA", "Email")
    assert item.json_path == (None if client.config.api_version == "v2" else "$.data[0].Email")
    assert lead.changes == {"Email": "no address"}
    with pytest.raises(PartialFailure):
        leads.update(lead).raise_for_failures()


def test_other_people_s_changes_survive(client: Client) -> None:
    """Two programs that changed different fields of one record do not undo each other."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "A", "City": "Old", "State": "Old"})
    mine, yours = leads.get(made.id or ""), leads.get(made.id or "")
    mine["City"], yours["State"] = "New", "New"

    assert leads.update([mine]).ok
    assert leads.update([yours]).ok

    now = leads.get(made.id or "")
    assert (now["City"], now["State"]) == ("New", "New")


def test_what_is_inside_can_be_changed_in_place(client: Client) -> None:
    """A list or an object of a record is changed in place, and what Zoho sent is still known."""
    events = client.module("Events")
    start = datetime(2026, 5, 4, 9, 0, tzinfo=timezone(timedelta(hours=2)))
    event = {"Event_Title": "Kick-off", "Start_DateTime": start, "End_DateTime": start + timedelta(hours=1)}
    event["Participants"] = [
        {"participant": "a@x.example", "type": "email", "invited": False, "Email": "a@x.example"}
    ]
    [made] = events.create(event)
    read = events.get(made.id or "")

    [person] = read.participants
    assert (person.participant, person.type, person.email, person.invited) == (
        "a@x.example",
        "email",
        "a@x.example",
        False,
    )
    rows = read["Participants"]
    assert isinstance(rows, list)
    rows.append({"participant": "b@x.example", "type": "email"})
    assert list(read.changes) == ["Participants"]
    assert events.update(read).ok
    assert len(events.get(made.id or "").participants) == 2


@pytest.mark.parametrize("quantity", ["2.5", "0.1", "1234567.891", "3"])
def test_a_quantity_is_never_rounded(client: Client, quantity: str) -> None:
    """A quantity goes to Zoho and back, and through an update, as it is."""
    products = client.module("Products")
    [made] = products.create({"Product_Name": f"P {quantity}", "Qty_in_Stock": Decimal(quantity)})

    product = products.get(made.id or "", fields=["Qty_in_Stock"])

    assert Decimal(str(product["Qty_in_Stock"])) == Decimal(quantity)
    assert product.changes == {}


def test_subforms_and_multi_selects_survive(client: Client) -> None:
    """A subform, a multi-select, a price book's ranges and an empty field go there and back unchanged."""
    vendors, products, books = (client.module(name) for name in ("Vendors", "Products", "Price_Books"))
    branches = [
        {"Town": "Ulm", "Area": 12.5, "Open": None, "Inside": {"a": ["x", {"b": 0}]}},
        {"Town": "Bonn"},
    ]
    [vendor] = vendors.create({"Vendor_Name": "V", "Branches": branches, "Website": None})
    [product] = products.create({"Product_Name": "P", "Tax": ["Vat", "Sales Tax"]})
    [book] = books.create(
        {"Price_Book_Name": "B", "Pricing_Details": [{"from_range": 1, "to_range": 10, "discount": 2.5}]}
    )

    read = vendors.get(vendor.id or "")

    rows = read["Branches"]
    assert isinstance(rows, list)
    assert [
        {key: value for key, value in row.items() if key != "id"} for row in rows if isinstance(row, dict)
    ] == branches
    assert read["Website"] is None
    assert read.changes == {}
    assert [tax.name for tax in products.get(product.id or "").taxes] == ["Vat", "Sales Tax"]
    [price] = books.get(book.id or "").price_ranges
    assert [price.from_range, price.to_range, price.discount] == [Decimal(1), Decimal(10), Decimal("2.5")]


def test_lookups_are_written_as_things(client: Client) -> None:
    """A record, a user and a reference can be a field's value, and go there by their id."""
    accounts, contacts = client.module("Accounts"), client.module("Contacts")
    account, owner = next(accounts.list()), next(client.users.list("ActiveUsers"))

    [made] = contacts.create({"Last_Name": "A", "Account_Name": account, "Owner": owner})
    read = contacts.get(made.id or "")

    assert read["Account_Name"] == {"name": account["Account_Name"], "id": account.id}
    assert read.owner is not None
    assert read.owner.id == owner.id
    read["Account_Name"], read["Owner"] = account, owner
    assert read.changes == {"Account_Name": {"id": account.id}, "Owner": {"id": owner.id}}
    assert read.owner is not None
    assert read.owner.id == owner.id


def test_a_record_can_be_copied_and_sent_to_another_process(client: Client) -> None:
    """A copy has the same fields and changes and shares none; what was pickled belongs nowhere yet."""
    vendors = client.module("Vendors")
    [made] = vendors.create({"Vendor_Name": "V", "Branches": [{"Town": "Ulm"}]})
    vendor = vendors.get(made.id or "")
    vendor["Category"] = "new"

    deep, other = copy.deepcopy(vendor), pickle.loads(pickle.dumps(vendor))  # noqa: S301 - our own bytes

    assert dict(deep) == dict(other) == dict(vendor)
    assert deep.changes == other.changes == {"Category": "new"}
    rows = deep["Branches"]
    assert isinstance(rows, list)
    rows.clear()
    assert vendor["Branches"] != []
    assert list(deep.notes.list()) == []
    with pytest.raises(ApiError, match="belongs to no module"):
        _ = other.notes


def test_a_batch_that_breaks_off_tells_of_each_record(client: Client, zcrm_simulator: Simulator) -> None:
    """When the second call of an update fails, each record is told in its own place, untouched ones too."""
    leads = client.module("Leads")
    listed = list(itertools.islice(leads.list(), 250))
    for lead in listed[::2]:
        lead["City"] = "Changed"
    zcrm_simulator.faults.add(
        f"/crm/{client.config.api_version}/Leads", kind="status", status=500, method="PUT", times=2
    )
    with pytest.raises(ApiError):
        leads.update(listed)
    zcrm_simulator.faults.clear()
    calls = 0

    def second_fails(method: str, path: str, **more: object) -> object:
        nonlocal calls
        calls += method == "PUT"
        if calls == 2:
            raise TransportError("the line was cut")
        return request(method, path, **more)  # type: ignore[arg-type]  # handed through

    request = client.request
    client.request = second_fails  # type: ignore[method-assign, assignment]  # so that a call fails
    with pytest.raises(PartialFailure) as caught:
        leads.update(listed)

    assert caught.value.result is not None
    codes = [item.code for item in caught.value.result]
    expected = ["NOTHING_TO_SEND"] * 250
    expected[::2] = ["SUCCESS"] * 100 + ["NOT_SENT"] * 25
    assert codes == expected
    assert [lead.changes == {} for lead in listed[::2]] == [True] * 100 + [False] * 25


# -- line items ----------------------------------------------------------------------------------------


def test_line_items_are_added_changed_and_removed(client: Client) -> None:
    """Lines are added with fractions, changed one by one and removed to the last, and sums follow."""
    quotes = client.module("Quotes")
    first, second = itertools.islice(client.module("Products").list(), 2)
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    quantity = "quantity" if client.config.api_version == "v2" else "Quantity"
    made = Record({"Subject": "Offer", "Account_Name": {"id": account.id}}, quotes)
    made.line_items.add(first, Decimal("2.5"), list_price=10)
    [item] = quotes.create(made)
    item_id = item.id or ""

    quote = quotes.get(item_id)
    [line] = quote.line_items
    assert [line.quantity, line.list_price, line.total] == [Decimal("2.5"), Decimal(10), Decimal(25)]
    assert line.product is not None
    assert line.product.id == first.id
    assert quote.changes == {}

    quote.line_items.add(second.id, 1, list_price=100)
    assert quotes.update(quote).ok
    quote = quotes.get(item_id)
    assert [one.quantity for one in quote.line_items] == [Decimal("2.5"), 1]

    quote.line_items[1][quantity] = 3
    assert quotes.update(quote).ok
    quote = quotes.get(item_id)
    assert ([one.quantity for one in quote.line_items], quote["Sub_Total"]) == ([Decimal("2.5"), 3], 325)

    quote.line_items.remove(quote.line_items[0].id or "")
    assert len(quote.line_items) == 1
    assert quotes.update(quote).ok
    assert [one.quantity for one in quotes.get(item_id).line_items] == [3]
    with pytest.raises(ApiError, match="no line 1 in"):
        quote.line_items.remove("1")


def test_taxes_of_a_document_survive(client: Client) -> None:
    """The taxes of a line and of the whole document go there and back, percentages and all."""
    quotes = client.module("Quotes")
    product = next(client.module("Products").list())
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    tax = {"percentage": 7.25, "name": "Vat", "value": 1.81}
    key, line_tax = ("Product_Details", "line_tax")
    line: dict[str, object] = {"product": product, "quantity": 1, "list_price": 25, line_tax: [tax]}
    if client.config.api_version != "v2":
        key = "Quoted_Items"
        line = {"Product_Name": product, "Quantity": 1, "List_Price": 25, "Line_Tax": [tax]}
    [made] = quotes.create({"Subject": "T", "Account_Name": account, key: [line], "$line_tax": [tax]})

    quote = quotes.get(made.id or "")

    [on_line], [on_all] = quote.line_items[0].line_taxes, quote.line_taxes
    for one in (on_line, on_all):
        assert (one.name, one.percentage, one.value) == ("Vat", Decimal("7.25"), Decimal("1.81"))
    assert quote.changes == {}


# -- bad input -----------------------------------------------------------------------------------------


def test_an_id_of_another_module_is_not_found(client: Client) -> None:
    """The id of a contact is no lead, neither to read nor to write, and nothing happens to the contact."""
    contact = next(client.module("Contacts").list(fields=["Last_Name"]))
    leads = client.module("Leads")

    with pytest.raises(NotFound):
        leads.get(contact.id or "")
    [changed] = leads.update([{"id": contact.id, "Last_Name": "Wrong"}])
    [gone] = leads.delete([contact.id or ""])
    assert (changed.ok, gone.ok) == (False, False)
    assert client.module("Contacts").get(contact.id or "")["Last_Name"] == contact["Last_Name"]


def test_values_that_are_too_long_are_told(client: Client) -> None:
    """A text that is longer than its field fails alone, and the length is in its details."""
    [item, good] = client.module("Leads").create([{"Last_Name": "x" * 81}, {"Last_Name": "ok"}])

    assert (item.ok, item.code, item.details["maximum_length"]) == (False, "INVALID_DATA", 80)
    assert good.ok


def test_a_forced_single_call_of_101_records_is_refused(client: Client) -> None:
    """Where a program makes the call itself, 101 records are Zoho's error and none of them is created."""
    rows = [{"Last_Name": f"R {number}"} for number in range(101)]

    with pytest.raises(ApiError, match="LIMIT_EXCEEDED"):
        client.request("POST", "Leads", json={"data": rows})
    with pytest.raises(ApiError, match="101 ids"):
        client.module("Leads").list(ids=range(101))
    assert client.module("Leads").count() == 520


def test_success_is_told_by_the_outcome_alone(client: Client, zcrm_simulator: Simulator) -> None:
    """A 200 whose outcomes are errors is no success, of a batch and of a single call."""
    failure = {
        "code": "A_CODE_OF_TOMORROW",
        "status": "error",
        "message": "no",
        "details": {"api_name": "City"},
    }
    version = client.config.api_version
    body = json.dumps({"data": [failure]})
    zcrm_simulator.faults.add(f"/crm/{version}/Leads", kind="status", status=200, body=body, times=2)

    [item] = client.module("Leads").create({"Last_Name": "A"})
    assert (item.ok, item.code, item.field) == (False, "A_CODE_OF_TOMORROW", "City")
    with pytest.raises(ApiError) as caught:
        client.module("Leads").record("123").notes.create("x")
    assert caught.value.api_code == "A_CODE_OF_TOMORROW"
    assert caught.value.details == {"api_name": "City"}


def test_an_unknown_field_is_told_where_zoho_tells_it(client: Client, zcrm_simulator: Simulator) -> None:
    """A field that does not exist fails its record, a search and a query, each with the field's name."""
    zcrm_simulator.switches = Switches(strict_fields=True)

    [item, good] = client.module("Leads").create([{"Last_Name": "A", "Lst_Name": 1}, {"Last_Name": "B"}])

    assert (item.ok, item.field, good.ok) == (False, "Lst_Name", True)
    for search in (
        client.module("Leads").search(criteria=F.Lst_Name == "A"),
        client.coql("select Lst_Name from Leads where id > 0"),
    ):
        with pytest.raises(ApiError) as caught:
            list(search)
        assert "Lst_Name" in caught.value.details.values()


@pytest.mark.parametrize("fields", ["Last_Name", ["Last_Name,City"], [""]])
def test_fields_that_are_no_list_are_refused(client: Client, fields: list[str]) -> None:
    """A text in place of a list, and names that would be two, are errors before anything is sent."""
    with pytest.raises(ApiError, match="no list of API names"):
        client.module("Leads").list(fields=fields)


def test_an_answer_about_another_record_is_no_answer(client: Client, zcrm_simulator: Simulator) -> None:
    """When something answers with another record than was asked for, that is an error."""
    lead = next(client.module("Leads").list(fields=["Last_Name"]))
    body = json.dumps({"data": [{"id": "4150868000000000001", "Last_Name": "Other"}]})
    zcrm_simulator.faults.add(
        f"/crm/{client.config.api_version}/Leads/", kind="status", status=200, body=body
    )

    with pytest.raises(TransportError, match="another one"):
        client.module("Leads").get(lead.id or "")


def test_a_record_without_a_module_has_no_notes() -> None:
    """A record that the program made is told to belong nowhere, instead of failing somewhere."""
    with pytest.raises(ApiError, match="belongs to no module"):
        _ = Record({"Last_Name": "A"}).notes


def test_metadata_is_asked_for_once(log_in: Make, zcrm_simulator: Simulator) -> None:
    """Listing without fields costs one metadata call for each module, however often it is done."""
    client = log_in(api_version="v8")
    for _ in range(3):
        next(client.module("Leads").list())
        next(client.module("Contacts").list())

    assert zcrm_simulator.counters.requests["GET /crm/v8/settings/fields"] == 2


def test_values_without_sense_are_refused(client: Client, zcrm_simulator: Simulator) -> None:
    """A text for a list, nothing to set, and a value that holds itself are errors before sending."""
    leads = client.module("Leads")
    endless: list[object] = []
    endless.append(endless)
    before = len(zcrm_simulator.requests)

    with pytest.raises(ApiError, match="in place of a list"):
        F.City.in_("Pune")
    with pytest.raises(ApiError, match="no value to set"):
        leads.mass_update(["1"], {})
    with pytest.raises(ApiError, match="cannot be sent"):
        leads.create({"Last_Name": endless})
    with pytest.raises(ApiError, match="is no id"):
        leads.delete("1,2")
    with pytest.raises(ApiError, match="exactly one"):
        leads.search()
    assert leads.update([]).ok
    assert leads.delete([]).ok
    assert len(zcrm_simulator.requests) == before
