"""What do the tests of the file store work with? A folder, a store in it, and made-up users."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zcrm_core import Token, TokenKey
from zcrm_store_file.store import FileStore

NOBODY = 65534
CLIENT = "1000.CLIENT"


def _key(user: str) -> TokenKey:
    return TokenKey(user, CLIENT, "production")


def _token(user: str, number: int = 0) -> Token:
    return Token(
        user, f"access-{number}", f"refresh-{number}", 1_700_000_000_000 + number, "https://www.zohoapis.eu"
    )


@pytest.fixture
def key() -> Callable[[str], TokenKey]:
    """Make the key of a user."""
    return _key


@pytest.fixture
def token() -> Callable[..., Token]:
    """Make a user's token; its number tells it from others of that user."""
    return _token


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The configured path: a folder that is not there yet."""
    return tmp_path / "tokens"


@pytest.fixture
def path(folder: Path) -> Path:
    """Where the token file will be."""
    return folder / "zcrm_oauthtokens.txt"


@pytest.fixture
def store(folder: Path) -> FileStore:
    """A store that is empty."""
    return FileStore(str(folder))


@pytest.fixture
def filled(store: FileStore) -> FileStore:
    """A store with the users a to e, each with token number 0."""
    for user in "abcde":
        store.save(_key(user), _token(user))
    return store


@pytest.fixture
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without fsync where a test saves thousands of times and power cuts are not its question."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def open_tmp() -> Iterator[Path]:
    """A temporary folder of ours that any user can look into; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def need_root() -> None:
    """Skip where files cannot be given to other users."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user or mount a file system")


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A real file system with 64 KiB of space."""
    request.getfixturevalue("need_root")
    place = tmp_path / "disk"
    place.mkdir(mode=0o700)
    mount = shutil.which("mount")
    umount = shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("there is no mount command")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k,mode=700", "none", place], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("this machine lets nobody mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run([umount, place], check=True)


@pytest.fixture
def unprivileged() -> Callable[..., str]:
    """Run Python code, which gets ``sys.argv``, as a user without rights; give what it printed."""
    preamble = (
        "import os, sys\n"
        "from zcrm_core import StoreError, StoreUnavailable, Token, TokenKey\n"
        "from zcrm_store_file.store import FileStore\n"
        "import encodings.idna\n"
        f"if os.geteuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "key, token = TokenKey('a', 'c', 'production'), Token('a', 'x', 'y', 1)\n"
    )

    def run(code: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", preamble + code, *arguments],
            capture_output=True,
            check=False,
            encoding="utf-8",
            cwd="/",
        )
        assert not done.stderr
        return done.stdout

    return run
