"""How is the connection to the server encrypted, and whose certificate is believed?"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zcrm_core import StoreError

__all__ = ["TLS_KEYS", "Tls", "read_tls", "unchecked"]

TLS_KEYS: Final = {
    "db_ssl_ca": "a PEM file with the authorities that may sign the MySQL server's certificate",
    "db_ssl_cert": "a PEM file with this client's own certificate, where the MySQL server asks for one",
    "db_ssl_key": "a PEM file with the key of that certificate",
    "db_ssl_verify": "whether the MySQL server's certificate is checked; yes, once any db_ssl key is set",
}
_WORDS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Tls:
    """What the configuration asks for; with it, a server without TLS is refused.

    Args:
        ca: the file of the authorities; the system's own when ``None``.
        cert: the file of this client's certificate, if any.
        key: the file of its key; in the certificate's file when ``None``.
        verify: whether the server's certificate and name are checked.
    """

    ca: Path | None
    cert: Path | None
    key: Path | None
    verify: bool

    def context(self) -> ssl.SSLContext:
        """Make the context that all connections of a process share: making one takes 20 ms.

        Raises:
            StoreError: a file cannot be read, or is no PEM file of its kind.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca)
            # Certificates that MySQL makes for itself lack what a strict reading of RFC 5280 demands.
            context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
            if not self.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if self.cert is not None:
                # With none given, OpenSSL would ask for the pass phrase of a key at the terminal, and wait.
                context.load_cert_chain(self.cert, self.key, password="")
        except (OSError, ValueError) as error:
            why = (
                error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
            )
        else:
            return context
        files = ", ".join(str(each) for each in (self.ca, self.cert, self.key) if each is not None)
        raise StoreError(
            f"The TLS files of the MySQL store cannot be used: {files}.",
            why=f"The reason is: {why}.",
            fix="Set db_ssl_ca, db_ssl_cert and db_ssl_key to PEM files that this user may read and that "
            "have no pass phrase.",
            code="ZCRM-MYSQL-012",
        )


def unchecked() -> ssl.SSLContext:
    """Make a context that encrypts and checks nothing: for a server of which nothing was configured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def read_tls(keys: Mapping[str, object], locate: Callable[[str | Path], Path]) -> Tls | None:
    """Read the ``db_ssl_*`` keys; ``None`` when none is set.

    Args:
        keys: the configuration.
        locate: finds out where a relative path starts.

    Raises:
        StoreError: a value is no path, or no yes or no.
    """
    if not any(key in keys for key in TLS_KEYS):
        return None
    verify = keys.get("db_ssl_verify", True)
    known = verify if isinstance(verify, bool) else _WORDS.get(str(verify).strip().lower())
    if known is None:
        raise _wrong("db_ssl_verify", "It must be true or false (also 1/0, yes/no).")
    ca, cert, key = (_path(keys, name, locate) for name in ("db_ssl_ca", "db_ssl_cert", "db_ssl_key"))
    if key is not None and cert is None:
        raise _wrong("db_ssl_key", "It is the key of db_ssl_cert, which is not set.")
    return Tls(ca, cert, key, known)


def _path(keys: Mapping[str, object], name: str, locate: Callable[[str | Path], Path]) -> Path | None:
    value = keys.get(name)
    if value is None:
        return None
    if not isinstance(value, (str, Path)) or not str(value).strip() or "\0" in str(value):
        raise _wrong(name, "It must be the path of a file.")
    return locate(value)


def _wrong(key: str, why: str) -> StoreError:
    return StoreError(
        f"The key {key} cannot be used.",
        why=why,
        fix=f"Correct {key}, or leave it out.",
        code="ZCRM-MYSQL-012",
    )
