"""How does the demonstration tell a reader what happens, and what if it does not happen?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text
from zcrm_core import ZcrmError

from zcrm_cli.output import new_facts, new_table, open_console

_INDENT = 3


class Unexpected(ZcrmError):
    """The demonstration saw something else than what it is there to show."""

    why = "What this step shows is what zcrm promises, and it did not come true here."
    fix = "Run `zcrm demo --debug --keep`, and report what you see to the project."


class Narrator:
    """Writes the steps of the demonstration.

    Args:
        console: where to; standard output when left out.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = open_console() if console is None else console

    def title(self, text: str) -> None:
        """Write a headline."""
        self._console.print(text, style="bold")

    def step(self, number: int, title: str, text: str) -> None:
        """Begin a step.

        Args:
            number: its number, from 1.
            title: what is shown.
            text: one or two plain sentences.
        """
        self._console.print()
        self._console.print(f"{number}  {title}", style="bold cyan")
        self.say(text)

    def say(self, text: str) -> None:
        """Write a sentence or two."""
        self._write(Text(text))

    def code(self, *lines: str) -> None:
        """Show the Python calls that a step makes."""
        self._write(Text("\n".join(f">>> {line}" for line in lines), style="dim"))

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Show names and their values."""
        self._write(new_facts(facts))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Show rows below their columns' names."""
        self._write(new_table(columns, rows))

    def expect(self, statement: str, came_true: bool) -> None:  # noqa: FBT001 - the one thing that it is told
        """State what was seen to be true.

        Args:
            statement: what the step is there to show.
            came_true: whether it is so.

        Raises:
            Unexpected: it is not.
        """
        if not came_true:
            raise Unexpected(f"The demonstration expected: {statement}")
        mark = "✓" if self._console.encoding.lower().startswith("utf") else "ok:"
        self._write(Text.assemble((f"{mark} ", "green"), statement))

    def _write(self, what: RenderableType) -> None:
        self._console.print(Padding(what, (0, 0, 0, _INDENT)))
