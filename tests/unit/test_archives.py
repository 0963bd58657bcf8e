"""Is an archive read whole, in little memory, or refused with one clear error, whatever it is?"""

from __future__ import annotations

import csv
import io
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from zcrm_core import ApiError
from zcrm_core.crm import archives
from zcrm_core.crm.calendars import calendar_events
from zcrm_core.crm.tables import csv_rows
from zcrm_core.download import Download

Read = Callable[[BinaryIO], Iterator[dict[str, str]]]
EVENT = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{}END:VEVENT\r\nEND:VCALENDAR\r\n"


def packed(*members: tuple[str, str | bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return file.getvalue()


def linked() -> bytes:
    """A zip archive whose member is a symbolic link."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("a.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def nameless() -> bytes:
    """A zip archive whose member has no name, which zipfile does not write by itself."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("a")
        info.filename = ""
        with archive.open(info, "w") as member:
            member.write(b"Id\n1\n")
    return file.getvalue()


def table(text: str | bytes) -> list[dict[str, str]]:
    """The rows of a table in an archive."""
    return list(csv_rows(io.BytesIO(packed(("a.csv", text)))))


def events(text: str) -> list[dict[str, str]]:
    """The events of a calendar in an archive."""
    return list(calendar_events(io.BytesIO(packed(("a.ics", text)))))


def changed(content: bytes, signature: bytes, offset: int, form: str, *values: int) -> bytes:
    """An archive with other numbers in the last of its parts of a kind."""
    at = content.rindex(signature) + offset
    return content[:at] + struct.pack(form, *values) + content[at + struct.calcsize(form) :]


@contextmanager
def memory_below(most: int) -> Iterator[None]:
    """See that no more than so many bytes are held at once."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


WHOLE = packed(("a.csv", "Id,B\n" + "".join(f"{number},x{number * 7919}\n" for number in range(300))))
STORED = packed(("a.csv", "Id,B\n1,2\n"), how=zipfile.ZIP_STORED)
ROWS = list(csv_rows(io.BytesIO(WHOLE)))
CENTRAL, END = b"PK\x01\x02", b"PK\x05\x06"


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"no zip at all", "no zip archive"),
        (b"", "no zip archive"),
        (b"<html>Down for maintenance</html>", "no zip archive"),
        (packed(), "0 files"),
        (packed(("a.csv", "Id\n1\n"), ("b.csv", "Id\n1\n")), "2 files"),
        (packed(("../../a.csv", "Id\n1\n")), "leads out of its folder"),
        (packed(("a/../../a.csv", "Id\n1\n")), "leads out of its folder"),
        (packed(("/etc/a.csv", "Id\n1\n")), "leads out of its folder"),
        (packed(("C:\\a.csv", "Id\n1\n")), "leads out of its folder"),
        (packed(("\\\\host\\share\\a.csv", "Id\n1\n")), "leads out of its folder"),
        (packed(("..\\a.csv", "Id\n1\n")), "leads out of its folder"),
        (packed(("a.exe", "Id\n1\n")), "another kind"),
        (packed(("a.csv", "Id\n1\n"), how=zipfile.ZIP_LZMA), "packed in a way"),
        (packed(("a.csv", "Id\n1\n"), how=zipfile.ZIP_BZIP2), "packed in a way"),
        (packed(("a.csv", "0" * 2**26)), "far more"),
        (changed(WHOLE, CENTRAL, 8, "<H", 1), "encrypted"),
        (changed(WHOLE, CENTRAL, 8, "<H", 0x20), "damaged"),
        (changed(WHOLE, CENTRAL, 8, "<H", 0x40), "damaged"),
        (changed(WHOLE, CENTRAL, 10, "<H", 99), "packed in a way"),
        (changed(WHOLE, CENTRAL, 6, "<H", 999), "damaged"),
        (changed(WHOLE, CENTRAL, 16, "<I", 0), "damaged"),
        (changed(WHOLE, CENTRAL, 24, "<I", 0), "damaged"),
        (changed(WHOLE, CENTRAL, 16, "<III", 0, 0, 0), "no heading"),
        (nameless(), "another kind"),
        (linked(), "a link to another"),
        (changed(STORED, CENTRAL, 20, "<II", 10**6, 10**6), "damaged"),
        (changed(WHOLE, CENTRAL, 42, "<I", 10**9), "damaged"),
        (changed(WHOLE, END, 16, "<I", 2**32 - 1), "damaged"),
        (changed(WHOLE, END, 12, "<I", 2**32 - 1), "damaged"),
        (WHOLE[: len(WHOLE) // 2], "no zip archive"),
        (WHOLE[:200] + bytes(100) + WHOLE[300:], "damaged"),
    ],
    # An archive holds the time at which it was made: as a name, it is another one in each process.
    ids=lambda value: value if isinstance(value, str) else "archive",
)
def test_a_hostile_archive_is_not_read(content: bytes, match: str) -> None:
    """Members that lead elsewhere, several members, bombs, other packings and damage are one clear error."""
    with pytest.raises(ApiError, match=match) as caught:
        list(csv_rows(io.BytesIO(content)))

    assert caught.value.code == "ZCRM-API-011"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('Id,B\n"1', "Row 2 cannot be read to its end"),
        ('Id,B\n"1"2,3\n', "Row 2 cannot be read to its end"),
        ("Id,B\n1\n", "Row 2 has another number of values"),
        ("Id\n1,2\n", "another number of values"),
        ("Id,B\n1,2\n\n3,4\n", "after an empty row"),
        ("\nId,B\n1,2\n", "no heading"),
        ("", "no heading"),
        ("Id,B,Id\n1,2,3\n", "'Id' twice"),
        ("Id,B\n1," + "x" * 200_000 + "\n", "Row 2 cannot be read to its end: field larger than"),
        (b"Id,B\n1,\xff\n", "damaged"),
    ],
)
def test_a_table_that_is_none_is_not_read(text: str | bytes, match: str) -> None:
    """A row that breaks off, has too many or too few values, or follows an empty one is an error."""
    with pytest.raises(ApiError, match=match) as caught:
        table(text)

    assert caught.value.code == "ZCRM-API-011"


def test_what_a_table_may_look_like() -> None:
    """Quoted lines, a byte order mark, an empty end and one column with empty values are read."""
    assert table('\ufeffId,B\r\n1,"a\r\nb, ""c"""\r\n\r\n') == [{"Id": "1", "B": 'a\r\nb, "c"'}]
    assert table("Id\n\n2\n") == [{"Id": ""}, {"Id": "2"}]
    assert table("Id,B\n") == []


@given(st.data())
def test_damage_is_told_and_loses_no_row_silently(data: st.DataObject) -> None:
    """Whatever bytes of an archive are others, or missing, all rows come, or the first ones and an error."""
    content = bytearray(WHOLE)
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    came: list[dict[str, str]] = []

    refused = False
    try:
        came.extend(csv_rows(io.BytesIO(bytes(content[:cut]))))
    except ApiError:
        refused = True

    assert came == (ROWS[: len(came)] if refused else ROWS)


@pytest.mark.parametrize(
    ("read", "name", "piece"),
    [
        (csv_rows, "a.csv", "x"),
        (csv_rows, "a.csv", "xxxxxxxxx,"),
        (csv_rows, "a.csv", '"xxxxxxx\n",'),
        (csv_rows, "a.csv", "Id\n1" + ",0" * 4_000),
        (calendar_events, "a.ics", "x"),
        (calendar_events, "a.ics", "BEGIN:VEVENT\r\nA:\r\n " + "x" * 80 + "\r\n "),
    ],
)
def test_a_line_without_end_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, read: Read, name: str, piece: str
) -> None:
    """A line, a row or an event of 40 MB that may have 1 MB is refused when it has that."""
    monkeypatch.setattr(archives, "_LONGEST_ITEM", 2**20)
    content = packed((name, piece * (40 * 2**20 // len(piece))), how=zipfile.ZIP_STORED)

    with memory_below(20 * 2**20), pytest.raises(ApiError, match=r"characters|field limit|another number"):
        list(read(io.BytesIO(content)))


def test_a_limit_is_for_one_row_or_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table and a calendar may be far longer than one of their rows or events may be."""
    monkeypatch.setattr(archives, "_LONGEST_ITEM", 200)

    assert list(csv_rows(io.BytesIO(WHOLE))) == ROWS
    assert len(events(EVENT.format("END:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\n" * 99))) == 100


def test_a_directory_without_end_does_not_fill_the_memory() -> None:
    """An archive that holds nothing but a directory of a million files is refused unread."""
    entry = packed(("a.csv", ""))
    start, end = entry.index(CENTRAL), entry.index(END)
    many = entry[start:end] * 100_000
    content = changed(entry[:start] + many + entry[end:], END, 12, "<I", len(many))

    with memory_below(2**20), pytest.raises(ApiError, match="damaged"):
        list(csv_rows(io.BytesIO(content)))


def test_rows_come_one_by_one() -> None:
    """A table of 50,000 rows is read in constant memory."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.csv", "w") as member,
        io.TextIOWrapper(member, "utf-8", newline="") as text,
    ):
        writer = csv.writer(text)
        writer.writerow(["Id", "Name"])
        writer.writerows([str(number), f"Name {number * 7919}"] for number in range(50_000))

    with memory_below(2**20):
        assert sum(1 for _ in csv_rows(file)) == 50_000


def test_an_archive_is_closed_with_its_rows() -> None:
    """Whoever stops in the middle, and whoever meets an error, leaves no file open."""
    whole, broken = io.BytesIO(WHOLE), io.BytesIO(b"no zip at all")
    rows = csv_rows(whole)
    next(rows)
    rows.close()  # type: ignore[attr-defined]  # a generator, which its type does not say

    with pytest.raises(ApiError):
        list(csv_rows(broken))
    assert whole.closed
    assert broken.closed


@pytest.mark.parametrize("told", [True, False])
def test_a_long_download_does_not_fill_the_disk(monkeypatch: pytest.MonkeyPatch, *, told: bool) -> None:
    """A download that is too large for an archive is refused, at once where the server tells its size."""
    monkeypatch.setattr(archives, "_MOST_PACKED", 200_000)
    raw = requests.Response()
    raw.raw = _Endless()
    if told:
        raw.headers["Content-Length"] = "200001"

    with pytest.raises(ApiError, match="more than 200,000 bytes"):
        archives.stored(Download(raw))
    assert raw.raw.read_bytes <= (70_000 if told else 300_000)


class _Endless(io.RawIOBase):
    """A body that never ends."""

    read_bytes = 0

    def read(self, size: int = -1) -> bytes:
        self.read_bytes += size
        return bytes(size)


# -- calendars -----------------------------------------------------------------------------------------


def test_an_event_keeps_all_of_its_properties() -> None:
    """Folded lines are joined, colons in quotation marks divide nothing, and no value hides another."""
    text = (
        'ATTENDEE;CN="A: B":mailto:a@x.example\r\n'
        "ATTENDEE:mailto:b@x.example\r\nATTENDEE:mailto:c@x.example\r\n"
        "SUMMARY:a lo\r\n ng title: with\r\n\t more\r\nBEGIN:VALARM\r\nSUMMARY:alarm\r\nEND:VALARM\r\n"
    )

    [event] = events(EVENT.format(text))

    assert event == {
        "UID": "1",
        'ATTENDEE;CN="A: B"': "mailto:a@x.example",
        "ATTENDEE": "mailto:b@x.example\nmailto:c@x.example",
        "SUMMARY": "a long title: with more",
    }


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no end"),
        (EVENT.format("")[:-15], "no end"),
        (EVENT.format("")[:-12], "no property"),
        (EVENT.format("END:VCALENDAR\r\n"), "not begun"),
        (EVENT.format("no property\r\n"), "no property"),
        (EVENT.format('X;A="open:1\r\n'), "no property"),
    ],
)
def test_a_calendar_that_breaks_off_is_not_read(text: str, match: str) -> None:
    """A calendar without its end, or with lines that are no properties, is an error and not fewer events."""
    with pytest.raises(ApiError, match=match) as caught:
        events(text)

    assert caught.value.code == "ZCRM-API-011"


@given(st.integers(0, len(EVENT.format("SUMMARY:A\r\n")) - 1))
def test_a_calendar_that_is_cut_is_told(length: int) -> None:
    """Wherever a calendar is cut there is an error; only the end of its last line may be missing."""
    whole = EVENT.format("SUMMARY:A\r\n")
    text = whole[:length]
    if re.search(r"END:VCALENDAR\s*\Z", text):
        assert events(text) == events(whole)
        return
    with pytest.raises(ApiError):
        events(text)


def test_a_file_has_a_largest_size_however_well_it_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the largest size an archive is not read, though its ratio is that of an honest one."""
    monkeypatch.setattr(archives, "_MOST_BYTES", 1_000)

    with pytest.raises(ApiError, match="far more"):
        list(csv_rows(io.BytesIO(WHOLE)))


def test_the_limits_are_what_a_job_can_need() -> None:
    """A row may have 16 million characters: the limits stop what no job of Zoho's gives, and nothing else."""
    limits: dict[str, Any] = vars(archives)

    assert limits["_LONGEST_ITEM"] >= 500 * 32_000
    assert limits["_MOST_PACKED"] >= 2**30
