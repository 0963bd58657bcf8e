"""What do a fetch and a durable save cost in the file store, and how does that grow with the number of users?

For each number of users: a fetch and a save in a warm process, and the first ones of a cold process. Beside
them a bare replacement of a file of the same size: write, fsync, replace, fsync of the folder. The sizes take
turns in every round, and the medians of the rounds are shown.
"""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from zcrm_core import Token, TokenKey
from zcrm_store_file.document import compose
from zcrm_store_file.lines import encode
from zcrm_store_file.store import FileStore

USERS = (1, 100, 1000, 10_000)
COLUMNS = (
    "fetch",
    "fetch of nobody",
    "cold fetch",
    "save",
    "save of a new user",
    "cold save",
    "bare replace",
)

COLD = """
import sys, time
from zcrm_core import Token, TokenKey
from zcrm_store_file.store import FileStore
store, user = FileStore(sys.argv[1]), sys.argv[2]
key, token = TokenKey(user, "1000.CLIENT", "production"), Token(user, "1000.a", "1000.b", 1)
start = time.perf_counter()
if sys.argv[3] == "fetch":
    assert store.fetch(key) is not None
else:
    store.save(key, token)
print(time.perf_counter() - start)
"""


def key(number: int) -> TokenKey:
    """Make the key of a user."""
    return TokenKey(f"user-{number}@example.com", "1000.CLIENT", "production")


def token(number: int) -> Token:
    """Make a token as long as Zoho's are."""
    access, refresh = (f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}" for _ in range(2))
    return Token(key(number).user_identifier, access, refresh, 1_700_000_000_000, "https://www.zohoapis.com")


def fill(folder: Path, users: int) -> None:
    """Make a store with so many users at once; saving them one by one would take minutes."""
    folder.mkdir(mode=0o700)
    file = folder / "zcrm_oauthtokens.txt"
    file.touch(mode=0o600)
    file.write_bytes(b"".join(compose(sorted(encode(key(number), token(number)) for number in range(users)))))


def bare_replace(folder: Path, content: bytes) -> None:
    """Replace a file durably and do nothing else."""
    new, old = folder / "bare.new", folder / "bare"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(descriptor, content)
    os.fsync(descriptor)
    os.close(descriptor)
    new.replace(old)
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def cost(call: Callable[[int], object], times: int) -> float:
    """Give the time of a typical call, the median of so many, in ms; a mean would show other load."""
    found = []
    for number in range(times):
        start = time.perf_counter()
        call(number)
        found.append(time.perf_counter() - start)
    return statistics.median(found) * 1000


def cold(folder: Path, users: int, operation: str) -> float:
    """Give the time of the first call in a new process, in ms, without the process's own start."""
    user = key(secrets.randbelow(users)).user_identifier
    command = [sys.executable, "-c", COLD, str(folder), user, operation]
    return float(subprocess.run(command, capture_output=True, check=True).stdout) * 1000


def measure(folder: Path, users: int) -> dict[str, float]:
    """Measure everything once, at one number of users; the store ends as it began."""
    store = FileStore(str(folder))
    tokens = [token(number % users) for number in range(20)]
    content = (folder / "zcrm_oauthtokens.txt").read_bytes()
    found = {
        "fetch": cost(lambda number: store.fetch(key(number * 7919 % users)), 300),
        "fetch of nobody": cost(lambda number: store.fetch(key(-1 - number)), 5),
        "cold fetch": cold(folder, users, "fetch"),
        "save": cost(lambda number: store.save(key(number % users), tokens[number]), len(tokens)),
        "cold save": cold(folder, users, "save"),
        "bare replace": cost(lambda _: bare_replace(folder, content), len(tokens)),
    }
    new = [token(-1 - number) for number in range(5)]
    found["save of a new user"] = cost(lambda number: store.save(key(-1 - number), new[number]), len(new))
    for number in range(len(new)):
        store.delete(key(-1 - number))
    return found


def run(rounds: int, folder: str | None) -> None:
    """Print the medians in ms, and how many times those of the smallest store each is.

    Args:
        rounds: how often everything is measured.
        folder: where to measure: a folder on the disk in question.
    """
    found: dict[tuple[int, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        folders = {users: Path(name, str(users)) for users in USERS}
        for users, place in folders.items():
            fill(place, users)
        for _ in range(rounds):
            for users, place in folders.items():
                for column, value in measure(place, users).items():
                    found[users, column].append(value)
    print(f"file store: medians of {rounds} in ms, and in brackets times that at {USERS[0]} users")
    print(f"{'':20}" + "".join(f"{f'{users} users':>20}" for users in USERS))
    for column in COLUMNS:
        medians = [statistics.median(found[users, column]) for users in USERS]
        cells = (f"{f'{median:.3f} ({median / medians[0]:.1f})':>20}" for median in medians)
        print(f"{column:20}" + "".join(cells))
