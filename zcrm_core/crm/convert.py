"""What becomes of a lead that is converted?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zcrm_core.crm.arguments import one_mapping, with_article
from zcrm_core.crm.batch import BatchItem, refusal_of
from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import Attribute, Entity
from zcrm_core.crm.paths import identifier
from zcrm_core.crm.versions import version
from zcrm_core.errors import ApiError
from zcrm_core.exact_json import JSON
from zcrm_core.redaction import plain
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Converted", "convert"]

_POINTERS = ("Accounts", "Contacts", "assign_to")
_CHOICES = ("overwrite", "notify_lead_owner", "notify_new_entity_owner")


def _new_id(value: JSON) -> str | None:
    """Read the id of a new record: v2 sends it plainly, v8 as an object."""
    given = value.get("id") if isinstance(value, dict) else value
    return given if isinstance(given, str) else None


class Converted(Entity):
    """The ids of the records that a lead became."""

    __slots__ = ()

    #: the account's id; ``None`` if there is none
    account = Attribute("Accounts", _new_id)
    #: the contact's id
    contact = Attribute("Contacts", _new_id)
    #: the deal's id; ``None`` if none was wanted
    deal = Attribute("Deals", _new_id)

    def __repr__(self) -> str:
        return plain(f"<Converted account={self.account} contact={self.contact} deal={self.deal}>")


def convert(client: Client, path: str, given: Mapping[str, object]) -> Converted:
    """Convert the lead at a path; options that are ``None`` are left out.

    Raises:
        ApiError: the deal is no mapping, an id none or a choice no boolean, or the CRM refused.
        TransportError: the answer does not say what became of it.
    """
    _refuse_unfit(given)
    options = {key: encode(value, key) for key, value in given.items() if value is not None}
    as_object = version(client.config.api_version).points_by_object
    for key in _POINTERS:
        if isinstance(options.get(key), (str, int)):
            pointed = identifier(key, options[key])
            options[key] = {"id": pointed} if as_object else pointed
    response = client.request("POST", f"{path}/actions/convert", json={"data": [options]})
    answer = response.json()
    data = answer.get("data") if isinstance(answer, dict) else None
    outcome = data[0] if isinstance(data, list) and len(data) == 1 else None
    converted = _converted(outcome, response.status) if isinstance(outcome, dict) else None
    if converted is None:
        raise not_asked_for(
            f"The answer ({response.status}) does not say what became of the lead.",
            why="Without the ids of the new records nobody knows whether the lead was converted.",
            fix="Read the lead back before you convert it again.",
        )
    return converted


def _refuse_unfit(given: Mapping[str, object]) -> None:
    """Refuse what Zoho would leave out while it converts the lead, which cannot be undone.

    Raises:
        ApiError: the deal is no mapping, or a choice is no boolean.
    """
    if given.get("Deals") is not None:
        one_mapping("The deal", given["Deals"])
    for name in _CHOICES:
        choice = given.get(name)
        if choice is not None and not isinstance(choice, bool):
            raise ApiError(
                f"{name} is {with_article(choice)}.",
                why="It says whether something is done, and a lead that was converted stays so.",
                fix=f"Pass {name}=True or {name}=False.",
                code="ZCRM-API-009",
            )


def _converted(outcome: dict[str, JSON], status: int) -> Converted | None:
    """Read an outcome; ``None`` where it names no new record. v2 sends the ids alone, without a status.

    Raises:
        ApiError: the CRM refused.
    """
    given = outcome.get("details")
    details = given if isinstance(given, dict) else {}
    if "status" in outcome or "code" in outcome:
        code = outcome.get("code")
        if outcome.get("status") != "success" or code not in (None, "SUCCESS"):
            error = ApiError(f"Zoho CRM refused to convert the lead: {refusal_of(BatchItem(0, outcome))}.")
            error.status, error.api_code = status, code if isinstance(code, str) else None
            error.details = details
            raise error
        outcome = details
    converted = Converted(outcome)
    return converted if converted.account or converted.contact or converted.deal else None
