"""How can a store class say "this user has no token" where it must raise?"""

from __future__ import annotations

from zcrm_core import TokenKey

__all__ = ["NoToken", "says_no_token"]


class NoToken(Exception):
    """Raise this, or an exception derived from it, where there is no token; answering ``None`` says the same.

    Of other exceptions only the ``KeyError`` of that very user is read that way, as ``rows[user]`` raises it.
    A lost connection must never look like a user who is logged out.
    """


def says_no_token(error: NoToken | KeyError, key: TokenKey) -> bool:
    """Tell whether an exception means that there is no token, and not that something failed."""
    if isinstance(error, NoToken):
        return True
    missing = error.args[0] if len(error.args) == 1 else None
    # By its type first: what else can be a key has comparisons of its own.
    return type(missing) in (str, TokenKey) and missing in (key.user_identifier, key)
