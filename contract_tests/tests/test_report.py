"""Does the report say what came out, to a person and to a program, whole or not at all?"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from zcrm_contract_tests.report import Run, StoreReport, failure_text, from_plain, lines, to_plain, write
from zcrm_contract_tests.verdicts import Outcome, Verdict

KEPT = Outcome("TS-01", "It works.", Verdict.KEPT, 1, 0.5)
NOTED = Outcome("TS-03", "It lasts.", Verdict.KEPT, 1000, 0.5, detail="without a full disk")
BROKEN = Outcome("TS-02", "It is exact.", Verdict.BROKEN, 12, 1.5, "lists", "It gave two.\n  1. list")
LATER = Outcome("TS-09", "It sings.", Verdict.BROKEN, 3, detail="It hummed.\n  1. sing", binding=False)
OTHERS = [
    Outcome(f"TS-{20 + place}", "It is.", verdict, detail=f"because of {verdict.value}")
    for place, verdict in enumerate(Verdict)
    if verdict not in (Verdict.KEPT, Verdict.BROKEN)
]
ALL = (KEPT, BROKEN, NOTED, LATER, *OTHERS)


def report_of(*outcomes: Outcome, promises: int = 0) -> StoreReport:
    """A store's report of these verdicts."""
    return StoreReport("mine", "1.5", 1, outcomes, "test_it.py::TestIt", promises or len(outcomes))


def test_the_table_has_a_line_for_each_promise_in_columns() -> None:
    """Promise, verdict, examples and capability stand below their headings."""
    text = list(lines(report_of(KEPT, BROKEN, NOTED, LATER), Run("dev", 7)))

    assert text[2:7] == [
        "promise  verdict            examples  capability",
        "TS-01    kept                      1  -",
        "TS-02    BROKEN                   12  lists",
        "TS-03    kept                   1000  -",
        "TS-09    broken (advisory)         3  -",
    ]


def test_the_heading_says_what_was_run_with_what() -> None:
    """The store, its version, the level, the versions of suite and core, the profile and the seed."""
    first, second, *_ = lines(report_of(KEPT), Run("pr", 7))
    _, without, *_ = lines(report_of(KEPT), Run("pr"))

    assert first == "test_it.py::TestIt: store mine 1.5"
    assert re.fullmatch(r"contract level 1, suite [\d.]+\S*, core [\d.]+\S*, profile pr, seed 7", second)
    assert without.endswith(", profile pr")


def test_what_a_store_says_of_itself_stands_above_the_table() -> None:
    """What an adapter adds or cannot promise is for whoever reads the report."""
    _, _, third, *_ = lines(replace(report_of(KEPT), says="replaces is compared in one process"), Run("dev"))

    assert third == "the store says: replaces is compared in one process"


@pytest.mark.parametrize("outcome", [*OTHERS, NOTED, LATER], ids=lambda outcome: outcome.id)
def test_what_is_neither_kept_nor_broken_is_listed_with_its_reason(outcome: Outcome) -> None:
    """Every other verdict, what was left out and what is advisory have a line each, with the reason."""
    text = list(lines(report_of(*ALL), Run("dev")))

    assert text.count(f"  {outcome.id}: {outcome.detail.splitlines()[0]}") == 1


def test_a_run_where_all_is_kept_has_no_lists() -> None:
    """A heading without a line under it would be noise."""
    assert len(list(lines(report_of(KEPT), Run("dev")))) == 5


def test_the_last_line_counts() -> None:
    """It says how many promises are kept, which are broken, and how many the run did not come to."""
    last = [list(lines(each, Run("dev")))[-1] for each in (report_of(*ALL, promises=39), report_of(KEPT))]

    assert last == [
        "2 of 39 promises kept; broken: TS-02; 30 without a verdict, as the run did not come to them",
        "1 of 1 promises kept; none broken",
    ]


def test_a_failure_begins_with_the_promise() -> None:
    """The text says which promise, what it says, and what happened."""
    assert failure_text(BROKEN) == "TS-02: It is exact.\nIt gave two.\n  1. list"


@pytest.mark.parametrize("outcome", ALL, ids=lambda outcome: outcome.id)
def test_a_verdict_comes_back_from_json_as_it_was(outcome: Outcome) -> None:
    """What one process writes down, another reads."""
    assert from_plain(json.loads(json.dumps(to_plain(outcome)))) == outcome


def test_the_file_has_the_documented_form(tmp_path: Path) -> None:
    """A program finds the run, each store, the counts, and each promise with all that is known of it."""
    write(tmp_path / "report.json", [report_of(*ALL)], Run("dev", 7))
    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    [store] = document["stores"]

    assert set(document) == {"suite", "core", "level", "profile", "seed", "stores"}
    assert (document["level"], document["profile"], document["seed"]) == (1, "dev", 7)
    assert set(store) == {"class", "store", "version", "says", "level", "kept", "broken", "promises"}
    assert (store["class"], store["store"], store["version"]) == ("test_it.py::TestIt", "mine", "1.5")
    assert (store["kept"], store["broken"]) == (2, ["TS-02"])
    assert store["promises"][1] == {
        "id": "TS-02",
        "sentence": "It is exact.",
        "verdict": "broken",
        "examples": 12,
        "seconds": 1.5,
        "capability": "lists",
        "detail": "It gave two.\n  1. list",
        "binding": True,
    }


@pytest.mark.parametrize(
    "text", ["\ud800", "\x00\x1b[31m", "é \u2028 \U0001f600"], ids=["surrogate", "control", "far"]
)
def test_a_detail_may_hold_any_text(tmp_path: Path, text: str) -> None:
    """What a store said is written and read back, whatever it was."""
    said = Outcome("TS-01", "It works.", Verdict.BROKEN, detail=text)
    write(tmp_path / "report.json", [report_of(said)], Run("dev"))

    document = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert document["stores"][0]["promises"][0]["detail"] == text


def test_a_new_report_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """The file of an earlier run is replaced, and nothing else is left in the folder."""
    for outcome in (BROKEN, KEPT):
        write(tmp_path / "report.json", [report_of(outcome)], Run("dev"))

    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["stores"][0]["broken"] == []
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize("name", ["a_folder", "nowhere/report.json", "a_file/report.json"])
def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path, name: str) -> None:
    """It is an OSError, and there is no half of a report."""
    (tmp_path / "a_folder").mkdir()
    (tmp_path / "a_file").write_text("mine", encoding="utf-8")

    with pytest.raises(OSError, match=r"."):
        write(tmp_path / name, [report_of(KEPT)], Run("dev"))

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a_file", "a_folder"]
    assert (tmp_path / "a_file").read_text(encoding="utf-8") == "mine"


def test_a_report_replaces_no_pipe_or_device(tmp_path: Path) -> None:
    """What is no regular file is refused and stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="no regular file"):
        write(pipe, [], Run("dev"))
    assert pipe.is_fifo()
