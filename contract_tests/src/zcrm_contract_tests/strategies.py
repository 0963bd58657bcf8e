"""Which users and tokens is a store tried with? Look-alikes, hostile texts, and every length and number."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

from zcrm_core import Token

__all__ = [
    "EXPIRIES",
    "HOSTILE",
    "LOOK_ALIKES",
    "MAX_EXPIRY",
    "MAX_TEXT",
    "MAX_USER",
    "Content",
    "contents",
    "expiries",
    "pairs",
    "users",
]

MAX_USER: Final = 512
"""The longest user identifier, in bytes of UTF-8."""
MAX_TEXT: Final = 64 * 1024
"""The longest text of a token, in bytes of UTF-8."""
MAX_EXPIRY: Final = 2**53 - 1
"""The latest expiry, in ms since the epoch."""

LOOK_ALIKES: Final = (
    ("a@example.com", "A@example.com"),
    ("a@example.com", "a@example.com "),
    ("a@example.com", " a@example.com"),
    ("\u00e1@example.com", "a\u0301@example.com"),  # composed and decomposed
    ("\u00e1@example.com", "a@example.com"),
    ("stra\u00dfe", "strasse"),
    ("\u0130stanbul", "i\u0307stanbul"),  # capital I with dot, and its lower case
    ("\u212aelvin", "Kelvin"),  # the Kelvin sign
    ("\uff41@example.com", "a@example.com"),  # full width
    ("a\u200b@example.com", "a@example.com"),  # zero-width space
    ("a\u00a0b", "a b"),  # no-break space
    ("a@example.com", "a@example.co"),  # one is the other's start
    ("V", "V*"),
    ("user1", "user%"),
    ("user1", "user_"),
    ("a", "[a]"),
    ("x", "../x"),
    ("x", "./x"),
    ("x", "x/"),
    ("a/b", "a_b"),
    ("a/b", "a%2Fb"),
    ("a:b", "a\\b"),
    ("con", "CON"),
    ("nul.txt", "nul"),
    ("a.b", "a..b"),
    ("a", "a."),
    ("\U0001f600@example.com", "\U0001f601@example.com"),
    ("\u202ea@example.com", "a@example.com"),  # a mark that turns the direction
    ("\ufb01n", "fin"),  # a ligature
    ("1", "01"),
    ("1", "1.0"),
    ("null", "NULL"),
    ("u" * 255, "u" * 254 + "v"),
    ("u" * 200 + "a", "u" * 200 + "b"),
    ("u" * 511 + "a", "u" * 511 + "b"),
)
"""Pairs of users that are two people, and one to a store that folds, trims, normalises, cuts or matches."""

HOSTILE: Final = (
    "' OR '1'='1",
    "'; DROP TABLE oauthtokens; --",
    '"; --',
    "a\\' OR 1=1 #",
    "%",
    "_",
    "*",
    "%s%n%(x)s{0}{key}",
    "$(touch x)`touch x`",
    "../../etc/passwd",
    "/etc/passwd",
    ".",
    "..",
    "con",
    "nul.txt",
    "~",
    "-rf",
    "a,b;c|d\\e",
    "{}[]<>&",
    "null",
    "None",
    "\u2028\u2029",
    "\U0001f4a9",
)
"""Texts that are code, paths or patterns to a store that does not keep data and code apart."""

_HOSTILE_TEXT: Final = (
    *HOSTILE,
    "",
    "\0",
    "a\0b",
    "\r\n",
    "\n",
    "\\n",
    "\t",
    '"',
    "\\",
    "\ufeff",
    "\x1a",
    "\ufffe",
)

EXPIRIES: Final = (
    0,
    1,
    999,
    1000,
    2**31 - 1,
    2**31,
    2**31 * 1000 - 1,  # seconds since 1970 no longer fit into 32 bits
    2**31 * 1000 + 1,
    1_700_000_000_001,
    1_711_846_799_999,  # the hour in which clocks change, in Europe
    1_711_846_800_001,
    2**32 * 1000 + 7,
    253_402_300_799_999,  # the end of the year 9999
    253_402_300_800_000,
    MAX_EXPIRY - 1,
    MAX_EXPIRY,
)
"""Times at which dates, clocks and number types end."""


@dataclass(frozen=True, slots=True)
class Content:
    """A token without its user."""

    access_token: str
    refresh_token: str | None
    expiry_time: int
    api_domain: str | None = None
    scope: str | None = None

    def of(self, user: str) -> Token:
        """Make a user's token of it."""
        return Token(
            user, self.access_token, self.refresh_token, self.expiry_time, self.api_domain, self.scope
        )


def _fits(user: str) -> bool:
    return 0 < len(user.encode()) <= MAX_USER


_PRINTED: Final = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=80
)
_ANY: Final = st.text(st.characters(codec="utf-8"), max_size=40)


def users() -> st.SearchStrategy[str]:
    """Draw a user identifier that the core accepts."""
    pinned = [*HOSTILE, *(user for pair in LOOK_ALIKES for user in pair)]
    return st.one_of(
        st.sampled_from(["a@example.com", *pinned]),
        _PRINTED.filter(_fits),
        st.builds(
            lambda text, times: (text * times)[:MAX_USER], st.sampled_from("ab1."), st.integers(1, MAX_USER)
        ),
    )


_CHANGES: Final[tuple[Callable[[str], str], ...]] = (
    str.swapcase,
    str.upper,
    str.casefold,
    lambda user: user + " ",
    lambda user: " " + user,
    lambda user: user.strip() or user + "x",
    lambda user: unicodedata.normalize("NFC", user),
    lambda user: unicodedata.normalize("NFD", user),
    lambda user: unicodedata.normalize("NFKC", user),
    lambda user: user + "\u200d",
    lambda user: user + "%",
    lambda user: user[:-1] + "_",
    lambda user: user[:-1] or user + "x",
    lambda user: user + user[-1],
    lambda user: user.replace("/", "_").replace(".", "_"),
    lambda user: user[::-1],
)


def _changed(user: str) -> Iterator[tuple[str, str]]:
    for change in _CHANGES:
        other = change(user)
        if other != user and _fits(other):
            yield user, other


def pairs() -> st.SearchStrategy[tuple[str, str]]:
    """Draw two different users that a careless store takes for one."""
    made = users().map(lambda user: list(_changed(user))).filter(bool).flatmap(st.sampled_from)
    return st.one_of(st.sampled_from(LOOK_ALIKES), made)


def _texts() -> st.SearchStrategy[str]:
    long = st.builds(
        lambda piece, size: (
            (piece * (size // len(piece.encode()) + 1)).encode()[:size].decode(errors="ignore")
        ),
        st.sampled_from(["x", "ab\n", "\u00e9", "\U0001f600", "'\"\\", "\0"]),
        st.sampled_from([255, 256, 1000, 4096, 65_535, MAX_TEXT]),
    )
    usual = st.from_regex(r"1000\.[0-9a-f]{8,32}\.[0-9a-f]{8,32}", fullmatch=True)
    return st.one_of(usual, st.sampled_from(_HOSTILE_TEXT), _ANY, long)


def expiries() -> st.SearchStrategy[int]:
    """Draw a time in ms since the epoch, often one at which something ends."""
    return st.one_of(st.sampled_from(EXPIRIES), st.integers(0, MAX_EXPIRY))


def contents() -> st.SearchStrategy[Content]:
    """Draw everything of a token but its user."""
    optional = st.one_of(st.none(), st.sampled_from(["https://www.zohoapis.eu", ""]), _texts())
    return st.builds(Content, _texts(), st.one_of(st.none(), _texts()), expiries(), optional, optional)
