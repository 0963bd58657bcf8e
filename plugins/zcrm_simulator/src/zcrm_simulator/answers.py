"""What does an answer of Zoho look like on the wire?"""

from __future__ import annotations

import json
from collections.abc import Mapping

from werkzeug.wrappers import Response

JSON_TYPE = "application/json;charset=UTF-8"


def json_answer(payload: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer with a JSON body in UTF-8."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    # Half a surrogate pair can come in as an escape of JSON, and has no form in UTF-8.
    return Response(text.encode(errors="replace"), status, dict(headers or {}), content_type=JSON_TYPE)


def empty_answer(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer without a body: 204 and 304 have none by RFC 9110 section 6.4.1."""
    response = Response(b"", status, dict(headers or {}))
    del response.headers["Content-Type"]
    if status in {204, 304}:
        response.headers.pop("Content-Length", None)
    return response


def html_answer(title: str, text: str, status: int) -> Response:
    """Return a small HTML page; both texts must already be escaped."""
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title></head><body><h1>{title}</h1>{text}</body></html>\n"
    )
    return Response(page.encode(), status, content_type="text/html;charset=UTF-8")


def envelope(code: str, message: str, details: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return the envelope in which the CRM reports one error."""
    return {"code": code, "details": dict(details or {}), "message": message, "status": "error"}


class Refusal(Exception):
    """A call ends here with an error of the CRM.

    Args:
        status: the HTTP status.
        code: Zoho's error code.
        message: Zoho's text.
        details: what the error is about.
    """

    def __init__(
        self, status: int, code: str, message: str, details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.body = envelope(code, message, details)

    def answer(self) -> Response:
        """Return the error as an HTTP answer."""
        return json_answer(self.body, self.status)


def done(details: Mapping[str, object], message: str) -> dict[str, object]:
    """Return the item in which the CRM reports that one thing went through."""
    return {"code": "SUCCESS", "details": dict(details), "message": message, "status": "success"}
