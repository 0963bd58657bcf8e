"""What does ``zcrm demo`` do: a tour against a simulator, or a look at the real Zoho?"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from zcrm_cli.config_option import config_option, find_source
from zcrm_cli.debug_option import Debug, debug_option
from zcrm_core import PluginError


@click.command
@click.option("--keep", is_flag=True, help="Keep the folder with the tokens and the configuration.")
@click.option(
    "--live", is_flag=True, help="Read from the real Zoho, with your own configuration; write nothing."
)
@config_option
@debug_option
@click.pass_obj
def demo(debug: Debug, *, keep: bool, live: bool, config: Path | None) -> None:
    """Show zcrm at work, step by step, against a simulated Zoho on this machine.

    It takes a few seconds, needs no account, reaches no other machine, and leaves nothing behind.
    With --live it reads from the real Zoho instead: whose token is used, the organisation, and some
    leads.
    """
    if live:
        if keep:
            raise click.UsageError("--keep keeps what the demonstration makes, and --live makes nothing.")
        from zcrm_cli.demo.live import look  # noqa: PLC0415 - only this way needs it

        look(find_source(config))
        return
    if click.get_current_context().get_parameter_source("config") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--config goes with --live; the demonstration makes its own configuration.")
    require_demo_wheels("zcrm_simulator", "zcrm_store_file")
    from zcrm_cli.demo.tour import tour  # noqa: PLC0415 - it needs the wheels that have just been looked for

    tour(keep=keep, debug=debug.on)


def require_demo_wheels(*packages: str) -> None:
    """Make sure that the wheels of the extra ``demo`` are installed.

    Args:
        packages: their import names.

    Raises:
        PluginError: one is not there.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise PluginError(
            f"The wheel {missing[0].replace('_', '-')} is not installed.",
            why="The simulated Zoho comes with an extra of zcrm-cli, so that a server does not carry it.",
            fix='Install it: pip install "zcrm-cli[demo]"',
            code="ZCRM-PLUGIN-006",
        )
