"""Does the user want to see where an error comes from?"""

from __future__ import annotations

from dataclasses import dataclass

import click


@dataclass
class Debug:
    """Whether ``--debug`` was given, before or behind the name of the command."""

    on: bool = False


def _switch_on(ctx: click.Context, _parameter: click.Parameter, given: bool) -> None:  # noqa: FBT001 - click's
    if given:
        ctx.ensure_object(Debug).on = True


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_switch_on, help="Show the traceback of an error."
)
