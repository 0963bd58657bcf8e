"""Do bulk jobs read and write whole, wait, stream their rows, and trust no archive and no address?"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from zcrm_core import ApiError, Client, NotFound, TransportError, ZcrmError
from zcrm_core.crm.bulk import BulkReadJob
from zcrm_core.crm.bulk_write import packed as packed_rows
from zcrm_core.crm.criteria import F
from zcrm_simulator import Limits, Simulator, Switches

pytestmark = pytest.mark.usefixtures("fast_jobs")
Make = Callable[..., Client]
operation = pytest.mark.operation


def packed(*members: tuple[str, str]) -> bytes:
    """A zip archive with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return file.getvalue()


# -- reading -------------------------------------------------------------------------------------------


@operation("bulk_read.get", "job.status(); job.wait()")
@operation("bulk_read.download", "job.save(folder)")
@operation("bulk_read.download_and_iterate", "job.rows()")
def test_a_job_reads_every_record(client: Client, zcrm_simulator: Simulator, tmp_path: Path) -> None:
    """A job gives every record of the module with the fields wanted, and says how far it is meanwhile."""
    zcrm_simulator.switches = Switches(job_polls=3)
    job = client.bulk.read("Contacts", fields=["Last_Name", "Email", "Account_Name"])
    assert job.status().state == "IN PROGRESS"
    with pytest.raises(NotFound, match=r"Call wait\(\) first"):
        job.download()

    status = job.wait(30)

    assert status.result is not None
    assert (status.state, status.result.count, status.result.more_records) == ("COMPLETED", 150, False)
    rows = list(job.rows())
    listed = {contact.id: contact for contact in client.module("Contacts").list()}
    assert {row["Id"] for row in rows} == set(listed)
    for row in rows:
        contact = listed[row["Id"]]
        account = contact["Account_Name"]
        assert (row["Last_Name"], row["Email"]) == (contact["Last_Name"], contact["Email"] or "")
        assert row["Account_Name"] == (account["id"] if isinstance(account, dict) else "")
    with zipfile.ZipFile(job.save(tmp_path)) as archive:
        assert archive.namelist() == [f"{job.id}.csv"]
    assert client.bulk.read_job(job.id).status().state == "COMPLETED"


def test_a_job_reads_what_its_criteria_say(client: Client) -> None:
    """A group of criteria chooses the records; comparators mean what they say."""
    named = (lambda name: {"api_name": name}) if client.config.api_version == "v2" else (
        lambda name: {"field": {"api_name": name}}
    )  # fmt: skip
    criteria = {
        "group_operator": "and",
        "group": [
            {**named("City"), "comparator": "in", "value": ["Pune", "Lagos"]},
            {**named("No_of_Employees"), "comparator": "greater_than", "value": 0},
            {**named("Company"), "comparator": "not_contains", "value": "Brook"},
        ],
    }
    job = client.bulk.read("Leads", fields=["City"], criteria=criteria)
    job.wait(30)

    found = {row["Id"] for row in job.rows()}

    wanted = (
        lead.id
        for lead in client.module("Leads").list(params={"converted": "both"})
        if lead["City"] in {"Pune", "Lagos"}
        and lead["No_of_Employees"]
        and "brook" not in str(lead["Company"]).lower()
    )
    assert found == set(wanted)
    assert found


def test_pages_of_a_job(client: Client, zcrm_simulator: Simulator) -> None:
    """What one job cannot hold is in the next page, nothing twice and nothing left out."""
    zcrm_simulator.limits = Limits(bulk_read_records=100)
    ids: list[str] = []
    page, more = 1, True
    while more:
        job = client.bulk.read("Contacts", fields=["Email"], page=page)
        result = job.wait(30).result
        assert result is not None
        assert (result.page, result.per_page) == (page, 100)
        ids += [row["Id"] for row in job.rows()]
        more, page = result.more_records is True, page + 1

    assert page == 3
    assert sorted(ids) == sorted(
        contact.id or "" for contact in client.module("Contacts").list(fields=["Email"])
    )


def test_a_job_leads_to_what_it_could_not_hold(client: Client, zcrm_simulator: Simulator) -> None:
    """Each job makes the next one with the same question, until the last one says that there is none."""
    zcrm_simulator.limits = Limits(bulk_read_records=2)
    contacts = client.module("Contacts")
    contacts.create([{"Last_Name": "Unusual"} for _ in range(5)]).raise_for_failures()
    modern = client.config.api_version != "v2"
    named: dict[str, object] = {"field": {"api_name": "Last_Name"}} if modern else {"api_name": "Last_Name"}
    criterion = {**named, "comparator": "equal", "value": "Unusual"}
    first = client.bulk.read("Contacts", fields=["Email"], criteria=criterion)
    with pytest.raises(ApiError, match="is not over") as caught:
        first.following()
    assert caught.value.code == "ZCRM-API-010"

    rows: list[dict[str, str]] = []
    job: BulkReadJob | None = first
    while job is not None:
        job.wait(30)
        rows += job.rows()
        job = client.bulk.read_job(job.id).following()

    wanted = contacts.search(criteria=F.Last_Name == "Unusual")
    assert sorted(row["Id"] for row in rows) == sorted(contact.id or "" for contact in wanted)
    assert (len(rows), set(rows[0])) == (5, {"Id", "Email"})


def test_a_job_that_does_not_say_what_follows_is_not_the_last(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """Without the word whether more records follow a part would pass for the whole."""
    job = client.bulk.read("Leads", fields=["City"])
    job.wait(30)
    answer = {"data": [{"id": job.id, "state": "COMPLETED", "result": {"page": 1, "count": 200}}]}
    zcrm_simulator.faults.add("/crm/bulk/", kind="status", status=200, body=json.dumps(answer))

    with pytest.raises(TransportError, match="does not say whether more follows"):
        job.following()


def test_events_come_as_a_calendar(client: Client) -> None:
    """A job for a calendar gives each event with its title and times."""
    job = client.bulk.read("Events", file_type="ics")
    job.wait(30)

    events = list(job.events())

    titles = {event["UID"]: event["SUMMARY"] for event in events}
    assert titles == {
        event.id: event["Event_Title"] for event in client.module("Events").list(fields=["Event_Title"])
    }
    assert all(event["DTSTART"].endswith("Z") for event in events)


def test_a_job_that_takes_too_long_is_not_lost(client: Client, zcrm_simulator: Simulator) -> None:
    """When the time to wait is over the error says so, can be tried again, and the job goes on."""
    zcrm_simulator.switches = Switches(job_polls=10_000)
    job = client.bulk.read("Leads", fields=["City"])

    with pytest.raises(ApiError, match="not over") as caught:
        job.wait(0.05)

    assert (caught.value.code, caught.value.retryable) == ("ZCRM-API-010", True)
    zcrm_simulator.switches = Switches(job_polls=0)
    assert job.wait(5).state == "COMPLETED"


def test_a_job_that_failed_is_an_error(client: Client, zcrm_simulator: Simulator) -> None:
    """FAILURE is never taken for an empty result."""
    job = client.bulk.read("Leads", fields=["City"])
    body = json.dumps({"data": [{"id": job.id, "state": "FAILURE"}]})
    zcrm_simulator.faults.add("/crm/bulk/", kind="status", status=200, body=body)

    with pytest.raises(ApiError, match="failed"):
        job.wait(5)


def test_fields_are_a_list(client: Client) -> None:
    """A single text in place of a list of fields is an error, and is not cut into its letters."""
    with pytest.raises(ApiError, match="no list of API names"):
        client.bulk.read("Leads", fields="City")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"fields": ["Nothing"]}, "INVALID_DATA"),
        ({"custom_view": "1"}, "INVALID_DATA"),
        ({"page": 0}, "INVALID_DATA"),
    ],
)
def test_a_wrong_job_is_refused(client: Client, arguments: dict[str, object], code: str) -> None:
    """Fields, views and pages that do not exist are Zoho's errors when the job is made."""
    with pytest.raises(ApiError, match=code):
        client.bulk.read("Leads", **arguments)  # type: ignore[arg-type]  # the values differ
    with pytest.raises(NotFound):
        client.bulk.read("Nothing")
    with pytest.raises(NotFound):
        client.bulk.read_job("1").status()


# -- writing -------------------------------------------------------------------------------------------


@operation("bulk_write.upload", "client.bulk.upload(path)")
@operation("bulk_write.get", "job.status(); job.wait()")
@operation("bulk_write.download", "job.download().save(folder)")
@operation("bulk_write.download_and_iterate", "job.rows(); job.failed_rows()")
def test_a_job_writes_rows(client: Client, zcrm_simulator: Simulator, tmp_path: Path) -> None:
    """Rows become records; what became of each is told, and those that failed come alone."""
    zcrm_simulator.switches = Switches(job_polls=2)
    rows: list[dict[str, object]] = [
        {
            "Last_Name": 'Ölm, "quoted"\nline',
            "Email": "one@x.example",
            "Annual_Revenue": Decimal("2.5"),
            "City": None,
        },
        {"Last_Name": "Two", "Email": "no address", "Annual_Revenue": 0, "City": "0"},
        {"Last_Name": "Three", "Email": "three@x.example", "Annual_Revenue": None, "City": "Pune"},
    ]
    job = client.bulk.write("Leads", rows, operation="insert")
    with pytest.raises(NotFound, match="no outcomes yet"):
        job.download()

    status = job.wait(30)

    [resource] = status.resources
    assert resource.file is not None
    assert (resource.file.added_count, resource.file.skipped_count, resource.file.total_count) == (2, 1, 3)
    outcomes = list(job.rows())
    assert [one["STATUS"] for one in outcomes] == ["ADDED", "SKIPPED", "ADDED"]
    assert [one["Email"] for one in job.failed_rows()] == ["no address"]
    made = client.module("Leads").get(outcomes[0]["RECORD_ID"])
    assert (made["Last_Name"], made["Annual_Revenue"], made["City"]) == (rows[0]["Last_Name"], 2.5, None)
    assert job.download().save(tmp_path).stat().st_size > 0
    assert client.bulk.write_job(job.id).status().status == "COMPLETED"
    archive = tmp_path / "more.zip"
    archive.write_bytes(packed(("more.csv", "Name,Town\nFour,Ulm\n")))
    mappings = [{"api_name": "Last_Name", "index": 0}, {"api_name": "City", "index": 1}]
    second = client.bulk.write("Leads", file_id=client.bulk.upload(archive), field_mappings=mappings)
    second.wait(30)
    assert [one["STATUS"] for one in second.rows()] == ["ADDED"]
    assert client.module("Leads").count(criteria=F.City == "Ulm") == 1


def test_a_job_updates_and_upserts(client: Client) -> None:
    """Update changes what is found and leaves the rest; upsert makes the rest; empty cells can be ignored."""
    leads = client.module("Leads")
    leads.create({"Last_Name": "A", "Email": "a@x.example", "City": "Old"}).raise_for_failures()
    rows = [
        {"Email": "a@x.example", "Last_Name": "A2", "City": ""},
        {"Email": "b@x.example", "Last_Name": "B", "City": "New"},
    ]

    update = client.bulk.write("Leads", rows, operation="update", find_by="Email", ignore_empty=True)
    update.wait(30)
    assert [one["STATUS"] for one in update.rows()] == ["UPDATED", "SKIPPED"]
    upsert = client.bulk.write("Leads", rows, operation="upsert", find_by="Email", ignore_empty=True)
    upsert.wait(30)
    assert [one["STATUS"] for one in upsert.rows()] == ["UPDATED", "ADDED"]
    [lead] = leads.search(email="a@x.example")
    assert (lead["Last_Name"], lead["City"]) == ("A2", "Old")


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([], "no row"),
        ([{"Last_Name": "A"}, {"Last_Name": "B", "City": "C"}], "City"),
        ([{"Last_Name": {"deep": [1]}}], "no form in CSV"),
        ([{"Last_Name": {1, 2}}], "cannot be sent"),
        ([{"Last_Name": "A"}, "B"], "Row 1 .* no mapping"),
        ("A", "Row 0 .* no mapping"),
        ([{1: "A"}], "Row 0 .* API names"),
        ([{"Last_Name": "A", "Tax": ["Vat", "a;b"]}], "Row 0 .* choice of Tax .* semicolon"),
        ([{"Last_Name": "A", "Tax": [""]}], "choice of Tax"),
        ([{"Last_Name": "A", "Tax": ["Vat", 1]}], "no form in CSV"),
        ([{"Last_Name": "A", "Annual_Revenue": Decimal("1e999999")}], "Annual_Revenue has more digits"),
        ([{"Last_Name": "A", "Annual_Revenue": 10**5000}], "Annual_Revenue has more digits"),
    ],
)
def test_rows_that_are_no_table_are_refused(
    client: Client, zcrm_simulator: Simulator, rows: Any, match: str
) -> None:
    """Rows without a common table, and values that no cell keeps, are errors; nothing is sent."""
    with pytest.raises(ApiError, match=match):
        client.bulk.write("Leads", rows)
    with pytest.raises(ApiError, match="either rows or the id"):
        client.bulk.write("Leads")
    assert not [one for one in zcrm_simulator.requests if one.method == "POST" and "/crm/" in one.path]


def test_more_rows_than_a_job_takes_are_never_sent(client: Client, zcrm_simulator: Simulator) -> None:
    """The row after the 25,000th is refused while it is packed, before an upload is spent on it."""
    before = len(zcrm_simulator.requests)
    rows = ({"Last_Name": "A"} for _ in range(25_001))

    with pytest.raises(ApiError, match="more than 25,000 rows"):
        client.bulk.write("Leads", rows)

    assert len(zcrm_simulator.requests) == before


def test_cells_mean_what_their_values_mean(client: Client) -> None:
    """Numbers go without an exponent and unrounded, booleans and choices as Zoho reads them."""
    names = ["Product_Name", "Unit_Price", "Qty_in_Stock", "Product_Active", "Tax"]
    values: list[list[Any]] = [
        ["P1", 1e22, 2.5, True, ["Vat"]],
        ["P2", Decimal("1E+3"), 1e-7, False, ["Vat", "Sales Tax"]],
        ["P3", 0, -0.5, None, []],
    ]
    rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in values]

    with packed_rows(rows, names, "Products") as file, zipfile.ZipFile(file) as archive:
        table = list(csv.reader(io.TextIOWrapper(archive.open("Products.csv"), "utf-8", newline="")))

    assert table[1:] == [
        ["P1", "10000000000000000000000", "2.5", "true", "Vat"],
        ["P2", "1000.0", "0.0000001", "false", "Vat;Sales Tax"],
        ["P3", "0", "-0.5", "", ""],
    ]
    job = client.bulk.write("Products", rows[1:2])
    job.wait(30)
    [outcome] = job.rows()
    made = client.module("Products").get(outcome["RECORD_ID"])
    assert (made["Unit_Price"], made["Qty_in_Stock"], made["Product_Active"]) == (1000, 1e-7, False)
    assert [tax.name for tax in made.taxes] == ["Vat", "Sales Tax"]


def test_an_archive_that_is_too_large_is_not_uploaded(client: Client, tmp_path: Path) -> None:
    """More than 25 MB is refused before it is sent."""
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        file.truncate(25 * 2**20 + 1)

    with pytest.raises(ApiError) as caught:
        client.bulk.upload(path)
    assert caught.value.code == "ZCRM-API-011"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"field_mappings": [{"api_name": "Nothing", "index": 0}]}, "INVALID_FIELD"),
        ({"field_mappings": [{"api_name": "Last_Name", "index": 9}]}, "COLUMN_INDEX_NOT_FOUND"),
        ({"field_mappings": [{"api_name": "City", "index": 0}]}, "MANDATORY_FIELDS_NOT_MAPPED"),
        ({"operation": "upsert"}, "INVALID_FIELD"),
        ({"file_id": "1"}, "INVALID_FILE_ID"),
    ],
)
def test_a_wrong_write_is_refused(client: Client, changes: dict[str, object], code: str) -> None:
    """Columns, fields and files that do not exist are Zoho's errors when the job is made."""
    file_id = client.bulk.upload(packed(("a.csv", "Name\nA\n")), name="a.zip")

    with pytest.raises(ApiError, match=code):
        client.bulk.write("Leads", **{"file_id": file_id, **changes})  # type: ignore[arg-type]  # the values differ


@pytest.mark.parametrize(
    "form",
    [
        "http://{}/a.zip",
        "HTTP://{}/a.zip",
        " http://{}/a.zip",
        "//{}/a.zip",
        "http:/\\{}/a.zip",
        "http:\\\\{}\\a.zip",
        "http://www.zohoapis.com@{}/a.zip",
        "http://{}#@www.zohoapis.com/a.zip",
        "@{}/a.zip",
        "http://{}\\@www.zohoapis.com/a.zip",
    ],
)
def test_the_token_never_goes_to_a_foreign_host(
    client: Client, zcrm_simulator: Simulator, stranger: list[str], form: str
) -> None:
    """However a job writes a download address elsewhere there is an error, and that host hears nothing."""
    job = client.bulk.write("Leads", [{"Last_Name": "A"}])
    address = form.format(stranger[0].removeprefix("http://"))
    body = {"id": job.id, "status": "COMPLETED", "resource": [], "result": {"download_url": address}}
    zcrm_simulator.faults.add("/crm/bulk/", kind="status", status=200, body=json.dumps(body))

    with pytest.raises(ZcrmError) as caught:
        job.download()

    if form == "http://{}/a.zip":
        assert caught.value.code == "ZCRM-HTTP-004"
    assert stranger[1:] == []


def test_a_truncated_archive_is_not_taken_for_a_whole_one(client: Client, zcrm_simulator: Simulator) -> None:
    """When the archive breaks off there is an error and not fewer rows."""
    job = client.bulk.read("Contacts", fields=["Email"])
    job.wait(30)
    zcrm_simulator.faults.add("/crm/bulk/", kind="truncate")

    with pytest.raises(TransportError):
        list(job.rows())
