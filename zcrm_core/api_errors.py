"""Which error is this answer of the CRM, if it is one?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from zcrm_core.details import in_words
from zcrm_core.errors import ApiError, NotFound, RateLimited, TransportError
from zcrm_core.exact_json import JSON, loads
from zcrm_core.response import Response, not_asked_for

__all__ = ["INVALID_TOKEN", "api_code", "raise_for_error", "raise_for_no_file"]

INVALID_TOKEN: Final = frozenset({"INVALID_TOKEN", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE"})
"""Zoho's words for: this access token is not, or no longer, valid here."""

_LONGEST_TEXT: Final = 300
_NOT_FOUND: Final = frozenset({"INVALID_MODULE", "INVALID_URL_PATTERN", "RESOURCE_NOT_FOUND"})
_NO_RIGHT: Final = frozenset({"NO_PERMISSION", "PERMISSION_DENIED", "AUTHORIZATION_FAILED"})
_MIXED: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.PRECONDITION_FAILED})
"""Refusals that are about single records, so others of the same call may have gone through."""
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_DOCUMENTS: Final = re.compile(r"\s*(?:(?:application/(?:.+\+)?(?:json|xml)|text/.+)\s*)?(?:;|\Z)")
"""Types in which servers explain themselves, or none at all."""
_LONGEST_DOCUMENT: Final = 65_536
_SCOPES: Final = (
    (re.compile(r"(^|/)users/search\b"), "ZohoCRM.users.READ and ZohoSearch.securesearch.READ"),
    (re.compile(r"(^|/)upload\Z"), "ZohoFiles.files.ALL"),
    (re.compile(r"(^|/)actions/mass_update\b"), "ZohoCRM.mass_update.READ and ZohoCRM.mass_update.UPDATE"),
    (re.compile(r"(^|/)actions/(add|remove)_tags\b"), "ZohoCRM.modules.ALL and ZohoCRM.settings.tags.ALL"),
    (re.compile(r"(^|/)search\b"), "ZohoCRM.modules.ALL and ZohoSearch.securesearch.READ"),
    (re.compile(r"(^|/)users\b"), "ZohoCRM.users.ALL"),
    (re.compile(r"(^|/)org\b"), "ZohoCRM.org.ALL"),
    (re.compile(r"(^|/)settings\b"), "ZohoCRM.settings.ALL"),
    (re.compile(r"(^|/)coql\b"), "ZohoCRM.coql.READ and ZohoCRM.modules.ALL"),
    (re.compile(r"(^|/)bulk\b"), "ZohoCRM.bulk.ALL and ZohoCRM.modules.ALL"),
    (re.compile(r""), "ZohoCRM.modules.ALL"),
)


def api_code(response: Response) -> str | None:
    """Give Zoho's code of a whole-call error, if the answer has one."""
    try:
        answer = response.json() if response.content else None
    except TransportError:
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, str) else None


def _refuse_unasked(response: Response, path: str) -> None:
    """Refuse an answer that nothing changed (304) to a call without a condition (RFC 9110 section 13)."""
    if not any(name.lower().startswith("if-") for name in response.raw.request.headers):
        raise not_asked_for(
            f"The server answered {path} that nothing changed, which was not asked.",
            why="Zoho does so for If-Modified-Since alone, so a cache or a proxy answered instead.",
            fix="Look for a cache in between, and switch it off for Zoho's servers.",
        )


def raise_for_error(response: Response, path: str, redact: Callable[[str], str]) -> None:
    """Raise the error that an answer means; one with the results of single records is none below 500.

    Args:
        response: the answer.
        path: what was asked for, for the message.
        redact: removes secrets from a text, for a server may repeat what it was sent.

    Raises:
        NotFound: there is no such module or address.
        RateLimited: too many calls.
        ApiError: the CRM refused the whole call, or failed.
        TransportError: the answer is not one of Zoho's, or contradicts itself.
    """
    status = response.status
    if status == HTTPStatus.NOT_MODIFIED:
        _refuse_unasked(response, path)
        return
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if status < HTTPStatus.BAD_REQUEST:
        redirect = TransportError(
            f"The server answered {path} with a redirect ({status}).",
            why="The CRM's API never redirects, and a token must not follow one.",
            fix="Check the region, and look for a proxy or a login page in between.",
            code="ZCRM-HTTP-006",
        )
        redirect.sent = True
        raise redirect
    answer = response.json()
    # A server that failed says nothing about single records, whatever stands in its answer.
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and isinstance(answer, dict) and _has_outcomes(answer):
        _refuse_contradiction(status, answer, path)
        return
    raise _error(status, answer if isinstance(answer, dict) else {}, path, redact)


def raise_for_no_file(response: Response, path: str, redact: Callable[[str], str]) -> None:
    """Raise the error that an answer means which was to be a file, and whose body is not read yet.

    Zoho sends a file with its name (``Content-Disposition``, RFC 6266); its JSON is named ``response.json``.

    Args:
        response: the answer; no error by its status.
        path: what was asked for, for the message.
        redact: removes secrets from a text, for a server may repeat what it was sent.

    Raises:
        ApiError: it is an error of Zoho's all the same.
        TransportError: it is a document or a page, or nothing.
    """
    headers = response.headers
    disposition, kind = headers.get("Content-Disposition", ""), headers.get("Content-Type", "").lower()
    explains = _DOCUMENTS.match(kind) is not None
    named = bool(disposition) and not (explains and "response.json" in disposition)
    a_file = named or not (explains or headers.get("Content-Length") == "0")
    if response.status in _BODILESS or (response.status == HTTPStatus.OK and a_file):
        return
    answer = _document(response)
    if isinstance(answer, dict) and isinstance(answer.get("code"), str):
        raise _error(response.status, answer, path, redact)
    raise not_asked_for(
        f"The answer to {path} ({response.status}) is no file.",
        why="It has no file's name, and is a page, a document or empty.",
        fix="Check that the address is that of a file, and look for a proxy or a login page in between.",
    )


def _document(response: Response) -> JSON:
    """Read the beginning of a body that was to be a file, as JSON; ``None`` where it is none."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with requests, see transport.py

    try:
        return loads(response.raw.raw.read(_LONGEST_DOCUMENT, decode_content=True))
    except (HTTPError, OSError, RecursionError, ValueError):
        return None  # its caller says that it is no file
    finally:
        response.raw.close()


def _said(value: JSON, redact: Callable[[str], str]) -> str | None:
    """Give a text of the server's as it may be shown: short, printable, and without a secret."""
    if not isinstance(value, str) or not value:
        return None
    shown = redact(value)[:_LONGEST_TEXT]
    return "".join(char if char.isprintable() else " " for char in shown)


def _has_outcomes(answer: Mapping[str, JSON]) -> bool:
    """Tell whether the answer gives an outcome for each record: v8 sends 400 when every one failed."""
    return any(
        isinstance(items, list)
        and bool(items)
        and all(isinstance(item, dict) and "code" in item and "status" in item for item in items)
        for items in answer.values()
    )


def _refuse_contradiction(status: int, answer: Mapping[str, JSON], path: str) -> None:
    """Refuse the success of a record in an answer that refuses the whole call.

    Raises:
        TransportError: nobody knows which of the two is true.
    """
    if status in _MIXED or not _tells_success(answer):
        return
    raise not_asked_for(
        f"The answer to {path} refuses the whole call ({status}), and says that a record went through.",
        why="Something between here and Zoho changes answers, so nobody knows what was written.",
        fix="Look for a gateway or a proxy in between; read the records back before you send any again.",
    )


def _tells_success(answer: Mapping[str, JSON]) -> bool:
    """Tell whether one of the outcomes says that it went through."""
    return any(
        isinstance(item, dict) and item.get("status") == "success"
        for items in answer.values()
        if isinstance(items, list)
        for item in items
    )


def _error(status: int, answer: Mapping[str, JSON], path: str, redact: Callable[[str], str]) -> ApiError:
    code, message, details = answer.get("code"), answer.get("message"), answer.get("details")
    named, sentence = _said(code, redact), _said(message, redact)
    said = f"{named or 'an error'} ({status})" + (f": {sentence.removesuffix('.')}" if sentence else "")
    said += redact(in_words(details))
    error: ApiError
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        error = RateLimited(f"Zoho CRM answered {path} with {said}.")
    elif status == HTTPStatus.NOT_FOUND or named in _NOT_FOUND:
        error = NotFound(f"Zoho CRM answered {path} with {said}.")
    elif named == "OAUTH_SCOPE_MISMATCH":
        scope = next(scope for pattern, scope in _SCOPES if pattern.search(path))
        error = ApiError(
            f"The token has no scope for {path}.",
            why=f"Zoho answered {said}.",
            fix=f"Log in again with the scope {scope} among the others.",
            code="ZCRM-API-006",
        )
    elif named in INVALID_TOKEN:
        error = ApiError(
            f"Zoho CRM does not accept the token for {path}.",
            why=f"It answered {said}, to a new token as well.",
            fix="Check that region and environment are those of the account that logged in.",
            code="ZCRM-API-005",
        )
    elif status == HTTPStatus.FORBIDDEN or named in _NO_RIGHT:
        error = ApiError(
            f"This user has no right to do this: {path}.",
            why=f"Zoho answered {said}.",
            fix="Give the user's profile or role the right, or use another user.",
            code="ZCRM-API-007",
        )
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        error = ApiError(
            f"Zoho CRM answered {path} with {said}.",
            why="The server failed; the request itself may be right.",
            fix="Call again in a minute; a write may have happened, so read it back first.",
            code="ZCRM-API-008",
        )
        error.retryable = True
    else:
        error = ApiError(f"Zoho CRM answered {path} with {said}.")
    error.status, error.api_code = status, named
    error.details = details if isinstance(details, dict) else {}
    return error
