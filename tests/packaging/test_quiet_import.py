"""Does ``import zcrm_core`` do nothing but define names?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import json, os, sys
LOUD = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.fork",
        "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod", "os.putenv", "shutil.", "tempfile.")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
seen = []
def watch(event, arguments):
    if event.startswith(LOUD):
        seen.append(event)
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
        seen.append(f"writes {arguments[0]}")
sys.addaudithook(watch)
try:
    exec(sys.argv[1])
except OSError:
    pass
known = sorted(name for name in sys.modules if name.startswith(("zcrm_", "requests", "urllib3")))
print(json.dumps([seen, [name for name in known if name.split(".")[0] != "zcrm_core"]]))
"""


def watch(statement: str, folder: Path) -> tuple[list[str], list[str]]:
    """What a new process does for a statement: its loud events, and the modules loaded besides the core's."""
    # -B: writing the byte code is Python's doing, not the module's.
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", PROBE, statement], cwd=folder, capture_output=True, check=True
    )
    events, modules = json.loads(done.stdout)
    return events, modules


def test_importing_the_core_is_quiet(tmp_path: Path) -> None:
    """``import zcrm_core`` opens no socket, starts no process, writes no file, loads no requests."""
    assert watch("import zcrm_core", tmp_path) == ([], [])


def test_every_public_name_is_quiet(tmp_path: Path) -> None:
    """Looking at every public name touches neither network nor disk, and loads no plugin."""
    events, modules = watch("from zcrm_core import *", tmp_path)

    assert events == []
    assert [name for name in modules if name.startswith("zcrm_")] == []


@pytest.mark.parametrize(
    "statement",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)",
        "open('new', 'w')",
        "import os; os.mkdir('new')",
        "import subprocess; subprocess.run(['true'])",
    ],
)
def test_the_probe_notices(statement: str, tmp_path: Path) -> None:
    """The probe reports a connection, a written file, a new folder and a process."""
    events, _ = watch(statement, tmp_path)

    assert events


def test_the_probe_notices_requests(tmp_path: Path) -> None:
    """The probe reports that requests was loaded."""
    _, modules = watch("import requests", tmp_path)

    assert "requests" in modules
