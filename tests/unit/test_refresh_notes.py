"""What is noted beside a token, and is nothing noted where there is nothing to say?"""

from __future__ import annotations

from typing import Literal

import pytest

from zcrm_core import Config, Token, TokenKey, TokenStorePlugin
from zcrm_core.log import EventLog
from zcrm_core.plugins import Plugins
from zcrm_core.refresh_notes import Notebook, are_notes
from zcrm_core.store import Store

HOUR = 3_600_000
MINUTE = 60_000
NOW = 1_800_000_000_000
KEY = TokenKey("a@example.com", "1000.A", "production")


class Shared(TokenStorePlugin):
    """A store in memory that says it locks, as a shared one does."""

    name = "shared"
    priority = 1

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None

    def lock(self, config: Config, key: TokenKey, wait: float) -> object:
        raise NotImplementedError


@pytest.fixture
def shared() -> Shared:
    """A store that is empty."""
    return Shared()


@pytest.fixture
def notebook(shared: Shared) -> Notebook:
    """The notes of that store."""
    plugins = Plugins(given=(shared,), installed=())
    config = Config({"client_id": "1000.A", "client_secret": "s", "token_store": "shared"})
    return Notebook(Store(plugins, config), EventLog(plugins))


def issued(number: int, at: int, lifetime: int = HOUR) -> Token:
    """The access token with this number, issued at a time."""
    return Token(KEY.user_identifier, f"access {number}", "refresh", at + lifetime)


def after_refresh(notebook: Notebook, old: Token, new: Token, at: int, lifetime: int = HOUR) -> None:
    """What a refresh does with the notes."""
    notebook.write(KEY, notebook.read(KEY, old).after(new, lifetime, at))


def test_a_login_and_usual_refreshes_leave_tokens_only(notebook: Notebook, shared: Shared) -> None:
    """A login, and refreshes at the end of an hour or ten minutes before, put nothing beside the token."""
    first = issued(1, NOW)
    notebook.write(KEY, notebook.read(KEY, first).after(first, HOUR, NOW))
    after_refresh(notebook, first, issued(2, NOW + HOUR), NOW + HOUR)
    third = NOW + 2 * HOUR - 10 * MINUTE
    after_refresh(notebook, issued(2, NOW + HOUR), issued(3, third), third)

    assert shared.tokens == {}
    assert notebook.read(KEY, issued(3, third)).issued_at[-1] == third


def test_tokens_that_live_side_by_side_are_counted(notebook: Notebook, shared: Shared) -> None:
    """Refreshes long before the end are noted, so that every worker knows how many tokens live."""
    old = issued(1, NOW)
    for number in range(2, 6):
        new = issued(number, NOW + number * MINUTE)
        after_refresh(notebook, old, new, NOW + number * MINUTE)
        old = new

    assert [are_notes(key) for key in shared.tokens] == [True]
    assert notebook.read(KEY, old).alive(NOW + 5 * MINUTE) == 5
    usual = issued(9, NOW + 2 * HOUR)
    assert notebook.read(KEY, usual).alive(NOW + 2 * HOUR) == 1


def test_a_lifetime_other_than_an_hour_is_noted(notebook: Notebook) -> None:
    """How long a token lives, where it is not an hour, is known to every worker."""
    after_refresh(notebook, issued(1, NOW), issued(2, NOW, 2000), NOW, 2000)

    assert notebook.read(KEY, issued(2, NOW, 2000)).lifetime_of(issued(2, NOW, 2000)) == 2000


def test_a_block_outlives_the_tokens_that_come_after(notebook: Notebook) -> None:
    """Until when Zoho gives no more is known with whatever token of the login, and with no other login."""
    notebook.block(KEY, issued(1, NOW), NOW + 5 * MINUTE)

    assert notebook.read(KEY, issued(1, NOW)).blocked(NOW) == 5 * MINUTE
    assert notebook.read(KEY, issued(2, NOW + MINUTE)).blocked(NOW) == 5 * MINUTE
    other = Token(KEY.user_identifier, "access", "another login", NOW + HOUR)
    assert notebook.read(KEY, other).blocked(NOW) == 0
