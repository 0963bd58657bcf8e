"""Does a token survive what ends the process, the disk or the connection?"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.steps import failure_of, loss_of, watching
from zcrm_contract_tests.story import shown_error, shown_token
from zcrm_contract_tests.verdicts import Violation
from zcrm_contract_tests.worker import plain_key, plain_token, token_of
from zcrm_contract_tests.workers import Answer, Worker
from zcrm_core import StaleToken, StoreError, Token, TokenKey

_MOST_STEPS: Final = 2000
_DISK: Final = "size=512k,mode=700"
_MIGRATORS: Final = 8
_MOMENT: Final = 0.1


# -- another process, and the end of one ---------------------------------------------------------------


@promise("TS-30", capabilities=["survives_restart"])
def restart(bench: Bench) -> None:
    """What was saved when save returned is there for another process, even if the first is killed at once."""
    key, gone = bench.key(), bench.key("gone@example.com")
    token, later = bench.token(), bench.token()
    with bench.worker() as first:
        first.ready()
        for each in (key, gone):
            _done(first.ask("save", **_of(each), token=plain_token(bench.token(each.user_identifier))))
        _done(first.ask("save", **_of(key), token=plain_token(token)))
        _done(first.ask("delete", **_of(gone)))
        first.kill()
    bench.story.tell("another process saved twice, deleted another user's token, and was killed")
    with bench.worker() as second:
        second.ready()
        for asked, wanted in ((key, token), (gone, None)):
            found = _done(second.ask("fetch", **_of(asked)))
            bench.expect(
                found == (wanted and plain_token(wanted)),
                f"after its process was killed and started again, fetch gave {_shown(found)} for "
                f"{asked.user_identifier!r} instead of {shown_token(wanted)}",
            )
        _done(second.ask("save", **_of(key), token=plain_token(later)))
        second.kill()
    store = bench.reopen()
    store.expect(key, later, "after a second process saved and was killed")
    bench.saved(key, store)


@promise("TS-31", capabilities=["survives_restart"])
def killed(bench: Bench) -> None:
    """Killed at any step of a save or a delete, a process leaves the old token or the new one, a store that
    works, and nothing that grows.
    """
    store, key = bench.open(), bench.key()
    with bench.worker() as worker:
        worker.ready()
        for operation in ("insert", "overwrite", "delete"):
            rounds = 2 if bench.reaches("files") else 1
            left = [_kill_at_every_step(bench, worker, operation) for _ in range(rounds)]
            bench.expect(
                left[-1] <= left[0],
                f"processes that were killed during {operation} leave more and more files: "
                f"{left[0]}, then {left[-1]}",
            )
        for number in range(bench.profile.kills):
            seconds = bench.random.uniform(0.002, 0.03)
            value = f"v{number}"
            store.save(key, token_of(key.user_identifier, f"{value}-0"))
            done = _done(worker.ask("kill_after", **_of(key), value=value, seconds=seconds))
            bench.story.tell(f"a process that saved again and again was killed after its save number {done}")
            _let_the_server_end(bench)
            wanted = [token_of(key.user_identifier, f"{value}-{n}") for n in (done, done + 1)]
            found = store.fetch(key)
            bench.expect(found in wanted, f"after save number {done}, fetch gave {shown_token(found)}")


def _let_the_server_end(bench: Bench) -> None:
    # What a client sent before it was killed, a server may do a moment later.
    if bench.author.capabilities.connects:
        time.sleep(_MOMENT)


def _kill_at_every_step(bench: Bench, worker: Worker, operation: str) -> int:
    """Kill a child at each step; give the number of files that are there in the end."""
    store, key, other = bench.open(), bench.key(), bench.key("other@example.com")
    witness = bench.token("other@example.com")
    store.save(other, witness)
    for step in range(_MOST_STEPS):
        old, new = bench.token(), bench.token()
        store.save(key, old)
        if operation == "insert":
            store.delete(key)
        before, after = (None if operation == "insert" else old), (None if operation == "delete" else new)
        bench.story.begin()
        bench.story.tell(f"{shown_token(before)} is stored for {key.user_identifier!r}")
        how = _done(
            worker.ask(
                "kill_at",
                operation="delete" if operation == "delete" else "save",
                step=step,
                token=plain_token(new),
                **_of(key),
            )
        )
        bench.story.tell(f"{operation}, killed before step {step + 1} ({how})")
        _let_the_server_end(bench)
        bench.expect(how != "raised", f"{operation} in another process raised an error")
        found = store.fetch(key)
        bench.expect(
            found == after or (how == "killed" and found == before),
            f"after a process was killed before step {step + 1} of {operation}, fetch gave "
            f"{shown_token(found)}, neither the old token nor the new one",
        )
        store.expect(other, witness, "after another user's process was killed")
        final = bench.token()
        store.save(key, final)
        store.expect(key, final, "after a process was killed and a token was saved again")
        if how == "finished":
            break
    return len(bench.file_paths()) if bench.reaches("files") else 0


@promise("TS-32", capabilities=["survives_restart"], behind=["files"])
def flushed(bench: Bench) -> None:
    """Before save or delete returns, the content is flushed to the disk, then put in place, then its folder
    is flushed: a power cut takes nothing back.
    """
    key = bench.key()
    with bench.worker(traced=True) as worker:
        worker.ready()
        for what, do, more in (
            ("first save", "save", {"token": plain_token(bench.token())}),
            ("save", "save", {"token": plain_token(bench.token())}),
            ("delete", "delete", {}),
        ):
            before = _stamps(bench)
            answer = worker.ask(do, **_of(key), **more)
            _done(answer)
            bench.story.tell(f"{what}: {', '.join(call['call'] for call in answer.calls) or 'no call seen'}")
            if _stamps(bench) == before:
                raise Violation(f"{what} returned, but no file has changed: nothing is on the disk")
            stored = {Path(name).name for name in before}
            # Taking away a file of its own making, say a lock, changes nothing that is stored.
            if not any(call["call"] != "remove" or call["name"] in stored for call in answer.calls):
                bench.cannot("the store writes through a library in C, whose calls cannot be seen here")
            _check_order(what, answer, stored)


def _stamps(bench: Bench) -> dict[str, tuple[int, int, int]]:
    stamps = {}
    for path in bench.file_paths():
        status = path.stat()
        stamps[str(path)] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return stamps


def _check_order(what: str, answer: Answer, stored: set[str]) -> None:
    flushed: set[tuple[int, int]] = set()
    waiting: set[tuple[int, int]] = set()
    for call in answer.calls:
        if call["call"] == "flush":
            flushed.add(tuple(call["file"]))
            waiting.discard(tuple(call["file"]))
        elif call["call"] == "rename":
            if tuple(call["file"]) not in flushed:
                raise Violation(f"{what} put a file in place whose content was not flushed (fsync) before")
            waiting.add(tuple(call["folder"]))
        elif call["call"] == "remove" and call["name"] in stored:
            waiting.add(tuple(call["folder"]))
    if waiting:
        raise Violation(f"{what} returned before the folder, whose names it had changed, was flushed (fsync)")
    if not flushed:
        raise Violation(f"{what} returned without flushing (fsync) anything to the disk")


# -- a disk that fails ---------------------------------------------------------------------------------


@promise("TS-33")
def disk_full(bench: Bench) -> None:
    """A disk that is full or fails at any step is a StoreError: what was stored stays, and the store goes on
    when there is space again.
    """
    for operation in ("insert", "overwrite", "delete"):
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
            result = store.delete(key) if operation == "delete" else store.save(key, new)
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
        large = bench.token(access_token="x" * 60_000)
        for token in (large, bench.token(scope="y" * 60_000)):
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


# -- other versions ------------------------------------------------------------------------------------


@promise("TS-34", capabilities=["migrates"], behind=["old_stores"])
def versions(bench: Bench) -> None:
    """What an older version stored is found, also when eight processes start at once; what a newer version
    stored is refused and left as it is.
    """
    for version in bench.author.old_stores(bench.namespace):
        with bench.example():
            wanted = bench.author.old_stores(bench.namespace)[version]()
            bench.story.tell(f"the store is as version {version} left it, with {len(wanted)} tokens")
            _migrate_at_once(bench, version, wanted)
            store = bench.open()
            for key, token in wanted.items():
                store.expect(key, token, f"after version {version} had saved it")
                new = bench.token(key.user_identifier)
                store.save(key, new)
                store.expect(key, new, "after it was saved over an older version's")
    if not bench.reaches("newer_store"):
        bench.note = "a newer version's store was not tried: there is no newer_store()"
        return
    with bench.example():
        bench.author.newer_store(bench.namespace)
        bench.story.tell("the store is as a newer version left it")
        before = dict(bench.dump()) if bench.reaches("raw_dump") else None
        store, key = bench.open(), bench.key()
        _refused("fetch", lambda: store.fetch(key))
        _refused("save", lambda: store.save(key, bench.token()))
        if before is not None:
            now = {name: content for name, content in bench.dump().items() if name in before}
            bench.expect(now == before, "what a newer version stored was changed")


def _refused(what: str, work: Callable[[], object]) -> None:
    try:
        work()
    except StoreError:
        return
    raise Violation(f"{what} worked on what a newer version stored, instead of refusing")


def _migrate_at_once(bench: Bench, version: str, wanted: Mapping[TokenKey, Token]) -> None:
    if bench.source.reference() is None or not bench.author.capabilities.shared_between_processes:
        return
    with ExitStack() as open_workers:
        workers = [open_workers.enter_context(bench.worker()) for _ in range(_MIGRATORS)]
        for worker in workers:
            worker.ready()
        for key, token in wanted.items():
            for worker in workers:
                worker.tell("fetch", **_of(key))
            for worker in workers:
                found = _done(worker.answer())
                bench.expect(
                    found == plain_token(token),
                    f"when {_MIGRATORS} processes opened what version {version} left, "
                    f"one fetched {_shown(found)}",
                )


# -- a connection that breaks --------------------------------------------------------------------------


@promise("TS-35", capabilities=["connects"], behind=["break_connections"])
def connections(bench: Bench) -> None:
    """A lost connection costs at most one error that says it may be tried again; what was done is done once,
    and the next call works.
    """
    store, key = bench.open(), bench.key()
    old = bench.token()
    store.save(key, old)
    bench.author.break_connections(bench.namespace)
    bench.story.tell("every connection is broken")
    _again(bench, lambda: store.expect(key, old, "after the connection was broken"))
    for operation in ("save", "replace", "delete"):
        bench.author.break_connections(bench.namespace)
        bench.story.tell("every connection is broken")
        old = _again(bench, lambda: _change(store, key, operation, old, bench))  # noqa: B023 - called at once
    for operation in ("save", "replace", "delete"):
        for step in range(_MOST_STEPS):
            if not _loses(bench, store, operation, step):
                break


def _change(store: Handle, key: TokenKey, operation: str, old: Token, bench: Bench) -> Token:
    new = bench.token()
    if operation == "delete":
        store.delete(key)
        store.expect(key, None, "after it was deleted over a broken connection")
        store.save(key, new)
    else:
        store.save(key, new, old if operation == "replace" else None)
    store.expect(key, new, f"after {operation} over a broken connection")
    return new


def _again(bench: Bench, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the work gives
    try:
        return work()
    except StoreError as error:
        bench.expect(
            error.retryable, f"a lost connection raised {shown_error(error)}, which is not retryable"
        )
        bench.story.tell("  it may be tried again")
    return work()


def _loses(bench: Bench, store: Handle, operation: str, step: int) -> bool:
    """Lose the connection at a step of a change; answer whether there was such a step."""
    key, old, new = bench.key(), bench.token(), bench.token()
    store.save(key, old)
    left, lost = step, False

    def lose(module: str, call: str) -> None:
        nonlocal left, lost
        error = loss_of(module, call)
        if error is not None and not lost:
            if left == 0:
                lost = True
                bench.story.tell(f"  the connection is lost at {call}")
                raise error
            left -= 1

    answer: object = None
    try:
        with watching(lose):
            if operation == "delete":
                answer = store.delete(key)
            else:
                answer = store.save(key, new, old if operation == "replace" else None)
    except StaleToken as error:
        raise Violation(f"{operation} was done once and then refused: {shown_error(error)}") from error
    except StoreError as error:
        bench.expect(
            error.retryable, f"a lost connection raised {shown_error(error)}, which is not retryable"
        )
    if not lost:
        return False
    after = None if operation == "delete" else new
    found = store.fetch(key)
    bench.expect(
        found == after or (answer is None and found == old),
        f"after the connection was lost during {operation}, which "
        f"{'answered ' + repr(answer) if answer is not None else 'raised'}, fetch gave {shown_token(found)}",
    )
    return True


# -- the other side ------------------------------------------------------------------------------------


def _of(key: TokenKey) -> dict[str, object]:
    return {"key": plain_key(key)}


def _done(answer: Answer) -> Any:  # noqa: ANN401 - JSON
    if answer.error:
        raise Violation(f"in another process, the store raised {answer.failure}")
    return answer.value


def _shown(found: object) -> str:
    return shown_token(Token(**found)) if isinstance(found, dict) else "nothing"
