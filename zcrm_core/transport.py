"""How does a request reach Zoho: one pooled session, time-outs, retries, rate limits."""

from __future__ import annotations

import logging
import os
import random
import re
import time
from collections.abc import Iterable, Mapping
from decimal import Decimal
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

from zcrm_core.config import Config
from zcrm_core.config_keys import is_loopback
from zcrm_core.deadline import in_time
from zcrm_core.errors import RateLimited, TransportError
from zcrm_core.exact_json import dumps
from zcrm_core.log import EventLog
from zcrm_core.multipart import Files, Multipart, UnreadableFile
from zcrm_core.response import Response
from zcrm_core.transport_failures import failure_of, read_short, unfit, unreadable
from zcrm_core.turns import importing

if TYPE_CHECKING:
    import requests

__all__ = ["Params", "Transport", "multipart", "origin", "wanted_wait"]

Params: TypeAlias = Mapping[str, "str | int | bool | None"]
"""Query parameters; one with the value ``None`` is left out, and a boolean is sent as true or false."""

_CONNECT_SECONDS: Final = 10.0
_LONGEST_WAIT_SECONDS: Final = 60.0
_POOL: Final = 32
"""Connections kept for one server; more threads than that open some of their own."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
"""Methods whose repetition changes nothing (RFC 9110 section 9.2.1)."""
_PASSING_STATUSES: Final = frozenset({502, 503, 504})


class Transport:
    """Sends requests for one client; threads may share it, and a forked process gets connections of its own.

    Args:
        config: for ``timeout`` and ``max_retries``.
        trusted: the addresses whose servers may see a token.
        log: where requests, responses, retries and rate limits are told.
    """

    def __init__(self, config: Config, trusted: Iterable[str], log: EventLog) -> None:
        self._timeout = (min(_CONNECT_SECONDS, config.timeout), config.timeout)
        self._tries = config.max_retries + 1
        self._trusted = set(map(origin, trusted))
        self._own_headers = {
            "User-Agent": f"zcrm-core/{version('zcrm-core')}",
            "Accept-Encoding": "gzip, deflate",
        }
        self._log = log
        self._session: requests.Session | None = None
        self._session_pid = -1
        self._surroundings: dict[str, Any] = {}

    def send(
        self,
        method: str,
        url: str,
        *,
        access_token: str | None = None,
        params: Params | None = None,
        form: Mapping[str, str] | None = None,
        document: object = None,
        files: Multipart | None = None,
        headers: Mapping[str, str] | None = None,
        longest_wait: float = _LONGEST_WAIT_SECONDS,
        stream: bool = False,
        whole_within: float | None = None,
    ) -> Response:
        """Send a request and give its answer, whatever the status.

        A request is sent again when it surely was not handled (no connection, status 429), and, for GET and
        HEAD, also when the connection broke or the status is 502, 503 or 504; at most ``max_retries`` times.

        Args:
            method: the HTTP method.
            url: the whole address.
            access_token: sent as ``Zoho-oauthtoken``, to trusted addresses only.
            params: the query; values that are ``None`` are left out.
            form: a body as ``application/x-www-form-urlencoded``.
            document: a body as JSON.
            files: a body as ``multipart/form-data``, read while it is sent.
            headers: more headers.
            longest_wait: after a 429, how long to wait at most for the next try, in seconds.
            stream: the answer's body is not read yet.
            whole_within: the seconds in which the last byte of an answer must be there, which has to be a
                short one; ``None`` where only the wait for each next byte is limited, by ``timeout``.

        Raises:
            RateLimited: still too many requests after the last try, or the wait would be too long.
            TransportError: no answer, or the address may not see the token.
        """
        request = self._prepare(
            method,
            url,
            access_token=access_token,
            params=params,
            form=form,
            document=document,
            files=files,
            headers=headers,
        )
        tried = 0
        while True:
            tried += 1
            try:
                raw = self._exchange(request, stream, whole_within)
            except TransportError as error:
                surely_unhandled = not error.sent or method in _SAFE_METHODS
                again = tried < self._tries and error.retryable and surely_unhandled
                if not again:
                    raise
                wait, reason = _backoff(tried), error.what
            else:
                if raw.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                    wait, reason = self._limited(raw, tried, longest_wait), "429"
                elif raw.status_code in _PASSING_STATUSES and method in _SAFE_METHODS and tried < self._tries:
                    wait = min(wanted_wait(raw.headers) or _backoff(tried), _LONGEST_WAIT_SECONDS)
                    reason = str(raw.status_code)
                else:
                    return Response(raw)
                raw.close()
            self._log.emit(
                "retry",
                logging.WARNING,
                f"{method} {_shown(url)}: again in {wait:.1f} s ({reason})",
                method=method,
                url=_shown(url),
                attempt=tried,
                wait=wait,
            )
            time.sleep(wait)

    @property
    def patience(self) -> float:
        """The seconds that a short call may take as a whole: for its connection and for its answer."""
        return sum(self._timeout)

    def trust(self, servers: Iterable[str]) -> None:
        """Let further servers see a token: those of the data centre that a login led to."""
        self._trusted.update(map(origin, servers))  # in place: two threads may add at once

    def close(self) -> None:
        """Close the pooled connections."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _prepare(
        self,
        method: str,
        url: str,
        *,
        access_token: str | None,
        params: Params | None,
        form: Mapping[str, str] | None,
        document: object,
        files: Multipart | None,
        headers: Mapping[str, str] | None,
    ) -> requests.PreparedRequest:
        with importing:
            import encodings.idna  # noqa: F401, PLC0415 - else the first connection would do it, unguarded

            import requests  # noqa: PLC0415 - half of the time that importing zcrm_core would take

        body: Mapping[str, str] | bytes | Multipart | None = form
        try:
            sent = {**self._own_headers, **(headers or {})}
            query = {
                key: _query_value(key, value) for key, value in (params or {}).items() if value is not None
            }
            if files is not None:
                body = files
                sent["Content-Type"] = files.content_type
            if document is not None:
                body = dumps(document)
                sent["Content-Type"] = "application/json"
            request = requests.Request(method.upper(), url, headers=sent, params=query, data=body).prepare()
        except (
            requests.RequestException,
            AttributeError,
            OSError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            raise unfit(error) from None
        if access_token is not None:
            # What was prepared is what is sent, so its address counts, not the one that was passed.
            self._trust(request.url or "")
            request.headers["Authorization"] = f"Zoho-oauthtoken {access_token}"
        return request

    def _trust(self, url: str) -> None:
        if origin(url) not in self._trusted:
            raise TransportError(
                f"The token is not sent to {origin(url)}.",
                why="That server does not belong to the client's region.",
                fix="Pass a path below the API's address; to fetch from elsewhere, use another HTTP client.",
                code="ZCRM-HTTP-004",
            )

    def _exchange(
        self,
        request: requests.PreparedRequest,
        stream: bool,  # noqa: FBT001 - handed through
        whole_within: float | None,
    ) -> requests.Response:
        import requests  # noqa: PLC0415 - imported by _prepare already

        url = request.url or ""
        shown = _shown(url)
        self._log.emit(
            "request", logging.DEBUG, f"{request.method} {shown}", method=request.method, url=shown
        )
        started = time.monotonic()
        session = self._pool()
        try:
            body: object = request.body  # a stream, which the types of requests leave out
            if isinstance(body, Multipart):
                body.rewind()
            around = self._around(url)

            def send(*, stream: bool) -> requests.Response:
                return session.send(
                    request, timeout=self._timeout, allow_redirects=False, **around, stream=stream
                )

            if whole_within is None:
                raw = send(stream=stream)
            else:
                raw = in_time(lambda: read_short(send(stream=True)), whole_within)
            if stream and raw.status_code != HTTPStatus.OK:
                _ = (
                    raw.content
                )  # an error is short, and is read while a broken connection is still told as one
        except (requests.RequestException, OSError) as error:
            raise self._failed(request, started, failure_of(error, origin(url))) from None
        except UnreadableFile as error:
            raise self._failed(request, started, unreadable(error)) from error.__cause__
        except ValueError as error:  # http.client looks at the headers once more, and its text shows them
            raise self._failed(request, started, unfit(error)) from None
        elapsed = (time.monotonic() - started) * 1000
        self._log.emit(
            "response",
            logging.DEBUG,
            f"{request.method} {shown}: {raw.status_code} in {elapsed:.0f} ms",
            method=request.method,
            url=shown,
            status=raw.status_code,
            elapsed_ms=elapsed,
        )
        return raw

    def _failed(
        self, request: requests.PreparedRequest, started: float, failure: TransportError
    ) -> TransportError:
        shown = _shown(request.url or "")
        self._log.emit(
            "request_failed",
            logging.DEBUG,
            f"{request.method} {shown}: {failure.what}",
            method=request.method,
            url=shown,
            error=failure.code,
            elapsed_ms=(time.monotonic() - started) * 1000,
        )
        return failure

    def _limited(self, raw: requests.Response, tried: int, longest_wait: float) -> float:
        """Decide how long to wait after a 429, or give up."""
        wanted = wanted_wait(raw.headers)
        credits_gone = raw.headers.get("X-API-CREDITS-REMAINING") == "0"
        wait = _backoff(tried) if wanted is None else wanted
        self._log.emit(
            "rate_limited",
            logging.WARNING,
            f"Zoho limits the rate of calls{'; the credits of the day are used up' if credits_gone else ''}",
            wait=wait,
            credits_gone=credits_gone,
        )
        if tried < self._tries and not credits_gone and wait <= longest_wait:
            return wait
        error = RateLimited(
            "Zoho CRM refuses more calls for now (429).",
            why="The day's API credits are used up." if credits_gone else None,
            fix="Wait until credits come back (they count over 24 hours), or buy more."
            if credits_gone
            else None,
        )
        error.status, error.retry_after, error.api_code = 429, wanted, "TOO_MANY_REQUESTS"
        raise error

    def _pool(self) -> requests.Session:
        """Give this process's session: a connection must not be shared across a fork."""
        session = self._session
        if session is None or self._session_pid != os.getpid():
            # The pid comes last: another thread must not take the parent's session for this process's own.
            session = self._session = _new_session()
            self._surroundings = {}
            self._session_pid = os.getpid()
        return session

    def _around(self, url: str) -> dict[str, Any]:
        """The proxy and certificate settings for a server, read from the environment once."""
        server = origin(url)
        found = self._surroundings.get(server)
        if found is None:
            session = self._pool()
            found = dict(session.merge_environment_settings(url, {}, stream=False, verify=None, cert=None))
            del found["stream"]  # each call says so itself
            if is_loopback(urlsplit(url).hostname or ""):
                found["proxies"] = {}  # a proxy cannot reach this machine's own servers
            self._surroundings[server] = found
        return found


def multipart(files: Files) -> Multipart:
    """Make a body of files.

    Raises:
        TransportError: one of them cannot be sent.
    """
    try:
        return Multipart(files)
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise unfit(error) from None


def origin(url: str) -> str:
    """Give an address's scheme, host and port, by which it is trusted (RFC 6454)."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _new_session() -> requests.Session:
    import requests  # noqa: PLC0415 - see _prepare

    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> None:
            """Follow no redirect; to look at one, requests would read its whole body, however long."""

    session = Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=_POOL))
    return session


def _shown(url: str) -> str:
    """An address without its query, which can name people."""
    return url.partition("?")[0]


def _query_value(name: str, value: object) -> str:
    if not isinstance(value, (str, int, float, Decimal)):
        # Python would write it in a way that Zoho reads as something else, or as nothing.
        failure = TransportError(
            f"The parameter {name} is a {type(value).__name__}.",
            why="A query holds texts, numbers and booleans; several ids or names are one text with commas.",
            fix="Pass it in the form that Zoho's page of the call shows.",
            code="ZCRM-HTTP-008",
        )
        failure.retryable = False
        raise failure
    # A bool is an int to Python and true or false to Zoho.
    return str(value).lower() if isinstance(value, bool) else str(value)


def _backoff(tried: int) -> float:
    """Seconds before the next try: 0.5, 1, 2, 4 ..., with jitter so that workers do not return together."""
    return random.uniform(0.5, 1.0) * min(2.0 ** (tried - 1), _LONGEST_WAIT_SECONDS)  # noqa: S311 - no secret


def wanted_wait(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that the server asks for in Retry-After (RFC 9110 section 10.2.3), if any."""
    text = headers.get("Retry-After", "").strip()
    return float(text) if re.fullmatch("[0-9]{1,9}", text) else None
