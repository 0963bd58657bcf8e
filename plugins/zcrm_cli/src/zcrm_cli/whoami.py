"""Whose token is used, in which organisation, region and environment?"""

from __future__ import annotations

from pathlib import Path

import click

from zcrm_cli.config_option import config_option, find_source
from zcrm_cli.debug_option import debug_option
from zcrm_cli.output import open_console, write_facts
from zcrm_cli.place import place_of


@click.command
@config_option
@debug_option
def whoami(config: Path | None) -> None:
    """Ask Zoho whose token is used, and show where the calls go."""
    source = find_source(config)
    with source.open_client() as client:
        user, organisation = client.users.current(), client.org.get()
        role = user.role.name if user.role else None
        profile = user.profile.name if user.profile else None
        facts = {
            "User": f"{user.full_name} <{user.email}>",
            "Role, profile": ", ".join(filter(None, (role, profile))),
            "Organisation": f"{organisation.company_name} ({organisation.id})",
            "Region": f"{client.region.name} ({client.region.accounts_url})",
            "Environment": client.config.environment,
            "API version": client.config.api_version,
            "Configuration": str(source),
            "Token store": place_of(client),
        }
    write_facts(open_console(), facts.items())
