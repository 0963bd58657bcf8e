"""Which events does the calendar in a bulk job's archive hold?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from zcrm_core.crm.archives import Lines, lines_of, unsafe

__all__ = ["calendar_events"]

_PROPERTY: Final = re.compile(r'((?:[^":]|"[^"]*")+):(.*)')
"""A colon in quotation marks belongs to a parameter (RFC 5545 section 3.1)."""


def calendar_events(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Go over the events of the one calendar file (RFC 5545) in an archive, each by its properties' names.

    A property that an event has several times has its values in lines. What an event contains, such as an
    alarm, is left out.

    Raises:
        ApiError: the archive cannot be used, or the file is no whole calendar in UTF-8.
    """
    with lines_of(file, ".ics") as lines:
        inside: list[str] = []
        event: dict[str, str] = {}
        whole = False
        for line in _unfolded(lines):
            name, value = _property(line)
            if name == "BEGIN":
                inside.append(value)
                event = {} if value == "VEVENT" else event
            elif name == "END":
                if inside[-1:] != [value]:
                    raise unsafe("Its calendar ends what it has not begun.")
                inside.pop()
                whole = not inside
                if value == "VEVENT":
                    lines.begin()
                    yield event
            elif inside[-1:] == ["VEVENT"]:
                event[name] = f"{event[name]}\n{value}" if name in event else value
        if not whole:
            raise unsafe("Its calendar has no end, so events may be missing.")


def _property(line: str) -> tuple[str, str]:
    match = _PROPERTY.fullmatch(line)
    if match is None:
        raise unsafe("Its calendar has a line that is no property.")
    name, value = match.groups()
    return (name.upper(), value.upper()) if name.upper() in {"BEGIN", "END"} else (name, value)


def _unfolded(lines: Lines) -> Iterator[str]:
    """Join what RFC 5545 section 3.1 folds."""
    whole: list[str] = []
    for line in lines:
        text = line.rstrip("\r\n")
        if text[:1] in {" ", "\t"} and whole:
            whole.append(text[1:])
        elif text:
            if whole:
                yield "".join(whole)
            whole = [text]
    if whole:
        yield "".join(whole)
