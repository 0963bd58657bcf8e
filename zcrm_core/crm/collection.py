"""How are things read that Zoho lists in one answer: all of them, or one by its id or name?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from zcrm_core.crm.entity import Entity, objects
from zcrm_core.crm.paths import segment
from zcrm_core.errors import NotFound
from zcrm_core.exact_json import JSON
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["Collection", "the_one"]

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
            TransportError: the answer is about another one.
        """
        response = self._client.request("GET", self.path(given), params=params)
        return the_one(objects(response, self._key, self._kind), given, self._name)

    def path(self, given: str | int) -> str:
        """Give the path of one.

        Raises:
            ApiError: it cannot be part of an address.
        """
        return f"{self._path}/{segment(self._name, given)}"


def the_one(found: Sequence[E], asked: str | int, name: str) -> E:
    """Give the one thing of an answer, which has to have the id or the API name that was asked for.

    Args:
        found: what the answer holds.
        asked: the id or the API name.
        name: what such a thing is called, for messages.

    Raises:
        NotFound: there is none.
        TransportError: there are several, or it is another one.
    """
    if not found:
        raise NotFound(f"There is no {name} {asked}.")
    known = [str(key) for key in (found[0].get("id"), found[0].get("api_name")) if key is not None]
    if len(found) > 1 or str(asked) not in known:
        raise not_asked_for(
            f"Asked for the {name} {asked}, Zoho CRM answered with another one.",
            why="Something between here and Zoho mixes up answers.",
            fix="Look for a cache or a proxy in between; report it if it goes on.",
        )
    return found[0]
