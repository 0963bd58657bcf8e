"""What does a store promise beyond saving, fetching and deleting?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zcrm_core import Token

__all__ = ["Capabilities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """A store's own statement; what is switched off is reported as "not promised", never as kept.

    Args:
        survives_restart: what was saved is there when the process is started again.
        shared_between_processes: several processes on one machine see and keep the same tokens.
        lists: ``zcrm_list_tokens`` gives the keys that have a token.
        locks: ``zcrm_lock_token`` gives a lock that one caller holds among all that share the store.
        forks: a process that is forked after the store was used can go on using it, as can its parent.
        full_lengths: every token that the core accepts fits, up to 64 KiB a text; when off, one with a text
            that is longer than ``longest`` may be refused by a typed error before anything changes.
        keeps_all_fields: the API domain and the scope come back; when off, both are absent from what is
            fetched, and everything else holds for a token that has them.
        separates_clients: a user's tokens of several clients and environments are kept apart.
        encrypted_at_rest: what is stored shows no token to whoever reads it raw.
        migrates: a store that an older version wrote is opened and keeps its tokens.
        connects: it talks to a server, and lives through a lost connection.
    """

    survives_restart: bool = True
    shared_between_processes: bool = True
    lists: bool = True
    locks: bool = True
    forks: bool = True
    full_lengths: bool = True
    keeps_all_fields: bool = True
    separates_clients: bool = True
    encrypted_at_rest: bool = False
    migrates: bool = False
    connects: bool = False

    def kept(self, token: Token) -> Token:
        """Give what has to come back of a token that was saved."""
        return token if self.keeps_all_fields else replace(token, api_domain=None, scope=None)
