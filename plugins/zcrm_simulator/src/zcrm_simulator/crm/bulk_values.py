"""Which JSON value does a cell of a CSV file stand for?"""

from __future__ import annotations

from zcrm_simulator.data.fields import Field


def typed_value(field: Field, text: str) -> object:  # noqa: PLR0911  one line a type
    """Return the value of a cell; a text that does not fit stays one, and is refused as any other value."""
    if text == "":
        return None
    try:
        if field.data_type == "integer":
            return int(text)
        if field.data_type in {"double", "currency"}:
            return float(text)
    except ValueError:
        return text
    if field.data_type == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if field.data_type == "multiselectpicklist":
        return text.split(";")
    return text
