"""Where can a plugin extend zcrm, and what may it answer? Every extension point is on this page.

A plugin is a module or an object with functions marked ``hookimpl``, named by an entry point of the group
``zcrm``. A function may leave out the arguments that it does not need; none may have a default. Authors of a
token store can derive from :class:`TokenStorePlugin` and write plain methods instead.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, TypedDict

import pluggy

from zcrm_core.config import Config
from zcrm_core.errors import StoreError
from zcrm_core.tokens import Token, TokenKey

__all__ = [
    "EventFields",
    "LogEvent",
    "Region",
    "StoreAction",
    "StoreClaim",
    "TokenStorePlugin",
    "hookimpl",
    "hookspec",
]

StoreAction = Literal["init", "status", "migrate"]
"""What an administrator can ask of a store that keeps tokens in tables or the like."""

hookspec = pluggy.HookspecMarker("zcrm")
hookimpl = pluggy.HookimplMarker("zcrm")


@dataclass(frozen=True, slots=True)
class StoreClaim:
    """A token store's answer to: who are you, what is your rank, and does this configuration name you?

    Args:
        name: the store's name, as in the key ``token_store``.
        priority: its rank; the highest among the stores that claim a configuration is used.
        claims: whether the configuration names this store.
        reason: why, or why not, in a few words.
        problem: why the store cannot be used although it is named; a client that would use it raises it.
        locks: whether all processes that share the store keep its lock, if it has one; without, zcrm saves
            nothing but tokens in it.
    """

    name: str
    priority: int
    claims: bool
    reason: str
    problem: StoreError | None = None
    locks: bool = True


@dataclass(frozen=True, slots=True)
class Region:
    """Where one data centre's servers live. No address ends in a slash; a path prefix is allowed.

    Args:
        name: the region's name, as in the key ``region``.
        accounts_url: the OAuth server.
        api_url: the CRM API of the production environment.
        sandbox_url: the CRM API of the sandbox.
        developer_url: the CRM API of the developer environment.
        upload_url: the host that takes files for bulk writes.
    """

    name: str
    accounts_url: str
    api_url: str
    sandbox_url: str
    developer_url: str
    upload_url: str


class EventFields(TypedDict, total=False):
    """What the fields of an event hold; docs/reference/events.md says which event has which of them."""

    attempt: int
    credits_gone: bool
    elapsed_ms: float
    error: str
    method: str
    plugin: str
    priority: int
    reason: str
    status: int
    store: str
    url: str
    user: str
    version: str | None
    wait: float
    wheel: str | None


@dataclass(frozen=True, slots=True)
class LogEvent:
    """Something that happened, already free of secrets.

    Args:
        name: what kind of event it is; docs/reference/events.md lists them.
        level: a level of the standard ``logging`` module, such as 20 for INFO.
        message: one line for a person.
        fields: the same facts for a program.
    """

    name: str
    level: int
    message: str
    fields: EventFields = field(default_factory=EventFields)


@hookspec
def zcrm_token_store(config: Config) -> StoreClaim:
    """Say who this store is, its rank, and whether the configuration names it. Asked of every store."""


@hookspec(firstresult=True)
def zcrm_save_token(config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
    """Save a user's token; it is durable when this returns ``True``. Asked of the chosen store only.

    With ``replaces``, that very token must still be stored; else raise ``StaleToken`` and change nothing.
    """


@hookspec(firstresult=True)
def zcrm_fetch_token(config: Config, key: TokenKey) -> Token | None:
    """Give a user's token, or ``None`` if there is none. Asked of the chosen store only."""


@hookspec(firstresult=True)
def zcrm_delete_token(config: Config, key: TokenKey) -> bool:
    """Delete a user's token; answer whether one was there. Asked of the chosen store only."""


@hookspec(firstresult=True)
def zcrm_list_tokens(config: Config) -> Iterable[TokenKey]:
    """Give the keys that have a token. Optional; asked of the chosen store only."""


@hookspec(firstresult=True)
def zcrm_lock_token(config: Config, key: TokenKey, wait: float) -> AbstractContextManager[None]:
    """Give a context manager that at most one caller holds, among all processes that share the store.

    Entering waits up to ``wait`` seconds, then raises ``RefreshTimeout``. It frees itself if its holder dies.
    Optional; asked of the chosen store only.
    """


@hookspec(firstresult=True)
def zcrm_manage_store(config: Config, action: StoreAction) -> Sequence[str]:
    """Make, describe or migrate what the store keeps tokens in; answer in lines for a person.

    ``init`` makes what is missing, ``status`` only looks, ``migrate`` moves tokens out of an older form.
    Optional; asked of the chosen store only.
    """


@hookspec(firstresult=True)
def zcrm_choose_region(config: Config) -> Region | None:
    """Answer where Zoho's servers are for this configuration, or ``None`` to leave it to others."""


@hookspec
def zcrm_log(event: LogEvent) -> None:
    """Take note of an event. An error raised here never fails the call that caused the event."""


@hookspec
def zcrm_config_keys() -> Mapping[str, str]:
    """Name the configuration keys that this plugin adds, each with one line on what it means."""


class TokenStorePlugin(ABC):
    """The base of a token store: set three attributes, write four methods, and the hooks are there.

    ``list(config)``, giving the :class:`TokenKey` of every token, ``lock(config, key, wait)``, giving a
    context manager, and ``manage(config, action)``, giving lines for a person, are optional: write them and
    the store offers them.

    Attributes:
        name: the store's name, as in the key ``token_store``.
        priority: its rank; custom 300, file 200 and MySQL 100 are taken.
        config_keys: the configuration keys that it adds, each with one line on what it means.
    """

    name: str
    priority: int
    config_keys: Mapping[str, str] = {}

    @abstractmethod
    def claims(self, config: Config) -> bool:
        """Answer whether the configuration names this store."""

    @abstractmethod
    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        """Save the token durably; with ``replaces``, over that very token or raise ``StaleToken``."""

    @abstractmethod
    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        """Give the token, or ``None`` if there is none."""

    @abstractmethod
    def delete(self, config: Config, key: TokenKey) -> bool:
        """Delete the token; answer whether one was there."""

    def reason(self, config: Config) -> str:
        """Say in a few words why the store claims a configuration, or why not: which of its keys are set."""
        named = [key for key in self.config_keys if key in config]
        return f"{', '.join(named) or 'none of its keys'} {'are' if len(named) > 1 else 'is'} set"

    def problem(self, config: Config) -> StoreError | None:
        """Say why the store cannot be used with a configuration, as far as that can be told at once."""
        return None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for method, (name, hook) in _OPTIONAL_HOOKS.items():
            if callable(getattr(cls, method, None)):
                setattr(cls, name, hook)

    @hookimpl
    def zcrm_token_store(self, config: Config) -> StoreClaim:
        """Pass the hook on to :meth:`claims`, :meth:`reason` and :meth:`problem`."""
        return StoreClaim(
            self.name, self.priority, self.claims(config), self.reason(config), self.problem(config)
        )

    @hookimpl
    def zcrm_save_token(
        self, config: Config, key: TokenKey, token: Token, replaces: Token | None
    ) -> Literal[True]:
        """Pass the hook on to :meth:`save`."""
        return self.save(config, key, token, replaces)

    @hookimpl
    def zcrm_fetch_token(self, config: Config, key: TokenKey) -> Token | None:
        """Pass the hook on to :meth:`fetch`."""
        return self.fetch(config, key)

    @hookimpl
    def zcrm_delete_token(self, config: Config, key: TokenKey) -> bool:
        """Pass the hook on to :meth:`delete`."""
        return self.delete(config, key)

    @hookimpl
    def zcrm_config_keys(self) -> Mapping[str, str]:
        """Pass the hook on to :attr:`config_keys`."""
        return self.config_keys


class _Lists(Protocol):
    def list(self, config: Config) -> Iterable[TokenKey]: ...


class _Locks(Protocol):
    def lock(self, config: Config, key: TokenKey, wait: float) -> AbstractContextManager[None]: ...


class _Manages(Protocol):
    def manage(self, config: Config, action: StoreAction) -> Sequence[str]: ...


@hookimpl
def _list_tokens(self: _Lists, config: Config) -> Iterable[TokenKey]:
    return self.list(config)


@hookimpl
def _lock_token(self: _Locks, config: Config, key: TokenKey, wait: float) -> AbstractContextManager[None]:
    return self.lock(config, key, wait)


@hookimpl
def _manage_store(self: _Manages, config: Config, action: StoreAction) -> Sequence[str]:
    return self.manage(config, action)


_OPTIONAL_HOOKS: Final[Mapping[str, tuple[str, Callable[..., object]]]] = {
    "list": ("zcrm_list_tokens", _list_tokens),
    "lock": ("zcrm_lock_token", _lock_token),
    "manage": ("zcrm_manage_store", _manage_store),
}
