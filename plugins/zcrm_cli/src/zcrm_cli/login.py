"""How does a person turn a grant token into stored tokens?"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from zcrm_cli.config_option import config_option, find_source
from zcrm_cli.debug_option import debug_option
from zcrm_cli.place import place_of
from zcrm_cli.scopes import SCOPES
from zcrm_core import AuthError, Client, Token


@click.command
@config_option
@click.option(
    "--user",
    metavar="USER",
    help="Whose token it will be. When left out: current_user_email, else the address that Zoho gives.",
)
@debug_option
def login(config: Path | None, user: str | None) -> None:
    """Exchange a grant token of a self client, and keep the tokens.

    The grant token is asked for without showing it; where there is no terminal, it is read from
    standard input:

        zcrm simulator grant --url URL | zcrm login
    """
    with find_source(config).open_client() as client:
        try:
            token = client.oauth.generate_access_token(_grant_token(client), user=user)
        except AuthError as error:
            token = _named_by_hand(client, error)
        click.echo(f"Logged in as {token.user_identifier}.")
        click.echo(f"The tokens are kept by the store {place_of(client)}.")
        if token.refresh_token is None:
            click.echo("There is no refresh token: the login ends when the access token does.")
        elif client.user != token.user_identifier:
            click.echo(f'To use them, set current_user_email = "{token.user_identifier}".')


def _grant_token(client: Client) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.read().strip()
    click.echo(_where_grants_come_from(client), err=True)
    answer: str = click.prompt("Grant token (not shown)", hide_input=True, err=True)
    return answer.strip()


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
    if not sys.stdin.isatty():
        error.fix = "Make a new grant token, with the scope AaaServer.profile.READ as well, or pass --user."
        raise error
    click.echo(error.what, err=True)
    user: str = click.prompt("Whose token is it (e-mail address)", err=True)
    token = replace(error.token, user_identifier=user.strip())
    client.tokens.save(token)
    return token
