"""Is every module small, and does it say which question it answers? Does every test say what it holds?"""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest


def length(path: Path) -> int:
    """The number of a file's lines."""
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_above_400_lines(core_files: list[Path], plugin_files: list[Path], root: Path) -> None:
    """A module of more than 400 lines answers more than one question."""
    long = {str(p.relative_to(root)): length(p) for p in core_files + plugin_files if length(p) > 400}

    assert long == {}


def test_the_median_module_is_below_120_lines(core_files: list[Path], plugin_files: list[Path]) -> None:
    """Half of all modules fit on two screens."""
    assert median(map(length, core_files + plugin_files)) < 120


def test_every_module_opens_with_a_docstring(files: list[Path], root: Path) -> None:
    """Every Python file of the repository says first what it is for; only an empty one need not."""
    silent = [
        str(path.relative_to(root))
        for path in files
        if path.suffix == ".py"
        if (tree := ast.parse(path.read_text(encoding="utf-8"))).body and not ast.get_docstring(tree)
    ]

    assert silent == []


def undocumented(tree: ast.AST) -> list[str]:
    """The tests of a file that have no docstring."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]


def test_every_test_states_its_property(files: list[Path], root: Path) -> None:
    """Every test function of the repository has a docstring."""
    silent = {
        str(path.relative_to(root)): names
        for path in files
        if path.match("test_*.py")
        if (names := undocumented(ast.parse(path.read_text(encoding="utf-8"))))
    }

    assert silent == {}


@pytest.mark.parametrize(
    "text", ["def test_a(): ...", "class T:\n def test_b(self): ...", "async def test_c(): ..."]
)
def test_a_silent_test_is_noticed(text: str) -> None:
    """The rule above sees functions, methods and coroutines."""
    assert len(undocumented(ast.parse(text))) == 1
