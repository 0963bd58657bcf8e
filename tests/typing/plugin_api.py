"""Which types does the editor of a plugin's author see? mypy checks this file; it is never run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from typing_extensions import assert_type

from zcrm_core import (
    Client,
    Config,
    LogEvent,
    Region,
    Secret,
    StoreClaim,
    StoreError,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookimpl,
)


class Store(TokenStorePlugin):
    """A store with everything, as the guide for authors shows it."""

    name = "mine"
    priority = 150
    config_keys: Mapping[str, str] = {"my_url": "where the tokens are"}

    def claims(self, config: Config) -> bool:
        assert_type(config.get("my_url"), object)
        assert_type(config.require("my_url", "the store mine"), str)
        return "my_url" in config

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        assert_type(token.expiry_time, int)
        assert_type(token.refresh_token, str | None)
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return None

    def delete(self, config: Config, key: TokenKey) -> bool:
        return False

    def list(self, config: Config) -> Iterable[TokenKey]:
        return []

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        yield


class Unsure(Store):
    """Stores that promise less than the hook are refused by mypy, not by a lost token."""

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> bool:  # type: ignore[override]
        return False

    def fetch(self, config: Config, key: str) -> Token | None:  # type: ignore[override]
        return None


class Half(TokenStorePlugin):
    """A store without its methods."""

    name = "half"
    priority = 1


Half()  # type: ignore[abstract]


class Plugin:
    """A region and a logger."""

    @hookimpl
    def zcrm_choose_region(self, config: Config) -> Region | None:
        assert_type(config.environment, str)
        assert_type(config.sandbox, bool)
        assert_type(config.region, str | None)
        return None

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        assert_type(event.level, int)
        assert_type(event.fields.get("status"), int | None)
        assert_type(event.fields["user"], str)
        event.fields["colour"]  # type: ignore[typeddict-item]


def values(config: Config, token: Token, key: TokenKey, claim: StoreClaim) -> None:
    """Values are frozen for the type checker too, and a secret is no text."""
    token.access_token = "x"  # type: ignore[misc]
    key.user_identifier = "x"  # type: ignore[misc]
    claim.priority = 1  # type: ignore[misc]
    assert_type(claim.problem, StoreError | None)
    assert_type(config.client_secret, Secret)
    assert_type(config.client_secret.reveal(), str)
    text: str = config.client_secret  # type: ignore[assignment]
    Token("u", "a", "r", 0.5)  # type: ignore[arg-type]
    TokenKey("u", "c")  # type: ignore[call-arg]
    Client({"client_id": "1"}, token_store=Store(), plugins=[Plugin(), text])
