"""How does the core talk to the one token store in force, and what must it answer?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final
from weakref import WeakValueDictionary

import pluggy

from zcrm_core.config import Config
from zcrm_core.errors import InvalidToken, PluginError, StoreCorrupt, StoreError, ZcrmError
from zcrm_core.hookspecs import StoreAction
from zcrm_core.plugins import Candidate, Plugins
from zcrm_core.tokens import Token, TokenKey
from zcrm_core.turns import Turn

__all__ = ["Store"]

_turns: Final[WeakValueDictionary[tuple[str, TokenKey], Turn]] = WeakValueDictionary()
"""For stores without a lock: one for each store and key, whichever client of this process wants it."""


class Store:
    """The store that a configuration chose, with its answers checked.

    Args:
        plugins: the plugins to choose from.
        config: the configuration that chooses; it is passed to every hook.

    Raises:
        PluginError: no store fits the configuration.
        StoreError: the one that does says that it cannot be used.
    """

    def __init__(self, plugins: Plugins, config: Config) -> None:
        self._config = config
        self.chosen: Candidate
        self._hooks: Mapping[str, pluggy.HookCaller]
        self.chosen, self._hooks = plugins.choose_store(config)

    @property
    def name(self) -> str:
        """The store's name."""
        return self.chosen.claim.name

    @property
    def lists(self) -> bool:
        """Whether the store can list its keys."""
        return "zcrm_list_tokens" in self._hooks

    @property
    def locks(self) -> bool:
        """Whether the store offers a lock that other processes keep too."""
        return "zcrm_lock_token" in self._hooks

    def save(self, key: TokenKey, token: Token, replaces: Token | None) -> None:
        """Save a token; it is durable on return.

        Args:
            key: whose it is.
            token: the token.
            replaces: the token that must still be stored, or ``None`` to save whatever is there.

        Raises:
            StaleToken: ``replaces`` is no longer stored; nothing was changed.
            StoreError: the store failed; ``error.unsaved`` is the token.
        """
        if token.user_identifier != key.user_identifier:
            raise InvalidToken(
                f"The token of {token.user_identifier} cannot be saved for {key.user_identifier}.",
                why="A token is stored under the user that it belongs to.",
                fix="Pass the token's own user.",
            )
        try:
            answer = self._ask("zcrm_save_token", key=key, token=token, replaces=replaces)
            if answer is not True:
                raise self._nonsense("zcrm_save_token", answer, "True")
        except StoreError as error:
            error.unsaved = token
            raise
        except ZcrmError as error:
            # Every caller keeps the token of a StoreError; of another error it would be lost.
            failure = StoreError(error.what, why=error.why, fix=error.fix, code=error.code)
            failure.unsaved = token
            raise failure from error

    def fetch(self, key: TokenKey) -> Token | None:
        """Give the token of a key, or ``None`` if there is none.

        Raises:
            StoreError: the store failed, or gave another user's token.
        """
        answer = self._ask("zcrm_fetch_token", key=key)
        if answer is None:
            return None
        if not isinstance(answer, Token):
            raise self._nonsense("zcrm_fetch_token", answer, "a Token or None")
        if answer.user_identifier != key.user_identifier:
            raise StoreCorrupt(
                f"The store {self.chosen.plugin} gave another user's token for {key.user_identifier}.",
                why="It does not tell the two user identifiers apart.",
                fix="Do not use this store for both users; report it to the store's author.",
                code="ZCRM-STORE-005",
            )
        return answer

    def delete(self, key: TokenKey) -> bool:
        """Delete the token of a key; answer whether one was there.

        Raises:
            StoreError: the store failed.
        """
        answer = self._ask("zcrm_delete_token", key=key)
        if not isinstance(answer, bool):
            raise self._nonsense("zcrm_delete_token", answer, "True or False")
        return answer

    def list(self) -> list[TokenKey]:
        """Give the keys that have a token.

        Raises:
            StoreError: the store failed, or does not list.
        """
        if not self.lists:
            raise StoreError(
                f"The store {self.chosen.plugin} does not list its users.",
                why="It has no zcrm_list_tokens, which is optional.",
                fix="Ask for one user with fetch, or use a store that lists.",
                code="ZCRM-STORE-006",
            )
        answer = self._ask("zcrm_list_tokens")
        if not isinstance(answer, Iterable):
            raise self._nonsense("zcrm_list_tokens", answer, "TokenKeys")
        with self._named("zcrm_list_tokens"):  # a generator runs, and can fail, only now
            keys = list(answer)
        if not all(isinstance(key, TokenKey) for key in keys):
            raise self._nonsense("zcrm_list_tokens", answer, "TokenKeys")
        return keys

    def lock(self, key: TokenKey, wait: float) -> AbstractContextManager[object]:
        """Give the store's lock for a key; where the store offers none, one of this process's threads only.

        Args:
            key: whose token is locked.
            wait: how long entering may wait, in seconds; then it raises ``RefreshTimeout``.
        """
        if not self.locks:
            return _turns.setdefault((self.name, key), Turn()).held(wait)
        answer = self._ask("zcrm_lock_token", key=key, wait=wait)
        if not isinstance(answer, AbstractContextManager):
            raise self._nonsense("zcrm_lock_token", answer, "a context manager")
        return self._held(answer)

    @contextmanager
    def _held(self, lock: AbstractContextManager[object]) -> Iterator[None]:
        with self._named("zcrm_lock_token"):  # a context manager works, and can fail, only now
            lock.__enter__()
        try:
            yield
        except BaseException as error:
            with self._named("zcrm_lock_token"):
                # What it answers does not count: a store swallows no error of ours.
                lock.__exit__(type(error), error, error.__traceback__)
            raise
        with self._named("zcrm_lock_token"):
            lock.__exit__(None, None, None)

    def manage(self, action: StoreAction) -> Sequence[str]:
        """Have the store made, described or migrated; answer with its lines for a person.

        Raises:
            StoreError: the store failed, or has nothing to manage.
        """
        if "zcrm_manage_store" not in self._hooks:
            raise StoreError(
                f"The store {self.chosen.plugin} has nothing to {action}.",
                why="It has no zcrm_manage_store, which is optional: what it needs, it makes by itself.",
                fix="Nothing need be done. `zcrm plugins` shows which store is in force, and why.",
                code="ZCRM-STORE-008",
            )
        answer = self._ask("zcrm_manage_store", action=action)
        if not isinstance(answer, (list, tuple)) or not all(isinstance(line, str) for line in answer):
            raise self._nonsense("zcrm_manage_store", answer, "lines of text")
        return tuple(answer)

    def _ask(self, hook: str, **arguments: object) -> object:
        with self._named(hook):
            answer: object = self._hooks[hook](config=self._config, **arguments)
        return answer

    @contextmanager
    def _named(self, hook: str) -> Iterator[None]:
        """Give an error that is not zcrm's the store's name."""
        try:
            yield
        except ZcrmError:
            raise
        except Exception as error:  # a stranger's code can raise anything; it is raised again, by name
            raise StoreError(
                f"The store {self.chosen.plugin} failed in {hook}.",
                why=f"It raised {type(error).__name__}, which is not one of zcrm's errors.",
                fix="Look at the cause below; correct or update the store.",
                code="ZCRM-STORE-007",
            ) from error

    def _nonsense(self, hook: str, answer: object, expected: str) -> PluginError:
        return PluginError(
            f"The store {self.chosen.plugin} answered {hook} with {type(answer).__name__}, not {expected}.",
            why="An answer that is not what the hook promises may mean that a token was lost.",
            fix="Correct or update the store; docs/reference/hooks.md says what each hook answers.",
            code="ZCRM-PLUGIN-003",
        )
