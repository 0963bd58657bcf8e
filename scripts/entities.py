"""Write docs/reference/entities.md: which attributes does each class of the CRM have, and what do they mean?

Run: ``python scripts/entities.py``. The classes and the comments beside their attributes are the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/reference/entities.md"
HEAD = """# Entities

What comes from the CRM is a mapping over the JSON exactly as Zoho sent it: `user["email"]`. What is known of
it is an attribute as well. An attribute is `None`, or empty where it is a list, when Zoho sent nothing; keys
that no attribute names are kept. Times are `datetime` with an offset, money and quantities are `Decimal`. All
are read-only but `Record` and `LineItem`. Attributes without a key are worked out, or lead to further calls.
Each class has `points`, too: whether a field that points to such a thing is written with its id alone.

This page is written by `python scripts/entities.py` from the sources, and a test holds it to them.
"""


class Entity(NamedTuple):
    """One class: its name, the first line of its docstring, and its attributes with their meaning.

    An attribute is its name, for a method with its arguments, Zoho's key, and what it is.
    """

    name: str
    says: str
    attributes: list[tuple[str, str, str]]


def entities(root: Path) -> list[Entity]:
    """Give the classes of zcrm_core/crm that are entities, by name."""
    classes: dict[str, tuple[ast.ClassDef, list[str]]] = {}
    for path in (root / "zcrm_core" / "crm").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        classes |= {
            node.name: (node, text.splitlines())
            for node in ast.parse(text).body
            if isinstance(node, ast.ClassDef)
        }
    known = {"Entity"}
    while more := {name for name, (node, _) in classes.items() if known & _bases(node)} - known:
        known |= more
    found = [
        Entity(name, _first_words(node), list(_attributes(node, lines)))
        for name, (node, lines) in classes.items()
        if name in known - {"Entity"}
    ]
    return sorted(found)


def _bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base) for base in node.bases}


def _first_words(node: ast.ClassDef | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")


def _attributes(node: ast.ClassDef, lines: list[str]) -> Iterator[tuple[str, str, str]]:
    for statement in node.body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.value, ast.Call)
            and ast.unparse(statement.value.func) == "Attribute"
        ):
            name, key = ast.unparse(statement.targets[0]), ast.literal_eval(statement.value.args[0])
            comment = lines[statement.lineno - 2].strip()
            yield name, key, comment.removeprefix("#: ") if comment.startswith("#: ") else ""
        if isinstance(statement, ast.FunctionDef) and not statement.name.startswith("_"):
            yield _called(statement), "", _as_meaning(_first_words(statement))


def _called(method: ast.FunctionDef) -> str:
    if "property" in map(ast.unparse, method.decorator_list):
        return method.name
    return f"{method.name}({ast.unparse(method.args).removeprefix('self').removeprefix(', ')})"


def _as_meaning(sentence: str) -> str:
    """Write a docstring's sentence as the comment of an attribute is written."""
    plain = sentence.removesuffix(".").replace(":meth:", "").replace(":attr:", "")
    return plain[:1].lower() + plain[1:]


def page(root: Path) -> str:
    """Give the page as it has to be."""
    parts = [HEAD]
    for entity in entities(root):
        rows = [
            f"| `{name}` | {f'`{key}`' if key else ''} | {says} |" for name, key, says in entity.attributes
        ]
        table = "\n| attribute | Zoho's key | what it is |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        parts.append(f"\n## {entity.name}\n\n{entity.says}\n{table if rows else ''}")
    return "".join(parts)


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(ROOT), encoding="utf-8")
    print(f"{len(entities(ROOT))} classes")
