"""Do the examples in the documentation work as they stand?"""

from __future__ import annotations

import io
import re
import runpy
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from sybil import Sybil
from sybil.document import Document
from sybil.parsers.markdown import PythonCodeBlockParser

from zcrm_cli.main import cli
from zcrm_cli.scopes import SCOPES
from zcrm_core import Config
from zcrm_simulator import Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(zcrm [^`\n]+)`")


class Reader(io.TextIOBase):
    """A standard input at which somebody pastes a fresh grant token whenever a line is asked for."""

    def __init__(self, grant_token: Callable[[], str]) -> None:
        self._grant_token = grant_token

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # the base takes None too
        return f"{self._grant_token()}\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder with a zcrm.toml for a simulated Zoho, and a reader who has grant tokens."""
    with Simulator() as zoho:
        owner = zoho.users[0].email
        keys = {**zoho.config(), "current_user_email": owner, "token_persistence_path": "tokens"}
        lines = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
        (tmp_path / "zcrm.toml").write_text(lines, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("zcrm_core.crm.jobs._FIRST_PAUSE", 0.01)
        monkeypatch.setattr("sys.stdin", Reader(lambda: zoho.grant_token(SCOPES, user=owner)))
        yield tmp_path


def run(page: Path) -> Document:
    """Run a page's Python examples one after the other, as a reader would paste them."""
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(page)
    for example in document.examples():
        example.evaluate()
    return document


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
@pytest.mark.usefixtures("desk")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the first examples leave closing for later
def test_every_python_example_runs(page: Path) -> None:
    """Each page's examples work, with nothing but a zcrm.toml and a grant token to paste."""
    run(page)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_toml_example_is_a_configuration(page: Path) -> None:
    """Each TOML example is accepted; those of an error's page with the client's id and secret added."""
    client = {"client_id": "1000.ABC", "client_secret": "..."} if page.name.startswith("ZCRM-") else {}
    for text in TOML.findall(page.read_text(encoding="utf-8")):
        keys = tomllib.loads(text)
        if "project" not in keys:  # a package's own project file is no configuration
            Config({**client, **keys})


def invocations(text: str) -> Iterator[list[str]]:
    """The calls of ``zcrm`` in a page's sentences and shell examples, each without its first word."""
    lines = [line for block in SHELL.findall(text) for line in block.splitlines()]
    for line in [*INLINE.findall(text), *lines]:
        for part in re.split(r"\||&&", line):
            parts = shlex.split(part, comments=True)
            if parts and Path(parts[0]).name == "zcrm":
                yield parts[1:]


def unknown_word(arguments: list[str]) -> str | None:
    """The first word of a call that is neither a command nor an option of that command."""
    command: click.Command = cli
    for word in arguments:
        options = {option for parameter in command.params for option in parameter.opts}
        if word.startswith("-"):
            if word not in options | {"--help", "-h"}:
                return word
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return word
            command = found
    return None


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_exists(page: Path) -> None:
    """Each ``zcrm`` command that a page names is one, with options that it has."""
    calls = list(invocations(page.read_text(encoding="utf-8")))

    assert [call for call in calls if unknown_word(call) is not None] == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("run `zcrm frob`", "frob"),
        ("run `zcrm token frob`", "frob"),
        ("```sh\n.venv/bin/pip install x && .venv/bin/zcrm demo --frob\n```", "--frob"),
        ("```sh\nzcrm simulator grant --url U | zcrm login --frob\n```", "--frob"),
        ("```sh\nzcrm login --user me@example.com  # a remark\n```", None),
        ("zcrm is a word of this sentence", None),
    ],
)
def test_a_wrong_command_is_noticed(text: str, word: str | None) -> None:
    """The check sees commands in sentences, behind other commands and in pipes, and their options."""
    found = [unknown_word(call) for call in invocations(text)]

    assert next(filter(None, found), None) == word


@pytest.mark.usefixtures("desk")
def test_the_quickstart_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The example program logs in, reads and writes, and shows which record failed."""
    runpy.run_path(str(ROOT / "examples" / "quickstart.py"), run_name="__main__")

    shown = capsys.readouterr().out
    assert "520 leads" in shown
    assert "0 SUCCESS" in shown
    assert "1 MANDATORY_NOT_FOUND" in shown


def test_the_store_of_the_guide_is_the_example() -> None:
    """What a reader copies is, letter by letter, the project whose contract is tested."""
    page = (ROOT / "docs" / "how-to" / "write-a-token-store.md").read_text(encoding="utf-8")
    example = ROOT / "examples" / "third_party_store"
    for fence, file in (
        ("python", "src/acme_zcrm_sqlite/__init__.py"),
        ("toml", "pyproject.toml"),
        ("python", "tests/test_contract.py"),
    ):
        assert f"```{fence}\n{(example / file).read_text(encoding='utf-8')}```\n" in page
