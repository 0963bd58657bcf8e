"""How are things read that Zoho lists in one answer: all of them, or one by its id or name?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from zcrm_core.crm.entity import Entity, objects
from zcrm_core.crm.paths import segment
from zcrm_core.errors import NotFound
from zcrm_core.exact_json import JSON

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["Collection"]

E = TypeVar("E", bound=Entity)


class Collection(Generic[E]):
    """The things below one path, such as ``settings/roles``; its last part is the key of the answer too.

    Args:
        client: makes the calls.
        path: the path.
        kind: makes an entity of each object.
        name: what one of them is called, for messages.
    """

    def __init__(self, client: Client, path: str, kind: Callable[[dict[str, JSON]], E], name: str) -> None:
        self._client = client
        self._path = path
        self._key = path.rpartition("/")[2]
        self._kind = kind
        self._name = name

    def all(self, params: Params | None = None) -> list[E]:
        """Give all of them.

        Raises:
            ApiError: the CRM refused.
        """
        return objects(self._client.request("GET", self._path, params=params), self._key, self._kind)

    def one(self, given: str | int, params: Params | None = None) -> E:
        """Give one by its id or name.

        Raises:
            NotFound: there is none.
            ApiError: the CRM refused.
        """
        response = self._client.request("GET", self.path(given), params=params)
        found = objects(response, self._key, self._kind)
        if not found:
            raise NotFound(f"There is no {self._name} {given}.")
        return found[0]

    def path(self, given: str | int) -> str:
        """Give the path of one.

        Raises:
            ApiError: it cannot be part of an address.
        """
        return f"{self._path}/{segment(self._name, given)}"
