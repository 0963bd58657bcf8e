"""What does the store in force keep tokens in, and how is that made and brought up to date?"""

from __future__ import annotations

from pathlib import Path

import click

from zcrm_cli.config_option import config_option, find_source
from zcrm_cli.debug_option import debug_option
from zcrm_cli.place import place_of
from zcrm_cli.visible import visible
from zcrm_core import StoreAction


@click.group
def store() -> None:
    """Make, look at or migrate what the store in force keeps tokens in."""


@store.command
@config_option
@debug_option
def init(config: Path | None) -> None:
    """Make what is missing: the database and the tables of the MySQL store, for instance."""
    _manage(config, "init")


@store.command
@config_option
@debug_option
def status(config: Path | None) -> None:
    """Tell where tokens are kept, how many there are, and what its limits are."""
    _manage(config, "status")


@store.command
@config_option
@debug_option
def migrate(config: Path | None) -> None:
    """Bring what tokens are kept in up to date; move them out of a table made for Zoho's own SDKs.

    Stop every program that uses Zoho's own SDKs with that table first. The old table is kept.
    """
    _manage(config, "migrate")


def _manage(config: Path | None, action: StoreAction) -> None:
    with find_source(config).open_client() as client:
        click.echo(f"Token store: {place_of(client)}")
        for line in client.manage_store(action):
            click.echo(visible(line))
