"""How is a user's module loaded once in a process, without touching ``sys.path``?"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import stat
import sys
import threading
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final, TypeGuard

from zcrm_core import StoreError
from zcrm_store_custom.failures import refused, refusing
from zcrm_store_custom.naming import EXAMPLE, PATH_KEY
from zcrm_store_custom.process_lock import ProcessLock
from zcrm_store_custom.showing import class_name, shown
from zcrm_store_custom.slowness import SECONDS, told_when_slow

__all__ = ["load_module"]


def load_module(place: str) -> ModuleType:
    """Load a file or import a module; either is run once in a process, as every import is.

    A file that was changed is another one: who already uses the older text keeps it.

    Raises:
        StoreError: it cannot be loaded; the message names it.
    """
    return _load_file(Path(place)) if place.endswith(".py") else _import(place)


class _Load:
    """One text of one file: it is run by one thread, and the others wait for what comes of it."""

    def __init__(self) -> None:
        self.module: ModuleType | None = None
        self._turn = threading.Lock()
        self._runner: int | None = None

    def run(self, path: Path, source: bytes, digest: str) -> ModuleType:
        if self._runner == threading.get_ident():
            raise _held_up(path, "The code at its top makes a client that needs this very file.")
        if not self._turn.acquire(timeout=SECONDS):
            # That thread may itself wait for a module which this one is about to import.
            raise _held_up(path, f"Another thread has been importing it for {SECONDS:g} s.")
        try:
            if self.module is None:
                self._runner = threading.get_ident()
                self.module = _run(path, source, f"zcrm_custom_store_{digest[:16]}")
            return self.module
        finally:
            self._runner = None
            self._turn.release()


_loads: Final[dict[str, _Load]] = {}
_looking = ProcessLock()


def _forget_unfinished() -> None:
    for digest in [digest for digest, load in _loads.items() if load.module is None]:
        del _loads[digest]


if hasattr(os, "register_at_fork"):
    # The thread that ran such a file is not there in the child, so it would never come to an end.
    os.register_at_fork(after_in_child=_forget_unfinished)


def _load_file(path: Path) -> ModuleType:
    source = _read(path)
    name = os.path.abspath(path).encode("utf-8", "surrogateescape")  # noqa: PTH100 - resolve() follows links
    digest = hashlib.sha256(name + b"\0" + source).hexdigest()
    with _looking:
        load = _loads.setdefault(digest, _Load())
    # What is there is given without its lock, which a fork may have left taken.
    return load.run(path, source, digest) if load.module is None else load.module


def _read(path: Path) -> bytes:
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path.read_bytes()
        found = f"{shown(str(path))} is not a file."
    except (FileNotFoundError, NotADirectoryError):
        found = f"The store file {shown(str(path))} is not there."
    except (OSError, ValueError) as error:
        raise refused(
            "ZCRM-CUSTOM-002",
            f"The store file {shown(str(path))} cannot be read.",
            f"The operating system says: {getattr(error, 'strerror', None) or error}.",
            f"Correct {PATH_KEY}, or give this process's user the right to read the file.",
        ) from error
    raise refused(
        "ZCRM-CUSTOM-002",
        found,
        f"{PATH_KEY} names it; a relative path starts at the configuration's folder.",
        f"Correct {PATH_KEY}, or put the file there.",
    )


class _TextLoader(SourceFileLoader):
    """Runs the text that was read, whatever older form of it Python may have kept beside the file."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


def _run(path: Path, source: bytes, name: str) -> ModuleType:
    with refusing(lambda error: _not_python(str(path), str(path), error)):
        code = compile(source, str(path), "exec", dont_inherit=True)
    loader = _TextLoader(name, str(path), code)
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None  # noqa: S101 - a loader was given
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up there
    try:
        with refusing(lambda error: _raised(str(path), error)), told_when_slow(f"The store file {path}"):
            loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _import(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        # What is there under that name is another thing than a store file.
        raise _no_store_file(name) if os.path.lexists(name) else _no_module(name)
    with refusing(lambda error: _not_imported(name, error)), told_when_slow(f"The module {name}"):
        return importlib.import_module(name)


def _not_imported(name: str, error: BaseException) -> StoreError:
    # A module that the named one imports may be missing as well; that is another failure.
    if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
        return _no_module(name)
    return _raised(name, error)


def _no_module(name: str) -> StoreError:
    return refused(
        "ZCRM-CUSTOM-002",
        f"There is no module '{shown(name)}'.",
        f"{PATH_KEY} must be the path of a .py file, or package.module:Class of an installed package.",
        f"Set {EXAMPLE}, or install the package.",
    )


def _no_store_file(name: str) -> StoreError:
    kind = "a folder" if Path(name).is_dir() else "no .py file"
    return refused(
        "ZCRM-CUSTOM-002",
        f"{shown(name)} is {kind}.",
        f"{PATH_KEY} must be the path of a .py file, or package.module:Class of an installed package.",
        f"Name the file that the class is written in: {EXAMPLE}.",
    )


def _not_python(place: str, file: str, error: BaseException) -> StoreError:
    """Give the error for what cannot be compiled, without Python's own text: it may quote a secret."""
    line = getattr(error, "lineno", None)
    if line == 0:  # Python has not come to read a line
        return refused(
            "ZCRM-CUSTOM-003",
            f"{shown(place)} cannot be compiled.",
            f"{shown(Path(file).name)} names an encoding that Python does not know, or is not written in it.",
            "Save the file as UTF-8, and remove or correct the line with `coding:` at its top.",
        )
    where = f" at line {line}" if isinstance(line, int) else ""
    return refused(
        "ZCRM-CUSTOM-003",
        f"{shown(place)} cannot be compiled.",
        f"{shown(Path(file).name)} is not Python{where}: {class_name(error)}.",
        "Correct the file; `python -m py_compile` shows the place.",
    )


def _raised(place: str, error: BaseException) -> StoreError:
    if isinstance(error, SyntaxError) and isinstance(error.filename, str):
        return _not_python(place, error.filename, error)
    if type(error) is ModuleNotFoundError and _is_module_name(error.name):
        return refused(
            "ZCRM-CUSTOM-004",
            f"{shown(place)} needs the module {shown(error.name)}, which is not there.",
            "The code at the top of the file, or of a module that it imports, imports it.",
            "Install the package that brings it into this Python environment, or correct the import.",
        )
    return refused(
        "ZCRM-CUSTOM-004",
        f"{shown(place)} raised {class_name(error)} while it was imported.",
        "The code at the top of the file, or of a module that it imports, failed.",
        "Look at the cause, correct it, and see that importing the file alone works.",
    )


def _is_module_name(name: object) -> TypeGuard[str]:
    # Whoever raises the error by hand may put any text there.
    return isinstance(name, str) and all(part.isidentifier() for part in name.split("."))


def _held_up(path: Path, why: str) -> StoreError:
    return refused(
        "ZCRM-CUSTOM-004",
        f"{shown(str(path))} has not come to its end while it is imported.",
        why,
        "Keep the top of the file free of work: make clients and connections in the constructor or later.",
    )
