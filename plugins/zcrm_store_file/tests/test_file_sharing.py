"""Can threads, processes and forked children share one file, and does a killed one harm the others?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from zcrm_core import RefreshTimeout, StaleToken, StoreError, StoreUnavailable, Token, TokenKey
from zcrm_store_file import store as store_module
from zcrm_store_file.locks import FileLock
from zcrm_store_file.store import FileStore

Keys = Callable[[str], TokenKey]
Tokens = Callable[..., Token]

_KERNEL = 10.0
"""Seconds that the kernel may take to close the files of a process that was killed; it takes a moment."""

PREAMBLE = """
import os, signal, subprocess, sys, time
from zcrm_core import RefreshTimeout, StaleToken, Token, TokenKey
from zcrm_store_file.store import FileStore
store = FileStore(sys.argv[1])
def key(user): return TokenKey(user, "1000.CLIENT", "production")
"""


@contextmanager
def _process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start Python code in a process of its own; it is gone when this ends."""
    child = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


def _line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


@pytest.mark.parametrize("operation", ["first", "insert", "save", "delete", "repair"])
def test_killed_at_every_step(tmp_path: Path, operation: str) -> None:
    """Killed before any step, or half-way in a write, the store holds the old or the new, and goes on."""
    script = Path(__file__).with_name("killed_at_each_step.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path, operation], capture_output=True, check=False, encoding="utf-8"
    )

    assert not done.stderr
    assert int(done.stdout) > 15


def test_eight_processes_lose_nothing(folder: Path, store: FileStore, key: Keys) -> None:
    """Eight processes that each save fifty users at once lose none of them."""
    code = """
sys.stdin.readline()
for number in range(50):
    user = f"{sys.argv[2]}-{number}"
    store.save(key(user), Token(user, "x", "y", number))
"""
    with ExitStack() as stack:
        children = [stack.enter_context(_process(code, str(folder), str(each))) for each in range(8)]
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        assert [child.wait() for child in children] == [0] * 8

    assert {f"{each}-{number}" for each in range(8) for number in range(50)} == {
        found.user_identifier for found in store.stored_keys()
    }
    assert Token("7-49", "x", "y", 49) == store.fetch(key("7-49"))


def test_compare_and_save_loses_no_update(folder: Path, store: FileStore, key: Keys, token: Tokens) -> None:
    """Processes that count up with compare-and-save arrive at the exact sum."""
    store.save(key("a"), token("a", 0))
    code = """
for _ in range(20):
    while True:
        old = store.fetch(key("a"))
        new = Token("a", old.access_token, old.refresh_token, old.expiry_time + 1, old.api_domain)
        try:
            store.save(key("a"), new, old)
            break
        except StaleToken:
            pass
"""
    with ExitStack() as stack:
        children = [stack.enter_context(_process(code, str(folder))) for _ in range(4)]
        assert [child.wait() for child in children] == [0] * 4
    found = store.fetch(key("a"))

    assert found is not None
    assert token("a", 0).expiry_time + 80 == found.expiry_time


def test_readers_see_whole_tokens_in_order(filled: FileStore, key: Keys, token: Tokens) -> None:
    """While one thread saves and others read, every reader sees whole tokens that never go back."""
    done = threading.Event()

    def read(user: str) -> list[int]:
        seen = []
        while not done.is_set():
            found = filled.fetch(key(user))
            assert found is not None
            number = found.expiry_time - token(user).expiry_time
            assert token(user, number) == found
            seen.append(number)
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read, user) for user in ("a", "a", "b")]
        try:
            for number in range(1, 100):
                filled.save(key("a"), token("a", number))
        finally:
            done.set()
        for reader in readers:
            assert reader.result() == sorted(reader.result())


def test_threads_save_and_delete_their_own(store: FileStore, key: Keys, token: Tokens) -> None:
    """Eight threads with eight users never meet: each sees its own last save or delete."""

    def work(user: str) -> None:
        for number in range(12):
            store.save(key(user), token(user, number))
            assert token(user, number) == store.fetch(key(user))
            if number % 3 == 0:
                assert store.delete(key(user))
                assert store.fetch(key(user)) is None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, "abcdefgh"))
    assert set("abcdefgh") == {each.user_identifier for each in store.stored_keys()}


def test_one_holder_among_threads_and_stores(folder: Path, key: Keys) -> None:
    """The refresh lock of a key has one holder at a time; another key's is another lock."""
    first, second = FileStore(str(folder)), FileStore(str(folder))
    with first.lock(key("a"), 0):
        with pytest.raises(RefreshTimeout) as caught, second.lock(key("a"), 0.01):
            pytest.fail("two hold the lock")
        assert caught.value.retryable
        with second.lock(key("b"), 0):
            pass
    with second.lock(key("a"), 0):
        pass


def test_waiting_threads_get_the_lock_one_by_one(store: FileStore, key: Keys) -> None:
    """Threads that wait for one lock all get it, never two at once, and the lock file stays the same one."""
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with store.lock(key("a"), 30):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with store.lock(key("a"), 0):
        pass
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert most == [1] * 40


def test_an_error_inside_frees_the_lock(store: FileStore, key: Keys) -> None:
    """An error in the body passes through as it is, and the lock is free again."""
    with pytest.raises(FileNotFoundError, match="mine"), store.lock(key("a"), 0):
        raise FileNotFoundError("mine")
    with store.lock(key("a"), 0):
        pass


def test_a_killed_holder_frees_the_lock(folder: Path, store: FileStore, key: Keys) -> None:
    """A holder in another process is named with its number; killed, it leaves the lock free at once."""
    code = 'with store.lock(key("a"), 0):\n    print("held", flush=True); signal.pause()'
    with _process(code, str(folder)) as child:
        assert _line(child) == "held"
        holder = rf"process {child.pid} on \S+ since 20"
        with (
            pytest.raises(RefreshTimeout, match=holder),
            store.lock(key("a"), 0),
        ):
            pytest.fail("two hold the lock")
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        with store.lock(key("a"), _KERNEL):
            pass


@pytest.mark.parametrize("start", ["fork", "exec"])
def test_children_of_a_holder_do_not_keep_the_lock(
    folder: Path, store: FileStore, key: Keys, start: str
) -> None:
    """When a holder is killed while a child that it forked or started lives on, the lock is free."""
    code = """
with store.lock(key("a"), 0):
    if sys.argv[2] == "fork":
        child = os.fork()
        if child == 0:
            print(os.getpid(), flush=True)
            signal.pause()
    else:
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
        print(child.pid, flush=True)
    signal.pause()
"""
    with _process(code, str(folder), start) as parent:
        grandchild = int(_line(parent))
        try:
            os.kill(parent.pid, signal.SIGKILL)
            parent.wait()
            with store.lock(key("a"), _KERNEL):
                pass
        finally:
            os.kill(grandchild, signal.SIGKILL)


def test_a_forked_child_leaves_the_parents_lock_alone(folder: Path) -> None:
    """A child forked inside the lock leaves the block, uses the store and exits; the parent holds on."""
    code = """
parent = os.getpid()
with store.lock(key("a"), 0):
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
        try:
            with FileStore(sys.argv[1]).lock(key("a"), 0):
                print("two hold the lock")
        except RefreshTimeout:
            print("still held")
if os.getpid() != parent:
    store.save(key("a"), Token("a", "child", None, 0))
    with store.lock(key("b"), 0):
        os._exit(0)
print(store.fetch(key("a")).access_token)
store.save(key("a"), Token("a", "parent", None, 0))
with store.lock(key("a"), 0):
    print("held again")
"""
    with _process(code, str(folder)) as child:
        assert [_line(child) for _ in range(3)] == ["still held", "child", "held again"]
        assert child.wait() == 0


def test_a_stopped_writer_is_an_error_not_a_hang(
    *, filled: FileStore, folder: Path, path: Path, key: Keys, token: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers pass a held write lock; a writer waits for a bounded time, says so, and changes nothing."""
    monkeypatch.setattr(store_module, "_WRITE_WAIT", 0.01)
    before = path.read_bytes()
    descriptor = os.open(folder, os.O_RDONLY)
    lock = FileLock(descriptor, f"{path.name}.lock", "")
    assert lock.acquire(0)
    try:
        assert token("a") == filled.fetch(key("a"))
        for call in (lambda: filled.save(key("a"), token("a", 1)), lambda: filled.delete(key("a"))):
            with pytest.raises(StoreUnavailable, match="locked") as caught:
                call()
            assert caught.value.code == "ZCRM-FILE-009"
    finally:
        lock.close()
        os.close(descriptor)
    assert before == path.read_bytes()
    filled.save(key("a"), token("a", 1))


def test_a_note_in_a_lock_file_is_not_trusted(store: FileStore, folder: Path, key: Keys) -> None:
    """A lock file with anything in it works, and a note that zcrm did not write is not shown."""
    with store.lock(key("a"), 0):
        pass
    (note,) = (folder / "zcrm_oauthtokens.locks").iterdir()
    with store.lock(key("a"), 0):
        note.write_bytes(b"\xff 9 " + b"9" * 300)
        with pytest.raises(RefreshTimeout, match="another worker"), store.lock(key("a"), 0):
            pytest.fail("two hold the lock")


def test_delete_is_not_undone_by_a_finishing_refresh(filled: FileStore, key: Keys, token: Tokens) -> None:
    """A refresh that ends after the user was deleted saves nothing."""
    with filled.lock(key("a"), 0):
        old = filled.fetch(key("a"))
        filled.delete(key("a"))
        with pytest.raises(StaleToken):
            filled.save(key("a"), token("a", 1), replaces=old)
    assert filled.fetch(key("a")) is None


def test_no_descriptor_is_left_open(filled: FileStore, path: Path, key: Keys, token: Tokens) -> None:
    """After any call, and after any error, the process has as many open files as before."""
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not list a process's open files")
    before = len(list(descriptors.iterdir()))
    for _ in range(2):
        filled.fetch(key("a"))
        filled.fetch(key("absent"))
        filled.save(key("a"), token("a", 1))
        filled.delete(key("absent"))
        with filled.lock(key("a"), 0), pytest.raises(RefreshTimeout), filled.lock(key("a"), 0):
            pytest.fail("two hold the lock")
        path.chmod(0o644)
        with pytest.raises(StoreError):
            filled.fetch(key("a"))
        path.chmod(0o600)
    assert before == len(list(descriptors.iterdir()))


def test_the_first_users_at_once_find_the_folder(tmp_path: Path) -> None:
    """Threads that come while the folder is being made take it for the folder, never for the file."""
    for turn in range(60):
        store = FileStore(str(tmp_path / f"tokens-{turn}"))
        with ThreadPoolExecutor(8) as threads:
            key = TokenKey("a", "c", "production")
            done = [threads.submit(store.save, key, Token("a", str(n), None, n)) for n in range(8)]
        assert [each.exception() for each in done] == [None] * 8
