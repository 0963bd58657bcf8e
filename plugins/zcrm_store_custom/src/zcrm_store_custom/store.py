"""How do a class's own methods keep what a token store promises?"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from zcrm_core import InvalidToken, RefreshTimeout, StaleToken, StoreError, Token, TokenKey, ends_the_program
from zcrm_store_custom.answers import is_same_token, looks_like_seconds, read_fields, require_done, to_token
from zcrm_store_custom.failures import failed, nonsense, unreadable
from zcrm_store_custom.no_token import NoToken, says_no_token
from zcrm_store_custom.process_lock import PROCESS_LOCK, hold_in_process
from zcrm_store_custom.showing import class_name, located
from zcrm_store_custom.spellings import Method, find_methods

__all__ = ["CustomStore"]

_LOGGER: Final = logging.getLogger("zcrm")
_NONE: Final = object()
"""What stands for "there is no token" where a method raises it."""


class CustomStore:
    """A user's store object, called by the names that it has, with its answers checked.

    Besides the errors named below, every method raises :class:`StoreError` when a method of the object raises
    or answers nonsense. A :class:`StoreError` that a method raises itself keeps its kind; its reason gets the
    class's place.

    Args:
        handler: the object.

    Raises:
        StoreError: a method is missing or cannot be called as needed.
    """

    def __init__(self, handler: object) -> None:
        self._handler = handler
        self._methods = find_methods(handler)
        self._told_of_seconds = False

    @property
    def description(self) -> str:
        """The class, what it does itself, what is added to it, and what cannot be promised for it."""
        methods = self._methods
        return "; ".join(
            [
                f"class {class_name(self._handler)} with {methods.spelling}",
                "it compares replaces itself"
                if methods.compares
                else "replaces is compared under a lock of this process only",
                "it has a refresh lock of its own"
                if methods.lock
                else "the refresh lock is one of this process only",
                *([] if methods.list else ["it does not list"]),
                *(
                    []
                    if methods.spelling.by_key
                    else ["clients and environments of one user share one token"]
                ),
            ]
        )

    @property
    def locks(self) -> bool:
        """Whether the class has a lock of its own; that which is added is one of this process only."""
        return self._methods.lock is not None

    def save(self, key: TokenKey, token: Token, replaces: Token | None) -> None:
        """Save a token, as durably as the object does.

        Raises:
            StaleToken: ``replaces`` is not what is stored; nothing was changed.
        """
        if self._methods.compares:
            self._save(key, token, replaces=replaces)
            return
        with PROCESS_LOCK:
            if replaces is not None:
                fields = self._stored(key)
                if fields is None or not is_same_token(fields, replaces):
                    raise StaleToken(f"The stored token of {key} is not the one to be replaced.")
            self._save(key, token)

    def fetch(self, key: TokenKey) -> Token | None:
        """Give the token of a key, or ``None`` if there is none.

        Raises:
            StoreCorrupt: the token is another user's, or has a value that no token can have.
        """
        fields = self._stored(key)
        if fields is None:
            return None
        if not self._told_of_seconds and looks_like_seconds(fields):
            self._told_of_seconds = True
            _LOGGER.warning(
                "%s.%s gave an expiry_time that is in the year 1970 as milliseconds: it looks like seconds. "
                "Each process renews such a token, until Zoho gives no more. Give what was saved. %s",
                class_name(self._handler),
                self._methods.spelling.fetch,
                located(self._handler, "").strip(),
            )
        return to_token(self._handler, self._methods.spelling.fetch, fields)

    def delete(self, key: TokenKey) -> bool:
        """Delete the token of a key; answer whether one was there.

        Raises:
            StoreCorrupt: the object would delete another user's token.
        """
        # Between the two steps of a save by zcrm nothing may be deleted: the save would bring it back.
        with nullcontext() if self._methods.compares else PROCESS_LOCK:
            return self._delete(key)

    def _delete(self, key: TokenKey) -> bool:
        name = self._methods.spelling.delete
        if self._methods.spelling.by_key:
            answer = self._find(name, self._methods.delete, key)
            if answer is not _NONE and not isinstance(answer, bool):
                raise nonsense(self._handler, name, answer, "True or False")
            return answer is True
        # The older methods do not say whether there was a token, nor whose it was.
        if self._stored(key) is None:
            return False
        answer = self._find(name, self._methods.delete, key)
        if answer is _NONE:
            return False
        require_done(self._handler, name, answer)
        return True

    def keys(self) -> list[TokenKey]:
        """Give the keys that have a token.

        Raises:
            StoreError: the object has no method ``list``.
        """
        if self._methods.list is None:
            raise StoreError(
                f"The store class {class_name(self._handler)} does not list its users.",
                why="It has no method list, which is optional.",
                fix="Ask for one user with fetch, or write list(self), giving every TokenKey.",
                code="ZCRM-STORE-006",
            )
        answer = self._call("list", self._methods.list)
        # A generator runs, and may fail, only while it is gone through.
        keys = self._call("list", list, answer) if isinstance(answer, Iterable) else None
        if not isinstance(keys, list) or not all(isinstance(key, TokenKey) for key in keys):
            raise nonsense(self._handler, "list", answer, "TokenKeys")
        return keys

    def lock(self, key: TokenKey, wait: float) -> AbstractContextManager[None]:
        """Give a lock for the refresh of a key's token: the object's own, else one of this process.

        Args:
            key: whose token is refreshed.
            wait: how long entering may wait, in seconds; then it raises ``RefreshTimeout``.
        """
        subject = self._subject(key)
        if self._methods.lock is None:
            return hold_in_process(subject, wait)
        with self._named("lock", RefreshTimeout):
            answer = self._methods.lock(subject, wait)
        if not isinstance(answer, AbstractContextManager):
            raise nonsense(self._handler, "lock", answer, "a context manager")
        return self._held(answer)

    @contextmanager
    def _held(self, lock: AbstractContextManager[object]) -> Iterator[None]:
        with self._named("lock", RefreshTimeout):  # a context manager works, and can fail, only now
            lock.__enter__()
        try:
            yield
        except BaseException as error:
            with self._named("lock", type(error)):  # it may raise the same error once more
                lock.__exit__(type(error), error, error.__traceback__)
            raise
        with self._named("lock"):
            lock.__exit__(None, None, None)

    def _subject(self, key: TokenKey) -> TokenKey | str:
        """What the methods know of a key."""
        return key if self._methods.spelling.by_key else key.user_identifier

    def _stored(self, key: TokenKey) -> Mapping[str, object] | None:
        """The values of the token that is stored for a key, its user checked; ``None`` if none is."""
        name = self._methods.spelling.fetch
        answer = self._find(name, self._methods.fetch, key)
        return None if answer is None or answer is _NONE else read_fields(self._handler, name, answer, key)

    def _find(self, name: str, method: Method, key: TokenKey) -> object:
        """Call a method that may say that there is no token, by raising it as well."""
        with self._named(name):
            try:
                return method(self._subject(key))
            except InvalidToken as error:
                raise unreadable(self._handler, name, error.what, is_the_user_s=False) from error
            except (NoToken, KeyError) as error:
                if says_no_token(error, key):
                    return _NONE
                raise

    def _save(self, key: TokenKey, token: Token, **more: Token | None) -> None:
        spelling = self._methods.spelling
        arguments = (key, token) if spelling.by_key else (token,)
        answer = self._call(spelling.save, self._methods.save, *arguments, **more)
        require_done(self._handler, spelling.save, answer)

    def _call(self, name: str, method: Method, *arguments: object, **more: object) -> object:
        with self._named(name):
            return method(*arguments, **more)

    @contextmanager
    def _named(self, name: str, passes: type[BaseException] = KeyboardInterrupt) -> Iterator[None]:
        """Give what a method raises the names of class and method, but for what may pass or interrupts it."""
        try:
            yield
        except passes:
            raise
        except StoreError as error:
            if isinstance(error, InvalidToken):
                raise failed(self._handler, name, error) from error
            error.why = located(self._handler, error.why)
            raise
        except BaseException as error:
            if ends_the_program(error):
                raise
            raise failed(self._handler, name, error) from error
