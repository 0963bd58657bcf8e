"""What did the server answer, and what does its JSON hold?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from zcrm_core.errors import TransportError
from zcrm_core.exact_json import JSON, loads

if TYPE_CHECKING:
    import requests

__all__ = ["JSON", "Response", "not_asked_for"]

_COQL: Final = "/coql"
_CRM_PATH: Final = "/crm/"
_READS: Final = frozenset({"GET", "HEAD"})
_MEDIA_TYPE: Final = re.compile(r"(?:application|audio|image|multipart|text|video)/[a-z]+")


class Response:
    """One HTTP answer, whatever its status."""

    __slots__ = ("raw",)

    def __init__(self, raw: requests.Response) -> None:
        self.raw = raw

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.raw.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names in any case."""
        return self.raw.headers

    @property
    def content(self) -> bytes:
        """The body as it came."""
        return self.raw.content

    def json(self) -> JSON:
        """Read the body as JSON; a number that a float would round is a ``Decimal``.

        Raises:
            TransportError: the body is not JSON, such as the HTML page of a proxy; or there is none.
        """
        self._refuse_silence()
        try:
            return loads(self.raw.content)
        except (ValueError, RecursionError):
            kind = _MEDIA_TYPE.match(self.headers.get("Content-Type", ""))
            error = TransportError(
                f"The server answered {self.status} with something that is not JSON "
                f"({kind[0] if kind else 'of no known type'}, {len(self.raw.content)} bytes).",
                why="A proxy, a firewall or a maintenance page answered instead, or the answer was cut.",
                fix="Check the region, the proxy and Zoho's status page; then call again.",
                code="ZCRM-HTTP-003",
            )
            error.sent = True
            raise error from None

    def _refuse_silence(self) -> None:
        """Refuse a success without a word where the CRM's answer has to tell what became of a write.

        Raises:
            TransportError: there is no body.
        """
        if self.status >= HTTPStatus.MULTIPLE_CHOICES or self.raw.content:
            return
        request = self.raw.request
        method = getattr(request, "method", None) or "GET"
        path = urlsplit(getattr(request, "url", None) or "").path
        # The accounts servers and COQL are posted to as well, and there is nothing that could be read back.
        if method not in _READS and _CRM_PATH in path and not path.endswith(_COQL):
            raise not_asked_for(
                f"The server answered a {method} with nothing ({self.status}).",
                why="Zoho says in the answer what was done and what was not, so neither is known here.",
                fix="Read back what was to be written before you send it again; look for a proxy in between.",
            )

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


def not_asked_for(what: str, *, why: str | None = None, fix: str | None = None) -> TransportError:
    """Make the error for an answer that is not what was asked for: the request did reach the server."""
    error = TransportError(what, why=why, fix=fix, code="ZCRM-HTTP-007")
    error.sent = True
    return error
