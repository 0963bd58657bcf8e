"""Which stores are right as long as they are alone?"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Literal

from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, StaleToken, StoreUnavailable, Token, TokenKey

_MOMENT = 0.002


class SharesOnePlaceForAll(ReferenceStore):
    """Keeps the user that it works for where every thread can change it.

    Broken promise: TS-40
    """

    _current: TokenKey

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        self._current = key
        time.sleep(_MOMENT)
        return super().fetch(config, self._current)


class FailsUnderLoad(ReferenceStore):
    """Raises when two threads come at once.

    Broken promise: TS-40
    """

    def __init__(self) -> None:
        self._busy = threading.Lock()

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if not self._busy.acquire(blocking=False):
            raise StoreUnavailable("The database is locked.")
        try:
            time.sleep(_MOMENT)
            return super().save(config, key, token, replaces)
        finally:
            self._busy.release()


class DeletesThenInserts(ReferenceStore):
    """Saves by a delete and an insert, with a moment in between.

    Broken promise: TS-41
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        self.path(config, key).unlink(missing_ok=True)
        time.sleep(_MOMENT * 5)
        super().write(config, key, content)


class CachesForEver(ReferenceStore):
    """Never looks again for a token that it has fetched once.

    Broken promise: TS-41
    """

    def __init__(self) -> None:
        self._known: dict[Path, Token] = {}

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        path = self.path(config, key)
        found = self._known.get(path) or super().fetch(config, key)
        if found is not None:
            self._known[path] = found
        return found

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        super().save(config, key, token, replaces)
        self._known[self.path(config, key)] = token
        return True

    def delete(self, config: Config, key: TokenKey) -> bool:
        self._known.pop(self.path(config, key), None)
        return super().delete(config, key)


class CachesInEachThread(ReferenceStore):
    """Keeps what a thread has fetched for that thread.

    Broken promise: TS-41
    """

    def __init__(self) -> None:
        self._local = threading.local()

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        known: dict[Path, Token | None] = self._local.__dict__.setdefault("known", {})
        path = self.path(config, key)
        if path not in known:
            known[path] = super().fetch(config, key)
        return known[path]

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        super().save(config, key, token, replaces)
        self._local.__dict__.setdefault("known", {})[self.path(config, key)] = token
        return True

    def delete(self, config: Config, key: TokenKey) -> bool:
        self._local.__dict__.setdefault("known", {}).pop(self.path(config, key), None)
        return super().delete(config, key)


class ComparesBeforeItLocks(ReferenceStore):
    """Looks which token is stored, and saves over it a moment later.

    Broken promise: TS-41
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if replaces is not None and self.fetch(config, key) != replaces:
            raise StaleToken(f"The token of {key} is not the one to be replaced.")
        time.sleep(_MOMENT * 5)
        return super().save(config, key, token, None)


class BelongsToOneProcess(ReferenceStore):
    """Works in the process that used it first, and in no child of it.

    Broken promise: TS-42
    """

    def __init__(self) -> None:
        self._process = 0

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self._process = self._process or os.getpid()
        if self._process != os.getpid():
            raise StoreUnavailable("MySQL server has gone away.")
        return super().save(config, key, token, replaces)


class ChildrenTakeItsFiles(ReferenceStore):
    """Removes its files when a forked child has used it.

    Broken promise: TS-42
    """

    def __init__(self) -> None:
        self._process = os.getpid()

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        found = super().fetch(config, key)
        if os.getpid() != self._process:
            for path in self.folder(config).glob("*.json"):
                path.unlink(missing_ok=True)
        return found
