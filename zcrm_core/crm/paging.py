"""How is a long list read, page after page, in constant memory?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from zcrm_core.crm.entity import Entity, objects
from zcrm_core.crm.versions import PAGE
from zcrm_core.errors import TransportError
from zcrm_core.response import JSON, Response

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["pages"]

E = TypeVar("E", bound=Entity)


def pages(
    client: Client,
    path: str,
    key: str,
    entity: Callable[[dict[str, JSON]], E],
    params: Params,
    *,
    headers: Mapping[str, str] | None = None,
) -> Iterator[list[E]]:
    """Read a list page by page, by page tokens where Zoho gives them, else by numbers.

    Numbers reach 2,000 records and tokens 100,000 (Zoho CRM API v8, Get Records); past that Zoho's error is
    raised, so that a list never ends early without a word.

    Args:
        client: makes the calls.
        path: the list's path.
        key: where the answer holds the objects.
        entity: makes an object of each.
        params: the query of every page.
        headers: more headers of every page.

    Raises:
        ApiError: the CRM refused.
        TransportError: the answer is not a page.
    """
    place: dict[str, str | int | bool | None] = {"page": 1}
    seen: str | None = None
    while True:
        response = client.request("GET", path, params={"per_page": PAGE, **params, **place}, headers=headers)
        rows = objects(response, key, entity)
        if rows:
            yield rows
        more, token = _more(response)
        if not more:
            return
        if not rows or (token is not None and token == seen):
            raise TransportError(
                f"The answer to {path} says that there is more, and leads no further.",
                why="Such a list would never end.",
                fix="Call again; report it if it goes on.",
                code="ZCRM-HTTP-007",
            )
        seen = token
        place = {"page_token": token} if token else {"page": int(place.get("page") or 1) + 1}


def _more(response: Response) -> tuple[bool, str | None]:
    """Tell whether more records follow, and the token that leads to them."""
    if response.status in (204, 304):
        return False, None
    answer = response.json()
    info = answer.get("info") if isinstance(answer, dict) else None
    if not isinstance(info, dict):
        return False, None
    token = info.get("next_page_token")
    return info.get("more_records") is True, token if isinstance(token, str) else None
