"""Is what was downloaded the whole file that was asked for, or an error?"""

from __future__ import annotations

import gzip
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from zcrm_core import ApiError, Client, NotFound, TransportError
from zcrm_core.crm.record import Record
from zcrm_core.download import Download
from zcrm_simulator import Simulator

CONTENT = bytes(range(256)) * 2_000
Answer = tuple[str, dict[str, str], str]
PAGE = "<html>Sign in</html>"
ERROR = json.dumps({"code": "INTERNAL_ERROR", "status": "error", "message": "", "details": {}})


@pytest.fixture
def lead(client: Client) -> Record:
    """A lead that was just made."""
    leads = client.module("Leads")
    [made] = leads.create({"Last_Name": "Owner of files"})
    return leads.get(made.id or "")


def test_a_broken_download_leaves_nothing(lead: Record, zcrm_simulator: Simulator, tmp_path: Path) -> None:
    """When a file breaks off the error says so, and neither the file nor a part of it is left."""
    item = lead.attachments.upload(bytes(500_000), name="whole.bin")
    zcrm_simulator.faults.add("/crm/", kind="truncate")
    (tmp_path / "whole.bin").write_bytes(b"old")

    with pytest.raises(TransportError) as caught:
        lead.attachments.download(item.id or "").save(tmp_path)

    assert caught.value.code == "ZCRM-HTTP-005"
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("whole.bin", b"old")]


def test_a_file_is_read_once(lead: Record) -> None:
    """Whoever reads on is told that it has been read, or closed: the connection is not to blame."""
    item = lead.attachments.upload(CONTENT, name="whole.bin")
    read, closed = (lead.attachments.download(item.id or "") for _ in range(2))
    closed.close()

    assert read.read() == CONTENT
    for again in (read.read, lambda: list(read), closed.read):
        with pytest.raises(ApiError, match=r"whole\.bin has been read, or closed, already"):
            again()


def test_a_saved_file_has_the_rights_of_any_new_file_or_of_the_one_that_it_replaces(
    lead: Record, tmp_path: Path
) -> None:
    """The umask says who may read a new one; one that is there keeps its rights."""
    item = lead.attachments.upload(CONTENT, name="whole.bin")
    (tmp_path / "old.bin").write_bytes(b"old")
    (tmp_path / "old.bin").chmod(0o604)
    before = os.umask(0o026)
    try:
        for name in ("new.bin", "old.bin"):
            lead.attachments.download(item.id or "").save(tmp_path / name)
    finally:
        os.umask(before)

    rights = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
    assert rights == {"new.bin": 0o640, "old.bin": 0o604}
    assert (tmp_path / "old.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename=..\\..\\boot.ini", "boot.ini"),
        ('attachment; filename="a/b\'c.txt"', "b'c.txt"),
        ("attachment;filename*=UTF-8''Pr%C3%A9sentation.pdf", "Présentation.pdf"),
        ('attachment; filename=".."', "download"),
        ('attachment; filename="nul\x00l:*?.txt"', "nul_l___.txt"),
        ("", "download"),
        ("attachment; filename=NUL.tar.gz", "_NUL.tar.gz"),
        ("attachment; filename=com1", "_com1"),
        ("attachment; filename=contract.pdf", "contract.pdf"),
        (f'attachment; filename="{"a" * 300}.pdf"', "a" * 196 + ".pdf"),
        (f"attachment; filename*=UTF-8''{quote('日' * 150)}.pdf", "日" * 65 + ".pdf"),
        (f"attachment; filename*=UTF-8''{quote('日' * 150)}", "日" * 66),
        (f'attachment; filename="a.{"b" * 300}"', "a." + "b" * 198),
        ("attachment; filename*=UTF-8''a%ED%A0%80.txt", "a\ufffd\ufffd\ufffd.txt"),
    ],
)
def test_a_file_s_name_never_leads_elsewhere(tmp_path: Path, header: str, name: str) -> None:
    """Of the name that a server gives only what every file system takes is used, and its ending is kept."""
    raw = requests.Response()
    raw.headers["Content-Disposition"] = header

    assert Download(raw).name == name
    (tmp_path / name).write_bytes(b"")


@pytest.fixture
def serve() -> Iterator[Callable[..., Download]]:
    """A real server that sends one answer and closes, fetched as urllib3 before version 2 does it."""
    servers: list[HTTPServer] = []

    def fetch(body: bytes, **headers: str) -> Download:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        raw = requests.get(f"http://127.0.0.1:{server.server_port}/", stream=True, timeout=10)
        raw.raw.enforce_content_length = False
        thread.join()
        return Download(raw)

    yield fetch
    for server in servers:
        server.server_close()


@pytest.mark.parametrize("sent", [0, 1, 65_536, len(CONTENT) - 1])
def test_a_file_that_breaks_off_is_not_whole(
    serve: Callable[..., Download], tmp_path: Path, sent: int
) -> None:
    """Fewer bytes than the server told are an error with every version of urllib3, and leave no file."""
    with pytest.raises(TransportError, match=f"{sent:,} of {len(CONTENT):,} bytes") as caught:
        serve(CONTENT[:sent], Content_Length=str(len(CONTENT))).save(tmp_path / "a.bin")

    assert (caught.value.code, caught.value.sent) == ("ZCRM-HTTP-005", True)
    assert list(tmp_path.iterdir()) == []


def test_a_packed_file_that_breaks_off_is_not_whole(serve: Callable[..., Download]) -> None:
    """The bytes that are counted are those on the wire, so that a packed answer is counted right."""
    packed = gzip.compress(CONTENT)
    told = {"Content_Length": str(len(packed)), "Content_Encoding": "gzip"}

    file = serve(packed, **told)
    assert (file.size, file.read()) == (None, CONTENT)  # how long it is unpacked nobody says
    with pytest.raises(TransportError, match="broke off"):
        serve(packed[: len(packed) // 2], **told).read()


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 5_000, "\xb2"])
def test_a_size_that_is_none_is_not_believed(serve: Callable[..., Download], length: str) -> None:
    """A length that is no number is not one, and ends no program."""
    file = serve(CONTENT, Content_Length=length)

    assert (file.size, file.read()) == (None, CONTENT)


FETCH: dict[str, Callable[[Client, str], object]] = {
    "any": lambda client, _: client.download("files"),
    "attachment": lambda client, lead: client.module("Leads").record(lead).attachments.download("1"),
    "photo": lambda client, lead: client.module("Leads").record(lead).photo.download(),
    "bulk": lambda client, job: client.bulk.read_job(job).download(),
    "rows": lambda client, job: next(client.bulk.read_job(job).rows()),
    "events": lambda client, job: next(client.bulk.read_job(job).events()),
}


@pytest.mark.parametrize("fetch", FETCH.values(), ids=FETCH)
@pytest.mark.parametrize(
    "answer",
    [
        (PAGE, {"Content-Type": "text/html"}, "ZCRM-HTTP-007"),
        (PAGE, {"Content-Type": " Text/HTML ; charset=utf-8"}, "ZCRM-HTTP-007"),
        ("<a/>", {"Content-Type": "application/soap+xml"}, "ZCRM-HTTP-007"),
        ("{}", {"Content-Type": "application/json"}, "ZCRM-HTTP-007"),
        ("[" * 70_000, {"Content-Type": "application/json"}, "ZCRM-HTTP-007"),
        (ERROR, {"Content-Type": "application/json;charset=UTF-8"}, "ZCRM-API-001"),
        (
            ERROR,
            {
                "Content-Type": "application/json",
                "Content-Disposition": "attachment; filename=response.json",
            },
            "ZCRM-API-001",
        ),
        ("", {"Content-Type": "application/octet-stream"}, "ZCRM-HTTP-007"),
    ],
)
def test_a_page_is_no_file(
    client: Client, zcrm_simulator: Simulator, fetch: Callable[[Client, str], object], answer: Answer
) -> None:
    """A page, a document or nothing in place of a file is an error, although its status is 200."""
    body, headers, code = answer
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=body, headers=headers)

    with pytest.raises(ApiError if code == "ZCRM-API-001" else TransportError) as caught:
        fetch(client, "1")
    assert caught.value.code == code
    assert getattr(caught.value, "api_code", None) in (None, "INTERNAL_ERROR")


@pytest.mark.parametrize("status", [201, 202, 206])
def test_a_part_is_no_file(client: Client, zcrm_simulator: Simulator, status: int) -> None:
    """Another success than 200 is no whole file."""
    headers = {"Content-Disposition": "attachment; filename=a.bin"}
    zcrm_simulator.faults.add("/crm/", kind="status", status=status, body="part", headers=headers)

    with pytest.raises(TransportError, match="is no file"):
        client.download("files")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (
            '{"a": 1}',
            {"Content-Type": "application/json", "Content-Disposition": "attachment; filename=a.json"},
        ),
        (PAGE, {"Content-Type": "text/html", "Content-Disposition": "attachment; filename=a.html"}),
        ("picture", {"Content-Type": "image/png"}),
        ("", {"Content-Type": "application/x-download", "Content-Disposition": "attachment; filename=a.txt"}),
    ],
)
def test_a_file_of_any_kind_is_one(
    client: Client, zcrm_simulator: Simulator, body: str, headers: dict[str, str]
) -> None:
    """What has a file's name is a file, also when it is a page or a document, and so is what is neither."""
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=body, headers=headers)

    assert client.download("files").read() == body.encode()


@pytest.mark.parametrize("fetch", [*FETCH.values()][1:], ids=[*FETCH][1:])
def test_nothing_is_no_file(
    client: Client, zcrm_simulator: Simulator, fetch: Callable[[Client, str], object]
) -> None:
    """204 is told as there being none, for attachments, photos and jobs alike."""
    zcrm_simulator.faults.add("/crm/", kind="empty", status=204)

    with pytest.raises(NotFound):
        fetch(client, "1")
