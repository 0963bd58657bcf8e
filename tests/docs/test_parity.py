"""Is the page of parity what the sources say, whole, and does every operation have a test?"""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "parity.py"))
PAGE = (ROOT / "docs" / "reference" / "parity.md").read_text(encoding="utf-8")


def test_every_operation_has_a_test() -> None:
    """All 118 operations have a test that runs them, and no test names an operation that does not exist."""
    names = [name for name, _ in SCRIPT["operations"](ROOT)]
    proved = SCRIPT["proofs"](ROOT)

    assert len(names) == len(set(names)) == 118
    assert set(names) - set(proved) == set()
    assert set(proved) - set(names) == set()


def test_the_page_is_up_to_date() -> None:
    """The page is what the script writes; run ``python scripts/parity.py`` where it is not."""
    assert SCRIPT["page"](ROOT) == PAGE
    assert "118 of 118" in PAGE
    assert "**" not in PAGE


def test_calls_of_the_page_exist() -> None:
    """Every method that the page calls is in the reference of the client."""
    reference = (ROOT / "docs" / "reference" / "client.md").read_text(encoding="utf-8")
    called = set(re.findall(r"(\w+)\(", " ".join(re.findall(r"`([^`]+)`", PAGE))))

    assert {name for name in called if f"{name}(" not in reference} == set()
