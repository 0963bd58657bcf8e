"""How does text reach the reader? One look for every command, at most 80 columns wide."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH: Final = 80


def open_console(*, stderr: bool = False) -> Console:
    """Give a console: colours on a terminal only, and none where ``NO_COLOR`` is set.

    Args:
        stderr: write to standard error.
    """
    # Left alone, rich would leave out the colours only, and still write bold text.
    system: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    console = Console(stderr=stderr, color_system=system, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDTH)
    return console


def new_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Lay out rows below their columns' names."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def new_facts(facts: Iterable[tuple[str, str]]) -> Table:
    """Lay out names and their values, one pair a line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(name), Text(value))
    return table
