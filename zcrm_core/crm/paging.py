"""How is a long list read, page after page, in constant memory?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.entity import Entity, objects_of
from zcrm_core.crm.versions import PAGE
from zcrm_core.errors import ApiError, TransportError
from zcrm_core.exact_json import JSON
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client
    from zcrm_core.transport import Params

__all__ = ["Listing", "PageByPage", "dead_end", "refuse_token", "what_follows"]

E = TypeVar("E", bound=Entity)
_NO_CONTENT = 204
_NOT_MODIFIED = 304


class PageByPage(Iterator[E]):
    """Things that come page after page, each page by a call.

    A call that fails ends nothing: the next step makes it again, so a program that goes on after an error
    gets the rest, or the error once more, and never a part that looks like the whole. Threads may share it:
    each thing goes to one of them.
    """

    def __init__(self) -> None:
        self._rows: Iterator[E] = iter(())
        self._over = False
        self._turn = threading.Lock()

    def _next_page(self) -> Iterable[E]:
        """Fetch the next page, and say in ``_over`` whether it is the last; a failure changes nothing."""
        raise NotImplementedError

    def __next__(self) -> E:
        while (row := next(rows := self._rows, None)) is None:
            with self._turn:
                if self._rows is not rows:
                    continue  # another thread has fetched the next page
                if self._over:
                    raise StopIteration
                self._rows = iter(self._next_page())
        return row


class Listing(PageByPage[E]):
    """A list that is read while it is gone over; one page is held at a time.

    Pages are found by page tokens where Zoho gives them, else by numbers. Numbers reach 2,000 records and
    tokens 100,000 (Zoho CRM API v8, Get Records); past that Zoho's error is raised, so that a list never ends
    early without a word. With numbers, which v2 has alone, records that come or go meanwhile move all others
    to other pages: a program that deletes what it lists collects the ids first.

    After an error the list goes on with the page that failed.

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
        super().__init__()
        self._client = client
        self._path = path
        self._key = key
        self._entity = entity
        self._params = params
        self._headers = headers
        self._complete = complete
        self._number = 1
        self._landmark: str | None = None
        self.not_modified = False
        self.page_token = page_token

    def __repr__(self) -> str:
        return f"<Listing of {self._path}>"

    def _next_page(self) -> Iterable[E]:
        token = self.page_token
        place: Params = {"page": self._number} if token is None else {"page_token": token}
        query: Params = {"per_page": PAGE, **self._params, **place}
        response = self._client.request("GET", self._path, params=query, headers=self._headers)
        if response.status in (_NO_CONTENT, _NOT_MODIFIED):
            if self._number > 1 or token is not None:
                self._refuse_early_end(response.status, token)
            self.not_modified = response.status == _NOT_MODIFIED
            self.page_token, self._over = None, True
            return ()
        answer = response.json()
        rows = objects_of(answer, self._key, self._entity, response.status)
        more, follows = what_follows(answer, self._path)
        if more:
            self._refuse_dead_end(rows, token, follows)
        page = self._complete(rows)
        if self._number & (self._number - 1) == 0:
            # One token is held against the later ones, and each time twice as long: tokens that lead round in
            # a circle of any length come back to one of them (R. P. Brent, 1980), in constant memory.
            self._landmark = follows
        self.page_token, self._over = follows if more else None, not more
        self._number += 1
        return page

    def _refuse_early_end(self, status: int, token: str | None) -> None:
        """Refuse an answer without records in place of a page that the one before has promised.

        Raises:
            TransportError: a part would pass for the whole.
        """
        if status == _NOT_MODIFIED:
            raise not_asked_for(
                f"In the middle of the list {self._path} the answer says that nothing changed.",
                why="The pages before it had what changed, so a part would pass for the whole.",
                fix="Start the list from its beginning; look for a cache in between if it goes on.",
            )
        # A numbered page may be gone by now: what is deleted meanwhile moves the rest to earlier pages.
        if token is not None:
            raise dead_end(
                self._path, "The page that its token leads to is not there; a part is not the whole."
            )

    def _refuse_dead_end(self, rows: list[E], token: str | None, follows: str | None) -> None:
        """Refuse a page that says that there is more, and does not lead there.

        Raises:
            TransportError: the list would never end, or begin again.
        """
        if not rows or (follows is not None and follows in (token, self._landmark)):
            raise dead_end(self._path)
        if follows is None and token is not None:
            raise not_asked_for(
                f"The answer to {self._path} says that there is more, and gives no token for it.",
                why="A list that began with a page token goes on with page tokens alone.",
                fix="Start the list from its beginning.",
            )


def dead_end(path: str, why: str = "Such a list would never end.") -> TransportError:
    """Make the error for an answer that says that there is more, and does not lead there."""
    return not_asked_for(
        f"The answer to {path} says that there is more, and leads no further.",
        why=why,
        fix="Call again; report it if it goes on.",
    )


def what_follows(answer: JSON, path: str) -> tuple[bool, str | None]:
    """Tell whether more records follow, and the token that leads to them.

    Raises:
        TransportError: the answer does not say.
    """
    info = answer.get("info") if isinstance(answer, dict) else None
    more = info.get("more_records") if isinstance(info, dict) else None
    if not isinstance(info, dict) or not isinstance(more, bool):
        raise not_asked_for(
            f"The answer to {path} does not say whether more follows.",
            why="Zoho says so in info.more_records; without it a part would pass for the whole.",
            fix="Call again; look for what changes answers on their way if it goes on.",
        )
    token = info.get("next_page_token")
    return more, token if isinstance(token, str) and token else None


def refuse_token(page_token: str | None, has_page_tokens: bool) -> None:  # noqa: FBT001 - a fact, not a choice
    """Refuse a page token where the version has none, and what is no page token.

    Raises:
        ApiError: it would be left out without a word, and the list would start again.
    """
    given: object = page_token
    if given is not None and not (isinstance(given, str) and given.strip()):
        raise ApiError(
            f"The page token is {'empty' if isinstance(given, str) else with_article(given)}.",
            why="A list that goes on with it would start again from its beginning.",
            fix="Pass what Listing.page_token gave, or None to start from the beginning.",
            code="ZCRM-API-009",
        )
    if page_token is not None and not has_page_tokens:
        raise ApiError(
            "This version of the API has no page tokens.",
            why="They came with v3; v2 would read the list from its beginning.",
            fix="Set api_version to v3 or later, or leave page_token out.",
            code="ZCRM-API-009",
        )
