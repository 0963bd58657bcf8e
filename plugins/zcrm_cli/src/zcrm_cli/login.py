"""How does a person log in: with a grant token, in the browser, on a device, or as the client itself?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TextIO

import click

from zcrm_cli.config_option import config_option, find_source
from zcrm_cli.debug_option import debug_option
from zcrm_cli.place import place_of
from zcrm_cli.scopes import SCOPES
from zcrm_cli.unsaved import give_up
from zcrm_cli.visible import toml, visible
from zcrm_core import AuthError, Client, InvalidGrant, StoreError, Token

_LONGEST_GRANT: Final = 10_000
"""Zoho's have about 70 characters."""

_Way = Callable[[Client, "tuple[str, ...]", "str | None"], Token]


@click.command
@config_option
@click.option(
    "--user",
    metavar="USER",
    help="Whose token it will be. When left out: current_user_email, else the address that Zoho gives.",
)
@click.option(
    "--web", is_flag=True, help="Open Zoho's page in the browser; needs redirect_uri on this machine."
)
@click.option("--device", is_flag=True, help="Show a code that is confirmed in a browser somewhere else.")
@click.option(
    "--client",
    "client_itself",
    is_flag=True,
    help="Log in as the client itself (client credentials); needs soid.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    metavar="SCOPE",
    help="What to ask for; may be repeated. All that zcrm uses when left out.",
)
@click.option("--no-browser", is_flag=True, help="With --web: only print the address, to be opened by hand.")
@click.option(
    "--wait",
    type=click.IntRange(1, 3600),
    default=300,
    help="With --web: seconds to wait for the answer.",
)
@debug_option
def login(
    config: Path | None,
    user: str | None,
    scopes: tuple[str, ...],
    wait: int,
    **chosen: bool,
) -> None:
    """Log in, and keep the tokens.

    Without an option, a grant token of a self client is asked for without showing it; where there is no
    terminal, it is read from standard input:

        zcrm simulator grant --url URL | zcrm login
    """
    no_browser = chosen.pop("no_browser")
    named = [name for name, on in chosen.items() if on]
    if len(named) > 1:
        raise click.UsageError("--web, --device and --client are three ways to log in; choose one.")
    if named != ["web"] and no_browser:
        raise click.UsageError("--no-browser goes with --web.")
    ways: dict[str, _Way] = {
        "web": _in_browser(wait, no_browser),
        "device": _on_device,
        "client_itself": _as_client,
    }
    way = ways[named[0]] if named else _with_grant
    with find_source(config).open_client() as client:
        try:
            token = _logged_in(client, way, scopes or SCOPES, user)
        except (AuthError, StoreError) as error:
            give_up(client, user, error)
            raise
        _tell(client, token)


def _logged_in(client: Client, way: _Way, scopes: tuple[str, ...], user: str | None) -> Token:
    try:
        return way(client, scopes, user)
    except AuthError as error:
        return _named_by_hand(client, error)


def _tell(client: Client, token: Token) -> None:
    click.echo(f"Logged in as {visible(token.user_identifier)}.")
    click.echo(f"The tokens are kept by the store {place_of(client)}.")
    if token.refresh_token is None:
        status = client.tokens.status(token.user_identifier)
        click.echo(
            f"There is no refresh token: the token is renewed for {client.config.get('soid')} by itself."
            if status is not None and status.renewable
            else "There is no refresh token: the login ends when the access token does."
        )
    if client.user != token.user_identifier:
        click.echo(f"To use them, set current_user_email = {toml(token.user_identifier)}.")
    try:
        home = client.region_of(token)
        if home == client.region:
            return  # a token without a data centre lives there, so it does not matter what the store kept
        stored = client.tokens.fetch(token.user_identifier)
        found = home if stored is None else client.region_of(stored)
    except AuthError as error:
        click.echo(f"{error.what} {error.fix}", err=True)
        return
    if found != home:
        click.echo(
            f"The store keeps no data centre, so the next command would call {found.name}: "
            f"set region = {toml(home.name)}.",
            err=True,
        )


def _with_grant(client: Client, _scopes: tuple[str, ...], user: str | None) -> Token:
    return client.oauth.generate_access_token(_grant_token(client), user=user)


def _in_browser(wait: float, no_browser: bool) -> _Way:  # noqa: FBT001 - an option of the command line
    def way(client: Client, scopes: tuple[str, ...], user: str | None) -> Token:
        from zcrm_cli.web_login import log_in_with_browser  # noqa: PLC0415 - only --web needs an HTTP server

        return log_in_with_browser(client, scopes, user, wait=wait, opens=not no_browser)

    return way


def _on_device(client: Client, scopes: tuple[str, ...], user: str | None) -> Token:
    begun = client.oauth.start_device_login(scopes)
    click.echo(f"Open {begun.verification_url} in a browser, and type in: {begun.user_code}", err=True)
    if begun.complete_url is not None:
        click.echo(f"Or open {begun.complete_url}", err=True)
    click.echo(f"Waiting for up to {begun.expires_in / 60:.0f} minutes; Ctrl-C ends it.", err=True)
    return client.oauth.finish_device_login(begun, user=user)


def _as_client(client: Client, scopes: tuple[str, ...], user: str | None) -> Token:
    return client.oauth.generate_client_token(scopes, user=user)


def _at_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()  # a service manager may start us without any


def _grant_token(client: Client) -> str:
    if not _at_terminal():
        return _bounded(sys.stdin) if sys.stdin else ""
    click.echo(_where_grants_come_from(client), err=True)
    answer: str = click.prompt("Grant token (not shown)", hide_input=True, err=True)
    return answer.strip()


def _bounded(source: TextIO) -> str:
    try:
        given = source.read(_LONGEST_GRANT + 1)  # what is piped in by mistake may never end
    except UnicodeDecodeError:
        return "\ufffd"  # the core tells what is no grant token
    if len(given) > _LONGEST_GRANT:
        raise InvalidGrant(
            f"Standard input holds more than {_LONGEST_GRANT:,} characters: no grant token is so long."
        )
    return given.strip()


def _where_grants_come_from(client: Client) -> str:
    simulator = client.config.get("simulator_url")
    if simulator is not None:
        return f"Make a grant token: zcrm simulator grant --url {simulator}"
    console = client.region.accounts_url.replace("//accounts.", "//api-console.")
    scopes = ",\n    ".join(SCOPES)
    return (
        f"Make a grant token in Zoho's API console, {console}:\n"
        f"open your self client, choose Generate Code, and give it these scopes:\n\n    {scopes}\n"
    )


def _named_by_hand(client: Client, error: AuthError) -> Token:
    """Ask whose token it is when Zoho issued one and does not say: the grant token cannot be used again."""
    if error.token is None:
        raise error
    if not _at_terminal():
        error.fix = "Ask for the scope AaaServer.profile.READ as well, or pass --user."
        raise error
    click.echo(error.what, err=True)
    try:
        user: str = click.prompt("Whose token is it (e-mail address)", err=True)
    except click.Abort:
        client.oauth.revoke_token(error.token)  # nobody keeps it
        raise
    token = replace(error.token, user_identifier=user.strip())
    client.tokens.save(token)
    return token
