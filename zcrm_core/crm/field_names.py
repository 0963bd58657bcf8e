"""Which fields does a module have, and is each name that is used one of them?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from zcrm_core.crm.entity import Entity
from zcrm_core.crm.modules import Modules
from zcrm_core.errors import ApiError

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["answered", "joined", "known_fields", "named", "refuse_unknown"]

E = TypeVar("E", bound=Entity)


def named(fields: Iterable[str]) -> list[str]:
    """Give the names of fields as a list.

    Raises:
        ApiError: it is a single text, or one of them is empty or holds a comma.
    """
    single = isinstance(fields, (str, bytes)) or not isinstance(fields, Iterable)
    listed: list[object] = [] if single else list(fields)
    names = [name for name in listed if isinstance(name, str) and name and "," not in name]
    if single or len(names) != len(listed):
        raise ApiError(
            "The fields are no list of API names.",
            why="Zoho divides them at commas, so it would read other names.",
            fix='Pass a list such as ["Last_Name", "Email"].',
            code="ZCRM-API-009",
        )
    return names


def joined(fields: Iterable[str] | None) -> str | None:
    """Join the names of fields as Zoho takes them; for none of them the id alone is asked for.

    Raises:
        ApiError: it is a single text, or one of them is empty or holds a comma.
    """
    return None if fields is None else ",".join(named(fields)) or "id"


def known_fields(client: Client, module: str) -> tuple[str, ...]:
    """Give the API names of a module's fields (GET settings/fields), asked for once a client.

    Raises:
        NotFound: there is no module of this name.
        ApiError: the CRM refused.
    """
    known = client.field_names.get(module)
    return _asked(client, module) if known is None else known


def _asked(client: Client, module: str) -> tuple[str, ...]:
    found = Modules(client).fields(module)
    names = client.field_names[module] = tuple(field.api_name for field in found if field.api_name)
    return names


def answered(module: str, fields: Iterable[str] | None, records: Sequence[E]) -> Sequence[E]:
    """Give the records of an answer, once each field that was asked for is in one of them.

    Raises:
        ApiError: one of the fields is in none.
    """
    # A dot leads into a lookup, and what stands under $ is no field.
    missing = {name for name in fields or () if not name.startswith("$") and "." not in name}
    for record in records:
        if not missing:
            break
        missing -= record.keys()
    if missing and records:
        raise _unknown(
            f"Zoho CRM sent no field {min(missing)} of {module}.",
            "It leaves out names that the module does not have, lists do not show, or this user may not see.",
        )
    return records


def refuse_unknown(client: Client, module: str, records: Sequence[Mapping[str, object]]) -> None:
    """Refuse records with names that are no fields of the module.

    Raises:
        ApiError: there is one, with the nearest field that there is.
    """
    names = known_fields(client, module)
    found = _first_unknown(names, records)
    if found is not None:
        # It may have been added since the fields were asked for.
        names = _asked(client, module)
        found = _first_unknown(names, records)
    if found is not None:
        index, name = found
        near = get_close_matches(name, names, 1)
        raise _unknown(
            f"Record {index} has a field {name}, which {module} has not"
            + (f"; {near[0]} is near." if near else "."),
            "Zoho would drop its value without a word and answer success.",
        )


def _first_unknown(names: Iterable[str], records: Sequence[Mapping[str, object]]) -> tuple[int, str] | None:
    known = {"id", *names}
    return next(
        (
            (index, name)
            for index, record in enumerate(records)
            for name in record
            if name not in known and not name.startswith("$")
        ),
        None,
    )


def _unknown(what: str, why: str) -> ApiError:
    fix = "Use the API names that client.module(...).fields() gives."
    return ApiError(what, why=why, fix=fix, code="ZCRM-API-012")
