"""How is a search for records written so that no value can change its meaning?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.encode import encode, instant, written_out
from zcrm_core.errors import ApiError
from zcrm_core.redaction import plain

__all__ = ["Criteria", "F", "Fields", "SearchField", "search_text"]

_NAME: Final = re.compile(r"\$?[A-Za-z][A-Za-z0-9_.$]*")
_SPECIAL: Final = re.compile(r"([\\(),])")
_EDGES: Final = re.compile(r"\A\s+|\s+\Z")
_EMPTY: Final = "${EMPTY}"
_MEANS_EMPTY: Final = frozenset({"null", _EMPTY})


class Criteria:
    """A condition, or several joined with ``&`` and ``|``; ``str()`` gives what Zoho reads.

    Args:
        text: the condition in brackets, as Zoho writes it.

    Raises:
        ApiError: it is no text.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        given: object = text
        if not isinstance(given, str):
            raise _unfit(f"{with_article(given)} is no condition", 'Pass a text, or use F: F.City == "Pune".')
        self._text = text

    def __and__(self, other: Criteria) -> Criteria:
        return self._joined("and", other)

    def __or__(self, other: Criteria) -> Criteria:
        return self._joined("or", other)

    def _joined(self, word: str, other: object) -> Criteria:
        if not isinstance(other, Criteria):
            raise _unfit(
                f"a condition is joined with {with_article(other)}",
                "Join conditions only; Criteria(text) is one in Zoho's own words.",
            )
        return Criteria(f"({self}{word}{other})")

    def __bool__(self) -> bool:
        # ``a == 1 and b == 2`` would drop the first half, and ``1 < a < 2`` the same.
        raise _unfit("a condition is neither true nor false", "Join conditions with & and |, in brackets.")

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<Criteria {self._text}>"


class SearchField:
    """A field in a condition: ``F.City == "Pune"``.

    Args:
        api_name: the field's API name; a dot leads into a lookup.

    Raises:
        ApiError: it is no API name.
    """

    __slots__ = ("_name",)
    __hash__ = None  # type: ignore[assignment]  # == makes a condition, so it tells nothing about equality

    def __init__(self, api_name: str) -> None:
        given: object = api_name
        if not isinstance(given, str) or not _NAME.fullmatch(api_name):
            shown = plain(repr(given)) if isinstance(given, str) else with_article(given)
            raise _unfit(f"{shown} is no API name of a field", "Use the api_name that leads.fields() gives.")
        self._name = api_name

    def __eq__(self, value: object) -> Criteria:  # type: ignore[override]  # a condition, not an answer
        return self._compared("equals", value)

    def __ne__(self, value: object) -> Criteria:  # type: ignore[override]  # a condition, not an answer
        return self._compared("not_equal", value)

    def __lt__(self, value: object) -> Criteria:
        return self._compared("less_than", value)

    def __le__(self, value: object) -> Criteria:
        return self._compared("less_equal", value)

    def __gt__(self, value: object) -> Criteria:
        return self._compared("greater_than", value)

    def __ge__(self, value: object) -> Criteria:
        return self._compared("greater_equal", value)

    def starts_with(self, value: str) -> Criteria:
        """The field's text begins with this."""
        return self._compared("starts_with", value)

    def in_(self, values: Iterable[object]) -> Criteria:
        """The field is one of these; Zoho takes at most 100.

        Raises:
            ApiError: there are none, or one has no form in a search.
        """
        # Bytes would be cut into numbers, and a mapping, such as a record, into its keys.
        if isinstance(values, (str, bytes, bytearray, Mapping)) or not isinstance(values, Iterable):
            raise _unfit(
                f"{with_article(values)} in place of a list of values",
                'Pass a list: F.City.in_(["Pune"]).',
            )
        texts = [_value(value) for value in values]
        if not texts:
            raise _unfit("a search for one of no values", "Leave the condition out, or give values.")
        return Criteria(f"({self._name}:in:{','.join(texts)})")

    def between(self, low: object, high: object) -> Criteria:
        """The field is one of these two or lies between them."""
        return Criteria(f"({self._name}:between:{_value(low)},{_value(high)})")

    def is_empty(self) -> Criteria:
        """The field has no value."""
        return Criteria(f"({self._name}:equals:{_EMPTY})")

    def is_not_empty(self) -> Criteria:
        """The field has a value."""
        return Criteria(f"({self._name}:not_equal:{_EMPTY})")

    def _compared(self, operator: str, value: object) -> Criteria:
        return Criteria(f"({self._name}:{operator}:{_value(value)})")


class Fields:
    """``F``: every attribute is a field, ``F.Last_Name``; ``F["$converted"]`` for names that are none."""

    def __getattr__(self, api_name: str) -> SearchField:
        if api_name.startswith("__"):
            raise AttributeError(api_name)
        return SearchField(api_name)

    def __getitem__(self, api_name: str) -> SearchField:
        return SearchField(api_name)


F: Final = Fields()
"""The fields of any module, for conditions: ``F.City == "Pune"``."""


def search_text(name: str, given: object) -> str:
    """Give what is searched for as Zoho reads it.

    Args:
        name: the argument, for the message.
        given: a text; a condition as well where criteria are asked for.

    Raises:
        ApiError: it is neither, such as a field without a value.
    """
    if isinstance(given, str) or (name == "criteria" and isinstance(given, Criteria)):
        return str(given)
    raise _unfit(
        f"{name} is {with_article(given)}",
        'Pass a text; for criteria also a condition: F.City == "Pune".',
    )


def _value(value: object) -> str:
    text = _text(value)
    if text in _MEANS_EMPTY or not text.strip():
        raise _unfit(
            f"{text!r} cannot be searched for",
            "Zoho reads it as no value at all: use is_empty() or is_not_empty() if that is meant.",
        )
    escaped = _SPECIAL.sub(r"\\\1", text)
    return _EDGES.sub(lambda blanks: "".join(f"\\{blank}" for blank in blanks[0]), escaped)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return instant(value, "a condition")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (int, float, Decimal)):
        return written_out(value, "a condition")
    pointed = encode(value, "a condition")
    if isinstance(pointed, dict) and isinstance(pointed.get("id"), str):
        return str(pointed["id"])
    raise _unfit(
        f"{with_article(value)} has no form in a search",
        "Use texts, numbers, booleans, dates, times with an offset, or records.",
    )


def _unfit(what: str, fix: str) -> ApiError:
    return ApiError(
        f"The search cannot be written: {what}.",
        why="Zoho would read it as something else than was meant.",
        fix=fix,
        code="ZCRM-API-009",
    )
