"""Which SQL does a COQL query mean, and how do its rows look in the answer?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from zcrm_simulator.answers import Refusal
from zcrm_simulator.crm.call import Call
from zcrm_simulator.crm.coql_grammar import Column, Comparison, Literal, Select, Where
from zcrm_simulator.crm.criteria_sql import Sql
from zcrm_simulator.crm.identifiers import LARGEST, as_id
from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.database import Row, Value, integer, quoted
from zcrm_simulator.data.fields import LOOKUP_TYPES, NUMBER_TYPES, TEXT_TYPES, Field, Module

_UNFIT = frozenset({"subform", "textarea", "tags"})


@dataclass(frozen=True)
class _Reached:
    """A field that a name leads to: its column in the statement, and itself."""

    sql: str
    field: Field


@dataclass(frozen=True)
class Statement:
    """The statement without its window, its values, and what each column is."""

    sql: str
    values: Sequence[Value]
    columns: Sequence[tuple[Column, Field | None]]

    def shown(self, call: Call, rows: Sequence[Row]) -> list[dict[str, object]]:
        """Return rows as the API shows them."""
        names = _names(call, self.columns, rows)
        return [
            {
                column.shown: _shown(call, field, row[f"c{number}"], names)
                for number, (column, field) in enumerate(self.columns)
            }
            for row in rows
        ]


def statement(call: Call, query: Select) -> Statement:
    """Return the statement for a query.

    Raises:
        Refusal: 400, a field is unknown or cannot be used so, or a value does not fit.
    """
    reader = _Reader(call, MODULES[query.module])
    columns = [_column(reader, column) for column in query.columns]
    if not any(column.name == "id" or column.aggregate for column, *_ in columns) and not query.group:
        columns.append(_column(reader, Column("id")))  # Zoho sends the id with every row
    where, values = _where(reader, query.where) if query.where is not None else ("1", [])
    group = ", ".join(reader.reach(name).sql for name in query.group)
    order = ", ".join(f"{_ordered(reader, query, name)} {way}" for name, way in query.order)
    plain = not query.group and not any(column.aggregate for column, *_ in columns)
    table = quoted(query.module)
    parts = [
        "SELECT " + ", ".join(f"{sql} AS c{number}" for number, (_, sql, _) in enumerate(columns)),
        f"FROM {table} {' '.join(reader.joins)} WHERE {where}",
        f"GROUP BY {group}" if group else "",
        f"ORDER BY {order}" if order else f"ORDER BY {table}.id" if plain else "",
    ]
    return Statement(" ".join(filter(None, parts)), values, [(column, field) for column, _, field in columns])


class _Reader:
    """Finds the fields that names lead to, and the joins that they need."""

    def __init__(self, call: Call, module: Module) -> None:
        self.call = call
        self.module = module
        self.joins: list[str] = []
        self._known: dict[str, str] = {}

    def reach(self, name: str) -> _Reached:
        """Return the field that a name leads to; a dot leads through a lookup.

        Raises:
            Refusal: 400, there is no such field, or it cannot be selected.
        """
        *path, last = name.split(".")
        table, module = quoted(self.module.api_name), self.module
        for step in path:
            field = module.fields.get(step)
            if field is None or field.target not in MODULES:
                raise _invalid(name, "the field is no lookup")
            alias = f"j{len(self.joins)}"
            key = f"{table}.{step}"
            if key not in self._known:
                self._known[key] = alias
                target = quoted(field.target)
                self.joins.append(f"LEFT JOIN {target} AS {alias} ON {alias}.id = {table}.{quoted(step)}")
            table, module = self._known[key], MODULES[field.target]
        field = module.fields.get("id" if last == "Id" else last)
        if field is None or field.data_type in _UNFIT:
            raise _invalid(name, "the field is not supported in a query")
        return _Reached(f"{table}.{quoted(field.api_name)}", field)


def _invalid(name: str, reason: str) -> Refusal:
    return Refusal(400, "INVALID_QUERY", "invalid query formed", {"column_name": name, "reason": reason})


def _column(reader: _Reader, column: Column) -> tuple[Column, str, Field | None]:
    if column.name == "*":
        if column.aggregate != "count":
            raise _invalid("*", "a field is missing")
        return column, "COUNT(*)", None
    reached = reader.reach(column.name)
    if not column.aggregate:
        return column, reached.sql, reached.field
    if column.aggregate in {"sum", "avg"} and reached.field.data_type not in NUMBER_TYPES:
        raise _invalid(column.name, "the field is no number")
    field = reached.field if column.aggregate in {"min", "max"} else None
    return column, f"{column.aggregate.upper()}({reached.sql})", field


def _ordered(reader: _Reader, query: Select, name: str) -> str:
    for number, column in enumerate(query.columns):
        if name in {column.alias, column.shown} and (column.alias or column.aggregate):
            return f"c{number}"
    return reader.reach(name).sql


def _where(reader: _Reader, where: Where) -> Sql:
    if isinstance(where, Comparison):
        return _comparison(reader, where)
    left, left_values = _where(reader, where.left)
    right, right_values = _where(reader, where.right)
    return f"({left} {where.joint.upper()} {right})", [*left_values, *right_values]


def _comparison(reader: _Reader, one: Comparison) -> Sql:
    reached = reader.reach(one.name)
    column, operator = reached.sql, one.operator
    if operator in {"is null", "is not null"}:
        return f"{column} {operator.upper()}", []
    values = [_stored(one.name, reached.field, value) for value in one.values]
    if operator.endswith("like"):
        if reached.field.data_type not in TEXT_TYPES:
            raise _invalid(one.name, "like needs a text")
        return f"{column} {operator.upper()} ? ESCAPE '\\'", [
            str(values[0]).replace("\\", "\\\\").replace("_", "\\_")
        ]
    if operator.endswith("between"):
        return f"{column} {operator.upper()} ? AND ?", values
    if operator.endswith("in"):
        marks = ", ".join("?" * len(values))
        null = f"{column} IS NULL OR " if operator.startswith("not") else ""
        return f"({null}{column} {operator.upper()} ({marks}))", values
    if operator == "!=":
        return f"({column} IS NULL OR {column} <> ?)", values
    return f"{column} {operator} ?", values


def _stored(name: str, field: Field, value: Literal) -> Value:
    """Return a value as the database holds it.

    Raises:
        Refusal: 400, it does not fit the field.
    """
    pointer = field.data_type in LOOKUP_TYPES or field.api_name == "id"
    read = _pointed if pointer else _READERS.get(field.data_type, _number)
    try:
        return read(value)
    except (KeyError, ValueError):
        raise _invalid(name, "the value does not fit the field") from None


def _text(value: Literal) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _number(value: Literal) -> float:
    number = float(value) if isinstance(value, str) else value
    if abs(number) >= LARGEST:
        raise ValueError(value)
    return number


def _pointed(value: Literal) -> int:
    number = as_id(value)
    if number is None:
        raise ValueError(value)
    return number


def _moment(value: Literal) -> int:
    moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(value)
    return int(moment.timestamp())


_READERS: dict[str, Callable[[Literal], Value]] = {
    **dict.fromkeys(TEXT_TYPES | {"multiselectpicklist"}, _text),
    "boolean": lambda value: {"true": 1, "false": 0}[str(value).lower()],
    "date": lambda value: date.fromisoformat(str(value)).isoformat(),
    "datetime": _moment,
}


def _names(
    call: Call, columns: Sequence[tuple[Column, Field | None]], rows: Sequence[Row]
) -> dict[int, tuple[str, str | None]]:
    wanted = {
        integer(row[f"c{number}"])
        for number, (_, field) in enumerate(columns)
        if field is not None and field.data_type == "lookup"
        for row in rows
        if row[f"c{number}"] is not None
    }
    return call.organization.database.directory(wanted) if wanted else {}


def _shown(
    call: Call, field: Field | None, stored: Value, names: dict[int, tuple[str, str | None]]
) -> object:
    if field is None or stored is None:
        return stored
    if field.data_type in LOOKUP_TYPES:
        # A query gives a lookup's id alone, where a list of records gives its name as well.
        return {"id": str(stored)} if field.data_type == "ownerlookup" or integer(stored) in names else None
    if field.data_type == "bigint":
        return str(stored)
    if field.data_type == "boolean":
        return bool(stored)
    if field.data_type == "datetime":
        return call.time(integer(stored))
    return stored
