"""How is one new access token had from Zoho, and who has to wait when Zoho gives no more?"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timezone
from typing import Final

from zcrm_core.errors import RefreshThrottled
from zcrm_core.flight import Flight
from zcrm_core.homes import Homes
from zcrm_core.log import EventLog
from zcrm_core.oauth import Accounts
from zcrm_core.refresh_notes import Notebook, Notes
from zcrm_core.refusals import useless
from zcrm_core.tokens import Token, TokenKey

__all__ = ["Renewal"]

_USELESS_PAUSE_SECONDS: Final = 10.0
"""After Zoho gave a token that was at its end, for this long this process asks for no other one."""


class Renewal:
    """Asks Zoho for new access tokens, unless it said to wait.

    Args:
        accounts: whom to ask.
        homes: which region a token lives in.
        notebook: where all workers read until when to wait.
        log: where refreshes and refusals are told.
    """

    def __init__(self, accounts: Accounts, homes: Homes, notebook: Notebook, log: EventLog) -> None:
        self._accounts = accounts
        self._homes = homes
        self._notebook = notebook
        self._log = log

    def renewed(self, key: TokenKey, flight: Flight, stored: Token, notes: Notes) -> tuple[Token, int]:
        """Get a new access token, to be saved over the stored one.

        Args:
            key: whose it is.
            flight: what this process knows of it.
            stored: the token to renew.
            notes: what all workers know of it.

        Returns:
            The token, and how long it lives, in ms.

        Raises:
            RefreshThrottled: Zoho gives no more for now.
            AuthError: Zoho refuses, or what it gave has already ended.
            TransportError: no usable answer.
        """
        self._mind_the_block(key, flight, notes)
        paused = flight.pause_now()
        if paused is not None:
            raise paused
        started = flight.clock.wall()
        home = self._homes.of(stored)
        try:
            with flight.asking(home.accounts_url):
                issued = self._accounts.renew(stored, home)
        except RefreshThrottled as error:
            self._block(key, flight, stored, error)
            raise _throttled(key, flight, error.retry_after) from error
        token = replace(
            issued.of(key.user_identifier, started),
            # Zoho sends no new refresh token; if it ever does, the new one counts (RFC 6749 section 6).
            refresh_token=issued.refresh_token or stored.refresh_token,
            api_domain=self._homes.api_domain(issued.api_domain, home) or stored.api_domain,
            scope=issued.scope or stored.scope,
        )
        self._log.guard(token.access_token, token.refresh_token)
        self._log.emit(
            "token_refreshed", logging.INFO, f"the token of {key} was refreshed", user=key.user_identifier
        )
        if issued.lifetime <= 0 and token.refresh_token == stored.refresh_token:
            in_vain = useless(key)
            flight.pause(in_vain, _USELESS_PAUSE_SECONDS)
            raise in_vain
        return token, issued.lifetime

    def _mind_the_block(self, key: TokenKey, flight: Flight, notes: Notes) -> None:
        """Refuse to ask Zoho as long as it gives no more tokens, whichever worker was told so."""
        here = (flight.blocked_until - flight.clock.steady()) * 1000
        left = max(here, notes.blocked(flight.clock.wall()))
        if left > 0:
            flight.blocked_until = flight.clock.steady() + left / 1000
            raise _throttled(key, flight, left / 1000)

    def _block(self, key: TokenKey, flight: Flight, stored: Token, error: RefreshThrottled) -> None:
        """Let every worker wait for as long as Zoho said, else a minute."""
        flight.blocked_until = flight.clock.steady() + error.retry_after
        self._notebook.block(key, stored, flight.clock.wall() + int(error.retry_after * 1000))
        self._log.emit(
            "refresh_throttled",
            logging.WARNING,
            f"Zoho gives no new access token for {key} for {error.retry_after:.0f} s; all workers wait",
            user=key.user_identifier,
            wait=error.retry_after,
        )


def _throttled(key: TokenKey, flight: Flight, wait: float) -> RefreshThrottled:
    until = datetime.fromtimestamp(flight.clock.wall() / 1000 + wait, timezone.utc)
    throttled = RefreshThrottled(
        f"Zoho gives no new access token for {key} until {until:%Y-%m-%d %H:%M:%S} UTC."
    )
    throttled.retry_after = wait
    return throttled
