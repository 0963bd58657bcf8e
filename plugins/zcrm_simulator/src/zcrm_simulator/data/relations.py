"""Which related lists does each module have, and how are the records found?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    """One related list.

    Records that point to the parent through ``field`` belong to it; without a field records are linked by
    hand, and ``kind`` tells those apart that are files or notes.
    """

    api_name: str
    module: str
    field: str = ""
    kind: str = "records"


_NOTES = Relation("Notes", "Notes", "Parent_Id", "notes")
_FILES = Relation("Attachments", "Attachments", kind="files")
_TASKS = Relation("Tasks", "Tasks", "What_Id")

RELATIONS: dict[str, tuple[Relation, ...]] = {
    "Leads": (_NOTES, _FILES, Relation("Products", "Products"), Relation("Campaigns", "Campaigns")),
    "Accounts": (
        _NOTES,
        _FILES,
        Relation("Contacts", "Contacts", "Account_Name"),
        Relation("Deals", "Deals", "Account_Name"),
        Relation("Products", "Products"),
        _TASKS,
    ),
    "Contacts": (
        _NOTES,
        _FILES,
        Relation("Deals", "Deals", "Contact_Name"),
        Relation("Products", "Products"),
        Relation("Campaigns", "Campaigns"),
        Relation("Tasks", "Tasks", "Who_Id"),
    ),
    "Deals": (
        _NOTES,
        _FILES,
        Relation("Contact_Roles", "Contacts"),
        Relation("Products", "Products"),
        Relation("Quotes", "Quotes", "Deal_Name"),
        _TASKS,
    ),
    "Products": (
        _NOTES,
        _FILES,
        Relation("Price_Books", "Price_Books"),
        Relation("Leads", "Leads"),
        Relation("Accounts", "Accounts"),
        Relation("Contacts", "Contacts"),
        Relation("Deals", "Deals"),
        Relation("Vendors", "Vendors"),
    ),
    "Price_Books": (_NOTES, _FILES, Relation("Products", "Products")),
    "Campaigns": (_NOTES, _FILES, Relation("Leads", "Leads"), Relation("Contacts", "Contacts")),
    "Vendors": (_NOTES, _FILES, Relation("Products", "Products")),
    "Notes": (_FILES,),
}
"""The related lists of each module; a module that is not here has notes and files."""


def relations_of(module: str) -> tuple[Relation, ...]:
    """Return the related lists of a module."""
    return RELATIONS.get(module, (_NOTES, _FILES))
