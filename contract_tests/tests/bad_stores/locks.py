"""Which stores have a lock that is none?"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Literal

from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, RefreshTimeout, Token, TokenKey

_PAUSE = 0.005


class LocksItsOwnProcessOnly(ReferenceStore):
    """Has a lock that other processes do not see.

    Broken promise: TS-43
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        if not self._lock.acquire(timeout=max(wait, 0)):
            raise RefreshTimeout("The lock was not free.")
        try:
            yield
        finally:
            self._lock.release()


class LocksNothing(ReferenceStore):
    """Has a lock that is always free.

    Broken promise: TS-43
    """

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        yield


class LocksForGood(ReferenceStore):
    """Takes a file that exists for a lock that is held, also after its holder was killed.

    Broken promise: TS-44
    """

    lease = 0.5

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        path = self.folder(config) / f"{key.digest().hex()}.held"
        end = time.monotonic() + wait
        while True:
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
                break
            if time.monotonic() >= end:
                raise RefreshTimeout("The lock was not free.")
            time.sleep(_PAUSE)
        try:
            yield
        finally:
            path.unlink()


class TrustsTheHolder(ReferenceStore):
    """Lets whoever held the lock overwrite anything, however long ago that was.

    Broken promise: TS-44
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        return super().save(config, key, token, None)


class RemovesTheLockFile(ReferenceStore):
    """Removes the lock file when it frees the lock: who waited holds a lock that nobody sees.

    Broken promise: TS-45
    """

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        path = self.folder(config) / f"{key.digest().hex()}.lock"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            end = time.monotonic() + wait
            while not self.taken(descriptor):
                if time.monotonic() >= end:
                    raise RefreshTimeout("The lock was not free.")
                time.sleep(_PAUSE)
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)


class LocksBetweenProcessesOnly(ReferenceStore):
    """Has a lock that belongs to the process, so that all its threads hold it at once.

    Broken promise: TS-45
    """

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        path = self.folder(config) / f"{key.digest().hex()}.lock"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        end = time.monotonic() + wait
        try:
            while True:
                with suppress(OSError):
                    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() >= end:
                    raise RefreshTimeout("The lock was not free.")
                time.sleep(_PAUSE)
            yield
        finally:
            os.close(descriptor)


class WaitsForEver(ReferenceStore):
    """Waits for the lock until it is free, however long the caller wanted to wait.

    Broken promise: TS-45
    """

    patience = 1.0

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        with super().lock(config, key, 60.0):
            yield


class NeverWaits(ReferenceStore):
    """Raises at once when the lock is not free, however long the caller would have waited.

    Broken promise: TS-45
    """

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        with super().lock(config, key, 0.0):
            yield


class RaisesTimeoutError(ReferenceStore):
    """Raises its own error when the lock is not free in time.

    Broken promise: TS-45
    """

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        held = super().lock(config, key, wait)
        try:
            held.__enter__()
        except RefreshTimeout as error:
            raise TimeoutError("lock wait timeout exceeded") from error
        try:
            yield
        finally:
            held.__exit__(None, None, None)


class BringsTheDeletedBack(ReferenceStore):
    """Saves a token over nothing although it was to replace one.

    Broken promise: TS-46
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if self.fetch(config, key) is None:
            replaces = None
        return super().save(config, key, token, replaces)


class HasOneLockForAll(ReferenceStore):
    """Takes the same lock for a save that it has given to the caller.

    Broken promise: TS-47
    """

    patience = 1.0

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        with self.changing(config):
            yield


class TakesTwoLocksInAnyOrder(ReferenceStore):
    """Takes two locks, in one order to save and in the other to delete.

    Broken promise: TS-47
    """

    patience = 1.0

    def __init__(self) -> None:
        self._one, self._two = threading.Lock(), threading.Lock()

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        with self._one:
            time.sleep(_PAUSE)
            with self._two:
                return super().save(config, key, token, replaces)

    def delete(self, config: Config, key: TokenKey) -> bool:
        with self._two:
            time.sleep(_PAUSE)
            with self._one:
                return super().delete(config, key)


class KeepsTheLockOfAHolderThatFails(ReferenceStore):
    """Frees the lock only when its holder ends without an error.

    Broken promise: TS-45
    """

    def __init__(self) -> None:
        self._held: list[AbstractContextManager[None]] = []

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        self._held.append(super().lock(config, key, wait))
        self._held[-1].__enter__()
        yield
        self._held.pop().__exit__(None, None, None)


class SwallowsTheHoldersError(ReferenceStore):
    """Swallows the error of the lock's holder, so that a refresh that failed looks like one that went well.

    Broken promise: TS-45
    """

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        with super().lock(config, key, wait), suppress(Exception):
            yield


class EndsTheLockOfALivingHolder(ReferenceStore):
    """Takes the lock from a living holder after a second.

    Broken promise: TS-45
    """

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        with self.opened_lock(config, f"{key.digest().hex()}.lock") as descriptor:
            end = time.monotonic() + wait
            while not self.taken(descriptor):
                if time.monotonic() >= end:
                    raise RefreshTimeout("The lock was not free.")
                time.sleep(_PAUSE)
            timer = threading.Timer(1.0, lambda: fcntl.flock(descriptor, fcntl.LOCK_UN))
            timer.start()
            try:
                yield
            finally:
                timer.cancel()
                timer.join()
