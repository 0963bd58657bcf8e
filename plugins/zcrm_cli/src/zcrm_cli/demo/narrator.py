"""How does the demonstration tell a reader what happens, and what if it does not happen?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from zcrm_cli.output import open_console, write_facts, write_table, write_text
from zcrm_core import ZcrmError

_INDENT = "   "


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
        self._begin("text")
        write_text(self._console, text, first=_INDENT, indent=_INDENT)

    def code(self, *lines: str) -> None:
        """Show the Python calls that a step makes, as at Python's prompt; up to 73 characters a line."""
        self._begin("code")
        for line in lines:
            prompt = "..." if line.startswith((" ", "]")) else ">>>"
            self._console.print(f"{_INDENT}{prompt} {line}", style="dim", soft_wrap=True)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Show names and their values."""
        self._begin("facts")
        write_facts(self._console, facts, indent=_INDENT)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Show rows below their columns' names."""
        self._begin("table")
        write_table(self._console, columns, rows, indent=_INDENT)

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
        self._begin("seen")
        before = f"{_INDENT}{mark} "
        write_text(self._console, statement, style="green", first=before, indent=" " * len(before))

    def _begin(self, kind: str) -> None:
        if kind != self._last:
            self._console.print()
        self._last = kind
