"""How do these tests write a store class and configure it?"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from zcrm_core import Config, Token, TokenKey
from zcrm_store_custom.plugin import CustomStorePlugin


@pytest.fixture
def plugin() -> CustomStorePlugin:
    """The store, as the core makes it."""
    return CustomStorePlugin()


@pytest.fixture
def key() -> TokenKey:
    """Somebody's key."""
    return TokenKey("a@example.com", "1000.C", "production")


@pytest.fixture
def token(key: TokenKey) -> Token:
    """That user's token."""
    return Token(
        key.user_identifier, "access", "refresh", 1_800_000_000_000, "https://www.zohoapis.eu", "a.b"
    )


@pytest.fixture
def configure() -> Callable[..., Config]:
    """Give a configuration with some of the store's keys."""
    return lambda **keys: Config({"client_id": "1000.C", "client_secret": "s", **keys})


@pytest.fixture
def write(tmp_path: Path, configure: Callable[..., Config]) -> Callable[..., Config]:
    """Write a Python file and give a configuration that names it, and a class in it if one is given."""

    def write_file(source: str, name: str | None = None, file: str = "my_store.py") -> Config:
        path = tmp_path / file
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        return configure(persistence_handler_class_path=str(path), persistence_handler_class=name)

    return write_file
