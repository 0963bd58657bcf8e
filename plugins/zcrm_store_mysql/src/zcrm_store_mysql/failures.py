"""What does an error of the driver mean, and is it of use to try again?

No text here quotes the server or the driver: their messages can hold values of the statement.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sqlalchemy.exc import TimeoutError as PoolTimeout

from zcrm_core import StoreError, StoreUnavailable
from zcrm_store_mysql.settings import Place
from zcrm_store_mysql.url import Address

__all__ = ["Cure", "Trouble", "explain_connecting", "explain_statement", "lost", "no_primary", "number_of"]


class Cure(Enum):
    """What may help against a failure."""

    NONE = "nothing but a person's work"
    AGAIN = "the same statement once more"
    CONNECTION = "the same statement on another connection"
    PRIMARY = "another server of the group, or this one a little later"
    TABLE = "a look at the table, which is not what it was"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed connection or statement.

    Args:
        error: what to raise when nothing helps.
        cure: what may help.
        unknown: whether the server may have run the statement all the same.
    """

    error: StoreError
    cure: Cure = Cure.NONE
    unknown: bool = False


_NOT_SENT: Final = {0, 2006}
"""The connection had ended before the statement was on its way; 0 is the driver's for a closed one."""
_DROPPED: Final = {1053, 1079, 1080, 1152, 1184, 1927, 2002, 2003, 2005, 2013, 2014, 2027, 2055, 3169, 4031}
_MISSING: Final = {1049, 1051, 1054, 1060, 1136, 1146, 1364}
_REFUSED_BY_TABLE: Final = {1364, 3105, 3819}
"""A further column without a default, a column that is computed, a CHECK."""
_OF_SERVERS: Final = {*range(1000, 2000), *range(3000, 10_000)}
"""The numbers that a server gives to its errors; those between are the driver's."""
_AGAIN: Final = {
    1040: "it has too many connections",
    1203: "this user has too many connections",
    1205: "another session kept the row locked",
    1213: "two sessions waited for each other",
    1226: "this user has used up what the server allows",
    1317: "the statement was ended by an administrator",
    3032: "it is offline for maintenance",
    3101: "its replication group found a conflicting change",
    3572: "another session kept the row locked",
}
_NO_PRIMARY: Final = {
    1223: "a read lock is held on it",
    1290: "it is set to read only",
    1792: "it is set to read only",
    1836: "it is set to read only",
    3100: "its replication group refused the change",
    3796: "it is no longer part of its replication group",
}
_NOT_NOW: Final = {
    1021: "its disk is full",
    1026: "it could not write to its disk",
    1030: "its storage engine failed",
    1037: "it has no memory left",
    1038: "it has no memory left",
    1041: "it has no memory left",
    1114: "the table is full, or its disk is",
    1129: "it has blocked this host after too many failed connections",
}


def explain_statement(error: Exception, place: Place) -> Trouble:
    """Say what an error means that came when a statement was run; nothing of its text is used."""
    if isinstance(error, PoolTimeout):
        return Trouble(_not_now(place, "all connections that this process may open are in use"))
    number = number_of(error)
    if number in _NOT_SENT:
        return Trouble(lost(place), Cure.CONNECTION)
    if number in _DROPPED or isinstance(error, OSError):
        # After a time-out another server still has its chance; a lone one has used up the time of the call.
        silent = isinstance(_root(error), TimeoutError)
        return Trouble(lost(place), Cure.PRIMARY if silent else Cure.CONNECTION, unknown=True)
    other = _other(place, f"error {number}" if number > 0 else type(error).__name__)
    return _said(number, place) or Trouble(
        _refused_by_table(place) if number in _REFUSED_BY_TABLE else other,
        Cure.TABLE if number in _MISSING else Cure.NONE,
    )


def explain_connecting(error: Exception, place: Place, address: Address) -> Trouble:
    """Say what an error means that came when a connection to one of the servers was opened."""
    root = _root(error)
    if isinstance(root, ssl.SSLError):
        return Trouble(_untrusted(address, root))
    number = number_of(error)
    return _said(number, place) or Trouble(_unreachable(place, address, root, number), Cure.CONNECTION)


def _said(number: int, place: Place) -> Trouble | None:
    """What the server itself gives as the reason, where it has one."""
    if number in _FINAL:
        return Trouble(_FINAL[number](place))
    if number in _NO_PRIMARY:
        return Trouble(_not_now(place, _NO_PRIMARY[number]), Cure.PRIMARY)
    if number in _AGAIN:
        return Trouble(_not_now(place, _AGAIN[number]), Cure.AGAIN)
    return Trouble(_not_now(place, _NOT_NOW[number])) if number in _NOT_NOW else None


def lost(place: Place) -> StoreUnavailable:
    """Give the error for a statement whose answer did not come."""
    return StoreUnavailable(
        f"The MySQL server {place} did not answer a statement.",
        why="The connection broke or timed out in the middle, so a change may have been made or not.",
        fix="Call again: saving and deleting may be repeated.",
        code="ZCRM-MYSQL-011",
    )


def no_primary(place: Place) -> Trouble:
    """Say that servers answer, and none of them takes changes."""
    return Trouble(_not_now(place, "none of the servers in db_url takes changes"), Cure.PRIMARY)


def number_of(error: Exception) -> int:
    """Give MySQL's number of an error, or -1 where it has none."""
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) and not isinstance(error, OSError) else -1


def _root(error: Exception) -> BaseException | None:
    """The operating system's own error below the driver's, if there is one."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, OSError):
        found = found.__cause__ or found.__context__
    return found


def _unreachable(place: Place, address: Address, root: BaseException | None, number: int) -> StoreUnavailable:
    if isinstance(root, socket.gaierror):
        why, fix = (
            f"There is no host named {address.host}.",
            "Correct db_host, or the network's name service.",
        )
    elif isinstance(root, ConnectionRefusedError):
        why = f"Nothing takes connections at port {address.port} of {address.host}."
        fix = "Start the server, or correct db_host and db_port."
    elif isinstance(root, TimeoutError):
        why = f"It did not answer within {place.timeout:g} s."
        fix = "Correct db_host and db_port, open the firewall, or raise timeout."
    elif number in _OF_SERVERS:
        why = f"It answered with error {number} before a session was open."
        fix = "Look it up in MySQL's error reference, and look into that server's log."
    else:
        why = "The connection broke before a session was open."
        fix = "See that db_host and db_port name a MySQL server, and look into that server's log."
    return StoreUnavailable(
        f"The MySQL server {place} cannot be reached.", why=why, fix=fix, code="ZCRM-MYSQL-001"
    )


def _untrusted(address: Address, root: ssl.SSLError) -> StoreUnavailable:
    # OpenSSL's own words: they name what does not fit, and hold nothing secret.
    told = (
        getattr(root, "verify_message", "")
        or (root.reason or "the handshake failed").replace("_", " ").lower()
    )
    return StoreUnavailable(
        f"The certificate of the MySQL server {address} is not accepted.",
        why=f"OpenSSL says: {told.rstrip('.')}.",
        fix="Set db_ssl_ca to the authority that signed it, and db_host to a name in it.",
        code="ZCRM-MYSQL-013",
    )


def _not_encrypted(place: Place) -> StoreUnavailable:
    return StoreUnavailable(
        f"The MySQL server {place} offers no TLS.",
        why="A db_ssl_ key is set, so nothing is sent to it without.",
        fix="Give the server a certificate, or remove the db_ssl_ keys.",
        code="ZCRM-MYSQL-013",
    )


def _login(place: Place) -> StoreUnavailable:
    return StoreUnavailable(
        f"The MySQL server {place} does not let the user {place.user} in.",
        why="It knows no such user for this host, the password is another one, or the account is locked.",
        fix="Correct db_username and db_password, or make that user on the server.",
        code="ZCRM-MYSQL-002",
    )


def _expired(place: Place) -> StoreUnavailable:
    return StoreUnavailable(
        f"The password of the user {place.user} of the MySQL server {place} has expired.",
        why="The server lets this user do nothing until the password is a new one.",
        fix="Let an administrator set a new one, with ALTER USER, and set db_password to it.",
        code="ZCRM-MYSQL-002",
    )


def _rights(place: Place) -> StoreUnavailable:
    return StoreUnavailable(
        f"The MySQL user {place.user} lacks a right on {place.table_name} or {place.lease_table}.",
        why="Both tables need SELECT, INSERT, UPDATE and DELETE; CREATE makes them, and ALTER updates them. "
        "To move tokens out of a table of Zoho's needs all of these, DROP and LOCK TABLES.",
        fix="Let an administrator grant what is missing, or make the tables: the README shows both.",
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
        why="It lacks a collation that keeps all users apart.",
        fix="Use MySQL 8.0.17 or later, or MariaDB 10.4 or later.",
        code="ZCRM-MYSQL-007",
    )


def _does_not_fit(place: Place) -> StoreError:
    return StoreError(
        f"A value does not fit into the table {place.table_name}; nothing was changed.",
        why="It is longer than its column or the server's max_allowed_packet, or has a character that the "
        "column's character set lacks.",
        fix="Raise max_allowed_packet, or use a table made by zcrm: `zcrm store migrate` moves tokens there.",
        code="ZCRM-MYSQL-014",
    )


def _same_to_the_table(place: Place) -> StoreError:
    return StoreError(
        f"The table {place.table_name} takes this user for another one; nothing was changed.",
        why="Its collation ignores the letters in which the two differ, such as capitals or accents.",
        fix="Use a table made by zcrm: `zcrm store migrate` moves the tokens there.",
        code="ZCRM-MYSQL-015",
    )


def _refused_by_table(place: Place) -> StoreError:
    return StoreError(
        f"The table {place.table_name} does not take a token; nothing was changed.",
        why="It has a further column that needs a value, a column of zcrm's that is computed, or a CHECK.",
        fix="Give the further column a default, and remove the other rules; or set db_table to a new name.",
        code="ZCRM-MYSQL-006",
    )


def _other(place: Place, name: str) -> StoreError:
    return StoreError(
        f"The MySQL server {place} or its driver refused a statement: {name}.",
        why="It is none of the errors that zcrm knows a cure for.",
        fix=f"Look it up in MySQL's error reference, and see what is special about {place.table_name}.",
        code="ZCRM-MYSQL-008",
    )


_FINAL: Final[Mapping[int, Callable[[Place], StoreError]]] = {
    **dict.fromkeys((1045, 1130, 1251, 1524, 1698, 3118, 3955), _login),
    **dict.fromkeys((1820, 1862), _expired),
    **dict.fromkeys((1044, 1142, 1143, 1227, 1370, 1410), _rights),
    **dict.fromkeys((1115, 1273), _too_old),
    **dict.fromkeys((1153, 1264, 1366, 1406, 3854), _does_not_fit),
    1062: _same_to_the_table,
    2026: _not_encrypted,
}
"""The errors of MySQL that no repetition cures."""
