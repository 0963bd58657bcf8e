"""How does a person run the simulator, and get a grant token from it?"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

import click

from zcrm_cli.control import Control
from zcrm_cli.debug_option import debug_option
from zcrm_cli.demo.command import require_demo_wheels
from zcrm_cli.scopes import SCOPES

_HIGHEST_PORT: Final = 65_535


@click.group
def simulator() -> None:
    """Run a simulated Zoho on this machine, for tests and to try things out."""


@simulator.command
@click.option(
    "--port", type=click.IntRange(0, _HIGHEST_PORT), default=0, help="The port; a free one when left out."
)
@debug_option
def serve(port: int) -> None:
    """Run the simulator until Ctrl-C; its data is new with each start."""
    require_demo_wheels("zcrm_simulator")
    from zcrm_simulator import Simulator  # noqa: PLC0415 - comes with an extra, which may not be there

    try:
        with Simulator(port) as zoho:
            more = {
                "current_user_email": zoho.users[0].email,
                "soid": f"ZohoCRM.{zoho.organization.zgid}",  # for zcrm login --client
            }
            click.echo(_welcome(zoho.url, zoho.config() | more))
            threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("\nThe simulator has stopped.")


def _welcome(url: str, config: Mapping[str, str]) -> str:
    lines = [f'{key} = "{value}"' for key, value in config.items()]
    return "\n".join(
        [
            f"The simulator runs at {url}; Ctrl-C ends it.",
            "",
            "Save this as zcrm.toml:",
            "",
            *lines,
            'token_persistence_path = "tokens"',
            "",
            "Then log in, in another terminal in the same folder:",
            "",
            f"    zcrm simulator grant --url {url} | zcrm login",
            "    zcrm whoami",
            "",
            "Other ways to log in: zcrm login --web, --device, or --client.",
        ]
    )


@simulator.command
@click.option("--url", required=True, help="The simulator's address, as `zcrm simulator serve` prints it.")
@click.option("--user", metavar="EMAIL", help="Whose grant it is; the organisation's owner when left out.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="May be repeated; all that zcrm uses when left out.",
)
@debug_option
def grant(url: str, user: str | None, scopes: tuple[str, ...]) -> None:
    """Print a fresh grant token, as Zoho's API console makes them. It works once, for three minutes."""
    click.echo(Control(url).grant_token(scopes or SCOPES, user))
