"""A user's own class with the names of Zoho's PHP SDK: tokens in one JSON file beside this one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent / "tokens.json"


class TokenFile:
    """One entry a user, with every value of the token."""

    def saveOAuthData(self, token: Any) -> None:  # noqa: N802
        rows = self._read()
        rows[token.user_identifier] = {
            "user_identifier": token.user_identifier,
            "access_token": token.access_token,
            "refresh_token": token.refresh_token,
            "expiry_time": token.expiry_time,
            "api_domain": token.api_domain,
            "scope": token.scope,
        }
        self._write(rows)

    def getOAuthTokens(self, user: str) -> dict[str, object] | None:  # noqa: N802
        return self._read().get(user)

    def deleteOAuthTokens(self, user: str) -> None:  # noqa: N802
        rows = self._read()
        del rows[user]
        self._write(rows)

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            rows: dict[str, dict[str, object]] = json.loads(FILE.read_bytes())
        except FileNotFoundError:
            return {}
        return rows

    def _write(self, rows: dict[str, dict[str, object]]) -> None:
        new = FILE.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(json.dumps(rows).encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(FILE)
        folder = os.open(FILE.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
