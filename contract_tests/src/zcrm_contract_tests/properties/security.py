"""Is a token safe from other eyes, other users' files and damaged content?"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import secrets
import stat
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import permutations
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.steps import failure_of, watching
from zcrm_contract_tests.verdicts import Violation
from zcrm_core import StoreError, Token, ZcrmError

_NOBODY: Final = 65534
_MANY_STEPS: Final = 400
_HUGE: Final = 8 * 1024 * 1024


# -- nothing tells a secret ----------------------------------------------------------------------------


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
        for planted in _ruined(bench):
            bench.load(planted)
            attempt(lambda: store.fetch(key))
            attempt(lambda: store.save(key, tokens[1], tokens[0]))
    for mark in marks:
        line = next((line for text in told for line in text.splitlines() if mark in line), None)
        if line is not None:
            shown = line.strip().replace(mark, "<the secret>")
            raise Violation(f"a secret of a token is shown in: {shown[:200]}")


def _ruined(bench: Bench) -> Iterator[Mapping[str, bytes]]:
    """Give what is stored, damaged so that a reader gets far before it stumbles."""
    for name, content in bench.dump().items() if bench.reaches("raw_dump") else ():
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
    for logger in loggers:
        if logger.name.partition(".")[0] != "hypothesis":
            logger.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("always")
            yield
    finally:
        root.removeHandler(handler)
        for logger, level in levels:
            logger.setLevel(level)
    told.extend(f"warning: {warning.message}" for warning in caught)
    told.append(f"printed: {printed.getvalue()}" if printed.getvalue() else "")


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


# -- the files -----------------------------------------------------------------------------------------


@promise("TS-21", behind=["files"])
def modes(bench: Bench) -> None:
    """Files are readable by their owner only, and so are the folders that the store makes, at every moment,
    whatever the umask and whatever was there before.
    """
    for umask in (0o000, 0o022, 0o077, 0o777):
        with bench.example(), _umask(umask):
            before = _folders(bench.files)
            store, key = bench.open(), bench.key()

            def look(when: str, before: set[Path] = before, umask: int = umask) -> None:
                wide = _wide(bench, before)
                bench.expect(not wide, f"with umask {umask:03o}, {when}, {wide} is open to others")

            def step(_module: str, call: str, look: Callable[[str], None] = look) -> None:
                look(f"before a call of {call}")

            for _ in range(2):
                with watching(step):
                    store.save(key, bench.token())
                    store.save(key, bench.token())
                    store.fetch(key)
                    store.delete(key)
                look("after delete")
            store.save(key, bench.token())
            for path in bench.file_paths():
                path.chmod(0o666)
            with suppress(StoreError):
                store.save(key, bench.token())
                look("after a file that was open to others was written again")


@contextlib.contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _folders(place: Path) -> set[Path]:
    inside = (path for path in place.rglob("*") if path.is_dir()) if place.is_dir() else ()
    return {path for path in (place, *inside, *place.parents) if path.is_dir()}


def _wide(bench: Bench, before: set[Path]) -> str:
    for path in (*bench.file_paths(), *(_folders(bench.files) - before)):
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                return f"{path.name} (mode {mode:03o})"
    return ""


@promise("TS-22", behind=["files"])
def planted(bench: Bench) -> None:
    """A link, pipe, folder or stranger's file in the place of the store's own is never followed, changed or
    waited for: it is refused with a StoreError.
    """
    for plant in (_link, _pipe, _folder, _strangers):
        with bench.example():
            store, key = bench.open(), bench.key()
            store.save(key, bench.token())
            store.save(key, bench.token())
            paths = bench.file_paths()
            bench.expect(paths, "files() names no file that the store has written")
            for path in paths:
                _planted(bench, store, plant, path)
    if os.geteuid() != 0:
        bench.note = "a file of another user was not tried: that takes root"


def _planted(bench: Bench, store: Handle, plant: Callable[[Path, Path], None], path: Path) -> None:
    """Plant something in the place of one of the store's files, and take it away again."""
    key, old, new = bench.key(), bench.token(), bench.token()
    store.save(key, old)
    outside = path.parent.parent / f"victim-{bench.namespace}"
    outside.write_bytes(path.read_bytes())
    store.save(key, new)
    path.unlink()
    plant(path, outside)
    before = (outside.read_bytes(), stat.S_IMODE(outside.stat().st_mode))
    what = f"with a {plant.__name__.strip('_')} in the place of {path.name}"
    bench.story.tell(f"put a {plant.__name__.strip('_')} in the place of {path.name}")
    try:
        _refused_or_right(what, lambda: store.expect(key, new, what))
        third = bench.token()

        def save() -> None:
            store.save(key, third)
            store.expect(key, third, f"{what}, after a save that succeeded")

        _refused_or_right(what, save)
        now = (outside.read_bytes(), stat.S_IMODE(outside.stat().st_mode))
        bench.expect(now == before, f"{what}, a file outside the store was changed")
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        outside.unlink()


def _refused_or_right(what: str, work: Callable[[], object]) -> None:
    try:
        work()
    except StoreError:
        return
    except Violation:
        raise
    except Exception as error:
        raise Violation(
            f"{what}, {type(error).__name__} was raised instead of a StoreError: {error}"
        ) from error


def _link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _pipe(path: Path, _outside: Path) -> None:
    os.mkfifo(path, 0o600)


def _folder(path: Path, _outside: Path) -> None:
    path.mkdir(mode=0o700)


def _strangers(path: Path, outside: Path) -> None:
    path.write_bytes(outside.read_bytes())
    path.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(path, _NOBODY, _NOBODY)
    else:
        path.unlink()


# -- what is stored ------------------------------------------------------------------------------------

_FIXED: Final[Mapping[str, bytes]] = {
    "empty": b"",
    "list": b"[]",
    "null": b"null",
    "number": b"1e999",
    "object": b"{}",
    "text": b"token",
    "deep": b"[" * 100_000,
    "huge": b'{"a":"' + b"x" * _HUGE,
    "html": b"<html>\r\n</html>",
}


def _cut(content: bytes, at: int) -> bytes:
    return content[: at % max(len(content), 1)]


def _flipped(content: bytes, at: int) -> bytes:
    changed = bytearray(content or b"\0")
    changed[at % len(changed)] ^= 1 << (at % 8)
    return bytes(changed)


_CHANGED: Final[Mapping[str, Callable[[bytes, int], bytes]]] = {
    "cut": _cut,
    "flip": _flipped,
    "mark": lambda content, _: b"\xef\xbb\xbf" + content,
    "wide": lambda content, _: content.decode("latin-1").encode("utf-16"),
    "zeros": lambda content, _: bytes(len(content)),
    "twice": lambda content, _: content * 2,
}
_KINDS: Final = (*_FIXED, *_CHANGED)


@promise(
    "TS-23",
    behind=["raw_dump", "raw_load"],
    kind=st.sampled_from(_KINDS),
    part=st.integers(0, 7),
    at=st.integers(0, 4095),
    pinned=[
        {"kind": kind, "part": part, "at": at}
        for kind in (*_KINDS, "swap")
        for part in (0, 1)
        for at in ((0, 1, 40, 97) if kind in ("cut", "flip") else (0,))
    ],
)
def damaged(bench: Bench, kind: str, part: int, at: int) -> None:
    """Damaged content is a StoreError that names it: never another user's token, never None, never deleted by
    reading; other users are not mixed up, and a save that succeeds mends it.
    """
    store, mine, yours = bench.open(), bench.key(), bench.key("other@example.com")
    token, other = bench.token(), bench.token("other@example.com")
    store.save(mine, token)
    store.save(yours, other)
    parts = dict(bench.dump())
    if not parts:
        raise Violation("what is stored has no parts although two tokens were saved")
    for planted, name in _plantings(kind, parts, part, at):
        bench.load(planted)
        bench.story.tell(f"damage {Path(name).name}: {kind}, {len(planted[name])} bytes now")
        left = dict(bench.dump())
        for own in (token, other):
            _right_or_refused(bench, store, own, kind, name)
        bench.expect(dict(bench.dump()) == left, "reading damaged content changed or deleted it")
        new = bench.token()
        try:
            store.save(mine, new)
        except StoreError:
            bench.story.tell("  it was refused")
        else:
            store.expect(mine, new, "after a save over damaged content succeeded")
            with suppress(StoreError):
                found = store.fetch(yours)  # what was damaged of it may be gone, or set aside
                bench.expect(
                    found is None or getattr(found, "user_identifier", None) == yours.user_identifier,
                    "after a save over damaged content, fetch gave another user's token",
                )


def _plantings(
    kind: str, parts: dict[str, bytes], part: int, at: int
) -> Iterator[tuple[dict[str, bytes], str]]:
    names = sorted(parts)
    if kind == "swap":
        for one, two in permutations(names, 2):
            yield {**parts, one: parts[two]}, one
        return
    name = names[part % len(names)]
    content = _FIXED[kind] if kind in _FIXED else _CHANGED[kind](parts[name], at)
    yield {**parts, name: content}, name


def _right_or_refused(bench: Bench, store: Handle, own: Token, kind: str, part: str) -> None:
    key = bench.key(own.user_identifier)
    try:
        found = store.fetch(key)
    except StoreError as error:
        named = (Path(part).name, bench.files.name) if bench.reaches("files") else (key.user_identifier, part)
        bench.expect(
            any(name and name in str(error) for name in named),
            f"the error about damaged content does not say where it is: {error.what}",
        )
        return
    except Exception as error:
        raise Violation(
            f"damaged content raised {type(error).__name__} instead of a StoreError: {error}"
        ) from error
    if kind == "flip" and (found is None or isinstance(found, Token)):
        # One bit of a value can make another value; it can never make another user's.
        bench.expect(
            found is None or getattr(found, "user_identifier", None) == own.user_identifier,
            f"after one bit was changed, fetch gave another user's token for {key.user_identifier!r}",
        )
        return
    bench.expect(
        found == own,
        f"damaged content was answered with {'None' if found is None else 'another token'}, "
        f"as if nothing was wrong",
    )


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
