"""Where are zcrm's tokens kept? In one SQLite file, shared by all processes of a machine."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from zcrm_core import Config, StaleToken, StoreCorrupt, StoreUnavailable, Token, TokenKey, TokenStorePlugin

_SCHEMA = "CREATE TABLE tokens (digest BLOB PRIMARY KEY, document BLOB NOT NULL) WITHOUT ROWID"
_WAIT_SECONDS = 10.0


class SqliteTokenStore(TokenStorePlugin):
    """One row a token, found by the digest of its key: exact for every user, client and environment."""

    name = "sqlite"
    priority = 150
    config_keys = {"sqlite_path": "the SQLite file that holds the tokens"}

    def claims(self, config: Config) -> bool:
        return "sqlite_path" in config

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        path = self._path(config)
        if replaces is None:
            _make(path)
        with _opened(path) as database:
            if database is not None:
                database.execute("BEGIN IMMEDIATE")  # one change after the other, from here to COMMIT
            if replaces is not None and (database is None or _read(database, key, path) != replaces):
                raise StaleToken(f"The token of {key} is not the one to be replaced.")
            if database is None:
                raise StoreUnavailable(f"The token file {path} was removed a moment ago.")
            document = json.dumps({"key": asdict(key), "token": asdict(token)}).encode()
            database.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?)", (key.digest(), document))
            database.execute("COMMIT")
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        path = self._path(config)
        with _opened(path) as database:
            return None if database is None else _read(database, key, path)

    def delete(self, config: Config, key: TokenKey) -> bool:
        with _opened(self._path(config)) as database:
            if database is None:
                return False
            return database.execute("DELETE FROM tokens WHERE digest = ?", (key.digest(),)).rowcount > 0

    def list(self, config: Config) -> Iterator[TokenKey]:
        path = self._path(config)
        with _opened(path) as database:
            rows = [] if database is None else database.execute("SELECT document FROM tokens").fetchall()
        return iter([_parsed(row[0], path)[0] for row in rows])

    def _path(self, config: Config) -> Path:
        return config.locate(config.require("sqlite_path", "the store sqlite"))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the file for one operation: no connection is shared by threads, or with a forked process."""
    try:
        if not _is_ours(path):
            yield None
            return
        with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)) as database:
            database.execute("PRAGMA synchronous = EXTRA")  # on the disk when a save returns
            yield database
    except sqlite3.DatabaseError as error:
        damaged = not isinstance(error, sqlite3.OperationalError) or "no such table" in str(error)
        kind = StoreCorrupt if damaged else StoreUnavailable
        raise kind(f"The token file {path} cannot be used: {error}.") from error
    except UnicodeDecodeError as error:  # in what SQLite says of a damaged file
        raise StoreCorrupt(f"The token file {path} cannot be used: it is damaged.") from error
    except OSError as error:
        raise StoreUnavailable(f"The token file {path} cannot be used: {error.strerror}.") from error


def _is_ours(path: Path) -> bool:
    """Look at the file without opening it: closing it would end the locks that SQLite holds on it."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        raise StoreCorrupt(f"At {path} there is no regular file of this user.")
    if status.st_mode & 0o077:
        path.chmod(0o600)
    return True


def _make(path: Path) -> None:
    """Make the file, with its table and for its owner only, before anybody can see it."""
    try:
        if path.is_symlink() or path.exists():
            return
        for folder in reversed([each for each in path.parents if not each.exists()]):
            folder.mkdir(mode=0o700, exist_ok=True)
        descriptor, new = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
        try:
            os.fchmod(descriptor, 0o600)  # a umask may have taken our own rights away
            os.close(descriptor)
            with closing(sqlite3.connect(new)) as database:
                database.execute(_SCHEMA)
            with suppress(FileExistsError):  # another process was first
                os.link(new, path)
        finally:
            Path(new).unlink()
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"The token file {path} cannot be made.") from error


def _read(database: sqlite3.Connection, key: TokenKey, path: Path) -> Token | None:
    row = database.execute("SELECT document FROM tokens WHERE digest = ?", (key.digest(),)).fetchone()
    if row is None:
        return None
    stored, token = _parsed(row[0], path)
    if stored != key or token.user_identifier != key.user_identifier:
        raise StoreCorrupt(f"A row of {path} holds another user's token.")
    return token


def _parsed(document: bytes, path: Path) -> tuple[TokenKey, Token]:
    try:
        fields = json.loads(document)
        return TokenKey(**fields["key"]), Token(**fields["token"])
    except (ValueError, TypeError, KeyError, RecursionError):
        pass  # the error would show the document
    raise StoreCorrupt(f"A row of {path} is no token.")
