"""Is a user's file run once in a process, and does nobody wait for it who need not?"""

from __future__ import annotations

import gc
import multiprocessing
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zcrm_core import Client, Config, StoreError, Token, TokenKey
from zcrm_store_custom.naming import PATH_KEY
from zcrm_store_custom.plugin import CustomStorePlugin

STORE = """
ROWS = {}
class MyStore:
    def saveOAuthData(self, tokens): ROWS[tokens.user_identifier] = tokens
    def getOAuthTokens(self, user): return ROWS.get(user)
    def deleteOAuthTokens(self, user): ROWS.pop(user)
"""
Write = Callable[..., Config]


def failure(plugin: CustomStorePlugin, config: Config, key: TokenKey) -> StoreError:
    """The error of a file that cannot be imported."""
    with pytest.raises(StoreError) as caught:
        plugin.fetch(config, key)
    assert caught.value.code == "ZCRM-CUSTOM-004"
    return caught.value


COUNTED = f"import sys\nsys.zcrm_test_loads = getattr(sys, 'zcrm_test_loads', 0) + 1\n{STORE}"


@pytest.fixture
def loads() -> Iterator[Callable[[], int]]:
    """Tell how often a file with COUNTED in it was run."""
    yield lambda: sys.__dict__.get("zcrm_test_loads", 0)
    sys.__dict__.pop("zcrm_test_loads", None)


def test_a_file_is_loaded_once(
    write: Write, key: TokenKey, token: Token, loads: Callable[[], int], tmp_path: Path
) -> None:
    """All clients of a process share one module, as with an import; nothing is changed or left beside it."""
    config = write(COUNTED, file="json.py")
    path = list(sys.path)
    first, second = CustomStorePlugin(), CustomStorePlugin()
    first.save(config, key, token, None)
    del config
    gc.collect()
    again = write(COUNTED, file="json.py")

    assert second.fetch(again, key) == token
    assert second.zcrm_token_store(again).problem is None
    assert loads() == 1
    assert sys.path == path
    assert [file.name for file in tmp_path.iterdir()] == ["json.py"]


def test_a_file_runs_in_the_thread_that_makes_the_client(write: Write, key: TokenKey) -> None:
    """What a file makes at its top can be used in that thread, as a connection of sqlite3 must be."""
    source = f"import sqlite3\nDATABASE = sqlite3.connect(':memory:')\n{STORE}".replace(
        "return ROWS.get(user)", "return DATABASE.execute('SELECT NULL').fetchone()[0]"
    )

    assert CustomStorePlugin().fetch(write(source), key) is None


def test_a_changed_file_is_another_one(
    plugin: CustomStorePlugin, write: Write, key: TokenKey, token: Token
) -> None:
    """A new client runs the text that is there, even one of the same length a moment later."""
    old = write(f"{STORE}\nKIND = 1")
    plugin.save(old, key, token, None)
    new = write(f"{STORE}\nKIND = 2")

    assert plugin.fetch(new, key) is None
    assert plugin.fetch(old, key) == token


def test_a_file_that_fails_runs_once_for_a_client(
    plugin: CustomStorePlugin, write: Write, key: TokenKey, token: Token, loads: Callable[[], int]
) -> None:
    """Its error is remembered with its traceback, and raised as a new one: the core writes on each."""
    config = write(f"{COUNTED}\nraise ValueError", file="fixed.py")
    error = failure(plugin, config, key)
    with pytest.raises(StoreError) as caught:
        plugin.save(config, key, token, None)

    assert loads() == 1
    assert caught.value is not error
    assert caught.value.__cause__ is error.__cause__
    assert traceback.extract_tb(error.__cause__.__traceback__)[-1].line == "raise ValueError"  # type: ignore[union-attr]


def test_one_thread_runs_a_file_and_the_others_wait(
    write: Write, key: TokenKey, loads: Callable[[], int]
) -> None:
    """Clients that are made at once share one load, and a save in another store does not wait for it."""
    source = f"{COUNTED}\nimport sys\nsys.zcrm_test_running.set()\nassert sys.zcrm_test_may_end.wait(10)\n"
    running, may_end = threading.Event(), threading.Event()
    sys.__dict__.update(zcrm_test_running=running, zcrm_test_may_end=may_end)
    config = write(source)
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(CustomStorePlugin().fetch(config, key)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert running.wait(10)
    other = write(STORE, file="other.py")
    assert CustomStorePlugin().delete(other, key) is False  # under the lock that all custom stores share
    may_end.set()
    for thread in threads:
        thread.join(10)

    assert found == [None] * 4
    assert loads() == 1


def test_who_waits_too_long_for_another_thread_is_told(
    write: Write, key: TokenKey, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that does not come to its end holds nobody else up for ever, and the log names it."""
    monkeypatch.setattr("zcrm_store_custom.slowness.SECONDS", 0.05)
    monkeypatch.setattr("zcrm_store_custom.loading.SECONDS", 0.05)
    running, may_end = threading.Event(), threading.Event()
    sys.__dict__.update(zcrm_test_running=running, zcrm_test_may_end=may_end)
    config = write(f"{STORE}\nimport sys\nsys.zcrm_test_running.set()\nsys.zcrm_test_may_end.wait(10)\n")
    with caplog.at_level("WARNING", "zcrm"):
        thread = threading.Thread(target=CustomStorePlugin().fetch, args=(config, key))
        thread.start()
        assert running.wait(10)
        error = failure(CustomStorePlugin(), config, key)
        end = time.monotonic() + 10
        while not caplog.text and time.monotonic() < end:
            time.sleep(0.01)
        may_end.set()
        thread.join(10)

    assert "Another thread has been importing it" in error.why
    assert "my_store.py" in caplog.text
    assert "Ctrl-C" in caplog.text
    assert CustomStorePlugin().fetch(config, key) is None


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_file_that_is_loaded_during_a_fork_is_loaded_in_the_child(write: Write, key: TokenKey) -> None:
    """The child does not wait for a thread that only its parent has."""
    source = (
        f"import multiprocessing, sys\n{STORE}\nif not multiprocessing.parent_process():\n"
        "    sys.zcrm_test_running.set()\n    assert sys.zcrm_test_may_end.wait(10)\n"
    )
    running, may_end = threading.Event(), threading.Event()
    sys.__dict__.update(zcrm_test_running=running, zcrm_test_may_end=may_end)
    config = write(source)
    thread = threading.Thread(target=CustomStorePlugin().fetch, args=(config, key))
    thread.start()
    assert running.wait(10)
    child = multiprocessing.get_context("fork").Process(target=CustomStorePlugin().fetch, args=(config, key))
    child.start()
    child.join(20)
    may_end.set()
    thread.join(10)
    if child.exitcode is None:
        child.kill()
        child.join()

    assert child.exitcode == 0


def test_a_client_ends_with_its_class(write: Write) -> None:
    """A class that keeps its configuration holds no client and no store once nobody uses them."""
    path = str(write(f"{STORE}    def __init__(self, config): self.config = config").get(PATH_KEY))
    client = Client({"client_id": "1", "client_secret": "s", PATH_KEY: path})
    gone = weakref.ref(client.config)
    client.close()
    del client
    gc.collect()

    assert gone() is None


def test_a_corrected_file_is_loaded(plugin: CustomStorePlugin, write: Write, key: TokenKey) -> None:
    """What failed is tried again by the next client, without a new process."""
    failure(plugin, write("raise ValueError", file="fixed.py"), key)

    assert plugin.fetch(write(STORE, file="fixed.py"), key) is None
