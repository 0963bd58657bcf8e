"""How are records stored and found? One SQLite database in memory for each organization."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence

from zcrm_simulator.data.catalog import MODULES
from zcrm_simulator.data.fields import Module

Value = str | int | float | bytes | None
Row = dict[str, Value]

EXTRA_COLUMNS = {"$converted": "INTEGER NOT NULL DEFAULT 0"}
"""Columns that are no fields."""

_SQL_TYPES = {
    "boolean": "INTEGER",
    "bigint": "INTEGER",
    "currency": "REAL",
    "datetime": "INTEGER",
    "double": "REAL",
    "integer": "INTEGER",
    "lookup": "INTEGER",
    "ownerlookup": "INTEGER",
}


def integer(value: Value) -> int:
    """Return a stored value that can only be a whole number."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is stored where a whole number belongs.")
    return value


def text(value: Value) -> str | None:
    """Return a stored value as text, or ``None`` for nothing."""
    return None if value is None else str(value)


def _digits(stored: Value) -> str | None:
    return None if stored is None else "".join(sign for sign in str(stored) if sign.isdigit())


def quoted(name: str) -> str:
    """Return a table or column name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _table(module: Module) -> str:
    columns = [
        f"{quoted(name)} INTEGER PRIMARY KEY" if name == "id"
        else f"{quoted(name)} {_SQL_TYPES.get(field.data_type, 'TEXT COLLATE NOCASE')}"
        for name, field in module.fields.items()
    ]  # fmt: skip
    columns += [f"{quoted(name)} {kind}" for name, kind in EXTRA_COLUMNS.items()]
    return f"CREATE TABLE {quoted(module.api_name)} ({', '.join(columns)})"


_SCHEMA = (
    *(_table(module) for module in MODULES.values()),
    *(
        f"CREATE INDEX {quoted(f'{module.api_name}.{name}')} ON {quoted(module.api_name)} ({quoted(name)})"
        for module in MODULES.values()
        for name in (*module.unique, "Modified_Time")
    ),
    "CREATE TABLE directory (id INTEGER PRIMARY KEY, module TEXT NOT NULL, name TEXT)",
    """CREATE TABLE deleted (id INTEGER PRIMARY KEY, module TEXT NOT NULL, name TEXT,
    created_by INTEGER, deleted_by INTEGER, deleted_time INTEGER NOT NULL)""",
    """CREATE TABLE tags (id INTEGER PRIMARY KEY, module TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
    created_by INTEGER, created_time INTEGER, modified_by INTEGER, modified_time INTEGER,
    UNIQUE (module, name))""",
    """CREATE TABLE links (module TEXT NOT NULL, record INTEGER NOT NULL, other_module TEXT NOT NULL,
    other INTEGER NOT NULL, held TEXT NOT NULL, PRIMARY KEY (module, record, other_module, other))""",
    """CREATE TABLE files (id INTEGER PRIMARY KEY, module TEXT NOT NULL, record INTEGER NOT NULL,
    kind TEXT NOT NULL, name TEXT NOT NULL, link TEXT, content BLOB NOT NULL,
    created_by INTEGER, created_time INTEGER)""",
    "CREATE INDEX files_of ON files (module, record)",
    """CREATE TABLE documents (kind TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (kind, id))""",
)


class Database:
    """Rows in and out, one statement at a time; several threads may share it."""

    def __init__(self, first_id: int) -> None:
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.create_function("digits", 1, _digits, deterministic=True)
        self._next_id = first_id
        # Python 3.13 warns of a connection that nobody closed, and nobody closes what a cache lets go.
        self._closing = weakref.finalize(self, self._connection.close)

    @classmethod
    def empty(cls, first_id: int) -> Database:
        """Return a database with tables and no rows."""
        database = cls(first_id)
        for statement in _SCHEMA:
            database._connection.execute(statement)
        return database

    def copy(self) -> Database:
        """Return a database of its own with the same content."""
        twin = Database(self._next_id)
        with self.lock:
            self._connection.backup(twin._connection)
        return twin

    def close(self) -> None:
        """Free the memory."""
        with self.lock:
            self._closing()

    def new_id(self) -> int:
        """Return an id that nothing else in the organization has."""
        with self.lock:
            self._next_id += 1
            return self._next_id

    def rows(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Return what a SELECT finds."""
        with self.lock:
            return [dict(row) for row in self._connection.execute(statement, values)]

    def execute(self, statement: str, values: Sequence[Value] = ()) -> None:
        """Run any other statement."""
        with self.lock:
            self._connection.execute(statement, values)

    def row(self, module: Module, record_id: int) -> Row | None:
        """Return one record as it is stored."""
        found = self.rows(f"SELECT * FROM {quoted(module.api_name)} WHERE id = ?", (record_id,))  # noqa: S608 - the names are the catalog's
        return found[0] if found else None

    def insert(self, module: Module, rows: Iterable[Row]) -> None:
        """Store one new record or more, all with the same columns in the same order."""
        listed = list(rows)
        columns = ", ".join(quoted(name) for name in listed[0])
        marks = ", ".join("?" * len(listed[0]))
        table = quoted(module.api_name)
        with self.lock:
            self._connection.execute("BEGIN")
            with self._connection:  # commits, or takes everything back
                self._connection.executemany(
                    f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608  names of the catalog
                    [tuple(row.values()) for row in listed],
                )
                self._connection.executemany(
                    "INSERT INTO directory VALUES (?, ?, ?)",
                    [(row["id"], module.api_name, row.get(module.name_field)) for row in listed],
                )

    def update(self, module: Module, record_id: int, changes: Row) -> None:
        """Change some columns of a record."""
        pairs = ", ".join(f"{quoted(name)} = ?" for name in changes)
        table = quoted(module.api_name)
        with self.lock:
            self.execute(f"UPDATE {table} SET {pairs} WHERE id = ?", (*changes.values(), record_id))  # noqa: S608 - the names are the catalog's
            if module.name_field in changes:
                self.execute(
                    "UPDATE directory SET name = ? WHERE id = ?", (changes[module.name_field], record_id)
                )

    def delete(self, module: Module, row: Row, deleted_by: int, deleted_time: int) -> None:
        """Move a record to the recycle bin."""
        record_id = row["id"]
        with self.lock:
            self.execute(f"DELETE FROM {quoted(module.api_name)} WHERE id = ?", (record_id,))  # noqa: S608 - the names are the catalog's
            self.execute("DELETE FROM directory WHERE id = ?", (record_id,))
            self.execute(
                "INSERT INTO deleted VALUES (?, ?, ?, ?, ?, ?)",
                (
                    record_id,
                    module.api_name,
                    row[module.name_field],
                    row["Created_By"],
                    deleted_by,
                    deleted_time,
                ),
            )

    def directory(self, ids: Iterable[int]) -> dict[int, tuple[str, str | None]]:
        """Return module and name of each id that exists."""
        wanted = sorted(set(ids))
        marks = ", ".join("?" * len(wanted))
        found = self.rows(f"SELECT id, module, name FROM directory WHERE id IN ({marks})", wanted)  # noqa: S608 - the names are the catalog's
        return {integer(row["id"]): (str(row["module"]), text(row["name"])) for row in found}

    def tag_id(self, module: str, name: str, user: int | None = None, now: int | None = None) -> int:
        """Return the id of a module's tag, which is made when it is new."""
        with self.lock:
            found = self.rows("SELECT id FROM tags WHERE module = ? AND name = ?", (module, name))
            if found:
                return integer(found[0]["id"])
            tag_id = self.new_id()
            self.execute(
                "INSERT INTO tags VALUES (?, ?, ?, ?, ?, ?, ?)", (tag_id, module, name, user, now, user, now)
            )
            return tag_id

    def documents(self, kind: str) -> dict[str, dict[str, object]]:
        """Return what is kept of a kind that is no record, such as taxes, by id, oldest first."""
        found = self.rows("SELECT id, content FROM documents WHERE kind = ? ORDER BY rowid", (kind,))
        return {str(row["id"]): json.loads(str(row["content"])) for row in found}

    def keep(self, kind: str, document_id: str, content: Mapping[str, object]) -> None:
        """Keep a document in place of the one that had its id."""
        self.execute(
            "INSERT INTO documents VALUES (?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET content = excluded.content",
            (kind, document_id, json.dumps(content)),
        )

    def forget(self, kind: str, document_id: str) -> None:
        """Drop a document."""
        self.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, document_id))
