"""How are the lines of quotes, orders and invoices named in each version, changed, and added up?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.validate import DELETED, ItemError, where
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row
from zcrm_simulator.data.fields import Module
from zcrm_simulator.data.modules_inventory import LINE_ITEMS

Line = dict[str, object]

_MODERN_FIELDS = {
    "Quotes": "Quoted_Items",
    "Sales_Orders": "Ordered_Items",
    "Purchase_Orders": "Purchase_Items",
    "Invoices": "Invoiced_Items",
}
_MODERN_KEYS = {
    "product": "Product_Name",
    "product_description": "Description",
    "quantity": "Quantity",
    "list_price": "List_Price",
    "total": "Total",
    "total_after_discount": "Total_After_Discount",
    "net_total": "Net_Total",
    "line_tax": "Line_Tax",
}
_OLD_KEYS = {new: old for old, new in _MODERN_KEYS.items()}
_WRITABLE = frozenset({"product", "product_description", "quantity", "list_price", "Discount", "line_tax"})
_EMPTY: Line = {"product_description": None, "Discount": 0.0, "line_tax": []}


def shown_name(call: Call, module: Module, api_name: str) -> str:
    """Return what a version calls a field of a module."""
    if api_name == LINE_ITEMS and call.version.modern:
        return _MODERN_FIELDS.get(module.api_name, api_name)
    return api_name


def stored_name(call: Call, module: Module, shown: str) -> str:
    """Return the stored field that a version's name stands for; a name of another version stands for none."""
    if module.api_name in _MODERN_FIELDS and call.version.modern:
        if shown == _MODERN_FIELDS[module.api_name]:
            return LINE_ITEMS
        return "" if shown == LINE_ITEMS else shown
    return shown


def shown_lines(call: Call, stored: str) -> list[Line]:
    """Return stored lines as a version shows them."""
    lines = [_with_product(call, line) for line in json.loads(stored)]
    if not call.version.modern:
        return lines
    return [{_MODERN_KEYS.get(key, key): value for key, value in line.items()} for line in lines]


def line_changes(call: Call, item: Mapping[str, object], index: int, before: Row | None) -> Row:
    """Return the lines and sums of a record that an item changes.

    A line with an id is changed, one without is added, one with a mark goes, and one that is left out stays.

    Raises:
        ItemError: a line is no object, has no product or quantity, or an id that is not there.
    """
    module = call.module
    name = shown_name(call, module, LINE_ITEMS)
    if LINE_ITEMS not in module.fields:
        return {}
    lines = [] if before is None else cast("list[Line]", json.loads(str(before[LINE_ITEMS])))
    if name in item:
        given = item[name]
        if not isinstance(given, list):
            raise ItemError(
                "INVALID_DATA", "invalid data", {"expected_data_type": "jsonarray"} | where(call, index, name)
            )
        for number, row in enumerate(given):
            _change(call, lines, row, f"{name}[{number}]", index)
    elif before is not None:
        changed = {"Discount", "Adjustment"} & item.keys()
        if not changed:
            return {}
    sums = _sums(lines)
    charges = {
        key: item.get(key, None if before is None else before[key]) for key in ("Discount", "Adjustment")
    }
    total = sums["Sub_Total"] + sums["Tax"] - _number(charges["Discount"]) + _number(charges["Adjustment"])
    return {LINE_ITEMS: json.dumps(lines) if lines else None, **sums, "Grand_Total": round(total, 2)}


def _change(call: Call, lines: list[Line], given: object, place: str, index: int) -> None:
    if not isinstance(given, Mapping):
        raise ItemError(
            "INVALID_DATA", "invalid data", {"expected_data_type": "jsonobject"} | where(call, index, place)
        )
    row = {_OLD_KEYS.get(key, key) if call.version.modern else key: value for key, value in given.items()}
    line_id = row.get("id")
    known = next((line for line in lines if line["id"] == line_id), None)
    if line_id is not None and known is None:
        raise ItemError("INVALID_DATA", "the id given seems to be invalid", where(call, index, f"{place}.id"))
    if DELETED[call.version.modern] in row:
        if known is not None:
            lines.remove(known)
        return
    line = known if known is not None else {"id": str(call.organization.database.new_id()), **_EMPTY}
    line |= {key: value for key, value in row.items() if key in _WRITABLE}
    _check_numbers(call, line, place, index)
    product = _product(call, line["product"])
    if product is None:
        raise ItemError(
            "INVALID_DATA", "the id given seems to be invalid", where(call, index, f"{place}.product")
        )
    line["product"] = {"id": str(product["id"])}
    if line.get("list_price") is None:
        line["list_price"] = product["Unit_Price"] or 0.0
    _add_up(line)
    if known is None:
        lines.append(line)


def _check_numbers(call: Call, line: Line, place: str, index: int) -> None:
    """Refuse a line without product or quantity, or with a number that is none."""
    for key in ("product", "quantity", "list_price"):
        value, shown = line.get(key), _MODERN_KEYS[key] if call.version.modern else key
        place_of_key = where(call, index, f"{place}.{shown}")
        if value is None and key != "list_price":
            raise ItemError("MANDATORY_NOT_FOUND", "required field not found", place_of_key)
        if key != "product" and (isinstance(value, bool) or not isinstance(value, int | float | None)):
            raise ItemError("INVALID_DATA", "invalid data", {"expected_data_type": "double"} | place_of_key)


def _product(call: Call, given: object) -> Row | None:
    number = as_id(given.get("id") if isinstance(given, Mapping) else given)
    return None if number is None else call.organization.database.row(MODULES["Products"], number)


def _with_product(call: Call, line: Line) -> Line:
    product = _product(call, line["product"])
    shown = line["product"] if product is None else {
        "Product_Code": product["Product_Code"], "name": product["Product_Name"], "id": str(product["id"]),
    }  # fmt: skip
    return line | {"product": shown}


def _add_up(line: Line) -> None:
    total = round(_number(line["quantity"]) * _number(line["list_price"]), 2)
    discount = line["Discount"]
    if isinstance(discount, str) and discount.endswith("%"):
        discount = round(total * _number(discount[:-1]) / 100, 2)
    after = round(total - _number(discount), 2)
    taxes = line["line_tax"] if isinstance(line["line_tax"], list) else []
    tax = round(sum(_number(one.get("value")) for one in taxes if isinstance(one, Mapping)), 2)
    line |= {
        "total": total,
        "Discount": discount,
        "total_after_discount": after,
        "Tax": float(tax),
        "net_total": round(after + tax, 2),
    }


def _sums(lines: list[Line]) -> dict[str, float]:
    return {
        "Sub_Total": round(sum(_number(line["total_after_discount"]) for line in lines), 2),
        "Tax": round(sum(_number(line["Tax"]) for line in lines), 2),
    }


def _number(value: object) -> float:
    try:
        return float(str(value)) if value is not None and not isinstance(value, bool) else 0.0
    except ValueError:
        return 0.0
