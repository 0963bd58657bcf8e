"""What is one record: what Zoho sent, and what the program changed since?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, ClassVar, Final

from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import Attribute, Entity, copied, entities, entity, reference, text, time
from zcrm_core.crm.line_items import LINE_ITEM_KEYS, LineItems, goes
from zcrm_core.crm.parts import LayoutReference, Participant, PriceRange, Tag, Tax
from zcrm_core.errors import ApiError
from zcrm_core.exact_json import JSON

if TYPE_CHECKING:
    from zcrm_core.crm.attachments import Attachments
    from zcrm_core.crm.blueprint import BlueprintAccess
    from zcrm_core.crm.convert import Converted
    from zcrm_core.crm.notes import RecordNotes
    from zcrm_core.crm.photo import Photo
    from zcrm_core.crm.record_access import RecordAccess
    from zcrm_core.crm.records import ModuleClient
    from zcrm_core.crm.related import RelatedList

__all__ = ["Record"]

_KNOWN_BY_CONTENT: Final = frozenset({"Tag", "Tax", "$line_tax", "Participants"})
"""Lists whose rows Zoho knows by what they hold; it gives the rows of all others an id."""
_NONE: Final[frozenset[str]] = frozenset()


class Record(Entity):
    """One record: a mapping over the JSON as Zoho sent it, in which fields can be set.

    ``record["Last_Name"]`` reads any field, ``record["Last_Name"] = "Smith"`` changes it here;
    ``module.update(record)`` sends what was changed and nothing else. Lists and objects inside can be changed
    in place as well. After an update the record holds what was sent; what Zoho computes from it, such as a
    sum, and the ids of new rows are known when the record has been read again.

    Args:
        json: the fields.
        module: the module that it came from; without one it can be read, changed and written, and
            :attr:`notes` and the like are refused.
    """

    __slots__ = ("_module", "_touched", "_unread")
    points: ClassVar[bool] = True

    #: the record's id
    id = Attribute("id", text)
    #: the user who owns it
    owner = Attribute("Owner", reference)
    #: the user who created it
    created_by = Attribute("Created_By", reference)
    #: the user who changed it last
    modified_by = Attribute("Modified_By", reference)
    #: when it was created, with its offset
    created_time = Attribute("Created_Time", time)
    #: when it was changed last, with its offset
    modified_time = Attribute("Modified_Time", time)
    #: when somebody did something with it last, with its offset
    last_activity_time = Attribute("Last_Activity_Time", time)
    #: the layout
    layout = Attribute("Layout", entity(LayoutReference))
    #: the tags
    tags = Attribute("Tag", entities(Tag))
    #: the taxes of a product
    taxes = Attribute("Tax", entities(Tax))
    #: the taxes of a whole quote, order or invoice
    line_taxes = Attribute("$line_tax", entities(Tax))
    #: who takes part in an event
    participants = Attribute("Participants", entities(Participant), also="participants")
    #: the price ranges of a price book
    price_ranges = Attribute("Pricing_Details", entities(PriceRange))

    def __init__(self, json: dict[str, JSON], module: ModuleClient | None = None) -> None:
        self._json = json
        self._touched: dict[str, JSON] = {}
        self._unread: frozenset[str] = _NONE
        self._module = module

    def __getitem__(self, key: str) -> JSON:
        touched = self._touched
        if key in touched:
            return touched[key]
        value = self._json[key]
        if isinstance(value, (list, dict)):
            # It may be changed in place, so what Zoho sent is kept apart; once, whichever thread comes first.
            return touched.setdefault(key, copied(value))
        return value

    def __setitem__(self, key: str, value: object) -> None:
        if key == "id" and self._json.get("id") not in (None, value):
            raise ApiError(
                f"Record {self.id} cannot become record {value}.",
                why="Its changes are those of the record that was read; an update would misplace them.",
                fix="Read that record and change it, or update a mapping with its id and the fields.",
                code="ZCRM-API-009",
            )
        self._touched[key] = value  # type: ignore[assignment]  # becomes JSON when it is sent

    def __contains__(self, key: object) -> bool:
        return key in self._json or key in self._touched

    def __iter__(self) -> Iterator[str]:
        if not self._touched:
            return iter(self._json)
        return iter({**self._json, **self._touched})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _held(self, key: str) -> JSON:
        touched = self._touched
        return touched[key] if key in touched else self._json[key]

    @property
    def changes(self) -> dict[str, JSON]:
        """The fields that differ from what Zoho sent, as they would be sent.

        Raises:
            ApiError: a value that was set cannot be sent, or rows that were sent before would be sent again.
        """
        changed = {
            key: encode(value, key)
            # A copy, for another thread that only reads a list of the record adds to what was touched.
            for key, value in self._touched.copy().items()
            # What came from Zoho and is as it came need not be such that it could be sent.
            if not (type(value) in (list, dict) and key in self._json and _same(value, self._json[key]))
        }
        changed = {
            key: value
            for key, value in changed.items()
            if key not in self._json or not _same(value, self._json[key])
        }
        self._refuse_twice(changed)
        return changed

    @property
    def properties(self) -> dict[str, JSON]:
        """What Zoho says about the record itself: the keys that start with ``$``, without it."""
        return {key[1:]: self[key] for key in self if key.startswith("$")}

    @property
    def line_items(self) -> LineItems:
        """The products of a quote, an order or an invoice; to be changed in place.

        Raises:
            ApiError: the record holds something else there.
        """
        key = next((name for name in LINE_ITEM_KEYS if name in self), None)
        if key is None:
            key = LINE_ITEM_KEYS[0] if self._module is None else self._module.line_item_key
        return LineItems(self, key)

    # -- what belongs to the record --------------------------------------------------------------------

    @property
    def notes(self) -> RecordNotes:
        """Its notes."""
        return self._at.notes

    @property
    def attachments(self) -> Attachments:
        """The files and links attached to it."""
        return self._at.attachments

    @property
    def photo(self) -> Photo:
        """Its picture."""
        return self._at.photo

    @property
    def blueprint(self) -> BlueprintAccess:
        """Where it stands in its blueprint."""
        return self._at.blueprint

    def related(self, api_name: str) -> RelatedList:
        """Give the records of one of its related lists, such as ``Products``."""
        return self._at.related(api_name)

    def convert(
        self,
        *,
        deal: Mapping[str, object] | None = None,
        account: str | int | None = None,
        contact: str | int | None = None,
        assign_to: str | int | None = None,
        overwrite: bool | None = None,
        notify_lead_owner: bool | None = None,
        notify_new_entity_owner: bool | None = None,
        options: Mapping[str, object] | None = None,
    ) -> Converted:
        """Convert a lead; arguments and errors are those of :meth:`RecordAccess.convert`."""
        return self._at.convert(
            deal=deal,
            account=account,
            contact=contact,
            assign_to=assign_to,
            overwrite=overwrite,
            notify_lead_owner=notify_lead_owner,
            notify_new_entity_owner=notify_new_entity_owner,
            options=options,
        )

    @property
    def _at(self) -> RecordAccess:
        if self._module is None or self.id is None:
            raise ApiError(
                "This record belongs to no module yet.",
                why="It was made by the program, came from a related list or has no id, "
                "so nobody knows where its notes and files are.",
                fix='Use client.module("Leads").record(id) for a record that you have not read.',
                code="ZCRM-API-009",
            )
        return self._module.record(self.id)

    def __reduce__(self) -> tuple[object, ...]:
        # A copy in another process has no connections there, so it goes without its module.
        return _revived, (type(self), self._json, self._touched.copy(), self._unread)

    def __copy__(self) -> Record:
        # A copy of what was touched, for another thread that only reads a list of the record adds to it.
        touched = deepcopy(self._touched.copy())
        return _revived(type(self), self._json, touched, self._unread, self._module)

    def __deepcopy__(self, memo: dict[int, object]) -> Record:
        json = {key: copied(value) for key, value in self._json.items()}
        return _revived(type(self), json, deepcopy(self._touched.copy(), memo), self._unread, self._module)

    def _accept(self, sent: Mapping[str, JSON], details: Mapping[str, JSON]) -> None:
        """Take what was sent, and the times that Zoho answered, for what Zoho holds."""
        known = {key: value for key, value in details.items() if key in self._json}
        held = {key: copied(value) for key, value in sent.items()}
        # The program may still hold the lists and objects that it changed, so they stay the record's.
        self._touched = {
            key: value
            for key, value in self._touched.items()
            if type(value) in (list, dict) and key not in known
        }
        for value in (*held.values(), *self._touched.values()):
            if isinstance(value, list):
                value[:] = [row for row in value if not (isinstance(row, dict) and goes(row))]
        self._json = {**self._json, **held, **known}
        new = {key for key, value in held.items() if key not in _KNOWN_BY_CONTENT and _has_new_rows(value)}
        self._unread = (self._unread - held.keys()) | new

    def _refuse_twice(self, values: Mapping[str, JSON]) -> None:
        """Refuse values with rows that were sent before, and whose ids only Zoho knows.

        Raises:
            ApiError: there is one; Zoho would add its rows a second time.
        """
        for key in self._unread:
            if _has_new_rows(values.get(key)):
                raise ApiError(
                    f"{key} of record {self.id} has rows that were sent before.",
                    why="Zoho gave them ids that are not known here, so it would add them a second time.",
                    fix="Read the record again with module.get(record.id), and change what came.",
                    code="ZCRM-API-009",
                )


def _revived(
    kind: type[Record],
    json: dict[str, JSON],
    touched: dict[str, JSON],
    unread: frozenset[str],
    module: ModuleClient | None = None,
) -> Record:
    record = kind(json, module)
    record._touched, record._unread = touched, unread  # noqa: SLF001 - its own
    return record


def _has_new_rows(value: JSON) -> bool:
    """Tell whether a value is a list with an object that has no id yet."""
    return isinstance(value, list) and any(isinstance(row, dict) and not row.get("id") for row in value)


def _same(one: JSON, other: JSON) -> bool:
    """Compare as JSON does: a boolean is no number, and the order of keys does not matter."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(_same(value, other[key]) for key, value in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other
