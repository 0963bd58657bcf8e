"""Which organisation is it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zcrm_core.crm.entity import Attribute, Entity, anything, flag, number, objects, text, time
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
    #: its other name
    alias = Attribute("alias", text)
    #: the primary contact's id in Zoho's accounts
    primary_zuid = Attribute("primary_zuid", text)
    #: the primary contact's e-mail address
    primary_email = Attribute("primary_email", text)
    #: the web site
    website = Attribute("website", text)
    #: the phone number
    phone = Attribute("phone", text)
    #: the mobile phone number
    mobile = Attribute("mobile", text)
    #: the fax number
    fax = Attribute("fax", text)
    #: how many people work there
    employee_count = Attribute("employee_count", number)
    #: what it is about
    description = Attribute("description", text)
    #: the street
    street = Attribute("street", text)
    #: the city
    city = Attribute("city", text)
    #: the state
    state = Attribute("state", text)
    #: the zip code
    zip_code = Attribute("zip", text)
    #: the country
    country = Attribute("country", text)
    #: the country's code, such as ``DE``
    country_code = Attribute("country_code", text)
    #: the home currency's name
    currency = Attribute("currency", text)
    #: the home currency's code, such as ``EUR``
    iso_code = Attribute("iso_code", text)
    #: how money is written, such as ``de_DE``
    currency_locale = Attribute("currency_locale", text)
    #: the home currency's sign
    currency_symbol = Attribute("currency_symbol", text)
    #: the time zone, such as ``Europe/Berlin``
    time_zone = Attribute("time_zone", text)
    #: whether there are several currencies
    mc_status = Attribute("mc_status", flag)
    #: whether it is connected with Google Workspace
    gapps_enabled = Attribute("gapps_enabled", flag)
    #: the id of the logo
    photo_id = Attribute("photo_id", text)
    #: whether privacy settings are in force
    privacy_settings = Attribute("privacy_settings", flag)
    #: the id for Zia
    zia_portal_id = Attribute("zia_portal_id", text)
    #: whether it pays
    paid = Attribute("license_details.paid", flag)
    #: the edition that it pays for
    paid_type = Attribute("license_details.paid_type", text)
    #: until when it has paid
    paid_expiry = Attribute("license_details.paid_expiry", time)
    #: the edition that it tries
    trial_type = Attribute("license_details.trial_type", text)
    #: until when it tries it
    trial_expiry = Attribute("license_details.trial_expiry", time)
    #: how many users it has paid for
    users_license_purchased = Attribute("license_details.users_license_purchased", number)
    #: all about the licence
    license_details = Attribute("license_details", anything)


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
