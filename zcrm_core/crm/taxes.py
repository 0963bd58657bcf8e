"""Which taxes does the organisation have?"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from zcrm_core.crm.batch import BatchItem, BatchResult, in_batches, only
from zcrm_core.crm.collection import the_one
from zcrm_core.crm.encode import encode
from zcrm_core.crm.entity import Attribute, Entity, amount, number, objects, objects_of, text
from zcrm_core.crm.paths import checked_ids, identifier, segment
from zcrm_core.crm.versions import version
from zcrm_core.crm.writing import rows_of
from zcrm_core.errors import ApiError
from zcrm_core.exact_json import JSON
from zcrm_core.response import Response, not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["OrgTax", "Taxes"]

_PATH = "org/taxes"


class OrgTax(Entity):
    """One tax of the organisation."""

    __slots__ = ()

    #: the tax's id
    id = Attribute("id", text)
    #: its name
    name = Attribute("name", text)
    #: what a person sees
    display_label = Attribute("display_label", text)
    #: its rate in percent
    value = Attribute("value", amount)
    #: its place in the list
    sequence_number = Attribute("sequence_number", number)


class Taxes:
    """``client.taxes``: the taxes of the organisation.

    v2 has a call for each thing that can be done; since v3 one call takes all changes and gives one answer
    for all of them (Zoho CRM API v8, Update Taxes), which is told for each tax here; the ids of new taxes are
    not in it, so read them with :meth:`list`.

    Args:
        client: makes the calls.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._together = version(client.config.api_version).changes_taxes_together

    def list(self) -> list[OrgTax]:
        """Give all taxes (GET org/taxes).

        Raises:
            ApiError: the CRM refused.
        """
        return self._read(self._client.request("GET", _PATH))

    def get(self, tax_id: str | int) -> OrgTax:
        """Give one tax (GET org/taxes/{id}).

        Raises:
            NotFound: there is none with this id.
            ApiError: the CRM refused.
            TransportError: the answer is about another one.
        """
        found = self._read(self._client.request("GET", f"{_PATH}/{segment('tax id', tax_id)}"))
        return the_one(found, tax_id, "tax")

    def create(self, taxes: Mapping[str, object] | Iterable[Mapping[str, object]]) -> BatchResult:
        """Make taxes (POST org/taxes; later PUT), 100 a call; each has its own outcome.

        Args:
            taxes: one tax or many: ``name``, ``value``, ``display_label``, ``sequence_number``.

        Raises:
            PartialFailure: a later call of a long batch failed.
            ApiError: the CRM refused the whole call, or a tax has an id.
        """
        rows = rows_of(taxes)
        for index, row in enumerate(rows):
            if "id" in row:
                raise _unfit(f"Tax {index} to be made has an id.", "change the one that has it", "update")
        return self._send("POST", rows)

    def update(self, taxes: Mapping[str, object] | Iterable[Mapping[str, object]]) -> BatchResult:
        """Change taxes (PUT org/taxes), each by its ``id``; results are those of :meth:`create`.

        Raises:
            PartialFailure, ApiError: as :meth:`create`; also when a tax has no id.
        """
        rows = rows_of(taxes)
        for index, row in enumerate(rows):
            if not row.get("id"):
                raise _unfit(f"Tax {index} of the update has no id.", "make a new one", "create")
            row["id"] = identifier(f"id of tax {index}", row["id"])
        return self._send("PUT", rows)

    def delete(self, tax_ids: str | int | Iterable[str | int]) -> BatchResult:
        """Delete taxes (DELETE org/taxes?ids=; later PUT); results are those of :meth:`create`."""
        ids = checked_ids(tax_ids)
        if self._together:
            return self._send("PUT", [{"id": each, "_delete": None} for each in ids])
        return in_batches(
            ids,
            lambda batch: self._client.request("DELETE", _PATH, params={"ids": ",".join(batch)}),
            key="taxes",
            about=str,
        )

    def delete_one(self, tax_id: str | int) -> BatchItem:
        """Delete one tax (DELETE org/taxes/{id}; later PUT org/taxes).

        Raises:
            ApiError: the CRM refused.
        """
        if self._together:
            result = self.delete(identifier("tax id", tax_id))
            result.raise_for_failures()
            return result[0]
        response = self._client.request("DELETE", f"{_PATH}/{segment('tax id', tax_id)}")
        return only(response, "taxes", "delete the tax", tax_id)

    def _read(self, response: Response) -> builtins.list[OrgTax]:
        if not self._together or not response.content:
            return objects(response, "taxes", OrgTax)
        answer = response.json()
        inner = answer.get("org_taxes") if isinstance(answer, dict) else None
        return objects_of(inner, "taxes", OrgTax, response.status)

    def _send(self, method: str, rows: Sequence[dict[str, JSON]]) -> BatchResult:
        if not self._together:
            return in_batches(
                rows,
                lambda batch: self._client.request(method, _PATH, json={"taxes": list(batch)}),
                key="taxes",
                about=lambda row: row.get("id"),
            )
        if not rows:
            return BatchResult([])
        body = {"org_taxes": {"taxes": encode(list(rows), "taxes")}}
        answer = self._client.request("PUT", _PATH, json=body).json()
        outcome = answer.get("org_taxes") if isinstance(answer, dict) else None
        if not isinstance(outcome, dict) or "code" not in outcome:
            raise not_asked_for(
                "The answer does not say what became of the taxes.",
                fix="Read them with taxes.list() before you send any of them again.",
            )
        return BatchResult([BatchItem(index, _about(row, outcome)) for index, row in enumerate(rows)])


def _about(tax: Mapping[str, JSON], outcome: Mapping[str, JSON]) -> dict[str, JSON]:
    """Make one tax's outcome of that of all: Zoho names the organisation there, and no new tax."""
    given = outcome.get("details")
    details = {key: value for key, value in given.items() if key != "id"} if isinstance(given, dict) else {}
    return {**outcome, "details": details | ({"id": tax["id"]} if "id" in tax else {})}


def _unfit(what: str, instead: str, method: str) -> ApiError:
    return ApiError(
        what,
        why=f"From v3 on one call takes all changes, and Zoho would {instead}.",
        fix=f'Put the id of each tax to be changed under "id"; use taxes.{method} if that is meant.',
        code="ZCRM-API-009",
    )
