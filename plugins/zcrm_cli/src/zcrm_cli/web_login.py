"""How does a person log in with the browser of this machine?"""

from __future__ import annotations

import secrets
import threading
import webbrowser

import click

from zcrm_cli.redirect_listener import Listener
from zcrm_core import Client, Token


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
        AuthError: the user refused or did not answer, or Zoho does not take the answer.
    """
    redirect_uri = client.config.require("redirect_uri", "a web login")
    state = secrets.token_urlsafe(32)
    # A code verifier of RFC 7636 has 43 to 128 characters; this one has 86.
    address = client.oauth.authorization_url(scopes, state=state, code_verifier=secrets.token_urlsafe(64))

    def finish(url: str) -> Token:
        return client.oauth.handle_redirect(url, state=state, user=user)

    with Listener(redirect_uri, state, finish) as listener:
        click.echo(f"Log in at {address}", err=True)
        click.echo(f"Waiting for up to {wait:.0f} s for the answer; Ctrl-C ends it.", err=True)
        if opens:
            # Some browsers come back only when they are closed, and until then nobody would answer them.
            threading.Thread(target=_open, args=(address,), daemon=True).start()
        return listener.wait(wait)


def _open(address: str) -> None:
    if not webbrowser.open(address):
        click.echo("No browser could be opened: open the address by hand.", err=True)
