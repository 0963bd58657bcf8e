"""Does the README tell the truth?"""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from zcrm_simulator import Limits, Simulator, Switches
from zcrm_simulator.control import Control
from zcrm_simulator.faults import Kind
from zcrm_simulator.world import World

README = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_there_are_snippets() -> None:
    """The README shows a program and a test."""
    assert len(SNIPPETS) == 2


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_snippets_run(tmp_path: Path, number: int) -> None:
    """What the README shows works as it stands, without a warning."""
    file = tmp_path / "test_snippet.py"
    file.write_text(SNIPPETS[number], encoding="utf-8")
    with_pytest = "def test_" in SNIPPETS[number]
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)] if with_pytest else [str(file)]
    done = subprocess.run(
        [sys.executable, "-W", "error", *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("settings", [Limits, Switches])
def test_settings_are_listed(settings: type[Limits | Switches]) -> None:
    """The README names every limit and every switch."""
    named = set(re.findall(r"`(\w+)`", README))
    assert {field.name for field in dataclasses.fields(settings)} <= named


def test_faults_are_listed() -> None:
    """The table of faults has every kind, and no other."""
    table = README.partition("## Faults")[2].partition("## Limits")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(get_args(Kind))


def test_controls_are_listed(zcrm_simulator: Simulator) -> None:
    """The table of the control plane has every call, and no other."""
    control = Control(World(1, Limits(), Switches(), zcrm_simulator.clock))
    listed = re.findall(r"^\| `(\w+) /__simulator__/(\w+)` \|", README, re.MULTILINE)
    assert sorted(listed) == sorted(control._routes)


def test_names_are_listed() -> None:
    """The table of the simulator's names has every public one."""
    named = set(re.findall(r"\w+", README))
    assert {name for name in vars(Simulator) if not name.startswith("_")} <= named
