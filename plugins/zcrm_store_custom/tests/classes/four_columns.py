"""A user's own class as it was written for Zoho's SDKs: their method names and their four columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "tokens"
TABLE = (
    "oauthtokens (useridentifier BLOB PRIMARY KEY, accesstoken BLOB, refreshtoken BLOB, expirytime INTEGER)"
)


class OAuthTokens:
    """A token as those SDKs know it."""

    def __init__(
        self, user_identifier: str, access_token: str, refresh_token: str | None, expiry_time: int
    ) -> None:
        self.user_identifier = user_identifier
        self.access_token = access_token
        self.refresh_token = refresh_token
        self.expiry_time = expiry_time


class FourColumns:
    """One row a user, replaced whole."""

    def save_oauth_tokens(self, token: Any) -> None:
        # A text may hold what SQLite's own functions take for its end, so it goes in as bytes.
        texts = [token.user_identifier, token.access_token, token.refresh_token]
        row = [None if text is None else text.encode() for text in texts]
        with _opened() as database:
            database.execute(
                "INSERT OR REPLACE INTO oauthtokens VALUES (?, ?, ?, ?)", [*row, token.expiry_time]
            )

    def get_oauth_tokens(self, user: str) -> OAuthTokens | None:
        with _opened() as database:
            found = database.execute("SELECT * FROM oauthtokens WHERE useridentifier = ?", [user.encode()])
            row = found.fetchone()
        if row is None:
            return None
        access, refresh, expiry = row[1:]
        return OAuthTokens(user, access.decode(), None if refresh is None else refresh.decode(), expiry)

    def delete_oauth_tokens(self, user: str) -> None:
        with _opened() as database:
            database.execute("DELETE FROM oauthtokens WHERE useridentifier = ?", [user.encode()])


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
