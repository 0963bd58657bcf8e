"""What do all workers know of one login's refreshes: when they were, and until when Zoho gives no more?

A store that locks is shared, so the notes stand in it beside the token, as a record of their own: a token
whose text is a JSON document, under a key that no user has. A store without a lock promises nothing across
processes, so there the notes are in this process's memory. They belong to one refresh token, as Zoho's limits
do: a new login starts without any.

Without notes a token is taken to be one of Zoho's usual ones: issued an hour before its end, while no other
one lives. They are written only where that is not so, so that most stores hold tokens and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from typing import Final

from zcrm_core.errors import StaleToken, StoreError, ZcrmError
from zcrm_core.log import EventLog
from zcrm_core.store import Store
from zcrm_core.tokens import MAX_EXPIRY, MAX_USER_BYTES, Token, TokenKey

__all__ = ["ACCESS_TOKENS_ALIVE", "Notebook", "Notes", "are_notes"]

ACCESS_TOKENS_ALIVE: Final = 15
"""How many access tokens of one refresh token Zoho lets live; one more ends the oldest."""
_REMEMBERED: Final = 1_000
_SETTLE_TRIES: Final = 3
_USUAL_LIFETIME_MS: Final = 3_600_000
_SOON_OVER_MS: Final = 720_000
"""A token with less than this left was replaced in time, and is no further one that lives."""
_LONGEST_BLOCK_MS: Final = 3_600_000
"""Zoho's window is ten minutes; a time this far ahead comes from a host whose clock is wrong."""

DOUBT_MS: Final = 600_000
"""A token that is refused so soon after its issue is not too old, nor was it ended by newer ones: Zoho gives
ten in this time. So another one would be refused as well."""

_USER: Final = "refresh notes of "

_in_memory: Final[OrderedDict[tuple[str, TokenKey], Notes]] = OrderedDict()
"""For stores without a lock: the notes of each store and key, whichever client of this process made them."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of one refresh token.

    Args:
        login: the fingerprint of the refresh token that the notes are about.
        issued: the fingerprint of the newest access token.
        lifetime: how long that one lives from its issue on, in ms; 0 when nobody knows.
        issued_at: when access tokens were issued, in ms since the epoch, the newest last.
        blocked_until: until when Zoho gives no more, in ms since the epoch; 0 when it does.
        doubted: whether the newest access token came for one that the CRM refused, and is still to be taken.
    """

    login: str
    issued: str = ""
    lifetime: int = 0
    issued_at: tuple[int, ...] = ()
    blocked_until: int = 0
    doubted: bool = False

    def lifetime_of(self, token: Token) -> int | None:
        """Give how long a token lives from its issue on, in ms, if it is the newest one."""
        return self.lifetime or None if self.issued == _fingerprint(token.access_token) else None

    def alive(self, now: int) -> int:
        """Count the access tokens that still live, in ms since the epoch: those issued within a lifetime."""
        return sum(now - (self.lifetime or _USUAL_LIFETIME_MS) < at <= now for at in self.issued_at)

    def blocked(self, now: int) -> int:
        """Give for how many ms from now on Zoho gives no more."""
        return max(0, min(self.blocked_until - now, _LONGEST_BLOCK_MS))

    def doubt(self, token: Token, now: int) -> bool:
        """Tell whether a refusal of a token is not its own fault, so that a newer one would not help."""
        newest = self.doubted and self.issued == _fingerprint(token.access_token)
        return newest and any(abs(now - at) < DOUBT_MS for at in self.issued_at[-1:])

    @property
    def are_news(self) -> bool:
        """Whether somebody without the notes would take something else for true."""
        if self.doubted or self.blocked_until or (self.lifetime or _USUAL_LIFETIME_MS) != _USUAL_LIFETIME_MS:
            return True
        *earlier, last = self.issued_at or (0,)
        return any(at + _USUAL_LIFETIME_MS > last + _SOON_OVER_MS for at in earlier)

    def after(self, token: Token, lifetime: int, now: int) -> Notes:
        """Give the notes after one more access token."""
        issued = _fingerprint(token.access_token)
        earlier = self.issued_at[:-1] if issued == self.issued else self.issued_at
        return Notes(_login(token), issued, lifetime, (*earlier, now)[-ACCESS_TOKENS_ALIVE:])


class Notebook:
    """The notes of every key of one store.

    Args:
        store: where they are kept, if it locks.
        log: is told when notes cannot be read or written; no call fails because of that.
    """

    def __init__(self, store: Store, log: EventLog) -> None:
        self._store = store
        self._log = log

    def read(self, key: TokenKey, token: Token) -> Notes:
        """Give the notes about a token's login; those of a usual token when there are none."""
        empty = _assumed(token)
        if not self._store.locks:
            found = _in_memory.get((self._store.name, _beside(key)), empty)
        else:
            try:
                kept = self._store.fetch(_beside(key))
            except ZcrmError as error:
                self._failed(key, error)
                return empty
            found = empty if kept is None else _decode(kept.access_token, empty)
        if found.login != empty.login:
            return empty
        if found.issued == empty.issued:
            return found
        # The newest token was issued without need for a note.
        times = (*found.issued_at, *empty.issued_at)[-ACCESS_TOKENS_ALIVE:]
        return replace(empty, issued_at=times, blocked_until=found.blocked_until)

    def write(self, key: TokenKey, notes: Notes) -> None:
        """Keep the notes in place of those before, where they say what nobody would assume."""
        if notes.are_news:
            self._save(key, notes, None)

    def block(self, key: TokenKey, token: Token, until: int) -> None:
        """Note that Zoho gives no more access tokens of a login for now."""
        self.write(key, replace(self.read(key, token), blocked_until=until))

    def settle(self, key: TokenKey, token: Token) -> None:
        """Note that the CRM has taken a token, so that it is doubted no more."""
        for _ in range(_SETTLE_TRIES):
            notes = self.read(key, token)
            if not notes.doubted or self._save(key, replace(notes, doubted=False), notes):
                return

    def forget(self, key: TokenKey) -> None:
        """Remove the notes: the user has logged out."""
        beside = _beside(key)
        _in_memory.pop((self._store.name, beside), None)
        if self._store.locks:
            try:
                self._store.delete(beside)
            except ZcrmError as error:
                self._failed(key, error)

    def _save(self, key: TokenKey, notes: Notes, before: Notes | None) -> bool:
        """Save notes; tell whether nobody has noted something newer than ``before``."""
        beside = _beside(key)
        if not self._store.locks:
            place = self._store.name, beside
            _in_memory.pop(place, None)  # so that it becomes the newest
            _in_memory[place] = notes
            if len(_in_memory) > _REMEMBERED:
                _in_memory.popitem(last=False)
            return True
        replaces = None if before is None else _record(beside, before)
        try:
            self._store.save(beside, _record(beside, notes), replaces)
        except StaleToken:
            return False
        except StoreError as error:
            self._failed(key, error)
        return True

    def _failed(self, key: TokenKey, error: ZcrmError) -> None:
        self._log.emit(
            "refresh_notes_failed",
            logging.WARNING,
            f"what is known of the refreshes of {key} cannot be shared with other workers: {error.what}",
            user=key.user_identifier,
            error=error.code,
        )


def are_notes(key: TokenKey) -> bool:
    """Tell whether a key of a store's is that of notes; a table may know the user only."""
    return key.user_identifier.startswith(_USER)


def _beside(key: TokenKey) -> TokenKey:
    """The key of the notes. Its user is no user's name, so that a store that looks at names only is safe."""
    named = f"{_USER}{key.user_identifier}"
    if len(named.encode()) > MAX_USER_BYTES:
        named = f"{_USER}{key.digest().hex()}"
    return TokenKey(named, key.client_id, f"{key.environment}/refresh-notes")


def _record(beside: TokenKey, notes: Notes) -> Token:
    text = json.dumps(asdict(notes), separators=(",", ":"))
    return Token(beside.user_identifier, text, None, notes.blocked_until)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _assumed(token: Token) -> Notes:
    """The notes that a token of Zoho's usual kind would have."""
    issued_at = token.expiry_time - _USUAL_LIFETIME_MS
    return Notes(_login(token), _fingerprint(token.access_token), 0, (issued_at,) if issued_at > 0 else ())


def _login(token: Token) -> str:
    return _fingerprint(token.refresh_token or f"client credentials {token.user_identifier}")


def _decode(text: str, empty: Notes) -> Notes:
    """Read notes; what is none, or of a later release, counts as no notes."""
    try:
        fields = json.loads(text)
        notes = Notes(
            str(fields["login"]),
            str(fields["issued"]),
            int(fields["lifetime"]),
            tuple(map(int, fields["issued_at"])),
            int(fields["blocked_until"]),
            bool(fields["doubted"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return empty
    return notes if notes.lifetime >= 0 and 0 <= notes.blocked_until <= MAX_EXPIRY else empty
