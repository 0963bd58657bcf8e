"""Which fields do leads, contacts and accounts have?"""

from __future__ import annotations

from zcrm_simulator.data.fields import Field, Module

SALUTATIONS = ("Mr.", "Mrs.", "Ms.", "Dr.", "Prof.")
LEAD_SOURCES = (
    "Advertisement", "Cold Call", "Employee Referral", "External Referral", "Online Store", "Partner",
    "Public Relations", "Seminar Partner", "Trade Show", "Web Download", "Web Research", "Chat",
)  # fmt: skip
LEAD_STATUSES = (
    "Attempted to Contact", "Contact in Future", "Contacted", "Junk Lead", "Lost Lead", "Not Contacted",
    "Pre-Qualified", "Not Qualified",
)  # fmt: skip
INDUSTRIES = (
    "Data/Telecom OEM", "ERP (Enterprise Resource Planning)", "Government/Military", "Large Enterprise",
    "ManagementISV", "MSP (Management Service Provider)", "Small/Medium Enterprise", "Service Provider",
    "Storage Equipment", "Wireless Industry",
)  # fmt: skip
RATINGS = ("Acquired", "Active", "Market Failed", "Project Cancelled", "Shut Down")
ACCOUNT_TYPES = (
    "Analyst",
    "Competitor",
    "Customer",
    "Distributor",
    "Investor",
    "Partner",
    "Prospect",
    "Vendor",
)


def address(prefix: str, zip_code: str) -> tuple[Field, ...]:
    """Return the five fields of an address; Zoho names the zip code differently in each module."""
    lengths = {"Street": 250, "City": 100, "State": 100, zip_code: 30, "Country": 100}
    return tuple(Field(prefix + name, length=length) for name, length in lengths.items())


LEADS = Module(
    "Leads",
    "Lead",
    "Leads",
    "Full_Name",
    (
        Field("Salutation", "picklist", 120, values=SALUTATIONS),
        Field("First_Name", length=40),
        Field("Last_Name", length=80, mandatory=True),
        Field("Full_Name", length=120, read_only=True),
        Field("Company", length=200),
        Field("Designation", length=100, label="Title"),
        Field("Email", "email", 100),
        Field("Secondary_Email", "email", 100),
        Field("Email_Opt_Out", "boolean", 5),
        Field("Phone", "phone", 30),
        Field("Mobile", "phone", 30),
        Field("Fax", "phone", 30),
        Field("Website", "website", 255),
        Field("Lead_Source", "picklist", 120, values=LEAD_SOURCES),
        Field("Lead_Status", "picklist", 120, values=LEAD_STATUSES),
        Field("Industry", "picklist", 120, values=INDUSTRIES),
        Field("Rating", "picklist", 120, values=RATINGS),
        Field("No_of_Employees", "integer", 16, label="No. of Employees"),
        Field("Annual_Revenue", "currency", 16),
        Field("Skype_ID", length=50),
        Field("Twitter", length=50),
        *address("", "Zip_Code"),
        Field("Description", "textarea", 32_000),
    ),
    unique=("Email",),
    full_name=True,
    convertible=True,
)

CONTACTS = Module(
    "Contacts",
    "Contact",
    "Contacts",
    "Full_Name",
    (
        Field("Salutation", "picklist", 120, values=SALUTATIONS),
        Field("First_Name", length=40),
        Field("Last_Name", length=80, mandatory=True),
        Field("Full_Name", length=120, read_only=True),
        Field("Account_Name", "lookup", 120, target="Accounts"),
        Field("Title", length=100),
        Field("Department", length=50),
        Field("Email", "email", 100),
        Field("Secondary_Email", "email", 100),
        Field("Email_Opt_Out", "boolean", 5),
        Field("Phone", "phone", 50),
        Field("Mobile", "phone", 30),
        Field("Home_Phone", "phone", 30),
        Field("Fax", "phone", 30),
        Field("Date_of_Birth", "date", 20),
        Field("Assistant", length=50),
        Field("Lead_Source", "picklist", 120, values=LEAD_SOURCES),
        Field("Reporting_To", "lookup", 120, target="Contacts"),
        Field("Skype_ID", length=50),
        Field("Twitter", length=50),
        *address("Mailing_", "Zip"),
        Field("Description", "textarea", 32_000),
    ),
    unique=("Email",),
    full_name=True,
)

ACCOUNTS = Module(
    "Accounts",
    "Account",
    "Accounts",
    "Account_Name",
    (
        Field("Account_Name", length=200, mandatory=True),
        Field("Account_Number", "bigint", 16),
        Field("Account_Site", length=80),
        Field("Account_Type", "picklist", 120, values=ACCOUNT_TYPES),
        Field("Parent_Account", "lookup", 120, target="Accounts"),
        Field("Phone", "phone", 30),
        Field("Fax", "phone", 30),
        Field("Website", "website", 255),
        Field("Industry", "picklist", 120, values=INDUSTRIES),
        Field("Rating", "picklist", 120, values=RATINGS),
        Field("Ownership", "picklist", 120, values=("Private", "Public", "Subsidiary", "Partnership")),
        Field("Employees", "integer", 9),
        Field("Annual_Revenue", "currency", 16),
        Field("SIC_Code", "integer", 9),
        *address("Billing_", "Code"),
        *address("Shipping_", "Code"),
        Field("Description", "textarea", 32_000),
    ),
    unique=("Account_Name",),
)
