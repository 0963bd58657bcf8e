"""What are the products of a quote, an order or an invoice, and how are they changed?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final, overload

from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import Attribute, Entity, amount, entities, reference, text
from zcrm_core.crm.parts import Tax
from zcrm_core.crm.paths import identifier
from zcrm_core.crm.versions import LINE_ITEM_KEYS
from zcrm_core.errors import ApiError
from zcrm_core.exact_json import JSON

if TYPE_CHECKING:
    from zcrm_core.crm.record import Record

__all__ = ["LINE_ITEM_KEYS", "LineItem", "LineItems", "goes"]


class LineItem(Entity):
    """One line; ``line["quantity"] = 3`` changes it in its record."""

    __slots__ = ()

    #: the line's id
    id = Attribute("id", text)
    #: the product
    product = Attribute("product", reference, also="Product_Name")
    #: what is written below the product
    description = Attribute("product_description", text, also="Description")
    #: how many
    quantity = Attribute("quantity", amount, also="Quantity")
    #: the price of one
    list_price = Attribute("list_price", amount, also="List_Price")
    #: quantity times price
    total = Attribute("total", amount, also="Total")
    #: the discount in money
    discount = Attribute("Discount", amount)
    #: the total without the discount
    total_after_discount = Attribute("total_after_discount", amount, also="Total_After_Discount")
    #: the taxes' sum
    tax = Attribute("Tax", amount)
    #: what is to be paid
    net_total = Attribute("net_total", amount, also="Net_Total")
    #: the taxes one by one
    line_taxes = Attribute("line_tax", entities(Tax), also="Line_Tax")

    def __getitem__(self, key: str) -> JSON:
        return self._json[key]  # what is inside is changed in place, as in the record

    def __setitem__(self, key: str, value: object) -> None:
        self._json[key] = encode(value, key)


class LineItems(Sequence[LineItem]):
    """The lines of one record, in order; those marked for removal are no longer among them.

    Args:
        record: the record, whose list is changed in place.
        key: the field that holds the list; its name tells v2 (``quantity``) from later versions
            (``Quantity``).

    Raises:
        ApiError: the record holds something else there.
    """

    def __init__(self, record: Record, key: str) -> None:
        self._record = record
        self._key = key
        self._legacy = key == LINE_ITEM_KEYS[0]
        self._rows()

    def add(
        self,
        product: object,
        quantity: float | Decimal,
        *,
        list_price: float | Decimal | None = None,
        **more: object,
    ) -> LineItem:
        """Append a line.

        Args:
            product: the product's record or id.
            quantity: how many.
            list_price: the price of one; the product's own when left out.
            more: other fields of the line, by Zoho's names.

        Raises:
            ApiError: a value cannot be sent.
        """
        pointer: object = product
        if isinstance(product, (str, int)):
            pointer = {"id": identifier("product id", product)}
        names = ("product", "quantity", "list_price") if self._legacy else _NEW_NAMES
        given = dict(zip(names, (pointer, quantity, list_price), strict=True)) | more
        row = {key: encode(value, key) for key, value in given.items() if key in more or value is not None}
        rows = self._rows()
        rows.append(row)
        self._record[self._key] = rows
        return LineItem(row)

    def remove(self, line_id: str) -> None:
        """Mark a line for removal; it is gone when the record has been updated.

        Zoho keeps a line that is left out, so the line stays in the record with a mark: ``delete`` in v2
        (Zoho CRM API v2, Update Records), ``_delete`` since (v8, subforms).

        Raises:
            ApiError: there is no line with this id.
        """
        for row in self._rows():
            if isinstance(row, dict) and row.get("id") == line_id:
                row.clear()
                row.update(
                    {"id": line_id, "delete": True} if self._legacy else {"id": line_id, "_delete": None}
                )
                return
        raise ApiError(
            f"There is no line {line_id} in this record.",
            why="Only a line that Zoho knows can be removed.",
            fix="Use the id of one of record.line_items.",
            code="ZCRM-API-009",
        )

    @overload
    def __getitem__(self, index: int) -> LineItem: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[LineItem]: ...

    def __getitem__(self, index: int | slice) -> LineItem | Sequence[LineItem]:
        return self._lines()[index]

    def __len__(self) -> int:
        return len(self._lines())

    def __iter__(self) -> Iterator[LineItem]:
        return iter(self._lines())

    def __repr__(self) -> str:
        return f"<LineItems {self._lines()}>"

    def _lines(self) -> list[LineItem]:
        return [LineItem(row) for row in self._rows() if isinstance(row, dict) and not goes(row)]

    def _rows(self) -> list[JSON]:
        """Give the record's list, or an empty one that is not in the record yet."""
        rows = self._record.get(self._key)
        if rows is None:
            return []
        if not isinstance(rows, list):
            raise ApiError(
                f"{self._key} of this record is no list of lines.",
                why="Zoho keeps line items there, and something else was set.",
                fix="Set it to a list, or read the record again.",
                code="ZCRM-API-009",
            )
        return rows


def goes(row: Mapping[str, JSON]) -> bool:
    """Tell whether a row is marked for removal: ``delete`` in v2, ``_delete`` since."""
    return row.get("delete") is True or "_delete" in row


_NEW_NAMES: Final = ("Product_Name", "Quantity", "List_Price")
