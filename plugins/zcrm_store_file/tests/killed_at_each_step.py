"""What does a store look like after its user was killed at any one step? Run by test_file_sharing.py.

Arguments: a folder, and ``save``, ``insert``, ``delete``, ``repair`` or ``first``. A forked child does the
operation and kills itself at step n, for n from 0 until it gets through; after each the parent looks.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from zcrm_core import StoreCorrupt, Token, TokenKey
from zcrm_store_file.store import FileStore

STEPS = (
    "open", "close", "write", "fsync", "replace", "unlink", "fchmod", "chmod", "mkdir", "pread", "fstat",
)  # fmt: skip
ME, OTHER = TokenKey("me", "c", "production"), TokenKey("other", "c", "production")
OLD, NEW, OTHERS = Token("me", "old", "r", 1), Token("me", "new", "r", 2), Token("other", "o", None, 3)


def kill_at(step: int) -> None:
    """Count the calls that touch the disk, and die before the one numbered ``step``; in a write, half-way."""
    left = step

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            nonlocal left
            if left == 0:
                if function is write and isinstance(arguments[1], memoryview):
                    write(arguments[0], arguments[1][: len(arguments[1]) // 2])  # type: ignore[arg-type]
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return function(*arguments, **more)

        return call

    write = os.write
    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
    fcntl.flock = counted(fcntl.flock)  # type: ignore[assignment]


def outcome(store: FileStore) -> Token | str | None:
    """Give what a reader sees."""
    try:
        return store.fetch(ME)
    except StoreCorrupt:
        return "corrupt"


def prepare(store: FileStore, path: Path, operation: str) -> Token | str | None:
    """Bring the store into the state before the operation; give what a reader sees then."""
    if operation == "first":
        return None
    store.save(OTHER, OTHERS)
    store.save(ME, OLD)
    if operation == "insert":
        store.delete(ME)
    if operation == "repair":
        path.write_bytes(
            path.read_bytes().replace(b'"digest":"' + ME.digest()[:4].hex().encode(), b'"digest":"????????')
        )
    return outcome(store)


def main(root: Path, operation: str) -> None:
    """Kill at every step; fail at the first wrong state."""
    for step in range(1000):
        folder = root / str(step if operation == "first" else 0)
        path = folder / "zcrm_oauthtokens.txt"
        store = FileStore(str(folder))
        before = prepare(store, path, operation)
        after = None if operation == "delete" else NEW
        child = os.fork()
        if child == 0:
            kill_at(step)
            if operation == "delete":
                store.delete(ME)
            else:
                store.save(ME, NEW)
            os._exit(0)
        finished = os.waitpid(child, 0)[1] == 0
        seen = outcome(store)
        assert seen in ((after,) if finished else (before, after)), (step, seen)
        assert operation == "first" or store.fetch(OTHER) == OTHERS
        left = (
            {each.name for each in folder.iterdir() if "damaged" not in each.name}
            if folder.exists()
            else set()
        )
        assert left <= {path.name, f"{path.name}.lock", f".{path.name}.new"}, (step, left)
        store.save(ME, OLD)
        assert store.fetch(ME) == OLD
        assert not (folder / f".{path.name}.new").exists()
        assert len(list(folder.glob("*damaged*"))) == (operation == "repair")
        if finished:
            sys.stdout.write(f"{step}\n")
            return


main(Path(sys.argv[1]), sys.argv[2])
