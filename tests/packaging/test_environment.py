"""Does scripts/environment.sh make an environment once, and say clearly why when it cannot?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A folder with what the script reads."""
    folder = tmp_path / "checkout"
    (folder / "plugins" / "one").mkdir(parents=True)
    shutil.copy(root / "scripts" / "environment.sh", folder)
    for name in ("pyproject.toml", "constraints.txt", "plugins/one/pyproject.toml"):
        (folder / name).write_text("", encoding="utf-8")
    return folder


def run(checkout: Path, *packages: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Ask for the environment ``env`` in the folder."""
    return subprocess.run(
        ["sh", "environment.sh", "env", *packages],  # noqa: S607 - sh is what make calls
        cwd=checkout,
        env=os.environ | {"PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )


def executable(path: Path, text: str) -> str:
    """A shell script at the path; its path as text."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


def test_an_environment_is_made_once(checkout: Path) -> None:
    """The second call finds the environment ready, says nothing and calls no pip, until a project changes."""
    first = run(checkout, "pip")
    (checkout / "env" / "bin" / "python").unlink()  # whatever calls pip now, fails
    second = run(checkout, "pip")
    (checkout / "plugins" / "one" / "pyproject.toml").write_text("# changed", encoding="utf-8")
    third = run(checkout, "pip")

    assert first.returncode == 0, first.stderr
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert "Making the environment" in third.stdout


def test_a_failed_installation_is_not_taken_for_a_finished_one(checkout: Path) -> None:
    """When pip fails, the call fails, and nothing says that the environment is ready."""
    done = run(checkout, "./missing")

    assert done.returncode == 1
    assert "the installation into env failed" in done.stderr
    assert not (checkout / "env" / "ready").exists()


def test_an_own_environment_is_not_emptied(checkout: Path) -> None:
    """An environment that somebody else made keeps its files, whatever comes of the installation."""
    venv.create(checkout / "env")
    (checkout / "env" / "mine").write_text("", encoding="utf-8")
    done = run(checkout, "pip")

    assert "your own environment" in done.stdout
    assert (checkout / "env" / "mine").exists()


def test_a_folder_that_is_no_environment_is_left_alone(checkout: Path) -> None:
    """A folder of that name with other things in it is an error, and stays as it is."""
    (checkout / "env").mkdir()
    (checkout / "env" / "mine").write_text("", encoding="utf-8")
    done = run(checkout, "pip")

    assert done.returncode == 1
    assert "move env away" in done.stderr
    assert [path.name for path in (checkout / "env").iterdir()] == ["mine"]


def test_a_missing_python_is_named(checkout: Path) -> None:
    """Without the Python asked for, one clear error says what to install."""
    done = run(checkout, "pip", python="no-such-python")

    assert done.returncode == 1
    assert "no command 'no-such-python'" in done.stderr
    assert "3.10" in done.stderr


def test_an_old_python_is_refused(checkout: Path) -> None:
    """A Python below 3.10 is refused by its version."""
    old = executable(checkout / "old", "echo '/usr/bin/python3 3.9.2'; exit 3")
    done = run(checkout, "pip", python=old)

    assert done.returncode == 1
    assert "too old: /usr/bin/python3 3.9.2" in done.stderr


def test_a_python_that_does_not_run_is_refused(checkout: Path) -> None:
    """A command that is there but fails is told from one that is too old."""
    broken = executable(checkout / "broken", "exit 127")
    done = run(checkout, "pip", python=broken)

    assert done.returncode == 1
    assert "does not run" in done.stderr


def test_a_python_without_venv_is_refused(checkout: Path) -> None:
    """On a Debian machine without python3-venv the error names that package."""
    without = executable(
        checkout / "without", f'case "$*" in *"import venv"*) exit 1;; esac\nexec "{sys.executable}" "$@"'
    )
    done = run(checkout, "pip", python=without)

    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
