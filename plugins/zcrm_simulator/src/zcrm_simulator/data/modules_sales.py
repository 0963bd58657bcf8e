"""Which fields do deals, products and campaigns have?"""

from __future__ import annotations

from zcrm_simulator.data.fields import Field, Module
from zcrm_simulator.data.modules_people import LEAD_SOURCES

STAGES = {
    "Qualification": 10,
    "Needs Analysis": 20,
    "Value Proposition": 40,
    "Identify Decision Makers": 60,
    "Proposal/Price Quote": 75,
    "Negotiation/Review": 90,
    "Closed Won": 100,
    "Closed Lost": 0,
    "Closed Lost to Competition": 0,
}
"""The stages of a deal, each with its probability in percent."""

DEALS = Module(
    "Deals",
    "Deal",
    "Deals",
    "Deal_Name",
    (
        Field("Deal_Name", length=120, mandatory=True),
        Field("Stage", "picklist", 120, mandatory=True, values=tuple(STAGES)),
        Field("Pipeline", "picklist", 120, values=("Standard (Standard)",)),
        Field("Account_Name", "lookup", 120, target="Accounts"),
        Field("Contact_Name", "lookup", 120, target="Contacts"),
        Field("Amount", "currency", 16),
        Field("Closing_Date", "date", 20),
        Field("Probability", "integer", 3),
        Field("Expected_Revenue", "currency", 16, read_only=True),
        Field("Type", "picklist", 120, values=("Existing Business", "New Business")),
        Field("Lead_Source", "picklist", 120, values=LEAD_SOURCES),
        Field("Campaign_Source", "lookup", 120, target="Campaigns"),
        Field("Next_Step", length=100),
        Field("Description", "textarea", 32_000),
    ),
)

PRODUCTS = Module(
    "Products",
    "Product",
    "Products",
    "Product_Name",
    (
        Field("Product_Name", length=200, mandatory=True),
        Field("Product_Code", length=100),
        Field("Product_Active", "boolean", 5),
        Field("Product_Category", "picklist", 120, values=("Hardware", "Software", "Service")),
        Field("Manufacturer", "picklist", 120, values=("Altmann", "Brightwell", "Corvo")),
        Field("Sales_Start_Date", "date", 20),
        Field("Sales_End_Date", "date", 20),
        Field("Unit_Price", "currency", 16),
        Field("Commission_Rate", "double", 16),
        Field("Taxable", "boolean", 5),
        Field("Tax", "multiselectpicklist", 2_000, values=("Sales Tax", "Vat", "Service Tax")),
        Field("Usage_Unit", "picklist", 120, values=("Box", "Each", "Hours", "Pieces", "Quantity")),
        Field("Qty_in_Stock", "double", 16, label="Quantity in Stock"),
        Field("Qty_Ordered", "double", 16),
        Field("Reorder_Level", "double", 16),
        Field("Description", "textarea", 32_000),
    ),
    unique=("Product_Code",),
)

CAMPAIGNS = Module(
    "Campaigns",
    "Campaign",
    "Campaigns",
    "Campaign_Name",
    (
        Field("Campaign_Name", length=200, mandatory=True),
        Field("Type", "picklist", 120, values=("Conference", "Webinar", "Trade Show", "Email", "Partners")),
        Field("Status", "picklist", 120, values=("Planning", "Active", "Inactive", "Complete")),
        Field("Start_Date", "date", 20),
        Field("End_Date", "date", 20),
        Field("Expected_Revenue", "currency", 16),
        Field("Budgeted_Cost", "currency", 16),
        Field("Actual_Cost", "currency", 16),
        Field("Expected_Response", "integer", 9),
        Field("Num_sent", "integer", 9, label="Numbers sent"),
        Field("Description", "textarea", 32_000),
    ),
)
