"""How does a statement of SQLAlchemy's become a text for the driver, with every value a parameter?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.sql.elements import ClauseElement

__all__ = ["PREPARER", "Statement", "compiled"]

_DIALECT: Final = MySQLDialect_pymysql(paramstyle="pyformat")
PREPARER: Final = _DIALECT.identifier_preparer
"""Quotes names for a statement's text."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, made once and run often: composing it anew would cost more than the server does.

    Args:
        text: the SQL, with a place such as ``%(digest)s`` for each value.
        constants: the values that are the same each time.
    """

    text: str
    constants: Mapping[str, object] = field(default_factory=dict)


def compiled(clause: ClauseElement) -> Statement:
    """Compose the text of a statement; what it leaves open is a ``bindparam`` without a value."""
    made = clause.compile(dialect=_DIALECT)
    constants = {name: value for name, value in (made.params or {}).items() if value is not None}
    return Statement(str(made), constants)
