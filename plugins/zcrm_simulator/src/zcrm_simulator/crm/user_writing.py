"""What do the calls answer that invite, change, delete and search users?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.criteria import Condition, Criteria, CriteriaError, parse
from zcrm_simulator.crm.paging import page_size, positive
from zcrm_simulator.crm.users import KINDS, shown_user
from zcrm_simulator.data.people import Profile, Role, User

_Right = TypeVar("_Right", Role, Profile)

_WRITABLE = frozenset(
    [
        "first_name",
        "last_name",
        "alias",
        "signature",
        "name_format",
        "language",
        "locale",
        "country_locale",
        "default_tab_group",
        "decimal_separator",
        "time_format",
        "date_format",
        "time_zone",
        "phone",
        "mobile",
        "fax",
        "website",
        "dob",
        "street",
        "city",
        "state",
        "zip",
        "country",
        "personal_account",
        "Reporting_To",
    ]
)


def create_user(call: Call) -> Response:
    """Answer POST /users: the user is there at once, and has not accepted yet."""
    given = _given(call)
    for name in ("last_name", "email", "role", "profile"):
        if not given.get(name):
            raise Refusal(400, "MANDATORY_NOT_FOUND", "required field not found", {"api_name": name})
    email = str(given["email"]).lower()
    if call.organization.find_user(email) is not None:
        raise Refusal(
            400,
            "DUPLICATE_DATA",
            "Failed to add user since same email id is already present",
            {"api_name": "email"},
        )
    new_id = str(call.organization.database.new_id())
    owner = call.organization.owner
    user = replace(
        owner,
        id=new_id,
        zuid=str(int(owner.zuid) + int(new_id) % 10**6),
        first_name=str(given.get("first_name") or ""),
        last_name=str(given["last_name"]),
        email=email,
        role=_known("role", call.organization.roles, given["role"]),
        profile=_known("profile", call.organization.profiles, given["profile"]),
        status="active",
        confirmed=False,
    )
    call.organization.users = (*call.organization.users, user)
    _keep(call, new_id, given)
    return json_answer({"users": [done({"id": new_id}, "User added")]}, 201)


def update_user(call: Call) -> Response:
    """Answer PUT /users/{id}."""
    user, given = _user(call), _given(call)
    changes: dict[str, object] = {
        name: str(given[name])
        for name in ("first_name", "last_name", "time_zone", "country")
        if given.get(name)
    }
    if given.get("role"):
        changes["role"] = _known("role", call.organization.roles, given["role"])
    if given.get("profile"):
        changes["profile"] = _known("profile", call.organization.profiles, given["profile"])
    if str(given.get("status")) in {"active", "disabled"}:
        changes["status"] = given["status"]
    _put(call, replace(user, **changes))  # type: ignore[arg-type]  # names and types are those above
    _keep(call, user.id, given)
    return json_answer({"users": [done({"id": user.id}, "User updated")]})


def delete_user(call: Call) -> Response:
    """Answer DELETE /users/{id}: the user stays in the list of the deleted ones."""
    user = _user(call)
    if user in (call.organization.owner, call.user):
        raise Refusal(400, "NOT_ALLOWED", "the user cannot be deleted", {"id": user.id})
    _put(call, replace(user, status="deleted"))
    return json_answer({"users": [done({"id": user.id}, "User deleted")]})


def search_users(call: Call) -> Response:
    """Answer GET /users/search?criteria=; a star at a value's end is let go, and brackets are optional."""
    text = (call.parameter("criteria") or "").strip()
    if not text:
        raise Refusal(
            400,
            "REQUIRED_PARAM_MISSING",
            "One of the expected parameter is missing",
            {"param_name": "criteria"},
        )
    try:
        criteria = parse(text if text.startswith("(") else f"({text})")
    except CriteriaError as error:
        raise Refusal(400, "INVALID_QUERY", "invalid query formed", {"reason": str(error)}) from None
    kind = call.parameter("type") or "AllUsers"
    if kind not in KINDS:
        raise Refusal(
            400, "INVALID_DATA", "invalid data", {"param_name": "type", "supported_values": list(KINDS)}
        )
    size, page = page_size(call), positive(call, "page", 1)
    people = [shown_user(call, user) for user in call.organization.users if KINDS[kind](user, call.user)]
    found = [one for one in people if _holds(criteria, one)]
    shown = found[(page - 1) * size : page * size]
    if not shown:
        return empty_answer(204)
    info = {"per_page": size, "count": len(shown), "page": page, "more_records": len(found) > page * size}
    return json_answer({"users": shown, "info": info})


def _holds(criteria: Criteria, user: Mapping[str, object]) -> bool:
    if not isinstance(criteria, Condition):
        parts = (_holds(criteria.left, user), _holds(criteria.right, user))
        return all(parts) if criteria.joint == "and" else any(parts)
    if criteria.field not in user:
        details = {"reason": "the field is not searchable", "api_name": criteria.field}
        raise Refusal(400, "INVALID_QUERY", "invalid query formed", details)
    stored, value = str(user[criteria.field] or "").lower(), criteria.value.removesuffix("*").lower()
    holds = {
        "equals": stored == value,
        "not_equal": stored != value,
        "starts_with": stored.startswith(value),
        "in": stored in [one.lower() for one in criteria.values],
    }
    if criteria.operator not in holds:
        details = {"reason": "the operator does not fit the field", "api_name": criteria.field}
        raise Refusal(400, "INVALID_QUERY", "invalid query formed", details)
    return holds[criteria.operator]


def _given(call: Call) -> Mapping[str, object]:
    users = call.body().get("users")
    if not isinstance(users, list) or len(users) != 1 or not isinstance(users[0], Mapping):
        raise Refusal(
            400, "INVALID_DATA", "invalid data", {"api_name": "users", "expected_data_type": "jsonarray"}
        )
    return users[0]


def _user(call: Call) -> User:
    user = call.organization.user_by_id(call.values["id"])
    if user is None or user.status == "deleted":
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"id": call.values["id"]})
    return user


def _known(name: str, all_of: Sequence[_Right], given: object) -> _Right:
    wanted = given.get("id") if isinstance(given, Mapping) else given
    found = [one for one in all_of if one.id == str(wanted)]
    if not found:
        raise Refusal(400, "INVALID_DATA", f"the {name} given seems to be invalid", {"api_name": name})
    return found[0]


def _put(call: Call, changed: User) -> None:
    call.organization.users = tuple(
        changed if user.id == changed.id else user for user in call.organization.users
    )


def _keep(call: Call, user_id: str, given: Mapping[str, object]) -> None:
    """Remember what is no part of a person here but shown all the same."""
    database = call.organization.database
    known = database.documents("user facts").get(user_id, {})
    facts = {key: value for key, value in given.items() if key in _WRITABLE}
    database.keep("user facts", user_id, known | facts | {"changed": call.now})
