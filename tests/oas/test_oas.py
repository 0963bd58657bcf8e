"""Do our calls and the simulator's answers fit Zoho's OpenAPI files for v8?

The files are Zoho's and not ours to copy, so the tests look for them in the folder that ZCRM_TEST_OAS names,
or in ``shared/zoho/oas`` beside the repository. What contradicts them on purpose stands in contradictions.md.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from zcrm_core import Client
from zcrm_simulator import Simulator

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("ZCRM_TEST_OAS") or HERE.parents[2] / "shared" / "zoho" / "oas")
SCOPES = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.mass_update.ALL",
    "ZohoFiles.files.ALL",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
]
COMMON = 85
"""Operations that the client, the simulator and the files have in common."""


def beside(name: str) -> ModuleType:
    """A module of this folder; pytest adds the folder to no path."""
    spec = spec_from_file_location(f"oas_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def definitions() -> Any:
    """Zoho's files."""
    if not FOLDER.is_dir():
        pytest.skip("Zoho's OpenAPI files are not here: set ZCRM_TEST_OAS to their folder")
    if find_spec("openapi_schema_validator") is None:
        pytest.skip("openapi-schema-validator is not installed: tox -e oas runs these tests")
    return beside("definitions").Definitions(FOLDER)


@pytest.fixture(scope="module")
def exchanges(definitions: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Every call of the whole client to the simulator, with v8, and its answer; none without the files."""
    assert definitions.operations
    calls = beside("calls")
    folder = tmp_path_factory.mktemp("tokens")
    with Simulator() as zoho:
        keys = {**zoho.config(), "api_version": "v8", "token_persistence_path": str(folder)}
        with Client(keys) as anybody:
            token = anybody.oauth.generate_access_token(zoho.grant_token(SCOPES))
            with calls.recorded() as seen:
                calls.use_everything(anybody.as_user(token.user_identifier))
    return list(seen)


def judged(definitions: Any, one: Any) -> tuple[tuple[str, str, str] | None, list[tuple[str, str]]]:
    """The operation that a call is in the files, and what is wrong with the call and its answer.

    Several files describe some operations; a call has to fit one of them.
    """
    if re.fullmatch(r"/crm/v8/[^/]+/[^/]+/Notes(/.+)?", one.path):
        return None, []  # notes of a record have no file; the pattern of related lists would take them
    found = definitions.of(one.method, one.path)
    nearest = [each for each in found if each.template.count("{") == found[0].template.count("{")]
    results = []
    for operation in nearest:
        faults = [
            ("sent", fault)
            for fault in definitions.request_faults(operation, one.sent)
            if one.sent is not None
        ]
        if one.answered is not None:
            faults += [
                ("answered", each) for each in definitions.answer_faults(operation, one.status, one.answered)
            ]
        results.append((faults, (operation.file, operation.method, operation.template)))
    if not results:
        return None, []
    faults, name = min(results, key=lambda result: len(result[0]))
    return name, faults


def listed() -> set[tuple[str, ...]]:
    """The contradictions that are known, without their reasons."""
    lines = (HERE / "contradictions.md").read_text(encoding="utf-8").splitlines()
    rows = [
        tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
        for line in lines
        if line[:3] == "| `"
    ]
    return {row[:5] for row in rows}


def test_every_common_operation_is_used(exchanges: list[Any], definitions: Any) -> None:
    """The calls reach every operation that we and the files have in common; a lost one is noticed."""
    met = {judged(definitions, one)[0] for one in exchanges} - {None}

    assert len(met) >= COMMON


def test_nothing_contradicts_the_files_unawares(exchanges: list[Any], definitions: Any) -> None:
    """What does not fit the files is listed with its reason, and what is listed still does not fit."""
    found = {
        (*name, side, fault)
        for one in exchanges
        for name, faults in [judged(definitions, one)]
        if name is not None
        for side, fault in faults
    }

    assert sorted(found - listed()) == []
    assert sorted(listed() - found) == []


@pytest.mark.parametrize(
    ("answered", "fault"),
    [
        ({"data": [{"id": 5}]}, '$.data[].id: type "string"'),
        ({"data": {}}, '$.data: type "array"'),
        ({"data": [{"id": "5", "Created_Time": "yesterday"}]}, '$.data[].Created_Time: format "date-time"'),
    ],
)
def test_a_wrong_answer_is_noticed(definitions: Any, answered: object, fault: str) -> None:
    """The check sees a number in place of an id, an object in place of a list, and a text that is no time."""
    one = beside("calls").Exchange("GET", "/crm/v8/Leads", None, 200, answered)

    _, faults = judged(definitions, one)

    assert ("answered", fault) in faults
