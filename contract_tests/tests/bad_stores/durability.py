"""Which stores lose a token with the process, the power, the disk or a new version?"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Literal
from uuid import uuid4

from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, StaleToken, StoreUnavailable, Token, TokenKey


class KeepsInMemory(ReferenceStore):
    """Keeps its tokens in the process.

    Broken promise: TS-30
    """

    _all: ClassVar[dict[Path, Token]] = {}

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        path = self.path(config, key)
        if replaces is not None and self._all.get(path) != replaces:
            raise StaleToken("Another token is stored.")
        self._all[path] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return self._all.get(self.path(config, key))

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self._all.pop(self.path(config, key), None) is not None


class WritesBehind(ReferenceStore):
    """Writes a token when the next call comes, or the process ends in peace.

    Broken promise: TS-30
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Config, TokenKey, Token, Token | None]] = []
        atexit.register(self._flush)

    def _flush(self) -> None:
        while self._waiting:
            super().save(*self._waiting.pop())

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self._flush()
        self._waiting.append((config, key, token, replaces))
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        self._flush()
        return super().fetch(config, key)


class DeletesInMemory(ReferenceStore):
    """Notes that a token is deleted, and removes it when the process ends in peace.

    Broken promise: TS-30
    """

    def __init__(self) -> None:
        self._gone: set[Path] = set()
        atexit.register(self._flush)

    def _flush(self) -> None:
        for path in self._gone:
            path.unlink(missing_ok=True)

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        super().save(config, key, token, replaces)
        self._gone.discard(self.path(config, key))
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return None if self.path(config, key) in self._gone else super().fetch(config, key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        was_there = self.fetch(config, key) is not None
        self._gone.add(self.path(config, key))
        return was_there


class WritesInPlace(ReferenceStore):
    """Empties its file, then writes the new content.

    Broken promise: TS-31
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        path = self.path(config, key)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


class RemovesTheOldFirst(ReferenceStore):
    """Removes the old file before the new one is in place.

    Broken promise: TS-31
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        self.path(config, key).unlink(missing_ok=True)
        super().write(config, key, content)


class LeavesTemporaryFiles(ReferenceStore):
    """Gives each new file a name of its own, and never removes what a killed process left.

    Broken promise: TS-31
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        path = self.path(config, key)
        new = path.with_suffix(f".{uuid4().hex}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        self.flush_folder(path.parent)


class LocksWithAFileThatStays(ReferenceStore):
    """Takes a file that exists for a lock that is held, also after its maker was killed.

    Broken promise: TS-31
    """

    patience = 1.0

    @contextmanager
    def changing(self, config: Config) -> Iterator[None]:
        path = self.folder(config) / "changing"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
                break
            time.sleep(0.01)
        try:
            yield
        finally:
            path.unlink()


def _replaced(store: ReferenceStore, path: Path, content: bytes, *, flushes: tuple[str, ...]) -> None:
    """Replace a file with some of the flushes left out."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        if "before" in flushes:
            os.fsync(file.fileno())
        new.replace(path)
        if "after" in flushes:
            os.fsync(file.fileno())
    if "folder" in flushes:
        store.flush_folder(path.parent)


class NeverFlushes(ReferenceStore):
    """Leaves it to the system when its files reach the disk.

    Broken promise: TS-32
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        _replaced(self, self.path(config, key), content, flushes=())


class FlushesTooLate(ReferenceStore):
    """Flushes a file only once it is in place: a power cut in between leaves an empty one.

    Broken promise: TS-32
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        _replaced(self, self.path(config, key), content, flushes=("after", "folder"))


class ForgetsTheFolder(ReferenceStore):
    """Never flushes the folder, so that a power cut brings the old file back.

    Broken promise: TS-32
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        _replaced(self, self.path(config, key), content, flushes=("before",))


class DeletesForAWhile(ReferenceStore):
    """Does not flush the folder after a delete, so that a power cut brings the token back.

    Broken promise: TS-32
    """

    def delete(self, config: Config, key: TokenKey) -> bool:
        path = self.path(config, key)
        was_there = path.exists()
        path.unlink(missing_ok=True)
        return was_there


class LetsDiskErrorsOut(ReferenceStore):
    """Raises OSError when the disk is full.

    Broken promise: TS-33
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        try:
            return super().save(config, key, token, replaces)
        except StoreUnavailable as error:
            raise OSError("the disk is full") from error


class SaysYesToAFullDisk(ReferenceStore):
    """Says that a token is saved although the disk was full.

    Broken promise: TS-33
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        with suppress(StoreUnavailable):
            super().save(config, key, token, replaces)
        return True


class LosesTheOldOnAFullDisk(ReferenceStore):
    """Writes over the old content, and has neither when the disk is full.

    Broken promise: TS-33
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        path = self.path(config, key)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
        except OSError as error:
            raise StoreUnavailable("The disk is full.") from error


class GivesUpAfterAFullDisk(ReferenceStore):
    """Saves nothing any more once a save has failed, although there is space again.

    Broken promise: TS-33
    """

    def __init__(self) -> None:
        self._failed = False

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if self._failed:
            raise StoreUnavailable("The disk is full.")
        try:
            return super().save(config, key, token, replaces)
        except StoreUnavailable:
            self._failed = True
            raise


class RemovesTheOldToReplaceIt(ReferenceStore):
    """Removes the old file first, but only when it is to replace that very token.

    Broken promise: TS-31
    """

    _replacing = False

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self._replacing = replaces is not None
        return super().save(config, key, token, replaces)

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        if self._replacing:
            self.path(config, key).unlink()
        super().write(config, key, content)


class FlushesNoReplacement(ReferenceStore):
    """Flushes what it saves, but not when it replaces that very token.

    Broken promise: TS-32
    """

    _replacing = False

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self._replacing = replaces is not None
        return super().save(config, key, token, replaces)

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        flushes = () if self._replacing else ("before", "folder")
        _replaced(self, self.path(config, key), content, flushes=flushes)


class FlushesAnEmptyFile(ReferenceStore):
    """Flushes a file before there is anything in it.

    Broken promise: TS-32
    """

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        path = self.path(config, key)
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            os.fsync(file.fileno())
            file.write(content)
        new.replace(path)
        self.flush_folder(path.parent)


class LetsErrorsOfReplacementsOut(ReferenceStore):
    """Raises OSError when the disk is full and that very token was to be replaced.

    Broken promise: TS-33
    """

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        try:
            return super().save(config, key, token, replaces)
        except StoreUnavailable as error:
            if replaces is None:
                raise
            raise OSError("the disk is full") from error
