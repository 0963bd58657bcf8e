"""Does a token survive the end of the process that saved it?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.story import shown_plain, shown_token
from zcrm_contract_tests.verdicts import Violation
from zcrm_contract_tests.worker import plain_key, plain_token, token_of
from zcrm_contract_tests.workers import Answer, Worker, result_of

_MOST_STEPS: Final = 2000
_MOMENT: Final = 0.1


@promise("TS-30", capabilities=["survives_restart"])
def restart(bench: Bench) -> None:
    """What was saved when save returned is there for another process, even if the first is killed at once."""
    key, gone = bench.key(), bench.key("gone@example.com")
    token, later = bench.token(), bench.token()
    with bench.worker() as first:
        first.ready()
        for each in (key, gone):
            result_of(
                first.ask("save", key=plain_key(each), token=plain_token(bench.token(each.user_identifier)))
            )
        result_of(first.ask("save", key=plain_key(key), token=plain_token(token)))
        result_of(first.ask("delete", key=plain_key(gone)))
        first.kill()
    bench.story.tell("another process saved twice, deleted another user's token, and was killed")
    with bench.worker() as second:
        second.ready()
        for asked, wanted in ((key, token), (gone, None)):
            found = result_of(second.ask("fetch", key=plain_key(asked)))
            bench.expect(
                found == (wanted and plain_token(bench.kept(wanted))),
                f"after its process was killed and started again, fetch gave {shown_plain(found)} for "
                f"{asked.user_identifier!r} instead of {shown_token(wanted)}",
            )
        result_of(second.ask("save", key=plain_key(key), token=plain_token(later)))
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
        for operation in ("insert", "overwrite", "replace", "delete"):
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
            done = result_of(worker.ask("kill_after", key=plain_key(key), value=value, seconds=seconds))
            bench.story.tell(f"a process that saved again and again was killed after its save number {done}")
            _let_the_server_end(bench)
            wanted = [bench.kept(token_of(key.user_identifier, f"{value}-{n}")) for n in (done, done + 1)]
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
        how = result_of(
            worker.ask(
                "kill_at",
                operation="delete" if operation == "delete" else "save",
                step=step,
                token=plain_token(new),
                replaces=plain_token(old) if operation == "replace" else None,
                key=plain_key(key),
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
        tokens = [plain_token(bench.token()) for _ in range(3)]
        flushed: dict[tuple[int, int], list[int] | None] = {}
        for what, do, more in (
            ("first save", "save", {"token": tokens[0]}),
            ("save", "save", {"token": tokens[1]}),
            ("save over that very token", "save", {"token": tokens[2], "replaces": tokens[1]}),
            ("delete", "delete", {}),
        ):
            before = _stamps(bench)
            answer = worker.ask(do, key=plain_key(key), **more)
            result_of(answer)
            bench.story.tell(f"{what}: {', '.join(call['call'] for call in answer.calls) or 'no call seen'}")
            if _stamps(bench) == before:
                raise Violation(f"{what} returned, but no file has changed: nothing is on the disk")
            stored = {Path(name).name for name in before}
            # Taking away a file of its own making, say a lock, changes nothing that is stored.
            if not any(
                call["call"] in ("write", "flush") or (call["call"] == "remove" and call["name"] in stored)
                for call in answer.calls
            ):
                bench.cannot("the store writes through a library in C, whose calls cannot be seen here")
            _check_order(what, answer, stored, flushed)


def _stamps(bench: Bench) -> dict[str, tuple[int, int, int]]:
    stamps = {}
    for path in bench.file_paths():
        status = path.stat()
        stamps[str(path)] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return stamps


def _check_order(
    what: str, answer: Answer, stored: set[str], flushed: dict[tuple[int, int], list[int] | None]
) -> None:
    """Look at the calls of one operation; ``flushed`` has each flushed file as it was then, of all
    operations.
    """
    waiting: set[tuple[int, int]] = set()
    for call in answer.calls:
        if call["call"] == "flush":
            flushed[tuple(call["file"])] = call["as"]
            waiting.discard(tuple(call["file"]))
        elif call["call"] == "rename":
            file = tuple(call["file"])
            if file not in flushed or flushed[file] not in (None, call["as"]):
                raise Violation(f"{what} put a file in place whose content was not flushed (fsync) before")
            waiting.add(tuple(call["folder"]))
        elif call["call"] == "remove" and call["name"] in stored:
            waiting.add(tuple(call["folder"]))
    if waiting:
        raise Violation(f"{what} returned before the folder, whose names it had changed, was flushed (fsync)")
    if not flushed:
        raise Violation(f"{what} returned without flushing (fsync) anything to the disk")
