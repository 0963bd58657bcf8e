"""Does every error say what happened, why and what to do, under a code that has a page?"""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
import re
import traceback
from pathlib import Path

import pytest

import zcrm_core
from zcrm_core import ConfigError, StoreUnavailable, Token, ZcrmError, errors

CODE = re.compile(r"ZCRM-[A-Z]+-[0-9]{3}")
PREFIX = re.compile(r"ZCRM-[A-Z]+-")
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


def codes(package: Path) -> set[str]:
    """The codes of a package: those written out, and those made of its prefix and a number in quotes."""
    texts = [
        node.value
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    numbers = {text for text in texts if re.fullmatch("[0-9]{3}", text)}
    prefixes = {text for text in texts if PREFIX.fullmatch(text)}
    return {text for text in texts if CODE.fullmatch(text)} | {
        prefix + number for prefix in prefixes for number in numbers
    }


def packages(root: Path) -> list[Path]:
    """The folders that hold the core and the plugins."""
    return [root / "zcrm_core", *sorted(root.glob("plugins/*/src"))]


def test_every_code_has_a_page_and_every_page_a_code(root: Path) -> None:
    """What a message refers to exists, and nothing is documented that cannot happen."""
    used = {code for package in packages(root) for code in codes(package)}
    pages = {file.stem for file in (root / "docs/errors").glob("ZCRM-*")}

    assert used == pages


def test_every_page_has_its_title_and_three_sections(root: Path) -> None:
    """A page opens with its own code, and each of its three sections says something."""
    for file in (root / "docs/errors").glob("ZCRM-*.md"):
        title, *lines = file.read_text(encoding="utf-8").splitlines()
        text = "\n".join(lines)

        assert re.fullmatch(rf"# {file.stem}: \S.*", title)
        assert [line for line in lines if line.startswith("## ")] == SECTIONS
        assert all(re.search(rf"^{section}\n\n[^#\s]", text, re.MULTILINE) for section in SECTIONS), file.stem


def test_every_code_in_the_sources_has_the_one_form(root: Path) -> None:
    """No module writes a code that a reader or a program could not look up."""
    odd = {
        (file.name, text)
        for package in packages(root)
        for file in package.rglob("*.py")
        for text in re.findall(r"""["']ZCRM-[^"'{}]*""", file.read_text(encoding="utf-8"))
        if not (CODE.fullmatch(text[1:]) or PREFIX.fullmatch(text[1:]))
    }

    assert odd == set()


def test_the_problems_of_an_error_go_along() -> None:
    """A pickle of many problems holds each of them; a single problem names itself."""
    first = ConfigError("One.", why="Because.", fix="Do it.", code="ZCRM-TEST-001")
    error = ConfigError("Two problems.", problems=[first, ConfigError("Two.")])

    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert [str(each) for each in twin.problems] == [str(each) for each in error.problems]
    assert first.problems == (first,)


def test_what_an_error_carries_crosses_a_process() -> None:
    """Data on an error, such as a token that was not saved, is in its pickle and in none of its texts."""
    error = StoreUnavailable("The store is gone.")
    error.unsaved = Token("u", "s3cr3t-access", "s3cr3t-refresh", 7)

    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert twin.unsaved == error.unsaved
    assert twin.retryable
    assert "s3cr3t" not in "".join(traceback.format_exception(twin)) + repr(twin)
    assert StoreUnavailable("Another.").unsaved is None


def test_one_error_s_texts_are_its_own() -> None:
    """Texts given to one error change neither its class nor the next error of that class."""
    ZcrmError("One.", why="Its own.", fix="Its own.", code="ZCRM-TEST-001")

    assert ZcrmError("Two.").code == ZcrmError.code == "ZCRM-GENERAL-001"
    assert "Its own." not in str(ZcrmError("Two."))


def test_the_drawing_in_the_module_is_the_tree() -> None:
    """The tree at the top of the module names every class once, under its real parent."""
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"^    ([│ ├└─]*)([A-Z]\w+)", line):
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            drawn[match[2]] = path[depth - 1] if depth else "Exception"

    real = {each.__name__: each.__mro__[1].__name__ for each in CORE}
    assert drawn == real
