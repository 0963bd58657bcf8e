"""Where is a real MySQL server for these tests? At a URL, or in an unpacked tree that is started here."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from zcrm_core import Config, TokenKey
from zcrm_store_mysql.plugin import MySQLStorePlugin

URL = "ZCRM_TEST_MYSQL_URL"
TREE = "ZCRM_TEST_MYSQL_TREE"
PASSWORD = "Gehe1m'\"\\%s ü€"
"""Every character that a statement or a driver could stumble over."""


class Server:
    """A MySQL server: its address, and a connection to look behind the store's back."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self.host, self.port, self.user, self.password = host, port, user, password
        self.engine: Engine = create_engine(
            f"mysql+pymysql://{host}:{port}",
            isolation_level="AUTOCOMMIT",
            connect_args={"user": user, "password": password.encode(), "connect_timeout": 5},
        )

    def config(self, database: str, **more: object) -> Config:
        """A configuration of this server."""
        keys: dict[str, object] = {
            "client_id": "1000.C",
            "client_secret": "s",
            "db_host": self.host,
            "db_port": self.port,
            "db_username": self.user,
            "db_password": self.password,
            "db_name": database,
        }
        return Config({**keys, **more}, plugin_keys=MySQLStorePlugin.config_keys)

    def sql(self, statement: str, database: str | None = None, **values: object) -> list[tuple[object, ...]]:
        """Run a statement, in a database if one is named, and give its rows."""
        with self.engine.connect() as connection:
            if database is not None:
                connection.exec_driver_sql(f"USE `{database}`")
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []


class LocalServer(Server):
    """A server that these tests started as a process, so that they may stop, freeze and start it again."""

    def __init__(self, tree: Path, folder: Path) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = int(listener.getsockname()[1])
        super().__init__("127.0.0.1", port, "root", PASSWORD)
        facts = dict(
            line.split("=", 1) for line in (tree / "etc/zcrm-mysql").read_text(encoding="utf-8").splitlines()
        )
        # The machine's own loader may be older than the one that this server needs.
        self._command = [
            str(tree / facts["loader"]), "--library-path", str(tree / facts["libs"]),
            str(tree / "usr/sbin/mysqld"), "--no-defaults", f"--lc-messages-dir={tree}/usr/share/mysql",
            f"--plugin-dir={tree}/usr/lib/mysql/plugin", f"--datadir={folder}/data", f"--port={port}",
            "--bind-address=127.0.0.1", f"--socket={folder}/s", f"--pid-file={folder}/pid", "--mysqlx=OFF",
            "--skip-name-resolve", "--secure-file-priv=NULL", "--innodb-redo-log-capacity=32M",
            "--innodb-numa-interleave=OFF", "--performance-schema=OFF", "--innodb-buffer-pool-size=32M",
            *(["--user=root"] if os.geteuid() == 0 else []),
        ]  # fmt: skip
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        quoted = PASSWORD.replace("\\", "\\\\").replace("'", "''")
        accounts = folder / "init.sql"
        accounts.write_text(
            f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{quoted}';\n"
            f"CREATE USER 'root'@'%' IDENTIFIED BY '{quoted}';\n"
            "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;\n",
            encoding="utf-8",
        )
        self.start(f"--init-file={accounts}", "--character-set-server=utf8mb4")

    def start(self, *more: str) -> None:
        """Start the server and wait until it lets us in."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, *more], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        while not self._answers():
            if self._process.poll() is not None:
                pytest.fail(f"mysqld ended: {self._log.read_text(encoding='utf-8')[-800:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            self.sql("SELECT 1")
        except OperationalError:
            return False
        return True

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.engine.dispose()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the server keep its connections and answer nothing."""
        assert self._process is not None
        tasks = Path(f"/proc/{self._process.pid}/task")
        self._process.send_signal(signal.SIGSTOP)
        try:
            # The signal only asks: a thread may still answer until it stands.
            while any(
                (task / "stat").read_text().rpartition(")")[2].split()[0] not in "Tt"
                for task in tasks.iterdir()
            ):
                time.sleep(0.002)
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real MySQL server; the test is skipped where there is none."""
    url, tree = os.environ.get(URL), os.environ.get(TREE)
    if url:
        parts = make_url(url)
        found = Server(
            parts.host or "127.0.0.1", parts.port or 3306, parts.username or "root", parts.password or ""
        )
        yield found
        found.engine.dispose()
    elif tree:
        folder = Path(tempfile.mkdtemp(prefix="zcrm-"))  # a socket's path must be short
        try:
            shutil.copytree(Path(tree) / "usr/lib/mysql/template", folder / "data")
            local = LocalServer(Path(tree), folder)
            try:
                yield local
            finally:
                local.kill()
        finally:
            shutil.rmtree(folder)
    else:
        pytest.skip(f"no MySQL server: neither {URL} nor {TREE} is set")


@pytest.fixture(scope="session")
def local_server(server: Server) -> LocalServer:
    """A server that the test may stop."""
    if not isinstance(server, LocalServer):
        pytest.skip(f"the server at {URL} is somebody else's; only one started from {TREE} may be stopped")
    return server


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The name of a database that is not there yet; dropped at the end."""
    name = f"zcrm_test_{secrets.token_hex(6)}"
    yield name
    server.sql(f"DROP DATABASE IF EXISTS `{name}`")


@pytest.fixture
def config(server: Server, database: str) -> Config:
    """A configuration of a place with nothing in it."""
    return server.config(database)


@pytest.fixture
def plugin() -> MySQLStorePlugin:
    """The store, as the core makes it."""
    return MySQLStorePlugin()


@pytest.fixture
def key() -> TokenKey:
    """Somebody's key."""
    return TokenKey("a@example.com", "1000.C", "production")
