"""How is a long list read, page after page, in constant memory?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from zcrm_core.crm.entity import Entity, objects_of
from zcrm_core.crm.versions import PAGE
from zcrm_core.errors import ApiError, TransportError
from zcrm_core.exact_json import JSON

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["Listing", "what_follows"]

E = TypeVar("E", bound=Entity)
_NO_CONTENT = 204
_NOT_MODIFIED = 304


class Listing(Iterator[E]):
    """A list that is read while it is gone over; one page is held at a time.

    Pages are found by page tokens where Zoho gives them, else by numbers. Numbers reach 2,000 records and
    tokens 100,000 (Zoho CRM API v8, Get Records); past that Zoho's error is raised, so that a list never ends
    early without a word.

    Args:
        client: makes the calls.
        path: the list's path.
        key: where the answer holds the objects.
        entity: makes an object of each.
        params: the query of every page.
        headers: more headers of every page.
        page_token: where an earlier list had got to.
        complete: adds to a page's objects what one call did not give.

    Attributes:
        not_modified: whether Zoho answered that nothing changed since ``modified_since`` (304); an empty list
            is not the same. ``False`` until the first page has come.
        page_token: leads to the page after the one that is being read, where Zoho gives tokens; ``None`` at
            the end. A program that keeps it can go on with it for 24 hours.
    """

    def __init__(
        self,
        client: Client,
        path: str,
        key: str,
        entity: Callable[[dict[str, JSON]], E],
        params: Params,
        *,
        headers: Mapping[str, str] | None = None,
        page_token: str | None = None,
        complete: Callable[[list[E]], Iterable[E]] = iter,
    ) -> None:
        self._client = client
        self._path = path
        self._key = key
        self._entity = entity
        self._params = params
        self._headers = headers
        self._complete = complete
        self.not_modified = False
        self.page_token = page_token
        self._rows = self._all()

    def __next__(self) -> E:
        return next(self._rows)

    def _all(self) -> Iterator[E]:
        for page in self._pages():
            yield from self._complete(page)

    def _pages(self) -> Iterator[list[E]]:
        number = 1
        place: dict[str, str | int] = (
            {"page": 1} if self.page_token is None else {"page_token": self.page_token}
        )
        while True:
            query: Params = {"per_page": PAGE, **self._params, **place}
            response = self._client.request("GET", self._path, params=query, headers=self._headers)
            self.not_modified = response.status == _NOT_MODIFIED
            if response.status in (_NO_CONTENT, _NOT_MODIFIED):
                self.page_token = None
                return
            answer = response.json()
            rows = objects_of(answer, self._key, self._entity, response.status)
            more, token = what_follows(answer, self._path)
            stuck = more and (not rows or (token is not None and token == self.page_token))
            self.page_token = token if more else None
            if rows:
                yield rows
            if not more:
                return
            if stuck:
                raise TransportError(
                    f"The answer to {self._path} says that there is more, and leads no further.",
                    why="Such a list would never end.",
                    fix="Call again; report it if it goes on.",
                    code="ZCRM-HTTP-007",
                )
            if token is None and "page_token" in place:
                raise TransportError(
                    f"The answer to {self._path} says that there is more, and gives no token for it.",
                    why="A list that began with a page token goes on with page tokens alone.",
                    fix="Start the list from its beginning.",
                    code="ZCRM-HTTP-007",
                )
            number += 1
            place = {"page_token": token} if token else {"page": number}


def what_follows(answer: JSON, path: str) -> tuple[bool, str | None]:
    """Tell whether more records follow, and the token that leads to them.

    Raises:
        TransportError: the answer does not say.
    """
    info = answer.get("info") if isinstance(answer, dict) else None
    more = info.get("more_records") if isinstance(info, dict) else None
    if not isinstance(info, dict) or not isinstance(more, bool):
        raise TransportError(
            f"The answer to {path} does not say whether more follows.",
            why="Zoho says so in info.more_records; without it a part would pass for the whole.",
            fix="Call again; look for what changes answers on their way if it goes on.",
            code="ZCRM-HTTP-007",
        )
    token = info.get("next_page_token")
    return more, token if isinstance(token, str) else None


def refuse_token(page_token: str | None, has_page_tokens: bool) -> None:  # noqa: FBT001 - a fact, not a choice
    """Refuse a page token where the version has none.

    Raises:
        ApiError: it would be left out without a word, and the list would start again.
    """
    if page_token is not None and not has_page_tokens:
        raise ApiError(
            "This version of the API has no page tokens.",
            why="They came with v3; v2 would read the list from its beginning.",
            fix="Set api_version to v3 or later, or leave page_token out.",
            code="ZCRM-API-009",
        )
