"""What does a scope allow, in the words of the consent page?"""

from __future__ import annotations

from typing import Final

_OPERATIONS: Final = {
    "all": "Read, create, change and delete",
    "read": "Read",
    "create": "Create",
    "update": "Change",
    "delete": "Delete",
    "write": "Create, change and delete",
    "custom": "Use",
}
_THINGS: Final = {
    "zohocrm.modules": "the records of all modules",
    "zohocrm.settings": "the settings: modules, fields, layouts, roles and profiles",
    "zohocrm.users": "the users of the organisation",
    "zohocrm.org": "the facts about the organisation",
    "zohocrm.bulk": "records in bulk, as files",
    "zohocrm.mass_update": "many records at once",
    "zohocrm.coql": "records by queries (COQL)",
    "zohosearch.securesearch": "whatever a search finds",
    "zohofiles.files": "files",
    "aaaserver.profile": "your name and your e-mail address",
}
_OPENID: Final = {
    "openid": "Know who you are",
    "email": "Know your e-mail address",
    "profile": "Know your name",
    "phone": "Know your phone number",
}


def in_words(scope: str) -> str:
    """Return what a scope allows, as a sentence without its full stop."""
    group, _, operation = scope.lower().rpartition(".")
    if not group:
        return _OPENID.get(scope.lower(), scope)
    does = _OPERATIONS.get(operation, operation)
    if group in _THINGS:
        return f"{does} {_THINGS[group]}"
    head, _, tail = group.partition("zohocrm.modules.")
    if tail and not head:
        return f"{does} the records of the module {tail}"
    return f"Use {group.partition('.')[2].replace('_', ' ').replace('.', ', ')}"
