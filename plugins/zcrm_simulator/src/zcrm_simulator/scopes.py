"""Is a scope one that Zoho knows, and does what was granted cover what a call needs?"""

from __future__ import annotations

import re
from collections.abc import Iterable

_OPERATIONS = "all|read|create|update|delete|write|custom"
_CRM_GROUPS = (
    "modules|settings|users|org|bulk|coql|notifications|mass_update|mass_delete|mass_convert|change_owner"
    "|composite_requests|files|templates|features|share|send_mail|recycle_bin|apis|zia|automation"
)
_KNOWN = re.compile(
    rf"zohocrm\.(?:{_CRM_GROUPS})(?:\.\w+)*\.(?:{_OPERATIONS})"
    rf"|zohosearch\.securesearch\.(?:{_OPERATIONS})"
    rf"|zohofiles\.files\.(?:{_OPERATIONS})"
    rf"|aaaserver\.profile\.(?:{_OPERATIONS})"
    r"|openid|email|profile|phone"
)
_ACTIVITIES = {"tasks", "events", "calls"}


def split_scopes(text: str) -> tuple[str, ...]:
    """Cut a scope parameter at its commas and blanks; Zoho writes commas, RFC 6749 section 3.3 blanks."""
    return tuple(part for part in re.split(r"[,\s]+", text) if part)


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Return the scopes that no Zoho service has; letter case does not matter."""
    return [scope for scope in scopes if not _KNOWN.fullmatch(scope.lower())]


def covers(granted: Iterable[str], needed: str) -> bool:
    """Tell whether one granted scope allows what ``needed`` names.

    ``ZohoCRM.modules.ALL`` covers ``ZohoCRM.modules.leads.READ``; ``WRITE``, the word of old pages, covers
    creating, updating and deleting; activities cover tasks, events and calls (Zoho's scopes page).
    """
    wanted_group, _, operation = needed.lower().rpartition(".")
    groups = {wanted_group}
    head, _, module = wanted_group.rpartition(".")
    if module in _ACTIVITIES:
        groups.add(f"{head}.activities")
    return any(_allows(scope.lower(), group, operation) for scope in granted for group in groups)


def _allows(scope: str, group: str, operation: str) -> bool:
    granted_group, _, granted_operation = scope.rpartition(".")
    if granted_group != group and not group.startswith(f"{granted_group}."):
        return False
    if granted_operation == "write":
        return operation in {"create", "update", "delete"}
    return granted_operation in {"all", operation}
