"""Which organisation is it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcrm_core.crm.entity import Attribute, Entity, objects, text
from zcrm_core.errors import NotFound

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["Org", "Organization"]


class Org(Entity):
    """The organisation's details."""

    __slots__ = ()

    #: the organisation's id
    id = Attribute("id", text)
    #: Zoho's id of the organisation, as in the ``soid`` of client credentials
    zgid = Attribute("zgid", text)
    #: the company's name
    company_name = Attribute("company_name", text)
    #: the primary contact's e-mail address
    primary_email = Attribute("primary_email", text)
    #: the country
    country = Attribute("country", text)
    #: the home currency's name
    currency = Attribute("currency", text)
    #: the home currency's code, such as ``EUR``
    iso_code = Attribute("iso_code", text)
    #: the time zone, such as ``Europe/Berlin``
    time_zone = Attribute("time_zone", text)


class Organization:
    """``client.org``: the organisation.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self) -> Org:
        """Give the organisation's details (GET org).

        Raises:
            NotFound: Zoho names none.
            ApiError: the CRM refused.
        """
        found = objects(self._client.request("GET", "org"), "org", Org)
        if not found:
            raise NotFound("Zoho names no organisation.")
        return found[0]
