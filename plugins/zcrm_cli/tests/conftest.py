"""How do the tests run the command zcrm, and against which Zoho?"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from zcrm_simulator import Simulator

SCOPES = (
    "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.users.ALL,ZohoCRM.org.ALL,"
    "ZohoSearch.securesearch.READ,AaaServer.profile.READ"
)

Run = Callable[..., "subprocess.CompletedProcess[str]"]
"""``run("login", given="grant", more={"NO_COLOR": "1"})``."""
Configure = Callable[..., Path]
"""``configure(client_secret="wrong", redirect_uri=None)`` writes zcrm.toml into the test's folder."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A process's variables: none of zcrm's, and the temporary folder of this test."""
    (tmp_path / "temporary").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZCRM_")}
    return kept | {"TMPDIR": str(tmp_path / "temporary"), "COLUMNS": "80"}


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run the command in a process of its own, in the test's folder, without a terminal."""

    def run(
        *arguments: str, given: str = "", more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "zcrm_cli", *arguments],
            input=given,
            env=environment | dict(more or {}),
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.fixture
def zoho() -> Iterator[Simulator]:
    """A simulated Zoho of the test's own."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def configure(tmp_path: Path, zoho: Simulator) -> Configure:
    """Write the configuration file of a client of the simulator, with tokens in a file."""

    def configure(**changes: str | None) -> Path:
        values: dict[str, str | None] = {
            **zoho.config(),
            "current_user_email": zoho.users[0].email,
            "token_persistence_path": "tokens",
            **changes,
        }
        path = tmp_path / "zcrm.toml"
        lines = [f'{key} = "{value}"\n' for key, value in values.items() if value is not None]
        path.write_text("".join(lines), encoding="utf-8")
        return path

    return configure


@pytest.fixture
def grant(zoho: Simulator) -> str:
    """A fresh grant token with every scope that the tests need."""
    return zoho.grant_token(SCOPES)


@pytest.fixture
def logged_in(run: Run, configure: Configure, grant: str) -> None:
    """The organisation's owner has logged in, with the configuration in the test's folder."""
    configure()
    done = run("login", given=grant)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def at_terminal(tmp_path: Path, environment: dict[str, str]) -> Callable[..., tuple[int, str]]:
    """Run the command at a pseudo-terminal, answer its questions, and give its exit code and the screen."""

    def at_terminal(
        *arguments: str, answers: Mapping[str, str] | None = None, more: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        pending = dict(answers or {})
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "zcrm_cli", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment | {"TERM": "xterm-256color"} | dict(more or {}),
            cwd=tmp_path,
            start_new_session=True,
        )
        os.close(theirs)
        screen = b""
        while chunk := _read(ours):
            screen += chunk
            for question in [asked for asked in pending if asked.encode() in screen]:
                os.write(ours, f"{pending.pop(question)}\n".encode())
        os.close(ours)
        return process.wait(), screen.decode()

    return at_terminal


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when the last process at a terminal has ended
        return b""
