"""Does `zcrm new-store` write a whole project, under the right names, and never over anything?"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from zcrm_cli.new_store.command import new_store
from zcrm_cli.new_store.project import Names, render

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "third_party_store"


def test_the_example_is_what_the_command_writes() -> None:
    """With the names of the example, the project is the example letter by letter: one text, proved twice."""
    names = Names(
        name="sqlite",
        wheel="acme-zcrm-sqlite",
        package="acme_zcrm_sqlite",
        class_name="SqliteTokenStore",
        key="sqlite_path",
        version="1.0",
        description="An example of a token store for zcrm that anybody can write: tokens in a SQLite file",
    )

    written = render(names)

    for path in ("pyproject.toml", "src/acme_zcrm_sqlite/__init__.py", "tests/test_contract.py"):
        assert written[path] == (EXAMPLE / path).read_text(encoding="utf-8"), path


@pytest.mark.parametrize("name", ["vault", "my-vault", "a1_b2", "x", "v" * 40])
def test_every_file_is_whole(run: Run, tmp_path: Path, name: str) -> None:
    """Whatever the name, each file is there, says it, and holds no empty place; the module is Python."""
    done = run("new-store", name)
    names = Names.of(name)
    folder = tmp_path / names.wheel
    files = {
        str(file.relative_to(folder)): file.read_text("utf-8") for file in folder.rglob("*") if file.is_file()
    }

    assert (done.returncode, done.stderr) == (0, "")
    assert files == render(names)
    assert not any("$" in text for text in files.values())
    assert ast.parse(files[f"src/{names.package}/__init__.py"]).body
    assert f'name = "{name}"' in files[f"src/{names.package}/__init__.py"]
    assert f'{name} = "{names.package}:{names.class_name}"' in files["pyproject.toml"]
    assert names.class_name.isidentifier()
    assert names.key.isidentifier()


@pytest.mark.parametrize(
    "name",
    ["", "Vault", "my vault", "1st", "-x", "a--b", "a-", "../up", "/abs", "é", "v" * 41, "a\nb", "a.b"],
)
def test_a_name_that_cannot_be_one_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    """A name that no wheel, package or key can have writes nothing, and the error says which can."""
    done = run("new-store", "--", name)

    assert done.returncode == 2
    assert "small letters and digits" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"temporary"}


@pytest.mark.parametrize("name", ["custom", "file", "mysql", "simulator"])
def test_a_name_that_is_taken_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    """Two plugins of one name are both left out, so the command does not begin one."""
    done = run("new-store", name, more={"ZCRM_DISABLE_PLUGINS": name})

    assert done.returncode == 2
    assert f"there is a plugin named {name} already" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"temporary"}


@pytest.mark.parametrize("name", ["custom", "file", "mysql"])
def test_the_name_of_a_store_of_ours_is_refused_also_where_that_is_not_installed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store written here may be installed elsewhere, beside ours."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zcrm_cli.new_store.command.entry_points", lambda **_: ())

    done = CliRunner().invoke(new_store, [name])

    assert done.exit_code == 2
    assert f"there is a plugin named {name} already" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("token-persistence", "'token_persistence_path', which is a key of the store file"),
        ("persistence_handler_class", "persistence_handler_class_path"),
        ("test-vault", "ZCRM_TEST_VAULT_PATH is something else"),
    ],
)
def test_a_name_whose_key_could_not_be_its_own_is_refused(
    run: Run, tmp_path: Path, name: str, says: str
) -> None:
    """A project that the core would leave out, for it takes another's key, is not begun."""
    done = run("new-store", name)

    assert done.returncode == 2
    assert says in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"temporary"}


@pytest.mark.parametrize("kind", ["folder", "file", "broken link"])
def test_what_is_there_is_left_alone(run: Run, tmp_path: Path, kind: str) -> None:
    """A folder, a file or a link in the project's place is an error, and stays as it is."""
    place = tmp_path / "zcrm-store-vault"
    make: dict[str, Callable[[], object]] = {
        "folder": place.mkdir,
        "file": lambda: place.write_text("mine", encoding="utf-8"),
        "broken link": lambda: place.symlink_to("nowhere"),
    }
    make[kind]()

    done = run("new-store", "vault")

    assert done.returncode == 2
    assert re.search(r"zcrm-store-vault is there already; nothing was written", done.stderr)
    assert not (tmp_path / "nowhere").exists()
    assert kind != "folder" or list(place.iterdir()) == []
