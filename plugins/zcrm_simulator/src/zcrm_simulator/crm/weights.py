"""How many credits does a call cost, and does it count as a heavy one?"""

from __future__ import annotations

import json

from zcrm_simulator.crm.call import Call

_RECORDS_A_CREDIT = 10
_VIEW_COST = 3


def light(_call: Call) -> tuple[int, bool]:
    """Weigh a call that costs one credit."""
    return 1, False


def sorted_list(call: Call) -> tuple[int, bool]:
    """Weigh a list, which is heavy when it is sorted or follows a custom view."""
    view = call.parameter("cvid") is not None
    return _VIEW_COST if view else 1, view or call.parameter("sort_by") is not None


def weight_of_search(call: Call) -> tuple[int, bool]:
    """Weigh a search."""
    return call.limits.search_credits, True


def weight_of_write(call: Call) -> tuple[int, bool]:
    """Weigh a write: one credit for each ten records; the body is not checked yet."""
    try:
        payload = json.loads(call.request.get_data())
    except (ValueError, RecursionError):
        return 1, False
    data = payload.get("data") if isinstance(payload, dict) else None
    records = len(data) if isinstance(data, list) else 1
    return max(-(-records // _RECORDS_A_CREDIT), 1), records > call.limits.heavy_records


def weight_of_conversion(_call: Call) -> tuple[int, bool]:
    """Weigh the conversion of a lead."""
    return 5, True


def weight_of_bulk_read(_call: Call) -> tuple[int, bool]:
    """Weigh a job that reads."""
    return 50, False


def weight_of_bulk_write(_call: Call) -> tuple[int, bool]:
    """Weigh a job that writes."""
    return 500, False
