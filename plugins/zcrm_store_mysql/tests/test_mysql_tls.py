"""Is the server's certificate checked before anything is sent to it?"""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from zcrm_core import Config, StoreError, StoreUnavailable, Token, TokenKey
from zcrm_store_mysql.connections import Connections
from zcrm_store_mysql.plugin import MySQLStorePlugin
from zcrm_store_mysql.settings import read_place

TOKEN = Token("a@example.com", "access", "refresh", 1)


def _written(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Path:
    (folder / f"{name}-key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    path = folder / f"{name}.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


def _signed(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey, host: str
) -> x509.Certificate:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host or "127.9.9.9"))]),
            critical=False,
        )
        .sign(signer, hashes.SHA256())
    )


@pytest.fixture
def served(local_server: Any, tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Let the server have a certificate for a host, and give the file of the authority that signed it."""
    names = ("ssl_ca", "ssl_cert", "ssl_key")
    before = [local_server.sql(f"SELECT @@{name}")[0][0] for name in names]

    def serve(*files: object) -> None:
        for name, file in zip(names, files, strict=True):
            local_server.sql(f"SET GLOBAL {name} = '{file}'")
        local_server.sql("ALTER INSTANCE RELOAD TLS")

    def made(host: str) -> Path:
        authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = _written(tmp_path, "ca", _signed("authority", authority, "authority", authority, ""), authority)
        cert = _written(tmp_path, "server", _signed("server", own, "authority", authority, host), own)
        serve(*map(local_server.place, (ca, cert, tmp_path / "server-key.pem")))
        return ca

    yield made
    serve(*before)


def test_a_certificate_that_fits_is_accepted(
    local_server: Any, database: str, plugin: MySQLStorePlugin, key: TokenKey, served: Callable[[str], Path]
) -> None:
    """With the right authority and a name that fits, tokens are saved and fetched."""
    config = local_server.config(database, db_ssl_ca=str(served("127.0.0.1")))
    plugin.save(config, key, TOKEN, None)
    assert plugin.fetch(config, key) == TOKEN


def test_a_certificate_for_another_host_is_refused(
    local_server: Any, database: str, plugin: MySQLStorePlugin, key: TokenKey, served: Callable[[str], Path]
) -> None:
    """A certificate that names another host is refused, and the message says so."""
    config = local_server.config(database, db_ssl_ca=str(served("127.0.0.9")))
    with pytest.raises(StoreUnavailable, match=r"ZCRM-MYSQL-013.*127\.0\.0\.1"):
        plugin.fetch(config, key)


def test_a_certificate_of_another_authority_is_refused(
    local_server: Any, database: str, plugin: MySQLStorePlugin, key: TokenKey, served: Callable[[str], Path]
) -> None:
    """Without the authority's file, the system's own authorities count, and the server's is none of them."""
    served("127.0.0.1")
    with pytest.raises(StoreUnavailable, match="ZCRM-MYSQL-013"):
        plugin.fetch(local_server.config(database, db_ssl_verify="yes"), key)


def test_encryption_without_a_check_can_be_asked_for(
    server: Any, database: str, plugin: MySQLStorePlugin, key: TokenKey
) -> None:
    """With db_ssl_verify off, any certificate will do."""
    config = server.config(database, db_ssl_verify="no")
    plugin.save(config, key, TOKEN, None)
    assert plugin.fetch(config, key) == TOKEN


@pytest.mark.parametrize("keys", [{}, {"db_ssl_verify": "no"}])
def test_all_connections_share_one_context(server: Any, database: str, keys: dict[str, object]) -> None:
    """Making a context takes 20 ms, so one place makes one for all its connections."""
    connections = Connections(read_place(server.config(database, **keys)))
    with connections.borrowed() as one, connections.borrowed() as two:
        contexts = [vars(each)["_sock"].context for each in (one, two)]
    connections.close()
    with connections.borrowed() as later:
        contexts.append(vars(later)["_sock"].context)
    connections.close()

    assert [each is contexts[0] for each in contexts] == [True] * 3


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"db_ssl_ca": "/missing/ca.pem"}, "/missing/ca.pem"),
        ({"db_ssl_ca": __file__}, "test_mysql_tls.py"),
        ({"db_ssl_ca": ""}, "db_ssl_ca"),
        ({"db_ssl_ca": 5}, "db_ssl_ca"),
        ({"db_ssl_verify": "perhaps"}, "db_ssl_verify"),
        ({"db_ssl_key": "key.pem"}, "db_ssl_key"),
        ({"db_ssl_cert": "/missing/cert.pem"}, "/missing/cert.pem"),
    ],
)
def test_a_tls_key_that_is_wrong_is_named(keys: dict[str, object], named: str, key: TokenKey) -> None:
    """A file that cannot be used, or a value of the wrong kind, is an error that names it, before any
    call.
    """
    given = {"client_id": "1000.C", "client_secret": "s", **keys}
    config = Config(given, plugin_keys=MySQLStorePlugin.config_keys)
    with pytest.raises(StoreError, match="ZCRM-MYSQL-012") as raised:
        MySQLStorePlugin().fetch(config, key)
    assert named in str(raised.value)


@pytest.mark.parametrize("keys", [{"db_ssl_ca": "ca.pem"}, {"db_url": "mysql://localhost?ssl_ca=ca.pem"}])
def test_a_relative_path_starts_where_the_configuration_is(tmp_path: Path, keys: dict[str, object]) -> None:
    """A service that runs elsewhere finds the authority that lies beside its configuration."""
    given = {"client_id": "1000.C", "client_secret": "s", **keys}
    config = Config(given, plugin_keys=MySQLStorePlugin.config_keys, folder=tmp_path)

    tls = read_place(config).tls

    assert tls is not None
    assert tls.ca == tmp_path / "ca.pem"


def test_a_key_with_a_pass_phrase_is_an_error_and_no_question(tmp_path: Path) -> None:
    """Nobody is asked for the pass phrase of a key: a service would wait at its terminal for ever."""
    own = ec.generate_private_key(ec.SECP256R1())
    cert = _written(tmp_path, "client", _signed("client", own, "client", own, ""), own)
    key = tmp_path / "client-key.pem"
    words = serialization.BestAvailableEncryption(b"words")
    key.write_bytes(own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, words))
    program = (
        "import sys; from pathlib import Path; from zcrm_store_mysql.tls import Tls\n"
        "Tls(None, Path(sys.argv[1]), Path(sys.argv[2]), True).context()"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(cert), str(key)],
        input="words\n",
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        # Without a terminal OpenSSL asks the standard input.
        start_new_session=True,
    )

    assert "ZCRM-MYSQL-012" in done.stderr
    assert "pass phrase:" not in done.stderr
