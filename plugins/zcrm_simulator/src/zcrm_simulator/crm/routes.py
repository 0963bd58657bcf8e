"""Which calls does the CRM have, and what does each of them need?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Response

from zcrm_simulator.crm import metadata, reading, removal, search, settings, users, writing
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.versions import VERSIONS
from zcrm_simulator.crm.weights import light, sorted_list, weight_of_search, weight_of_write


@dataclass(frozen=True)
class Route:
    """One call: what answers it, the scopes it needs, its cost, and the right that the user must have."""

    handler: Callable[[Call], Response]
    scopes: tuple[str, ...]
    weigh: Callable[[Call], tuple[int, bool]] = light
    right: str = "view"


class _ModuleName(BaseConverter):
    """A path part that is no other family of calls."""

    part_isolating = True

    regex = r"(?!(?:settings|users|org|coql|files|actions|__[a-z_]+)\Z)[^/]+"


_READ = ("ZohoCRM.modules.{module}.READ",)
_CREATE = ("ZohoCRM.modules.{module}.CREATE",)
_UPDATE = ("ZohoCRM.modules.{module}.UPDATE",)
_DELETE = ("ZohoCRM.modules.{module}.DELETE",)
_SEARCH = (*_READ, "ZohoSearch.securesearch.READ")
_USERS = ("ZohoCRM.users.READ",)
_ROLES = ("ZohoCRM.settings.roles.READ",)
_PROFILES = ("ZohoCRM.settings.profiles.READ",)
_MODULES = ("ZohoCRM.settings.modules.READ",)
_FIELDS = ("ZohoCRM.settings.fields.READ",)

_TABLE: tuple[tuple[str, str, Route], ...] = (
    ("GET", "org", Route(settings.organization, ("ZohoCRM.org.READ",))),
    ("GET", "users", Route(users.list_users, _USERS)),
    ("GET", "users/<id>", Route(users.get_user, _USERS)),
    ("GET", "settings/roles", Route(settings.list_roles, _ROLES)),
    ("GET", "settings/roles/<id>", Route(settings.get_role, _ROLES)),
    ("GET", "settings/profiles", Route(settings.list_profiles, _PROFILES)),
    ("GET", "settings/profiles/<id>", Route(settings.get_profile, _PROFILES)),
    ("GET", "settings/modules", Route(metadata.list_modules, _MODULES)),
    ("GET", "settings/modules/<id>", Route(metadata.get_module, _MODULES)),
    ("GET", "settings/fields", Route(metadata.list_fields, _FIELDS)),
    ("GET", "settings/fields/<id>", Route(metadata.get_field, _FIELDS)),
    ("GET", "<module:module>", Route(reading.list_records, _READ, sorted_list)),
    ("POST", "<module:module>", Route(writing.insert, _CREATE, weight_of_write, "create")),
    ("PUT", "<module:module>", Route(writing.update, _UPDATE, weight_of_write, "edit")),
    ("DELETE", "<module:module>", Route(removal.delete, _DELETE, light, "delete")),
    ("GET", "<module:module>/<id>", Route(reading.get_record, _READ)),
    ("PUT", "<module:module>/<id>", Route(writing.update_one, _UPDATE, weight_of_write, "edit")),
    ("DELETE", "<module:module>/<id>", Route(removal.delete_one, _DELETE, light, "delete")),
    ("POST", "<module:module>/upsert", Route(writing.upsert, _CREATE + _UPDATE, weight_of_write, "create")),
    ("GET", "<module:module>/search", Route(search.search, _SEARCH, weight_of_search)),
    ("GET", "<module:module>/deleted", Route(removal.deleted, _READ)),
    ("GET", "<module:module>/actions/count", Route(search.count, _READ)),
)

_NAMES = ",".join(f'"{name}"' for name in VERSIONS)

ROUTES = Map(
    [
        Rule(f"/crm/<any({_NAMES}):version>/{path}", methods=[method], endpoint=route)
        for method, path, route in _TABLE
    ],
    converters={"module": _ModuleName},
    strict_slashes=False,
    merge_slashes=False,
)
"""Every call by method and path; werkzeug prefers fixed parts to variable ones."""
