"""What does a store look like that keeps every promise, and can be read in a few minutes?

It is the store that the suite itself is proved with, and an example of each promise's keeping. One JSON file
a key, named by the key's digest; it is slow with many users and meant for no one's production.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

from zcrm_core import (
    Config,
    ConfigError,
    RefreshTimeout,
    StaleToken,
    StoreCorrupt,
    StoreUnavailable,
    Token,
    TokenKey,
    TokenStorePlugin,
)

__all__ = ["ReferenceStore", "make_folders"]

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FIRST_FORMAT: Final = 0
_FORMAT: Final = 1
_START: Final = b'{"format": '
_LARGEST: Final = 4 * 1024 * 1024
_PAUSE: Final = 0.005


class ReferenceStore(TokenStorePlugin):
    """One file a token in the folder ``reference_path``, replaced whole; locked with ``flock``."""

    name = "reference"
    priority = 7
    config_keys: Mapping[str, str] = {"reference_path": "the folder that holds a file for each token"}

    def claims(self, config: Config) -> bool:
        """Claim every configuration that names a folder."""
        return "reference_path" in config

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        """Write a new file beside the old one and put it in its place."""
        with self.changing(config):
            if replaces is not None and self.read(config, key) != replaces:
                raise StaleToken(f"The token of {key} is not the one to be replaced.")
            self.write(config, key, self.encode(key, token))
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        """Read the key's file."""
        return self.read(config, key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        """Remove the key's file."""
        path = self.path(config, key)
        if not path.parent.is_dir():
            return False
        with self.changing(config), _disk(path):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            self.flush_folder(path.parent)
        return True

    def list(self, config: Config) -> Iterator[TokenKey]:
        """Read every file."""
        for path in sorted(self.folder(config).glob("*.json")):
            found = self.load(path)
            if found is not None:
                yield found[0]

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        """Hold the lock of the key's own lock file, which is never removed: that would split the lock."""
        with self.opened_lock(config, f"{key.digest().hex()}.lock") as descriptor:
            end = time.monotonic() + wait
            while not self.taken(descriptor):
                if time.monotonic() >= end:
                    raise RefreshTimeout(f"The lock of {key} was not free within {wait:g} s.")
                time.sleep(_PAUSE)
            yield

    # -- files -----------------------------------------------------------------------------------------

    def folder(self, config: Config) -> Path:
        """Give the folder of all tokens."""
        folder = config.get("reference_path")
        if not isinstance(folder, str) or not folder:
            raise ConfigError("reference_path must be the path of a folder.")
        return Path(folder)

    def path(self, config: Config, key: TokenKey) -> Path:
        """Give the file of a key; a digest is no path, no pattern, and never too long."""
        return self.folder(config) / f"{key.digest().hex()}.json"

    def read(self, config: Config, key: TokenKey) -> Token | None:
        """Give the token in the key's file, which must be that key's."""
        path = self.path(config, key)
        found = self.load(path)
        if found is None:
            return None
        if found[0] != key or found[1].user_identifier != key.user_identifier:
            _refuse(path, "It holds another user's token.")
        return found[1]

    def load(self, path: Path) -> tuple[TokenKey, Token] | None:
        """Read one file; ``None`` when there is none."""
        with _disk(path):
            try:
                descriptor = os.open(path, _READ)
            except (FileNotFoundError, NotADirectoryError):
                return None
            with os.fdopen(descriptor, "rb") as file:
                _check(os.fstat(descriptor), path)
                content = file.read(_LARGEST + 1)
        return self.decode(content, path)

    def write(self, config: Config, key: TokenKey, content: bytes) -> None:
        """Put new content in the place of the old, whole and durably."""
        path = self.path(config, key)
        new = path.with_suffix(".new")
        with _disk(path):
            with suppress(FileNotFoundError):
                new.unlink()  # left by a writer that was killed
            try:
                with os.fdopen(os.open(new, _NEW, 0o600), "wb") as file:
                    os.fchmod(file.fileno(), 0o600)
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                self.check_place(path)
                new.replace(path)
            except BaseException:
                with suppress(OSError):
                    new.unlink()
                raise
            self.flush_folder(path.parent)

    def check_place(self, path: Path) -> None:
        """Refuse to replace what is no token file of this user, or one that a newer version wrote."""
        with suppress(FileNotFoundError):
            _check(path.lstat(), path)
            with os.fdopen(os.open(path, _READ), "rb") as file:
                start = file.read(len(_START) + 9)
            if (
                re.fullmatch(_START + rb"\d+,.*", start, re.DOTALL)
                and int(start[len(_START) :].split(b",")[0]) > _FORMAT
            ):
                _refuse(path, "A newer version of this store wrote it.")

    def flush_folder(self, folder: Path) -> None:
        """Make a change of names durable."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # -- documents -------------------------------------------------------------------------------------

    def encode(self, key: TokenKey, token: Token) -> bytes:
        """Write a token and whose it is."""
        return json.dumps({"format": _FORMAT, "key": asdict(key), "token": asdict(token)}).encode()

    def decode(self, content: bytes, path: Path) -> tuple[TokenKey, Token]:
        """Read a token and whose it is."""
        if len(content) > _LARGEST:
            _refuse(path, "It is far larger than a token.")
        try:
            document = json.loads(content.decode())
            if document["format"] == _FIRST_FORMAT:
                document = self.upgrade(document)
            if document["format"] == _FORMAT:
                return TokenKey(**document["key"]), Token(**document["token"])
        except (ValueError, TypeError, KeyError, RecursionError):
            document = None  # its error would show the content
        return _refuse(path, "Its content is no token of a format that this version knows.")

    def upgrade(self, document: dict[str, Any]) -> dict[str, Any]:
        """Bring a document of the first format, which had all fields in one list, into the present one."""
        user, client, environment, *rest = document["fields"]
        return {
            "format": _FORMAT,
            "key": {"user_identifier": user, "client_id": client, "environment": environment},
            "token": dict(zip(Token.__dataclass_fields__, (user, *rest), strict=True)),
        }

    # -- locks -----------------------------------------------------------------------------------------

    @contextmanager
    def changing(self, config: Config) -> Iterator[None]:
        """Let one change after the other happen, in all threads and processes."""
        with self.opened_lock(config, "changing.lock") as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    @contextmanager
    def opened_lock(self, config: Config, name: str) -> Iterator[int]:
        """Open a lock file, and free it at the end."""
        path = self.folder(config) / name
        with _disk(path):
            make_folders(path.parent)
            descriptor = os.open(path, _LOCK, 0o600)
        try:
            with _disk(path):
                _check(os.fstat(descriptor), path)
                os.fchmod(descriptor, 0o600)
            yield descriptor
        finally:
            # Not left to close(): a forked child may have a copy of the descriptor.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def taken(self, descriptor: int) -> bool:
        """Try once to take the lock."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def make_folders(folder: Path) -> None:
    """Make a folder and those above it that are missing, each for its owner only whatever the umask."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        with suppress(FileExistsError):  # another process was first
            each.mkdir(0o700)
            each.chmod(0o700)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"The token file {path} cannot be used: {error.strerror or type(error).__name__}."
        ) from error


def _check(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        _refuse(path, "It is no regular file.")
    if status.st_uid != os.geteuid():
        _refuse(path, "It belongs to another user of this machine.")


def _refuse(path: Path, why: str) -> NoReturn:
    raise StoreCorrupt(f"The token file {path} cannot be read.", why=why)
