"""Which passwords do test servers have? Ones that a statement, a URL or a driver could stumble over."""

from __future__ import annotations

import secrets
from typing import Final

__all__ = ["hostile_password", "quoted"]

_TRAPS: Final = "Gehe1m'\"\\%s :@/#ü€"


def hostile_password() -> str:
    """A new password, with quotes, a backslash, a percent sign and letters beyond ASCII in it."""
    return _TRAPS + secrets.token_hex(8)


def quoted(value: str) -> str:
    """A value as a string of SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
