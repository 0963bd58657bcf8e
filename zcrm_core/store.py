"""How does the core talk to the one token store in force, and what must it answer?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final
from weakref import WeakValueDictionary

from zcrm_core.config import Config
from zcrm_core.errors import InvalidToken, PluginError, StoreCorrupt, StoreError, ZcrmError
from zcrm_core.hookspecs import StoreAction
from zcrm_core.interrupts import ends_the_program
from zcrm_core.plugin_calls import Answer, Author, Failed, PluginHook
from zcrm_core.plugins import Candidate, Plugins
from zcrm_core.redaction import kind_of
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
        self._hooks: Mapping[str, PluginHook]
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
        return "zcrm_lock_token" in self._hooks and self.chosen.claim.locks

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
            if answer.value is not True:
                raise _nonsense(answer, "True")
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
        with _named(answer.author):  # to look at an answer can run a stranger's code
            token = answer.value
            if token is None:
                return None
            if not isinstance(token, Token):
                raise _nonsense(answer, "a Token or None")
            if token.user_identifier != key.user_identifier:
                raise StoreCorrupt(
                    f"{answer.author.called('store')} gave another user's token for {key.user_identifier}.",
                    why="It does not tell the two user identifiers apart.",
                    fix="Do not use this store for both users; report it to the store's author.",
                    code="ZCRM-STORE-005",
                )
            return token

    def delete(self, key: TokenKey) -> bool:
        """Delete the token of a key; answer whether one was there.

        Raises:
            StoreError: the store failed.
        """
        answer = self._ask("zcrm_delete_token", key=key)
        if answer.value is not True and answer.value is not False:
            raise _nonsense(answer, "True or False")
        return answer.value

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
        with _named(answer.author):  # a generator runs, and can fail, only now
            if not isinstance(answer.value, Iterable):
                raise _nonsense(answer, "TokenKeys")
            keys = list(answer.value)
            if not all(isinstance(key, TokenKey) for key in keys):
                raise _nonsense(answer, "TokenKeys")
            return keys

    def lock(self, key: TokenKey, wait: float) -> AbstractContextManager[object]:
        """Give the store's lock for a key; where the store offers none, one of this process's threads only.

        Args:
            key: whose token is locked.
            wait: how long entering may wait, in seconds; then it raises ``RefreshTimeout``.
        """
        if "zcrm_lock_token" not in self._hooks:
            return _turns.setdefault((self.name, key), Turn()).held(wait)
        answer = self._ask("zcrm_lock_token", key=key, wait=wait)
        with _named(answer.author):
            if not isinstance(answer.value, AbstractContextManager):
                raise _nonsense(answer, "a context manager")
            return _held(answer.value, answer.author)

    def manage(self, action: StoreAction) -> Sequence[str]:
        """Have the store made, described or migrated; answer with its lines for a person.

        Raises:
            StoreError: the store failed, or has nothing to manage.
        """
        if "zcrm_manage_store" not in self._hooks:
            raise StoreError(
                f"The store {self.chosen.plugin} has nothing to manage.",
                why="It has no zcrm_manage_store, which is optional: what it needs, it makes by itself.",
                fix="Nothing need be done. `zcrm plugins` shows which store is in force, and why.",
                code="ZCRM-STORE-008",
            )
        answer = self._ask("zcrm_manage_store", action=action)
        with _named(answer.author):
            lines = answer.value
            if not isinstance(lines, (list, tuple)) or not all(isinstance(line, str) for line in lines):
                raise _nonsense(answer, "lines of text")
            return tuple(lines)

    def _ask(self, hook: str, **arguments: object) -> Answer:
        answer = self._hooks[hook].ask(config=self._config, **arguments)
        if isinstance(answer, Failed):
            # zcrm's own errors are what a store may raise, and a wrapper in its place.
            raise (
                answer.error if isinstance(answer.error, ZcrmError) else _failed(answer.author, answer.error)
            )
        return answer


@contextmanager
def _held(lock: AbstractContextManager[object], author: Author) -> Iterator[None]:
    with _named(author):  # a context manager works, and can fail, only now
        lock.__enter__()
    try:
        yield
    except BaseException as error:
        try:
            # What it answers does not count: a store swallows no error of ours.
            lock.__exit__(type(error), error, error.__traceback__)
        except BaseException as other:
            if other is not error:
                with _named(author):
                    raise
        raise
    with _named(author):
        lock.__exit__(None, None, None)


@contextmanager
def _named(author: Author) -> Iterator[None]:
    """Give an error that is not zcrm's the name of whoever it comes from."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, ZcrmError) or ends_the_program(error):
            raise
        raise _failed(author, error) from error


def _failed(author: Author, error: BaseException) -> StoreError:
    problem = StoreError(
        f"{author.called('store')} failed in {author.hook}.",
        why=f"It raised {kind_of(error)}, which is not one of zcrm's errors.",
        fix=_fix(author, "Look at the cause below; correct or update the store."),
        code="ZCRM-STORE-007",
    )
    problem.__cause__ = error
    return problem


def _nonsense(answer: Answer, expected: str) -> PluginError:
    author = answer.author
    return PluginError(
        f"{author.called('store')} answered {author.hook} with {kind_of(answer.value)}, not {expected}.",
        why="An answer that is not what the hook promises may mean that a token was lost.",
        fix=_fix(author, "Correct or update the store; docs/reference/hooks.md says what each hook answers."),
        code="ZCRM-PLUGIN-003",
    )


def _fix(author: Author, store: str) -> str:
    """What cures a store; a wrapper is cured as any plugin is."""
    return store if author.wraps is None else author.cure
