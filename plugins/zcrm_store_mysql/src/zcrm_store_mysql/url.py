"""What does db_url say? ``mysql://user:password@host:port,host:port/database?table=name``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, unquote

from zcrm_core import Secret, StoreError

__all__ = ["NO_URL", "Address", "Url", "parse"]

_DEFAULT_PORT: Final = 3306
_HIGHEST_PORT: Final = 65535
_FORM: Final = re.compile(
    r"(?:mysql|mariadb)(?:\+pymysql)?://"
    r"(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^@/?#]*))?@)?"
    r"(?P<hosts>[^@/?#]+)(?:/(?P<database>[^@/?#]*))?(?:\?(?P<options>[^#]*))?"
)
_HOST: Final = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]\s]+))(?::(?P<port>[0-9]{1,5}))?"
)
_OPTIONS: Final = {
    "table": "db_table",
    "ssl_ca": "db_ssl_ca",
    "ssl_cert": "db_ssl_cert",
    "ssl_key": "db_ssl_key",
    "ssl_verify": "db_ssl_verify",
}
"""What may follow the question mark, and the key that says the same."""


@dataclass(frozen=True, slots=True)
class Address:
    """One server.

    Args:
        host: its name or address.
        port: its port.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL; ``None`` or empty for what it leaves open.

    Args:
        addresses: the servers.
        user: the MySQL user.
        password: that user's password.
        database: the database.
        options: further keys with their values, such as ``db_table``.
    """

    addresses: tuple[Address, ...] = ()
    user: str | None = None
    password: Secret | None = None
    database: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


NO_URL: Final = Url()


def parse(given: Secret) -> Url:
    """Take a URL apart. A character that means something in a URL is written as ``%`` and two hex digits.

    Raises:
        StoreError: it has another form. The message does not quote it, for it may hold a password.
    """
    found = _FORM.fullmatch(given.reveal().strip())
    if found is None:
        raise _wrong("It has another form.")
    password = found["password"]
    return Url(
        addresses=tuple(_address(text) for text in found["hosts"].split(",")),
        user=unquote(found["user"]) if found["user"] else None,
        password=None if password is None else Secret(unquote(password)),
        database=unquote(found["database"]) if found["database"] else None,
        options=MappingProxyType(_options(found["options"] or "")),
    )


def _address(text: str) -> Address:
    found = _HOST.fullmatch(text.strip())
    port = int(found["port"] or _DEFAULT_PORT) if found else 0
    if found is None or not 1 <= port <= _HIGHEST_PORT:
        raise _wrong("One of its hosts is empty, or has a port that is no number from 1 to 65535.")
    return Address(found["address"] or unquote(found["name"]), port)


def _options(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        key = _OPTIONS.get(name)
        if key is None or key in options:
            raise _wrong("It has an option twice, or one that there is not.")
        options[key] = value
    return options


def _wrong(why: str) -> StoreError:
    return StoreError(
        "The key db_url is no address of a MySQL server.",
        why=why,
        fix="Write mysql://user:password@host:3306/database, several hosts with commas between them, and "
        f"after a question mark perhaps {', '.join(_OPTIONS)}. In a password write @ as %40, / as %2F, : as "
        "%3A, % as %25.",
        code="ZCRM-MYSQL-005",
    )
