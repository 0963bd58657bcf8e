"""How does a Python value become the JSON that Zoho takes?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.entity import Entity
from zcrm_core.errors import ApiError
from zcrm_core.exact_json import JSON

__all__ = ["encode", "in_bytes", "instant", "written_out"]

_MOST_DIGITS = 400
_BITS = 14_000  # a whole number of somewhat less than 4,300 digits


def encode(value: object, where: str) -> JSON:
    """Turn a value into JSON: mappings, lists, texts, numbers, booleans, dates and times with an offset.

    A record, a user, or another thing that a field can point to becomes ``{"id": ...}``.

    Args:
        value: the value.
        where: its place in the call, for the message.

    Raises:
        ApiError: a value that has no form at Zoho, such as a time without an offset.
    """
    try:
        return _encoded(value, where)
    except RecursionError:
        raise _unfit(where, "it holds itself, or is nested without end") from None


def _encoded(value: object, where: str) -> JSON:  # noqa: PLR0911 - one line a kind
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _unicode(value, where)
    if isinstance(value, (int, float, Decimal)):
        return _number(value, where)
    if isinstance(value, datetime):
        return instant(value, where)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Entity) and value.points and value.get("id"):
        return {"id": value["id"]}
    if isinstance(value, Mapping):
        return {_key(key, where): _encoded(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise _unfit(where, f"{with_article(value)} has no form in Zoho's JSON")


def instant(moment: datetime, where: str) -> str:
    """Write a time as Zoho takes it: ISO 8601 with an offset and without a fraction.

    Raises:
        ApiError: the time has no offset, so nobody can know which moment it is.
    """
    given: object = moment
    if not isinstance(given, datetime):
        raise _unfit(where, f"{with_article(given)} is no time")
    if moment.tzinfo is None:
        raise _unfit(where, "the time has no offset, so it names no moment")
    return moment.isoformat(timespec="seconds")


def written_out(number: float | Decimal, where: str) -> str:
    """Write a number without an exponent, for a text in which Zoho would read ``1e+22`` as a word.

    Raises:
        ApiError: it is not finite, or would be longer than any number of Zoho's.
    """
    exact = Decimal(str(encode(number, where)))
    if abs(exact.adjusted()) > _MOST_DIGITS:
        raise _unfit(
            where, "a float reaches 308, and a field takes far fewer", "has more digits than a field takes"
        )
    return f"{exact:f}"


def in_bytes(text: str, where: str) -> bytes:
    """Write a text that goes into a body as it is.

    Raises:
        ApiError: it is no text, or holds half of a character.
    """
    given: object = text
    if not isinstance(given, str):
        raise _unfit(where, f"{with_article(given)} is no text")
    return _unicode(text, where).encode()


def _number(value: float | Decimal, where: str) -> float | Decimal:
    """Keep a Decimal only where a float would round it, so that what is sent reads as what was meant."""
    if isinstance(value, int):
        if value.bit_length() > _BITS:
            raise _unfit(where, "Python writes at most 4,300", "has more digits than can be sent")
        return value
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
        raise _unfit(where, "the number is not finite")
    near = float(value)
    return near if math.isfinite(near) and Decimal(repr(near)) == value else value


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise _unfit(where, f"its key {key!r} is not a text")
    return _unicode(key, where)


def _unicode(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _unfit(where, "its text is not Unicode: it holds half of a character") from None
    return text


def _unfit(where: str, why: str, what: str = "cannot be sent") -> ApiError:
    return ApiError(
        f"The value of {where} {what}.",
        why=f"{why[:1].upper()}{why[1:]}.",
        fix="Use texts, numbers, booleans, dates, times with an offset, lists and mappings of these.",
        code="ZCRM-API-009",
    )
