"""Which calls does the CRM have, and what does each of them need?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Response

from zcrm_simulator.crm import (
    activities,
    blueprint,
    bulk_read,
    bulk_write,
    convert,
    coql,
    files,
    mass_update,
    metadata,
    module_parts,
    notes,
    reading,
    related,
    removal,
    search,
    settings,
    tagging,
    tags,
    taxes,
    user_writing,
    users,
    variables,
    writing,
)
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.versions import VERSIONS
from zcrm_simulator.crm.weights import (
    light,
    sorted_list,
    weight_of_bulk_read,
    weight_of_bulk_write,
    weight_of_conversion,
    weight_of_search,
    weight_of_write,
)


@dataclass(frozen=True)
class Route:
    """One call: what answers it, the scopes it needs, its cost, and the right that the user must have.

    ``virtual`` answers it for a module that holds no records itself.
    """

    handler: Callable[[Call], Response]
    scopes: tuple[str, ...]
    weigh: Callable[[Call], tuple[int, bool]] = light
    right: str = "view"
    virtual: Callable[[Call], Response] | None = None


class _ModuleName(BaseConverter):
    """A path part that is no other family of calls."""

    part_isolating = True

    regex = r"(?!(?:settings|users|org|coql|upload|files|actions|__[a-z_]+)\Z)[^/]+"


def _settings(name: str, operation: str) -> tuple[str]:
    return (f"ZohoCRM.settings.{name}.{operation}",)


_READ = ("ZohoCRM.modules.{module}.READ",)
_CREATE = ("ZohoCRM.modules.{module}.CREATE",)
_UPDATE = ("ZohoCRM.modules.{module}.UPDATE",)
_DELETE = ("ZohoCRM.modules.{module}.DELETE",)
_SEARCH = (*_READ, "ZohoSearch.securesearch.READ")
_NOTES_READ = ("ZohoCRM.modules.notes.READ",)
_NOTES_CREATE = ("ZohoCRM.modules.notes.CREATE",)
_NOTES_UPDATE = ("ZohoCRM.modules.notes.UPDATE",)
_NOTES_DELETE = ("ZohoCRM.modules.notes.DELETE",)
_FILES_READ = ("ZohoCRM.modules.attachments.READ",)
_FILES_CREATE = ("ZohoCRM.modules.attachments.CREATE",)
_FILES_DELETE = ("ZohoCRM.modules.attachments.DELETE",)
_TAGGING = (*_UPDATE, "ZohoCRM.settings.tags.UPDATE")
_MASS_UPDATE = ("ZohoCRM.mass_update.{module}.UPDATE",)
_MASS_UPDATE_READ = ("ZohoCRM.mass_update.{module}.READ",)
_USERS = "ZohoCRM.users."
_MODULES = _settings("modules", "READ")
_FIELDS = _settings("fields", "READ")

_TABLE: tuple[tuple[str, str, Route], ...] = (
    ("GET", "org", Route(settings.organization, ("ZohoCRM.org.READ",))),
    ("GET", "org/taxes", Route(taxes.list_taxes, ("ZohoCRM.org.READ",))),
    ("POST", "org/taxes", Route(taxes.create_taxes, ("ZohoCRM.org.CREATE",))),
    ("PUT", "org/taxes", Route(taxes.update_taxes, ("ZohoCRM.org.UPDATE",))),
    ("DELETE", "org/taxes", Route(taxes.delete_taxes, ("ZohoCRM.org.DELETE",))),
    ("GET", "org/taxes/<id>", Route(taxes.get_tax, ("ZohoCRM.org.READ",))),
    ("DELETE", "org/taxes/<id>", Route(taxes.delete_tax, ("ZohoCRM.org.DELETE",))),
    ("GET", "users", Route(users.list_users, (f"{_USERS}READ",))),
    ("POST", "users", Route(user_writing.create_user, (f"{_USERS}CREATE",))),
    (
        "GET",
        "users/search",
        Route(user_writing.search_users, (f"{_USERS}READ", "ZohoSearch.securesearch.READ")),
    ),
    ("GET", "users/<id>", Route(users.get_user, (f"{_USERS}READ",))),
    ("PUT", "users/<id>", Route(user_writing.update_user, (f"{_USERS}UPDATE",))),
    ("DELETE", "users/<id>", Route(user_writing.delete_user, (f"{_USERS}DELETE",))),
    ("GET", "settings/roles", Route(settings.list_roles, _settings("roles", "READ"))),
    ("GET", "settings/roles/<id>", Route(settings.get_role, _settings("roles", "READ"))),
    ("GET", "settings/profiles", Route(settings.list_profiles, _settings("profiles", "READ"))),
    ("GET", "settings/profiles/<id>", Route(settings.get_profile, _settings("profiles", "READ"))),
    ("GET", "settings/modules", Route(metadata.list_modules, _MODULES)),
    ("GET", "settings/modules/<id>", Route(metadata.get_module, _MODULES)),
    ("PUT", "settings/modules/<id>", Route(module_parts.update_module, _settings("modules", "UPDATE"))),
    ("GET", "settings/fields", Route(metadata.list_fields, _FIELDS)),
    ("GET", "settings/fields/<id>", Route(metadata.get_field, _FIELDS)),
    ("GET", "settings/layouts", Route(module_parts.list_layouts, _settings("layouts", "READ"))),
    ("GET", "settings/layouts/<id>", Route(module_parts.get_layout, _settings("layouts", "READ"))),
    ("GET", "settings/custom_views", Route(module_parts.list_views, _settings("custom_views", "READ"))),
    ("GET", "settings/custom_views/<id>", Route(module_parts.get_view, _settings("custom_views", "READ"))),
    ("PUT", "settings/custom_views/<id>", Route(module_parts.sort_view, _settings("custom_views", "UPDATE"))),
    (
        "PUT",
        "settings/custom_views/<id>/actions/change_sort",
        Route(module_parts.sort_view, _settings("custom_views", "UPDATE")),
    ),
    (
        "GET",
        "settings/related_lists",
        Route(module_parts.list_related_lists, _settings("related_lists", "READ")),
    ),
    (
        "GET",
        "settings/related_lists/<id>",
        Route(module_parts.get_related_list, _settings("related_lists", "READ")),
    ),
    ("GET", "settings/tags", Route(tags.list_tags, _settings("tags", "READ"))),
    ("POST", "settings/tags", Route(tags.create_tags, _settings("tags", "CREATE"))),
    ("PUT", "settings/tags", Route(tags.update_tags, _settings("tags", "UPDATE"))),
    ("PUT", "settings/tags/<id>", Route(tags.update_tag, _settings("tags", "UPDATE"))),
    ("DELETE", "settings/tags/<id>", Route(tags.delete_tag, _settings("tags", "DELETE"))),
    ("POST", "settings/tags/<id>/actions/merge", Route(tags.merge_tags, _settings("tags", "UPDATE"))),
    ("GET", "settings/tags/<id>/actions/records_count", Route(tags.count_records, _settings("tags", "READ"))),
    ("GET", "settings/variable_groups", Route(variables.list_groups, _settings("variable_groups", "READ"))),
    (
        "GET",
        "settings/variable_groups/<id>",
        Route(variables.get_group, _settings("variable_groups", "READ")),
    ),
    ("GET", "settings/variables", Route(variables.list_variables, _settings("variables", "READ"))),
    ("POST", "settings/variables", Route(variables.create_variables, _settings("variables", "CREATE"))),
    ("PUT", "settings/variables", Route(variables.update_variables, _settings("variables", "UPDATE"))),
    ("DELETE", "settings/variables", Route(variables.delete_variables, _settings("variables", "DELETE"))),
    ("GET", "settings/variables/<id>", Route(variables.get_variable, _settings("variables", "READ"))),
    ("PUT", "settings/variables/<id>", Route(variables.update_variable, _settings("variables", "UPDATE"))),
    ("DELETE", "settings/variables/<id>", Route(variables.delete_variable, _settings("variables", "DELETE"))),
    ("POST", "coql", Route(coql.coql, ("ZohoCRM.coql.READ",), coql.weight_of_coql)),
    ("POST", "upload", Route(bulk_write.upload, ("ZohoFiles.files.CREATE",))),
    (
        "GET",
        "<module:module>",
        Route(reading.list_records, _READ, sorted_list, virtual=activities.list_activities),
    ),
    ("POST", "<module:module>", Route(writing.insert, _CREATE, weight_of_write, "create")),
    ("PUT", "<module:module>", Route(writing.update, _UPDATE, weight_of_write, "edit")),
    ("DELETE", "<module:module>", Route(removal.delete, _DELETE, light, "delete")),
    ("GET", "<module:module>/<id>", Route(reading.get_record, _READ, virtual=activities.get_activity)),
    ("PUT", "<module:module>/<id>", Route(writing.update_one, _UPDATE, weight_of_write, "edit")),
    ("DELETE", "<module:module>/<id>", Route(removal.delete_one, _DELETE, light, "delete")),
    ("POST", "<module:module>/upsert", Route(writing.upsert, _CREATE + _UPDATE, weight_of_write, "create")),
    ("GET", "<module:module>/search", Route(search.search, _SEARCH, weight_of_search)),
    ("GET", "<module:module>/deleted", Route(removal.deleted, _READ)),
    ("GET", "<module:module>/actions/count", Route(search.count, _READ)),
    ("POST", "<module:module>/actions/mass_update", Route(mass_update.create, _MASS_UPDATE, light, "edit")),
    ("GET", "<module:module>/actions/mass_update", Route(mass_update.status, _MASS_UPDATE_READ)),
    ("POST", "<module:module>/actions/add_tags", Route(tagging.add_tags, _TAGGING, light, "edit")),
    ("POST", "<module:module>/actions/remove_tags", Route(tagging.remove_tags, _TAGGING, light, "edit")),
    ("POST", "<module:module>/<id>/actions/add_tags", Route(tagging.add_tags_one, _TAGGING, light, "edit")),
    (
        "POST",
        "<module:module>/<id>/actions/remove_tags",
        Route(tagging.remove_tags_one, _TAGGING, light, "edit"),
    ),
    (
        "POST",
        "<module:module>/<id>/actions/convert",
        Route(convert.convert, _CREATE, weight_of_conversion, "edit"),
    ),
    ("GET", "<module:module>/<id>/actions/blueprint", Route(blueprint.get_blueprint, _READ)),
    (
        "PUT",
        "<module:module>/<id>/actions/blueprint",
        Route(blueprint.update_blueprint, _UPDATE, light, "edit"),
    ),
    ("GET", "<module:module>/<id>/Notes", Route(notes.list_notes, _NOTES_READ)),
    ("POST", "<module:module>/<id>/Notes", Route(notes.add_notes, _NOTES_CREATE, light, "create")),
    ("PUT", "<module:module>/<id>/Notes/<other>", Route(notes.update_note, _NOTES_UPDATE, light, "edit")),
    (
        "DELETE",
        "<module:module>/<id>/Notes/<other>",
        Route(notes.delete_note, _NOTES_DELETE, light, "delete"),
    ),
    ("GET", "<module:module>/<id>/Attachments", Route(files.list_attachments, _FILES_READ)),
    ("POST", "<module:module>/<id>/Attachments", Route(files.attach, _FILES_CREATE, light, "edit")),
    ("GET", "<module:module>/<id>/Attachments/<other>", Route(files.download_attachment, _FILES_READ)),
    (
        "DELETE",
        "<module:module>/<id>/Attachments/<other>",
        Route(files.delete_attachment, _FILES_DELETE, light, "edit"),
    ),
    ("GET", "<module:module>/<id>/photo", Route(files.download_photo, _READ)),
    ("POST", "<module:module>/<id>/photo", Route(files.upload_photo, _UPDATE, light, "edit")),
    ("DELETE", "<module:module>/<id>/photo", Route(files.delete_photo, _UPDATE, light, "edit")),
    ("GET", "<module:module>/<id>/<list>", Route(related.list_related, _READ)),
    ("PUT", "<module:module>/<id>/<list>", Route(related.link_many, _UPDATE, light, "edit")),
    ("DELETE", "<module:module>/<id>/<list>", Route(related.unlink_many, _UPDATE, light, "edit")),
    ("PUT", "<module:module>/<id>/<list>/<other>", Route(related.link, _UPDATE, light, "edit")),
    ("DELETE", "<module:module>/<id>/<list>/<other>", Route(related.unlink, _UPDATE, light, "edit")),
)

_BULK: tuple[tuple[str, str, Route], ...] = (
    ("POST", "read", Route(bulk_read.create, ("ZohoCRM.bulk.READ",), weight_of_bulk_read)),
    ("GET", "read/<id>", Route(bulk_read.status, ("ZohoCRM.bulk.READ",))),
    ("GET", "read/<id>/result", Route(bulk_read.result, ("ZohoCRM.bulk.READ",))),
    ("POST", "write", Route(bulk_write.create, ("ZohoCRM.bulk.CREATE",), weight_of_bulk_write)),
    ("GET", "write/<id>", Route(bulk_write.status, ("ZohoCRM.bulk.CREATE",))),
    ("GET", "write/<id>/result", Route(bulk_write.result, ("ZohoCRM.bulk.CREATE",))),
)

_NAMES = ",".join(f'"{name}"' for name in VERSIONS)

ROUTES = Map(
    [
        Rule(f"/crm/{prefix}<any({_NAMES}):version>/{path}", methods=[method], endpoint=route)
        for prefix, table in (("", _TABLE), ("bulk/", _BULK))
        for method, path, route in table
    ],
    converters={"module": _ModuleName},
    strict_slashes=False,
    merge_slashes=False,
)
"""Every call by method and path; werkzeug prefers fixed parts to variable ones."""
