"""Where in the token file is a user's line, and is the file sound?

The file is a format line and one line a key, sorted, so that a key is found with a few small reads::

    {"format":"zcrm-oauthtokens","version":1,"bytes":<number of bytes after this line>}
    {"digest":"00c1...","crc32":"...",...}
    {"digest":"7f20...","crc32":"...",...}

A line that is found and intact is its user's token, whatever happened to the rest. That a line is not there
is only believed of a file that is sound as a whole.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import Final

from zcrm_core import StoreCorrupt
from zcrm_store_file.failures import damaged, no_token_file
from zcrm_store_file.foreign import FORMAT, VERSION
from zcrm_store_file.lines import KEY_END, is_intact

__all__ = [
    "Read",
    "compose",
    "damage",
    "find_line",
    "first_damage",
    "format_line",
    "locate",
    "reading",
    "salvage",
    "splice",
    "split_lines",
]

Read = Callable[[int, int], bytes]
"""Give so many bytes from an offset on, or fewer where the file ends: ``read(offset, size)``."""

_WINDOW: Final = 8192
_GUESSES: Final = 8
_MARK: Final = b'\n{"digest":"'
_DIGEST: Final = 32


def format_line(size: int) -> bytes:
    """Give the first line of a file with ``size`` bytes after it."""
    return b'{"format":"%b","version":%d,"bytes":%d}\n' % (FORMAT.encode(), VERSION, size)


def find_line(read: Read, size: int, start: bytes, path: str) -> bytes | None:
    """Give the intact line that begins with ``start``; ``None`` when it is certain that there is none.

    Raises:
        StoreCorrupt: there is no such intact line, and the file is damaged.
    """
    span = locate(read, size, start)
    if span is not None:
        return read(span[0], span[1] - span[0])
    data = read(0, size)
    error = damage(data, path)
    kept = salvage(data).get(start) if error is not None else None
    if error is not None and kept is None:
        raise error
    return kept


def locate(read: Read, size: int, start: bytes) -> tuple[int, int] | None:
    """Find where the intact line that begins with ``start`` begins and ends.

    ``None`` when it is not found, which proves nothing: the file may be damaged. Digests are evenly spread,
    so the digest itself says roughly where its line is; where that fails, halving finds it.
    """
    head = read(0, 128)
    low = head.find(b"\n") + 1
    if head[:low] != format_line(size - low):
        return None
    high = size  # the line, if there is one, starts at low or later and before high
    wanted = start[-_DIGEST:]
    below, above = 0, 1 << 32  # and the number that its digest starts with is not outside these
    width, tries = _WINDOW, 0
    while low < high:
        share = (int(wanted[:8], 16) - below) / max(above - below, 1) if tries < _GUESSES else 0.5
        tries += 1
        at = max(low, min(low + int((high - low) * share) - width // 2, high - width))
        block = read(at - 1, width)  # from the line feed before
        found = block.find(b"\n" + start)
        if found >= 0:
            return _intact_span(read, size, at + found)
        first = block.find(_MARK, 0, len(block) - _DIGEST)
        if first < 0:  # no line starts in this window
            if at == low and at - 1 + len(block) >= high:
                return None
            width *= 4
            continue
        last = block.rfind(_MARK, 0, len(block) - _DIGEST)
        lowest, highest = _digest(block, first), _digest(block, last)
        try:
            if wanted < lowest:
                high, above = at, int(lowest[:8], 16)
            elif wanted > highest:
                low, below = at + last + 1, int(highest[:8], 16)
            else:
                return None
        except ValueError:  # a damaged digest
            return None
    return None


def split_lines(data: bytes) -> list[bytes]:
    """Give the lines of a whole file after its format line, each with its line feed."""
    return io.BytesIO(data).readlines()[1:]


def damage(data: bytes, path: str) -> StoreCorrupt | None:
    """Give the error for a whole file that is not sound; ``None`` for one that is."""
    why = first_damage(data)
    if why is None:
        return None
    if data and not data.startswith(b'{"format":"') and _MARK[1:] not in data:
        return no_token_file(path)
    error = damaged(path, why)
    error.repaired_by_saving = True
    return error


def first_damage(data: bytes) -> str | None:
    """Say in one sentence what is the first thing wrong with a whole file; ``None`` when it is sound."""
    lines = split_lines(data)
    for number, (before, line) in enumerate(zip([b"", *lines], lines, strict=False), start=2):
        if not is_intact(line):
            return f"Line {number} is not as it was written."
        if line[:KEY_END] <= before[:KEY_END]:
            return f"Line {number} is not in its place."
    body = data.find(b"\n") + 1
    if data[:body] != format_line(len(data) - body):
        return "Its first line does not fit the rest: something was cut off, added or overwritten."
    return None


def salvage(data: bytes) -> dict[bytes, bytes | None]:
    """Give what can be kept of a damaged file: what each line starts with, and the line if it is intact.

    Of two intact lines of one key the last is kept. A line whose digest cannot be read is left out.
    """
    kept: dict[bytes, bytes | None] = {}
    # A line may start without a line feed before it, when it is the line feed that was damaged.
    for piece in re.split(rb'\n|(?=\{"digest":")', data):
        line = piece + b"\n"
        start = line[:KEY_END]
        if is_intact(line):
            kept[start] = line
        elif re.fullmatch(rb'\{"digest":"[0-9a-f]{32}', start):
            kept.setdefault(start, None)
    return kept


def compose(lines: Sequence[bytes]) -> list[bytes]:
    """Give the parts of a whole file with these sorted lines."""
    body = b"".join(lines)
    return [format_line(len(body)), body]


def splice(data: bytes, span: tuple[int, int], line: bytes) -> list[bytes | memoryview]:
    """Give the parts of a whole file with the bytes of a span exchanged and all others as they are."""
    body = data.find(b"\n") + 1
    whole = memoryview(data)
    before, after = whole[body : span[0]], whole[span[1] :]
    return [format_line(len(before) + len(line) + len(after)), before, line, after]


def reading(data: bytes) -> Read:
    """Give the function that reads from these bytes."""
    return lambda offset, size: data[offset : offset + size]


def _intact_span(read: Read, size: int, offset: int) -> tuple[int, int] | None:
    width = _WINDOW
    while True:
        line, end, _ = read(offset, width).partition(b"\n")
        if end or offset + width >= size:
            # What is not intact may be two users' lines whose line feed was damaged: not one's to replace.
            return (offset, offset + len(line) + 1) if is_intact(line + end) else None
        width *= 4


def _digest(block: bytes, mark: int) -> bytes:
    return block[mark + len(_MARK) : mark + len(_MARK) + _DIGEST]
