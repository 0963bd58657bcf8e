"""How does another process drive a running simulator?"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

from zcrm_core import ConfigError, TransportError

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_SECONDS: Final = 10
_LONGEST: Final = 1_000_000
"""More bytes than a simulator's answer ever has."""
_ANOTHER: Final = "What answers there is another server, and no simulator."
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""A proxy cannot reach this machine's loopback addresses, so none is asked."""


class Control:
    """The control plane of a running simulator, ``/__simulator__/``.

    Args:
        url: the simulator's address.

    Raises:
        ConfigError: it is not a loopback http address.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            ours = parts.scheme == "http" and parts.hostname in _LOOPBACK and parts.port != 0
        except ValueError:  # a broken address, such as http://[::1
            ours = False
        if not ours:
            raise ConfigError(
                f"{url} is not the address of a simulator.",
                why="A simulator listens on this machine only, with plain http.",
                fix="Copy the address that `zcrm simulator serve` prints, such as http://127.0.0.1:8080.",
                code="ZCRM-CONFIG-004",
            )
        self._url = url.rstrip("/")

    def grant_token(self, scopes: tuple[str, ...], user: str | None = None) -> str:
        """Make a grant token, as Zoho's API console does.

        Args:
            scopes: what it allows.
            user: whose it is, by e-mail address; the organisation's owner when left out.

        Raises:
            ConfigError: the simulator has no such user or scope.
            TransportError: no simulator answers there.
        """
        wanted: dict[str, object] = {"scopes": list(scopes)}
        if user is not None:
            wanted["user"] = user
        code = self._call("grant", wanted).get("code")
        if not isinstance(code, str):
            raise self._not_there(_ANOTHER)
        return code

    def requests(self) -> dict[str, int]:
        """Give the number of calls so far of each method and path.

        Raises:
            TransportError: no simulator answers there.
        """
        counted = self._call("counters").get("requests")
        return (
            {str(route): int(number) for route, number in counted.items()}
            if isinstance(counted, dict)
            else {}
        )

    def _call(self, name: str, payload: Mapping[str, object] | None = None) -> dict[str, object]:
        data = None if payload is None else json.dumps(payload).encode()
        request = urllib.request.Request(f"{self._url}/__simulator__/{name}", data=data)  # noqa: S310 - http only
        try:
            refused, body = _answer(request)
            document = json.loads(body)
        except (HTTPException, ValueError, RecursionError):  # no HTTP, no JSON, or nested without end
            raise self._not_there(_ANOTHER) from None
        except OSError as error:
            raise self._not_there(f"{getattr(error, 'reason', error)}.") from None
        if not isinstance(document, dict) or (refused and "error" not in document):
            raise self._not_there(_ANOTHER)
        if refused:
            raise _refused(str(document["error"]))
        return document

    def _not_there(self, why: str) -> TransportError:
        return TransportError(
            f"No simulator answers at {self._url}.",
            why=why,
            fix="Start one with `zcrm simulator serve`, and copy the address that it prints.",
        )


def _answer(request: urllib.request.Request) -> tuple[bool, bytes]:
    """Tell whether a call was refused, and give the answer."""
    try:
        with _DIRECT.open(request, timeout=_SECONDS) as answer:
            return False, answer.read(_LONGEST)
    except urllib.error.HTTPError as error:
        with error:
            return True, error.read(_LONGEST)


def _refused(said: str) -> ConfigError:
    # The simulator's advice is for a program that holds a Simulator object.
    return ConfigError(
        "The simulator makes no grant token.",
        why=said.partition("] ")[2].partition(" What to do:")[0] or said,
        fix="Correct the user or the scopes.",
        code="ZCRM-CONFIG-004",
    )
