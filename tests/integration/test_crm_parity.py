"""Do the calls send all that Zoho's SDKs for v2 can send, where that is more than other tests need?"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from zcrm_core import Client, ZcrmError
from zcrm_core.crm.criteria import F
from zcrm_core.crm.record import Record
from zcrm_core.crm.records import ModuleClient
from zcrm_simulator import Simulator

pytestmark = pytest.mark.usefixtures("fast_jobs")
operation = pytest.mark.operation
CALLBACK = "https://www.hollowbrook.example/done"
AUTOMATION: dict[str, Any] = {"trigger": ["workflow"], "process": ["review_process"]}
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)


def everything(client: Client, name: str) -> dict[str, list[dict[str, Any]]]:
    """Two records of each of five modules, with all that Zoho's SDKs serialise on their own."""
    leads = client.module("Leads")
    start = datetime(2026, 5, 4, 9, 0, tzinfo=timezone.utc)
    product = next(client.module("Products").list(fields=["Product_Name"]))
    quotes = client.module("Quotes")
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    quote = Record({"Subject": name, "Account_Name": {"id": account.id}}, quotes)
    quote.line_items.add(product, 2.5, list_price=10)
    lead = {
        "Last_Name": name,
        "Email": f"{name.lower()}@x.example",
        "Owner": client.users.current(),
        "Layout": {"id": leads.layouts()[0].id},
        "Tag": [{"name": "hot"}],
    }
    event = {
        "Event_Title": name,
        "Start_DateTime": start,
        "End_DateTime": start + timedelta(hours=1),
        "Participants": [{"participant": "a@x.example", "type": "email"}],
    }
    book = {
        "Price_Book_Name": name,
        "Pricing_Details": [{"from_range": 1, "to_range": 10, "discount": 2.5}],
    }
    return {
        "Leads": [lead, {**lead, "Email": f"other.{name.lower()}@x.example"}],
        "Quotes": [dict(quote), {**quote, "Subject": f"Other {name}"}],
        "Events": [event, {**event, "Event_Title": f"Other {name}"}],
        "Price_Books": [book, {**book, "Price_Book_Name": f"Other {name}"}],
        "Products": [
            {"Product_Name": name, "Tax": ["Vat"]},
            {"Product_Name": f"Other {name}", "Tax": ["Vat"]},
        ],
    }


@operation("records.create", "client.module(name).create({...})")
@operation("records.update", "client.module(name).update(record)")
def test_one_record_is_written_with_everything(client: Client) -> None:
    """One record goes with owner, layout, lines, participants, price ranges, taxes, tags and automation."""
    for name, [record, _] in everything(client, "One").items():
        module = client.module(name)
        [made] = module.create(record, lar_id="1", **AUTOMATION)
        [changed] = module.update({**record, "id": made.id}, **AUTOMATION)
        assert (made.ok, changed.ok) == (True, True), (made.details, changed.details)


@operation("records.create_many", "client.module(name).create([...])")
@operation("records.update_many", "client.module(name).update([...])")
@operation("records.upsert", "client.module(name).upsert([...], duplicate_check_fields=[...])")
def test_many_records_are_written_with_everything(client: Client) -> None:
    """Many records go with the same, and an upsert with the fields that tell doubles."""
    for name, records in everything(client, "Many").items():
        module = client.module(name)
        made = module.create(records, lar_id="1", **AUTOMATION)
        known = [{**record, "id": item.id} for record, item in zip(records, made, strict=True)]
        changed = module.update(known, **AUTOMATION)
        checked = ["Email"] if name == "Leads" else ["id"]
        put = module.upsert(known, duplicate_check_fields=checked, lar_id="1", **AUTOMATION)
        for result in (made, changed, put):
            result.raise_for_failures()


@operation("records.list", 'client.module("Leads").list(sort_by=..., modified_since=...)')
@operation("custom_views.records", 'client.module("Leads").list(custom_view=view_id)')
def test_a_list_is_asked_for_with_everything(client: Client) -> None:
    """A list takes an order, a direction, a time and a view, which has an order of its own since v3."""
    leads = client.module("Leads")
    view = next(one for one in leads.custom_views() if one.system_name == "MYVIEWS")
    order: dict[str, Any] = {"sort_by": "Created_Time", "sort_order": "asc"}
    given: dict[str, Any] = {"fields": ["Created_Time"], "modified_since": LONG_AGO}

    found = list(leads.list(**order, **given))
    mine = list(
        leads.list(custom_view=view.id, **given, **(order if client.config.api_version == "v2" else {}))
    )

    times = [lead.created_time for lead in found if lead.created_time is not None]
    assert times == sorted(times)
    assert 0 < len(mine) < len(times)


@operation("records.convert", "lead.convert(deal={...}, account=..., contact=..., assign_to=...)")
def test_a_lead_is_converted_with_everything(client: Client) -> None:
    """A conversion takes an account, a contact, an owner, a deal and the three options."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "A", "Company": "B"})
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    contact = next(client.module("Contacts").list(fields=["Last_Name"]))

    new = leads.record(made.id or "").convert(
        deal={"Deal_Name": "D", "Stage": "Qualification"},
        account=account.id,
        contact=contact.id,
        assign_to=client.users.current().id,
        overwrite=True,
        notify_lead_owner=False,
        notify_new_entity_owner=False,
    )

    assert (new.account, new.contact) == (account.id, contact.id)
    assert new.deal


@operation("records.line_item_add", "quote.line_items.add(product_id, 2.5); quotes.update(quote)")
@operation("records.line_item_update", 'quote.line_items[0]["quantity"] = 3; quotes.update(quote)')
@operation("records.line_item_remove", "quote.line_items.remove(line_id); quotes.update(quote)")
def test_lines_are_written_with_their_record(client: Client) -> None:
    """Lines of a record that is there are added, changed and removed by changing the record."""
    quotes = client.module("Quotes")
    product = next(client.module("Products").list(fields=["Product_Name"]))
    [made] = quotes.create(everything(client, "Lines")["Quotes"][0])
    quantity = "quantity" if client.config.api_version == "v2" else "Quantity"

    quote = quotes.get(made.id or "")
    quote.line_items.add(product.id, 2.5, list_price=1)
    assert quotes.update(quote).ok
    quote = quotes.get(made.id or "")
    quote.line_items[0][quantity] = 3
    assert quotes.update(quote).ok
    quote = quotes.get(made.id or "")
    quote.line_items.remove(quote.line_items[1].id or "")
    assert quotes.update(quote).ok

    assert [line.quantity for line in quotes.get(made.id or "").line_items] == [3]


@operation("related.list", 'product.related("Price_Books").list(sort_by=..., sort_order=...)')
@operation("record_notes.list", "lead.notes.list(sort_by=..., sort_order=...)")
@operation("record_notes.add", "lead.notes.create_many([...])")
@operation("record_notes.add_one", "lead.notes.create(content, title)")
@operation("record_notes.update", "lead.notes.update(note_id, content, title)")
@operation("notes.list", "client.notes.list(sort_by=..., sort_order=...)")
@operation("notes.create_many", 'client.notes.create_many([("Leads", lead_id, {...}), ...])')
def test_what_belongs_to_a_record_is_asked_for_with_everything(client: Client) -> None:
    """Notes take titles as well as texts, and lists take an order and a direction."""
    product = next(client.module("Products").list(fields=["Product_Name"]))
    lead = next(client.module("Leads").list(fields=["City"]))
    order: dict[str, Any] = {"sort_by": "Modified_Time", "sort_order": "desc"}
    note = {"Note_Content": "A", "Note_Title": "B"}

    list(product.related("Price_Books").list(fields=["Price_Book_Name"], **order))
    one = lead.notes.create("Content", "Title")
    lead.notes.create_many([note, note]).raise_for_failures()
    lead.notes.update(one.id or "", "Other content", "Other title")
    client.notes.create_many([("Leads", lead.id or "", note)] * 2).raise_for_failures()

    assert len(list(lead.notes.list(**order))) == 5
    assert len(list(client.notes.list(**order))) >= 5


@operation("modules.update_settings", 'client.modules.update("Leads", {"per_page": 50, ...})')
def test_a_module_is_set_up_with_everything(client: Client) -> None:
    """A module takes its page, its card, its view, its territory and how its related lists are shown."""
    view = client.module("Leads").custom_views()[0]
    related = {"sort_by": "Created_Time", "sort_order": "asc", "fields": ["Subject"]}
    settings = {
        "per_page": 50,
        "business_card_fields": ["Email"],
        "custom_view": {"id": view.id},
        "territory": {"id": "1"},
        "related_list_properties": related,
    }

    assert client.modules.update("Leads", settings).ok


# -- people, taxes and variables -----------------------------------------------------------------------

NUMBERS = {
    "AllUsers": 9,
    "ActiveUsers": 8,
    "DeactiveUsers": 1,
    "ConfirmedUsers": 8,
    "NotConfirmedUsers": 1,
    "DeletedUsers": 0,
    "ActiveConfirmedUsers": 7,
    "AdminUsers": 2,
    "ActiveConfirmedAdmins": 2,
}


@operation("users.list_AllUsers", "client.users.list()")
@operation("users.list_ActiveUsers", 'client.users.list("ActiveUsers")')
@operation("users.list_DeactiveUsers", 'client.users.list("DeactiveUsers")')
@operation("users.list_ConfirmedUsers", 'client.users.list("ConfirmedUsers")')
@operation("users.list_NotConfirmedUsers", 'client.users.list("NotConfirmedUsers")')
@operation("users.list_DeletedUsers", 'client.users.list("DeletedUsers")')
@operation("users.list_ActiveConfirmedUsers", 'client.users.list("ActiveConfirmedUsers")')
@operation("users.list_AdminUsers", 'client.users.list("AdminUsers")')
@operation("users.list_ActiveConfirmedAdmins", 'client.users.list("ActiveConfirmedAdmins")')
@operation("users.current", "client.users.current()")
@operation("users.search", 'client.users.search(F.country == "India", type="ActiveUsers")')
def test_each_kind_of_users_is_asked_for(client: Client) -> None:
    """Each kind of users is asked for by its own name and gives as many as there are."""
    found = {kind: len(list(client.users.list(kind))) for kind in NUMBERS}

    assert found == NUMBERS
    assert client.users.current().email == client.user
    [priya] = client.users.search(F.country == "India", type="ActiveUsers")
    assert priya.full_name == "Priya Raman"


@operation("users.create", "client.users.create({...})")
@operation("users.update", "client.users.update(user_id, {...})")
def test_a_user_is_written_with_everything(client: Client) -> None:
    """A user takes every property that Zoho's SDKs send, and those that are shown come back."""
    role, profile = client.roles.list()[1], client.profiles.list()[1]
    words = (
        "country name city signature name_format language locale personal_account default_tab_group street "
        "alias state country_locale fax first_name zip decimal_separator website time_format mobile "
        "last_name time_zone phone dob date_format status"
    )
    user: dict[str, Any] = {word: f"a {word}" for word in words.split()}
    user |= {"email": "all@x.example", "role": role.id, "profile": profile.id, "Own_Field": "1"}
    user["Reporting_To"] = {"id": client.users.current().id}

    made = client.users.create(user)
    assert client.users.update(made.id or "", {**user, "city": "Pune"}).ok

    shown = client.users.get(made.id or "")
    assert (shown.city, shown.street, shown.signature) == ("Pune", "a street", "a signature")


@operation("taxes.create_many", "client.taxes.create([...])")
@operation("taxes.update_many", "client.taxes.update([...])")
@operation("taxes.delete_many", "client.taxes.delete(ids)")
@operation("taxes.delete", "client.taxes.delete_one(tax_id)")
def test_taxes_are_written_with_everything(client: Client) -> None:
    """Taxes take a name, a label, a rate and a place, many at once, and go at once and alone."""
    new = [
        {"name": name, "display_label": f"{name} label", "value": 1.5, "sequence_number": number}
        for number, name in enumerate("ABC", 10)
    ]
    client.taxes.create(new).raise_for_failures()
    ids = {tax.name: tax.id or "" for tax in client.taxes.list()}

    client.taxes.update(
        [{**tax, "id": ids[str(tax["name"])], "value": 2} for tax in new]
    ).raise_for_failures()
    changed = client.taxes.get(ids["B"])
    client.taxes.delete([ids["A"], ids["B"]]).raise_for_failures()
    client.taxes.delete_one(ids["C"])

    assert (changed.display_label, changed.value, changed.sequence_number) == ("B label", Decimal(2), 11)
    assert not {"A", "B", "C"} & {tax.name for tax in client.taxes.list()}


@operation("variables.create_many", "client.variables.create([...])")
@operation("variables.update_many", "client.variables.update([...])")
@operation("variables.update", "client.variables.update_one(variable_id, {...})")
def test_variables_are_written_with_everything(client: Client) -> None:
    """Variables take a name, a type, a value, a description and their group, by id and by name."""
    group = client.variable_groups.list()[0]
    new: list[dict[str, Any]] = [
        {
            "name": f"N {name}",
            "api_name": name,
            "type": "integer",
            "value": 1,
            "description": "D",
            "variable_group": {"id": group.id, "api_name": group.api_name},
        }
        for name in ("One", "Two")
    ]
    made = client.variables.create(new)
    made.raise_for_failures()
    known = [{**row, "id": item.id, "value": 2} for row, item in zip(new, made, strict=True)]

    client.variables.update(known).raise_for_failures()
    assert client.variables.update_one(made[0].id or "", {**known[0], "value": 3}).ok

    assert {one.api_name: one.value for one in client.variables.list()} == {"One": 3, "Two": 2}


# -- bulk jobs -----------------------------------------------------------------------------------------


@operation("bulk_read.create", 'client.bulk.read("Leads", fields=[...], criteria=..., custom_view=..., ...)')
def test_a_job_that_reads_takes_everything(client: Client) -> None:
    """A job takes fields, criteria, a view, a page, a callback and a kind of file."""
    field = {"api_name": "City"} if client.config.api_version == "v2" else {"field": {"api_name": "City"}}
    view = client.module("Leads").custom_views()[0]

    job = client.bulk.read(
        "Leads",
        fields=["City"],
        criteria={**field, "comparator": "equal", "value": "Pune"},
        custom_view=view.id,
        page=1,
        callback=CALLBACK,
    )
    calendar = client.bulk.read("Events", file_type="ics")

    job.wait(30)
    calendar.wait(30)
    assert {row["City"] for row in job.rows()} == {"Pune"}
    assert next(calendar.events())["SUMMARY"]


@operation("bulk_write.create", 'client.bulk.write("Leads", rows, operation="upsert", find_by="Email", ...)')
def test_a_job_that_writes_takes_everything(client: Client) -> None:
    """A job takes an operation, an encoding, a callback, how records are found, and its columns."""
    mappings = [
        {"api_name": "Last_Name", "index": 0, "format": "text"},
        {"api_name": "Email", "index": 1, "find_by": True},
        {"api_name": "City", "index": 2, "default_value": {"name": "Pune", "value": "Pune"}},
    ]
    rows = [{"Last_Name": "A", "Email": "bulk@x.example", "City": ""}]

    job = client.bulk.write(
        "Leads",
        rows,
        operation="upsert",
        find_by="Email",
        ignore_empty=False,
        character_encoding="UTF-8",
        callback=CALLBACK,
        field_mappings=mappings,
    )
    job.wait(30)

    [outcome] = job.rows()
    assert client.module("Leads").get(outcome["RECORD_ID"])["City"] == "Pune"


# -- what we offer beyond Zoho's SDKs ------------------------------------------------------------------

ONE, MANY = "1", ["1", "2"]
BEYOND: dict[str, tuple[Callable[[Client], object], str]] = {
    "delete one": (lambda client: leads(client).delete(ONE, wf_trigger=False), "query wf_trigger=false"),
    "delete many": (lambda client: leads(client).delete(MANY, wf_trigger=True), "query wf_trigger=true"),
    "create": (lambda client: leads(client).create({}, options={"x": 1}), "body x=1"),
    "create without": (lambda client: leads(client).create({}, trigger=[], process=[]), "body trigger=[]"),
    "update": (lambda client: leads(client).update({"id": ONE}, options={"x": 1}), "body x=1"),
    "upsert": (lambda client: leads(client).upsert({}, options={"x": 1}), "body x=1"),
    "mass update": (
        lambda client: leads(client).mass_update(MANY, {"City": "A"}, trigger=[]),
        "body trigger=[]",
    ),
    "mass update of a view": (
        lambda client: leads(client).mass_update_view(ONE, {"City": "A"}, over_write=False),
        "body over_write=false",
    ),
    "tags of many": (
        lambda client: leads(client).add_tags(MANY, ["a"], over_write=True),
        "either over_write=true",
    ),
    "tags of one": (
        lambda client: leads(client).record(ONE).add_tags(["a"], over_write=False),
        "either over_write=false",
    ),
    "convert": (lambda client: leads(client).record(ONE).convert(options={"x": 1}), "data x=1"),
    "list": (lambda client: next(leads(client).list(params={"x": "1"}, ids=MANY)), "query x=1 ids=1,2"),
    "search": (lambda client: next(leads(client).search(word="ab", params={"x": "1"})), "query x=1 word=ab"),
    "count": (lambda client: leads(client).count(email="a@b", params={"x": "1"}), "query x=1 email=a@b"),
    "related": (
        lambda client: next(
            leads(client).record(ONE).related("Products").list(fields=["id"], params={"x": "1"})
        ),
        "query x=1 fields=id",
    ),
    "deleted": (
        lambda client: next(leads(client).deleted(modified_since=LONG_AGO)),
        "header If-Modified-Since=2020-01-01T00:00:00+00:00",
    ),
    "get": (
        lambda client: leads(client).get(ONE, fields=["City"], modified_since=LONG_AGO),
        "header If-Modified-Since=2020-01-01T00:00:00+00:00",
    ),
    "users": (
        lambda client: next(client.users.list(modified_since=LONG_AGO)),
        "header If-Modified-Since=2020-01-01T00:00:00+00:00",
    ),
    "variables": (lambda client: client.variables.list(group="G"), "query group=G"),
    "attach a link": (
        lambda client: leads(client).record(ONE).attachments.link("https://x.example", title="T"),
        "form title=T",
    ),
    "read": (lambda client: client.bulk.read("Leads", page_token="t"), "query_of_job page_token=t"),
}


def leads(client: Client) -> ModuleClient:
    """The leads."""
    return client.module("Leads")


@pytest.mark.parametrize(("make", "expected"), BEYOND.values(), ids=BEYOND)
def test_every_argument_reaches_zoho(
    client: Client, zcrm_simulator: Simulator, make: Callable[[Client], object], expected: str
) -> None:
    """What can be passed to a call beyond what Zoho's SDKs take is sent, each at its place."""
    place, *pairs = expected.split()
    leads(client).fields()
    before = len(zcrm_simulator.requests)

    with contextlib.suppress(ZcrmError, StopIteration):
        make(client)

    sent = [one for one in zcrm_simulator.requests[before:] if "/fields" not in one.path][-1]
    document = json.loads(sent.body) if sent.body[:1] == "{" else {}
    places: dict[str, Any] = {
        "query": sent.query,
        "body": document,
        "data": (document.get("data") or [{}])[0],
        "header": sent.headers,
        "form": dict(pair.split("=", 1) for pair in sent.body.split("&") if "=" in pair),
        "query_of_job": document.get("query"),
        "either": {**sent.query, **document},
    }
    for name, value in (pair.split("=", 1) for pair in pairs):
        given = places[place][name]
        assert (given if isinstance(given, str) else json.dumps(given)) == value
