"""How can a store class say "this user has no token" where it must raise?"""

from __future__ import annotations

__all__ = ["NoToken"]


class NoToken(Exception):
    """Raise this, or an exception derived from it, where there is no token; answering ``None`` says the same.

    No other exception is read that way: a lost connection must never look like a user who is logged out.
    """
