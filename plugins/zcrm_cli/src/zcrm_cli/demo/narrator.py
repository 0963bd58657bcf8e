"""How does the demonstration tell a reader what happens, and what if it does not happen?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zcrm_cli.output import new_facts, new_table, open_console
from zcrm_core import ZcrmError

_INDENT = 3


class Unexpected(ZcrmError):
    """The demonstration saw something else than what it is there to show."""

    why = "What this step shows is what zcrm promises, and it did not come true here."
    fix = "Run `zcrm demo --debug --keep`, and report what you see to the project."


class Narrator:
    """Writes the steps of the demonstration, with one blank line between things of different kinds.

    Args:
        console: where to; standard output when left out.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = open_console() if console is None else console
        self._last = ""

    def title(self, text: str) -> None:
        """Write a headline."""
        self._console.print(f"\n{text}" if self._last else text, style="bold")
        self._last = "text"

    def step(self, number: int, title: str, text: str) -> None:
        """Begin a step.

        Args:
            number: its number, from 1.
            title: what is shown.
            text: one or two plain sentences.
        """
        self._console.print(f"\n{number}  {title}", style="bold cyan")
        self._last = "text"
        self.say(text)

    def say(self, text: str) -> None:
        """Write a sentence or two."""
        self._write("text", Text(text))

    def code(self, *lines: str) -> None:
        """Show the Python calls that a step makes, as at Python's prompt; up to 73 characters a line."""
        shown = [f"{'...' if line.startswith((' ', ']')) else '>>>'} {line}" for line in lines]
        self._write("code", Text("\n".join(shown), style="dim"))

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Show names and their values."""
        self._write("facts", new_facts(facts))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Show rows below their columns' names."""
        self._write("table", new_table(columns, rows))

    def expect(self, statement: str, came_true: bool) -> None:  # noqa: FBT001 - the one thing that it is told
        """State what was seen to be true.

        Args:
            statement: what the step is there to show.
            came_true: whether it is so.

        Raises:
            Unexpected: it is not.
        """
        if not came_true:
            raise Unexpected(f"The demonstration expected this, and it is not so: {statement}.")
        mark = "✓" if self._console.encoding.lower().startswith("utf") else "ok:"
        line = Table.grid(padding=(0, 1))
        line.add_row(Text(mark, style="green"), Text(statement))
        self._write("seen", line)

    def _write(self, kind: str, what: RenderableType) -> None:
        if kind != self._last:
            self._console.print()
        self._last = kind
        self._console.print(Padding(what, (0, 0, 0, _INDENT)))
