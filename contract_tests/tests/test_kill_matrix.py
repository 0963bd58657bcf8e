"""Does the suite bite? Honest stores keep every promise, and each sin is found by the one that forbids it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zcrm_contract_tests import TokenStoreContract
from zcrm_contract_tests.judge import judge
from zcrm_contract_tests.profiles import DEFAULT_PROFILE, PROFILES
from zcrm_contract_tests.promises import all_promises
from zcrm_contract_tests.report import failure_text
from zcrm_contract_tests.verdicts import Verdict

# Making a story of the state machine small takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(600)

PR = PROFILES["pr"]
HONEST = PROFILES[os.environ.get("ZCRM_TEST_PROFILE", DEFAULT_PROFILE)]
FINE = {Verdict.KEPT, Verdict.NOT_PROMISED, Verdict.NOT_CHECKED}

# A sinner that fails in its own code proves nothing about the check.
ACCIDENT = re.compile(
    r"raised (AttributeError|ImportError|IndexError|NameError|NotImplementedError|TypeError)\b"
)

MATRIX = """# Which lies does the suite find?

Each row names stores with one sin, made on purpose, that break the promise. A test runs every one of them and
fails when a sin is not found, when a promise finds none, or when this page is out of date.

| promise | says | sins that it finds |
|---|---|---|
"""


@pytest.mark.parametrize("promise", all_promises(), ids=lambda promise: promise.id)
def test_honest_stores_keep_every_promise(
    promise: Any, honest: Any, author_of: Callable[[type], TokenStoreContract], seed: int
) -> None:
    """A store without a sin is never blamed."""
    outcome = judge(author_of(honest), promise, HONEST, seed)
    assert outcome.verdict in FINE, outcome.detail


def test_every_sin_is_found(sinner: Any, author_of: Callable[[type], TokenStoreContract], seed: int) -> None:
    """A sin breaks the promise that its store names, and the failure tells that promise and what happened."""
    promise = next(each for each in all_promises() if each.id == sinner.promise)
    outcome = judge(author_of(sinner.kind), promise, PR, seed)
    assert outcome.verdict is Verdict.BROKEN, f"{outcome.verdict.value}: {outcome.detail}"
    text = failure_text(outcome)
    assert text.startswith(f"{promise.id}: {promise.sentence}\n")
    assert "the check could do nothing with an answer" not in text
    assert "cannot be found" not in text
    assert not ACCIDENT.search(text), text


def test_every_promise_finds_a_sin(sinners: Any) -> None:
    """A promise that no store ever broke would be decoration."""
    found = {sinner.promise for sinner in sinners}
    assert found == {promise.id for promise in all_promises()}
    assert len(sinners) >= 40


def test_the_matrix_in_the_documentation_is_this_one(root: Path, sinners: Any) -> None:
    """The page shows what these tests run; write it anew with ZCRM_TEST_WRITE_DOCS=1."""
    page = root / "docs" / "reference" / "kill-matrix.md"
    text = MATRIX + "".join(
        f"| {promise.id} | {promise.sentence} | {'<br>'.join(_told(promise, sinners))} |\n"
        for promise in all_promises()
    )
    if os.environ.get("ZCRM_TEST_WRITE_DOCS"):
        page.write_text(text, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == text


def _told(promise: Any, sinners: Any) -> Iterator[str]:
    for sinner in sinners:
        if sinner.promise == promise.id:
            yield f"`{sinner.kind.__name__}`: {sinner.sin[0].lower()}{sinner.sin[1:].rstrip('.')}"
