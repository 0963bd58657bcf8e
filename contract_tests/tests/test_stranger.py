"""Can somebody who has only the wheels prove a store of their own, where no checkout is near?"""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from zcrm_contract_tests.promises import all_promises

# A whole run of the suite is mostly waiting: for locks, for killed processes, for a disk that flushes.
pytestmark = pytest.mark.timeout(400)

WHEELS = ("zcrm_core", "zcrm_simulator", "zcrm_contract_tests", "zcrm_cli")
CONFIG = 'sqlite_path = "trial/{namespace}.db"'
COMMAND = "sqlite --config my.toml --without locks"
SIN = ('            database.execute("COMMIT")\n', "")


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What a stranger's command does, in a folder, without anything from this process's environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZCRM_", "PY", "COV"))}
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)


def built(project: Path, folder: Path) -> Path:
    """The wheel of a project."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir"]
    done = run([*command, str(folder), str(project)], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def requirements(wheel: Path) -> list[str]:
    """What a wheel asks for."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])


def needed(asked: Iterable[str]) -> Iterator[Distribution]:
    """What other people's packages these requirements lead to, out of the ones that are installed here."""
    waiting, seen = list(asked), set()
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.name in seen or requirement.name.startswith("zcrm-"):
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            seen.add(requirement.name)
            found = distribution(requirement.name)
            waiting += found.requires or []
            yield found


def lend(package: Distribution, site: Path) -> None:
    """Put a package of this environment into another one, file by file, as an installation would."""
    for file in package.files or []:
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(Path(str(file.locate())).resolve())


@pytest.fixture(scope="session")
def dist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our wheels: the ones tox built, or fresh ones."""
    if ready := os.environ.get("ZCRM_TEST_DIST"):
        return Path(ready)
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, str(root / "scripts" / "build.py"), str(folder)], check=True)
    return folder


@pytest.fixture(scope="session")
def example(root: Path) -> Path:
    """The stranger's project."""
    return root / "examples" / "third_party_store"


@pytest.fixture(scope="session")
def guide(root: Path) -> str:
    """The page that leads a stranger here."""
    return (root / "docs" / "how-to" / "write-a-token-store.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def broken(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same project under another name, with one line forgotten."""
    folder = tmp_path_factory.mktemp("broken") / "project"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src" / "acme_zcrm_sqlite").rename(folder / "src" / "broken_zcrm_sqlite")
    for file in [*folder.rglob("*.py"), folder / "pyproject.toml"]:
        text = file.read_text(encoding="utf-8").replace(*SIN)
        for old, new in (
            ("acme", "broken"),
            ('"sqlite"', '"broken"'),
            ("\nsqlite =", "\nbroken ="),
            ("sqlite_path", "broken_path"),
        ):
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def stranger(dist: Path, example: Path, broken: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with our wheels, what they ask for, both stores, and nothing else.

    No index is asked: other people's packages are those of this environment. One that a wheel needs and
    does not name is missing there.
    """
    wheels = [next(dist.glob(f"{name}-*.whl")) for name in WHEELS]
    wheels += [built(project, tmp_path_factory.mktemp("wheel")) for project in (example, broken)]
    folder = tmp_path_factory.mktemp("stranger")
    venv.create(folder, symlinks=True)
    programs = folder / "bin"
    (site,) = (folder / "lib").glob("python*/site-packages")
    for package in needed(line for wheel in wheels for line in requirements(wheel)):
        lend(package, site)
    install(programs, wheels, folder)
    return programs


def install(programs: Path, wheels: list[Path], folder: Path) -> None:
    """Install wheels, and see that nothing they ask for is missing."""
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python")]
    for rest in (["install", "--quiet", "--no-index", "--no-deps", *map(str, wheels)], ["check"]):
        done = run([*pip, *rest], folder)
        assert done.returncode == 0, done.stdout + done.stderr


def by_pytest(programs: Path, project: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What ``pytest`` says about a project's contract test, in a folder with nothing but that file."""
    shutil.copy(project / "tests" / "test_contract.py", folder)
    return run([str(programs / "python"), "-m", "pytest", *more], folder)


def by_command(programs: Path, store: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What ``zcrm-contract`` says about an installed store, with a configuration and no code."""
    (folder / "my.toml").write_text(f"{CONFIG}\n".replace("sqlite", store), encoding="utf-8")
    return run([str(programs / "zcrm-contract"), *COMMAND.replace("sqlite", store).split()], folder)


def assert_all_is_kept(
    done: subprocess.CompletedProcess[str],
    folder: Path,
    unchecked: list[str],
    wheel: tuple[str, str] = ("sqlite", "1.0"),
) -> None:
    """The run has ended well, with the table and with the report."""
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "contract-report.json").read_text(encoding="utf-8"))
    (store,) = report["stores"]
    assert (store["store"], store["version"], store["broken"]) == (*wheel, [])
    verdicts = {each["id"]: each["verdict"] for each in store["promises"]}
    assert set(verdicts) == {promise.id for promise in all_promises()}
    unpromised = {"TS-24", "TS-34", "TS-35", "TS-43", "TS-44", "TS-45"}
    for id_, verdict in verdicts.items():
        other = "not promised" if id_ in unpromised else "kept"
        assert verdict == ("not checked" if id_ in unchecked else other)
        assert f"\n{id_}    {verdict} " in done.stdout


def test_a_stranger_sees_no_checkout(stranger: Path, tmp_path: Path) -> None:
    """What the other tests here run with is the wheels, not this repository."""
    code = "import zcrm_core, zcrm_contract_tests; print(zcrm_core.__file__, zcrm_contract_tests.__file__)"
    files = run([str(stranger / "python"), "-c", code], tmp_path).stdout.split()

    assert [Path(file).is_relative_to(stranger.parent) for file in files] == [True, True]


def test_a_strangers_store_keeps_the_contract(stranger: Path, example: Path, tmp_path: Path) -> None:
    """The example's few lines and ``pytest`` are enough; SQLite flushes in C, where nobody can watch."""
    done = by_pytest(stranger, example, tmp_path)

    assert_all_is_kept(done, tmp_path, ["TS-32"])


def test_the_guide_shows_what_a_stranger_sees(
    stranger: Path, example: Path, guide: str, tmp_path: Path
) -> None:
    """The guide's table is cut from a real one, but for the numbers of examples, and its command is ours."""
    (table,) = re.findall(r"^```text\n(promise .*?)^```", guide, re.MULTILINE | re.DOTALL)
    done = by_pytest(stranger, example, tmp_path, "-k", "ts_01 or ts_02 or ts_32 or ts_43 or ts_44 or ts_45")
    shown = re.sub(r" +\d+  ", " N  ", done.stdout.replace(str(tmp_path), "..."))

    for line in re.sub(r" +\d+  ", " N  ", table).splitlines():
        assert line == "..." or f"\n{line}" in shown
    assert f"`zcrm-contract {COMMAND}`" in guide
    assert f"`{CONFIG}`" in guide


def test_a_strangers_store_is_checked_without_code(stranger: Path, tmp_path: Path) -> None:
    """The command finds the store by its name; what needs the author's ``files`` is not called kept."""
    done = by_command(stranger, "sqlite", tmp_path)

    assert_all_is_kept(done, tmp_path, ["TS-21", "TS-22", "TS-23", "TS-32"])


def test_a_project_of_one_s_own_is_written_complete(stranger: Path, tmp_path: Path) -> None:
    """``zcrm new-store`` writes what builds, installs, is found by its key, and keeps the contract."""
    done = run([str(stranger / "zcrm"), "new-store", "my-vault"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    project = tmp_path / "zcrm-store-my-vault"
    assert all(
        f"wrote {file.relative_to(tmp_path)}\n" in done.stdout
        for file in project.rglob("*")
        if file.is_file()
    )
    (tmp_path / "dist").mkdir()
    (tmp_path / "run").mkdir()
    install(stranger, [built(project, tmp_path / "dist")], tmp_path)

    keys = 'client_id = "1000.A"\nclient_secret = "s"\nmy_vault_path = "tokens.db"\n'
    (tmp_path / "my.toml").write_text(keys, encoding="utf-8")
    shown = run([str(stranger / "zcrm"), "plugins", "--config", "my.toml"], tmp_path)
    assert "Tokens are kept by the store my-vault." in shown.stdout, shown.stdout + shown.stderr
    tested = by_pytest(stranger, project, tmp_path / "run")
    assert_all_is_kept(tested, tmp_path / "run", ["TS-32"], ("my-vault", "0.1"))


@pytest.mark.parametrize("way", ["pytest", "command"])
def test_a_broken_store_is_told_by_its_promise(
    way: str, stranger: Path, broken: Path, guide: str, tmp_path: Path
) -> None:
    """The run fails, and the smallest story that breaks the promise is the one that the guide shows."""
    by = {
        "pytest": lambda: by_pytest(stranger, broken, tmp_path),
        "command": lambda: by_command(stranger, "broken", tmp_path),
    }
    (story,) = re.findall(r"^```text\n(TS-01: .*?)^```", guide, re.MULTILINE | re.DOTALL)

    done = by[way]()

    assert done.returncode == 1, done.stdout + done.stderr
    assert story in done.stdout
    assert f"0 of {len(all_promises())} promises kept; broken: TS-01\n" in done.stdout
