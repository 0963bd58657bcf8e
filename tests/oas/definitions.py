"""What do Zoho's OpenAPI files say about a call and its answer?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import ValidationError
from jsonschema.validators import extend
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

BASE = "https://raw.githubusercontent.com/Zohocorp-Pvt-Ltd/crm-oas/refs/heads/main/v8.0/"
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Operation:
    """One operation of one file."""

    file: str
    template: str
    method: str
    described: dict[str, Any]


class Definitions:
    """All files of a folder.

    Args:
        folder: Zoho's files for v8.
    """

    def __init__(self, folder: Path) -> None:
        files = {
            path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))
        }
        resources = [
            (BASE + name, Resource(contents=file, specification=DRAFT202012)) for name, file in files.items()
        ]
        self._registry: Registry[Any] = Registry().with_resources(resources)
        self.operations = [
            Operation(name, template, method.upper(), described)
            for name, file in files.items()
            for template, item in file.get("paths", {}).items()
            for method, described in item.items()
            if method in {"get", "post", "put", "delete", "patch"}
        ]

    def of(self, method: str, path: str) -> list[Operation]:
        """Every operation that a call can be, the most specific first."""
        found = [
            one
            for one in self.operations
            if one.method == method and re.fullmatch(_pattern(one.template), path)
        ]
        return sorted(found, key=lambda one: one.template.count("{"))

    def request_faults(self, operation: Operation, body: object) -> list[str]:
        """What is wrong with a JSON body."""
        content = operation.described.get("requestBody", {}).get("content", {})
        schema = content.get(JSON_TYPE, {}).get("schema")
        return [] if schema is None else self._faults(operation, schema, body)

    def answer_faults(self, operation: Operation, status: int, body: object) -> list[str]:
        """What is wrong with an answer; one whose status is not described is judged by what 200 says."""
        answers = operation.described.get("responses", {})
        described = answers.get(str(status)) or answers.get("200") or answers.get("201") or {}
        schema = described.get("content", {}).get(JSON_TYPE, {}).get("schema")
        return [] if schema is None else self._faults(operation, schema, body)

    def _faults(self, operation: Operation, schema: dict[str, Any], document: object) -> list[str]:
        base = BASE + operation.file
        whole = {"$id": base, **_at(schema, base)}
        validator = _Validator(whole, registry=self._registry, format_checker=oas30_format_checker)
        return sorted({_said(error) for error in _leaves(validator.iter_errors(document))})


def _at(schema: dict[str, Any], base: str) -> dict[str, Any]:
    """Make the references of a schema whole, so that it can stand alone."""
    text = json.dumps(schema)
    made: dict[str, Any] = json.loads(text.replace('"$ref": "#/', f'"$ref": "{base}#/'))
    return made


def _pattern(template: str) -> str:
    return re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template))


def _leaves(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    for error in errors:
        if error.context:
            yield from _leaves(iter(error.context))
        else:
            yield error


def _said(error: ValidationError) -> str:
    place = "".join("[]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    return f"${place}: {error.validator} {json.dumps(error.validator_value)[:80]}"


def _best_branch(
    validator: Any, branches: list[dict[str, Any]], instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Judge by the branch that is meant.

    The branches of these files overlap: nearly none names what it requires, so an error fits everywhere, and
    strictly nothing fits exactly one. Meant is the branch that knows most of an object's keys.
    """
    known = [
        len(_keys(validator, branch) & set(instance)) if isinstance(instance, dict) else 0
        for branch in branches
    ]
    best = [branch for branch, number in zip(branches, known, strict=True) if number == max(known)]
    tried = [list(validator.descend(instance, branch)) for branch in best]
    if all(tried):
        yield from min(tried, key=len)


def _keys(validator: Any, branch: dict[str, Any]) -> set[str]:
    resolver = validator._resolver
    while "$ref" in branch:
        found = resolver.lookup(branch["$ref"])
        branch, resolver = found.contents, found.resolver
    return set(branch.get("properties", {}))


_Validator = extend(OAS30Validator, {"oneOf": _best_branch, "anyOf": _best_branch})
