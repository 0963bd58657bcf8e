"""What does another process do for a check? It opens the same store and follows commands, one JSON line each.

Started as ``python -m zcrm_contract_tests.worker``. It has one thread while no script runs, so it may fork: a
child that is to be killed at a step starts in milliseconds. It never imports Hypothesis.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from zcrm_contract_tests.opening import OpenStore
    from zcrm_core import Token, TokenKey

__all__ = ["plain_key", "plain_token", "token_of"]

_FINISHED: Final = 0
_RAISED: Final = 3
_LONGEST_CHILD_SECONDS: Final = 60
_EXPIRY: Final = 1_900_000_000_000

Command = Mapping[str, Any]  # a JSON object: its values are what the other side put there


def token_of(user: str, value: str) -> Token:
    """Make the token that stands for a value in a recorded history; each of its texts names the value."""
    from zcrm_core import Token  # noqa: PLC0415 - after the trace is laid, see tracing.py

    return Token(user, value, f"refresh of {value}", _EXPIRY, f"https://{value}.example", f"scope {value}")


class _Worker:
    """One process with the store open."""

    def __init__(self, started: Command) -> None:
        from zcrm_contract_tests.capabilities import Capabilities  # noqa: PLC0415 - after the trace is laid
        from zcrm_contract_tests.opening import from_reference  # noqa: PLC0415 - as above

        self._source = from_reference(started["reference"], Capabilities(**started["capabilities"]))
        self._values = started["values"]
        self._plugins = self._source.load()
        self._store: OpenStore | None = None
        self._lock: AbstractContextManager[object] | None = None

    @property
    def store(self) -> OpenStore:
        """The open store; it is opened by the first command that needs it."""
        if self._store is None:
            self._store = self._source.open(self._plugins, self._values)
        return self._store

    def save(self, command: Command) -> object:
        """Save a token."""
        replaces = command.get("replaces")
        return self.store.save(
            _key(command), _token(command["token"]), None if replaces is None else _token(replaces)
        )

    def fetch(self, command: Command) -> object:
        """Give the token, as JSON."""
        return _plain(self.store.fetch(_key(command)))

    def delete(self, command: Command) -> object:
        """Delete a token."""
        return self.store.delete(_key(command))

    def list(self, _command: Command) -> object:
        """Give the users of all keys."""
        return [getattr(key, "user_identifier", None) for key in self.store.list()]

    def lock(self, command: Command) -> object:
        """Take the lock and keep it."""
        lock = self.store.lock(_key(command), command["wait"])
        lock.__enter__()
        self._lock = lock
        return True

    def unlock(self, _command: Command) -> object:
        """Give the lock up."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.__exit__(None, None, None)
        return True

    def take_turns(self, command: Command) -> object:
        """Take the lock again and again; say for how many turns, and when it was held, in ns."""
        key, held = _key(command), []
        _wait_until(command["start"])
        for _ in range(command["turns"]):
            with self.store.lock(key, command["wait"]):
                began = time.monotonic_ns()
                time.sleep(command["seconds"])
                held.append([began, time.monotonic_ns()])
        return held

    def increment(self, command: Command) -> object:
        """Count up in the token under the store's ``replaces``, again and again until each turn got
        through.
        """
        from zcrm_core import StaleToken  # noqa: PLC0415 - as above

        key, done = _key(command), 0
        _wait_until(command["start"])
        while done < command["turns"]:
            seen = self.store.fetch(key)
            number = int(seen.access_token) + 1  # type: ignore[attr-defined]  # checked by what it becomes
            token = _token({**plain_token(seen), "access_token": str(number)})
            try:
                self.store.save(key, token, seen)  # type: ignore[arg-type]  # as above
            except StaleToken:
                continue
            done += 1
        return done

    def kill_at(self, command: Command) -> object:
        """Do something in a child that dies at its step ``step``; answer whether it lived to the end."""
        return self._in_child(command, lambda: self._die_at(command))

    def kill_after(self, command: Command) -> object:
        """Save without end in a child, which is killed after ``seconds``; answer the last save it
        finished.
        """
        key = _key(command)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                number = 0
                while True:
                    number += 1
                    self.store.save(key, token_of(key.user_identifier, f"{command['value']}-{number}"), None)
                    os.write(write, f"{number}\n".encode())
            finally:
                os._exit(_RAISED)
        os.close(write)
        time.sleep(command["seconds"])
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(read, "rb") as pipe:
            saved = pipe.read().split()
        return int(saved[-1]) if saved else 0

    def _die_at(self, command: Command) -> None:
        from zcrm_contract_tests.steps import READS, watching  # noqa: PLC0415 - as above

        left, reading = command["step"], False

        def count(_module: str, call: str) -> None:
            nonlocal left, reading
            again, reading = reading and call in READS, call in READS
            if again:
                return  # an answer of many packets is read in many steps, and death at each leaves the same
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        self.fetch(command)  # opening a connection is no step of the operation
        with watching(count):
            getattr(self, command["operation"])(command)

    def _in_child(self, command: Command, work: Callable[[], object]) -> object:
        self._store = None  # a child opens a store of its own
        child = os.fork()
        if child == 0:
            code = _RAISED
            try:
                signal.alarm(_LONGEST_CHILD_SECONDS)
                work()
                code = _FINISHED
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            return "killed"
        return "finished" if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _FINISHED else "raised"

    def forked(self, command: Command) -> object:
        """Use the store, fork, and use it in parent and child at once; answer what went wrong, if
        anything.
        """
        key, value = _key(command), command["value"]
        other = _key({"key": {**command["key"], "user_identifier": f"{value}-child@example.com"}})
        self._use(key, f"{value}-before", 1)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            code = _RAISED
            try:
                signal.alarm(_LONGEST_CHILD_SECONDS)
                os.close(write)  # the parent waits for this: else one may be through before the other begins
                code = _FINISHED if self._use(other, f"{value}-child", command["times"]) is None else 2
            finally:
                os._exit(code)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            pipe.read()
        wrong = self._use(key, f"{value}-parent", command["times"])
        status = os.waitpid(child, 0)[1]
        if wrong is not None:
            return f"after a fork, the parent {wrong}"
        if status:
            code = os.waitstatus_to_exitcode(status)
            return f"after a fork, the child could not use the store (exit code {code})"
        # The child's end must take nothing away from the parent.
        last = command["times"] - 1
        for each, name in ((key, "parent"), (other, "child")):
            wanted = token_of(each.user_identifier, f"{value}-{name}-{last}")
            if self.store.fetch(each) != self.store.capabilities.kept(wanted):
                return f"after its forked child had ended, the parent found no more what the {name} had saved"
        wrong = self._use(key, f"{value}-after", 2)
        return None if wrong is None else f"after its forked child had ended, the parent {wrong}"

    def _use(self, key: TokenKey, value: str, times: int) -> str | None:
        for number in range(times):
            token = token_of(key.user_identifier, f"{value}-{number}")
            self.store.save(key, token, None)
            if self.store.fetch(key) != self.store.capabilities.kept(token):
                return f"fetched another token than the one it had saved ({value}-{number})"
        return None

    def play(self, command: Command) -> object:
        """Follow scripts, one in a thread each, all at once; give what happened as a history."""
        from zcrm_contract_tests.playing import play  # noqa: PLC0415 - as above

        store = self.store
        _wait_until(command["start"])
        return play(store, command["scripts"], command["client_id"])

    def connect(self, command: Command) -> object:
        """Make a client, which lives as long as this process; on a busy machine that takes a while."""
        self._client = self._source.client({**self._values, **command["config"]})
        return True

    def refresh(self, command: Command) -> object:
        """Use the client in several threads; give each thread's error, and the number of answers."""
        from zcrm_contract_tests.playing import call_in_threads  # noqa: PLC0415 - as above

        _wait_until(command["start"])
        return call_in_threads(self._client, command["threads"])


def _wait_until(start: float) -> None:
    time.sleep(max(0.0, start - time.monotonic()))


def _key(command: Command) -> TokenKey:
    from zcrm_core import TokenKey  # noqa: PLC0415 - as above

    return TokenKey(**command["key"])


def _token(fields: Mapping[str, Any]) -> Token:
    from zcrm_core import Token  # noqa: PLC0415 - as above

    return Token(**fields)


def plain_key(key: TokenKey) -> dict[str, str]:
    """Give a key as JSON."""
    return {name: getattr(key, name) for name in ("user_identifier", "client_id", "environment")}


def plain_token(token: object) -> dict[str, Any]:
    """Give a token as JSON."""
    fields = ("user_identifier", "access_token", "refresh_token", "expiry_time", "api_domain", "scope")
    return {name: getattr(token, name) for name in fields}


def _plain(answer: object) -> object:
    from zcrm_core import Token  # noqa: PLC0415 - as above

    return plain_token(answer) if isinstance(answer, Token) else answer


def _answered(work: Callable[[], object]) -> Mapping[str, object]:
    try:
        return {"answer": work()}
    except Exception as error:  # noqa: BLE001 - the other side decides what an error means
        return {
            "error": [kind.__name__ for kind in type(error).__mro__],
            "said": str(getattr(error, "what", error)),
            "retryable": bool(getattr(error, "retryable", False)),
        }


def _serve() -> None:
    # Whatever the store prints must not look like an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    started: Command = json.loads(sys.stdin.readline())
    sys.path[:] = started["path"]
    os.chdir(started["folder"])
    from zcrm_contract_tests.steps import watching  # noqa: PLC0415 - the path is set only now
    from zcrm_contract_tests.tracing import trace  # noqa: PLC0415 - as above

    calls: list[dict[str, object]] = []
    if started["traced"]:
        trace(calls)
    worker: _Worker | None = None

    def start() -> object:
        nonlocal worker
        worker = _Worker(started)
        return os.getpid()

    def note(_module: str, call: str) -> None:
        if call in ("write", "pwrite", "writev"):
            calls.append({"call": "write"})

    def answer(work: Callable[[], object]) -> None:
        calls.clear()
        with watching(note) if started["traced"] else nullcontext():
            told = _answered(work)
        answers.write(json.dumps({**told, "calls": calls}) + "\n")
        answers.flush()

    answer(start)
    for line in sys.stdin:
        command: Command = json.loads(line)
        answer(lambda: getattr(worker, command["do"])(command))  # noqa: B023 - called before the next turn


if __name__ == "__main__":
    threading.current_thread().name = "worker"
    # Ctrl-C in a terminal reaches the whole group: the parent decides, and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve()
