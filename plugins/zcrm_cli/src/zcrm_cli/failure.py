"""How is an error told to a person: its code, what happened, why, and what to do?"""

from __future__ import annotations

import traceback

import click

from zcrm_core import ConfigError, ZcrmError


def show_failure(error: ZcrmError, *, with_traceback: bool = False) -> None:
    """Write an error to standard error; one that holds several problems tells each of them.

    Args:
        error: what went wrong. Its texts hold no secret: every error of zcrm promises that.
        with_traceback: show first where it comes from.
    """
    # rich takes longer to import than most commands to run, and is not needed where all goes well.
    from zcrm_cli.output import open_console, write_facts, write_text  # noqa: PLC0415 - rich is only needed to fail

    if with_traceback:
        click.echo("".join(traceback.format_exception(error)), err=True)
    console = open_console(stderr=True)
    for number, problem in enumerate(error.problems if isinstance(error, ConfigError) else (error,)):
        if number:
            console.print()
        write_text(console, f"{problem.code}: {problem.what}", style="bold red")
        reasons = (("Why", problem.why), ("What to do", problem.fix))
        write_facts(console, ((name, text) for name, text in reasons if text))
