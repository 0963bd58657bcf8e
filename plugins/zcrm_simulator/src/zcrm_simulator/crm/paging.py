"""Which part of a list does a call ask for, and how does it find the next part?"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.call import Call

SORT_FIELDS = ("id", "Created_Time", "Modified_Time")
_MAC_LENGTH = 16
_DIGITS = 9


@dataclass(frozen=True)
class Position:
    """Where a list goes on: after this sort value and id, with so many records seen."""

    value: int
    record_id: int
    seen: int
    expires_at: int


@dataclass(frozen=True)
class Page:
    """The part of a list that a call asks for; ``after`` is set when it came with a page token."""

    number: int
    size: int
    sort_by: str
    descending: bool
    after: Position | None

    @property
    def first(self) -> int:
        """The number of records before this page."""
        return self.after.seen if self.after else (self.number - 1) * self.size

    @property
    def order(self) -> str:
        """The sort order by its API name."""
        return "desc" if self.descending else "asc"


def positive(call: Call, name: str, default: int) -> int:
    """Return a numeric parameter of 1 or more.

    Raises:
        Refusal: 400, it is no such number.
    """
    text = call.parameter(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS or int(text) < 1:
        raise Refusal(
            400,
            "INVALID_DATA",
            "Please check whether the input values are correct",
            {"param_name": name, "expected_data_type": "integer"},
        )
    return int(text)


def page_size(call: Call) -> int:
    """Return ``per_page``, 200 unless the call says less; version 2 cuts what is more, later ones refuse."""
    size = positive(call, "per_page", call.limits.per_page)
    if size > call.limits.per_page and call.version.modern:
        raise Refusal(
            400,
            "LIMIT_EXCEEDED",
            "Please check whether the input values are correct",
            {"param_name": "per_page", "limit": call.limits.per_page},
        )
    return min(size, call.limits.per_page)


def requested_page(call: Call) -> Page:
    """Return the page that a list call asks for.

    Raises:
        Refusal: 400, a parameter is wrong or the records are out of reach.
    """
    size = page_size(call)
    sort_by = call.parameter("sort_by") or SORT_FIELDS[0]
    order = call.parameter("sort_order") or "desc"
    for name, value, allowed in (("sort_by", sort_by, SORT_FIELDS), ("sort_order", order, ("asc", "desc"))):
        if value not in allowed:
            raise Refusal(
                400,
                "INVALID_DATA",
                "Please check whether the input values are correct",
                {"param_name": name, "supported_values": list(allowed)},
            )
    if call.version.modern and call.request.args.get("page_token") == "":
        raise _wrong_token("INVALID_DATA", "invalid data")
    token = call.parameter("page_token") if call.version.modern else None
    if token and call.parameter("page"):
        raise Refusal(
            400,
            "AMBIGUITY_DURING_PROCESSING",
            "ambiguity while processing the request",
            {"ambiguity_due_to": [{"param_name": "page"}, {"param_name": "page_token"}]},
        )
    after = _read_token(call, token) if token else None
    page = Page(positive(call, "page", 1), size, sort_by, order == "desc", after)
    _check_reach(call, page)
    return page


def next_token(call: Call, page: Page, value: int, record_id: int) -> tuple[str, str]:
    """Return the token of the page that follows, and the time at which it ends."""
    expires_at = call.now + call.limits.page_token_lifetime
    payload = json.dumps(
        [value, record_id, page.first + page.size, expires_at, call.user.id, _bound(call)]
    ).encode()
    mac = hmac.digest(call.secret, payload, "sha256")[:_MAC_LENGTH]
    return base64.urlsafe_b64encode(mac + payload).decode().rstrip("="), call.time(expires_at)


def _check_reach(call: Call, page: Page) -> None:
    last = page.first + page.size
    if page.after:
        if page.first >= call.limits.token_records:
            raise Refusal(
                400,
                "PAGINATION_LIMIT_EXCEEDED",
                "pagination limit exceeded",
                {"limit": call.limits.token_records},
            )
        return
    limited = call.version.modern or call.switches.numbered_limit_v2
    if limited and last > call.limits.numbered_records:
        raise Refusal(
            400,
            "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
            "the discrete pagination limit is exceeded; use page_token",
            {"limit": call.limits.numbered_records},
        )


def _bound(call: Call) -> str:
    """Return a digest of everything that must stay the same from page to page."""
    kept = sorted(
        (name, value) for name, value in call.request.args.items() if name not in {"page", "page_token"}
    )
    same = [call.request.path, kept, call.request.headers.get("If-Modified-Since")]
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()


def _read_token(call: Call, token: str) -> Position:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raw = b""
    mac, payload = raw[:_MAC_LENGTH], raw[_MAC_LENGTH:]
    if not hmac.compare_digest(mac, hmac.digest(call.secret, payload, "sha256")[:_MAC_LENGTH]):
        raise _wrong_token("INVALID_DATA", "invalid data")
    value, record_id, seen, expires_at, user_id, bound = json.loads(payload)
    if user_id != call.user.id:
        raise _wrong_token("INVALID_DATA", "invalid data")
    if call.now >= expires_at:
        raise _wrong_token("EXPIRED_VALUE", "the page token is expired")
    if bound != _bound(call):
        status = call.switches.page_token_mismatch_status
        message = "the parameters differ from those the token was made for"
        raise _wrong_token("TOKEN_BOUND_DATA_MISMATCH", message, status)
    return Position(value, record_id, seen, expires_at)


def _wrong_token(code: str, message: str, status: int = 400) -> Refusal:
    return Refusal(status, code, message, {"param_name": "page_token"})
