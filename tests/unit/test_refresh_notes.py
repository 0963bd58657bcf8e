"""What is noted beside a token, and is nothing noted where there is nothing to say?"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from zcrm_core import Config, StaleToken, StoreClaim, Token, TokenKey, TokenStorePlugin, hookimpl
from zcrm_core.log import EventLog
from zcrm_core.plugins import Plugins
from zcrm_core.refresh_notes import Notebook, Notes, are_notes
from zcrm_core.store import Store

HOUR = 3_600_000
MINUTE = 60_000
NOW = 1_800_000_000_000
KEY = TokenKey("a@example.com", "1000.A", "production")


class Plain(TokenStorePlugin):
    """A store in memory without a lock."""

    name = "plain"
    priority = 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.tokens: dict[TokenKey, Token] = {}

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if replaces is not None and self.tokens.get(key) != replaces:
            raise StaleToken("It is another one.")
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None


class Shared(Plain):
    """A store that says it locks, as one does that workers share."""

    def lock(self, config: Config, key: TokenKey, wait: float) -> object:
        raise NotImplementedError


@pytest.fixture
def shared() -> Shared:
    """A store that is empty."""
    return Shared("shared")


@pytest.fixture
def notebook(shared: Shared) -> Notebook:
    """The notes of that store."""
    return notebook_of(shared)


def notebook_of(store: Plain) -> Notebook:
    """The notes of a store."""
    plugins = Plugins(given=(store,), installed=())
    config = Config({"client_id": "1000.A", "client_secret": "s", "token_store": store.name})
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


def doubted(notebook: Notebook, new: Token, at: int) -> None:
    """What a refresh does with the notes after the CRM refused the token before."""
    notebook.write(KEY, replace(notebook.read(KEY, issued(1, NOW)).after(new, HOUR, at), doubted=True))


def test_nobody_waits_for_a_clock_that_is_wrong() -> None:
    """A time to wait until that lies days ahead comes from another host's clock; it counts for an hour."""
    assert Notes("login", blocked_until=NOW + 48 * HOUR).blocked(NOW) == HOUR


def test_a_doubt_is_shared_until_the_token_is_taken_or_ten_minutes_old(notebook: Notebook) -> None:
    """Every worker reads that a token came for a refused one; it counts for that token, and not for long."""
    new = issued(2, NOW + MINUTE)
    doubted(notebook, new, NOW + MINUTE)

    assert notebook.read(KEY, new).doubt(new, NOW + 2 * MINUTE)
    assert not notebook.read(KEY, new).doubt(new, NOW + 12 * MINUTE)
    later = issued(3, NOW + 2 * MINUTE)
    assert not notebook.read(KEY, later).doubt(later, NOW + 2 * MINUTE)

    notebook.settle(KEY, new)
    assert not notebook.read(KEY, new).doubt(new, NOW + 2 * MINUTE)


@pytest.mark.parametrize(
    "damage",
    [
        '"doubted":true',
        '"doubted":true,"lifetime":-1',
        '"doubted":true,"blocked_until":-1',
        '"doubted":true,"blocked_until":1e300',
        '"doubted":true,"issued_at":7',
        "",
    ],
)
def test_damaged_notes_are_none(notebook: Notebook, shared: Shared, damage: str) -> None:
    """A call that went well does not fail because of them, and no token is at its end because of them."""
    new = issued(2, NOW, 2 * HOUR)
    doubted(notebook, new, NOW)
    [beside] = shared.tokens
    whole = shared.tokens[beside]
    text = whole.access_token.replace("}", f",{damage}}}")
    shared.tokens[beside] = replace(whole, access_token=text)

    found = notebook.read(KEY, new)

    assert found.doubted == (damage == '"doubted":true')
    assert found.lifetime >= 0
    notebook.settle(KEY, new)


def test_what_is_noted_meanwhile_is_not_overwritten(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who ends a doubt just when another worker notes a block does not lose the block, and ends it."""
    new = issued(2, NOW)
    doubted(notebook, new, NOW)
    read = Notebook.read

    def read_then_block(self: Notebook, key: TokenKey, token: Token) -> Notes:
        found = read(self, key, token)
        monkeypatch.undo()
        notebook.block(KEY, new, NOW + 5 * MINUTE)
        return found

    monkeypatch.setattr(Notebook, "read", read_then_block)
    notebook.settle(KEY, new)

    assert notebook.read(KEY, new).blocked(NOW) == 5 * MINUTE
    assert not notebook.read(KEY, new).doubted


def test_a_store_whose_lock_is_of_one_process_holds_tokens_only() -> None:
    """Where the claim says that no other process keeps the lock, the notes stand in memory as without one."""

    class Alone(Shared):
        @hookimpl
        def zcrm_token_store(self, config: Config) -> StoreClaim:
            return replace(super().zcrm_token_store(config), locks=False)

    store = Alone("alone")
    notebook = notebook_of(store)

    notebook.block(KEY, issued(1, NOW), NOW + 5 * MINUTE)

    assert notebook.read(KEY, issued(1, NOW)).blocked(NOW) == 5 * MINUTE
    assert store.tokens == {}
    notebook.forget(KEY)


def test_stores_without_a_lock_have_notes_of_their_own() -> None:
    """The notes that stand in memory belong to one store: a user's login in another one has others."""
    one, two = notebook_of(Plain("one")), notebook_of(Plain("two"))

    one.block(KEY, issued(1, NOW), NOW + 5 * MINUTE)

    assert one.read(KEY, issued(1, NOW)).blocked(NOW) == 5 * MINUTE
    assert two.read(KEY, issued(1, NOW)).blocked(NOW) == 0
    one.forget(KEY)
