"""What does the text of a COQL query mean?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|"
    r"(?P<name>[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)|(?P<sign><=|>=|!=|[=<>(),*]))",
    re.DOTALL,
)
_AGGREGATES = frozenset({"count", "sum", "min", "max", "avg"})
_RESERVED = frozenset(
    {"and", "or", "from", "where", "group", "order", "limit", "offset", "as", "in", "not", "is"}
)
_DEEPEST = 50

_T = TypeVar("_T")
Literal = str | float | int | bool


@dataclass(frozen=True)
class Column:
    """A selected field, or an aggregate of one; ``name`` is ``*`` for all rows."""

    name: str
    aggregate: str = ""
    alias: str = ""

    @property
    def shown(self) -> str:
        """The key in the answer."""
        return self.alias or (f"{self.aggregate.upper()}({self.name})" if self.aggregate else self.name)


@dataclass(frozen=True)
class Comparison:
    """A field compared with values."""

    name: str
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class Both:
    """Two conditions joined by ``and`` or ``or``."""

    joint: str
    left: Where
    right: Where


Where = Comparison | Both


@dataclass(frozen=True)
class Select:
    """A whole query."""

    columns: tuple[Column, ...]
    module: str
    where: Where | None
    group: tuple[str, ...]
    order: tuple[tuple[str, str], ...]
    offset: int
    count: int | None


class CoqlError(ValueError):
    """The text follows another grammar; ``near`` is where."""

    def __init__(self, reason: str, near: str, at: int) -> None:
        super().__init__(reason)
        self.near = near
        self.at = at


def parse_coql(text: str) -> Select:
    """Return the query that a text stands for.

    Raises:
        CoqlError: the text follows another grammar.
    """
    return _Parser(text).query()


def comparisons(where: Where | None) -> list[Comparison]:
    """Return every comparison of a condition."""
    if where is None:
        return []
    if isinstance(where, Comparison):
        return [where]
    return [*comparisons(where.left), *comparisons(where.right)]


@dataclass
class _Parser:
    text: str
    at: int = 0
    depth: int = field(default=0)

    def query(self) -> Select:
        self._word("select")
        columns = [self._column()]
        while self._sign(","):
            columns.append(self._column())
        self._word("from")
        module = self._name()
        where = self._conditions() if self._maybe("where") else None
        group: list[str] = []
        if self._maybe("group"):
            self._word("by")
            group = self._list(self._name)
        order: list[tuple[str, str]] = []
        if self._maybe("order"):
            self._word("by")
            order = self._list(self._ordering)
        offset, count = self._window()
        if self.text[self.at :].strip():
            raise self._wrong("unexpected text")
        return Select(tuple(columns), module, where, tuple(group), tuple(order), offset, count)

    def _window(self) -> tuple[int, int | None]:
        if not self._maybe("limit"):
            return 0, None
        first = self._whole()
        if self._sign(","):
            return first, self._whole()
        return (self._whole() if self._maybe("offset") else 0), first

    def _column(self) -> Column:
        name = self._name()
        aggregate = ""
        if name.lower() in _AGGREGATES and self._sign("("):
            aggregate = name.lower()
            name = "*" if self._sign("*") else self._name()
            self._expect(")")
        return Column(name, aggregate, self._name() if self._maybe("as") else "")

    def _ordering(self) -> tuple[str, str]:
        name = self._name()
        if self._maybe("desc"):
            return name, "desc"
        self._maybe("asc")
        return name, "asc"

    def _conditions(self) -> Where:
        """Read conditions; more than two in a row without brackets are no COQL."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._wrong("brackets are nested too deeply")
        left = self._condition()
        for joint in ("and", "or"):
            if self._maybe(joint):
                left = Both(joint, left, self._condition())
                if self._peek() in {"and", "or"}:
                    raise self._wrong("more than two conditions need brackets in pairs")
                break
        self.depth -= 1
        return left

    def _condition(self) -> Where:
        if self._sign("("):
            inner = self._conditions()
            self._expect(")")
            return inner
        name = self._name()
        if self._maybe("is"):
            return Comparison(name, "is not null" if self._maybe("not") else "is null", self._nothing())
        negated = "not " if self._maybe("not") else ""
        for word in ("in", "between", "like"):
            if self._maybe(word):
                return Comparison(name, negated + word, self._operands(word))
        if negated:
            raise self._wrong("in, between or like is missing")
        kind, sign = self._next()
        if kind != "sign" or sign not in {"=", "!=", "<", ">", "<=", ">="}:
            raise self._wrong("an operator is missing")
        return Comparison(name, sign, (self._value(),))

    def _operands(self, word: str) -> tuple[Literal, ...]:
        if word == "like":
            return (self._value(),)
        if word == "between":
            low = self._value()
            self._word("and")
            return low, self._value()
        self._expect("(")
        values = self._list(self._value)
        self._expect(")")
        return tuple(values)

    def _nothing(self) -> tuple[Literal, ...]:
        self._word("null")
        return ()

    def _value(self) -> Literal:
        kind, token = self._next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)
        if kind == "number":
            return float(token) if "." in token or "e" in token.lower() else int(token)
        if token.lower() in {"true", "false"}:
            return token.lower() == "true"
        raise self._wrong("a value is missing")

    def _list(self, read: Callable[[], _T]) -> list[_T]:
        found = [read()]
        while self._sign(","):
            found.append(read())
        return found

    def _whole(self) -> int:
        kind, token = self._next()
        if kind != "number" or not token.isdecimal():
            raise self._wrong("a whole number is missing")
        return int(token)

    def _name(self) -> str:
        kind, token = self._next()
        if kind != "name" or token.lower() in _RESERVED:
            raise self._wrong("a name is missing")
        return token

    def _peek(self) -> str:
        found = _TOKEN.match(self.text, self.at)
        return found[0].strip().lower() if found else ""

    def _maybe(self, word: str) -> bool:
        found = _TOKEN.match(self.text, self.at)
        if found is None or (found["name"] or "").lower() != word:
            return False
        self.at = found.end()
        return True

    def _sign(self, sign: str) -> bool:
        found = _TOKEN.match(self.text, self.at)
        if found is None or found["sign"] != sign:
            return False
        self.at = found.end()
        return True

    def _word(self, word: str) -> None:
        if not self._maybe(word):
            raise self._wrong(f"{word} is missing")

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._wrong(f"{sign} is missing")

    def _next(self) -> tuple[str, str]:
        found = _TOKEN.match(self.text, self.at)
        if found is None or found.lastgroup is None:
            raise self._wrong(
                "the query ends too early" if not self.text[self.at :].strip() else "unknown text"
            )
        self.at = found.end()
        return found.lastgroup, found[found.lastgroup]

    def _wrong(self, reason: str) -> CoqlError:
        return CoqlError(reason, self.text[max(self.at - 10, 0) : self.at + 10], self.at)
