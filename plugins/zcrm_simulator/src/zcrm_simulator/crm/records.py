"""How does one record get into the database: checked, completed, and no double of another?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.line_items import line_changes, shown_name, stored_name
from zcrm_simulator.crm.validate import ItemError, stored_value, where
from zcrm_simulator.data.database import Row, Value, integer, quoted
from zcrm_simulator.data.modules_inventory import LINE_ITEMS
from zcrm_simulator.data.modules_sales import STAGES

Item = Mapping[str, object]
_NO_FIELDS = frozenset({"se_module"})


def insert_record(call: Call, item: Item, index: int) -> Row:
    """Store a new record and return it.

    Raises:
        ItemError: a field is missing, wrong, or a double.
    """
    changes = _changes(call, item, index) | line_changes(call, item, index, None)
    for field in call.module.mandatory:
        if changes.get(field.api_name) is None:
            raise _missing(call, index, field.api_name)
    database, module = call.organization.database, call.module
    _refuse_double(call, changes, index, None)
    user = int(call.user.id)
    row: Row = dict.fromkeys(module.fields) | {"Owner": user} | changes
    row |= {
        "id": database.new_id(),
        "Created_By": user,
        "Modified_By": user,
        "Created_Time": call.now,
        "Modified_Time": call.now,
        "Record_Status__s": "Available",
        "Locked__s": 0,
    }
    row |= _derived(call, row)
    database.insert(module, [row])
    return row


def update_record(call: Call, record_id: int, item: Item, index: int) -> Row:
    """Change a record and return it.

    Raises:
        ItemError: there is no such record, or a field is wrong, emptied though mandatory, or a double.
    """
    database, module = call.organization.database, call.module
    row = database.row(module, record_id)
    if row is None:
        raise ItemError("INVALID_DATA", "the id given seems to be invalid", where(call, index, "id"))
    changes = _changes(call, item, index) | line_changes(call, item, index, row)
    for field in module.mandatory:
        if field.api_name in changes and changes[field.api_name] is None:
            raise _missing(call, index, field.api_name)
    _refuse_double(call, changes, index, record_id)
    changes |= {"Modified_By": int(call.user.id), "Modified_Time": call.now}
    changes |= _derived(call, row | changes)
    database.update(module, record_id, changes)
    return row | changes


def find_double(call: Call, api_name: str, value: Value, ignored_id: int | None) -> Row | None:
    """Return another record that has the same value in a field."""
    if value is None:
        return None
    found = call.organization.database.rows(
        f"SELECT * FROM {quoted(call.module.api_name)} "  # noqa: S608  names come from the catalog
        f"WHERE {quoted(api_name)} = ? AND id IS NOT ? ORDER BY id LIMIT 1",
        (value, ignored_id),
    )
    return found[0] if found else None


def find_existing(call: Call, item: Item, index: int, checked: Sequence[str]) -> tuple[int, str] | None:
    """Return the record that an upsert means and the field that tells.

    Raises:
        ItemError: a field that is looked at has a wrong value.
    """
    for api_name in checked:
        value = stored_value(call, call.module.fields[api_name], item.get(api_name), index)
        double = find_double(call, api_name, value, None)
        if double is not None:
            return integer(double["id"]), api_name
    return None


def _changes(call: Call, item: Item, index: int) -> Row:
    changes: Row = {}
    for shown, value in item.items():
        name = stored_name(call, call.module, shown)
        field = call.module.fields.get(name)
        if name == LINE_ITEMS and field is not None:
            continue
        if field is None:
            if call.switches.strict_fields and not shown.startswith("$") and shown not in _NO_FIELDS:
                raise ItemError("INVALID_DATA", "No field found", where(call, index, shown))
        elif not field.read_only:
            changes[name] = stored_value(call, field, value, index)
    _refuse_other_module(call, item, changes, index)
    return changes


def _refuse_other_module(call: Call, item: Item, changes: Row, index: int) -> None:
    """Refuse what names another module than that of the record it belongs to, as version 2 writes it."""
    parent = changes.get("Parent_Id")
    for name in ("se_module", "$se_module"):
        if call.version.modern or item.get(name) is None or parent is None:
            continue
        found = call.organization.database.directory([integer(parent)]).get(integer(parent))
        if found is None or found[0] != item[name]:
            raise ItemError("INVALID_DATA", "the module given seems to be invalid", where(call, index, name))


def _missing(call: Call, index: int, api_name: str) -> ItemError:
    shown = shown_name(call, call.module, api_name)
    return ItemError("MANDATORY_NOT_FOUND", "required field not found", where(call, index, shown))


def _refuse_double(call: Call, changes: Row, index: int, ignored_id: int | None) -> None:
    if not call.switches.reject_duplicates:
        return
    for api_name in call.module.unique:
        double = find_double(call, api_name, changes.get(api_name), ignored_id)
        if double is not None:
            raise _double(call, double, index, api_name)


def _double(call: Call, double: Row, index: int, api_name: str) -> ItemError:
    details = {**where(call, index, api_name), "id": str(double["id"])}
    if call.version.duplicate_records:
        owner = call.organization.user_by_id(double["Owner"])
        details["duplicate_record"] = {
            "id": str(double["id"]),
            "module": {"api_name": call.module.api_name},
            "Owner": owner.reference() if owner else None,
        }
    return ItemError("DUPLICATE_DATA", "duplicate data", details)


def _derived(call: Call, row: Row) -> Row:
    """Return the fields that follow from others."""
    if call.module.full_name:
        return {"Full_Name": " ".join(str(row[part]) for part in ("First_Name", "Last_Name") if row[part])}
    if call.module.api_name == "Deals":
        probability = row["Probability"]
        if probability is None:
            probability = STAGES.get(str(row["Stage"]), 0)
        amount = row["Amount"]
        expected = None if amount is None else float(amount) * float(probability) / 100
        return {"Probability": probability, "Expected_Revenue": expected}
    return {}
