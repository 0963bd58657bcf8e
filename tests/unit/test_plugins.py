"""Are plugins found, checked and ranked by rule, whatever is wrong with one of them?"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zcrm_core import (
    Config,
    PluginError,
    StaleToken,
    StoreClaim,
    StoreCorrupt,
    StoreError,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookimpl,
)
from zcrm_core.plugins import Plugins
from zcrm_core.store import Store

CONFIG = Config({"client_id": "1000.A", "client_secret": "s"})
KEY = TokenKey("u", "1000.A", "production")
TOKEN = Token("u", "access", "refresh", 7)


class Memory(TokenStorePlugin):
    """A store that keeps tokens in a dict."""

    def __init__(self, name: str = "memory", priority: int = 500, *, takes: bool = True) -> None:
        self.name = name
        self.priority = priority
        self.takes = takes
        self.tokens: dict[TokenKey, Token] = {}

    def claims(self, config: Config) -> bool:
        return self.takes

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if replaces is not None and self.tokens.get(key) != replaces:
            raise StaleToken("another")
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None


class Listing(Memory):
    """A store that lists as well."""

    def list(self, config: Config) -> Iterable[TokenKey]:
        return iter(self.tokens)


Install = Callable[[str, object], EntryPoint]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Make entry points of objects, as an installed wheel would have them."""
    made = itertools.count()

    def install(name: str, plugin: object) -> EntryPoint:
        module = ModuleType(f"installed_plugin_{next(made)}")
        module.plugin = plugin  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return EntryPoint(name, f"{module.__name__}:plugin", "zcrm")

    return install


def chosen(plugins: Plugins, config: Config = CONFIG) -> str:
    """The name of the store that a configuration chooses."""
    return Store(plugins, config).name


def problem(plugins: Plugins) -> PluginError:
    """The one problem of the plugins."""
    [error] = plugins.failures
    return error


def test_the_base_class_gives_the_hooks(install: Install) -> None:
    """Four methods make a store: it saves, fetches, replaces and deletes through the hooks."""
    store = Store(Plugins(installed=[install("memory", Memory())]), CONFIG)

    assert store.fetch(KEY) is None
    store.save(KEY, TOKEN, None)
    assert store.fetch(KEY) == TOKEN
    with pytest.raises(StaleToken):
        store.save(KEY, TOKEN, Token("u", "x", None, 0))
    assert store.delete(KEY)
    assert not store.delete(KEY)


def test_optional_hooks_exist_only_when_written(install: Install) -> None:
    """A store without list and lock does not offer them; listing is then a clear error, locking is free."""
    plain = Store(Plugins(installed=[install("memory", Memory())]), CONFIG)
    listing = Store(Plugins(installed=[install("memory", Listing)]), CONFIG)

    assert (plain.lists, plain.locks, listing.lists) == (False, False, True)
    assert listing.list() == []
    with pytest.raises(StoreError, match="does not list"):
        plain.list()
    with plain.lock(KEY, 0.0):
        pass


STORES = st.lists(
    st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=5, unique_by=lambda store: store[0]
)


@given(STORES, st.randoms())
def test_the_highest_claim_is_chosen_in_every_order(stores: list[tuple[int, bool]], random: Any) -> None:
    """Of the stores that claim, the highest priority is used, however they were installed."""
    plugins: list[object] = [Memory(f"s{rank}", rank, takes=takes) for rank, takes in stores]
    random.shuffle(plugins)
    found = Plugins(given=plugins, installed=[])
    claimants = [rank for rank, takes in stores if takes]

    if claimants:
        assert chosen(found) == f"s{max(claimants)}"
    else:
        with pytest.raises(PluginError, match="No installed token store"):
            chosen(found)


def test_equal_priorities_are_an_error_that_names_both() -> None:
    """Two claimants of one rank decide nothing; pinning one does."""
    plugins = Plugins(given=[Memory("one"), Memory("two"), Memory("low", 1)], installed=[])

    with pytest.raises(PluginError, match=r"one.*two") as caught:
        chosen(plugins)

    assert caught.value.code == "ZCRM-PLUGIN-005"
    assert chosen(plugins, CONFIG.replace(token_store="two")) == "two"


def test_a_pin_wins_over_rank_and_claim() -> None:
    """token_store names the store, even one that would not claim; a wrong name says what is there."""
    plugins = Plugins(given=[Memory("high", 9), Memory("low", 1, takes=False)], installed=[])

    assert chosen(plugins, CONFIG.replace(token_store="low")) == "low"
    with pytest.raises(PluginError, match="high, low") as caught:
        chosen(plugins, CONFIG.replace(token_store="mysql"))
    assert "zcrm-store-mysql" in caught.value.fix


@pytest.mark.parametrize(
    ("keys", "wheel"),
    [
        ({}, "zcrm-store-mysql"),
        ({"token_persistence_path": "/x"}, "zcrm-store-file"),
        ({"persistence_handler_class": "C"}, "zcrm-store-custom"),
        ({"persistence_handler_class": "C", "token_persistence_path": "/x"}, "zcrm-store-custom"),
    ],
)
def test_a_missing_store_is_named_with_its_wheel(keys: dict[str, object], wheel: str) -> None:
    """The error for a store that is not installed says what to install."""
    with pytest.raises(PluginError, match=wheel) as caught:
        chosen(Plugins(installed=[]), CONFIG.replace(**keys))

    assert caught.value.code == "ZCRM-PLUGIN-006"


def test_a_named_store_never_falls_to_a_lower_one() -> None:
    """A configuration that names a file is refused without the file store, even if MySQL would take it."""
    mysql = Plugins(given=[Memory("mysql", 100)], installed=[])

    assert chosen(mysql) == "mysql"
    with pytest.raises(PluginError, match="zcrm-store-file"):
        chosen(mysql, CONFIG.replace(token_persistence_path="/x"))


def test_a_wrapper_sees_every_call_of_the_chosen_store() -> None:
    """A plugin that wraps a token hook is run around the store in force, and other stores are not asked."""
    seen: list[str] = []

    class Wrapper:
        @hookimpl(wrapper=True)
        def zcrm_fetch_token(self, key: TokenKey) -> Any:
            seen.append(key.user_identifier)
            return (yield)

    low = Memory("low", 1)
    low.tokens[KEY] = TOKEN
    store = Store(Plugins(given=[Memory("high", 9), low, Wrapper()], installed=[]), CONFIG)

    assert store.fetch(KEY) is None
    assert seen == ["u"]


class Misspelt(Memory):
    """A store with a hook that does not exist."""

    @hookimpl
    def zcrm_save_tokens(self) -> None:
        """Misspelt."""


class WrongArgument(Memory):
    """A store with an argument that does not exist."""

    @hookimpl
    def zcrm_log(self, event: object, colour: object) -> None:
        """Takes too much."""


class WithDefault(Memory):
    """A store with a default."""

    @hookimpl
    def zcrm_log(self, event: object = None) -> None:
        """Has a default."""


class NotAStore:
    """Saves tokens and does not say who it is."""

    @hookimpl
    def zcrm_save_token(self, token: Token) -> bool:
        """Without zcrm_token_store."""
        return True


class HalfAStore:
    """Says who it is and saves nothing."""

    @hookimpl
    def zcrm_token_store(self) -> StoreClaim:
        """Without the rest."""
        return StoreClaim("half", 1, claims=True, reason="")


@pytest.mark.parametrize(
    ("plugin", "says"),
    [
        (Misspelt(), "zcrm_save_tokens"),
        (WrongArgument(), "colour"),
        (WithDefault(), "event"),
        (NotAStore(), "zcrm_token_store"),
        (HalfAStore(), "zcrm_fetch_token"),
    ],
)
def test_a_plugin_that_breaks_a_rule_is_left_out_by_name(plugin: object, says: str, install: Install) -> None:
    """The message names the plugin and the rule; the other plugins work."""
    plugins = Plugins(installed=[install("broken", plugin), install("memory", Memory())])

    assert says in problem(plugins).why
    assert "broken" in problem(plugins).what
    assert chosen(plugins) == "memory"
    with pytest.raises(PluginError, match=says):
        Plugins(given=[plugin], installed=[])


def test_a_plugin_that_cannot_be_imported_is_left_out_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error at import keeps its cause, names the plugin, and takes nobody down."""
    (tmp_path / "zcrm_test_explodes.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    plugins = Plugins(
        installed=[
            EntryPoint("explodes", "zcrm_test_explodes", "zcrm"),
            EntryPoint("gone", "zcrm_gone", "zcrm"),
        ],
        given=[Memory()],
    )

    assert [error.code for error in plugins.failures] == ["ZCRM-PLUGIN-002"] * 2
    assert isinstance(plugins.failures[0].__cause__, ZeroDivisionError)
    assert "explodes" in plugins.failures[0].what
    assert chosen(plugins) == "memory"


def test_a_pinned_store_that_cannot_be_imported_is_the_error() -> None:
    """When the store in force is the broken one, the message says why it did not load."""
    plugins = Plugins(installed=[EntryPoint("mine", "zcrm_gone", "zcrm")], given=[Memory()])

    with pytest.raises(PluginError, match="zcrm_gone"):
        chosen(plugins, CONFIG.replace(token_store="mine"))


def test_two_plugins_of_one_name_are_both_left_out(install: Install) -> None:
    """Neither of two wheels with one name is used, and nothing depends on their order."""
    entries = [install("twin", Memory("a", 1)), install("twin", Memory("b", 2)), install("memory", Memory())]

    for order in itertools.permutations(entries):
        plugins = Plugins(installed=order)
        assert problem(plugins).code == "ZCRM-PLUGIN-004"
        assert chosen(plugins) == "memory"


def test_a_plugin_can_be_switched_off(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """ZCRM_DISABLE_PLUGINS leaves plugins out by name, and says so."""
    monkeypatch.setenv("ZCRM_DISABLE_PLUGINS", "nothing, high ")
    plugins = Plugins(installed=[install("high", Memory("high", 9)), install("low", Memory("low", 1))])

    assert chosen(plugins) == "low"
    assert problem(plugins).code == "ZCRM-PLUGIN-007"


def test_what_the_program_passes_wins_over_an_installed_name(install: Install) -> None:
    """An object of the program takes the place of an installed plugin with the same name."""
    mine = Memory("memory", 3)

    plugins = Plugins(given=[mine], installed=[install("memory", Memory("memory", 9))])

    assert [candidate.claim.priority for candidate in plugins.candidates(CONFIG)] == [3]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "claim",
        StoreClaim("x", priority=True, claims=True, reason=""),
        ZeroDivisionError(),
    ],
)
def test_a_claim_that_is_none_is_an_error(answer: object) -> None:
    """A store that fails, or answers something else than a StoreClaim, is not passed over in silence."""

    class Odd(Memory):
        @hookimpl
        def zcrm_token_store(self, config: Config) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

    with pytest.raises(PluginError, match="memory"):
        chosen(Plugins(given=[Odd(), Memory("other", 1)], installed=[]))


class Unusable(Memory):
    """A store that says what is wrong with it."""

    def problem(self, config: Config) -> StoreError:
        return StoreError("The disk is not there.", code="ZCRM-STORE-001")


def test_a_store_in_force_that_cannot_be_used_fails_at_once() -> None:
    """What it says is wrong with it is raised when it is chosen, and no lower store takes its place."""
    plugins = Plugins(given=[Unusable("memory", 500), Memory("other", 1)], installed=[])

    with pytest.raises(StoreError, match="The disk is not there"):
        Store(plugins, CONFIG)


def test_what_is_wrong_with_a_store_must_be_an_error_of_a_store() -> None:
    """A problem that could not be raised is an answer that cannot be used, and names the plugin."""

    class Odd(Memory):
        def problem(self, config: Config) -> Any:
            return "the disk is not there"

    with pytest.raises(PluginError, match=r"memory.*zcrm_token_store"):
        Store(Plugins(given=[Odd()], installed=[]), CONFIG)


@pytest.mark.parametrize("pin", [None, "other"])
def test_a_store_that_cannot_be_used_harms_nobody_else(pin: str | None) -> None:
    """Where another store ranks higher or is pinned, what is wrong with this one stops nothing."""
    config = CONFIG.replace(token_store=pin) if pin else CONFIG
    rank = 1 if pin else 501
    plugins = Plugins(given=[Unusable("memory", 500), Memory("other", rank)], installed=[])

    assert Store(plugins, config).name == "other"


@pytest.mark.parametrize(
    ("method", "answer"),
    [("fetch", "token"), ("fetch", False), ("delete", None), ("list", [7]), ("lock", 7)],
)
def test_nonsense_from_the_store_is_an_error(method: str, answer: object) -> None:
    """An answer that is not what the hook promises may mean a lost token, so it is never ignored."""

    class Odd(Listing):
        def lock(self, config: Config, key: TokenKey, wait: float) -> Any:
            return answer

    odd = Odd()
    if method != "lock":
        setattr(odd, method, lambda *_: answer)
    store = Store(Plugins(given=[odd], installed=[]), CONFIG)
    calls: dict[str, Callable[[], object]] = {
        "fetch": lambda: store.fetch(KEY),
        "delete": lambda: store.delete(KEY),
        "list": store.list,
        "lock": lambda: store.lock(KEY, 1.0),
    }

    with pytest.raises(PluginError, match="ZCRM-PLUGIN-003"):
        calls[method]()


def test_another_user_s_token_is_never_used() -> None:
    """A store that gives a token of somebody else is caught by the core."""
    store = Memory()
    store.tokens[KEY] = Token("U", "access", None, 7)

    with pytest.raises(StoreCorrupt, match="another user") as caught:
        Store(Plugins(given=[store], installed=[]), CONFIG).fetch(KEY)

    assert caught.value.code == "ZCRM-STORE-005"


def test_a_stranger_s_error_is_wrapped_with_the_store_s_name() -> None:
    """An error that is not zcrm's becomes a StoreError that names the store and keeps the token."""

    class Failing(Memory):
        def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
            raise KeyError("db")

    with pytest.raises(StoreError, match="memory") as caught:
        Store(Plugins(given=[Failing()], installed=[]), CONFIG).save(KEY, TOKEN, None)

    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.unsaved == TOKEN


def test_plain_functions_are_a_store(install: Install) -> None:
    """A module of functions marked hookimpl works, and each may leave out arguments that it does not need."""
    tokens: dict[TokenKey, Token] = {}
    module = ModuleType("plain")

    @hookimpl
    def zcrm_token_store() -> StoreClaim:
        return StoreClaim("plain", 7, claims=True, reason="always")

    @hookimpl
    def zcrm_save_token(key: TokenKey, token: Token) -> bool:
        tokens[key] = token
        return True

    @hookimpl
    def zcrm_fetch_token(key: TokenKey) -> Token | None:
        return tokens.get(key)

    @hookimpl
    def zcrm_delete_token(key: TokenKey) -> bool:
        return tokens.pop(key, None) is not None

    for function in (zcrm_token_store, zcrm_save_token, zcrm_fetch_token, zcrm_delete_token):
        setattr(module, function.__name__, function)
    store = Store(Plugins(installed=[install("plain", module)]), CONFIG)

    store.save(KEY, TOKEN, None)

    assert store.fetch(KEY) == TOKEN
