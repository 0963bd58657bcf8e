"""Which configuration keys are there, what does each mean, and which values may it have?

The names are those of Zoho's own SDKs for Ruby, PHP and Python, and zcrm's few additions.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from zcrm_core.errors import InvalidToken
from zcrm_core.tokens import Secret, TokenKey

__all__ = ["API_VERSIONS", "ENVIRONMENTS", "KEYS", "Key", "is_loopback", "read_path", "service_url"]

API_VERSIONS: Final = ("v2", "v2.1", "v3", "v4", "v5", "v6", "v7", "v8")
ENVIRONMENTS: Final = ("production", "sandbox", "developer")

_LONGEST_TIMEOUT: Final = 600

Read = Callable[[object, Path], object]
"""Turn a given value into the key's value; the path is the folder that relative paths start from."""


@dataclass(frozen=True, slots=True)
class Key:
    """One configuration key.

    Args:
        name: its documented name.
        meaning: one line for the reference page.
        read: checks and converts a value; raises ``ValueError`` with the reason, never with a secret.
        default: the value when the key is not given; ``None`` for no value.
        aliases: the other names under which Zoho's SDKs know it.
        store: the token store that the key configures, if it is a store's key.
        required: whether every client needs it.
        may_be_empty: whether the empty text is a value.
    """

    name: str
    meaning: str
    read: Read
    default: object = None
    aliases: tuple[str, ...] = ()
    store: str | None = None
    required: bool = False
    may_be_empty: bool = False


def _text(value: object, _folder: Path) -> str:
    if not isinstance(value, str):
        raise ValueError(f"it must be a text, not {type(value).__name__}")
    return value.strip()


def _secret(value: object, _folder: Path) -> Secret:
    if not isinstance(value, (str, Secret)):
        raise ValueError(f"it must be a text, not {type(value).__name__}")
    secret = value if isinstance(value, Secret) else Secret(value)
    _require_utf8(secret.reveal())
    return secret


def _sent(value: object, folder: Path) -> str:
    text = _text(value, folder)
    _require_utf8(text)
    return text


def _require_utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds bytes that are not UTF-8, or half of a surrogate pair") from None


def _object(value: object, _folder: Path) -> object:
    if isinstance(value, str):
        raise ValueError("it is an object that a program passes; name a class with persistence_handler_class")
    return value


def _identifier(value: object, _folder: Path) -> str:
    if not isinstance(value, str):
        raise ValueError(f"it must be a text, not {type(value).__name__}")
    try:
        TokenKey(value, "-", "-")
    except InvalidToken as error:
        raise ValueError(error.what.rstrip(".")) from None
    return value


def _boolean(value: object, _folder: Path) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    answer = value if isinstance(value, bool) else known.get(str(value).strip().lower())
    if answer is None:
        raise ValueError("it must be true or false (also 1/0, yes/no, in any case)")
    return answer


def _integer(lowest: int, highest: int) -> Read:
    def read(value: object, _folder: Path) -> int:
        try:
            number = int(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or not lowest <= number <= highest:
            raise ValueError(f"it must be a whole number from {lowest} to {highest}")
        return number

    return read


def _seconds(value: object, _folder: Path) -> float:
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        number = 0.0
    if not 0 < number <= _LONGEST_TIMEOUT:
        raise ValueError(f"it must be a number of seconds above 0 and up to {_LONGEST_TIMEOUT}")
    return number


def _one_of(*choices: str) -> Read:
    def read(value: object, _folder: Path) -> str:
        text = str(value).strip().lower()
        if text not in choices:
            raise ValueError(f"it must be one of {', '.join(choices)}")
        return text

    return read


def _offline(value: object, _folder: Path) -> str:
    if str(value).strip().lower() != "offline":
        raise ValueError(
            "only 'offline' brings a refresh token, and without one the client stops after an hour"
        )
    return "offline"


def _region_name(value: object, folder: Path) -> str:
    return _text(value, folder).lower()


def read_path(value: object, folder: Path) -> Path:
    """Give the place that a path means.

    Args:
        value: the path; ``~`` is the home folder.
        folder: where a relative one starts.

    Raises:
        ValueError: it is no path.
    """
    if not isinstance(value, (str, Path)):
        raise ValueError(f"it must be a path, not {type(value).__name__}")
    if "\0" in str(value):
        raise ValueError("a path cannot hold a NUL character")
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(f"its ~ cannot be resolved ({error})") from None
    # Not resolve(): a link must reach the store as a link, so that the store can refuse it.
    return Path(folder, path)


def _class_path(value: object, folder: Path) -> str:
    text = _text(value, folder)
    file, colon, name = text.rpartition(":")
    if file.endswith(".py"):
        return f"{read_path(file, folder)}{colon}{name}"
    return str(read_path(text, folder)) if text.endswith(".py") else text


def _url(value: object, folder: Path) -> str:
    return service_url(_text(value, folder))


def service_url(text: str) -> str:
    """Bring the address of a service into its one form: scheme, host, perhaps a path, no slash at the end.

    Args:
        text: an address; ``https://`` is assumed where no scheme is given.

    Raises:
        ValueError: no address, plain http to a host that is not loopback, or a user, query or fragment.
    """
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("it is not an address such as https://www.zohoapis.eu") from None
    stray = any(char in " \\" or not char.isprintable() for char in text)
    if parts.scheme not in ("https", "http") or not host or stray or parts.netloc.endswith(":"):
        raise ValueError("it is not an address such as https://www.zohoapis.eu")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("it must hold neither a user, a query nor a fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(
            "plain http would show the token to the network; only a loopback address may have it"
        )
    name = f"[{host}]" if ":" in host else host
    if port is not None and port != {"https": 443, "http": 80}[parts.scheme]:
        name = f"{name}:{port}"
    return urlunsplit((parts.scheme, name, parts.path.rstrip("/"), "", ""))


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_ALL: Final = (
    Key("client_id", "the OAuth client id from Zoho's API console", _identifier, required=True),
    Key("client_secret", "the OAuth client secret", _secret, required=True),
    Key("redirect_uri", "the redirect URI of the client; a self client needs none", _sent),
    Key(
        "current_user_email",
        "the user identifier whose token is used",
        _identifier,
        aliases=("currentUserEmail",),
    ),
    Key(
        "region", "the data centre: us, eu, in, au, cn, jp, ca, sa, uk, ae, or a plugin's name", _region_name
    ),
    Key("environment", "production, sandbox or developer", _one_of(*ENVIRONMENTS)),
    Key("sandbox", "true is the same as environment = sandbox", _boolean),
    Key("accounts_url", "the host of Zoho Accounts; must agree with the region", _url),
    Key(
        "api_base_url",
        "the host of the CRM API; must agree with the region",
        _url,
        aliases=("apiBaseUrl",),
    ),
    Key(
        "file_upload_url",
        "the host for bulk write uploads; the region's own when left out",
        _url,
        aliases=("fileUploadUrl",),
    ),
    Key("api_version", "v2, v2.1, v3, v4, v5, v6, v7 or v8", _one_of(*API_VERSIONS), "v2", ("apiVersion",)),
    Key("soid", "the organisation of client credentials, such as ZohoCRM.700412000", _sent),
    Key("access_type", "offline, the only one that brings a refresh token", _offline, "offline"),
    Key(
        "timeout",
        "seconds that a call waits for the server to send something, above 0 and up to 600",
        _seconds,
        30.0,
    ),
    Key("max_retries", "how often a call that may be repeated is repeated, 0 to 10", _integer(0, 10), 3),
    Key(
        "application_log_file_path",
        "the file that zcrm's log lines are appended to; a folder gets a zcrm.log",
        read_path,
        aliases=("applicationLogFilePath",),
    ),
    Key("log_in_console", "true writes zcrm's log lines to standard error", _boolean, default=False),
    Key("token_store", "the name of the one store to use, whatever the priorities say", _text),
    Key(
        "persistence_handler_class_path",
        "the .py file of your own store class, or package.module:Class",
        _class_path,
        aliases=("persistence_handler_path",),
        store="custom",
    ),
    Key(
        "persistence_handler_class",
        "the name of your own store class",
        _text,
        aliases=("persistence_handler_class_name",),
        store="custom",
    ),
    Key(
        "persistence_handler",
        "your own store object; Client(config, token_store=...) sets it",
        _object,
        store="custom",
    ),
    Key(
        "token_persistence_path",
        "the folder of zcrm_oauthtokens.txt, or the path of the file itself",
        read_path,
        store="file",
    ),
    Key("db_username", "the MySQL user", _text, "root", ("mysql_username",), "mysql"),
    Key(
        "db_password",
        "the MySQL password",
        _secret,
        Secret(""),
        ("mysql_password",),
        "mysql",
        may_be_empty=True,
    ),
    Key("db_port", "the MySQL port", _integer(1, 65535), 3306, ("mysql_port",), "mysql"),
    Key(
        "db_host", "the MySQL host", _text, "localhost", ("db_address", "host_address", "mysql_host"), "mysql"
    ),
    Key("db_name", "the MySQL database", _text, "zohooauth", ("mysql_database",), "mysql"),
    Key(
        "db_url",
        "the MySQL servers in one line: mysql://user:password@host:port,host:port/database",
        _secret,
        store="mysql",
    ),
)

KEYS: Final[Mapping[str, Key]] = MappingProxyType({key.name: key for key in _ALL})
"""Every key that the core knows, by its documented name."""
