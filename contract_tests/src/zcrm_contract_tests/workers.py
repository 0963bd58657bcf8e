"""How does a check start other processes, ask them, stop them, and kill them?"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, NamedTuple, cast

from zcrm_contract_tests.capabilities import Capabilities
from zcrm_contract_tests.verdicts import NoAnswer, NotChecked, Violation

__all__ = ["Answer", "Worker", "result_of"]

_LARGEST_READ: Final = 1 << 16


class Answer(NamedTuple):
    """What a worker answered.

    Args:
        value: what it gave; ``None`` when it raised.
        error: the class names of what it raised, its own first; empty when nothing.
        said: what the error said.
        retryable: whether the error said so of itself.
        calls: the durable calls it made, when it is traced.
    """

    value: Any
    error: tuple[str, ...]
    said: str
    retryable: bool
    calls: list[dict[str, Any]]

    @property
    def failure(self) -> str:
        """The error in one line; empty when there was none."""
        return f"{self.error[0]}: {self.said}" if self.error else ""


def result_of(answer: Answer) -> Any:  # noqa: ANN401 - JSON
    """Give what a worker gave; a store that raised there has broken the promise.

    Raises:
        Violation: it raised.
    """
    if answer.error:
        raise Violation(f"in another process, the store raised {answer.failure}")
    return answer.value


class Worker:
    """A process of its own with the store open; a context manager that ends it.

    Args:
        reference: where the plugin is, as :meth:`Source.reference` gives it; ``None`` cannot be reached.
        values: the store's configuration keys.
        capabilities: what the store promises.
        patience: how long an answer may take, in seconds.
        traced: whether durable calls are noted.
    """

    def __init__(
        self,
        reference: Mapping[str, str] | None,
        values: Mapping[str, object],
        capabilities: Capabilities,
        patience: float,
        *,
        traced: bool = False,
    ) -> None:
        if reference is None:
            raise NotChecked(
                "the plugin is an object with a state of its own; another process cannot have it"
            )
        self._patience = patience
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        self._process = subprocess.Popen(
            [sys.executable, "-m", "zcrm_contract_tests.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self._input, self._output = (
            cast("IO[bytes]", self._process.stdin),
            cast("IO[bytes]", self._process.stdout),
        )
        self._unread = b""
        started = {
            "reference": dict(reference),
            "values": dict(values),
            "capabilities": asdict(capabilities),
            "path": sys.path,
            "folder": str(Path.cwd()),
            "traced": traced,
        }
        self._send(started)

    def ready(self) -> Worker:
        """Wait until the store's plugin is loaded; workers that start together wait together."""
        answer = self.answer(patience=max(self._patience, 30.0))
        if answer.error:
            self.close()
            raise NotChecked(f"another process cannot load the plugin: {answer.failure}")
        return self

    def ask(self, do: str, **arguments: object) -> Answer:
        """Send a command and wait for its answer."""
        self.tell(do, **arguments)
        return self.answer()

    def tell(self, do: str, **arguments: object) -> None:
        """Send a command; :meth:`answer` waits for its answer."""
        self._send({"do": do, **arguments})

    def answer(self, patience: float | None = None) -> Answer:
        """Wait for the answer to the oldest command that has none.

        Raises:
            NoAnswer: it did not come in time, or the process ended.
        """
        told = json.loads(self._line(self._patience if patience is None else patience))
        return Answer(
            told.get("answer"),
            tuple(told.get("error", ())),
            told.get("said", ""),
            bool(told.get("retryable")),
            told["calls"],
        )

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does; a process that is stopped ends too."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Let it stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        self.kill()
        for pipe in (self._input, self._output, self._errors):
            with suppress(OSError):
                pipe.close()

    def __enter__(self) -> Worker:  # noqa: PYI034 - typing has no Self before Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, message: Mapping[str, object]) -> None:
        try:
            self._input.write(json.dumps(message).encode() + b"\n")
            self._input.flush()
        except BrokenPipeError:
            raise NoAnswer(self._ended()) from None

    def _line(self, patience: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(patience):
                    raise NoAnswer(f"another process gave no answer within {patience:g} s")
                read = os.read(self._output.fileno(), _LARGEST_READ)
                if not read:
                    raise NoAnswer(self._ended())
                self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _ended(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        last = self._errors.read().decode(errors="replace").strip().splitlines()[-1:]
        return f"another process ended by itself{': ' + last[0] if last else ''}"
