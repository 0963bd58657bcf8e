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
        except csv.Error as error:  # its text is Python's own, and holds nothing of the row
            raise unsafe(f"Row {self.number} cannot be read to its end: {error}.") from None
