"""Does `zcrm demo` show what it promises, and leave nothing behind however it ends?"""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from zcrm_cli.demo.narrator import Narrator
from zcrm_simulator import Simulator

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TOKEN = re.compile(r"1000\.[0-9a-f]{8,}\.[0-9a-f]{8,}")
SECRET = Simulator().config()["client_secret"]


def startup(tmp_path: Path, code: str) -> dict[str, str]:
    """Let code run in each of the command's processes before anything else; give the variable for that."""
    folder = tmp_path / "startup"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))}


def test_the_demonstration_shows_six_steps(run: Run, tmp_path: Path) -> None:
    """It says what it promises in 80 columns, shows no secret and no colour, and leaves nothing behind."""
    done = run("demo", more={"TERM": "dumb"})

    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^(\d)  ", done.stdout, re.MULTILINE) == ["1", "2", "3", "4", "5", "6"]
    for shown in (
        "has the mode 0600",
        "520 different leads came",
        "they came in 3 pages",
        "MANDATORY_NOT_FOUND",
        "the token was refreshed exactly once",
        "nobody had to log in again",
    ):
        assert shown in done.stdout
    assert SECRET not in done.stdout
    assert not TOKEN.search(done.stdout)
    assert "\x1b" not in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80 and str(tmp_path) not in line] == []
    assert list((tmp_path / "temporary").iterdir()) == []


def test_steps_three_to_five_are_made_by_another_process(run: Run, tmp_path: Path) -> None:
    """Two processes import zcrm_cli, and only the second is the worker that step 3 names."""
    log = tmp_path / "processes"
    note = (
        "import os, sys\n"
        f"with open({str(log)!r}, 'a', encoding='utf-8') as log:\n"
        "    print(os.getpid(), *sys.orig_argv[3:4], file=log)\n"
    )

    done = run("demo", more=startup(tmp_path, note))

    first, second = log.read_text(encoding="utf-8").splitlines()
    assert first.split()[1] == "demo"
    assert second.split()[1] == "demo-worker"
    assert f"number {second.split()[0]}" in done.stdout


def test_keep_leaves_a_private_folder(run: Run, tmp_path: Path) -> None:
    """--keep leaves the configuration and the tokens, for this user alone, and says where."""
    done = run("demo", "--keep")

    (folder,) = (tmp_path / "temporary").iterdir()
    assert folder.name in done.stdout
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in ("zcrm.toml", "zcrm_oauthtokens.txt"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600


def test_a_proxy_in_the_environment_is_passed_by(run: Run) -> None:
    """Calls to this machine do not go to a proxy."""
    done = run("demo", more={"http_proxy": "http://127.0.0.1:9", "no_proxy": ""})

    assert (done.returncode, done.stderr) == (0, "")


def test_a_missed_expectation_fails_without_a_traceback(run: Run, tmp_path: Path) -> None:
    """With one lead less the other process says what it expected, and both processes fail."""
    one_less = "import zcrm_simulator.data.seed as seed; seed.COUNTS['Leads'] = 519"

    done = run("demo", more=startup(tmp_path, one_less))

    assert done.returncode == 1
    assert done.stderr.startswith("ZCRM-GENERAL-001: The demonstration expected this")
    assert "520 different leads came." in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "An hour later" not in done.stdout
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("wanted", "to_all", "expected"),
    [(signal.SIGINT, False, 130), (signal.SIGINT, True, 130), (signal.SIGTERM, False, 143)],
    ids=["interrupted", "Ctrl-C", "terminated"],
)
def test_an_end_in_the_middle_leaves_nothing(
    tmp_path: Path,
    environment: dict[str, str],
    wanted: signal.Signals,
    to_all: bool,  # noqa: FBT001 - a parameter of the test
    expected: int,
) -> None:
    """Stopped while the other process works, the command leaves no process, no folder and no traceback."""
    wait = (
        "import os, sys, threading\n"
        "if 'demo-worker' in sys.orig_argv:\n"
        "    try:\n"
        "        print('the worker waits', flush=True)\n"
        "        threading.Event().wait()\n"
        "    except KeyboardInterrupt:\n"
        "        os._exit(130)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "zcrm_cli", "demo"],
        env=environment | startup(tmp_path, wait),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "the worker waits\n" in iter(process.stdout.readline, "")

        if to_all:
            os.killpg(process.pid, wanted)
        else:
            process.send_signal(wanted)

        assert process.wait() == expected
        assert "Traceback" not in process.stderr.read()
    # Whoever adopts the worker has to collect it first, and may take a moment.
    end = time.monotonic() + 20
    while _group_lives(process.pid):
        assert time.monotonic() < end
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("package", ["zcrm_simulator", "zcrm_store_file"])
def test_a_missing_wheel_is_asked_for(run: Run, tmp_path: Path, package: str) -> None:
    """Without a wheel that it needs the demonstration says what to install."""
    done = run("demo", more=startup(tmp_path, f"import sys; sys.modules[{package!r}] = None"))

    assert done.returncode == 1
    assert f"The wheel {package.replace('_', '-')} is not installed." in done.stderr
    assert 'pip install "zcrm-cli[demo]"' in done.stderr


@pytest.mark.parametrize("arguments", [["--live", "--keep"], ["--config", "zcrm.toml"]])
def test_options_that_do_not_go_together_are_refused(run: Run, arguments: list[str]) -> None:
    """--keep with --live, and --config without it, are wrong usage."""
    done = run("demo", *arguments)

    assert done.returncode == 2
    assert "--live" in done.stderr


@pytest.mark.usefixtures("logged_in")
def test_live_reads_and_writes_nothing(run: Run, zoho: Simulator) -> None:
    """--live shows the user, the organisation, a page of leads and their number, with GET calls alone."""
    before = len(zoho.requests)

    done = run("demo", "--live", "--config", "zcrm.toml")

    assert (done.returncode, done.stderr) == (0, "")
    for shown in (zoho.users[0].email, zoho.organization.company_name, "200 leads read", "520 leads."):
        assert shown in done.stdout
    made = zoho.requests[before:]
    assert {request.method for request in made} == {"GET"}
    assert len([request for request in made if request.path.endswith("/Leads")]) == 1


def test_live_without_a_login_says_so(run: Run, configure: Callable[..., Path]) -> None:
    """--live before any login asks for one."""
    configure()

    done = run("demo", "--live")

    assert done.returncode == 1
    assert "ZCRM-AUTH-011" in done.stderr
    assert "zcrm login" in done.stderr


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_table_of_the_demo_is_whole_on_a_narrow_terminal(width: int) -> None:
    """No word of a table is left out or cut, however few columns the terminal has."""
    console = Console(file=io.StringIO(), width=width, highlight=False, markup=False)
    row = ("1", "MANDATORY_NOT_FOUND", "required field not found: Last_Name", "and a fourth column")

    Narrator(console).table(("Record", "Outcome", "Zoho says", "More"), [row])

    shown = console.file.getvalue().split()  # type: ignore[attr-defined] # a StringIO
    assert {word for cell in row for word in cell.split()} <= set(shown)
    assert console.width == width
