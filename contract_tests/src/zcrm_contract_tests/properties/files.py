"""Who else can read a store's files, and what does it do with files that others have put there?"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.steps import watching
from zcrm_contract_tests.verdicts import Violation
from zcrm_core import StoreError, TokenKey

_NOBODY: Final = 65534


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
                    if bench.author.capabilities.lists:
                        store.list()
                    if bench.author.capabilities.locks:
                        with store.lock(key, 0.0):
                            look("while the lock is held")
                    store.delete(key)
                look("after delete")
            store.save(key, bench.token())
            for path in bench.file_paths():
                path.chmod(0o666)
            with suppress(StoreError):
                store.save(key, bench.token())
                if bench.author.capabilities.locks:
                    _locked(store, key)
                look("after a file that was open to others was used again")


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
    root = os.geteuid() == 0
    for plant in (_link, _pipe, _folder, *([_strangers] if root else [])):
        with bench.example():
            store, key = bench.open(), bench.key()
            store.save(key, bench.token())
            store.save(key, bench.token())
            paths = bench.file_paths()
            bench.expect(paths, "files() names no file that the store has written")
            for path in paths:
                _planted(bench, store, plant, path)
    if not root:
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
        if bench.author.capabilities.lists:
            _refused_or_right(what, store.list)
        if bench.author.capabilities.locks:
            _refused_or_right(what, lambda: _locked(store, key))
        _refused_or_right(what, lambda: store.delete(key))
        now = (outside.read_bytes(), stat.S_IMODE(outside.stat().st_mode))
        bench.expect(now == before, f"{what}, a file outside the store was changed")
    finally:
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        outside.unlink()


def _locked(store: Handle, key: TokenKey) -> None:
    with store.lock(key, 0.0):
        pass


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
    os.chown(path, _NOBODY, _NOBODY)
