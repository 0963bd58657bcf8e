"""Write docs/reference/parity.md: which operations of Zoho's v2 SDKs can we do, and which test shows it?

Run: ``python scripts/parity.py``. The operations stand in tests/integration/operations.tsv; a test that runs
one carries the mark ``operation``, with the operation's id and our call.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TESTS = "tests/integration"
PAGE = "docs/reference/parity.md"
HEAD = """# Parity with Zoho's v2 SDKs

Every HTTP operation of Zoho's three SDKs for v2 (Ruby, PHP, Python), with the call that does the same here
and the test that runs it against the simulator: the accounts server's once, all others on v2 and on v8.
{done} of {all} are there.

This page is written by `python scripts/parity.py`, and a test holds it to the sources. Each of the tests also
checks what was sent: the method and path of Zoho's SDKs, unless the table below says otherwise.

"""
ROW = "| `{id}` | {what} | {call} | {test} |"


class Proof(NamedTuple):
    """One mark of one test: our call, the test, and what is sent when it is not what Zoho's SDKs send."""

    call: str
    test: str
    sent: str | None


def operations(root: Path) -> list[tuple[str, str]]:
    """Give the id of each operation, and what it does."""
    lines = (root / TESTS / "operations.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [(line.split("\t")[0], line.split("\t")[4]) for line in lines]


def proofs(root: Path) -> dict[str, list[Proof]]:
    """Give the marks of the tests, by the operation's id."""
    found: dict[str, list[Proof]] = {}
    for path in sorted((root / TESTS).glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "operation":
                        name, call = (ast.literal_eval(argument) for argument in mark.args)
                        sent = {key.arg: ast.literal_eval(key.value) for key in mark.keywords}.get("sent")
                        found.setdefault(name, []).append(Proof(call, f"{path.name}::{node.name}", sent))
    return found


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
    return HEAD.format(done=done, all=len(listed)) + "\n".join(rows) + "\n" + _elsewhere(proved)


def _elsewhere(proved: dict[str, list[Proof]]) -> str:
    lines = [
        "",
        "## Sent otherwise",
        "",
        "| operation | what is sent |",
        "|---|---|",
        "| `oauth.authorize` | nothing: it is an address for a browser, as in Zoho's SDKs |",
        "| `custom_views.update` | since v3 `PUT settings/custom_views/{id}/actions/change_sort` |",
        "| `taxes.create_many`, `taxes.delete_many`, `taxes.delete` | since v3 `PUT org/taxes` |",
        "| `bulk_write.download`, `bulk_write.download_and_iterate` | `GET` where the job says |",
    ]
    told = {name for line in lines for name in line.split("`")[1::2]}
    silent = sorted(
        name for name, marks in proved.items() if any(m.sent is not None for m in marks) and name not in told
    )
    return "\n".join([*lines, *(f"| `{name}` | **not described** |" for name in silent)]) + "\n"


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(ROOT), encoding="utf-8")
    print((ROOT / PAGE).read_text(encoding="utf-8").splitlines()[4])
