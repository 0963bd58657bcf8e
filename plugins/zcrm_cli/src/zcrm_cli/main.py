"""Which commands are there, and how does each of them end?"""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Final, NoReturn

import click

from zcrm_cli.debug_option import Debug, debug_option
from zcrm_cli.failure import show_failure
from zcrm_core import ZcrmError

FAILED: Final = 1
INTERRUPTED: Final = 130
"""What a shell reports for a command ended by Ctrl-C: 128 and the signal's number."""
TERMINATED: Final = 143

COMMANDS: Final = {
    "demo": ("zcrm_cli.demo.command:demo", "Show zcrm at work; needs no Zoho account."),
    "login": ("zcrm_cli.login:login", "Log in, and keep the tokens."),
    "logout": ("zcrm_cli.logout:logout", "Revoke and delete a user's tokens."),
    "new-store": ("zcrm_cli.new_store.command:new_store", "Begin a token store of your own."),
    "plugins": ("zcrm_cli.plugins_command:plugins", "Show the plugins, and which store is chosen."),
    "simulator": ("zcrm_cli.simulator_command:simulator", "Run a Zoho of your own on this machine."),
    "store": ("zcrm_cli.store_command:store", "Make, look at or migrate what tokens are kept in."),
    "token": ("zcrm_cli.token_command:token", "Look at the stored tokens."),
    "whoami": ("zcrm_cli.whoami:whoami", "Show whose token is used, and where."),
}
"""Each command's place and its line in the help: a command is imported when it is run, not to be listed."""
_HIDDEN: Final = {"demo-worker": "zcrm_cli.demo.worker:worker"}
"""Commands that only other commands call."""


class _Commands(click.Group):
    """The commands of ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS[cmd_name][0] if cmd_name in COMMANDS else _HIDDEN.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 80},
    epilog="Start with `zcrm demo`. Errors have a code each; docs/errors explains every one.",
)
@click.version_option(message="%(version)s", package_name="zcrm-cli", prog_name="zcrm")
@debug_option
def cli() -> None:
    """Log in to Zoho CRM, look at tokens and plugins, and run a Zoho of your own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``zcrm``.

    Args:
        arguments: what follows ``zcrm``; the process's own arguments when left out.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    _prepare_process()
    debug = Debug()
    try:
        cli.main(arguments, prog_name="zcrm", standalone_mode=False, obj=debug)
    except ZcrmError as error:
        show_failure(error, with_traceback=debug.on)
        return FAILED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    return 0


def _prepare_process() -> None:
    """Show a question mark for what the terminal cannot show, and let SIGTERM clean up as Ctrl-C does."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(TERMINATED)
