"""How is a COQL query cut into its clauses, and how does a value become part of it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from zcrm_core.crm.arguments import with_article
from zcrm_core.crm.encode import encode, instant, written_out
from zcrm_core.errors import ApiError

__all__ = ["Query", "literal", "parse", "with_values"]

_PIECE: Final = re.compile(
    r"'(?:[^'\\]|\\.)*'"  # a text
    r"|:[A-Za-z_][A-Za-z0-9_]*"  # a place for a value
    r"|\w+"
    r"|\s+"
    r"|.",
    re.DOTALL,
)
_CLAUSES: Final = ("select", "from", "where", "group", "order", "limit", "offset")
_LIMIT: Final = re.compile(r"\s*(\d+)\s*(?:(,)\s*(\d+)\s*)?")


@dataclass(frozen=True, slots=True)
class Query:
    """The clauses of a query; those that are missing are empty, ``count`` is ``None`` for no limit."""

    select: str
    source: str
    where: str
    group: str
    order: str
    first: int
    count: int | None

    @property
    def columns(self) -> list[str]:
        """What is selected, as it stands there."""
        return [column.strip() for column in self.select.split(",")]

    @property
    def follows_ids(self) -> bool:
        """Whether the rows can be read in the order of their ids, each after the one before."""
        plain = self.order.strip().lower() in {"", "id", "id asc"}
        return plain and not self.group and self.first == 0 and "id" in map(str.lower, self.columns)

    def after(self, last: str) -> Query:
        """Give the query for the rows whose id is larger than this."""
        return replace(self, where=f"({self.where}) and id > {last}" if self.where else f"id > {last}")

    def text(self, first: int, count: int) -> str:
        """Write the query for a part of its rows."""
        parts = [f"select {self.select.strip()} from {self.source.strip()}"]  # noqa: S608 - COQL, cut and joined
        if self.where:
            parts.append(f"where {self.where.strip()}")
        if self.group:
            parts.append(f"group by {self.group.strip()}")
        if self.order:
            parts.append(f"order by {self.order.strip()}")
        parts.append(f"limit {first}, {count}")
        return " ".join(parts)


def literal(value: object) -> str:
    """Write a value as COQL reads it; nothing in it can end the text that it stands in.

    Raises:
        ApiError: the value has no form in COQL.
    """
    if value is None:
        raise _unfit("nothing can be compared with None", "Write `is null` or `is not null` in the query.")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, Decimal)):
        return written_out(value, "a value")
    if isinstance(value, (list, tuple, set, frozenset)):
        if not value:
            raise _unfit("a list of values is empty", "Leave the condition out, or give values.")
        return f"({', '.join(literal(item) for item in value)})"
    if isinstance(value, datetime):
        return f"'{instant(value, 'a value')}'"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    pointed = encode(value, "a value")
    if isinstance(pointed, dict) and isinstance(pointed.get("id"), str):
        pointed = pointed["id"]
    if not isinstance(pointed, str):
        raise _unfit(
            f"{with_article(value)} has no form in COQL",
            "Use texts, numbers, booleans, dates, times with an offset, records, or lists of these.",
        )
    return "'" + pointed.replace("\\", "\\\\").replace("'", "\\'") + "'"


def with_values(text: str, values: Mapping[str, object]) -> str:
    """Put values into the places of a query, ``:name``; what stands in quotation marks is left alone.

    Raises:
        ApiError: a place has no value, a value has no place, or no form in COQL.
    """
    given: object = text
    if not isinstance(given, str):
        raise _unfit(f"{with_article(given)} is no query", "Write it as a text: select ... from ...")
    used: set[str] = set()
    pieces: list[str] = []
    for piece in _pieces(text):
        name = piece[1:]
        if len(piece) > 1 and piece[0] == ":":
            if name not in values:
                raise _unfit(f"there is no value for :{name}", f"Pass {name}=..., or put the text in marks.")
            used.add(name)
            pieces.append(literal(values[name]))
        else:
            pieces.append(piece)
    if unused := sorted(set(values) - used):
        raise _unfit(f"nothing in the query is named :{unused[0]}", "Remove the value, or name its place.")
    return "".join(pieces)


def parse(text: str) -> Query:
    """Cut a query into its clauses.

    Raises:
        ApiError: it is no query that can be read page by page.
    """
    parts: dict[str, list[str]] = {}
    current: list[str] | None = None
    depth = 0
    for piece in _pieces(text.strip().rstrip(";")):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        word = piece.lower()
        if depth == 0 and word in _CLAUSES and word not in parts:
            current = parts[word] = []
        elif current is not None:
            current.append(piece)
        elif piece.strip():
            raise _unfit("it does not begin with select", "Write: select ... from ... where ...")
    if depth or not {"select", "from"} <= parts.keys():
        raise _unfit("select, from or a bracket is missing", "Write: select ... from ... where ...")
    clauses = {name: "".join(pieces) for name, pieces in parts.items()}
    first, count = _limits(clauses.get("limit"), clauses.get("offset"))
    return Query(
        select=clauses["select"],
        source=clauses["from"],
        where=clauses.get("where", ""),
        group=_without_by(clauses.get("group", "")),
        order=_without_by(clauses.get("order", "")),
        first=first,
        count=count,
    )


def _pieces(text: str) -> Iterator[str]:
    return (match[0] for match in _PIECE.finditer(text))


def _without_by(clause: str) -> str:
    stripped = clause.strip()
    return stripped[2:].strip() if stripped.lower().startswith("by") else stripped


def _limits(limit: str | None, offset: str | None) -> tuple[int, int | None]:
    """Read ``limit n``, ``limit first, n`` and ``limit n offset first``."""
    if limit is None and offset is None:
        return 0, None
    found = _LIMIT.fullmatch(limit or "")
    start = re.fullmatch(r"\s*(\d+)\s*", offset or "0")
    if found is None or start is None or (found[2] and offset is not None):
        raise _unfit("its limit is none", "Write: limit 100, or limit 0, 100, or limit 100 offset 0.")
    if found[2]:
        return int(found[1]), int(found[3])
    return int(start[1]), int(found[1])


def _unfit(what: str, fix: str) -> ApiError:
    return ApiError(
        f"The query cannot be sent: {what}.",
        why="Zoho would refuse it, or read something else than was meant.",
        fix=fix,
        code="ZCRM-API-009",
    )
