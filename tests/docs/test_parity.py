"""Is the page of parity what the sources say, whole, and does every operation have a test that can fail?"""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zcrm_simulator.journal import RecordedRequest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "parity.py"))
SENT = runpy.run_path(str(ROOT / "tests" / "integration" / "operations.py"))
OPERATIONS = SENT["OPERATIONS"]
ZOHO = ROOT.parent / "shared" / "zoho" / "v2_operations.json"
PROOFS = SCRIPT["proofs"](ROOT)
PAGE = (ROOT / "docs" / "reference" / "parity.md").read_text(encoding="utf-8")


def test_every_operation_has_a_test() -> None:
    """All 118 operations have a test that runs them, and no test names an operation that does not exist."""
    names = [name for name, _ in SCRIPT["operations"](ROOT)]
    proved = PROOFS

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


def test_every_test_makes_its_calls() -> None:
    """A test that is marked with a call calls every method that stands in it."""
    proved = PROOFS
    absent = {
        (name, proof.test): names
        for name, marks in proved.items()
        for proof in marks
        if (names := set(re.findall(r"(\w+)\(", proof.call)) - proof.called - {"module"})
    }

    assert absent == {}


def test_the_table_is_what_zoho_s_sdks_send() -> None:
    """Method, path, parameters, headers and body of all operations are those of Zoho's own list."""
    if not ZOHO.is_file():
        pytest.skip("Zoho's list of operations, shared/zoho/v2_operations.json, is not beside the repository")

    listed = json.loads(ZOHO.read_text(encoding="utf-8"))

    assert SCRIPT["table"](listed) == (ROOT / SCRIPT["TABLE"]).read_text(encoding="utf-8")


def test_every_difference_is_one() -> None:
    """What is said to be sent otherwise is something that Zoho's SDKs send, and is changed by it."""
    for one in SENT["DIFFERENCES"]:
        version = "v2" if one.since == "v2" else "v8"
        met = [name for name in OPERATIONS if one in SENT["differences"](name, version)]
        theirs = {str(key) for name in met for key in OPERATIONS[name].keys}
        theirs |= {f"{OPERATIONS[name].method} {OPERATIONS[name].path}" for name in met}
        assert one.theirs in {"", *theirs}, one
        assert one.theirs != one.ours, one
        assert one.why, one


CASES = [(name, version) for name in OPERATIONS for version in ("v2", "v8")]


def put(document: dict[str, Any], name: str) -> None:
    """Put something where a key such as ``data[0].Owner`` says."""
    first, _, rest = name.partition(".")
    key, bracket, kind = first.partition("[")
    if bracket:
        for item in document.setdefault(key, [{} for _ in range(1 if kind == "0]" else 2)]):
            put(item, rest) if rest else item.update(x=1)
    elif rest:
        inner = document.get(key)
        document[key] = inner if isinstance(inner, dict) else {}
        put(document[key], rest)
    else:
        document.setdefault(key.replace("{", "of_").replace("}", "").replace("*", "any"), 1)


def request_of(wanted: Any, call: str, version: str, without: object = None) -> RecordedRequest:
    """A request with all that is wanted, or all but one key."""
    places = {
        "api_version": version,
        "module_api_name": SENT["module_of"](call) or "Leads",
        "related_list_api_name": "Price_Books",
    }
    path = re.sub(r"\{(\w+)\}", lambda match: places.get(match[1], "12"), wanted.path)
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    document: dict[str, Any] = {}
    form = ""
    for key in wanted.keys:
        if key == without:
            continue
        if key.place == "query":
            query[key.name] = key.value or ("1,2" if key.name == "ids" else "1")
        elif key.place == "header":
            headers[key.name.title()] = key.value or "1"
        elif key.name in {"file", "attachmentUrl"}:
            form = f"{key.name}=@a.txt"
        else:
            put(document, key.name)
    return RecordedRequest(
        0, wanted.method, path, query, headers, json.dumps(document) if document else form, 200
    )


def keys_of(wanted: Any) -> Iterator[Any]:
    """The keys whose absence can be told: not any field of a record, and no object whose inside is wanted."""
    for key in wanted.keys:
        holds = any(other.name.startswith(f"{key.name}.") for other in wanted.keys)
        if not holds and not re.search(r"[{*]", key.name):
            yield key


@pytest.mark.parametrize(("name", "version"), CASES)
def test_what_is_not_sent_is_noticed(name: str, version: str) -> None:
    """A test fails when its call sends nothing, or lacks any one parameter, header or key of the body."""
    wanted, call = SENT["expected"](OPERATIONS[name], version), PROOFS[name][0].call
    if wanted is None:
        assert name == "oauth.authorize"
        return

    def missing(request: RecordedRequest) -> list[str]:
        found: list[str] = SENT["missing"](name, call, version, [request])
        return found

    assert SENT["missing"](name, call, version, []) != []
    whole = request_of(wanted, call, version)
    assert missing(whole) == []
    assert missing(replace(whole, status=400)) != []
    assert missing(replace(whole, method="PATCH")) != []
    assert missing(replace(whole, path=f"{whole.path}/x")) != []
    if "{module_api_name}" in wanted.path:
        other = re.sub(r"[A-Z]\w+", "Notes", whole.path, count=1)
        assert missing(replace(whole, path=other)) != []
    for key in keys_of(wanted):
        assert str(key) in missing(request_of(wanted, call, version, key)), key
