"""What does the demonstration's other process do, which was never given a grant token?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from zcrm_cli.control import Control
from zcrm_cli.demo.narrator import Narrator
from zcrm_core import Client

_LEADS: Final = 520
_PAGES: Final = 3
_FIELDS: Final = ("Last_Name", "Company", "Lead_Status")


@click.command(hidden=True)
@click.argument("path", type=click.Path(path_type=Path))
def worker(path: Path) -> None:
    """Do steps 3 to 5 of the demonstration."""
    narrator = Narrator()
    with Client.from_file(path) as client:
        _meet_a_user(narrator, client)
        _read_leads(narrator, client, Control(str(client.config.get("simulator_url"))))
        _write_leads(narrator, client)


def _meet_a_user(narrator: Narrator, client: Client) -> None:
    narrator.step(
        3,
        f"Another process (number {os.getpid()})",
        "It has the configuration and no grant token: the store gives it the tokens.",
    )
    narrator.code(
        'client = Client.from_file("zcrm.toml")',
        "user = client.users.get(user_id)",
        "organisation = client.org.get()",
    )
    wanted = next(user for user in client.users.list("ActiveUsers") if user.email != client.user)
    user, organisation = client.users.get(str(wanted.id)), client.org.get()
    narrator.facts(
        [
            ("User", f"{user.full_name} <{user.email}>"),
            (
                "Role, profile",
                f"{user.role.name if user.role else ''}, {user.profile.name if user.profile else ''}",
            ),
            ("Time zone", user.time_zone or ""),
            ("Organisation", f"{organisation.company_name}, {organisation.country}"),
        ]
    )
    narrator.expect(f"the details are those of the user {wanted.id}", user.id == wanted.id)


def _read_leads(narrator: Narrator, client: Client, zoho: Control) -> None:
    narrator.step(
        4,
        "Read a long list",
        "Zoho sends at most 200 records at once; the pages are fetched as the loop needs them.",
    )
    narrator.code(
        'leads = client.module("Leads")',
        'for lead in leads.list(fields=["Last_Name", "Company", "Lead_Status"]):',
        '    print(lead["Last_Name"])',
    )
    leads = client.module("Leads")
    route = f"GET /crm/{client.config.api_version}/Leads"
    before = zoho.requests().get(route, 0)
    found = list(leads.list(fields=_FIELDS))
    pages = zoho.requests().get(route, 0) - before
    narrator.table(_FIELDS, [[str(lead[field] or "") for field in _FIELDS] for lead in found[:3]])
    narrator.expect(
        f"{_LEADS} different leads came", len({lead.id for lead in found}) == len(found) == _LEADS
    )
    narrator.expect(f"they came in {_PAGES} pages", pages == _PAGES)
    narrator.expect(f"leads.count() says {_LEADS} as well", leads.count() == _LEADS)
    company = str(found[0]["Company"])
    narrator.code(f'leads.search(criteria="(Company:equals:{company})")')
    hits = list(leads.search(criteria=f"(Company:equals:{company})"))
    same = [lead for lead in found if lead["Company"] == company]
    narrator.expect(
        f"the search finds {len(hits)} leads of {company}, those of the list",
        {hit.id for hit in hits} == {lead.id for lead in same},
    )


def _write_leads(narrator: Narrator, client: Client) -> None:
    narrator.step(
        5,
        "Write",
        "Zoho decides on each record of a batch by itself. Here the second of three lacks its Last_Name.",
    )
    narrator.code(
        "result = leads.create([",
        '    {"Last_Name": "Noor"}, {"Company": "No name"}, {"Last_Name": "Berg"},',
        "])",
        'leads.update({"id": result[0].id, "Company": "Noor and Sons"})',
        "leads.delete(result[2].id)",
    )
    leads = client.module("Leads")
    result = leads.create([{"Last_Name": "Noor"}, {"Company": "No name"}, {"Last_Name": "Berg"}])
    narrator.table(
        ("Record", "Outcome", "Zoho says"),
        [
            (
                str(item.index),
                item.code,
                item.message + (f": {item.details['api_name']}" if not item.ok else ""),
            )
            for item in result
        ],
    )
    narrator.expect(
        "two leads were created, one was refused", [item.ok for item in result] == [True, False, True]
    )
    first, third = str(result[0].id), str(result[2].id)
    updated = leads.update({"id": first, "Company": "Noor and Sons"})
    narrator.expect(
        "the first was updated, and reads so", updated.ok and leads.get(first)["Company"] == "Noor and Sons"
    )
    narrator.expect("the third was deleted again", leads.delete(third).ok and leads.count() == _LEADS + 1)
