"""What do the details of a refusal of Zoho's say, in a few words?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from zcrm_core.exact_json import JSON

__all__ = ["in_words"]

_LONGEST: Final = 300
_NAMES: Final = ("api_name", "param_name", "id")
"""What Zoho calls a field, a parameter or a record by."""
_RECORD: Final = re.compile(r"\$\.\w+\[\d+\]\.")


def in_words(details: JSON) -> str:
    """Give what details say as an end of a sentence, such as `` (api_name: Last_Name)``.

    Zoho names there which field, parameter or id it refuses, and why; its message alone seldom does.

    Args:
        details: what stands under ``details`` in an answer. Of an object in it the name or id alone is said.
    """
    if not isinstance(details, Mapping):
        return ""
    said = ", ".join(
        f"{key}: {words}"
        for key, value in details.items()
        if (words := _words(value)) and not (key == "json_path" and _repeats(words, details.get("api_name")))
    )
    shown = "".join(char if char.isprintable() else " " for char in said)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}..."
    return f" ({shown})" if shown else ""


def _repeats(path: str, name: JSON) -> bool:
    """Tell whether a path in what was sent says no more than the field's name does."""
    return isinstance(name, str) and _RECORD.sub("", path, count=1) == name


def _words(value: JSON) -> str:
    return " or ".join(filter(None, map(_word, value))) if isinstance(value, list) else _word(value)


def _word(value: JSON) -> str:
    if isinstance(value, dict):
        value = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float, Decimal)) else ""
