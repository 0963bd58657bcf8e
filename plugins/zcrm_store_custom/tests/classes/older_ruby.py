"""A user's own class with the names of Zoho's Ruby and Python SDKs: tokens in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from zcrm_store_custom import NoToken

FOLDER = Path(__file__).resolve().parent / "tokens"
TABLE = (
    "oauthtokens (user_identifier BLOB PRIMARY KEY, access_token BLOB, refresh_token BLOB,"
    " expiry_time INTEGER, api_domain BLOB, scope BLOB)"
)
COLUMNS = ("user_identifier", "access_token", "refresh_token", "expiry_time", "api_domain", "scope")


class NobodyThere(NoToken):
    """There is no row for this user."""


class TokenTable:
    """One row a user, in a table with Zoho's columns and two more."""

    def save_oauth_tokens(self, token: Any) -> bool:
        # A text may hold what SQLite's own functions take for its end, so it goes in as bytes.
        row = [_packed(getattr(token, name)) for name in COLUMNS]
        with _opened() as database:
            database.execute("INSERT OR REPLACE INTO oauthtokens VALUES (?, ?, ?, ?, ?, ?)", row)
        return True

    def get_oauth_tokens(self, user: str) -> object:
        with _opened() as database:
            found = database.execute("SELECT * FROM oauthtokens WHERE user_identifier = ?", [_packed(user)])
            row = found.fetchone()
        if row is None:
            raise NobodyThere
        return SimpleNamespace(**dict(zip(COLUMNS, map(_unpacked, row), strict=True)))

    def delete_oauth_tokens(self, user: str) -> None:
        with _opened() as database:
            deleted = database.execute("DELETE FROM oauthtokens WHERE user_identifier = ?", [_packed(user)])
            if deleted.rowcount == 0:
                raise NobodyThere


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


def _packed(value: str | int | None) -> bytes | int | None:
    return value.encode() if isinstance(value, str) else value


def _unpacked(value: bytes | int | None) -> str | int | None:
    return value.decode() if isinstance(value, bytes) else value
