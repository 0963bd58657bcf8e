"""What do zcrm's tables look like, and how does one of an older version become one of the newest?"""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Column, MetaData, Table, text
from sqlalchemy.dialects.mysql import BIGINT, BINARY, DATETIME, MEDIUMTEXT, TIMESTAMP, VARCHAR
from sqlalchemy.schema import CreateColumn, CreateSchema, CreateTable, SetTableComment

from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.sql import PREPARER, Statement, compiled

__all__ = [
    "COLLATIONS",
    "VERSION",
    "addition",
    "commented",
    "creation",
    "database_creation",
    "lease_addition",
    "lease_table",
    "quoted",
    "token_table",
    "version_in",
]

VERSION: Final = 2
"""The version of the table that this release makes. 1 had no ``updated_at`` and named no version."""
COLLATIONS: Final = {"MySQL": "utf8mb4_0900_bin", "MariaDB": "utf8mb4_nopad_bin"}
"""By maker, the one collation that keeps apart every two texts that differ in a code point."""
_COMMENT: Final = "zcrm schema "


def token_table(place: Place, maker: str = "MySQL") -> Table:
    """Give the table of tokens: the four columns that Zoho documents, and what they cannot hold.

    Args:
        place: its name.
        maker: ``MySQL`` or ``MariaDB``.
    """
    now = text("CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)")
    return Table(
        place.table,
        MetaData(),
        Column("key_digest", BINARY(32), primary_key=True),
        Column("useridentifier", VARCHAR(512), nullable=False),
        Column("accesstoken", MEDIUMTEXT, nullable=False),
        Column("refreshtoken", MEDIUMTEXT),
        Column("expirytime", BIGINT, nullable=False),
        Column("client_id", VARCHAR(512), nullable=False),
        Column("environment", VARCHAR(512), nullable=False),
        Column("api_domain", MEDIUMTEXT),
        Column("scope", MEDIUMTEXT),
        Column("updated_at", TIMESTAMP(fsp=6), nullable=False, server_default=now),
        schema=place.database,
        comment=f"{_COMMENT}{VERSION}",
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=COLLATIONS[maker],
    )


def lease_table(place: Place) -> Table:
    """Give the table of the refresh locks, beside that of the tokens."""
    return Table(
        place.lease_table,
        MetaData(),
        Column("key_digest", BINARY(32), primary_key=True),
        Column("holder", BINARY(16), nullable=False),
        Column("ends_at", DATETIME(fsp=6), nullable=False),
        Column("held_by", VARCHAR(255)),
        schema=place.database,
        mysql_engine="InnoDB",
    )


def creation(table: Table, comment: str | None = None) -> Statement:
    """Give the statement that makes a table where it is missing.

    Args:
        table: the table.
        comment: what to write about it instead of its version.
    """
    if comment is not None:
        table = table.to_metadata(MetaData())
        table.comment = comment
    return compiled(CreateTable(table, if_not_exists=True))


def commented(table: Table) -> Statement:
    """Give the statement that writes a table's own comment."""
    return compiled(SetTableComment(table))


def quoted(table: Table) -> str:
    """Give the name of a table, as a statement's text has it."""
    return PREPARER.format_table(table)


def database_creation(place: Place) -> Statement:
    """Give the statement that makes the database where it is missing."""
    return compiled(CreateSchema(place.database, if_not_exists=True))


def addition(place: Place, missing: set[str]) -> Statement:
    """Give the one statement that brings an older table to the newest version; it only adds columns.

    Args:
        place: the table's name.
        missing: the columns that it lacks.
    """
    table = token_table(place)
    columns = (
        f"ADD COLUMN {compiled(CreateColumn(column)).text}" for column in table.c if column.name in missing
    )
    return Statement(f"ALTER TABLE {quoted(table)} {', '.join(columns)}, COMMENT = '{_COMMENT}{VERSION}'")


def lease_addition(place: Place) -> Statement:
    """Give the statement that adds what the first tables of the refresh locks lacked: who holds one."""
    table = lease_table(place)
    return Statement(f"ALTER TABLE {quoted(table)} ADD COLUMN {compiled(CreateColumn(table.c.held_by)).text}")


def version_in(comment: str) -> int:
    """Read the version of a table of zcrm's from its comment."""
    found = re.fullmatch(rf"{_COMMENT}(\d+)", comment)
    return int(found[1]) if found else 1
