"""Does every wheel and sdist hold what it should, and nothing else?"""

from __future__ import annotations

import email
import os
import tarfile
import zipfile
from pathlib import Path

import zcrm_core

SDIST = {
    "zcrm_core", "src", "tests", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "PKG-INFO",
    "CONTRACT.md",
    ".gitignore",  # hatchling adds it to every sdist
}  # fmt: skip


# What a wheel holds besides its sources: who installed the suite can read what it promises.
MORE = {"zcrm_contract_tests": {"zcrm_contract_tests/CONTRACT.md"}}


def sources(project: Path, files: list[Path], root: Path) -> set[str]:
    """The files that a project's wheel should hold, by their path in the wheel."""
    base = project / "src" if (project / "src").is_dir() else project
    name = name_of(project, root)
    found = {path.relative_to(base).as_posix() for path in files if path.is_relative_to(base / name)}
    return found | MORE.get(name, set())


def name_of(project: Path, root: Path) -> str:
    """The import package of a project."""
    return "zcrm_core" if project == root else "zcrm_" + project.name.removeprefix("zcrm_")


def test_a_wheel_holds_its_package_alone(
    projects: list[Path], files: list[Path], root: Path, dist: Path
) -> None:
    """A wheel has every file of its package and its metadata, and nothing else."""
    for project in projects:
        (wheel,) = dist.glob(f"{name_of(project, root)}-*.whl")
        names = set(zipfile.ZipFile(wheel).namelist())
        metadata = {name for name in names if name.split("/")[0].endswith(".dist-info")}
        assert names - metadata == sources(project, files, root), wheel.name
        assert f"{name_of(project, root)}/py.typed" in names, wheel.name


def test_an_sdist_holds_only_what_is_allowed(projects: list[Path], root: Path, dist: Path) -> None:
    """An sdist has the sources and the texts on the allow-list, and nothing else of the checkout."""
    for project in projects:
        (sdist,) = dist.glob(f"{name_of(project, root)}-*.tar.gz")
        with tarfile.open(sdist) as archive:
            tops = {name.split("/")[1] for name in archive.getnames()}
        assert tops - SDIST == set(), sdist.name


def test_metadata_is_what_pip_needs(projects: list[Path], root: Path, dist: Path) -> None:
    """Every wheel names its version, its Pythons and its licence."""
    for project in projects:
        (path,) = dist.glob(f"{name_of(project, root)}-*.whl")
        wheel = zipfile.ZipFile(path)
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(wheel.read(name))
        assert metadata["Version"] == zcrm_core.__version__
        assert metadata["Requires-Python"] == ">=3.10"
        assert metadata["License-Expression"] == "Apache-2.0"
        assert metadata["Summary"]


def test_the_tests_see_the_wheel(root: Path) -> None:
    """Where tox runs the tests, zcrm_core comes from the installed wheel; elsewhere, from this checkout."""
    inside = Path(str(zcrm_core.__file__)).is_relative_to(root / "zcrm_core")

    assert inside != ("ZCRM_TEST_DIST" in os.environ)
