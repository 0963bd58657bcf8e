"""What is left of a store after Ctrl-C has come at every moment? Run by test_mysql_odd_servers.py."""

from __future__ import annotations

import json
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

from zcrm_core import Config, Token, TokenKey
from zcrm_store_mysql import connections
from zcrm_store_mysql.plugin import MySQLStorePlugin

TURNS = 1500


class Interrupted(BaseException):
    """What Ctrl-C raises, under a name of its own."""


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """Raise it wherever the program is."""
    raise Interrupted


def right(user: str) -> bool:
    """Whether the store gives this user the own token."""
    return plugin.fetch(config, TokenKey(user, "1", "production")) == Token(user, f"of {user}", None, 1)


# With so few connections, two that are lost are all.
connections._MOST = 2  # type: ignore[misc] # smaller than the store's own, for this test
plugin, config = MySQLStorePlugin(), Config(json.load(sys.stdin))
users = [f"user{number}" for number in range(4)]
for each in users:
    plugin.save(config, TokenKey(each, "1", "production"), Token(each, f"of {each}", None, 1), None)
signal.signal(signal.SIGALRM, interrupt)
for turn in range(TURNS):
    with suppress(Interrupted):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.00002 * (turn % 60 + 1))
            if not right(users[turn % 4]):
                sys.exit(f"turn {turn}: another user's token")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
start = time.monotonic()
if not all(right(user) for user in users * 5) or time.monotonic() - start > 15:
    sys.exit("afterwards the store is slow, or gives another user's token")
sys.stdout.write("all is well\n")
