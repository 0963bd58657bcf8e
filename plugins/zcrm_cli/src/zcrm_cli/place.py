"""Where are a client's tokens kept, in words for a person?"""

from __future__ import annotations

from typing import Final

from zcrm_core import Client

_KEYS: Final = {
    "custom": ("persistence_handler_class_path", "persistence_handler_class"),
    "file": ("token_persistence_path",),
    "mysql": ("db_host", "db_name", "db_table"),
}
"""The keys that say where a store of ours keeps its tokens; none of them is secret."""


def place_of(client: Client) -> str:
    """Name the store in force, with the keys of the configuration that lead to it."""
    config = client.config
    keys = _KEYS.get(client.token_store, ())
    named = [f"{key} = {config.get(key)}" for key in keys if key in config]
    return f"{client.token_store} ({', '.join(named)})" if named else client.token_store
