"""Where are a client's tokens kept, in words for a person?"""

from __future__ import annotations

from typing import Final

from zcrm_core import Client

_KEYS: Final = (
    "token_persistence_path",
    "persistence_handler_class_path",
    "persistence_handler_class",
    "db_host",
    "db_name",
)
"""The keys that say where a first-party store keeps its tokens; none of them is secret."""


def place_of(client: Client) -> str:
    """Name the store in force, with the keys of the configuration that lead to it."""
    config = client.config
    named = [f"{key} = {config.get(key)}" for key in _KEYS if key in config]
    return f"{client.token_store} ({', '.join(named)})" if named else client.token_store
