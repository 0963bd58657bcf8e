"""How does a person log out?"""

from __future__ import annotations

from pathlib import Path

import click

from zcrm_cli.config_option import config_option, find_source
from zcrm_cli.debug_option import debug_option
from zcrm_cli.place import place_of


@click.command
@config_option
@click.option("--user", metavar="USER", help="Whose tokens; current_user_email when left out.")
@debug_option
def logout(config: Path | None, user: str | None) -> None:
    """Revoke a user's tokens at Zoho, then delete them from the store.

    When Zoho cannot be reached nothing is deleted, so that the command can be run again.
    """
    with find_source(config).open_client() as client:
        leaving = client if user is None else client.as_user(user)
        there = leaving.oauth.revoke()
        who, place = leaving.user, place_of(client)
    if there:
        click.echo(f"Logged out {who}: the tokens are revoked, and deleted from the store {place}.")
    else:
        click.echo(f"{who} has no token in the store {place}.")
