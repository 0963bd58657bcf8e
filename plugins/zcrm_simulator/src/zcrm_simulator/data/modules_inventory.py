"""Which fields do vendors, price books, quotes, orders and invoices have?"""

from __future__ import annotations

from zcrm_simulator.data.fields import Field, Module

LINE_ITEMS = "Product_Details"
LINE_TAX = "$line_tax"

VENDORS = Module(
    "Vendors",
    "Vendor",
    "Vendors",
    "Vendor_Name",
    (
        Field("Vendor_Name", length=120, mandatory=True),
        Field("Email", "email", 100),
        Field("Phone", "phone", 30),
        Field("Website", "website", 255),
        Field("Category", length=100),
        Field("Branches", "subform", 2_000_000),
        Field("Description", "textarea", 32_000),
    ),
)

PRICE_BOOKS = Module(
    "Price_Books",
    "Price Book",
    "Price Books",
    "Price_Book_Name",
    (
        Field("Price_Book_Name", length=100, mandatory=True),
        Field("Active", "boolean", 5),
        Field("Pricing_Model", "picklist", 120, values=("Flat", "Differential")),
        Field("Pricing_Details", "subform", 2_000_000),
        Field("Description", "textarea", 32_000),
    ),
)


def _document(api_name: str, singular: str, plural: str, own: tuple[Field, ...]) -> Module:
    return Module(
        api_name,
        singular,
        plural,
        "Subject",
        (
            Field("Subject", length=120, mandatory=True),
            *own,
            Field("Contact_Name", "lookup", 120, target="Contacts"),
            Field(LINE_ITEMS, "subform", 2_000_000, mandatory=True),
            Field("Sub_Total", "currency", 16, read_only=True),
            Field("Discount", "currency", 16),
            Field("Tax", "currency", 16, read_only=True),
            Field("Adjustment", "currency", 16),
            Field("Grand_Total", "currency", 16, read_only=True),
            Field(LINE_TAX, "subform", 2_000_000),
            Field("Terms_and_Conditions", "textarea", 32_000),
            Field("Description", "textarea", 32_000),
        ),
    )


_ACCOUNT = Field("Account_Name", "lookup", 120, target="Accounts", mandatory=True)
_DEAL = Field("Deal_Name", "lookup", 120, target="Deals")

QUOTES = _document(
    "Quotes",
    "Quote",
    "Quotes",
    (
        Field("Quote_Stage", "picklist", 120, values=("Draft", "Negotiation", "Delivered", "Confirmed")),
        Field("Valid_Till", "date", 20),
        _ACCOUNT,
        _DEAL,
    ),
)
SALES_ORDERS = _document(
    "Sales_Orders",
    "Sales Order",
    "Sales Orders",
    (
        Field("Status", "picklist", 120, values=("Created", "Approved", "Delivered", "Cancelled")),
        Field("Due_Date", "date", 20),
        _ACCOUNT,
        _DEAL,
    ),
)
PURCHASE_ORDERS = _document(
    "Purchase_Orders",
    "Purchase Order",
    "Purchase Orders",
    (
        Field("Status", "picklist", 120, values=("Created", "Approved", "Delivered", "Cancelled")),
        Field("PO_Date", "date", 20),
        Field("Vendor_Name", "lookup", 120, target="Vendors", mandatory=True),
    ),
)
INVOICES = _document(
    "Invoices",
    "Invoice",
    "Invoices",
    (
        Field("Status", "picklist", 120, values=("Created", "Approved", "Delivered", "Cancelled")),
        Field("Invoice_Date", "date", 20),
        _ACCOUNT,
    ),
)
