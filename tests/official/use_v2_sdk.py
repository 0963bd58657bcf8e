"""What a program written for Zoho's Python SDK for v2 does: log in; list, create, update and delete leads.

It is given the SDK's own configuration as JSON, and prints what it saw as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from zcrmsdk import ZCRMModule, ZCRMRecord, ZCRMRestClient, ZohoOAuth


def main(given: dict[str, str]) -> dict[str, object]:
    """Use the SDK as its own documentation shows."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "zcrm_oauthtokens.pkl").touch()
        grant = given.pop("grant_token")
        ZCRMRestClient.initialize(
            {
                **given,
                "token_persistence_path": folder,
                "applicationLogFilePath": folder,
                "sandbox": "False",
                "apiVersion": "v2",
            }
        )
        ZohoOAuth.get_client_instance().generate_access_token(grant)
        return _leads()


def _leads() -> dict[str, object]:
    leads = ZCRMModule.get_instance("Leads")
    listed = leads.get_records(page=1, per_page=200)
    record = ZCRMRecord.get_instance("Leads")
    record.set_field_value("Last_Name", "Made by the SDK for v2")
    record.set_field_value("City", "Old")
    made = record.create()
    record.set_field_value("City", "New")
    updated = record.update()
    again = leads.get_record(record.entity_id).data
    deleted = record.delete()
    return {
        "listed": len(listed.data),
        "more": listed.info.is_more_records,
        "created": made.code,
        "updated": updated.code,
        "city": again.get_field_value("City"),
        "owner": again.owner.name,
        "deleted": deleted.code,
        "id": record.entity_id,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
