"""Does every error say what happened, why and what to do, under a code that has a page?"""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from pathlib import Path

import pytest

import zcrm_core
from zcrm_core import ZcrmError, errors

CODE = re.compile(r"ZCRM-[A-Z]+-[0-9]{3}")
SECTIONS = ["## What happened", "## Why", "## What to do"]


def tree(base: type[ZcrmError] = ZcrmError) -> list[type[ZcrmError]]:
    """The error classes of the core, the base included."""
    return [base, *[each for child in base.__subclasses__() for each in tree(child)]]


CORE = [each for each in tree() if each.__module__ == "zcrm_core.errors"]


@pytest.mark.parametrize("kind", CORE)
def test_every_error_is_complete_by_itself(kind: type[ZcrmError]) -> None:
    """One sentence is enough to raise any error of the tree: code, why and fix are there."""
    error = kind("Something happened.")

    assert CODE.fullmatch(error.code)
    assert error.what == "Something happened."
    assert error.why.endswith(".")
    assert error.fix
    assert isinstance(error.retryable, bool)
    assert str(error).startswith(
        f"[{error.code}] Something happened. Why: {error.why} What to do: {error.fix}"
    )
    assert error.docs_page == f"docs/errors/{error.code}.md"


@pytest.mark.parametrize("kind", CORE)
def test_every_error_survives_a_copy_and_a_pickle(kind: type[ZcrmError]) -> None:
    """An error can cross to another process, as Celery and multiprocessing need it, with all it says."""
    error = kind("Something happened.", why="Because.", fix="Do it.", code="ZCRM-TEST-001")

    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert type(twin) is kind
        assert str(twin) == str(error)


def test_every_error_is_public_and_documented() -> None:
    """The tree is exported whole, and each class says what it is for."""
    assert {each.__name__ for each in CORE} == set(errors.__all__)
    assert set(errors.__all__) <= set(zcrm_core.__all__)
    assert all(inspect.getdoc(each) for each in CORE)


def test_codes_of_classes_differ() -> None:
    """No two classes share a code."""
    codes = [each.code for each in CORE]

    assert len(set(codes)) == len(codes)


def test_every_code_has_a_page_and_every_page_a_code(root: Path) -> None:
    """What a message refers to exists, in three sections, and nothing is documented that cannot happen."""
    sources = [root / "zcrm_core", *root.glob("plugins/*/src")]
    used = {
        code
        for folder in sources
        for file in folder.rglob("*.py")
        for code in CODE.findall(file.read_text("utf-8"))
    }
    pages = {file.stem: file.read_text("utf-8") for file in (root / "docs/errors").glob("ZCRM-*.md")}

    assert used == set(pages)
    for code, page in pages.items():
        assert page.startswith(f"# {code}: ")
        assert [line for line in page.splitlines() if line.startswith("## ")] == SECTIONS
