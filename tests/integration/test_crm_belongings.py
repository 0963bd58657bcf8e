"""Can what belongs to a record be read and written: notes, files, photo, links, blueprint, conversion?"""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from zcrm_core import ApiError, Client, NotFound
from zcrm_core.crm.record import Record
from zcrm_simulator import Limits, Simulator

Make = Callable[..., Client]
operation = pytest.mark.operation
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


@pytest.fixture
def lead(client: Client) -> Record:
    """A lead that was just made."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "Owner of things", "Company": "Things & Co"})
    return leads.get(made.id or "")


# -- notes ---------------------------------------------------------------------------------------------


@operation("record_notes.delete", "lead.notes.delete(note_id)")
def test_notes_of_a_record(lead: Record) -> None:
    """Notes are written to a record one by one and many at once, changed, deleted, and belong to it."""
    one = lead.notes.create("Call back on Monday", "Call")
    many = lead.notes.create_many([{"Note_Content": "A"}, {"Note_Content": "B", "Note_Title": "b"}, {}])
    assert [item.ok for item in many] == [True, True, False]
    assert (many[2].code, many[2].field) == ("MANDATORY_NOT_FOUND", "Note_Content")

    lead.notes.update(one.id or "", "Called")
    lead.notes.delete(many[0].id or "")

    notes = {note.id: note for note in lead.notes.list()}
    assert {note.content for note in notes.values()} == {"Called", "B"}
    note = notes[one.id]
    assert (note.title, note.parent_id, note.parent_module) == ("Call", lead.id, "Leads")
    assert note.created_by is not None
    assert note.modified_time is not None
    assert note.modified_time.tzinfo is not None
    with pytest.raises(ApiError, match="neither text nor title"):
        lead.notes.update(one.id or "")
    with pytest.raises(ApiError, match="INVALID_DATA"):
        lead.notes.delete("1")


@operation("notes.delete_many", "client.notes.delete(note_ids)")
def test_notes_of_the_organisation(client: Client, lead: Record) -> None:
    """Notes go to records of different modules in one call, are among all notes, and are deleted together."""
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    before = {note.id for note in client.notes.list()}

    made = client.notes.create_many(
        [
            ("Leads", lead.id or "", {"Note_Content": "L"}),
            ("Accounts", account.id or "", {"Note_Content": "A"}),
        ]
    )

    made.raise_for_failures()
    new = [note for note in client.notes.list() if note.id not in before]
    assert {(note.content, note.parent_id) for note in new} == {("L", lead.id), ("A", account.id)}
    assert client.notes.create("Leads", lead.id or "", "One more").ok
    assert client.notes.delete([item.id or "" for item in made]).ok
    assert len(list(client.notes.list())) == len(before) + 1


# -- attachments ---------------------------------------------------------------------------------------


@operation("attachments.list", "lead.attachments.list()")
@operation("attachments.upload_file", "lead.attachments.upload(path)")
@operation("attachments.upload_link", "lead.attachments.link(url)")
@operation("attachments.download", "lead.attachments.download(attachment_id).save(folder)")
@operation("attachments.delete", "lead.attachments.delete(attachment_id)")
def test_files_of_a_record(lead: Record, tmp_path: Path) -> None:
    """A file is attached by its path, open and as bytes, and comes back byte for byte; a link is listed."""
    content = os.urandom(70_000)
    source = tmp_path / 'Angebot, "neu" € ö.bin'
    source.write_bytes(content)
    by_path = lead.attachments.upload(source)
    by_bytes = lead.attachments.upload(b"abc", name="short.txt")
    opened = io.BytesIO(b"skipped" + content)
    opened.seek(7)
    by_file = lead.attachments.upload(opened, name="opened.bin")
    link = lead.attachments.link("https://www.hollowbrook.example/a?b=c", title="Price list")

    found = {one.id: one for one in lead.attachments.list()}
    assert [found[item.id].file_name for item in (by_path, by_bytes, by_file, link)] == [
        source.name,
        "short.txt",
        "opened.bin",
        "Price list",
    ]
    first = found[by_path.id]
    assert (first.size, first.file_type, first.parent_id) == (70_000, "bin", lead.id)

    (tmp_path / "here").mkdir()
    saved = lead.attachments.download(by_path.id or "").save(tmp_path / "here")
    assert saved.parent == tmp_path / "here"
    assert saved.read_bytes() == content
    assert lead.attachments.download(by_bytes.id or "").read() == b"abc"
    assert lead.attachments.download(by_file.id or "").read() == content
    with pytest.raises(ApiError, match="DOWNLOAD_NOT_ALLOWED"):
        lead.attachments.download(link.id or "")

    lead.attachments.delete(by_path.id or "")
    assert by_path.id not in {one.id for one in lead.attachments.list()}
    with pytest.raises(NotFound):
        lead.attachments.download(by_path.id or "")
    with pytest.raises(ApiError, match="INVALID_DATA"):
        lead.attachments.delete(by_path.id or "")


@operation("note_attachments.list", "client.notes.attachments(note_id).list()")
@operation("note_attachments.upload_file", "client.notes.attachments(note_id).upload(path)")
@operation("note_attachments.download", "client.notes.attachments(note_id).download(attachment_id).read()")
@operation("note_attachments.delete", "client.notes.attachments(note_id).delete(attachment_id)")
def test_files_of_a_note(client: Client, lead: Record) -> None:
    """A note has files of its own, which its record has not."""
    note = lead.notes.create("With a file")
    files = client.notes.attachments(note.id or "")

    item = files.upload(b"note", name="note.txt")

    assert [one.file_name for one in files.list()] == ["note.txt"]
    assert files.download(item.id or "").read() == b"note"
    assert list(lead.attachments.list()) == []
    files.delete(item.id or "")
    assert list(files.list()) == []


@pytest.mark.parametrize("size", [0, 20 * 2**20, 20 * 2**20 + 1])
def test_a_file_that_is_too_large_is_never_sent(
    log_in: Make, zcrm_simulator: Simulator, tmp_path: Path, size: int
) -> None:
    """v2 takes 20 MB to the byte; an empty file and a larger one are errors before anything is sent."""
    lead = next(log_in(api_version="v2").module("Leads").list(fields=["City"]))
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(size)
    sent = len(zcrm_simulator.requests)

    if size == 20 * 2**20:
        assert lead.attachments.upload(path).ok
        return
    with pytest.raises(ApiError) as caught:
        lead.attachments.upload(path)
    assert caught.value.code == "ZCRM-API-011"
    assert len(zcrm_simulator.requests) == sent


@pytest.mark.parametrize(
    ("version", "part", "most"),
    [("v8", "attachments", 100 * 2**20), ("v2", "photo", 10 * 2**20), ("v8", "photo", 10 * 2**20)],
)
def test_every_limit_of_a_file_is_kept(
    log_in: Make, tmp_path: Path, version: str, part: str, most: int
) -> None:
    """An attachment of v8 and a photo have limits of their own; one byte more is an error before sending."""
    lead = next(log_in(api_version=version).module("Leads").list(fields=["City"]))
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(most + 1)

    with pytest.raises(ApiError, match=f"takes 1 to {most:,} bytes"):
        getattr(lead, part).upload(path)


def test_what_is_no_file_is_never_sent(lead: Record, zcrm_simulator: Simulator, tmp_path: Path) -> None:
    """A text file, a closed one, a pipe and something else are errors before anything is sent."""
    path = tmp_path / "a.txt"
    path.write_text("text", encoding="utf-8")
    closed = path.open("rb")
    closed.close()
    reading, writing = os.pipe()
    before = len(zcrm_simulator.requests)
    with path.open(encoding="utf-8") as text, os.fdopen(reading, "rb") as pipe:
        for wrong in (text, closed, pipe, object()):
            with pytest.raises(ApiError) as caught:
                lead.attachments.upload(wrong, name="x")  # type: ignore[arg-type]  # that is what is tested
            assert caught.value.code == "ZCRM-API-009"
    os.close(writing)
    assert len(zcrm_simulator.requests) == before


def test_zoho_s_own_refusal_of_a_file_is_an_error(lead: Record, zcrm_simulator: Simulator) -> None:
    """Where Zoho takes less than it says its refusal is an error with its code."""
    zcrm_simulator.limits = Limits(attachment_megabytes=1, attachment_megabytes_v2=1)

    with pytest.raises(ApiError, match="FILE_SIZE_MORE_THAN_ALLOWED_SIZE"):
        lead.attachments.upload(bytes(2**20 + 1), name="x.bin")


SERVE = """
import json, sys
from zcrm_simulator import Limits, Simulator
with Simulator() as simulator:
    grant = simulator.grant_token(["ZohoCRM.modules.ALL", "AaaServer.profile.READ"])
    print(json.dumps([simulator.config(), grant]), flush=True)
    sys.stdin.read()
"""
"""A simulator in a process of its own, until its standard input ends."""


def test_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    """Sending and fetching 48 MB takes a few hundred kilobytes here; the simulator is another process's."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            config, grant = json.loads(server.stdout.readline())
            with Client({**config, "token_persistence_path": str(tmp_path), "api_version": "v8"}) as anybody:
                client = anybody.as_user(anybody.oauth.generate_access_token(grant).user_identifier)
                lead = next(client.module("Leads").list(fields=["City"]))
                path = tmp_path / "large.bin"
                with path.open("wb") as file:
                    file.truncate(48 * 2**20)
                lead.attachments.upload(b"warm", name="warm.bin")
                tracemalloc.start()
                item = lead.attachments.upload(path)
                saved = lead.attachments.download(item.id or "").save(tmp_path / "back.bin")
                _, peak = tracemalloc.get_traced_memory()
            assert saved.stat().st_size == path.stat().st_size
            assert peak < 2 * 2**20
        finally:
            tracemalloc.stop()
            server.stdin.close()


@pytest.mark.parametrize("kind", ["status", "INVALID_TOKEN"])
def test_a_file_that_is_sent_again_is_whole(
    log_in: Make, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    """A file whose first try met 429, or a token that no longer works, is sent again from its beginning."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    client = log_in(api_version="v8", max_retries=2)
    lead = next(client.module("Leads").list(fields=["City"]))
    content = os.urandom(200_000)
    path = tmp_path / "again.bin"
    path.write_bytes(content)
    if kind == "status":
        zcrm_simulator.faults.add("/crm/v8/Leads/", kind="status", status=429, method="POST")
    else:
        zcrm_simulator.clock.advance(3_600)

    item = lead.attachments.upload(path)

    assert lead.attachments.download(item.id or "").read() == content
    posts = [
        one.status for one in zcrm_simulator.requests if one.method == "POST" and "Attachments" in one.path
    ]
    assert posts == [429 if kind == "status" else 401, 200]


@pytest.mark.parametrize(
    "name",
    ['quo"te.txt', "new\r\nline: x.txt", "semi;colon=a.txt", "Ünï 日本.txt", "a" * 150],
)
def test_a_hostile_file_name_is_only_a_name(lead: Record, name: str) -> None:
    """No name ends its header or becomes another field; the content is whole whatever the name is."""
    item = lead.attachments.upload(b"content", name=name)

    [found] = lead.attachments.list()
    assert lead.attachments.download(item.id or "").read() == b"content"
    assert found.file_name is not None
    assert "\n" not in found.file_name
    assert found.file_name.replace("%0D%0A", "\r\n") == name


# -- photo ---------------------------------------------------------------------------------------------


@operation("photos.upload", "lead.photo.upload(path)")
@operation("photos.download", "lead.photo.download().save(folder)")
@operation("photos.delete", "lead.photo.delete()")
def test_the_photo_of_a_record(lead: Record, tmp_path: Path) -> None:
    """A photo is set, replaced, fetched byte for byte and removed; there is one at most."""
    with pytest.raises(NotFound):
        lead.photo.download()
    lead.photo.upload(PNG + b"1", name="one.png")
    lead.photo.upload(PNG + b"2", name="two.png")

    saved = lead.photo.download().save(tmp_path)

    assert (saved.name, saved.read_bytes()) == ("two.png", PNG + b"2")
    lead.photo.delete()
    with pytest.raises(NotFound):
        lead.photo.download()
    with pytest.raises(ApiError, match="INVALID_DATA"):
        lead.photo.upload(b"no picture", name="x.png")
    with pytest.raises(ApiError, match="no name"):
        lead.photo.upload(PNG)


# -- related lists -------------------------------------------------------------------------------------


@operation("relations.add", 'product.related("Price_Books").add(book_id, {"list_price": 50})')
@operation("relations.remove", 'product.related("Price_Books").remove(book_id)')
def test_records_are_linked(client: Client) -> None:
    """A link holds what it was given, is seen from both ends, and goes without the records."""
    product = next(client.module("Products").list(fields=["Product_Name"]))
    books = list(itertools.islice(client.module("Price_Books").list(fields=["Price_Book_Name"]), 2))
    ids = [book.id or "" for book in books]
    related = product.related("Price_Books")

    related.add(ids[0], {"list_price": 50.5})
    assert related.add_many([ids[1], "1"])[1].code == "INVALID_DATA"

    found = {book.id: book for book in related.list(fields=["Price_Book_Name"])}
    assert set(found) == set(ids)
    assert found[ids[0]]["list_price"] == 50.5
    back = books[0].related("Products").list(fields=["Product_Name"])
    assert [one.id for one in back] == [product.id]
    related.remove(ids[0])
    assert [book.id for book in related.list(fields=["Price_Book_Name"])] == [ids[1]]
    assert client.module("Price_Books").get(ids[0]).id == ids[0]
    with pytest.raises(ApiError, match="INVALID_DATA"):
        related.remove(ids[0])
    with pytest.raises(ApiError, match="INVALID_DATA"):
        next(product.related("Nothing").list(fields=["id"]))


def test_records_that_point_here_are_listed(client: Client) -> None:
    """The contacts of an account are those that name it, and linking them by hand is refused."""
    contacts = client.module("Contacts")
    account = next(one["Account_Name"] for one in contacts.list() if one["Account_Name"])
    assert isinstance(account, dict)
    at = client.module("Accounts").record(str(account["id"]))

    found = {one.id for one in at.related("Contacts").list(fields=["Last_Name"])}

    own = {one.id for one in contacts.list(fields=["Account_Name"]) if one["Account_Name"] == account}
    assert found == own
    with pytest.raises(ApiError, match="NOT_SUPPORTED"):
        at.related("Contacts").add(next(iter(own)) or "")


def test_v8_needs_the_names_of_the_fields(log_in: Make) -> None:
    """From v3 on a related list needs fields; that is said before anything is sent."""
    product = next(log_in(api_version="v8").module("Products").list(fields=["Product_Name"]))

    with pytest.raises(ApiError, match="not named"):
        product.related("Price_Books").list()


# -- blueprint and conversion --------------------------------------------------------------------------


@operation("blueprint.get", "lead.blueprint.get()")
@operation("blueprint.update", "lead.blueprint.advance(transition_id, {...})")
def test_a_record_goes_through_its_blueprint(client: Client) -> None:
    """The steps that are open are told with what they ask for; taking one moves the record."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "A", "Lead_Status": "Not Contacted"})
    lead = leads.get(made.id or "")

    blueprint = lead.blueprint.get()
    assert blueprint.process_info is not None
    assert (blueprint.process_info.api_name, blueprint.process_info.field_value) == (
        "Lead_Status",
        "Not Contacted",
    )
    step = next(one for one in blueprint.transitions if one.name == "Contact")
    assert [field.api_name for field in step.fields] == ["Phone"]
    assert [one.name for one in step.next_transitions] == ["Qualify", "Give up"]
    with pytest.raises(ApiError, match="MANDATORY_NOT_FOUND"):
        lead.blueprint.advance(step.id or "")

    assert lead.blueprint.advance(step.id or "", {"Phone": "+1 555 0100"}).ok

    moved = leads.get(made.id or "")
    assert (moved["Lead_Status"], moved["Phone"]) == ("Contacted", "+1 555 0100")
    with pytest.raises(ApiError, match="INVALID_DATA"):
        lead.blueprint.advance(step.id or "")
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    with pytest.raises(ApiError, match="RECORD_NOT_IN_PROCESS"):
        account.blueprint.get()


def test_a_lead_is_converted(client: Client, lead: Record) -> None:
    """A lead becomes an account, a contact and a deal, whose ids are told; it is converted once."""
    made = lead.convert(deal={"Deal_Name": "Big", "Stage": "Qualification", "Amount": 2.5}, overwrite=False)

    assert made.account
    assert made.contact
    assert made.deal
    assert client.module("Accounts").get(made.account)["Account_Name"] == "Things & Co"
    assert client.module("Contacts").get(made.contact)["Last_Name"] == "Owner of things"
    deal = client.module("Deals").get(made.deal)
    assert (deal["Amount"], deal["Contact_Name"]) == (2.5, {"name": "Owner of things", "id": made.contact})
    with pytest.raises(ApiError) as caught:
        lead.convert()
    assert caught.value.api_code == "ID_ALREADY_CONVERTED"


@pytest.mark.parametrize("form", [str, int])
def test_a_lead_goes_to_what_is_there(
    client: Client, zcrm_simulator: Simulator, lead: Record, form: Callable[[str | None], str | int]
) -> None:
    """A conversion into a known account and contact makes neither, and no deal unless one is wanted."""
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    contact = next(client.module("Contacts").list(fields=["Last_Name"]))
    before = client.module("Contacts").count()

    made = lead.convert(account=form(account.id), contact=form(contact.id))

    assert (made.account, made.contact, made.deal) == (account.id, contact.id, None)
    [sent] = [one.body for one in zcrm_simulator.requests if one.path.endswith("actions/convert")]
    assert f'"{account.id}"' in sent  # an id is a text, whatever a program holds it as
    assert client.module("Contacts").count() == before
