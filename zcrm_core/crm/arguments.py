"""Is an argument what it stands for, and is nothing of a call said twice or left out?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from zcrm_core.errors import ApiError
from zcrm_core.redaction import class_name

__all__ = ["combined", "one_mapping", "text_list", "with_article"]

V = TypeVar("V")


def combined(
    more: Mapping[str, V] | None, given: Mapping[str, V], where: str, *, own: Collection[str] = ()
) -> dict[str, V]:
    """Join a call's arguments with the further ones that the caller names by Zoho's names.

    Args:
        more: the further ones.
        given: the arguments by Zoho's names; one that is ``None`` was left out, and takes nothing away.
        where: the argument that holds the further ones, for the message.
        own: what the call fills in itself.

    Raises:
        ApiError: one is said twice, or is the call's own.
    """
    said = {name: value for name, value in given.items() if value is not None}
    further: object = {} if more is None else more
    if not isinstance(further, Mapping):
        raise ApiError(
            f"{where} is {with_article(further)}.",
            why="It holds further values by Zoho's names for them.",
            fix=f'Pass a mapping such as {where}={{"name": "value"}}.',
            code="ZCRM-API-009",
        )
    for name in further:
        if name in own or name in said:
            raise ApiError(
                f"{name!r} cannot stand in {where} of this call.",
                why="The call fills it in itself."
                if name in own
                else "It is given as an argument as well, and only one of the two can be sent.",
                fix=f"Take it out of {where}, and use the argument that the method has for it.",
                code="ZCRM-API-009",
            )
    return {**further, **said}


def with_article(value: object) -> str:
    """Name the class of a value with its article, for a message: ``an int``; ``None`` is itself."""
    if value is None:
        return "None"
    name = class_name(type(value))
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"


def one_mapping(where: str, value: object) -> dict[str, object]:
    """Give a mapping as a dictionary.

    Args:
        where: the argument, for the message.
        value: what was passed.

    Raises:
        ApiError: it is none; several in a list are none either, for only one of them could be sent.
    """
    if not isinstance(value, Mapping):
        raise ApiError(
            f"{where} is {with_article(value)}.",
            why="It is one mapping of Zoho's names to values; of several all but one would be lost.",
            fix='Pass one mapping such as {"City": "Pune"}.',
            code="ZCRM-API-009",
        )
    return dict(value)


def text_list(name: str, values: Iterable[str]) -> list[str]:
    """Give a list of texts as a list.

    Args:
        name: the argument, for the message.
        values: the texts.

    Raises:
        ApiError: it is one text, which would be cut into letters, or one of them is no text or empty.
    """
    single = isinstance(values, (str, bytes)) or not isinstance(values, Iterable)
    listed: list[object] = [values] if single else list(values)
    texts = [each for each in listed if isinstance(each, str) and each]
    if single or len(texts) != len(listed):
        raise ApiError(
            f"No list of texts is given for {name}.",
            why="A single text would be cut into letters, and what is no text would not be found.",
            fix='Pass a list, such as ["..."].',
            code="ZCRM-API-009",
        )
    return texts
