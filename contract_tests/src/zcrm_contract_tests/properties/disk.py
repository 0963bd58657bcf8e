"""Does a token survive a disk that is full or fails?"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.steps import failure_of, watching
from zcrm_contract_tests.story import shown_error, shown_token
from zcrm_contract_tests.verdicts import Violation
from zcrm_core import StoreError

_MOST_STEPS: Final = 2000
_DISK: Final = "size=512k,mode=700"


@promise("TS-33")
def disk_full(bench: Bench) -> None:
    """A disk that is full or fails at any step is a StoreError: what was stored stays, and the store goes on
    when there is space again.
    """
    for operation in ("insert", "overwrite", "replace", "delete"):
        for step in range(_MOST_STEPS):
            with bench.example():
                if not _fails(bench, operation, step):
                    break
    if bench.reaches("files"):
        _fill_a_real_disk(bench)


def _fails(bench: Bench, operation: str, step: int) -> bool:
    store, key = bench.open(), bench.key()
    old, new = bench.token(), bench.token()
    store.save(key, old)
    if operation == "insert":
        store.delete(key)
    before, after = (None if operation == "insert" else old), (None if operation == "delete" else new)
    failed = ""
    left = step

    def fail(module: str, call: str) -> None:
        nonlocal failed, left
        error = failure_of(module, call)
        if error is not None and not failed:
            if left == 0:
                failed = f"{call} failed with {shown_error(error)}"
                bench.story.tell(f"  {failed}")
                raise error
            left -= 1

    result: object
    try:
        with watching(fail):
            if operation == "delete":
                result = store.delete(key)
            else:
                result = store.save(key, new, old if operation == "replace" else None)
    except StoreError:
        result = None
    except Exception as error:
        raise Violation(
            f"{operation}, while {failed}, raised {type(error).__name__} instead of a StoreError"
        ) from error
    if not failed:
        return False
    found = bench.reopen().fetch(key)
    bench.expect(
        found == after or (result is None and found == before),
        f"{operation}, while {failed}, {'answered ' + repr(result) if result else 'raised'}, and fetch gave "
        f"{shown_token(found)}",
    )
    final = bench.token()
    store.save(key, final)
    store.expect(key, final, "after the disk worked again and a token was saved")
    return True


def _fill_a_real_disk(bench: Bench) -> None:
    with bench.example(), ExitStack() as mounted:
        place = bench.files if bench.files.suffix == "" else bench.files.parent
        if place.exists() and any(place.iterdir()):
            bench.note = "a full disk was made by failing calls only: files() shares its folder"
            return
        if not mounted.enter_context(_small_disk(place)):
            bench.note = "a full disk was made by failing calls only: this machine mounts no tmpfs"
            return
        bench.story.tell(f"the store is on a small disk ({_DISK})")
        store, key = bench.open(), bench.key()
        old = bench.token()
        store.save(key, old)
        filler = place / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 512)
        bench.story.tell("fill the disk to the last byte")
        size = min(60_000, bench.longest)
        large = bench.token(access_token="x" * size)
        for token in (large, bench.token(scope="y" * size)):
            try:
                store.save(key, token)
            except StoreError:
                bench.story.tell("  it was refused")
            else:
                old = token
            store.expect(key, old, "with a full disk")
        filler.unlink()
        store.save(key, large)
        store.expect(key, large, "after there was space again and a token was saved")


@contextmanager
def _small_disk(place: Path) -> Iterator[bool]:
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        yield False
        return
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = subprocess.run(  # noqa: S603 - the system's own command
        [mount, "-t", "tmpfs", "-o", _DISK, "none", place], capture_output=True, check=False
    )
    if made.returncode:
        yield False
        return
    try:
        yield True
    finally:
        # Lazily: a store may keep a file open, and the place must be free again in any case.
        subprocess.run(  # noqa: S603 - as above
            [umount, "-l", place], capture_output=True, check=False
        )
