"""What does zcrm see in the reader's own Zoho? Nothing is written there."""

from __future__ import annotations

from itertools import islice
from typing import Final

from zcrm_cli.config_option import Source
from zcrm_cli.demo.narrator import Narrator

_FIELDS: Final = ("Last_Name", "Company")
_FIRST_PAGE: Final = 200
_SHOWN: Final = 5


def look(source: Source) -> None:
    """Read from the Zoho that is configured, and tell what is there.

    Args:
        source: the configuration; its user has logged in before.

    Raises:
        ZcrmError: the configuration, the store, the login or Zoho do not allow it.
    """
    narrator = Narrator()
    with source.open_client() as client:
        region = client.region
        narrator.title(
            f"zcrm demo --live: reading from the region {region.name}, {client.config.environment}"
        )
        narrator.say(f"Configured in {source}; calls go to {region.api_url}. Nothing is written.")

        narrator.step(1, "Who you are", "Zoho says whose token it is.")
        narrator.code("client.users.current()")
        user = client.users.current()
        narrator.facts([("User", f"{user.full_name} <{user.email}>"), ("Time zone", user.time_zone or "")])

        narrator.step(2, "Where you are", "The organisation that the user works in.")
        narrator.code("client.org.get()")
        organisation = client.org.get()
        facts = (organisation.company_name, organisation.country, organisation.iso_code)
        narrator.facts([("Organisation", ", ".join(filter(None, facts)))])

        narrator.step(3, "Some leads", "The first page of the module Leads, which is up to 200 records.")
        narrator.code(
            'leads = client.module("Leads").list(fields=["Last_Name", "Company"])',
            f"islice(leads, {_FIRST_PAGE})",
        )
        leads = client.module("Leads")
        page = list(islice(leads.list(fields=_FIELDS), _FIRST_PAGE))
        narrator.table(_FIELDS, [[str(lead.get(field) or "") for field in _FIELDS] for lead in page[:_SHOWN]])
        narrator.say(f"{len(page)} leads read, {min(len(page), _SHOWN)} shown.")

        narrator.step(4, "How many there are", "Zoho counts them without sending them.")
        narrator.code('client.module("Leads").count()')
        narrator.say(f"{leads.count()} leads.")
