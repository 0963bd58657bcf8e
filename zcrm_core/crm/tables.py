"""What are the rows of the table in a bulk job's archive?"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final

from zcrm_core.crm.archives import lines_of, unsafe

__all__ = ["csv_rows"]

_SHOWN: Final = 100


def csv_rows(file: BinaryIO) -> Iterator[dict[str, str]]:
    """Go over the rows of the one CSV file (RFC 4180) in an archive, and close the archive in the end.

    Raises:
        ApiError: the archive cannot be used, or the file is no table in UTF-8.
    """
    with lines_of(file, ".csv") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            heading = next(reader, [])
            if not heading:
                raise unsafe("Its table has no heading.")
            [(name, times)] = Counter(heading).most_common(1)
            if times > 1:
                raise unsafe(f"Its heading has {name[:_SHOWN]!r} twice, so one value would hide another.")
            blank = False
            while (row := next(reader, None)) is not None:
                lines.begin()
                if not row and len(heading) == 1:
                    row = [""]  # how a table of one column shows an empty value
                blank = blank or not row
                if row and (blank or len(row) != len(heading)):
                    raise unsafe(
                        f"Row {reader.line_num} has another number of values than the heading, "
                        "or stands after an empty row."
                    )
                if row:
                    yield dict(zip(heading, row, strict=True))
        except csv.Error as error:
            raise unsafe(f"Row {reader.line_num} cannot be read to its end: {error}.") from None
