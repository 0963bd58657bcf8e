"""Which records are there at the start? The same ones for the same seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Database, Row, Value
from zcrm_simulator.data.fields import Module
from zcrm_simulator.data.modules_sales import STAGES
from zcrm_simulator.data.names import (
    CITIES,
    COMPANY_HEADS,
    COMPANY_TAILS,
    FIRST_NAMES,
    LAST_NAMES,
    PRODUCTS,
    STREETS,
    SUBJECTS,
    TEXTS,
    TITLES,
)

COUNTS = {
    "Leads": 520,
    "Accounts": 60,
    "Contacts": 150,
    "Campaigns": 12,
    "Deals": 80,
    "Tasks": 60,
    "Events": 30,
    "Calls": 40,
    "Products": 25,
    "Notes": 60,
    "Vendors": 12,
    "Price_Books": 10,
    "Quotes": 15,
    "Sales_Orders": 12,
    "Purchase_Orders": 12,
    "Invoices": 12,
}
"""Records of each module, in the order in which they are made; lookups point backwards."""

CONVERTED_LEADS = 12
"""Further leads, which are converted and so not listed by default."""

_YEAR = datetime(2025, 1, 1, tzinfo=timezone.utc)
_YEAR_SECONDS = 360 * 86_400
_TAGS = ("newsletter", "vip", "trade fair", "partner")
_NULL_SHARE = 0.15
_TAG_SHARE = 0.1
_HALF = 0.5
_CONVERTED_EVERY = 44


@lru_cache(maxsize=4)
def seeded_database(seed: int, first_id: int, users: tuple[int, ...]) -> Database:
    """Return the database to copy for an organization; it is filled once in a process and never changed."""
    database = Database.empty(first_id)
    _Seeder(seed, database, users).fill()
    return database


class _Seeder:
    """Makes rows from one stream of random numbers."""

    def __init__(self, seed: int, database: Database, users: Sequence[int]) -> None:
        self._random = random.Random(f"records {seed}")  # noqa: S311  made-up data, the same for each seed
        self._database = database
        self._users = users
        self._made: dict[str, list[Row]] = {}
        self._makers: dict[str, Callable[[int, Row], None]] = {
            "Leads": self._lead,
            "Accounts": self._account,
            "Contacts": self._contact,
            "Deals": self._deal,
            "Products": self._product,
            "Campaigns": self._campaign,
            "Tasks": self._activity,
            "Events": self._activity,
            "Calls": self._activity,
            "Notes": self._note,
            "Vendors": self._vendor,
            "Price_Books": self._price_book,
            "Quotes": self._document,
            "Sales_Orders": self._document,
            "Purchase_Orders": self._document,
            "Invoices": self._document,
        }

    def fill(self) -> None:
        """Make and store every record."""
        for name, count in COUNTS.items():
            total = count + (CONVERTED_LEADS if name == "Leads" else 0)
            times = sorted(self._random.randrange(_YEAR_SECONDS) for _ in range(total))
            rows = [self._row(MODULES[name], index, seconds) for index, seconds in enumerate(times)]
            self._made[name] = rows
            self._database.insert(MODULES[name], rows)

    def _row(self, module: Module, index: int, seconds: int) -> Row:
        chance = self._random
        created = int(_YEAR.timestamp()) + seconds
        row: Row = dict.fromkeys(module.fields)
        for field in module.own_fields:
            if field.data_type == "picklist" and (field.mandatory or chance.random() > _NULL_SHARE):
                row[field.api_name] = chance.choice(field.values)
            elif field.data_type == "boolean":
                row[field.api_name] = int(chance.random() < _HALF)
        if "Description" in row and chance.random() < _HALF:
            row["Description"] = chance.choice(TEXTS)
        owner = chance.choice(self._users)
        row |= {
            "id": self._database.new_id(),
            "Owner": owner,
            "Created_By": owner,
            "Modified_By": chance.choice(self._users),
            "Created_Time": created,
            "Modified_Time": created + chance.randrange(30 * 86_400),
            "Record_Status__s": "Available",
            "Locked__s": 0,
            "$converted": int(
                module.convertible
                and index < _CONVERTED_EVERY * CONVERTED_LEADS
                and index % _CONVERTED_EVERY == 1
            ),
        }
        if chance.random() < _TAG_SHARE:
            row["Tag"] = json.dumps(
                [
                    {"name": name, "id": str(self._database.tag_id(module.api_name, name))}
                    for name in chance.sample(_TAGS, 2)
                ]
            )
        self._makers[module.api_name](index, row)
        return row

    def _maybe(self, value: Value) -> Value:
        return value if self._random.random() > _NULL_SHARE else None

    def _phone(self) -> str:
        country, area, number = (self._random.randint(10**n, 10 ** (n + 1) - 1) for n in (1, 2, 6))
        return f"+{country} {area} {number}"

    def _day(self) -> str:
        return (date(2025, 1, 1) + timedelta(self._random.randrange(700))).isoformat()

    def _company(self) -> str:
        return f"{self._random.choice(COMPANY_HEADS)} {self._random.choice(COMPANY_TAILS)}"

    def _address(self, row: Row, prefix: str, zip_code: str) -> None:
        city, state, code, country = self._random.choice(CITIES)
        row[f"{prefix}Street"] = self._maybe(f"{self._random.choice(STREETS)} {self._random.randint(1, 200)}")
        row |= {f"{prefix}City": city, f"{prefix}State": state, f"{prefix}{zip_code}": code}
        row[f"{prefix}Country"] = country

    def _person(self, index: int, row: Row, mailbox: str) -> None:
        first, last = self._random.choice(FIRST_NAMES), self._random.choice(LAST_NAMES)
        row["First_Name"] = self._maybe(first)
        row["Last_Name"] = last
        row["Full_Name"] = " ".join(str(part) for part in (row["First_Name"], last) if part)
        row["Email"] = self._maybe(
            f"{mailbox}{index:03d}@{self._random.choice(COMPANY_HEADS).lower()}.example"
        )
        row["Phone"] = self._maybe(self._phone())
        row["Mobile"] = self._maybe(self._phone())

    def _lead(self, index: int, row: Row) -> None:
        self._person(index, row, "lead")
        self._address(row, "", "Zip_Code")
        row["Company"] = self._company()
        row["Designation"] = self._maybe(self._random.choice(TITLES))
        row["Website"] = self._maybe(f"https://www.{self._random.choice(COMPANY_HEADS).lower()}.example")
        row["Annual_Revenue"] = self._maybe(float(self._random.randrange(10_000, 9_000_000, 500)))
        row["No_of_Employees"] = self._maybe(self._random.randint(1, 5_000))

    def _account(self, index: int, row: Row) -> None:
        head = COMPANY_HEADS[index % len(COMPANY_HEADS)]
        tail = COMPANY_TAILS[index // len(COMPANY_HEADS) % len(COMPANY_TAILS)]
        self._address(row, "Billing_", "Code")
        self._address(row, "Shipping_", "Code")
        row["Account_Name"] = f"{head} {tail}"
        row["Website"] = f"https://www.{head.lower()}-{tail.lower()}.example"
        row["Phone"] = self._maybe(self._phone())
        row["Employees"] = self._maybe(self._random.randint(5, 20_000))
        row["Annual_Revenue"] = self._maybe(self._random.randrange(10**5, 10**8) / 4)

    def _contact(self, index: int, row: Row) -> None:
        self._person(index, row, "contact")
        self._address(row, "Mailing_", "Zip")
        row["Account_Name"] = self._maybe(self._any("Accounts")["id"])
        row["Title"] = self._maybe(self._random.choice(TITLES))
        row["Date_of_Birth"] = self._maybe(
            f"{self._random.randint(1950, 2004)}-0{self._random.randint(1, 9)}-15"
        )

    def _deal(self, index: int, row: Row) -> None:
        contact = self._any("Contacts")
        amount = self._random.randrange(1_000, 400_000) / 2
        row["Deal_Name"] = f"{self._company()} {index + 1}"
        row["Contact_Name"] = self._maybe(contact["id"])
        row["Account_Name"] = contact["Account_Name"]
        row["Amount"] = self._maybe(amount)
        row["Closing_Date"] = self._day()
        row["Probability"] = STAGES[str(row["Stage"])]
        if row["Amount"] is not None:
            row["Expected_Revenue"] = amount * STAGES[str(row["Stage"])] / 100
        row["Campaign_Source"] = self._maybe(self._any("Campaigns")["id"])

    def _product(self, index: int, row: Row) -> None:
        row["Product_Name"] = f"{self._random.choice(COMPANY_HEADS)} {PRODUCTS[index % len(PRODUCTS)]}"
        row["Product_Code"] = f"P-{index + 1:04d}"
        row["Unit_Price"] = self._random.randrange(100, 90_000) / 20
        row["Qty_in_Stock"] = self._random.randrange(0, 400) / 2
        row["Tax"] = json.dumps(["Sales Tax", "Vat"][: self._random.randint(1, 2)])
        row["Sales_Start_Date"] = self._maybe(self._day())

    def _campaign(self, index: int, row: Row) -> None:
        row["Campaign_Name"] = f"Campaign {index + 1} {self._random.choice(COMPANY_HEADS)}"
        row["Start_Date"] = self._day()
        row["Budgeted_Cost"] = float(self._random.randrange(500, 20_000))
        row["Num_sent"] = self._maybe(self._random.randint(10, 5_000))

    def _activity(self, _index: int, row: Row) -> None:
        start = int(_YEAR.timestamp()) + self._random.randrange(0, _YEAR_SECONDS, 900)
        subject = self._random.choice(SUBJECTS)
        starts = {"Start_DateTime": start, "End_DateTime": start + 3_600, "Call_Start_Time": start}
        texts = {
            "Subject": subject,
            "Event_Title": subject,
            "Due_Date": self._day(),
            "Call_Duration": "05:30",
        }
        row |= {name: value for name, value in (starts | texts).items() if name in row}
        row["Who_Id"] = self._maybe(self._any("Contacts")["id"])
        row["What_Id"] = self._maybe(self._any("Deals")["id"])

    def _note(self, index: int, row: Row) -> None:
        row["Note_Title"] = self._maybe(f"Note {index + 1}")
        row["Note_Content"] = self._random.choice(TEXTS)
        row["Parent_Id"] = self._any(self._random.choice(("Leads", "Contacts", "Deals")))["id"]

    def _vendor(self, index: int, row: Row) -> None:
        head = COMPANY_HEADS[index % len(COMPANY_HEADS)]
        row["Vendor_Name"] = f"{head} Supplies {index + 1}"
        row["Email"] = self._maybe(f"vendor{index:03d}@{head.lower()}.example")
        row["Phone"] = self._maybe(self._phone())

    def _price_book(self, index: int, row: Row) -> None:
        row["Price_Book_Name"] = f"Price book {index + 1}"
        ranges = [
            {"id": str(self._database.new_id()), "from_range": first, "to_range": last, "discount": discount}
            for first, last, discount in ((1, 10, 0), (11, 100, 2.5))
        ]
        row["Pricing_Details"] = json.dumps(ranges)

    def _document(self, index: int, row: Row) -> None:
        product = self._any("Products")
        quantity, price = self._random.randint(1, 20) / 2, float(str(product["Unit_Price"]))
        total = round(quantity * price, 2)
        line = {
            "id": str(self._database.new_id()),
            "product": {"id": str(product["id"])},
            "quantity": quantity,
            "list_price": price,
            "Discount": 0.0,
            "Tax": 0.0,
            "total": total,
            "total_after_discount": total,
            "net_total": total,
            "line_tax": [],
            "product_description": None,
        }
        row["Subject"] = f"{self._company()} {index + 1}"
        row |= {"Sub_Total": total, "Grand_Total": total, "Tax": 0.0, "Product_Details": json.dumps([line])}
        for name, module in (("Account_Name", "Accounts"), ("Vendor_Name", "Vendors")):
            if name in row:
                row[name] = self._any(module)["id"]

    def _any(self, module: str) -> Row:
        return self._random.choice(self._made[module])
