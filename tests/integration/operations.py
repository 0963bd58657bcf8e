"""Did these requests do what an operation of Zoho's SDKs for v2 does: method, path, parameters and body?

operations.tsv says what the SDKs send, differences.tsv what we send in place of it and why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple, Protocol

HERE = Path(__file__).resolve().parent
HANDLED = frozenset({200, 201, 202, 204, 304})
OLD, NEW = "v2", "v8"
_NAMES = {"lead": "Leads", "quote": "Quotes", "product": "Products"}
"""The modules of the records that the calls of the page begin with."""
_ID = r"[0-9]+"
_API_NAME = r"(?!Notes\b|Attachments\b)[A-Z][A-Za-z_]+"


class Request(Protocol):
    """What the simulator records of a request."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> Mapping[str, str]: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> str: ...
    @property
    def status(self) -> int | None: ...


class Key(NamedTuple):
    """A parameter, a header or a key of the body that an operation sends.

    ``place`` is ``query``, ``header`` or ``body``; ``value`` is the only one that fits, if there is one.
    """

    place: str
    name: str
    required: bool
    value: str | None

    def __str__(self) -> str:
        return f"{self.place}:{self.name}"


class Operation(NamedTuple):
    """What is sent for one operation."""

    id: str
    method: str
    root: str
    path: str
    keys: tuple[Key, ...]
    what: str


class Difference(NamedTuple):
    """What is sent otherwise: ``theirs`` and ``ours`` are a key, or a method and a path; one may be empty."""

    id: str
    since: str
    theirs: str
    ours: str
    why: str


def _rows(name: str) -> Iterator[list[str]]:
    for line in (HERE / name).read_text(encoding="utf-8").splitlines()[1:]:
        yield line.split("\t")


def _keys(place: str, cell: str) -> Iterator[Key]:
    for word in cell.split():
        name, _, value = word.partition("=")
        yield Key(place, name.removesuffix("!"), name.endswith("!"), value or None)


def _operations() -> dict[str, Operation]:
    found = {}
    for name, method, root, path, query, headers, body, what in _rows("operations.tsv"):
        keys = (*_keys("query", query), *_keys("header", headers), *_keys("body", body))
        found[name] = Operation(name, method, root, path, keys, what)
    return found


OPERATIONS = _operations()
DIFFERENCES = [Difference(*row) for row in _rows("differences.tsv")]


def differences(operation: str, version: str) -> list[Difference]:
    """Give what is sent otherwise for an operation in a version."""
    return [
        one for one in DIFFERENCES if fnmatchcase(operation, one.id) and (one.since == OLD or version != OLD)
    ]


def expected(operation: Operation, version: str) -> Operation | None:
    """Give what we send for an operation in a version; ``None`` when we send nothing."""
    for one in differences(operation.id, version):
        if ":" in one.theirs + one.ours:
            operation = operation._replace(keys=tuple(_exchanged(operation.keys, one)))
        elif not one.ours:
            return None
        else:
            method, _, path = one.ours.partition(" ")
            operation = operation._replace(method=method, path=path)
    return operation


def _exchanged(keys: Sequence[Key], one: Difference) -> Iterator[Key]:
    place, _, name = one.ours.partition(":")
    for key in keys:
        if str(key) != one.theirs:
            yield key
        elif one.ours:
            yield key._replace(place=place, name=name)
    if not one.theirs:
        yield Key(place, name, required=True, value=None)


def missing(operation: str, call: str, version: str, requests: Sequence[Request]) -> list[str]:
    """Tell what none of the requests sent of what an operation has to send.

    Args:
        operation: its id.
        call: our call, whose module has to be the one in the path.
        version: the client's version of the API.
        requests: what was sent.
    """
    wanted = expected(OPERATIONS[operation], version)
    if wanted is None:
        return []
    pattern = _pattern(wanted, call, version)
    there = [
        one
        for one in requests
        if one.status in HANDLED and one.method == wanted.method and pattern.fullmatch(one.path)
    ]
    needed = [key for key in wanted.keys if key.required]
    fit = [one for one in there if all(has(one, key) for key in needed)]
    if not fit:
        return [f"{wanted.method} {wanted.path}", *map(str, needed)]
    lost = [str(key) for key in wanted.keys if not any(has(one, key) for one in fit)]
    return lost if not operation.endswith("_many") or any(map(_many, fit)) else [*lost, "more than one"]


def has(request: Request, key: Key) -> bool:
    """Tell whether a request has a key, with the value that it has to have."""
    if key.place == "header":
        given = {name.lower(): value for name, value in request.headers.items()}
    elif key.place == "query":
        # The accounts server takes its parameters in the body as well (RFC 6749 section 4.1.3).
        given = {**_form(request), **request.query} if "/oauth/" in request.path else dict(request.query)
    elif document := _document(request):
        return any(True for _ in _at(document, key.name.split(".")))
    else:
        given = _form(request)
    value = given.get(key.name.lower() if key.place == "header" else key.name)
    return value is not None and key.value in (None, value)


def _document(request: Request) -> Any:
    return json.loads(request.body) if request.body[:1] == "{" else None


def _form(request: Request) -> dict[str, str]:
    return dict(part.split("=", 1) for part in request.body.split("&") if "=" in part)


def _at(value: Any, names: list[str]) -> Iterator[Any]:
    """Give what stands at a place such as ``data[0].Owner``; ``[]`` is every item, ``{...}`` any key."""
    if not names:
        yield value
        return
    name, bracket, kind = names[0].partition("[")
    if not isinstance(value, Mapping):
        return
    anything = name[:1] in {"{", "*"}
    for one in (item for key, item in value.items() if anything or key == name):
        if not bracket:
            yield from _at(one, names[1:])
        elif isinstance(one, list) and (kind == "]" or len(one) == 1):
            for item in one:
                yield from _at(item, names[1:])


def _many(request: Request) -> bool:
    """Tell whether a request is about several things."""
    return "," in request.query.get("ids", "") or any(len(one) > 1 for one in _lists(_document(request)))


def _lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _lists(one)


def module_of(call: str) -> str | None:
    """Give the module that a call names, by itself or by its record; ``None`` for one that can be any."""
    named = re.search(r'\bmodules?(?:\.\w+)?\("(\w+)"', call)
    return named[1] if named else _NAMES.get(call.partition(".")[0])


def _pattern(wanted: Operation, call: str, version: str) -> re.Pattern[str]:
    """Give the paths that fit: ids are numbers, and the module is the one that the call names."""
    listed = re.search(r'related\("(\w+)"', call)
    places = {
        "api_version": re.escape(version),
        "module_api_name": module_of(call) or _API_NAME,
        "related_list_api_name": listed[1] if listed else _API_NAME,
    }
    parts = re.split(r"\{(\w+)\}", wanted.path)
    return re.compile(
        "".join(places.get(part, _ID) if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
    )
