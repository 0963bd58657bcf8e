"""Do all projects say the same where they must: version, Python, dependencies, shared settings?"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import zcrm_core

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture
def tables(projects: list[Path]) -> dict[str, dict[str, object]]:
    """The ``[project]`` table of every project, by its name."""
    found = [tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")) for project in projects]
    return {str(table["project"]["name"]): table["project"] for table in found}


@pytest.fixture
def settings(root: Path) -> str:
    """The root's pyproject.toml, which holds the settings of the shared tools."""
    return (root / "pyproject.toml").read_text(encoding="utf-8")


def strings(value: object) -> list[str]:
    """The strings of a TOML array."""
    assert isinstance(value, list)
    return [str(item) for item in value]


def requirements(tables: dict[str, dict[str, object]]) -> list[Requirement]:
    """Every dependency on somebody else's package that any project declares, extras included."""
    found: list[str] = []
    for table in tables.values():
        found += strings(table["dependencies"])
        extras = table.get("optional-dependencies", {})
        assert isinstance(extras, dict)
        for extra in extras.values():
            found += strings(extra)
    return [r for r in map(Requirement, found) if not r.name.startswith("zcrm-")]


def pins(path: Path) -> dict[str, Version]:
    """The versions that a constraints file names."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name.lower(): Version(version) for name, version in (line.split("==") for line in lines)}


def test_all_projects_have_one_version(tables: dict[str, dict[str, object]]) -> None:
    """All wheels are released in lock-step, under one number."""
    assert len({str(table["version"]) for table in tables.values()}) == 1


def test_the_core_knows_its_version(tables: dict[str, dict[str, object]]) -> None:
    """``zcrm_core.__version__`` is the number in pyproject.toml."""
    assert zcrm_core.__version__ == tables["zcrm-core"]["version"]


def test_all_projects_agree_on_python_and_licence(tables: dict[str, dict[str, object]]) -> None:
    """Every wheel supports the same Pythons and stands under the same licence."""
    assert {table["requires-python"] for table in tables.values()} == {">=3.10"}
    assert {table["license"] for table in tables.values()} == {"Apache-2.0"}


def test_plugins_depend_on_the_core_of_their_major_version(tables: dict[str, dict[str, object]]) -> None:
    """Every plugin takes any core from its own minor version up to the next major one."""
    version = Version(zcrm_core.__version__)
    wanted = f"zcrm-core>={version.major}.{version.minor},<{version.major + 1}"

    missing = [n for n, t in tables.items() if n != "zcrm-core" and wanted not in strings(t["dependencies"])]

    assert missing == []


def test_a_wheel_has_the_name_of_its_folder(projects: list[Path]) -> None:
    """Folder, wheel and import package of a project say the same word; contract_tests leaves out the zcrm."""
    for project in projects[1:]:
        table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
        package = "zcrm_" + project.name.removeprefix("zcrm_")
        assert table["project"]["name"] == package.replace("_", "-")
        assert (project / "src" / package / "py.typed").is_file()


def test_shared_settings_name_every_project(projects: list[Path], root: Path, settings: str) -> None:
    """A new plugin is in the settings of ruff, mypy and coverage."""
    for project in projects[1:]:
        name = "zcrm_" + project.name.removeprefix("zcrm_")
        assert f'"{name}"' in settings.partition("known-first-party")[2].partition("]")[0]
        assert f'"{name}"' in settings.partition("source_pkgs")[2].partition("]")[0]
        source = (project / "src").relative_to(root).as_posix()
        assert f"/{source}" in settings.partition("mypy_path")[2].partition("]")[0]
        assert f'"*/site-packages/{name}"' in settings.partition("[tool.coverage.paths]")[2]


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-lowest.txt"])
def test_constraints_are_pins_and_nothing_else(root: Path, name: str) -> None:
    """A constraints file has lines name==version alone: no index, no URL, no hash of one machine."""
    lines = (root / name).read_text(encoding="utf-8").splitlines()

    assert [
        line for line in lines if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][0-9a-z.]*", line)
    ] == []


def test_every_dependency_is_pinned_within_its_range(
    root: Path, tables: dict[str, dict[str, object]]
) -> None:
    """constraints.txt names a version of every dependency, and one that we declare to support."""
    pinned = pins(root / "constraints.txt")

    for requirement in requirements(tables):
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), requirement


def test_the_lowest_versions_are_the_declared_ones(root: Path, tables: dict[str, dict[str, object]]) -> None:
    """constraints-lowest.txt pins each dependency at the start of the range that we declare."""
    pinned = pins(root / "constraints-lowest.txt")

    for requirement in requirements(tables):
        minimum = min(str(part).removeprefix(">=") for part in requirement.specifier if part.operator == ">=")
        pin = pinned.pop(requirement.name.lower())
        release = Version(minimum).release
        assert pin.release[: len(release)] == release, requirement
        pinned[requirement.name.lower()] = pin
    assert set(pinned) == {requirement.name.lower() for requirement in requirements(tables)}
