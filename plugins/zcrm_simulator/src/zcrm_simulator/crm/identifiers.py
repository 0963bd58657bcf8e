"""Is a text the id of a record, and which ids do modules, fields and layouts have?"""

from __future__ import annotations

from zcrm_simulator.crm.call import Call
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.fields import Field, Module

LARGEST = 2**63
"""One more than the largest number that the database stores."""

_DIGITS = 19


def as_id(given: object) -> int | None:
    """Return the number that an id stands for, or ``None`` when it can be no id."""
    text = str(given)
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
        return None
    number = int(text)
    return number if number < LARGEST else None


_FIRST_MODULE = 2_001
_FIRST_FIELD = 3_001
_FIELDS_A_MODULE = 1_000
_FIRST_LAYOUT = 90_001
_FIRST_VIEW = 91_001
_FIRST_LIST = 92_001
_A_MODULE = 20


def module_id(call: Call, module: Module) -> str:
    """Return the id of a module."""
    return str(_space(call) + _FIRST_MODULE + 2 * _number(module))


def field_id(call: Call, module: Module, field: Field) -> str:
    """Return the id of a field."""
    position = list(module.fields).index(field.api_name)
    return str(_space(call) + _FIRST_FIELD + _number(module) * _FIELDS_A_MODULE + position)


def layout_id(call: Call, module: Module) -> str:
    """Return the id of a module's one layout."""
    return str(_space(call) + _FIRST_LAYOUT + _number(module))


def view_id(call: Call, module: Module, position: int) -> str:
    """Return the id of a module's custom view."""
    return str(_space(call) + _FIRST_VIEW + _A_MODULE * _number(module) + position)


def list_id(call: Call, module: Module, position: int) -> str:
    """Return the id of a module's related list."""
    return str(_space(call) + _FIRST_LIST + _A_MODULE * _number(module) + position)


def _space(call: Call) -> int:
    return int(call.organization.id) // 10**6 * 10**6


def _number(module: Module) -> int:
    return list(MODULES).index(module.api_name)
