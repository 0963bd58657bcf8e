"""What does a route of the CRM know about the call it answers?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import cast

from werkzeug.wrappers import Request

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.versions import Version
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.fields import Module
from zcrm_simulator.data.organization import Organization
from zcrm_simulator.data.people import User
from zcrm_simulator.limits import Limits
from zcrm_simulator.switches import Switches


@dataclass(frozen=True)
class Call:
    """One call after the checks that all calls have in common."""

    request: Request
    version: Version
    organization: Organization
    user: User
    limits: Limits
    switches: Switches
    now: int
    values: dict[str, str] = field(default_factory=dict)
    secret: bytes = b""

    @property
    def module(self) -> Module:
        """The module in the path; the dispatcher has checked that it exists."""
        return MODULES[self.values["module"]]

    def parameter(self, name: str) -> str | None:
        """Return a query parameter; an empty one counts as absent."""
        return self.request.args.get(name) or None

    def time(self, seconds: float) -> str:
        """Write a time as Zoho does: the user's own zone, no fraction."""
        zone = timezone(timedelta(minutes=self.user.offset))
        return datetime.fromtimestamp(seconds, zone).isoformat(timespec="seconds")

    def time_header(self, name: str) -> int | None:
        """Return the time that a header names, in seconds since the epoch.

        Raises:
            Refusal: 400, the header is no ISO 8601 time with an offset.
        """
        text = self.request.headers.get(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise Refusal(
                400,
                "INVALID_DATA",
                "invalid data",
                {"header_name": name, "expected_data_type": "datetime"},
            )
        return int(moment.timestamp())

    def body(self) -> dict[str, object]:
        """Return the JSON object in the body.

        Raises:
            Refusal: 400, the body is no JSON object.
        """
        try:
            payload = json.loads(self.request.get_data(), parse_constant=_no_number)
        except (ValueError, RecursionError):
            payload = None
        if not isinstance(payload, dict):
            raise Refusal(400, "INVALID_DATA", "body", {"expected_data_type": "jsonobject"})
        return cast("dict[str, object]", payload)


def _no_number(name: str) -> None:
    """Refuse Infinity and NaN, which are no JSON (RFC 8259 section 6)."""
    raise ValueError(name)
