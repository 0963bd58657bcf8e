"""Which tokens are stored, and for how long does each still live?"""

from __future__ import annotations

import time
from pathlib import Path

import click

from zcrm_cli.config_option import config_option, find_source
from zcrm_cli.debug_option import debug_option
from zcrm_cli.output import new_table, open_console
from zcrm_cli.place import place_of
from zcrm_core import Token


@click.group
def token() -> None:
    """Look at the stored tokens; no secret is ever shown."""


@token.command("list")
@config_option
@debug_option
def list_tokens(config: Path | None) -> None:
    """Show the users that have a token for this client and environment.

    A token that is renewed gets a new access token by itself when its time is over; for the others
    the user has to log in again.
    """
    with find_source(config).open_client() as client:
        tokens = [found for user in client.tokens.list() if (found := client.tokens.fetch(user)) is not None]
        environment, store = client.config.environment, client.token_store
        click.echo(f"Token store: {place_of(client)}")
    if not tokens:
        click.echo("No user has a token yet. Run `zcrm login`.")
        return
    now_ms = time.time_ns() // 1_000_000
    rows = [
        (found.user_identifier, environment, _time_left(found, now_ms), _renewed(found), store)
        for found in tokens
    ]
    open_console().print(new_table(("User", "Environment", "Time left", "Renewed", "Store"), rows))


def _time_left(found: Token, now_ms: int) -> str:
    seconds = (found.expiry_time - now_ms) // 1000
    if seconds <= 0:
        return "none"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"  # noqa: PLR2004 - a minute


def _renewed(found: Token) -> str:
    return "no" if found.refresh_token is None else "yes"
