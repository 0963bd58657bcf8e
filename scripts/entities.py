"""Write docs/reference/entities.md: which attributes does each class of the CRM have, and what do they mean?

Run: ``python scripts/entities.py``. The classes and the comments beside their attributes are the source.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/reference/entities.md"
HEAD = """# Entities

What comes from the CRM is a mapping over the JSON exactly as Zoho sent it: `user["email"]`. What is known of
it is an attribute as well. An attribute is `None`, or empty where it is a list, when Zoho sent nothing; keys
that no attribute names are kept. Times are `datetime` with an offset, money and quantities are `Decimal`. All
are read-only but `Record` and `LineItem`.

This page is written by `python scripts/entities.py` from the sources, and a test holds it to them.
"""


class Entity(NamedTuple):
    """One class: its name, the first line of its docstring, and its attributes with their meaning."""

    name: str
    says: str
    attributes: list[tuple[str, str, str]]


def entities(root: Path) -> list[Entity]:
    """Give the classes of zcrm_core/crm that have attributes, by name."""
    found = []
    for path in (root / "zcrm_core" / "crm").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and (attributes := list(_attributes(node, text.splitlines()))):
                says = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
                found.append(Entity(node.name, says, attributes))
    return sorted(found)


def _attributes(node: ast.ClassDef, lines: list[str]) -> list[tuple[str, str, str]]:
    found = []
    for statement in node.body:
        if (
            isinstance(statement, ast.Assign)
            and isinstance(statement.value, ast.Call)
            and ast.unparse(statement.value.func) == "Attribute"
        ):
            name, key = ast.unparse(statement.targets[0]), ast.literal_eval(statement.value.args[0])
            comment = lines[statement.lineno - 2].strip()
            found.append((name, key, comment.removeprefix("#: ") if comment.startswith("#: ") else ""))
    return found


def page(root: Path) -> str:
    """Give the page as it has to be."""
    parts = [HEAD]
    for entity in entities(root):
        rows = [f"| `{name}` | `{key}` | {says} |" for name, key, says in entity.attributes]
        parts.append(
            f"\n## {entity.name}\n\n{entity.says}\n\n| attribute | Zoho's key | what it is |\n|---|---|---|\n"
            + "\n".join(rows)
            + "\n"
        )
    return "".join(parts)


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(ROOT), encoding="utf-8")
    print(f"{len(entities(ROOT))} classes")
