"""Is a token safe with the core, whatever the store in force answers or raises?"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Literal

import pytest

from zcrm_core import (
    Client,
    Config,
    ConfigError,
    InvalidToken,
    PluginError,
    RefreshTimeout,
    StaleToken,
    StoreClaim,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
    Token,
    TokenKey,
    TokenStorePlugin,
    ZcrmError,
    hookimpl,
)
from zcrm_core.plugins import Plugins
from zcrm_core.store import Store

BASE = {"client_id": "1000.A", "client_secret": "a secret", "current_user_email": "u"}
CONFIG = Config(BASE)
KEY = TokenKey("u", "1000.A", "production")
TOKEN = Token("u", "s3cr3t-access", "s3cr3t-refresh", 7)


class Memory(TokenStorePlugin):
    """A store that keeps tokens in a dict, lists and locks."""

    name = "memory"
    priority = 500

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}
        self.asked: list[str] = []

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self.asked.append("save")
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        self.asked.append("fetch")
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        self.asked.append("delete")
        return self.tokens.pop(key, None) is not None

    def list(self, config: Config) -> Iterable[TokenKey]:
        self.asked.append("list")
        return list(self.tokens)

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        self.asked.append(f"lock {wait}")
        yield


def store_of(*plugins: object) -> Store:
    """The store that these plugins give."""
    return Store(Plugins(given=plugins, installed=[]), CONFIG)


def failing(method: str, answer: Callable[[], object]) -> Store:
    """A store in which one method does something else."""
    plugin = Memory()
    setattr(plugin, method, lambda *_: answer())
    return store_of(plugin)


def raising(error: BaseException) -> Callable[[], object]:
    """A function that raises."""

    def fail() -> object:
        raise error

    return fail


CALLS: dict[str, Callable[[Store], object]] = {
    "save": lambda store: store.save(KEY, TOKEN, None),
    "fetch": lambda store: store.fetch(KEY),
    "delete": lambda store: store.delete(KEY),
    "list": lambda store: store.list(),
    "lock": lambda store: store.lock(KEY, 1.0).__enter__(),
}


@pytest.mark.parametrize("answer", [None, False, 0, 1, "True", [True], TOKEN])
def test_a_save_that_is_not_confirmed_gives_the_token_back(answer: object) -> None:
    """Only True means saved; after any other answer the error holds the token, so that it is not lost."""
    with pytest.raises(StoreError, match=r"answered zcrm_save_token with .*, not True") as caught:
        failing("save", lambda: answer).save(KEY, TOKEN, None)

    assert caught.value.unsaved is TOKEN
    assert caught.value.code == "ZCRM-PLUGIN-003"
    assert "memory" in caught.value.what


@pytest.mark.parametrize(
    "error",
    [
        StoreUnavailable("No server."),
        StaleToken("Another is there."),
        StoreCorrupt("Damaged."),
        ConfigError(
            "The key my_url is missing.", why="The store needs it.", fix="Set it.", code="ZCRM-CONFIG-003"
        ),
        PluginError("Broken."),
        OSError("disk full"),
        KeyError("u"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_failed_save_gives_the_token_back(error: Exception) -> None:
    """Whatever a store raises, the caller gets a StoreError that carries the token and shows none of it."""
    with pytest.raises(StoreError) as caught:
        failing("save", raising(error)).save(KEY, TOKEN, None)

    assert caught.value.unsaved is TOKEN
    assert caught.value is error or caught.value.__cause__ is error
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
    if isinstance(error, ZcrmError):
        assert str(caught.value) == str(error)


def test_a_login_with_a_store_that_confirms_nothing_loses_no_token() -> None:
    """Through the whole client: a token whose save was not confirmed is saved once the store is cured."""
    plugin = Memory()
    plugin.save = lambda *_: None  # type: ignore[method-assign, assignment]

    with Client(BASE, token_store=plugin) as client:
        with pytest.raises(StoreError) as caught:
            client.tokens.save(TOKEN)
        del plugin.save
        assert caught.value.unsaved is not None
        client.tokens.save(caught.value.unsaved)

        assert client.tokens.fetch() == TOKEN


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("error", [OSError("no"), KeyError("no"), AssertionError(), RecursionError()])
def test_a_stranger_s_error_names_store_and_hook(method: str, error: Exception) -> None:
    """An error that is not zcrm's becomes a StoreError with the store, the hook and the cause."""
    with pytest.raises(StoreError, match=r"memory.*zcrm_") as caught:
        CALLS[method](failing(method, raising(error)))

    assert caught.value.code == "ZCRM-STORE-007"
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("method", CALLS)
def test_the_store_s_own_error_passes_unchanged(method: str) -> None:
    """A typed error of the store reaches the caller as the same object."""
    error = StoreUnavailable("No server.")

    with pytest.raises(StoreUnavailable) as caught:
        CALLS[method](failing(method, raising(error)))

    assert caught.value is error


@pytest.mark.parametrize("method", CALLS)
def test_an_interrupt_is_not_a_store_error(method: str) -> None:
    """Ctrl-C during a call of the store stays what it is."""
    with pytest.raises(KeyboardInterrupt):
        CALLS[method](failing(method, raising(KeyboardInterrupt())))


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("fetch", "token"),
        ("fetch", {"access_token": "s3cr3t"}),
        ("fetch", False),
        ("delete", None),
        ("delete", 1),
        ("list", 7),
        ("list", None),
        ("list", ["u"]),
        ("list", "u"),
        ("lock", None),
        ("lock", True),
    ],
)
def test_an_answer_of_the_wrong_kind_is_an_error_that_shows_no_answer(method: str, answer: object) -> None:
    """The error says of which type the answer is, never what it holds."""
    with pytest.raises(PluginError, match=r"memory.*zcrm_") as caught:
        CALLS[method](failing(method, lambda: answer))

    assert caught.value.code == "ZCRM-PLUGIN-003"
    assert "s3cr3t" not in str(caught.value)


def test_a_list_that_fails_on_the_way_is_the_store_s_error() -> None:
    """A store may list with a generator; what fails inside it is named like any other failure."""

    def keys() -> Iterator[TokenKey]:
        yield KEY
        raise OSError("connection lost")

    with pytest.raises(StoreError, match=r"memory.*zcrm_list_tokens") as caught:
        failing("list", keys).list()

    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("user", ["U", "u ", "v"])
def test_nobody_gets_another_user_s_token(user: str) -> None:
    """A store that folds or trims users is caught: the token it gives is refused, and not shown."""
    with pytest.raises(StoreCorrupt, match="another user's token for u") as caught:
        failing("fetch", lambda: Token(user, "s3cr3t", None, 7)).fetch(KEY)

    assert caught.value.code == "ZCRM-STORE-005"
    assert "s3cr3t" not in str(caught.value)


def test_a_token_is_saved_for_its_own_user_only() -> None:
    """Saving somebody's token under another user is refused before the store is asked."""
    plugin = Memory()

    with pytest.raises(InvalidToken, match="cannot be saved for U"):
        store_of(plugin).save(TokenKey("U", "1000.A", "production"), TOKEN, None)

    assert plugin.asked == []


class Watching:
    """A plugin that is no store and wraps every token hook."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def _watch(self, hook: str) -> Any:
        self.seen.append(hook)
        return (yield)

    @hookimpl(wrapper=True)
    def zcrm_save_token(self, key: TokenKey, token: Token, replaces: Token | None) -> Any:
        return (yield from self._watch("save"))

    @hookimpl(wrapper=True)
    def zcrm_fetch_token(self, key: TokenKey) -> Any:
        return (yield from self._watch("fetch"))

    @hookimpl(wrapper=True)
    def zcrm_delete_token(self, key: TokenKey) -> Any:
        return (yield from self._watch("delete"))

    @hookimpl(wrapper=True)
    def zcrm_list_tokens(self) -> Any:
        return (yield from self._watch("list"))

    @hookimpl(wrapper=True)
    def zcrm_lock_token(self, wait: float) -> Any:
        return (yield from self._watch(f"lock {wait}"))


def test_wrappers_see_every_call_once_and_other_stores_none() -> None:
    """All five token hooks run the wrappers around the store in force and leave the other stores alone."""

    class Lower(Memory):
        name = "lower"
        priority = 1

    chosen, lower, first, last = Memory(), Lower(), Watching(), Watching()
    store = store_of(first, chosen, lower, last)

    for call in CALLS.values():
        call(store)

    assert first.seen == last.seen == chosen.asked == ["save", "fetch", "delete", "list", "lock 1.0"]
    assert lower.asked == []


class OddLock:
    """A lock whose end is not as it should be."""

    def __init__(self, *, swallows: bool = False, fails: bool = False) -> None:
        self.swallows, self.fails = swallows, fails

    def __enter__(self) -> None:
        """Nothing is in the way."""

    def __exit__(self, *_error: object) -> bool:
        if self.fails:
            raise ValueError("exit")
        return self.swallows


def with_lock(lock: OddLock) -> Store:
    """A store with this lock."""

    class Odd(Memory):
        def lock(self, config: Config, key: TokenKey, wait: float) -> Any:
            return lock

    return store_of(Odd())


def test_a_lock_of_one_process_is_the_store_s_own() -> None:
    """A store whose claim says that no other process keeps its lock is still the one that locks."""
    lock = Noting()

    class Alone(Memory):
        @hookimpl
        def zcrm_token_store(self, config: Config) -> StoreClaim:
            return replace(super().zcrm_token_store(config), locks=False)

        def lock(self, config: Config, key: TokenKey, wait: float) -> Any:
            return lock

    store = store_of(Alone())
    with store.lock(KEY, 1.0):
        pass

    assert not store.locks
    assert lock.happened == ["taken", None]


def test_a_lock_swallows_no_error() -> None:
    """A store's lock that says it has dealt with an error of the core's does not keep it from the caller."""
    held = with_lock(OddLock(swallows=True)).lock(KEY, 1.0)

    with pytest.raises(KeyError, match="of the core"), held:
        raise KeyError("of the core")


def test_a_lock_that_fails_at_its_end_is_named() -> None:
    """A lock that cannot be left is an error that names the store, as one that cannot be entered is."""
    held = with_lock(OddLock(fails=True)).lock(KEY, 1.0)

    with pytest.raises(StoreError, match="zcrm_lock_token") as caught, held:
        pass

    assert caught.value.code == "ZCRM-STORE-007"


def test_a_deleted_token_does_not_come_back_from_another_store() -> None:
    """What the store in force does not have is not there, even if a lower store has it."""

    class Lower(Memory):
        name = "lower"
        priority = 1

    lower = Lower()
    lower.tokens[KEY] = TOKEN
    store = store_of(Memory(), lower)

    assert store.fetch(KEY) is None
    assert not store.delete(KEY)
    assert store.list() == []
    assert lower.tokens == {KEY: TOKEN}


def test_a_wrapper_that_swallows_the_receipt_is_noticed() -> None:
    """A wrapper that forgets to pass the store's answer on does not pass for a store that saved."""

    class Forgetful:
        @hookimpl(wrapper=True)
        def zcrm_save_token(self) -> Any:
            yield

    with pytest.raises(StoreError) as caught:
        store_of(Memory(), Forgetful()).save(KEY, TOKEN, None)

    assert caught.value.unsaved is TOKEN


class Noting(AbstractContextManager[None]):
    """A lock that notes what happens to it, and may fail to be taken."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.happened: list[object] = []

    def __enter__(self) -> None:
        self.happened.append("taken")
        if self.error is not None:
            raise self.error

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.happened.append(kind)


def test_a_lock_is_taken_and_freed_once_whatever_happens_meanwhile() -> None:
    """An error inside reaches the lock and the caller as it is, and the lock is free afterwards."""
    noting = Noting()

    with pytest.raises(ZeroDivisionError), failing("lock", lambda: noting).lock(KEY, 0.5):
        noting.happened.append(1 / 0)

    assert noting.happened == ["taken", ZeroDivisionError]


@pytest.mark.parametrize(
    ("error", "kind"), [(OSError("no"), StoreError), (RefreshTimeout("Held."), RefreshTimeout)]
)
def test_a_lock_that_cannot_be_taken_is_named(error: Exception, kind: type[Exception]) -> None:
    """A failure while the lock is taken is the store's, by name; zcrm's own errors pass unchanged."""
    with pytest.raises(kind) as caught, failing("lock", lambda: Noting(error)).lock(KEY, 0.5):
        pytest.fail("nobody holds the lock")

    assert caught.value is error or caught.value.__cause__ is error
