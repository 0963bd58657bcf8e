"""Does a store show a token to anybody, in a text or in what it stores?"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import secrets
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import permutations
from typing import Final

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.steps import failure_of, watching
from zcrm_contract_tests.verdicts import Violation
from zcrm_core import StoreError, Token, TokenKey, ZcrmError

_MANY_STEPS: Final = 400
_PART: Final = 12


@promise("TS-20")
def no_secret(bench: Bench) -> None:
    """No text shows a secret: no error with its causes, no log record at DEBUG, no warning, nothing
    printed.
    """
    marks = [f"zsecret{secrets.token_hex(8)}" for _ in range(4)]
    store, key = bench.open(), bench.key()
    tokens = [Token(key.user_identifier, marks[n], marks[n + 1], 1_900_000_000_000 + n) for n in (0, 2)]
    told: list[str] = []

    def attempt(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it raises, it must not tell
            told.extend(_texts(error))

    operations: list[Callable[[], object]] = [
        lambda: store.save(key, tokens[0]),
        lambda: store.fetch(key),
        lambda: store.save(key, tokens[1], tokens[1]),
        lambda: store.save(key, tokens[1], tokens[0]),
        lambda: store.delete(key),
        lambda: store.list() if bench.author.capabilities.lists else None,
        lambda: _locked(bench, store, key),
    ]
    with _everything_said(told):
        for operation in operations:
            attempt(operation)
            for step in range(_MANY_STEPS):
                store.tidy(key)
                attempt(lambda: store.save(key, tokens[0]))
                if not _fails_at(step, lambda: attempt(operation)):  # noqa: B023 - called at once
                    break
        attempt(lambda: store.save(key, tokens[0]))
    # What is done behind the store is not the store's to hide: it happens while nobody listens.
    for tried in (
        (operations[1], operations[3], operations[5], operations[6]),
        (operations[4], operations[0]),
    ):
        for planted in _ruined(bench):
            bench.load(planted)
            with _everything_said(told):
                for operation in tried:
                    attempt(operation)
    for mark in marks:
        _refuse_to_see(mark, told)


def _refuse_to_see(mark: str, told: Sequence[str]) -> None:
    # A part of a secret is one too.
    parts = [mark[start : start + _PART] for start in range(len(mark) - _PART + 1)]
    for line in (line for text in told for line in text.splitlines()):
        if any(part in line for part in parts):
            shown = line.strip().replace(mark, "<the secret>")
            raise Violation(f"a secret of a token is shown in: {shown[:200]}")


def _locked(bench: Bench, store: Handle, key: TokenKey) -> None:
    if bench.author.capabilities.locks:
        with store.lock(key, 0.0):
            store.fetch(key)


def _ruined(bench: Bench) -> Iterator[Mapping[str, bytes]]:
    """Give what is stored, damaged so that a reader gets far before it stumbles."""
    if not (bench.reaches("raw_dump") and bench.reaches("raw_load")):
        return
    for name, content in bench.dump().items():
        yield {name: content[:-9]}
        yield {name: content.replace(b'"', b"")}
        yield {name: content.replace(b"a", b"\xff")}
        yield {name: content * 2}
        yield {name: content}


def _fails_at(step: int, operation: Callable[[], object]) -> bool:
    """Let the call at a step fail as on a bad day; answer whether there was such a step."""
    left = step
    reached = False

    def fail(module: str, call: str) -> None:
        nonlocal left, reached
        error = failure_of(module, call)
        if error is None:
            return
        if left == 0:
            reached = True
            raise error
        left -= 1

    with watching(fail):
        operation()
    return reached


@contextlib.contextmanager
def _everything_said(told: list[str]) -> Iterator[None]:
    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(f"log record of {record.name}: {record.getMessage()} {record.args!r}")
            if record.exc_info and record.exc_info[1] is not None:
                told.extend(_texts(record.exc_info[1]))

    root, handler = logging.getLogger(), Collect()
    loggers = [root, *(each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger))]
    levels = [(logger, logger.level) for logger in loggers]
    printed = io.StringIO()
    written = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    for logger in loggers:
        if logger.name.partition(".")[0] != "hypothesis":
            logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            _descriptors_to(written.fileno()),
        ):
            warnings.simplefilter("always")
            yield
    finally:
        root.removeHandler(handler)
        for logger, level in levels:
            logger.setLevel(level)
    told.extend(f"warning: {warning.message}" for warning in caught)
    written.seek(0)
    told.extend(f"printed: {line}" for line in printed.getvalue().splitlines())
    told.extend(f"printed: {line.decode(errors='replace')}" for line in written)
    written.close()


@contextlib.contextmanager
def _descriptors_to(target: int) -> Iterator[None]:
    """Send what is written to the terminal past Python's own files to another one."""
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    for descriptor in (1, 2):
        os.dup2(target, descriptor)
    try:
        yield
    finally:
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


def _texts(error: BaseException) -> Iterator[str]:
    """Give every text of an error, its arguments and its causes."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        name = type(each).__name__
        yield from (f"{name}: {text}" for text in (str(each), repr(each), repr(each.args)))
        yield from getattr(each, "__notes__", ())
        yield from traceback.format_exception_only(type(each), each)
        if isinstance(each, ZcrmError):
            yield f"{name}: {each.why} {each.fix} {vars(each)!r}"
        waiting += [each.__cause__, each.__context__]


@promise("TS-24", capabilities=["encrypted_at_rest"], behind=["raw_dump", "raw_load"])
def encrypted(bench: Bench) -> None:
    """What is stored shows no token to whoever reads it raw, and one user's cannot be passed off as
    another's.
    """
    marks = [f"zsecret{secrets.token_hex(12)}" for _ in range(2)]
    store, mine, yours = bench.open(), bench.key(), bench.key("other@example.com")
    token = Token(mine.user_identifier, marks[0], marks[1], 1)
    store.save(mine, token)
    store.save(yours, Token(yours.user_identifier, marks[0], marks[1], 1))
    raw = b"\n".join(bench.dump().values())
    for mark in marks:
        for form, shown in _forms(mark):
            bench.expect(shown not in raw, f"the stored content shows a token, {form}")
    parts = dict(bench.dump())
    for one, two in permutations(sorted(parts), 2):
        bench.load({**parts, one: parts[two], two: parts[one]})
        with suppress(StoreError):
            found = store.fetch(mine)
            bench.expect(
                found is None or found == token, "an encrypted token was passed off as another user's"
            )
    bench.load(parts)


def _forms(mark: str) -> Iterator[tuple[str, bytes]]:
    import base64  # noqa: PLC0415 - one promise of many needs it

    plain = mark.encode()
    yield "as it is", plain
    yield "in hexadecimal", plain.hex().encode()
    yield "reversed", plain[::-1]
    yield "in UTF-16", mark.encode("utf-16-le")
    for cut in range(3):  # the three ways in which a text can lie in base64
        yield "in base64", base64.b64encode(plain[cut : cut + 3 * ((len(plain) - cut) // 3)])
    for rotation in (1, 13):
        yield "shifted", bytes((byte + rotation) % 256 for byte in plain)
