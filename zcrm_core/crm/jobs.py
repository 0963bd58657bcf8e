"""How does a program wait for work that Zoho does later?"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.entity import Attribute, Entity, number, objects, text
from zcrm_core.errors import ApiError, NotFound
from zcrm_core.exact_json import JSON
from zcrm_core.redaction import plain
from zcrm_core.response import not_asked_for

if TYPE_CHECKING:
    from zcrm_core.client import Client

__all__ = ["MassUpdate", "MassUpdateStatus", "about_job", "called_back", "wait_for"]

T = TypeVar("T")
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_LONGEST_WAIT: Final = 366 * 24 * 3_600


def about_job(named: str | None, asked: str | None = None) -> str:
    """Give the id of the job that an answer is about.

    Args:
        named: the id in the answer.
        asked: the id of the job that was asked about, if one was.

    Raises:
        TransportError: the answer is about no job, or about another one.
    """
    if not named or asked not in (None, named):
        raise not_asked_for(
            "The answer is about no bulk job." if not named else "The answer is about another bulk job.",
            why="Without the job's id nobody knows which job was made, or how far it is.",
            fix="Look at the jobs in Zoho CRM before you make one again.",
        )
    return named


def called_back(address: object) -> dict[str, JSON]:
    """Say where Zoho tells that a job is over.

    Raises:
        ApiError: it is no https address.
    """
    if not isinstance(address, str) or not address.lower().startswith("https://"):
        raise ApiError(
            "The callback is no https address.",
            why="Zoho calls it over the Internet when the job is over, so it would never be called.",
            fix='Pass an address such as "https://example.com/zoho", or leave it out.',
            code="ZCRM-API-009",
        )
    return {"url": address, "method": "post"}


def wait_for(ask: Callable[[], T], over: Callable[[T], bool], what: str, seconds: float) -> T:
    """Ask again and again, more and more rarely, until something is over, and give the last answer.

    Args:
        ask: makes one call.
        over: tells whether its answer is the last one.
        what: what is waited for, for the message.
        seconds: how long to wait at most.

    Raises:
        ApiError: it is not over in time; ``retryable``. The seconds are no number that ends.
        ZcrmError: what ``ask`` raises.
    """
    given: object = seconds
    number_of = isinstance(given, (int, float)) and not isinstance(given, bool)
    if not number_of or not 0 <= seconds <= _LONGEST_WAIT:
        shown = plain(repr(given)) if number_of else with_article(given)
        raise ApiError(
            f"{shown} is no time to wait for {what}.",
            why="It is a number of seconds, from 0 to those of a year; no other would ever be over.",
            fix="Pass a number, such as wait(600).",
            code="ZCRM-API-009",
        )
    end = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while not over(answer := ask()):
        left = end - time.monotonic()
        if left <= 0:
            error = ApiError(
                f"{what[:1].upper()}{what[1:]} is not over after {seconds:g} s.",
                why="Zoho works such jobs off one after another, and small ones wait for large ones, too.",
                fix="Wait longer, or look later: the job goes on.",
                code="ZCRM-API-010",
            )
            error.retryable = True
            raise error
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return answer


class MassUpdateStatus(Entity):
    """How far a mass update is."""

    __slots__ = ()

    #: ``SCHEDULED``, ``RUNNING``, ``COMPLETED`` or ``FAILED``
    state = Attribute("Status", text)
    #: how many records the view holds
    total = Attribute("Total_Count", number)
    #: how many were changed
    updated = Attribute("Updated_Count", number)
    #: how many were left as they are
    not_updated = Attribute("Not_Updated_Count", number)
    #: how many could not be changed
    failed = Attribute("Failed_Count", number)


class MassUpdate:
    """A mass update of a custom view, which Zoho does later.

    Args:
        client: makes the calls.
        path: the path of the module's mass updates.
        id: the job's id.
    """

    def __init__(self, client: Client, path: str, id: str) -> None:  # noqa: A002 - what it is
        self._client = client
        self._path = path
        self.id = id

    def __repr__(self) -> str:
        return plain(f"<MassUpdate {self.id}>")

    def status(self) -> MassUpdateStatus:
        """Ask how far it is (GET {module}/actions/mass_update).

        Raises:
            NotFound: Zoho knows no such job.
            ApiError: the CRM refused.
        """
        found = objects(
            self._client.request("GET", self._path, params={"job_id": self.id}), "data", MassUpdateStatus
        )
        if not found:
            raise NotFound(f"There is no mass update {self.id}.")
        return found[0]

    def wait(self, seconds: float = 600) -> MassUpdateStatus:
        """Wait until it is over, and tell how it ended; single records may have failed all the same.

        Args:
            seconds: how long to wait at most.

        Raises:
            ApiError: it failed as a whole, or is not over in time, or the CRM refused.
        """
        status = wait_for(
            self.status, lambda one: one.state in {"COMPLETED", "FAILED"}, "the mass update", seconds
        )
        if status.state != "COMPLETED":
            raise ApiError(
                f"The mass update {self.id} failed.",
                why=f"Zoho says FAILED; it changed {status.updated or 0} of {status.total or 0} records.",
                fix="Look at the field and the view, and read the records back before you start it again.",
            )
        return status
