"""How is JSON read and written so that no number is rounded?"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeAlias

__all__ = ["JSON", "dumps", "loads"]

JSON: TypeAlias = "bool | int | float | Decimal | str | list[JSON] | dict[str, JSON] | None"
"""What a JSON document can hold; a number that a float would round is a :class:`~decimal.Decimal`."""

_MINUS_ZERO: Final = r"-0(?![0-9.eE])"
_MINUS_ZERO_TEXT: Final = re.compile(_MINUS_ZERO)
_MINUS_ZERO_BYTES: Final = re.compile(_MINUS_ZERO.encode())


def loads(content: str | bytes) -> JSON:
    """Read a document; RFC 8259, without ``NaN`` and ``Infinity``.

    Where an object has a name twice its last value counts, as with most readers (RFC 8259 section 4).

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    # A function for whole numbers costs a third of the time, and one number in millions needs it.
    rare = _MINUS_ZERO_TEXT.search(content) if isinstance(content, str) else _MINUS_ZERO_BYTES.search(content)
    document: JSON
    if rare is None:
        try:
            document = json.loads(content, parse_float=_number, parse_constant=_constant)
        except json.JSONDecodeError:
            raise
        except ValueError:
            pass  # perhaps a whole number of more digits than Python reads at once
        else:
            return document
    document = json.loads(content, parse_float=_number, parse_int=_integer, parse_constant=_constant)
    return document


def dumps(document: object) -> bytes:
    """Write a document, in UTF-8 and without blanks.

    Raises:
        TypeError: a value has no form in JSON, or a name is no text.
        ValueError: a number is not finite, a text is not Unicode, or the document holds itself.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except TypeError:
        # The standard library's encoder cannot write a Decimal as a number; it is rare, so it may be slow.
        text = _written(document)
    else:
        _refuse_other_names(document)
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


def _integer(text: str) -> int | Decimal:
    try:
        return Decimal(text) if text == "-0" else int(text)
    except ValueError:
        return Decimal(text)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _refuse_other_names(document: object) -> None:
    """Refuse names that are no texts: the standard library would write 1, True and None as texts."""
    if isinstance(document, dict):
        for name, value in document.items():
            _name(name)
            _refuse_other_names(value)
    elif isinstance(document, (list, tuple)):
        for value in document:
            _refuse_other_names(value)


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError("a name is no text")
    return json.dumps(name, ensure_ascii=False)


def _written(value: object) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number is not finite")
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_name(name)}:{_written(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
