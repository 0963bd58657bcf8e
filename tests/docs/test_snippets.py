"""Do the examples in the documentation work as they stand?"""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from zcrm_cli.main import cli
from zcrm_core import Config
from zcrm_simulator import Simulator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
SCOPES = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
]
TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:`|bin/)zcrm ((?:[a-z-]+ ?)+)")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder with a zcrm.toml for a simulated Zoho; whoever asks for a grant token gets one."""
    with Simulator() as zoho:
        owner = zoho.users[0].email
        keys = {**zoho.config(), "current_user_email": owner, "token_persistence_path": "tokens"}
        lines = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
        (tmp_path / "zcrm.toml").write_text(lines, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("builtins.input", lambda *_: zoho.grant_token(SCOPES, user=owner))
        yield tmp_path


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
@pytest.mark.usefixtures("desk")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_every_python_example_runs(page: Path) -> None:
    """Each page's examples run one after the other, as a reader would paste them."""
    document = Sybil(parsers=[PythonCodeBlockParser()]).parse(page)

    for example in document.examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_toml_example_is_a_configuration(page: Path) -> None:
    """Each TOML example is accepted as it stands, unless it is of a package's own project file."""
    for text in TOML.findall(page.read_text(encoding="utf-8")):
        keys = tomllib.loads(text)
        if "project" not in keys:
            Config(keys)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_exists(page: Path) -> None:
    """Each ``zcrm`` command that a page names is one."""
    for words in COMMAND.findall(page.read_text(encoding="utf-8")):
        command: click.Command | None = cli
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            command = command.get_command(click.Context(command), word)
            assert command is not None, f"zcrm {words}"


@pytest.mark.usefixtures("desk")
def test_the_quickstart_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The example program logs in, reads and writes, and shows which record failed."""
    runpy.run_path(str(ROOT / "examples" / "quickstart.py"), run_name="__main__")

    shown = capsys.readouterr().out
    assert "520 leads" in shown
    assert "0 SUCCESS" in shown
    assert "1 MANDATORY_NOT_FOUND" in shown
