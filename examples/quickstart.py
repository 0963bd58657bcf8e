"""The shortest useful program: log in once, then read and write leads.

It needs a ``zcrm.toml`` with ``client_id``, ``client_secret``, ``region``, ``current_user_email`` and
``token_persistence_path``. Without a Zoho account: ``zcrm simulator serve`` prints one that works.
"""

from __future__ import annotations

from itertools import islice

from zcrm_core import Client, ZcrmError


def main() -> None:
    """List some leads, and create one that is fine and one that is not."""
    with Client.from_file("zcrm.toml") as client:
        if not client.is_token_generated():
            client.oauth.generate_access_token(input("Grant token from Zoho's API console: "))
        leads = client.module("Leads")
        print(f"{leads.count()} leads; the newest:")
        newest = leads.list(fields=["Last_Name", "Company"], sort_by="Created_Time", sort_order="desc")
        for lead in islice(newest, 3):
            print(lead.id, lead["Last_Name"], lead["Company"])
        for item in leads.create([{"Last_Name": "Smith"}, {"Company": "no last name"}]):
            print(item.index, item.code, item.message)


if __name__ == "__main__":
    try:
        main()
    except ZcrmError as error:
        raise SystemExit(str(error)) from None
