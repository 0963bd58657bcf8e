"""What does the text of a search criterion mean? ``((Last_Name:equals:Weiß)and(City:starts_with:Z))``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"\s*(\$?[A-Za-z][A-Za-z0-9_.$]*)\s*:\s*([a-z_]+)\s*:")
_DEEPEST = 50
_JOINT = re.compile(r"\s*(and|or)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Condition:
    """One comparison; ``values`` is what stood between the commas."""

    field: str
    operator: str
    values: tuple[str, ...]

    @property
    def value(self) -> str:
        """The whole text after the operator."""
        return ",".join(self.values)


@dataclass(frozen=True)
class Pair:
    """Two criteria joined by ``and`` or ``or``."""

    joint: str
    left: Criteria
    right: Criteria


Criteria = Condition | Pair


class CriteriaError(ValueError):
    """The text is no criterion; the message says why."""


def parse(text: str) -> Criteria:
    """Return the criterion that a text stands for.

    Brackets and commas inside a value have a backslash before them, and so have blanks at its ends that
    belong to it. Criteria in a row without brackets are joined from left to right.

    Raises:
        CriteriaError: the text follows another grammar.
    """
    parser = _Parser(text.strip())
    criteria = parser.joined()
    if parser.rest():
        raise CriteriaError(f"unexpected text: {parser.rest()[:20]}")
    return criteria


def conditions(criteria: Criteria) -> list[Condition]:
    """Return every condition in a criterion."""
    if isinstance(criteria, Condition):
        return [criteria]
    return [*conditions(criteria.left), *conditions(criteria.right)]


class _Parser:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def rest(self) -> str:
        """Return what has not been read."""
        return self._text[self._at :].strip()

    def joined(self) -> Criteria:
        """Read one criterion in brackets, and all that are joined to it."""
        criteria = self._bracketed()
        while joint := _JOINT.match(self._text, self._at):
            self._at = joint.end()
            criteria = Pair(joint[1].lower(), criteria, self._bracketed())
        return criteria

    def _bracketed(self) -> Criteria:
        self._expect("(")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise CriteriaError("brackets are nested too deeply")
        criteria = self.joined() if self.rest().startswith("(") else self._condition()
        self._expect(")")
        self._depth -= 1
        return criteria

    def _expect(self, sign: str) -> None:
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        if self._text[self._at : self._at + 1] != sign:
            raise CriteriaError(f"{sign} is missing before: {self.rest()[:20]}")
        self._at += 1

    def _condition(self) -> Condition:
        name = _NAME.match(self._text, self._at)
        if name is None:
            raise CriteriaError(f"field and operator are missing in: {self.rest()[:20]}")
        self._at = name.end()
        return Condition(name[1], name[2], tuple(self._values()))

    def _values(self) -> list[str]:
        values: list[list[str]] = [[]]
        while (sign := self._text[self._at : self._at + 1]) not in {"", ")"}:
            self._at += 1
            if sign == ",":
                values.append([])
                continue
            if sign == "\\":
                sign += self._text[self._at : self._at + 1]
                self._at += 1
            values[-1].append(sign)
        return ["".join(sign[-1] for sign in _without_blanks(value)) for value in values]


def _without_blanks(signs: list[str]) -> list[str]:
    """Drop the blanks at both ends, but not those with a backslash."""
    kept = [place for place, sign in enumerate(signs) if not sign.isspace()]
    return signs[kept[0] : kept[-1] + 1] if kept else []
