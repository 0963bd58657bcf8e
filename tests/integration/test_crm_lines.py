"""Are lines and rows of subforms sent once and removed once, however often their record is updated?"""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import random

import pytest

from zcrm_core import ApiError, Client
from zcrm_core.crm.record import Record
from zcrm_core.exact_json import JSON
from zcrm_simulator import Simulator


@pytest.fixture
def quote(client: Client) -> Record:
    """A quote with two lines."""
    quotes = client.module("Quotes")
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    made = Record({"Subject": "Offer", "Account_Name": {"id": account.id}}, quotes)
    for product in itertools.islice(client.module("Products").list(), 2):
        made.line_items.add(product, 1, list_price=10)
    [item] = quotes.create(made)
    return quotes.get(item.id or "")


def names(client: Client) -> tuple[str, str, str]:
    """What this version calls the lines, their quantity, and the mark of one that goes."""
    if client.config.api_version == "v2":
        return "Product_Details", "quantity", "delete"
    return "Quoted_Items", "Quantity", "_delete"


def bodies(simulator: Simulator) -> list[dict[str, object]]:
    """The records that updates sent, oldest first."""
    return [json.loads(one.body)["data"][0] for one in simulator.requests if one.method == "PUT"]


def test_an_added_line_is_sent_once(client: Client, quote: Record, zcrm_simulator: Simulator) -> None:
    """After an update another change goes alone, and the line that was added is there once."""
    quotes = client.module("Quotes")
    product = quote.line_items[0].product
    assert product is not None
    quote.line_items.add(product.id, 5)
    assert quotes.update(quote).ok
    assert quote.changes == {}

    quote["Subject"] = "Better offer"
    assert quotes.update(quote).ok

    assert bodies(zcrm_simulator)[-1] == {"Subject": "Better offer", "id": quote.id}
    assert len(quotes.get(quote.id or "").line_items) == len(quote.line_items) == 3


def test_lines_without_an_id_are_not_sent_a_second_time(client: Client, quote: Record) -> None:
    """A record whose new lines have ids that only Zoho knows refuses to change its lines until it is read."""
    quotes = client.module("Quotes")
    product = quote.line_items[0].product
    assert product is not None
    quote.line_items.add(product.id, 5)
    quotes.update(quote).raise_for_failures()

    quote.line_items.add(product.id, 6)
    for write in (quotes.update, quotes.upsert):
        with pytest.raises(ApiError, match="rows that were sent before") as caught:
            write(quote)
        assert caught.value.code == "ZCRM-API-009"
    for other in (copy.deepcopy(quote), pickle.loads(pickle.dumps(quote))):  # noqa: S301 - our own bytes
        with pytest.raises(ApiError, match="rows that were sent before"):
            _ = other.changes

    again = quotes.get(quote.id or "")
    again.line_items.add(product.id, 6)
    assert quotes.update(again).ok
    assert [line.quantity for line in quotes.get(quote.id or "").line_items] == [1, 1, 5, 6]


def test_an_upsert_sends_rows_once_too(client: Client) -> None:
    """A record that was read and upserted holds what was sent, and its new rows are not sent again."""
    vendors = client.module("Vendors")
    [made] = vendors.create({"Vendor_Name": "V", "Branches": [{"Town": "Ulm"}]})
    vendor = vendors.get(made.id or "")
    rows = vendor["Branches"]
    assert isinstance(rows, list)
    rows.append({"Town": "Kiel"})

    [item] = vendors.upsert(vendor, duplicate_check_fields=["Vendor_Name"])

    assert (item.ok, item.action, item.id, vendor.changes) == (True, "update", vendor.id, {})
    with pytest.raises(ApiError, match="rows that were sent before"):
        vendors.upsert(vendor, duplicate_check_fields=["Vendor_Name"])


def test_a_template_can_be_upserted_again_and_again(client: Client) -> None:
    """A record that the program made gets no id from an upsert, so it can make one after another."""
    vendors = client.module("Vendors")
    template = Record({"Branches": [{"Town": "Ulm"}]}, vendors)
    for number in range(3):
        template["Vendor_Name"] = f"V {number}"
        [item] = vendors.upsert(template)
        assert (item.ok, item.action, template.id) == (True, "insert", None)


def test_lines_that_were_read_elsewhere_can_be_set(client: Client, quote: Record) -> None:
    """Rows that all have their id are known, so a record takes them and can be changed again."""
    quotes = client.module("Quotes")
    key, quantity, _ = names(client)
    product = quote.line_items[0].product
    assert product is not None
    quote.line_items.add(product.id, 5)
    quotes.update(quote).raise_for_failures()

    quote[key] = quotes.get(quote.id or "")[key]
    quote.line_items[2][quantity] = 7
    assert quotes.update(quote).ok
    quote.line_items[2][quantity] = 8
    assert quotes.update(quote).ok

    assert [line.quantity for line in quotes.get(quote.id or "").line_items] == [1, 1, 8]

    quote.line_items.add(product.id, 9)
    assert quotes.update(quote).ok
    assert [line.quantity for line in quotes.get(quote.id or "").line_items] == [1, 1, 8, 9]


def test_a_removed_line_is_gone_from_the_record(
    client: Client, quote: Record, zcrm_simulator: Simulator
) -> None:
    """What was removed is not sent again with the next change of a line."""
    quotes = client.module("Quotes")
    key, quantity, mark = names(client)
    first, second = (line.id or "" for line in quote.line_items)
    quote.line_items.remove(first)
    assert quotes.update(quote).ok

    quote.line_items[0][quantity] = 4
    assert quotes.update(quote).ok

    rows = bodies(zcrm_simulator)[-1][key]
    assert isinstance(rows, list)
    assert [(row["id"], mark in row) for row in rows] == [(second, False)]
    [line] = quotes.get(quote.id or "").line_items
    assert [line.id, line.quantity] == [second, 4]


def test_lines_that_a_program_holds_stay_the_record_s(client: Client, quote: Record) -> None:
    """Lines that were fetched before an update still change their record after it."""
    quotes = client.module("Quotes")
    _, quantity, _ = names(client)
    lines, line = quote.line_items, quote.line_items[0]
    line[quantity] = 2
    assert quotes.update(quote).ok

    line[quantity] = 3
    assert quotes.update(quote)[0].code == "SUCCESS"
    lines.remove(lines[1].id or "")
    assert quotes.update(quote)[0].code == "SUCCESS"
    assert len(lines) == len(quote.line_items) == 1
    line[quantity] = 4
    assert quotes.update(quote)[0].code == "SUCCESS"

    assert [one.quantity for one in quotes.get(quote.id or "").line_items] == [4]


def test_looking_at_lines_changes_nothing(client: Client) -> None:
    """A record without lines has none after they were looked at, and nothing is to be sent."""
    quotes = client.module("Quotes")
    key, _, _ = names(client)
    without: list[dict[str, JSON]] = [{}, {key: None}, {key: []}]
    for fields in without:
        record = Record({"id": "7", **fields}, quotes)
        assert (len(record.line_items), list(record.line_items), record.changes) == (0, [], {})
    with pytest.raises(ApiError, match="no list of lines"):
        _ = Record({"id": "7", key: "three"}, quotes).line_items


def test_a_subform_s_rows_are_sent_once(client: Client) -> None:
    """The rows of a subform follow the same rule, and a row that is marked is gone."""
    vendors = client.module("Vendors")
    [made] = vendors.create({"Vendor_Name": "V", "Branches": [{"Town": "Ulm"}, {"Town": "Bonn"}]})
    vendor = vendors.get(made.id or "")
    rows = vendor["Branches"]
    assert isinstance(rows, list)
    rows.append({"Town": "Kiel"})
    assert vendors.update(vendor).ok

    rows.append({"Town": "Trier"})
    with pytest.raises(ApiError, match="Branches of record"):
        vendors.update(vendor)
    del rows[-1]
    vendor["Website"] = "www.x.example"
    assert vendors.update(vendor).ok

    vendor = vendors.get(made.id or "")
    rows = vendor["Branches"]
    assert isinstance(rows, list)
    assert [row["Town"] for row in rows if isinstance(row, dict)] == ["Ulm", "Bonn", "Kiel"]
    mark = {"delete": True} if client.config.api_version == "v2" else {"_delete": None}
    assert isinstance(rows[0], dict)
    rows[0].update(mark)
    assert vendors.update(vendor).ok
    assert rows == vendor["Branches"]
    assert [row["Town"] for row in rows if isinstance(row, dict)] == ["Bonn", "Kiel"]


def test_tags_and_participants_can_be_added_again_and_again(client: Client) -> None:
    """Rows that Zoho knows by their name or address need no id, so each addition is sent."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "A"})
    lead = leads.get(made.id or "")
    for name in ("hot", "new", "big"):
        tags = lead["Tag"] or []
        assert isinstance(tags, list)
        lead["Tag"] = [*tags, {"name": name}]
        assert leads.update(lead)[0].code == "SUCCESS"

    assert [tag.name for tag in leads.get(made.id or "").tags] == ["hot", "new", "big"]

    events = client.module("Events")
    times = {"Start_DateTime": "2026-05-04T09:00:00+02:00", "End_DateTime": "2026-05-04T10:00:00+02:00"}
    [made] = events.create({"Event_Title": "Kick-off", **times})
    event = events.get(made.id or "")
    for address in ("a@x.example", "b@x.example"):
        people = event["Participants"] or []
        assert isinstance(people, list)
        event["Participants"] = [*people, {"participant": address, "type": "email"}]
        assert events.update(event)[0].code == "SUCCESS"

    assert len(events.get(made.id or "").participants) == 2


def test_what_zoho_answers_is_no_change(client: Client) -> None:
    """Who changed a record, and when, is Zoho's after an update, also where it was looked at before."""
    leads = client.module("Leads")
    lead = next(leads.list(fields=["Last_Name", "Modified_By", "Modified_Time"]))
    lead["Modified_By"], lead["Last_Name"] = lead["Modified_By"], "Changed"

    [item] = leads.update(lead)

    assert lead.changes == {}
    assert lead["Modified_Time"] == item.details["Modified_Time"]
    assert lead["Modified_By"] == item.details["Modified_By"]


def test_lines_that_zoho_refuses_stay_changes(client: Client, quote: Record) -> None:
    """A quantity that is a text, and the removal of all lines, fail by name; the record has the change."""
    quotes = client.module("Quotes")
    key, quantity, _ = names(client)
    quote.line_items[1][quantity] = "many"

    [item] = quotes.update(quote)

    assert (item.ok, item.field) == (False, f"{key}[1].{quantity}")
    assert list(quote.changes) == [key]

    for line in list(quote.line_items):
        quote.line_items.remove(line.id or "")
    [item] = quotes.update(quote)
    assert (item.ok, item.code, item.field) == (False, "MANDATORY_NOT_FOUND", key)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_edited_zoho_has_what_the_record_shows(client: Client, quote: Record, seed: int) -> None:
    """After any edits and updates the lines at Zoho are those of the record, none twice and none lost."""
    quotes = client.module("Quotes")
    _, quantity, _ = names(client)
    product = quote.line_items[0].product
    assert product is not None
    wanted, chance, lines = [1, 1], random.Random(seed), quote.line_items  # noqa: S311 - no secret
    refused = 0
    for number in range(2, 32):
        edit = chance.choice(["add", "change", "remove", "other", "update"])
        place = chance.randrange(len(wanted))
        if edit == "add":
            lines.add(product.id, number)
            wanted.append(number)
        elif edit == "change":
            lines[place][quantity] = wanted[place] = number
        elif edit == "remove" and len(wanted) > 1 and lines[place].id:
            lines.remove(lines[place].id or "")
            del wanted[place]
        elif edit == "other":
            quote["Subject"] = f"Offer {number}"
        elif edit == "update":
            try:
                quotes.update(quote).raise_for_failures()
            except ApiError as error:
                assert "rows that were sent before" in str(error)  # noqa: PT017 - both ends are right
                refused += 1
                quote = quotes.get(quote.id or "")
                lines = quote.line_items
                wanted = [int(line.quantity or 0) for line in lines]
            assert [line.quantity for line in quotes.get(quote.id or "").line_items] == wanted
            assert [line.quantity for line in lines] == wanted
            assert quote.changes == {}
    assert refused < 10
