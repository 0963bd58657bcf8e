"""Does the command zcrm behave as a command should: help, versions, exit codes, pipes and colours?"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest
from click import Context
from click.testing import CliRunner

from zcrm_cli.main import COMMANDS, cli, main

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Terminal = Callable[..., "tuple[int, str]"]

LEVELS = [
    [],
    *([name] for name in COMMANDS),
    ["simulator", "serve"],
    ["simulator", "grant"],
    ["token", "list"],
]


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: " ".join(level) or "zcrm")
def test_every_level_has_help(level: list[str]) -> None:
    """--help says what a command does, within 80 columns."""
    done = CliRunner().invoke(cli, [*level, "--help"])

    assert done.exit_code == 0
    assert re.match(r"Usage: .*\n\n  [A-Z][^\n]{20,}", done.output)
    assert max(map(len, done.output.splitlines())) <= 80


def test_a_command_alone_shows_its_commands(run: Run) -> None:
    """`zcrm` without a command lists them all, and no hidden one."""
    done = run()

    assert all(f"  {name} " in done.stdout + done.stderr for name in COMMANDS)
    assert "demo-worker" not in done.stdout + done.stderr


def test_the_list_names_commands_that_are_there() -> None:
    """Every command that the help lists can be imported, under its name."""
    context = Context(cli)

    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}

    assert {name: command.name for name, command in found.items() if command} == {
        name: name for name in COMMANDS
    }


def test_help_imports_nothing_heavy() -> None:
    """`zcrm --help` needs neither rich nor requests nor the simulator, so that it is fast."""
    code = (
        "import sys; from zcrm_cli.main import main; main(['--help']); "
        "sys.exit(str({'rich', 'requests', 'zcrm_simulator', 'zcrm_core.client'} & set(sys.modules) or ''))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)

    assert done.stderr.strip() == ""


def test_the_version_is_the_wheels(run: Run) -> None:
    """--version prints it and nothing else."""
    assert run("--version").stdout == f"{version('zcrm-cli')}\n"


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["whoami", "--nothing"], ["login", "argument"], ["simulator", "grant"]]
)
def test_wrong_usage_ends_with_2(run: Run, arguments: list[str]) -> None:
    """What cannot be understood is told with a pointer to the help."""
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert "--help" in done.stderr


@pytest.mark.parametrize("arguments", [["plugins"], ["demo"], ["--version"], ["--help"]])
def test_a_reader_that_leaves_is_no_error(environment: dict[str, str], arguments: list[str]) -> None:
    """With its output closed the command ends without a word."""
    process = subprocess.Popen(
        [sys.executable, "-m", "zcrm_cli", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()

    with process:
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("more", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["terminal", "NO_COLOR", "dumb"],
)
def test_colours_are_for_terminals_that_want_them(
    at_terminal: Terminal,
    more: dict[str, str],
    coloured: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A terminal gets colours unless NO_COLOR or TERM=dumb says otherwise."""
    code, screen = at_terminal("plugins", more=more)

    assert code == 0
    assert ("\x1b" in screen) == coloured


def test_a_pipe_gets_no_colours(run: Run) -> None:
    """What another program reads holds no escape sequence, in errors as well."""
    done = run("whoami")

    assert "\x1b" not in run("plugins").stdout + done.stdout + done.stderr


def test_main_gives_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """A program can call main itself and gets the code as a number."""
    assert main(["--version"]) == 0
    assert main(["nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
