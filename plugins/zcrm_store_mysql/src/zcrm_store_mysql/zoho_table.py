"""How are tokens kept in a table made for Zoho's own SDKs, within what its four columns can hold?

It knows a user and nothing else: no client, no environment, no API domain and no scope. Its collation may
take two users for one, and it may have no key at all. So every operation reads first, compares in Python,
and changes only rows that are exactly the user's, in one transaction.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    String,
    bindparam,
    column,
    delete,
    insert,
    select,
    table,
    update,
)
from sqlalchemy import text as literal

from zcrm_core import InvalidToken, StaleToken, StoreCorrupt, StoreError, Token, TokenKey
from zcrm_store_mysql.schema import COLLATIONS
from zcrm_store_mysql.server import Answer, Server, Session, TableChanged
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.shape import ColumnFacts, Shape
from zcrm_store_mysql.sql import compiled

__all__ = ["LIMITS", "ZohoTable", "token_in"]

LIMITS: Final = (
    "one token a user, whatever the client and the environment",
    "no API domain and no scope: a token comes back without them",
    "values only as long as its columns, and only in its character set",
    "two users that its collation takes for one cannot both have a token where it has a key",
    "no notes for all workers: that Zoho gives no more tokens for now, each has to be told",
)
"""What a table made for Zoho's SDKs can hold, and what it cannot."""

_USER, _ACCESS, _REFRESH, _EXPIRY = "useridentifier", "accesstoken", "refreshtoken", "expirytime"
_NAMES: Final = (_USER, _ACCESS, _REFRESH, _EXPIRY)


class ZohoTable:
    """The tokens in a table made for Zoho's SDKs. The errors of :class:`Server` are raised by every method.

    Args:
        place: the table's name, and for whose client and environment its tokens are.
        shape: what the table looks like; when it changes, ``TableChanged`` is raised.
        server: how statements get there.
    """

    def __init__(self, place: Place, shape: Shape, server: Server) -> None:
        self._place = place
        self._shape = shape
        self._server = server
        here = table(
            place.table,
            column(_USER, String()),
            column(_ACCESS, String()),
            column(_REFRESH, String()),
            column(_EXPIRY, BigInteger()),
            schema=place.database,
        )
        # The comparison is exact whatever the column's own collation, and can still use the column's index.
        user: ColumnElement[bool] = here.c.useridentifier == bindparam("user", type_=String()).collate(
            COLLATIONS[shape.maker]
        )
        rows = select(literal("*")).select_from(here)
        new: dict[str, BindParameter[object]] = {name: bindparam(f"new_{name}") for name in _NAMES}
        self._all = compiled(rows)
        self._select = compiled(rows.where(user))
        self._select_to_change = compiled(rows.where(user).with_for_update())
        self._insert = compiled(insert(here).values(new))
        self._update = compiled(update(here).where(user).values(new))
        self._delete = compiled(delete(here).where(user))

    def fetch(self, key: TokenKey) -> Token | None:
        """Give the user's token, or ``None`` if there is none.

        Raises:
            StoreCorrupt: the row holds no token.
        """
        return self._newest(key, self._server.run(self._select, {"user": key.user_identifier}))

    def save(self, key: TokenKey, token: Token, replaces: Token | None) -> None:
        """Save a token; it is committed on return.

        Args:
            key: whose it is.
            token: the token.
            replaces: the token that must still be stored, or ``None`` to save whatever is there.

        Raises:
            StaleToken: ``replaces`` is not what is stored; nothing was changed.
            StoreError: a value does not fit into its column; nothing was changed.
        """
        kept = self._kept(token)
        values = self._row_of(key, kept)

        def work(session: Session) -> None:
            answer = session.run(self._select_to_change, {"user": key.user_identifier})
            stored = self._newest(key, answer) if replaces is not None or session.repeated else None
            if session.repeated and stored == kept:
                return
            if replaces is not None and stored != self._kept(replaces):
                raise StaleToken(f"The stored token of {key} is not the one to be replaced.")
            here = self._rows(key, answer)
            session.run(self._update if here else self._insert, {"user": key.user_identifier, **values})

        self._server.transaction(work)

    def delete(self, key: TokenKey) -> bool:
        """Delete the token of a user; answer whether one was there."""
        seen = False

        def work(session: Session) -> bool:
            nonlocal seen
            values = {"user": key.user_identifier}
            there = bool(self._rows(key, session.run(self._select_to_change, values)))
            if there:
                session.run(self._delete, values)
            # Gone, after a try whose end is unknown: it was this call that deleted what it saw.
            seen = there or (session.repeated and seen)
            return seen

        return self._server.transaction(work)

    def keys(self) -> list[TokenKey]:
        """Give the keys that have a token, as keys of this configuration's client and environment.

        Raises:
            StoreCorrupt: a row has no user.
        """
        users = dict.fromkeys(row[_USER] for row in self._named(self._server.run(self._all)))
        return [self._key(user) for user in users]

    def _kept(self, token: Token) -> Token:
        """What the four columns keep of a token."""
        refresh = token.refresh_token if _tells_none(self._shape) else token.refresh_token or None
        return Token(token.user_identifier, token.access_token, refresh, token.expiry_time)

    def _newest(self, key: TokenKey, answer: Answer) -> Token | None:
        """The token in a user's rows: of several, which there can be without a key, the last to end."""
        tokens = [self._token(key, row) for row in self._rows(key, answer)]
        return max(tokens, key=lambda token: token.expiry_time, default=None)

    def _rows(self, key: TokenKey, answer: Answer) -> list[dict[str, object]]:
        return [row for row in self._named(answer) if row[_USER] == key.user_identifier]

    def _named(self, answer: Answer) -> list[dict[str, object]]:
        names = [name.lower() for name in answer.names]
        if set(names) != self._shape.columns.keys():
            # Another table has taken this one's place, such as the one that a migration makes.
            raise TableChanged(
                StoreError(
                    f"The table {self._place.table_name} is being changed.",
                    why="Its columns are other ones at each look.",
                    fix="Call again when the change is over.",
                    code="ZCRM-MYSQL-006",
                )
            )
        return [dict(zip(names, row, strict=True)) for row in answer.rows]

    def _token(self, key: TokenKey, row: dict[str, object]) -> Token:
        try:
            return token_in(row, self._shape)
        except InvalidToken as error:
            why = error.what
        corrupt = StoreCorrupt(
            f"The row of {key.user_identifier} in {self._place.table_name} holds no token.",
            why=why,
            fix="Find out who writes to this table; logging that user in again replaces the row.",
            code="ZCRM-MYSQL-009",
        )
        corrupt.repaired_by_saving = True
        raise corrupt

    def _key(self, user: object) -> TokenKey:
        try:
            return TokenKey(user, self._place.client_id, self._place.environment)  # type: ignore[arg-type] # TokenKey checks
        except InvalidToken as error:
            why = error.what
        raise StoreCorrupt(
            f"A row in {self._place.table_name} is nobody's.",
            why=why,
            fix="Delete the row, or correct its useridentifier.",
            code="ZCRM-MYSQL-009",
        )

    def _row_of(self, key: TokenKey, token: Token) -> dict[str, object]:
        """Check that every value fits: the server would cut final blanks without an error."""
        refresh = token.refresh_token
        if refresh is None and not _tells_none(self._shape):
            refresh = ""
        texts = {_USER: key.user_identifier, _ACCESS: token.access_token, _REFRESH: refresh}
        for name, value in texts.items():
            if value is not None and not _fits(value, self._shape.columns[name]):
                raise StoreError(
                    f"The {name} of {key.user_identifier} does not fit into {self._place.table_name}; "
                    "nothing was changed.",
                    why=f"The column, made for Zoho's SDKs, is {self._shape.columns[name].type.upper()}"
                    f"({self._shape.columns[name].length}), and the value has {len(value)} characters.",
                    fix="Use a table made by zcrm: `zcrm store migrate` moves the tokens there.",
                    code="ZCRM-MYSQL-014",
                )
        return {f"new_{name}": value for name, value in {**texts, _EXPIRY: token.expiry_time}.items()}


def token_in(row: dict[str, object], shape: Shape) -> Token:
    """Read the token of a row.

    Args:
        row: its values, by the columns' names in small letters.
        shape: what the table looks like.

    Raises:
        InvalidToken: a value is none that a token can have.
    """
    refresh = row[_REFRESH] if _tells_none(shape) else row[_REFRESH] or None
    access = "" if row[_ACCESS] is None else row[_ACCESS]
    return Token(row[_USER], access, refresh, row[_EXPIRY])  # type: ignore[arg-type] # Token checks


def _tells_none(shape: Shape) -> bool:
    """Whether the table can tell no refresh token from an empty one; else Zoho's SDKs write an empty text."""
    return shape.columns[_REFRESH].nullable == "YES"


def _fits(value: str, facts: ColumnFacts) -> bool:
    if facts.type == "char" and value.endswith(" "):
        return False  # such a column loses final blanks
    size = len(value) if facts.type in ("char", "varchar") else len(value.encode())
    return size <= (facts.length or 0)
