"""Does zcrm-contract check a store with no code at all, and end as it says, whatever the store does?"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

COMMAND = [sys.executable, "-m", "zcrm_contract_tests.command"]
OWN = 'reference_path = "{namespace}"\n'
SHARED = 'reference_path = "data"\n'
KEPT, BROKEN, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


@pytest.fixture
def folder(installed: Mapping[str, str], tmp_path: Path) -> Path:
    """An empty folder where files are quick to flush."""
    place = Path(installed["TMPDIR"]) / tmp_path.name
    place.mkdir()
    return place


@pytest.fixture
def run(folder: Path, installed: Mapping[str, str]) -> Run:
    """Run the command on a configuration file, or on variables when there is none."""

    def run(
        *arguments: str, config: str | None = OWN, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        if config is not None:
            (folder / "my.toml").write_text(config, encoding="utf-8")
            arguments = (*arguments, "--config", "my.toml")
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=folder,
            env={**installed, **(more or {})},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=150,
        )

    return run


def only(*ids: str) -> list[str]:
    """The arguments that ask for some promises."""
    return [word for id_ in ids for word in ("--only", id_)]


def verdicts(folder: Path) -> dict[str, str]:
    """The verdicts in the report, by promise."""
    document = json.loads((folder / "contract-report.json").read_text(encoding="utf-8"))
    return {each["id"]: each["verdict"] for each in document["stores"][0]["promises"]}


def tokens(folder: Path) -> list[str]:
    """The files of tokens that are left."""
    return [str(path) for path in folder.rglob("*.json") if path.name != "contract-report.json"]


# -- how it ends -----------------------------------------------------------------------------------------


def test_a_store_that_keeps_its_promises_ends_with_0(run: Run, folder: Path) -> None:
    """Each verdict is told as it is decided, then the table, and the report is written."""
    done = run("kept", *only("TS-01", "TS-18", "TS-21", "TS-24"), "--seed", "7")

    assert (done.returncode, done.stderr) == (KEPT, "")
    assert done.stdout.startswith("TS-01 kept (")
    assert "zcrm-contract kept: store kept 1.5\ncontract level 1, suite " in done.stdout
    assert ", profile dev, seed 7\n" in done.stdout
    assert "TS-21: the command line has no files()" in done.stdout
    assert verdicts(folder) == {
        "TS-01": "kept",
        "TS-18": "kept",
        "TS-21": "not checked",
        "TS-24": "not promised",
    }


def test_a_broken_promise_ends_with_1(run: Run, folder: Path) -> None:
    """The failure has the promise's sentence and the smallest story; the rest goes on."""
    done = run("deletes", *only("TS-01", "TS-06", "TS-18"))

    assert done.returncode == BROKEN
    assert "\nTS-06: After a delete the token is gone;" in done.stdout
    assert "\nThe smallest story that breaks it:\n  1. " in done.stdout
    assert verdicts(folder)["TS-06"] == "broken"
    assert verdicts(folder)["TS-01"] == "kept"


WRONG: Mapping[str, tuple[list[str], str, str]] = {
    "no plugin": (["nonesuch"], OWN, "There is no plugin named nonesuch; the stores installed here are: "),
    "no store": (["plain"], OWN, "is no token store"),
    "not loadable": (["missing"], OWN, "cannot be loaded. ModuleNotFoundError"),
    "not claimed": (["kept"], "", "does not claim this configuration"),
    "unknown key": (["kept"], 'colour = "red"\n', "There is no key colour."),
    "another store": (["kept"], 'token_store = "file"\n', "says token_store = 'file', not kept"),
    "no TOML": (["kept"], "a b c", "The configuration file my.toml cannot be read."),
    "unknown promise": (["kept", *only("TS-99")], OWN, "There is no promise TS-99; there are TS-01,"),
    "unknown gap": (["kept", "--known-gap", "TS-99=x"], OWN, "There is no promise TS-99;"),
    "gap without reason": (
        ["kept", "--known-gap", "TS-06= "],
        OWN,
        "--known-gap needs a promise and a reason",
    ),
    "gap without equals": (["kept", "--known-gap", "TS-06"], OWN, "--known-gap needs a promise and a reason"),
    "unknown capability": (["kept", "--without", "wings"], OWN, "There is no capability wings; there are "),
    "both ways": (["kept", "--without", "lists", "--with", "lists"], OWN, "both name lists"),
    "unknown profile": (["kept", "--profile", "wild"], OWN, "invalid choice: 'wild'"),
    "unknown level": (["kept", "--level", "9"], OWN, "There is no level 9; there are 1."),
    "no patience": (["kept", "--patience", "0"], OWN, "--patience must be a number of seconds above 0."),
    "no length": (["kept", "--longest", "0"], OWN, "--longest must be a number of characters above 0."),
    "endless lease": (["kept", "--lease", "nan"], OWN, "--lease must be a number of seconds above 0."),
    "no folder for the report": (["kept", "--report", "no/r.json"], OWN, "cannot be written: its folder"),
    "a folder as report": (["kept", "--report", "."], OWN, "cannot be written: it is a folder"),
    "unknown option": (["kept", "--colour"], OWN, "unrecognized arguments: --colour"),
    "no name": ([], OWN, "required: NAME"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_use_ends_with_2_and_a_sentence(run: Run, folder: Path, case: str) -> None:
    """Nothing is tried, nothing is written, and one line says what is wrong."""
    arguments, config, said = WRONG[case]
    done = run(*arguments, config=config)

    assert done.returncode == WRONG_USE
    assert (done.stdout, len(done.stderr.splitlines())) == ("", 1)
    assert done.stderr.startswith("zcrm-contract: ")
    assert said in done.stderr
    assert [path.name for path in folder.iterdir()] == ["my.toml"]


def test_a_missing_file_is_wrong_use(run: Run) -> None:
    """A configuration that is not there is said so."""
    done = run("kept", "--config", "none.toml", config=None)

    assert (done.returncode, done.stdout) == (WRONG_USE, "")
    assert "none.toml cannot be read. Why: No such file or directory" in done.stderr


# -- what it is given ------------------------------------------------------------------------------------


def test_every_example_has_the_store_that_the_namespace_names(run: Run, folder: Path) -> None:
    """The namespace is put into the text, and a relative path starts at the file's folder."""
    (folder / "deeper").mkdir()
    (folder / "deeper" / "my.toml").write_text('[zcrm]\nreference_path = "x-{namespace}"\n', encoding="utf-8")
    done = run("kept", *only("TS-04"), "--config", "deeper/my.toml", config=None)

    assert done.returncode == KEPT, done.stdout + done.stderr
    assert "share one store" not in done.stdout
    assert done.stdout.endswith(f"The report is in {folder / 'contract-report.json'}\n")
    made = run("kept", *only("TS-18"), "--config", "deeper/my.toml", config=None)
    assert made.returncode == KEPT
    assert {path.name[:6] for path in (folder / "deeper").iterdir()} == {"my.tom", "x-zcrm"}


def test_variables_configure_the_store_when_there_is_no_file(run: Run, folder: Path) -> None:
    """The ZCRM variables are read as a client reads them."""
    done = run("kept", *only("TS-18"), config=None, more={"ZCRM_REFERENCE_PATH": str(folder / "{namespace}")})

    assert done.returncode == KEPT, done.stderr
    assert "share one store" not in done.stdout


def test_a_clients_own_configuration_can_be_used(run: Run) -> None:
    """Its client, region and user are left out: the suite has a simulated Zoho with clients of its own."""
    client = 'client_id = "1000.MINE"\nclient_secret = "mine"\naccounts_url = "https://accounts.zoho.eu"\n'
    user = 'currentUserEmail = "me@example.com"\nenvironment = "sandbox"\ntoken_store = "kept"\n'
    done = run("kept", *only("TS-16", "TS-46"), config=client + user + OWN)

    assert done.returncode == KEPT, done.stdout + done.stderr


def test_a_shared_store_is_told_first_and_tidied_up(run: Run, folder: Path) -> None:
    """The store is named before anything is written to it, and no token is left."""
    done = run("kept", *only("TS-04", "TS-16", "TS-19", "TS-41"), config=SHARED)

    assert done.returncode == KEPT, done.stdout
    assert done.stdout.startswith("All examples share one store, the store kept as my.toml configures it")
    assert (folder / "data").is_dir()
    assert tokens(folder) == []


def test_capabilities_and_gaps_are_those_that_are_named(run: Run, folder: Path) -> None:
    """What is switched off is not promised, what is switched on is, and a gap is known."""
    done = run(
        "deletes",
        *only("TS-06", "TS-19", "TS-24"),
        *("--without", "lists", "--with", "encrypted_at_rest", "--known-gap", "TS-06=it cannot tell = yes"),
    )

    assert done.returncode == KEPT
    assert verdicts(folder) == {"TS-06": "known gap", "TS-19": "not promised", "TS-24": "not checked"}
    assert "TS-06: known gap: it cannot tell = yes\n" in done.stdout


def test_a_gap_that_is_closed_ends_with_1(run: Run) -> None:
    """A known gap is strict here too."""
    done = run("kept", *only("TS-06"), "--known-gap", "TS-06=it could not tell")

    assert done.returncode == BROKEN
    assert "take it out of known_gaps" in done.stdout


def test_nothing_is_left_beside_the_report(run: Run, folder: Path) -> None:
    """The folder that it is started in gets the report, and no traces of the libraries that it uses."""
    run("kept", *only("TS-02"), config=SHARED)

    assert {path.name for path in folder.iterdir()} == {"my.toml", "data", "contract-report.json"}


# -- stores that hold it up ------------------------------------------------------------------------------


def test_a_store_that_raises_on_everything_is_one_failure(run: Run, folder: Path) -> None:
    """The smoke promise tells it; the others are not run."""
    done = run("raises", *only("TS-01", "TS-02", "TS-41"))

    assert done.returncode == BROKEN
    assert done.stdout.count("the store raised ValueError: it never works") == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert verdicts(folder) == {"TS-01": "broken", "TS-02": "not run", "TS-41": "not run"}


def test_a_store_that_never_answers_is_one_failure(run: Run, folder: Path) -> None:
    """It is given up after the patience that was named."""
    done = run("sleeps", *only("TS-01", "TS-02"), "--patience", "1.5")

    assert done.returncode == BROKEN
    assert "save gave no answer within 1.5 s" in done.stdout
    assert verdicts(folder) == {"TS-01": "broken", "TS-02": "not run"}


def test_a_store_that_cannot_be_interrupted_does_not_hold_up_the_end(run: Run, folder: Path) -> None:
    """The process ends by itself, with the table and the report."""
    done = run("catches", *only("TS-01", "TS-02"), "--patience", "1.5")

    assert done.returncode == BROKEN
    assert "It cannot be interrupted either, so the run ends here." in done.stdout
    assert verdicts(folder) == {"TS-01": "broken"}


def test_threads_that_a_store_leaves_do_not_hold_up_the_end(run: Run, folder: Path) -> None:
    """The process ends although they run on."""
    done = run("leaves", *only("TS-01"))

    assert done.returncode == KEPT
    assert verdicts(folder) == {"TS-01": "kept"}


def test_ctrl_c_tells_what_was_decided_and_tidies_up(folder: Path, installed: Mapping[str, str]) -> None:
    """The table has what was decided so far, the store holds no token, and the code is that of Ctrl-C."""
    (folder / "my.toml").write_text(SHARED, encoding="utf-8")
    with subprocess.Popen(
        [*COMMAND, "kept", "--config", "my.toml", "--profile", "nightly"],
        cwd=folder,
        env=dict(installed),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        while "TS-01 kept" not in process.stdout.readline():
            assert process.poll() is None
        while not tokens(folder):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=100)

    assert (process.returncode, errors) == (INTERRUPTED, "interrupted\n")
    assert "promise  verdict  examples  capability\nTS-01    kept            1  -\n" in said
    assert "without a verdict, as the run did not come to them\n" in said
    assert verdicts(folder) == {"TS-01": "kept"}
    assert tokens(folder) == []


# -- a terminal ------------------------------------------------------------------------------------------


def test_a_terminal_shows_what_is_being_looked_at(folder: Path, installed: Mapping[str, str]) -> None:
    """The promise appears when it begins, and its verdict takes that line."""
    (folder / "my.toml").write_text(OWN, encoding="utf-8")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "kept", "--config", "my.toml", *only("TS-01")],
        cwd=folder,
        env=dict(installed),
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    try:
        while read := os.read(ours, 4096):
            said += read
    except OSError:  # the other end is closed: the process has ended
        pass
    os.close(ours)

    assert process.wait(timeout=100) == KEPT
    assert said.startswith(b"TS-01 ...\r\x1b[KTS-01 kept (")


def test_help_is_quick_and_names_every_option(run: Run) -> None:
    """It needs no store and no configuration."""
    done = run("--help", config=None)

    assert done.returncode == KEPT
    for option in (
        "--config",
        "--profile",
        "--level",
        "--seed",
        "--report",
        "--without",
        "--known-gap",
        "--only",
    ):
        assert option in done.stdout
