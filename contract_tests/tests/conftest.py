"""Which stores are the suite's own tests made with? An honest one, and many with one sin each."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from zcrm_contract_tests import Capabilities, TokenStoreContract
from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import Config, Token, TokenKey, TokenStorePlugin

_FOLDER = Path(__file__).parent / "bad_stores"
_MEMORY = Path("/dev/shm")  # noqa: S108 - asked for with mkdtemp


@dataclass(frozen=True)
class Sinner:
    """A store with one sin.

    Args:
        kind: its class.
        sin: what it does, in a sentence.
        promise: the promise that it breaks.
    """

    kind: type[TokenStorePlugin]
    sin: str
    promise: str


@cache
def _modules() -> tuple[Any, ...]:
    loaded = []
    for file in sorted(_FOLDER.glob("*.py")):
        name = f"bad_stores_{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        loaded.append(module)
    return tuple(loaded)


def _stores() -> Iterator[type[TokenStorePlugin]]:
    for module in _modules():
        for kind in vars(module).values():
            if (
                inspect.isclass(kind)
                and kind.__module__ == module.__name__
                and issubclass(kind, TokenStorePlugin)
            ):
                yield kind


@cache
def _sinners() -> tuple[Sinner, ...]:
    found = []
    for kind in _stores():
        sin, _, rest = (kind.__doc__ or "").partition("\n")
        named = re.search(r"^\s*Broken promise: (TS-\d\d)$", rest, re.MULTILINE)
        if named:
            found.append(Sinner(kind, sin.strip(), named[1]))
    return tuple(sorted(found, key=lambda sinner: (sinner.promise, sinner.kind.__name__)))


@cache
def _honest() -> tuple[type[TokenStorePlugin], ...]:
    return (ReferenceStore, *(kind for kind in _stores() if vars(kind).get("honest")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for them every sinner, every honest store, and every seed."""
    if "sinner" in metafunc.fixturenames:
        metafunc.parametrize(
            "sinner", _sinners(), ids=lambda sinner: f"{sinner.promise}-{sinner.kind.__name__}"
        )
    if "honest" in metafunc.fixturenames:
        metafunc.parametrize("honest", _honest(), ids=lambda kind: kind.__name__)
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(int(os.environ.get("ZCRM_TEST_SEEDS", "1"))))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def sinners() -> tuple[Sinner, ...]:
    """Every store with a sin."""
    return _sinners()


@pytest.fixture(scope="session")
def served() -> Iterator[Any]:
    """A running server of tokens."""
    server = next(module for module in _modules() if hasattr(module, "TokenServer")).TokenServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in memory: the matrix flushes thousands of files, and their order is what it looks at."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture
def author_of(place: Path, request: pytest.FixtureRequest) -> Callable[[type], TokenStoreContract]:
    """Make the contract class of a store, and an instance of it."""

    def make(kind: type) -> TokenStoreContract:
        return (
            _served_author(kind, request.getfixturevalue("served"))
            if _connects(kind)
            else _author(kind, place)
        )

    return make


def _connects(kind: type) -> bool:
    capabilities: Capabilities = getattr(kind, "capabilities", Capabilities())
    return capabilities.connects


def _shared(kind: Any) -> dict[str, object]:
    return {
        "plugin": kind,
        "capabilities": getattr(kind, "capabilities", Capabilities()),
        "patience": getattr(kind, "patience", 10.0),
        "lease": getattr(kind, "lease", 10.0),
        "longest": getattr(kind, "longest", 100),
    }


def _author(kind: Any, place: Path) -> TokenStoreContract:
    class Author(TokenStoreContract):
        def store_config(self, namespace: str) -> Mapping[str, object]:
            return {"reference_path": str(place / namespace / "in" / "tokens")}

        def files(self, namespace: str) -> Path:
            return place / namespace / "in" / "tokens"

    class Versioned(Author):
        def old_stores(self, namespace: str) -> Mapping[str, Callable[[], Mapping[TokenKey, Token]]]:
            made: Mapping[str, Callable[[], Mapping[TokenKey, Token]]] = kind().old_stores(
                self._config(namespace)
            )
            return made

        def newer_store(self, namespace: str) -> None:
            kind().newer_store(
                self._config(namespace), TokenKey("a@example.com", f"1000.{namespace}", "production")
            )

        def _config(self, namespace: str) -> Config:
            given = {"client_id": "1000.A", "client_secret": "s", **self.store_config(namespace)}
            return Config(given, plugin_keys={"reference_path": "a folder"})

    base = Versioned if hasattr(kind, "old_stores") else Author
    author: TokenStoreContract = type(f"Author{kind.__name__}", (base,), _shared(kind))()
    return author


def _served_author(kind: Any, server: Any) -> TokenStoreContract:
    class Author(TokenStoreContract):
        def store_config(self, namespace: str) -> Mapping[str, object]:
            return {"served_port": str(server.port), "served_space": namespace}

        def break_connections(self, namespace: str) -> None:
            server.break_connections()

    author: TokenStoreContract = type(f"Author{kind.__name__}", (Author,), _shared(kind))()
    return author


_STORES = """
import threading
import time

from zcrm_contract_tests.reference import ReferenceStore
from zcrm_core import hookimpl


class Installed(ReferenceStore):
    name = "kept"


class Raises(ReferenceStore):
    name = "raises"

    def save(self, *arguments, **more):
        raise ValueError("it never works")

    fetch = delete = list = lock = save


class Sleeps(ReferenceStore):
    name = "sleeps"

    def save(self, config, key, token, replaces):
        time.sleep(60)


class Catches(ReferenceStore):
    name = "catches"

    def save(self, config, key, token, replaces):
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass


class LeavesThreads(ReferenceStore):
    name = "leaves"

    def save(self, config, key, token, replaces):
        threading.Thread(target=time.sleep, args=(60,)).start()
        return super().save(config, key, token, replaces)


class DeletesTwice(ReferenceStore):
    name = "deletes"

    def delete(self, config, key):
        super().delete(config, key)
        return True


class Plain:
    @hookimpl
    def zcrm_log(self, event):
        pass
"""
_ENTRY_POINTS = """[zcrm]
kept = installed_stores:Installed
raises = installed_stores:Raises
sleeps = installed_stores:Sleeps
catches = installed_stores:Catches
leaves = installed_stores:LeavesThreads
deletes = installed_stores:DeletesTwice
plain = installed_stores:Plain
missing = module_that_is_not_there:Store
"""


@pytest.fixture(scope="session")
def installed() -> Iterator[dict[str, str]]:
    """A process's variables, where stores are installed as a wheel installs them; none of zcrm's own."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        yield _installed(Path(name))


def _installed(site: Path) -> dict[str, str]:
    (site / "installed_stores.py").write_text(_STORES, encoding="utf-8")
    wheel = site / "some_stores-1.5.dist-info"
    wheel.mkdir()
    (wheel / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: some-stores\nVersion: 1.5\n", encoding="utf-8"
    )
    (wheel / "entry_points.txt").write_text(_ENTRY_POINTS, encoding="utf-8")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ZCRM_", "PYTEST_", "HYPOTHESIS"))
    }
    return kept | {"PYTHONPATH": str(site), "TMPDIR": str(site), "COLUMNS": "200"}
