"""What do the calls about attachments and photos answer?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.paging import page_size, positive
from zcrm_simulator.crm.parents import made_by, parent, person
from zcrm_simulator.crm.reading import requested_fields
from zcrm_simulator.data.database import Row, Value, integer

_MEGABYTE = 1024 * 1024
_WITH_PHOTO = frozenset({"Leads", "Contacts", "Accounts", "Vendors", "Products"})
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
_HOST = re.compile(r"[^\s.]\S*")
_FILE, _LINK, _PHOTO = "file", "link", "photo"


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    name: str
    content: bytes


def uploaded(call: Call, most: int) -> Upload:
    """Return the file in the part ``file`` of a call.

    Raises:
        Refusal: there is none, it is empty, or it is too large.
    """
    part = call.request.files.get("file")
    if part is None:
        raise Refusal(
            400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": "file"}
        )
    content = part.stream.read()
    if len(content) > most:
        raise Refusal(
            413,
            "FILE_SIZE_MORE_THAN_ALLOWED_SIZE",
            "the file size is more than the allowed size",
            {"maximum_size": most},
        )
    if not content:
        raise Refusal(400, "INVALID_DATA", "the file is empty", {"param_name": "file"})
    return Upload(part.filename or "file", content)


def binary_answer(name: str, content: bytes, media_type: str = "application/octet-stream") -> Response:
    """Return a file as an answer."""
    response = Response(content, content_type=media_type)
    response.headers["Content-Disposition"] = f"attachment;filename*=UTF-8''{quote(name, safe='')}"
    return response


def list_attachments(call: Call) -> Response:
    """Answer GET /{module}/{id}/Attachments."""
    record = parent(call)
    fields = requested_fields(call, needed=True)
    size, page = page_size(call), positive(call, "page", 1)
    rows = call.organization.database.rows(
        "SELECT * FROM files WHERE module = ? AND record = ? AND kind <> ? ORDER BY id LIMIT ? OFFSET ?",
        (call.module.api_name, record["id"], _PHOTO, size + 1, (page - 1) * size),
    )
    if not rows:
        return empty_answer(204)
    more, rows = len(rows) > size, rows[:size]
    shown = [_shown(call, record, row) for row in rows]
    if fields is not None:
        shown = [{key: one[key] for key in (*fields, "id") if key in one} for one in shown]
    info = {"per_page": size, "count": len(rows), "page": page, "more_records": more}
    return json_answer({"data": shown, "info": info})


def attach(call: Call) -> Response:
    """Answer POST /{module}/{id}/Attachments: a file in the part ``file``, or the link ``attachmentUrl``."""
    record = parent(call)
    link = call.request.form.get("attachmentUrl") or call.parameter("attachmentUrl")
    if link:
        _refuse_no_address(link)
        title = call.request.form.get("title") or call.parameter("title") or link
        new_id = _store(call, record, _LINK, Upload(title, b""), link)
    else:
        most = (
            call.limits.attachment_megabytes if call.version.modern else call.limits.attachment_megabytes_v2
        ) * _MEGABYTE
        new_id = _store(call, record, _FILE, uploaded(call, most), None)
    details = {"id": str(new_id), **made_by(call)}
    return json_answer({"data": [done(details, "attachment uploaded successfully")]})


def download_attachment(call: Call) -> Response:
    """Answer GET /{module}/{id}/Attachments/{attachment}: 204 when there is none."""
    row = _attachment(call)
    if row is None:
        return empty_answer(204)
    if row["kind"] == _LINK:
        raise Refusal(400, "DOWNLOAD_NOT_ALLOWED", "a link cannot be downloaded", {"id": str(row["id"])})
    return _file(row)


def delete_attachment(call: Call) -> Response:
    """Answer DELETE /{module}/{id}/Attachments/{attachment}."""
    row = _attachment(call)
    if row is None:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": call.values["other"]})
    call.organization.database.execute("DELETE FROM files WHERE id = ?", (row["id"],))
    return json_answer({"data": [done({"id": str(row["id"])}, "record deleted")]})


def upload_photo(call: Call) -> Response:
    """Answer POST /{module}/{id}/photo."""
    record = parent(call)
    if call.module.api_name not in _WITH_PHOTO:
        raise Refusal(400, "NOT_SUPPORTED", "photos are not supported in this module")
    given = uploaded(call, call.limits.photo_megabytes * _MEGABYTE)
    if not given.content.startswith(_PICTURES):
        raise Refusal(400, "INVALID_DATA", "the file is no picture", {"param_name": "file"})
    _drop_photo(call, record)
    _store(call, record, _PHOTO, given, None)
    return json_answer(done({}, "photo uploaded successfully"))


def download_photo(call: Call) -> Response:
    """Answer GET /{module}/{id}/photo: 204 when the record has none."""
    found = _photos(call, parent(call))
    return _file(found[0]) if found else empty_answer(204)


def delete_photo(call: Call) -> Response:
    """Answer DELETE /{module}/{id}/photo."""
    record = parent(call)
    if not _photos(call, record):
        raise Refusal(400, "INVALID_DATA", "the record has no photo", {"id": str(record["id"])})
    _drop_photo(call, record)
    return json_answer(done({}, "photo deleted successfully"))


def _refuse_no_address(link: str) -> None:
    """Refuse a link that no browser could open.

    Raises:
        Refusal: 400, it is no http or https address with a host.
    """
    try:
        parts = urlsplit(link)
        good = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.hostname or "") and parts.port != 0
    except ValueError:  # brackets that hold no address, or a port that is no number
        good = False
    if not good:
        details = {"param_name": "attachmentUrl", "expected_data_type": "url"}
        raise Refusal(400, "INVALID_DATA", "invalid data", details)


def _store(call: Call, record: Row, kind: str, given: Upload, link: str | None) -> int:
    database = call.organization.database
    new_id = database.new_id()
    values: tuple[Value, ...] = (
        new_id,
        call.module.api_name,
        record["id"],
        kind,
        given.name,
        link,
        given.content,
        int(call.user.id),
        call.now,
    )
    database.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    return new_id


def _attachment(call: Call) -> Row | None:
    number = as_id(call.values["other"])
    found = call.organization.database.rows(
        "SELECT * FROM files WHERE id = ? AND record = ? AND kind <> ?", (number, parent(call)["id"], _PHOTO)
    )
    return found[0] if found else None


def _photos(call: Call, record: Row) -> list[Row]:
    return call.organization.database.rows(
        "SELECT * FROM files WHERE record = ? AND kind = ?", (record["id"], _PHOTO)
    )


def _drop_photo(call: Call, record: Row) -> None:
    call.organization.database.execute(
        "DELETE FROM files WHERE record = ? AND kind = ?", (record["id"], _PHOTO)
    )


def _file(row: Row) -> Response:
    content = row["content"]
    return binary_answer(str(row["name"]), content if isinstance(content, bytes) else b"")


def _shown(call: Call, record: Row, row: Row) -> dict[str, object]:
    who, when = person(call, row["created_by"]), call.time(integer(row["created_time"]))
    name = str(record[call.module.name_field])
    parent_shown: dict[str, object] = {"name": name, "id": str(record["id"])}
    if call.version.modern:
        parent_shown["module"] = {"api_name": call.module.api_name}
    link, content = row["kind"] == _LINK, row["content"]
    return {
        "id": str(row["id"]),
        "File_Name": row["name"],
        "Size": None if link else str(len(content) if isinstance(content, bytes) else 0),
        "Owner": who,
        "Created_By": who,
        "Modified_By": who,
        "Created_Time": when,
        "Modified_Time": when,
        "Parent_Id": parent_shown,
        "$se_module": call.module.api_name,
        "$type": "Link URL" if link else "Attachment",
        "$file_id": None if link else f"{integer(row['id']):032x}",
        "$link_url": row["link"],
        "$editable": True,
    }
