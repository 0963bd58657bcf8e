"""Which source files and built distributions do the packaging tests look at?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def projects(root: Path) -> list[Path]:
    """The folders of all projects, the core's first."""
    plugins = (pyproject.parent for pyproject in sorted(root.glob("plugins/*/pyproject.toml")))
    return [root, *plugins, root / "contract_tests"]


@pytest.fixture(scope="session")
def core_files(root: Path) -> list[Path]:
    """The core's modules."""
    return sorted(root.glob("zcrm_core/**/*.py"))


@pytest.fixture(scope="session")
def plugin_files(root: Path) -> list[Path]:
    """The modules of all plugins and of the contract suite, without their tests."""
    return sorted([*root.glob("plugins/*/src/**/*.py"), *root.glob("contract_tests/src/**/*.py")])


@pytest.fixture(scope="session")
def dist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of every project: the ones tox built, or fresh ones."""
    if built := os.environ.get("ZCRM_TEST_DIST"):
        return Path(built)
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, str(root / "scripts" / "build.py"), str(folder)], check=True)
    return folder
