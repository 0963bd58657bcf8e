"""Which tokens are stored, and for how long does each still live?"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import click

from zcrm_cli.config_option import config_option, find_source
from zcrm_cli.debug_option import debug_option
from zcrm_cli.output import open_console, write_facts, write_table
from zcrm_cli.place import place_of


@click.group
def token() -> None:
    """Look at the stored tokens; no secret is ever shown."""


@token.command("list")
@config_option
@debug_option
def list_tokens(config: Path | None) -> None:
    """Show the users that have a token for this client and environment.

    A token that is renewed gets a new access token by itself when its time is over; for the others
    the user has to log in again.
    """
    with find_source(config).open_client() as client:
        tokens = [found for user in client.tokens.list() if (found := client.tokens.status(user)) is not None]
        click.echo(f"Token store: {place_of(client)}")
    if not tokens:
        click.echo("No user has a token yet. Run `zcrm login`.")
        return
    now_ms = time.time_ns() // 1_000_000
    rows = [
        (
            found.user_identifier,
            found.environment,
            _time_left(found.expiry_time, now_ms),
            "yes" if found.renewable else "no",
            found.store,
        )
        for found in tokens
    ]
    write_table(open_console(), ("User", "Environment", "Time left", "Renewed", "Store"), rows)


@token.command
@config_option
@click.option("--user", metavar="USER", help="Whose token; current_user_email when left out.")
@debug_option
def status(config: Path | None, user: str | None) -> None:
    """Show how a user's token is doing.

    The budget is Zoho's: of the access tokens of one login, fifteen live at a time, and one more ends the
    oldest. Counted are those that the workers of this store were given.
    """
    source = find_source(config)
    with source.open_client() as client:
        found = client.tokens.status(user)
        place = place_of(client)
        if found is None:
            click.echo(f"{user or client.user} has no token in the store {place}. Run `zcrm login`.")
            return
    now_ms = time.time_ns() // 1_000_000
    budget = f"{found.alive} of {found.most_alive} live access tokens"
    if found.last_issued is None:
        budget = f"not known; Zoho lets {found.most_alive} access tokens live"
    facts = {
        "User": found.user_identifier,
        "Client": found.client_id,
        "Environment": found.environment,
        "Store": place,
        "Time left": _left(found.expiry_time, now_ms),
        "Last refresh": "not known" if found.last_issued is None else _ago(found.last_issued, now_ms),
        "Renewed": "by itself" if found.renewable else "no: log in again when it has ended",
        "Budget used": budget,
    }
    if found.blocked_until is not None:
        facts["Blocked"] = f"Zoho gives no new token until {_at(found.blocked_until)}"
    write_facts(open_console(), facts.items())


def _left(expiry_ms: int, now_ms: int) -> str:
    seconds = (expiry_ms - now_ms) // 1000
    return (
        f"{_duration(seconds)} (until {_at(expiry_ms)})" if seconds > 0 else f"none (ended {_at(expiry_ms)})"
    )


def _ago(at_ms: int, now_ms: int) -> str:
    return f"{_at(at_ms)} ({_duration(max(0, (now_ms - at_ms) // 1000))} ago)"


def _at(ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(ms / 1000, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):  # a store can hold any number
        return "in a far future"


def _duration(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"  # noqa: PLR2004 - a minute


def _time_left(expiry_ms: int, now_ms: int) -> str:
    seconds = (expiry_ms - now_ms) // 1000
    return "none" if seconds <= 0 else _duration(seconds)
