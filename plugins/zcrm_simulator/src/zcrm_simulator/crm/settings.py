"""What do the calls about the organization, its roles and its profiles answer?"""

from __future__ import annotations

from werkzeug.wrappers import Response

from zcrm_simulator.answers import empty_answer, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.people import PEOPLE_TIME, Profile, Role

_PURCHASED = 10
_KINDS = {"production": "Production", "sandbox": "Sandbox", "developer": "Developer"}


def organization(call: Call) -> Response:
    """Answer GET /org."""
    known = call.organization
    owner = known.owner
    facts: dict[str, object] = {
        "id": known.id,
        "zgid": known.zgid,
        "company_name": known.company_name,
        "alias": None,
        "primary_email": owner.email,
        "primary_zuid": owner.zuid,
        "type": _KINDS[known.place.environment],
        "domain_name": f"org{known.zgid}",
        "website": "https://www.hollowbrook.example",
        "employee_count": str(len(known.users)),
        "phone": "+234 1 5550100",
        "mobile": None,
        "fax": None,
        "street": "14 Marina Road",
        "city": "Lagos",
        "state": "Lagos",
        "zip": "100001",
        "country": "Nigeria",
        "country_code": "NG",
        "description": None,
        "photo_id": None,
        "currency": "US Dollar - USD",
        "currency_symbol": "$",
        "currency_locale": "en_US",
        "iso_code": "USD",
        "time_zone": owner.time_zone,
        "created_time": call.time(PEOPLE_TIME),
        "max_per_page": call.limits.per_page,
        "mc_status": False,
        "gapps_enabled": False,
        "translation_enabled": False,
        "privacy_settings": False,
        "hipaa_compliance_enabled": False,
        "lite_users_enabled": False,
        "deletable_org_account": False,
        "oauth_presence": True,
        "call_icon": "telephony",
        "ezgid": f"{int(known.zgid):032x}",
        "zia_zgid": None,
        "zia_portal_id": None,
        "hierarchy_preferences": {"type": "Role_Hierarchy", "strictly_reporting": False},
        "checkin_preferences": {"restricted_event_types": None},
        "license_details": {
            "paid": True,
            "paid_type": "enterprise",
            "paid_expiry": call.time(PEOPLE_TIME + 5 * 365 * 86_400),
            "trial_type": None,
            "trial_expiry": None,
            "trial_action": None,
            "users_license_purchased": _PURCHASED,
        },
    }
    return json_answer({"org": [facts]})


def list_roles(call: Call) -> Response:
    """Answer GET /settings/roles."""
    return json_answer({"roles": [_role(call, role) for role in call.organization.roles]})


def get_role(call: Call) -> Response:
    """Answer GET /settings/roles/{id}: 204 when there is no such role."""
    found = [role for role in call.organization.roles if role.id == call.values["id"]]
    return json_answer({"roles": [_role(call, found[0])]}) if found else empty_answer(204)


def list_profiles(call: Call) -> Response:
    """Answer GET /settings/profiles."""
    answer: dict[str, object] = {"profiles": [_profile(call, one) for one in call.organization.profiles]}
    if call.version.modern:
        answer["info"] = {"license_limit": _PURCHASED}
    return json_answer(answer)


def get_profile(call: Call) -> Response:
    """Answer GET /settings/profiles/{id}, with the rights; 204 when there is no such profile."""
    found = [profile for profile in call.organization.profiles if profile.id == call.values["id"]]
    if not found:
        return empty_answer(204)
    rights = _permissions(found[0])
    categories = [
        {
            "name": name,
            "module": name,
            "display_label": module.plural,
            "permissions_details": [right["id"] for right in rights if right["module"] == name],
        }
        for name, module in MODULES.items()
    ]
    details = {"permissions_details": rights, "sections": [{"name": "Modules", "categories": categories}]}
    return json_answer({"profiles": [_profile(call, found[0]) | details]})


def _role(call: Call, role: Role) -> dict[str, object]:
    above = next((one for one in call.organization.roles if one.id == role.reports_to), None)
    owner = call.organization.owner.reference()
    time = call.time(PEOPLE_TIME)
    return {
        "id": role.id,
        "name": role.name,
        "display_label": role.name,
        "description": role.description or None,
        "reporting_to": {"id": above.id, "name": above.name} if above else None,
        "forecast_manager": None,
        "share_with_peers": True,
        "admin_user": role.reports_to is None,
        "created_by__s": owner,
        "modified_by__s": owner,
        "created_time__s": time,
        "modified_time__s": time,
    }


def _profile(call: Call, profile: Profile) -> dict[str, object]:
    owner = call.organization.owner.reference() if profile.custom else None
    time = call.time(PEOPLE_TIME) if profile.custom else None
    return {
        "id": profile.id,
        "name": profile.name,
        "display_label": profile.name,
        "description": profile.description,
        "custom": profile.custom,
        "category": profile.custom,
        "default": not profile.custom,
        "type": "normal_profile",
        "permission_type": "custom" if profile.custom else "default",
        "created_by": owner,
        "created_time": time,
        "modified_by": owner,
        "modified_time": time,
    }


def _permissions(profile: Profile) -> list[dict[str, object]]:
    first = int(profile.id) + 500
    kinds = [(name, right) for name in MODULES for right in ("view", "create", "edit", "delete")]
    return [
        {
            "id": str(first + index),
            "name": f"Crm_Implied_{right.title()}_{name}",
            "display_label": right.title(),
            "module": name,
            "enabled": right in profile.rights,
            "customizable": True,
            "parent_permissions": [],
        }
        for index, (name, right) in enumerate(kinds)
    ]
