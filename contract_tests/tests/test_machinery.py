"""Does pytest run a contract, tell what came out, and stay calm when there is nothing to run?"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from zcrm_contract_tests.promises import all_promises

Run = Callable[..., "Result"]

_HEAD = """
import pytest
from installed_stores import *
from zcrm_contract_tests import Capabilities, TokenStoreContract


class Base(TokenStoreContract):
    plugin = "kept"
    patience = 10.0

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def store_config(self, namespace):
        return {"reference_path": str(self.folder / namespace)}

"""


class Result:
    """What a run of pytest said.

    Args:
        done: the ended process.
        folder: where it ran.
    """

    def __init__(self, done: subprocess.CompletedProcess[str], folder: Path) -> None:
        self.code = done.returncode
        self.text = done.stdout + done.stderr
        self.folder = folder

    def report(self, name: str = "contract-report.json") -> Any:
        """The report as a program reads it."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def store(self, kind: str) -> Any:
        """A contract class's part of the report."""
        [found] = [each for each in self.report()["stores"] if each["class"].endswith(f"::{kind}")]
        return found

    def verdicts(self, kind: str) -> Mapping[str, str]:
        """A contract class's verdicts, by promise."""
        return {each["id"]: each["verdict"] for each in self.store(kind)["promises"]}

    def detail(self, kind: str, promise: str) -> str:
        """Why a verdict is what it is."""
        [detail] = [each["detail"] for each in self.store(kind)["promises"] if each["id"] == promise]
        return str(detail)


def _run(folder: Path, variables: Mapping[str, str], files: Mapping[str, str], *options: str) -> Result:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    plain = ["-p", "no:cacheprovider", "-p", "no:randomly", "-W", "error", "--strict-markers", "-ra"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"--rootdir={folder}", "--import-mode=importlib", *plain, *options],
        cwd=folder,
        env=dict(variables),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Result(done, folder)


@pytest.fixture
def run(tmp_path: Path, installed: Mapping[str, str]) -> Run:
    """Run pytest in a process of its own on a test file, with the stores that are installed."""

    def run(text: str, *options: str, more: Mapping[str, str] | None = None) -> Result:
        return _run(tmp_path / "run", {**installed, **(more or {})}, {"test_it.py": _HEAD + text}, *options)

    return run


# -- what a class may not do -----------------------------------------------------------------------------

_REFUSED = {
    "test_unknown_gap.py": (
        "class TestIt(Base):\n    known_gaps = {'TS-99': 'why not'}\n",
        "known_gaps names TS-99, which is no promise",
    ),
    "test_silent_gap.py": (
        "class TestIt(Base):\n    known_gaps = {'TS-02': ' '}\n",
        "known_gaps gives no reason for TS-02",
    ),
    "test_override.py": (
        "class TestIt(Base):\n    def test_ts_01_smoke(self): pass\n",
        "overrides test_ts_01_smoke: a promise cannot be rewritten",
    ),
    "test_taken_out.py": (
        "class TestIt(Base):\n    test_ts_01_smoke = None\n",
        "overrides test_ts_01_smoke: a promise cannot be rewritten",
    ),
    "test_mixed_in.py": (
        "class Easy:\n    def test_ts_01_smoke(self): pass\nclass TestIt(Easy, Base): pass\n",
        "Easy overrides test_ts_01_smoke",
    ),
    "test_deleted.py": (
        "class TestIt(TokenStoreContract): pass\ndel TestIt.test_ts_01_smoke\n",
        "TestIt has lost test_ts_01_smoke: a promise cannot be removed or rewritten",
    ),
    "test_replaced.py": (
        "class TestIt(Base): pass\nTestIt.test_ts_01_smoke = lambda self: None\n",
        "TestIt has lost test_ts_01_smoke",
    ),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory, installed: Mapping[str, str]) -> Result:
    """A run on every file that pytest must refuse."""
    files = {name: _HEAD + text for name, (text, _) in _REFUSED.items()}
    return _run(tmp_path_factory.mktemp("refused"), installed, files)


@pytest.mark.parametrize("name", _REFUSED)
def test_a_class_cannot_make_its_contract_easier(refused: Result, name: str) -> None:
    """A gap without a promise or a reason, and a test that is rewritten or removed, are errors."""
    _, _, rest = refused.text.partition(f"ERROR collecting {name} ")
    said, _, _ = rest.partition("ERROR collecting")

    assert _REFUSED[name][1] in said


def test_nothing_runs_when_a_file_is_refused(refused: Result) -> None:
    """A refused class makes the run fail before anything is tried."""
    assert refused.code == pytest.ExitCode.INTERRUPTED
    assert f"{len(_REFUSED)} errors" in refused.text
    assert not (refused.folder / "contract-report.json").exists()


# -- stores that cannot be looked at ---------------------------------------------------------------------

_USELESS = {
    "TestMissing": (
        "plugin = 'nonesuch'",
        "There is no plugin named nonesuch; the stores installed here are:",
    ),
    "TestUnloadable": ("plugin = 'missing'", "cannot be loaded. ModuleNotFoundError"),
    "TestNoStore": ("plugin = 'plain'", "is no token store: it has no zcrm_token_store"),
    "TestUnclaimed": ("def store_config(self, namespace): return {}", "does not claim this configuration"),
    "TestUnknownKey": ("def store_config(self, namespace): return {'colour': 1}", "There is no key colour."),
    "TestUnconfigured": (
        "store_config = TokenStoreContract.store_config",
        "TestUnconfigured needs store_config(self, namespace)",
    ),
    "TestUnnamed": ("plugin = None", "TestUnnamed names no store"),
    "TestRaises": ("plugin = Raises", "the store raised ValueError: it never works"),
    "TestSleeps": ("plugin = 'sleeps'; patience = 1.5", "save gave no answer within 1.5 s"),
}


@pytest.fixture(scope="module")
def useless(tmp_path_factory: pytest.TempPathFactory, installed: Mapping[str, str]) -> Result:
    """A run of three promises on every store that cannot be looked at."""
    text = _HEAD + "\n".join(f"class {name}(Base):\n    {body}\n" for name, (body, _) in _USELESS.items())
    text += "class TestBare(TokenStoreContract): pass\n"
    folder = tmp_path_factory.mktemp("useless")
    return _run(folder, installed, {"test_it.py": text}, "-k", "ts_01 or ts_02 or ts_20")


@pytest.mark.parametrize("kind", _USELESS)
def test_a_useless_store_fails_once_with_a_sentence(useless: Result, kind: str) -> None:
    """The smoke promise says what is wrong; the others are not run, and nothing else fails."""
    assert useless.verdicts(kind) == {"TS-01": "broken", "TS-02": "not run", "TS-20": "not run"}
    assert _USELESS[kind][1] in useless.detail(kind, "TS-01")
    assert useless.text.count(f"FAILED test_it.py::{kind}::") == 1


def test_useless_stores_show_no_traceback(useless: Result) -> None:
    """A failure is its sentence and the story: no line of this suite's code, and no page of frames."""
    failures, _, _ = useless.text.partition("= zcrm contract =")
    _, _, failures = failures.partition("= FAILURES =")

    assert useless.code == pytest.ExitCode.TESTS_FAILED
    assert "TestBare names no store" in failures
    assert not re.search(r"^(>|E) ", failures, re.MULTILINE)
    assert "Traceback" not in useless.text
    assert len(failures.splitlines()) < 7 * (len(_USELESS) + 1)


# -- verdicts --------------------------------------------------------------------------------------------

_LATER = """
from zcrm_contract_tests.promises import promise

@promise("TS-98", level=2)
def later(bench):
    '''A promise of a level to come.'''
    bench.expect(False, "no store keeps it yet")
"""
_VERDICTS = """
class TestPlain(Base):
    capabilities = Capabilities(lists=False)

class TestLater(Base):
    level = 2

class TestBroken(Base):
    plugin = "deletes"

class TestGap(Base):
    plugin = "deletes"
    known_gaps = {"TS-06": "it cannot tell"}

class TestClosedGap(Base):
    known_gaps = {"TS-06": "it could not tell"}
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, installed: Mapping[str, str]) -> Result:
    """A run of a few promises on classes that meet every kind of verdict."""
    chosen = "ts_06 or ts_19 or ts_21 or ts_98"
    return _run(
        tmp_path_factory.mktemp("judged"), installed, {"test_it.py": _LATER + _HEAD + _VERDICTS}, "-k", chosen
    )


def test_what_is_not_promised_and_not_checked_is_listed(judged: Result) -> None:
    """A capability that is off and a method that is missing are told with their reason, never as kept."""
    verdicts = judged.verdicts("TestPlain")

    assert (verdicts["TS-06"], verdicts["TS-19"], verdicts["TS-21"]) == (
        "kept",
        "not promised",
        "not checked",
    )
    assert "Not promised by this store:\n  TS-19: Capabilities(lists=False)\n" in judged.text
    assert "Not checked, so not known:\n  TS-21: TestPlain has no files()" in judged.text
    assert judged.store("TestPlain")["kept"] == 1


def test_a_broken_promise_fails_with_its_sentence_and_its_story(judged: Result) -> None:
    """The failure says which promise, what it says, what happened, and every step."""
    _, _, text = judged.text.partition("TestBroken.test_ts_06")

    assert judged.store("TestBroken")["broken"] == ["TS-06"]
    assert re.search(
        r"^TS-06: After a delete the token is gone;.*\n.+\nThe smallest story", text, re.MULTILINE
    )
    assert re.search(r"^  1\. ", text, re.MULTILINE)


def test_a_known_gap_does_not_fail(judged: Result) -> None:
    """A promise that is broken as declared is an expected failure, with the reason."""
    assert judged.verdicts("TestGap")["TS-06"] == "known gap"
    assert judged.store("TestGap")["broken"] == []
    assert re.search(
        # Older versions of pytest put a word before the reason.
        r"XFAIL test_it.py::TestGap::test_ts_06_\w+ - (reason: )?TS-06: known gap: it cannot tell",
        judged.text,
    )


def test_a_closed_gap_fails(judged: Result) -> None:
    """A gap that is declared and not there makes the run fail, so that it is taken out."""
    assert judged.store("TestClosedGap")["broken"] == ["TS-06"]
    assert "take it out of known_gaps" in judged.detail("TestClosedGap", "TS-06")


def test_a_promise_of_a_higher_level_is_only_told(judged: Result) -> None:
    """It is broken and listed, and fails for a class that says that level."""
    assert judged.verdicts("TestPlain")["TS-98"] == "broken"
    assert judged.store("TestPlain")["broken"] == []
    assert judged.store("TestLater")["broken"] == ["TS-98"]
    assert re.search(r"^TS-98 +broken \(advisory\) ", judged.text, re.MULTILINE)
    assert "of a higher level than 1, so advisory:\n  TS-98: no store keeps it yet\n" in judged.text


def test_exactly_the_binding_promises_fail(judged: Result) -> None:
    """The failed tests of pytest are the broken promises of the report."""
    failed = set(re.findall(r"^FAILED test_it.py::(\w+)::test_(ts_\d\d)", judged.text, re.MULTILINE))
    broken = {
        (each["class"].rpartition("::")[2], id_.lower().replace("-", "_"))
        for each in judged.report()["stores"]
        for id_ in each["broken"]
    }

    assert failed == broken


# -- classes, orders, processes --------------------------------------------------------------------------

_WAYS = """
class TestByName(Base):
    plugin = "kept"

class TestByClass(Base):
    plugin = Installed

class TestByObject(Base):
    plugin = Installed()

class TestDerived(TestByName):
    capabilities = Capabilities(lists=False)
"""
_FEW = "ts_01 or ts_04 or ts_18 or ts_19"


@pytest.mark.parametrize(
    "how", [[], ["-p", "randomly", "-p", "no:xdist"], ["-n", "2"]], ids=["plain", "random", "xdist"]
)
def test_every_way_of_naming_a_store_in_every_order(
    tmp_path: Path, installed: Mapping[str, str], how: list[str]
) -> None:
    """A name, a class and an object are the same store, in one process or two, whatever runs first."""
    files = {"test_it.py": _HEAD + _WAYS, "test_again.py": "from test_it import TestByName\n"}
    variables = {**installed, "PYTHONPATH": f"{installed['PYTHONPATH']}:{tmp_path / 'run'}"}
    result = _run(tmp_path / "run", variables, files, "-k", _FEW, *how)

    kept = dict.fromkeys(["TS-01", "TS-04", "TS-18", "TS-19"], "kept")
    assert result.code == pytest.ExitCode.OK, result.text
    for kind in ("test_it.py::TestByName", "test_again.py::TestByName", "TestByClass", "TestByObject"):
        assert {each["id"]: each["verdict"] for each in _of(result, kind)["promises"]} == kept
    assert _of(result, "test_it.py::TestDerived")["kept"] == 3
    assert [_of(result, f"TestBy{how}")["version"] for how in ("Object", "Class")] == ["", ""]
    assert _of(result, "test_it.py::TestByName")["version"] == "1.5"
    assert result.text.count(f"4 of {len(all_promises())} promises kept; none broken") == 4


def _of(result: Result, kind: str) -> Any:
    [found] = [each for each in result.report()["stores"] if each["class"].endswith(kind)]
    return found


# -- options and the report ------------------------------------------------------------------------------

_ONE = "class TestIt(Base): pass\n"


def test_the_summary_names_what_was_run(run: Run) -> None:
    """The heading has the store, its version, the level, the suite, the core, the profile and the seed."""
    result = run(_ONE, "-k", "ts_01", "--zcrm-seed", "7", "--zcrm-profile", "pr")
    versions = {name: result.report()[name] for name in ("level", "profile", "seed")}

    assert versions == {"level": 1, "profile": "pr", "seed": 7}
    assert "test_it.py::TestIt: store kept 1.5\ncontract level 1, suite " in result.text
    assert ", profile pr, seed 7\n" in result.text
    assert re.search(
        r"^promise  verdict  examples  capability\nTS-01    kept            1  -$", result.text, re.MULTILINE
    )


def test_a_run_can_be_repeated(run: Run) -> None:
    """A run that draws its seed names it, the same in every process."""
    result = run(_ONE, "-k", "ts_01 or ts_18", "-n", "2", more={"ZCRM_TEST_PROFILE": "dev"})

    assert isinstance(result.report()["seed"], int)
    assert f", seed {result.report()['seed']}\n" in result.text


@pytest.mark.parametrize(
    ("option", "variable", "said"),
    [
        ("wild", "dev", "invalid choice: 'wild'"),
        ("", "wild", "ZCRM_TEST_PROFILE=wild is no profile; there are dev"),
    ],
)
def test_an_unknown_profile_is_refused(run: Run, option: str, variable: str, said: str) -> None:
    """A profile that does not exist is wrong use, whether an option or a variable names it."""
    options = ["--zcrm-profile", option] if option else []
    result = run(_ONE, *options, more={"ZCRM_TEST_PROFILE": variable})

    assert result.code == pytest.ExitCode.USAGE_ERROR
    assert said in result.text


def test_the_report_goes_where_it_is_sent(run: Run) -> None:
    """The option names the file; nothing is written elsewhere."""
    result = run(_ONE, "-k", "ts_01", "--zcrm-report", "other.json")

    assert result.report("other.json")["stores"][0]["kept"] == 1
    assert sorted(path.name for path in result.folder.glob("*.json*")) == ["other.json"]


def test_a_report_that_cannot_be_written_fails_the_run(run: Run) -> None:
    """A run whose promises are kept has failed all the same, and says why in a sentence."""
    result = run(_ONE, "-k", "ts_01", "--zcrm-report", "nowhere/report.json")

    assert result.code == pytest.ExitCode.TESTS_FAILED
    assert re.search(
        r"^The report .*nowhere/report.json cannot be written: No such file", result.text, re.MULTILINE
    )
    assert "INTERNALERROR" not in result.text


def test_a_run_without_contracts_is_not_disturbed(tmp_path: Path, installed: Mapping[str, str]) -> None:
    """Nothing is said, nothing written, and nothing heavy imported."""
    text = """
import sys

def test_it():
    assert "zcrm_contract_tests.pytest_plugin" in sys.modules
    assert not {"hypothesis", "zcrm_core", "zcrm_contract_tests.judge"} & set(sys.modules)
"""
    result = _run(tmp_path, installed, {"test_it.py": text})

    assert result.code == pytest.ExitCode.OK, result.text
    assert "zcrm contract" not in result.text
    assert "seed" not in result.text
    assert list(tmp_path.glob("*.json")) == []
