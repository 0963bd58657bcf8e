"""What does the call answer that converts a lead?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from werkzeug.wrappers import Response

from zcrm_simulator.answers import Refusal, done, json_answer
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.identifiers import as_id
from zcrm_simulator.crm.parents import parent
from zcrm_simulator.crm.records import find_double, insert_record
from zcrm_simulator.crm.validate import ItemError
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row, integer

_SHARED = (
    "First_Name",
    "Last_Name",
    "Salutation",
    "Email",
    "Secondary_Email",
    "Phone",
    "Mobile",
    "Fax",
    "Lead_Source",
    "Skype_ID",
    "Twitter",
    "Description",
)


def convert(call: Call) -> Response:
    """Answer POST /Leads/{id}/actions/convert.

    Raises:
        Refusal: 400, it is no lead, it was converted before, or what is wanted cannot be made.
    """
    if call.module.api_name != "Leads":
        raise Refusal(400, "NOT_SUPPORTED", "records of this module cannot be converted")
    database = call.organization.database
    data = call.body().get("data")
    options = data[0] if isinstance(data, list) and data and isinstance(data[0], Mapping) else {}
    if not isinstance(options.get("Deals"), Mapping | None):
        details = {"api_name": "Deals", "expected_data_type": "jsonobject"}
        raise Refusal(400, "INVALID_DATA", "invalid data", details)
    with database.lock:
        lead = parent(call)
        if lead["$converted"]:
            raise Refusal(400, "ID_ALREADY_CONVERTED", "id already converted", {"id": str(lead["id"])})
        try:
            made = _converted(call, lead, options)
        except ItemError as error:
            raise Refusal(400, error.code, error.message, error.details) from None
        database.update(call.module, integer(lead["id"]), {"$converted": 1, "Modified_Time": call.now})
    return _answer(call, made)


def _converted(call: Call, lead: Row, options: Mapping[str, object]) -> dict[str, Row | None]:
    owner = _id(options.get("assign_to")) or str(lead["Owner"])
    if call.organization.user_by_id(owner) is None:
        raise Refusal(400, "INVALID_DATA", "the id given seems to be invalid", {"api_name": "assign_to"})
    account = _existing(call, "Accounts", options)
    if account is None and lead["Company"]:
        of_accounts = _about(call, "Accounts")
        account = find_double(of_accounts, "Account_Name", lead["Company"], None)
        account = account or insert_record(of_accounts, {"Account_Name": lead["Company"], "Owner": owner}, 0)
    contact = _existing(call, "Contacts", options)
    if contact is None:
        fields: dict[str, object] = {name: lead[name] for name in _SHARED if lead[name] is not None}
        fields |= {"Owner": owner, "Account_Name": None if account is None else str(account["id"])}
        contact = insert_record(_about(call, "Contacts"), fields, 0)
    deal = options.get("Deals")
    made: dict[str, Row | None] = {"Contacts": contact, "Deals": None, "Accounts": account}
    if isinstance(deal, Mapping):
        links = {
            "Owner": owner,
            "Contact_Name": str(contact["id"]),
            "Account_Name": None if account is None else str(account["id"]),
        }
        made["Deals"] = insert_record(_about(call, "Deals"), {**links, **deal}, 0)
    return made


def _about(call: Call, module: str) -> Call:
    return replace(call, values={**call.values, "module": module})


def _id(given: object) -> str | None:
    value = given.get("id") if isinstance(given, Mapping) else given
    return None if value is None else str(value)


def _existing(call: Call, module: str, options: Mapping[str, object]) -> Row | None:
    wanted = _id(options.get(module))
    if wanted is None:
        return None
    number = as_id(wanted)
    row = None if number is None else call.organization.database.row(MODULES[module], number)
    if row is None:
        raise Refusal(
            400, "INVALID_DATA", "the id given seems to be invalid", {"api_name": module, "id": wanted}
        )
    return row


def _answer(call: Call, made: Mapping[str, Row | None]) -> Response:
    if not call.version.modern:
        return json_answer(
            {"data": [{name: None if row is None else str(row["id"]) for name, row in made.items()}]}
        )
    details = {
        name: None if row is None else {"name": row[MODULES[name].name_field], "id": str(row["id"])}
        for name, row in made.items()
    }
    return json_answer({"data": [done(details, "The record has been converted successfully")]})
