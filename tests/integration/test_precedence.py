"""Which store keeps the tokens, whatever is installed, configured and pinned, and does it ever hand over?"""

from __future__ import annotations

import itertools
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zcrm_core import (
    Client,
    Config,
    LogEvent,
    PluginError,
    StoreError,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookimpl,
)

BASE = {"client_id": "1000.A", "client_secret": "s", "current_user_email": "u"}
RANKS = {"custom": 300, "file": 200, "mysql": 100}
OURS = tuple(RANKS)
TOKEN = Token("u", "access", "refresh", 2**52)
AREAS = {
    "custom": "ZCRM-CUSTOM-",
    "file": "ZCRM-FILE-",
    "mysql": "ZCRM-MYSQL-",
    "low": "ZCRM-STORE-007",
    "high": "ZCRM-STORE-007",
}
MISSING, EQUAL, NO_CLASS = "ZCRM-PLUGIN-006", "ZCRM-PLUGIN-005", "ZCRM-CUSTOM-001"
OWN = "class Own:\n    save = fetch = delete = print\n"


class Stranger(TokenStorePlugin):
    """Somebody's store; it counts its calls and can be told to fail."""

    def __init__(self, name: str, priority: int) -> None:
        self.name = name
        self.priority = priority
        self.config_keys = {f"{name}_url": "where"}
        self.calls = 0
        self.fails = False

    def claims(self, config: Config) -> bool:
        return f"{self.name}_url" in config

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self._called()
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        self._called()
        return None

    def delete(self, config: Config, key: TokenKey) -> bool:
        self._called()
        return False

    def _called(self) -> None:
        self.calls += 1
        if self.fails:
            raise OSError("the disk is gone")


class Own:
    """A user's own object; the same."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.calls = 0

    def save(self, key: TokenKey, token: Token) -> None:
        self._called()

    def fetch(self, key: TokenKey) -> None:
        self._called()

    def delete(self, key: TokenKey) -> bool:
        self._called()
        return False

    def _called(self) -> None:
        self.calls += 1
        if self.fails:
            raise OSError("the disk is gone")


class Told:
    """A logging plugin that remembers."""

    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        self.events.append(event)

    def of(self, name: str) -> list[LogEvent]:
        """The events of one kind."""
        return [event for event in self.events if event.name == name]


@contextmanager
def installed(names: Sequence[str], strangers: Sequence[Stranger] = ()) -> Iterator[None]:
    """Let these wheels be the ones installed, found in this order: ours as they are, and strangers'."""
    holder = ModuleType("zcrm_test_strangers")
    vars(holder).update({stranger.name: stranger for stranger in strangers})
    found = {entry.name: entry for entry in entry_points(group="zcrm")} | {
        stranger.name: EntryPoint(stranger.name, f"{holder.__name__}:{stranger.name}", "zcrm")
        for stranger in strangers
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, holder.__name__, holder)
        patch.setattr("zcrm_core.plugin_wheels.entry_points", lambda **_: [found[name] for name in names])
        patch.delenv("ZCRM_DISABLE_PLUGINS", raising=False)
        yield


def keys_of(configured: Sequence[str], folder: Path, own: Own | None = None) -> dict[str, Any]:
    """The keys of a configuration that names these stores."""
    if own is None:
        (folder / "own.py").write_text(OWN, encoding="utf-8")
    ours: dict[str, dict[str, Any]] = {
        "custom": {"persistence_handler": own}
        if own
        else {"persistence_handler_class_path": str(folder / "own.py")},
        "file": {"token_persistence_path": str(folder / "tokens")},
        "mysql": {"db_host": "127.0.0.1", "db_port": 9},
    }
    return {k: v for name in configured for k, v in ours.get(name, {f"{name}_url": "x"}).items()}


def expected(there: Sequence[str], configured: Sequence[str], pin: str | None, ranks: dict[str, int]) -> str:
    """The store that must be in force, or the code of the error: the rule, written down once more."""
    if pin is not None:
        return MISSING if pin not in there else NO_CLASS if pin == "custom" not in configured else pin
    claims = sorted(
        (name for name in there if name in configured or name == "mysql"), key=lambda name: -ranks[name]
    )
    if len(claims) > 1 and ranks[claims[0]] == ranks[claims[1]]:
        return EQUAL
    best = ranks[claims[0]] if claims else -1
    if any(name in RANKS and name not in there and RANKS[name] > best for name in configured):
        return MISSING
    return claims[0] if claims else MISSING


def outcome(keys: dict[str, Any], pin: str | None) -> tuple[str, Told]:
    """The store that a client gets, or the code of the error; and what was told."""
    told = Told()
    try:
        with Client({**BASE, **keys, **({"token_store": pin} if pin else {})}, plugins=[told]) as client:
            return client.token_store, told
    except (PluginError, StoreError) as error:
        return error.code, told


def subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every choice of names, in one order each."""
    for size in range(len(names) + 1):
        yield from itertools.combinations(names, size)


@pytest.mark.parametrize("pin", [None, *OURS], ids=str)
@pytest.mark.parametrize("there", tuple(subsets(OURS)), ids=lambda names: "+".join(names) or "none")
def test_our_stores_rank_as_documented(there: tuple[str, ...], pin: str | None, tmp_path: Path) -> None:
    """Custom, file, MySQL: for every choice of installed and of configured ones, in every order."""
    for configured in subsets(OURS):
        for order in itertools.permutations(there):
            with installed(order):
                chosen, told = outcome(keys_of(configured, tmp_path), pin)
            assert chosen == expected(there, configured, pin, RANKS), (order, configured)
            lines = told.of("plugin_chosen")
            assert [event.fields["store"] for event in lines] == ([chosen] if chosen in RANKS else [])


STRANGERS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from([50, 100, 150, 200, 250, 350])),
    max_size=3,
    unique_by=lambda stranger: stranger[0],
)


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(strangers=STRANGERS, ours=st.sets(st.sampled_from(OURS)), data=st.data())
def test_strangers_stores_rank_among_ours(
    strangers: list[tuple[str, int]], ours: set[str], data: st.DataObject, tmp_path: Path
) -> None:
    """The highest claim is used, equal ones are an error, a pin is obeyed: in every order of installation."""
    made = [Stranger(name, priority) for name, priority in strangers]
    there = data.draw(st.permutations([*sorted(ours), *(name for name, _ in strangers)]), "installed")
    configured = data.draw(st.lists(st.sampled_from(there), unique=True) if there else st.just([]))
    pin = data.draw(st.sampled_from([None, None, *there, "nobody"]), "pin")

    with installed(there, made):
        chosen, told = outcome(keys_of(configured, tmp_path), pin)

    assert chosen == expected(there, configured, pin, RANKS | dict(strangers))
    lines = told.of("plugin_chosen")
    assert len(lines) == (0 if chosen.startswith("ZCRM") else 1)
    assert all(stranger.calls == 0 for stranger in made), "making a client touches no token"


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(
    there=st.permutations(["custom", "file", "mysql", "low", "high"]),
    configured=st.sets(st.sampled_from(["custom", "file", "mysql", "low", "high"])),
    pin=st.sampled_from([None, None, "custom", "file", "mysql", "low", "high"]),
)
def test_a_store_that_fails_never_hands_over(
    there: list[str], configured: set[str], pin: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The failure of the store in force is the call's, and no other store is asked for anything."""
    folder = tmp_path_factory.mktemp("stores")
    strangers = [Stranger("low", 50), Stranger("high", 350)]
    named = sorted(configured | ({pin} if pin else set()))
    chosen = expected(there, named, pin, RANKS | {"low": 50, "high": 350})
    own = Own(fails=chosen == "custom")
    for stranger in strangers:
        stranger.fails = stranger.name == chosen
    if chosen == "file":
        (folder / "tokens").write_text("no folder, and no file of tokens", encoding="utf-8")

    with (
        installed(there, strangers),
        Client({**BASE, **keys_of(named, folder, own), **({"token_store": pin} if pin else {})}) as client,
    ):
        assert client.token_store == chosen
        for call in (lambda: client.tokens.save(TOKEN), client.tokens.fetch, client.tokens.delete):
            with pytest.raises(StoreError) as caught:
                call()
            assert caught.value.code.startswith(AREAS[chosen])
            assert chosen not in ("low", "high") or f" {chosen} " in caught.value.what

    asked = {stranger.name for stranger in strangers if stranger.calls} | ({"custom"} if own.calls else set())
    assert asked == {chosen} & {"low", "high", "custom"}
    assert chosen == "file" or list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({}, r"mysql \(zcrm-store-mysql \S+\), priority 100: the default store"),
        (
            {"token_persistence_path": "tokens"},
            r"file \(zcrm-store-file \S+\), priority 200: token_persistence_path is set",
        ),
        (
            {"token_persistence_path": "tokens", "token_store": "mysql"},
            r"mysql \(zcrm-store-mysql \S+\), priority 100: token_store = mysql names it; the default store",
        ),
        (
            {"token_persistence_path": "tokens", "persistence_handler": Own()},
            r"custom \(zcrm-store-custom \S+\), priority 300: persistence_handler is set; class Own .*",
        ),
    ],
    ids=["default", "file", "pinned", "custom"],
)
def test_one_line_at_info_says_which_store_and_why(
    keys: dict[str, Any], line: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The standard log says it once for a client, its siblings included, and not again at any call."""
    caplog.set_level(logging.INFO, "zcrm")
    path = {"token_persistence_path": str(tmp_path / "tokens")} if "token_persistence_path" in keys else {}

    with installed(OURS), Client({**BASE, **keys, **path}) as client:
        for user in ("u", "v"):
            if client.token_store == "file":
                client.as_user(user).tokens.save(Token(user, "a", None, 0))

    records = [record for record in caplog.records if "tokens are kept by" in record.getMessage()]
    assert [record.levelno for record in records] == [logging.INFO]
    [record] = records
    assert re.fullmatch(f"tokens are kept by the store {line}", record.getMessage())
