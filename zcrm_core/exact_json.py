"""How is JSON read and written so that no number is rounded?"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

__all__ = ["JSON", "dumps", "loads"]

JSON: TypeAlias = "bool | int | float | Decimal | str | list[JSON] | dict[str, JSON] | None"
"""What a JSON document can hold; a number that a float would round is a :class:`~decimal.Decimal`."""


def loads(content: str | bytes) -> JSON:
    """Read a document; RFC 8259, without ``NaN`` and ``Infinity``.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    document: JSON = json.loads(content, parse_float=_number, parse_constant=_constant)
    return document


def dumps(document: object) -> bytes:
    """Write a document, in UTF-8 and without blanks.

    Raises:
        TypeError: a value has no form in JSON.
        ValueError: a number is not finite, a text is not Unicode, or the document holds itself.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except TypeError:
        # The standard library's encoder cannot write a Decimal as a number; it is rare, so it may be slow.
        text = _written(document)
    return text.encode()


def _number(text: str) -> float | Decimal:
    number = float(text)
    if repr(number) == text:
        return number
    try:
        exact = Decimal(text)
    except ArithmeticError:  # an exponent of more than eighteen digits
        raise ValueError("a number is too large") from None
    return number if math.isfinite(number) and Decimal(repr(number)) == exact else exact


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _written(value: object) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number is not finite")
        return str(value)
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(key, ensure_ascii=False)}:{_written(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
