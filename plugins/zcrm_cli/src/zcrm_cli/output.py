"""How does text reach the reader? One look for every command: text in 80 columns, tables in full."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zcrm_cli.visible import visible

WIDTH: Final = 80
_ENDLESS: Final = 1_000_000
"""A file and another program have no width: there a row of a table is one line, that can be searched."""


def open_console(*, stderr: bool = False) -> Console:
    """Give a console: colours on a terminal only, and none where ``NO_COLOR`` is set.

    Args:
        stderr: write to standard error.
    """
    # Left alone, rich would leave out the colours only, and still write bold text.
    system: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    console = Console(stderr=stderr, color_system=system, highlight=False, markup=False, emoji=False)
    # Not ``console.is_terminal``, which FORCE_COLOR makes true of a file as well.
    if not console.file.isatty():
        console.width = _ENDLESS
    return console


def new_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Lay out rows below their columns' names; only the last column takes several lines, split at blanks."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    cells = [[visible(cell) for cell in row] for row in rows]
    for number, column in enumerate(columns):
        last = number == len(columns) - 1
        texts = [column, *(row[number] for row in cells)]
        words = [word for text in texts for word in text.split()] if last else texts
        # What is narrower than its words would cut a name in two, and nobody could search for it or copy it.
        table.add_column(column, no_wrap=not last, min_width=max(map(cell_len, words), default=0))
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def write_table(
    console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = ""
) -> None:
    """Write rows below their columns' names; a terminal that is too narrow for the names breaks the lines.

    Args:
        console: where to.
        columns: their names.
        rows: the cells of each.
        indent: stands before every line.
    """
    table = Padding(new_table(columns, rows), (0, 0, 0, len(indent)), expand=False)
    needed = console.measure(table, options=console.options.update(width=_ENDLESS)).minimum
    width, console.width = console.width, max(console.width, needed)
    try:
        console.print(table)
    finally:
        console.width = width


def write_text(console: Console, text: str, *, style: str = "", indent: str = "", first: str = "") -> None:
    """Write a text in lines that fit; a word that is longer than a line, such as a path, stays whole.

    Args:
        console: where to.
        text: the words.
        style: rich's style for all of it.
        indent: stands before every line but the first.
        first: stands before the first line.
    """
    lines = textwrap.wrap(
        text,
        min(console.width, WIDTH),
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    console.print(Text("\n".join(map(visible, lines)), style=style), soft_wrap=True)


def write_facts(console: Console, facts: Iterable[tuple[str, str]], *, indent: str = "") -> None:
    """Write names and their values, one pair below the other.

    Args:
        console: where to.
        facts: the pairs.
        indent: stands before every line.
    """
    pairs = list(facts)
    width = max((len(name) for name, _ in pairs), default=0) + 2
    for name, value in pairs:
        before = f"{indent}{name:{width}}"
        write_text(console, value, first=before, indent=" " * len(before))
