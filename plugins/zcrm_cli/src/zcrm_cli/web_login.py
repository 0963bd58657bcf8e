"""How does Zoho's redirect reach a command at a terminal? A listener on this machine waits for it."""

from __future__ import annotations

import queue
import secrets
import socket
import time
import webbrowser
from collections.abc import Callable
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import SplitResult, urlsplit

import click

from zcrm_core import AuthError, Client, ConfigError, Token, ZcrmError

_LOOPBACK: Final = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::1": "::1"}
_WAKE_SECONDS: Final = 0.2

_Finish = Callable[[str], Token]


def log_in_with_browser(
    client: Client, scopes: tuple[str, ...], user: str | None, *, wait: float, opens: bool
) -> Token:
    """Open Zoho's page, wait for the redirect, and exchange its code.

    Args:
        client: whose ``redirect_uri`` is on this machine.
        scopes: what to ask for.
        user: whose token it will be, if that is known.
        wait: how long to wait for the answer, in seconds.
        opens: open the browser; else only print the address.

    Raises:
        ConfigError: ``redirect_uri`` is missing, is not on this machine, or its port is taken.
        AuthError: the user refused or did not answer, or the answer is not one to this question.
    """
    redirect_uri = client.config.require("redirect_uri", "a web login")
    # A code verifier of RFC 7636 has 43 to 128 characters; this one has 86. The state is made by the client.
    address = client.oauth.authorization_url(scopes, code_verifier=secrets.token_urlsafe(64))
    with _listener(redirect_uri, lambda url: client.oauth.handle_redirect(url, user=user)) as listener:
        click.echo(f"Log in at {address}", err=True)
        click.echo(f"Waiting for up to {wait:.0f} s for the answer; Ctrl-C ends it.", err=True)
        if opens and not webbrowser.open(address):
            click.echo("No browser could be opened: open the address by hand.", err=True)
        return listener.wait(wait)


class _Listener(ThreadingHTTPServer):
    """Waits for one redirect; what comes to another path gets a 404, and a browser that only connects may."""

    daemon_threads = True
    block_on_close = False
    timeout = _WAKE_SECONDS

    def __init__(self, address: tuple[str, int], path: str, finish: _Finish) -> None:
        self.path = path
        self.finish = finish
        self.outcomes: queue.Queue[Token | ZcrmError] = queue.Queue()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def wait(self, seconds: float) -> Token:
        """Wait for the redirect, and give the token that it led to."""
        end = time.monotonic() + seconds
        while self.outcomes.empty():
            if time.monotonic() > end:
                raise AuthError(
                    f"Nobody answered on Zoho's page within {seconds:.0f} s.",
                    why="The page was not opened, or neither Accept nor Refuse was chosen.",
                    fix="Log in again, open the address, and choose; --wait gives more time.",
                    code="ZCRM-AUTH-018",
                )
            self.handle_request()
        outcome = self.outcomes.get()
        if isinstance(outcome, ZcrmError):
            raise outcome
        return outcome


class _Handler(BaseHTTPRequestHandler):
    """One call of the browser."""

    server: _Listener
    timeout = 10  # seconds, for a connection that a browser opens and does not use

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Write nothing: the address holds a code."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path != self.server.path:
            self._answer(404, "Nothing is here", "This address belongs to a login of zcrm.")
            return
        outcome: Token | ZcrmError
        try:
            outcome = self.server.finish(self.path)
            self._answer(200, "You are logged in", "Close this page and go back to the terminal.")
        except ZcrmError as error:
            outcome = error
            self._answer(400, "You are not logged in", f"{error.what} {error.fix}")
        finally:
            self.close_connection = True
        self.server.outcomes.put(outcome)

    def _answer(self, status: int, title: str, text: str) -> None:
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


def _listener(redirect_uri: str, finish: _Finish) -> _Listener:
    parts = urlsplit(redirect_uri)
    host = _LOOPBACK.get(parts.hostname or "")
    if parts.scheme != "http" or host is None:
        raise ConfigError(
            f"The redirect_uri {redirect_uri} is not on this machine.",
            why="The answer of Zoho's page has to reach this command, which listens on this machine only.",
            fix="Register http://localhost:8000/callback, say, in Zoho's API console, and set redirect_uri "
            "to it; or log in with `zcrm login --device`.",
            code="ZCRM-CONFIG-004",
        )
    try:
        return _Listener((host, _port(parts)), parts.path or "/", finish)
    except OSError as error:
        raise ConfigError(
            f"The port {_port(parts)} of redirect_uri cannot be had.",
            why=f"The system says: {error.strerror or error}. Perhaps another program listens there.",
            fix="End that program (`ss -ltnp` names it), or register another port and set redirect_uri so.",
            code="ZCRM-AUTH-020",
        ) from None


def _port(parts: SplitResult) -> int:
    return parts.port or 80
