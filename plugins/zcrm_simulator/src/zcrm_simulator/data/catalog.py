"""Which modules are there?"""

from __future__ import annotations

from zcrm_simulator.data.fields import Module
from zcrm_simulator.data.modules_activities import CALLS, EVENTS, NOTES, TASKS
from zcrm_simulator.data.modules_inventory import (
    INVOICES,
    PRICE_BOOKS,
    PURCHASE_ORDERS,
    QUOTES,
    SALES_ORDERS,
    VENDORS,
)
from zcrm_simulator.data.modules_people import ACCOUNTS, CONTACTS, LEADS
from zcrm_simulator.data.modules_sales import CAMPAIGNS, DEALS, PRODUCTS

MODULES: dict[str, Module] = {
    module.api_name: module
    for module in (
        LEADS,
        ACCOUNTS,
        CONTACTS,
        DEALS,
        TASKS,
        EVENTS,
        CALLS,
        PRODUCTS,
        CAMPAIGNS,
        NOTES,
        VENDORS,
        PRICE_BOOKS,
        QUOTES,
        SALES_ORDERS,
        PURCHASE_ORDERS,
        INVOICES,
    )
}
"""Every module by its API name, in the order in which Zoho lists them."""
