"""Write docs/reference/parity.md: which operations of Zoho's v2 SDKs can we do, and which test shows it?

Run: ``python scripts/parity.py``. The operations stand in tests/integration/operations.tsv; a test that runs
one carries the mark ``operation``, with the operation's id and our call. With the path of Zoho's operations
as JSON the table is written first.
"""

from __future__ import annotations

import ast
import json
import runpy
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TESTS = "tests/integration"
PAGE = "docs/reference/parity.md"
TABLE = f"{TESTS}/operations.tsv"
HEAD = """# Parity with Zoho's v2 SDKs

Every HTTP operation of Zoho's three SDKs for v2 (Ruby, PHP, Python), with the call that does the same here
and the test that runs it against the simulator: the accounts server's once, all others on v2 and on v8.
{done} of {all} are there.

This page is written by `python scripts/parity.py`, and a test holds it to the sources. Each of the tests also
checks what was sent: the method, the path, and every parameter and key of the body that Zoho's SDKs can send
with the operation, unless the table below says otherwise.

"""
OTHERWISE = """
## Sent otherwise

| operation | since | what Zoho's SDKs send | what we send | why |
|---|---|---|---|---|
"""
ROW = "| `{id}` | {what} | {call} | {test} |"
COLUMNS = ("id", "method", "root", "path", "query", "headers", "body", "what")
ROOTS = {"crm": "/crm/{api_version}/", "crm/bulk": "/crm/bulk/{api_version}/"}


class Proof(NamedTuple):
    """One mark of one test: our call, the test, and the names of what the test calls."""

    call: str
    test: str
    called: frozenset[str]


def operations(root: Path) -> list[tuple[str, str]]:
    """Give the id of each operation, and what it does."""
    lines = (root / TABLE).read_text(encoding="utf-8").splitlines()[1:]
    return [(line.split("\t")[0], line.split("\t")[-1]) for line in lines]


def proofs(root: Path) -> dict[str, list[Proof]]:
    """Give the marks of the tests, by the operation's id."""
    found: dict[str, list[Proof]] = {}
    for path in sorted((root / TESTS).glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "operation":
                        name, call = (ast.literal_eval(argument) for argument in mark.args)
                        proof = Proof(call, f"{path.name}::{node.name}", _called(node))
                        found.setdefault(name, []).append(proof)
    return found


def _called(test: ast.FunctionDef) -> frozenset[str]:
    """Give the names of the methods that a test calls; what its decorators call is none of them."""
    nodes = (node for statement in test.body for node in ast.walk(statement))
    return frozenset(
        node.func.attr
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    )


def page(root: Path) -> str:
    """Give the page as it has to be."""
    proved = proofs(root)
    rows = ["| operation | what it does | our call | test |", "|---|---|---|---|"]
    listed = operations(root)
    for name, what in listed:
        if name in proved:
            proof = proved[name][0]
            test = f"[{proof.test.partition('::')[2]}](../../{TESTS}/{proof.test.partition('::')[0]})"
            rows.append(ROW.format(id=name, what=what, call=f"`{proof.call}`", test=test))
        else:
            rows.append(ROW.format(id=name, what=what, call="**missing**", test=""))
    done = sum(name in proved for name, _ in listed)
    return HEAD.format(done=done, all=len(listed)) + "\n".join(rows) + "\n" + _otherwise(root)


def _otherwise(root: Path) -> str:
    differences = runpy.run_path(str(root / TESTS / "operations.py"))["DIFFERENCES"]
    rows = []
    for (name, since, why), some in groupby(differences, lambda one: (one.id, one.since, one.why)):
        theirs, ours = zip(*((one.theirs, one.ours) for one in some), strict=True)
        rows.append(f"| `{name}` | {since} | {_shown(theirs)} | {_shown(ours)} | {why} |")
    return OTHERWISE + "\n".join(rows) + "\n"


def _shown(sent: Sequence[str]) -> str:
    return ", ".join(f"`{one}`" for one in sent if one) or "nothing"


def table(given: Sequence[Mapping[str, Any]]) -> str:
    """Give the table of the operations, from Zoho's as JSON; what is needed has an exclamation mark."""
    lines = ["\t".join(COLUMNS)]
    for one in given:
        path = one["path"].removeprefix("{accounts_url}").removeprefix("{fileUploadUrl}")
        cells = (
            one["id"],
            one["http_method"],
            one["api_root"],
            ROOTS.get(one["api_root"], "") + path,
            " ".join(map(_key, one["params"])),
            " ".join(map(_header, one["headers"])),
            " ".join(map(_key, one["body"])),
            one["capability"],
        )
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def _key(key: Mapping[str, Any]) -> str:
    if not key.get("required"):
        return str(key["name"])
    return f"{key['name']}!={key['default']}" if "default" in key else f"{key['name']}!"


def _header(header: str) -> str:
    name, _, value = header.partition(": ")
    if name.endswith(" (optional)"):
        return name.removesuffix(" (optional)")
    return f"{name}!={value}" if value else f"{name}!"


if __name__ == "__main__":
    for source in sys.argv[1:]:
        (ROOT / TABLE).write_text(table(json.loads(Path(source).read_text("utf-8"))), encoding="utf-8")
    (ROOT / PAGE).write_text(page(ROOT), encoding="utf-8")
    print((ROOT / PAGE).read_text(encoding="utf-8").splitlines()[4])
