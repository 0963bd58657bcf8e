"""What are the rows of the table in a bulk job's archive?"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final

from zcrm_core.crm.archives import Lines, lines_of, unsafe

__all__ = ["csv_rows"]

_SHOWN: Final = 100


def csv_rows(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Go over the rows of the one CSV file (RFC 4180) in an archive, and close the archive in the end.

    Raises:
        ApiError: the archive cannot be used, or the file is no table in UTF-8.
    """
    with lines_of(file, ".csv") as lines:
        rows = _Rows(lines)
        heading = next(rows, [])
        if not heading:
            raise unsafe("Its table has no heading.")
        [(name, times)] = Counter(heading).most_common(1)
        if times > 1:
            raise unsafe(f"Its heading has {name[:_SHOWN]!r} twice, so one value would hide another.")
        blank = False
        for row in rows:
            # How a table of one column shows an empty value.
            values = row or ([""] if len(heading) == 1 else [])
            blank = blank or not values
            if values and (blank or len(values) != len(heading)):
                raise unsafe(
                    f"Row {rows.number} has another number of values than the heading, "
                    "or stands after an empty row."
                )
            if values:
                yield dict(zip(heading, values, strict=True))


class _Rows(Iterator[list[str]]):
    """The rows of a table, whose heading is row 1; an empty line is an empty row.

    Args:
        lines: the table.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._reader = csv.reader(lines, strict=True)
        self.number = 0

    def __next__(self) -> list[str]:
        self._lines.begin()
        self.number += 1
        try:
            return next(self._reader)
        except csv.Error:
            # Python's reader refuses cells of more than 131,072 characters. That limit is one of the whole
            # process, so it is not raised for a table; the few rows with such a cell are cut here.
            self._lines.again()
            self._reader = csv.reader(self._lines, strict=True)
            return list(_cells(self._lines, self.number))


def _cells(lines: Lines, number: int) -> Iterator[str]:
    """Cut one row into its cells, as Python's reader does where it is strict.

    Raises:
        ApiError: a cell in quotation marks does not end, or goes on behind them.
    """
    line = next(lines)
    start, over = 0, not line.rstrip("\r\n")
    while not over:
        if line.startswith('"', start):
            cell, line, start = _quoted(lines, line, start + 1, number)
        else:
            end = line.find(",", start)
            cell = line[start : None if end < 0 else end].rstrip("\r\n")
            start += len(cell)
        over = not line.startswith(",", start)
        if over and line[start:].rstrip("\r\n"):
            raise unsafe(
                f"Row {number} cannot be read to its end: a cell goes on behind its quotation marks."
            )
        start += 1
        yield cell


def _quoted(lines: Lines, line: str, start: int, number: int) -> tuple[str, str, int]:
    """Read a cell from behind its first mark; give it, the line that it ends in, and the place behind it."""
    pieces: list[str] = []
    while True:
        end = line.find('"', start)
        if end < 0:
            pieces.append(line[start:])
            line, start = next(lines, ""), 0
            if not line:
                raise unsafe(
                    f"Row {number} cannot be read to its end: a cell in quotation marks does not end."
                )
        elif line.startswith('""', end):
            pieces.append(line[start : end + 1])
            start = end + 2
        else:
            pieces.append(line[start:end])
            return "".join(pieces), line, end + 1
