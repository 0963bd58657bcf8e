"""What do the calls about users answer?"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.paging import page_size, positive
from zcrm_simulator.crm.reading import requested_ids
from zcrm_simulator.data.people import PEOPLE_TIME, User

KINDS: dict[str, Callable[[User, User], bool]] = {
    "AllUsers": lambda user, _current: user.status != "deleted",
    "ActiveUsers": lambda user, _current: user.active,
    "DeactiveUsers": lambda user, _current: user.status == "disabled",
    "ConfirmedUsers": lambda user, _current: user.confirmed,
    "NotConfirmedUsers": lambda user, _current: not user.confirmed,
    "DeletedUsers": lambda user, _current: user.status == "deleted",
    "ActiveConfirmedUsers": lambda user, _current: user.active and user.confirmed,
    "AdminUsers": lambda user, _current: user.administrator,
    "ActiveConfirmedAdmins": lambda user, _current: user.active and user.confirmed and user.administrator,
    "CurrentUser": lambda user, current: user == current,
}


def list_users(call: Call) -> Response:
    """Answer GET /users?type=."""
    kind = call.parameter("type") or "AllUsers"
    if kind not in KINDS:
        raise Refusal(
            400,
            "INVALID_DATA",
            "Please check whether the input values are correct",
            {"param_name": "type", "supported_values": list(KINDS)},
        )
    size, page, ids = page_size(call), positive(call, "page", 1), requested_ids(call)
    since = call.time_header("If-Modified-Since")
    if since is not None and since > PEOPLE_TIME:
        return empty_answer(304)
    found = [user for user in call.organization.users if KINDS[kind](user, call.user)]
    found = [user for user in found if not ids or user.id in ids]
    shown = found[(page - 1) * size : page * size]
    if not shown:
        return empty_answer(204)
    info = {"per_page": size, "count": len(shown), "page": page, "more_records": len(found) > page * size}
    return json_answer({"users": [shown_user(call, user) for user in shown], "info": info})


def get_user(call: Call) -> Response:
    """Answer GET /users/{id}: 204 when there is no such user."""
    user = call.organization.user_by_id(call.values["id"])
    if user is None:
        return empty_answer(204)
    since = call.time_header("If-Modified-Since")
    if since is not None and since > PEOPLE_TIME:
        return empty_answer(304)
    return json_answer({"users": [shown_user(call, user)]})


def shown_user(call: Call, user: User) -> dict[str, object]:
    """Return a user as the API shows it."""
    facts = call.organization.database.documents("user facts").get(user.id, {})
    changed_at = facts.pop("changed", PEOPLE_TIME)
    shown = _person(call, user, call.time(changed_at if isinstance(changed_at, int) else PEOPLE_TIME))
    return shown | facts


def _person(call: Call, user: User, changed: str) -> dict[str, object]:
    owner = call.organization.owner
    created = call.time(PEOPLE_TIME)
    return {
        "id": user.id,
        "zuid": user.zuid if user.confirmed else None,
        "full_name": user.full_name,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "role": {"name": user.role.name, "id": user.role.id},
        "profile": {"name": user.profile.name, "id": user.profile.id},
        "status": user.status,
        "confirm": user.confirmed,
        "personal_account": user == owner,
        "Isonline": user == call.user,
        "created_by": owner.reference(),
        "created_time": created,
        "Modified_By": owner.reference(),
        "Modified_Time": changed,
        "Reporting_To": None if user == owner else owner.reference(),
        "time_zone": user.time_zone,
        "offset": user.offset * 60_000,
        "language": "en_US",
        "locale": "en_US",
        "country_locale": "en_US",
        "country": user.country,
        "date_format": "MMM d, yyyy",
        "time_format": "HH:mm",
        "decimal_separator": "Period",
        "number_separator": "Comma",
        "name_format__s": "Salutation,First Name,Last Name",
        "sort_order_preference__s": "First Name,Last Name",
        "category": "regular_user",
        "type__s": "Regular User",
        "Currency": "USD",
        "default_tab_group": "0",
        "microsoft": False,
        "sandboxDeveloper": False,
        "phone": None,
        "mobile": None,
        "fax": None,
        "website": None,
        "dob": None,
        "alias": None,
        "signature": None,
        "street": None,
        "city": None,
        "state": None,
        "zip": None,
        "$current_shift": None,
        "$next_shift": None,
        "$shift_effective_from": None,
        "status_reason__s": None,
        "customize_info": {"notes_desc": None, "show_right_panel": None, "bc_view": None,
                           "unpin_recent_item": None, "show_home": False, "show_detail_view": True},
        "theme": {"normal_tab": {"font_color": "#FFFFFF", "background": "#222222"},
                  "selected_tab": {"font_color": "#FFFFFF", "background": "#222222"},
                  "new_background": None, "background": "#F3F0EB", "screen": "fixed", "type": "default"},
    }  # fmt: skip
