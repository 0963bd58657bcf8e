"""A user's own class with zcrm's names that does everything itself: tokens in a SQLite file."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from zcrm_core import Config, RefreshTimeout, StaleToken, Token, TokenKey

FOLDER = Path(__file__).resolve().parent / "tokens"
TABLE = "tokens (digest BLOB PRIMARY KEY, document BLOB NOT NULL) WITHOUT ROWID"
LOCKS = Path(__file__).resolve().parent / "locks"


class TokenDatabase:
    """One row a key; SQLite compares and replaces in one step, and file locks guard refreshes."""

    def __init__(self, config: Config) -> None:
        self.client_id = config.client_id

    def save(self, key: TokenKey, token: Token, replaces: Token | None = None) -> bool:
        document = json.dumps({"key": asdict(key), "token": asdict(token)}).encode()
        with _opened() as database:
            database.execute("BEGIN IMMEDIATE")
            if replaces is not None and _found(database, key) != replaces:
                raise StaleToken(f"The token of {key} is not the one to be replaced.")
            database.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?)", (key.digest(), document))
            database.execute("COMMIT")
        return True

    def fetch(self, key: TokenKey) -> Token | None:
        with _opened() as database:
            return _found(database, key)

    def delete(self, key: TokenKey) -> bool:
        with _opened() as database:
            return database.execute("DELETE FROM tokens WHERE digest = ?", (key.digest(),)).rowcount > 0

    def list(self) -> Iterator[TokenKey]:
        with _opened() as database:
            rows = database.execute("SELECT document FROM tokens").fetchall()
        for (document,) in rows:
            yield TokenKey(**json.loads(document)["key"])

    @contextmanager
    def lock(self, key: TokenKey, wait: float) -> Iterator[None]:
        LOCKS.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(LOCKS / key.digest().hex(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _acquire(descriptor, key, wait)
            yield
        finally:
            os.close(descriptor)


def _acquire(descriptor: int, key: TokenKey, wait: float) -> None:
    end = time.monotonic() + wait
    while not _try(descriptor):
        if time.monotonic() >= end:
            raise RefreshTimeout(f"The token of {key} has been refreshed by another for {wait:g} s.")
        time.sleep(0.02)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    # The folder keeps others out: to open the file for its mode would end the locks that SQLite has on it.
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(FOLDER / "tokens.db", timeout=10, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = EXTRA")
        if database.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            database.execute("BEGIN IMMEDIATE")  # one maker at a time
            database.execute(f"CREATE TABLE IF NOT EXISTS {TABLE}")
            database.execute("COMMIT")
        yield database


def _found(database: sqlite3.Connection, key: TokenKey) -> Token | None:
    row = database.execute("SELECT document FROM tokens WHERE digest = ?", (key.digest(),)).fetchone()
    return None if row is None else Token(**json.loads(row[0])["token"])
