"""How does Zoho's redirect reach a command at a terminal? A listener on this machine waits for it."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import sys
import time
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

import click

from zcrm_cli.awaited_login import AwaitedLogin
from zcrm_core import AuthError, ConfigError, Token, ZcrmError

_LOOPBACK: Final = {
    # A browser takes either address for this name, so no other program may be at one of them.
    "localhost": ("127.0.0.1", "::1"),
    "127.0.0.1": ("127.0.0.1",),
    "::1": ("::1",),
}
_ABSENT: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What a machine says of an address that it does not have."""
_WAKE_SECONDS: Final = 0.2
_TELL_SECONDS: Final = 2.0
"""How long the end of the command waits for the browser to have its page."""


class Listener:
    """Listens at a redirect URI of this machine until the answer to one login has come.

    Args:
        redirect_uri: where Zoho sends the browser.
        state: what makes an answer this login's.
        finish: is given the address of the answer, and gives the token that it leads to.

    Raises:
        ConfigError: the address is not on this machine, or its port is taken.
    """

    def __init__(self, redirect_uri: str, state: str, finish: Callable[[str], Token]) -> None:
        scheme, host, port, path = _split(redirect_uri)
        hosts = _LOOPBACK.get(host)
        if scheme != "http" or hosts is None:
            raise ConfigError(
                f"The redirect_uri {redirect_uri} is not on this machine.",
                why="The answer of Zoho's page has to reach this command, which listens here only.",
                fix="Register http://localhost:8000/callback, say, in Zoho's API console, and set "
                "redirect_uri to it; or log in with `zcrm login --device`.",
                code="ZCRM-CONFIG-004",
            )
        self._login = AwaitedLogin(path or "/", state, finish)
        self._servers: list[_Server] = []
        for host in hosts:
            self._listen(host, port)

    def wait(self, seconds: float) -> Token:
        """Wait for the answer, and give the token that it led to.

        A refusal that may be forged is told at the terminal, and the wait goes on.

        Raises:
            AuthError: nobody answered in time, or the answer is no yes.
            ZcrmError: the answer was a yes, and something else failed.
        """
        end = time.monotonic() + seconds
        login = self._login
        told = False
        with selectors.DefaultSelector() as ready:
            for server in self._servers:
                ready.register(server, selectors.EVENT_READ, server)
            while not login.outcome.done():
                if time.monotonic() > end and not login.taken:
                    raise _nobody(seconds, login)
                if login.refusal is not None and not told:
                    told = True
                    click.echo(
                        f"An answer without a state came: {login.refusal.what} "
                        "It may be forged, so the login goes on; Ctrl-C ends it.",
                        err=True,
                    )
                for key, _ in ready.select(_WAKE_SECONDS):
                    key.data.handle_request()
        end = time.monotonic() + _TELL_SECONDS
        for browser in login.told:
            browser.join(max(0.0, end - time.monotonic()))
        return login.outcome.result()

    def _listen(self, host: str, port: int) -> None:
        try:
            self._servers.append(_Server((host, port), self._login))
        except OSError as error:
            if self._servers and error.errno in _ABSENT:
                return
            self.close()
            raise ConfigError(
                f"The port {port} of redirect_uri cannot be had.",
                why=f"At {host} the system says: {error.strerror or error}. "
                "Perhaps another program listens there.",
                fix="End that program (`ss -ltnp` names it), or register another port and set "
                "redirect_uri so.",
                code="ZCRM-AUTH-020",
            ) from None

    def close(self) -> None:
        """Listen no more."""
        for server in self._servers:
            server.server_close()

    def __enter__(self) -> Listener:  # noqa: PYI034 - typing has no Self before Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingTCPServer):
    """One address; each browser has a thread, so that one which only connects keeps nobody waiting."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name == "posix"  # elsewhere it would let a second program listen here
    timeout = _WAKE_SECONDS

    def __init__(self, address: tuple[str, int], login: AwaitedLogin) -> None:
        self.login = login
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Browser)

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Say nothing about a browser that goes away in the middle: the login goes on without it."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Browser(BaseHTTPRequestHandler):
    """One call of a browser."""

    server: _Server
    timeout = 10  # seconds, for a connection that a browser opens and does not use

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Write nothing: the address holds a code."""

    def do_GET(self) -> None:
        status, title, text = self.server.login.page_for(self.path)
        page = (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{escape(title)}</title></head>"
            f"<body><main><h1>{escape(title)}</h1><p>{escape(text)}</p></main></body></html>\n"
        ).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "text/html;charset=UTF-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Referrer-Policy", "no-referrer")  # the address holds a code
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(page)


def _split(redirect_uri: str) -> tuple[str, str, int, str]:
    """Give the scheme, the host, the port and the path of a redirect URI.

    Raises:
        ConfigError: it is no address, or nobody can listen at its port.
    """
    try:
        parts = urlsplit(redirect_uri)
        port = 80 if parts.port is None else parts.port
        if port:
            return parts.scheme, parts.hostname or "", port, parts.path
    except ValueError:
        pass  # told below
    raise ConfigError(
        f"The redirect_uri {redirect_uri} is no address that a browser can be sent to.",
        why="Its host or its port cannot be read; a port is a number from 1 to 65535.",
        fix="Set redirect_uri to the address that Zoho's API console has for the client, such as "
        "http://localhost:8000/callback.",
        code="ZCRM-CONFIG-004",
    )


def _nobody(seconds: float, login: AwaitedLogin) -> ZcrmError:
    refusal = login.refusal
    if refusal is not None:
        refusal.why = (
            f"{refusal.why} Or another page made that up: the answer came without a state, and no other came "
            f"within {seconds:.0f} s."
        )
        return refusal
    error = AuthError(
        f"Nobody answered on Zoho's page within {seconds:.0f} s.",
        why="The page was not opened, or neither Accept nor Refuse was chosen.",
        fix="Log in again, open the address, and choose; --wait gives more time.",
        code="ZCRM-AUTH-018",
    )
    if login.strange:
        error.what = f"No answer to this login came within {seconds:.0f} s."
        error.why = (
            "What came had another state than this login, or none. It was not taken, because it may be "
            "forged; perhaps it belongs to a login that was begun earlier."
        )
        error.fix = "Log in again, and answer on the page of this login only."
    return error
