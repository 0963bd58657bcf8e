"""What does an error of the database mean for the caller, and is it of use to try again?

No text here quotes the server or the driver: their messages can hold values of the statement.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from zcrm_core import StoreError, StoreUnavailable
from zcrm_store_mysql.settings import Place

__all__ = ["Trouble", "explain", "lost"]

_DROPPED: Final = {1053, 1079, 1080, 1152, 1184, 2002, 2003, 2005, 2006, 2013, 2014, 2027, 2055, 3169, 4031}
_MISSING: Final = {1049, 1051, 1054, 1146}
_DEADLOCK: Final = 1213
_NOT_NOW: Final = {
    1021: "its disk is full",
    1037: "it has no memory left",
    1038: "it has no memory left",
    1040: "it has too many connections",
    1041: "it has no memory left",
    1114: "the table is full",
    1129: "it has blocked this host after too many failed connections",
    1203: "this user has too many connections",
    1205: "another session kept the row locked",
    _DEADLOCK: "two sessions waited for each other",
    1226: "this user has used up what the server allows",
    1290: "it is set to read only",
    1836: "it is set to read only",
    3100: "its replication group refused the change",
    3572: "another session kept the row locked",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed statement.

    Args:
        error: what to raise.
        again: whether the same statement may be sent once more right now.
        unknown: whether the server may have run the statement all the same.
        table: whether the table is not what it was when it was looked at.
    """

    error: StoreError
    again: bool = False
    unknown: bool = False
    table: bool = False


def explain(error: SQLAlchemyError, place: Place) -> Trouble:
    """Say what an error means; nothing of its text is used."""
    if isinstance(error, DBAPIError):
        return _explain_number(error, place)
    if isinstance(error, PoolTimeout):
        return Trouble(_not_now(place, "all connections that this process may open are in use"))
    return Trouble(_other(place, type(error).__name__))


def _explain_number(error: DBAPIError, place: Place) -> Trouble:
    number = _number(error)
    if number in _FINAL:
        return Trouble(_FINAL[number](place))
    if number in _NOT_NOW:
        return Trouble(_not_now(place, _NOT_NOW[number]), again=number == _DEADLOCK)
    if number in _MISSING:
        return Trouble(_other(place, f"error {number}"), again=True, table=True)
    if number in _DROPPED or error.connection_invalidated:
        if error.statement is not None:
            # After a time-out the server still has its chance, and waiting twice as long helps nobody.
            return Trouble(lost(place), again=not isinstance(_root(error), TimeoutError), unknown=True)
        return Trouble(_unreachable(place, _root(error)))
    return Trouble(_other(place, f"error {number}" if number else type(error).__name__))


def lost(place: Place) -> StoreUnavailable:
    """Give the error for a statement whose answer did not come."""
    return StoreUnavailable(
        f"The MySQL server {place} did not answer a statement.",
        why="The connection broke or timed out in the middle, so a change may have been made or not.",
        fix="Call again: saving and deleting may be repeated.",
        code="ZCRM-MYSQL-011",
    )


def _number(error: DBAPIError) -> int:
    arguments = error.orig.args if error.orig is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


def _root(error: DBAPIError) -> BaseException | None:
    """The operating system's own error below the driver's, if there is one."""
    found: BaseException | None = error.orig
    while found is not None and not isinstance(found, OSError):
        found = found.__cause__ or found.__context__
    return found


def _unreachable(place: Place, root: BaseException | None) -> StoreUnavailable:
    if isinstance(root, ssl.SSLError):
        return _untrusted(place, root)
    if isinstance(root, socket.gaierror):
        why, fix = f"There is no host named {place.host}.", "Correct db_host, or the network's name service."
    elif isinstance(root, ConnectionRefusedError):
        why = f"Nothing takes connections at port {place.port} of {place.host}."
        fix = "Start the server, or correct db_host and db_port."
    elif isinstance(root, TimeoutError):
        why = f"It did not answer within {place.timeout:g} s."
        fix = "Correct db_host and db_port, open the firewall, or raise timeout."
    else:
        why = "The connection broke before a session was open."
        fix = "See that db_host and db_port name a MySQL server, and look into that server's log."
    return StoreUnavailable(
        f"The MySQL server {place} cannot be reached.", why=why, fix=fix, code="ZCRM-MYSQL-001"
    )


def _untrusted(place: Place, root: ssl.SSLError) -> StoreUnavailable:
    # OpenSSL's own words: they name what does not fit, and hold nothing secret.
    told = (
        getattr(root, "verify_message", "")
        or (root.reason or "the handshake failed").replace("_", " ").lower()
    )
    return StoreUnavailable(
        f"The certificate of the MySQL server {place} is not accepted.",
        why=f"OpenSSL says: {told.rstrip('.')}.",
        fix="Set db_ssl_ca to the authority that signed it, and db_host to a name in it.",
        code="ZCRM-MYSQL-013",
    )


def _login(place: Place) -> StoreUnavailable:
    return StoreUnavailable(
        f"The MySQL server {place} does not let the user {place.user} in.",
        why="It knows no such user for this host, or the password is another one.",
        fix="Correct db_username and db_password, or make that user on the server.",
        code="ZCRM-MYSQL-002",
    )


def _rights(place: Place) -> StoreUnavailable:
    return StoreUnavailable(
        f"The MySQL user {place.user} may not do what the table {place.table_name} needs.",
        why="It needs SELECT, INSERT, UPDATE and DELETE, and CREATE as long as the table is missing.",
        fix="Let an administrator grant these rights, or make the table: the README shows both.",
        code="ZCRM-MYSQL-003",
    )


def _not_now(place: Place, why: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"The MySQL server {place} cannot do this now; nothing was changed.",
        why=f"The reason is that {why}.",
        fix="Call again later; if it goes on, the server's administrator has to look.",
        code="ZCRM-MYSQL-004",
    )


def _too_old(place: Place) -> StoreError:
    return StoreError(
        f"The server {place} cannot hold zcrm's table.",
        why="It lacks the collation utf8mb4_0900_bin, which keeps all users apart; so does MariaDB.",
        fix="Use MySQL 8.0.17 or later.",
        code="ZCRM-MYSQL-007",
    )


def _other(place: Place, name: str) -> StoreError:
    return StoreError(
        f"The MySQL server {place} or its driver refused a statement: {name}.",
        why="It is none of the errors that zcrm knows a cure for.",
        fix=f"Look it up in MySQL's error reference, and see what is special about {place.table_name}.",
        code="ZCRM-MYSQL-008",
    )


_FINAL: Final[Mapping[int, Callable[[Place], StoreError]]] = {
    **dict.fromkeys((1045, 1130, 1251, 1524, 1698, 1820, 1862, 3118), _login),
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370, 1410), _rights),
    **dict.fromkeys((1115, 1273), _too_old),
}
"""The errors of MySQL that no repetition cures."""
