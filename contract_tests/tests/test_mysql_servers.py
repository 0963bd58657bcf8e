"""Does a store's author get a MySQL server from each source, and can it be broken as promised?"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pymysql
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from zcrm_contract_tests.mysql import OwnServer, Server, Unavailable, find_server, start_server
from zcrm_contract_tests.mysql.leftovers import Folder, abandoned, sweep
from zcrm_contract_tests.mysql.ports import free_port

HOLD = """
import sys, time
from zcrm_contract_tests.mysql import start_server
server = start_server()
print(server.port, flush=True)
time.sleep(100)
"""


@pytest.fixture
def own(zcrm_mysql_server: Server) -> OwnServer:
    """The run's server, which a test may break."""
    if not isinstance(zcrm_mysql_server, OwnServer):
        pytest.skip("the server of this run is somebody else's")
    return zcrm_mysql_server


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any server."""
    for name in ("ZCRM_TEST_MYSQL_URL", "ZCRM_TEST_MYSQL_TREE", "ZCRM_TEST_MYSQL_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("PATH", str(tmp_path))


def test_the_url_leads_to_the_server(zcrm_mysql_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of a server, password and all, given as the URL of another run, finds the same server."""
    monkeypatch.setenv("ZCRM_TEST_MYSQL_URL", zcrm_mysql_server.url)
    monkeypatch.delenv("ZCRM_TEST_MYSQL_PROVIDER", raising=False)
    asked = "SELECT @@server_uuid"

    with find_server() as found:
        assert not isinstance(found, OwnServer)
        assert found.sql(asked) == zcrm_mysql_server.sql(asked)


@pytest.mark.usefixtures("nowhere")
def test_a_url_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was named is never replaced by another one, nor are its tests skipped."""
    monkeypatch.setenv("ZCRM_TEST_MYSQL_URL", f"mysql://root:x@127.0.0.1:{free_port()}")

    with pytest.raises(OperationalError, match="refused"):
        find_server()


@pytest.mark.usefixtures("nowhere")
def test_no_source_at_all_gives_every_reason() -> None:
    """Without a server the text says of each source why it has none."""
    with pytest.raises(Unavailable) as caught:
        find_server()

    for part in ("url: ZCRM_TEST_MYSQL_URL is not set", "docker: no Docker daemon", "process: ", "no mysqld"):
        assert part in str(caught.value)


@pytest.mark.usefixtures("nowhere")
def test_one_source_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """ZCRM_TEST_MYSQL_PROVIDER asks one source alone, and a word that names none is refused."""
    monkeypatch.setenv("ZCRM_TEST_MYSQL_PROVIDER", "process")
    with pytest.raises(Unavailable, match=r"^process: "):
        find_server()
    monkeypatch.setenv("ZCRM_TEST_MYSQL_PROVIDER", "url")
    with pytest.raises(Unavailable, match=r"^url: "):
        find_server()
    monkeypatch.setenv("ZCRM_TEST_MYSQL_PROVIDER", "elsewhere")
    with pytest.raises(ValueError, match=r"elsewhere.*docker"):
        find_server()


def test_a_killed_server_comes_back_at_its_address_with_its_data(own: OwnServer) -> None:
    """While it is dead its port is closed; afterwards it is there, with what was saved."""
    own.sql("CREATE DATABASE zcrm_killed")
    try:
        with own.killed(), pytest.raises(OSError, match="refused"):
            socket.create_connection((own.host, own.port)).close()

        assert own.sql("SHOW DATABASES LIKE 'zcrm\\_killed'") == [("zcrm_killed",)]
    finally:
        own.sql("DROP DATABASE zcrm_killed")


def test_a_restarted_server_comes_back(own: OwnServer) -> None:
    """A restart in order starts a new server, which has forgotten a setting, at the same address."""
    asked = "SELECT @@GLOBAL.long_query_time"
    before = own.sql(asked)
    own.sql("SET GLOBAL long_query_time = 77")

    own.restart()

    assert own.sql(asked) == before


def test_a_frozen_server_says_nothing(own: OwnServer) -> None:
    """It takes a connection and does not answer; afterwards it does."""
    with own.frozen(), pytest.raises(pymysql.OperationalError):
        pymysql.connect(host=own.host, port=own.port, connect_timeout=1, read_timeout=1)

    assert own.sql("SELECT 1") == [(1,)]


def test_a_placed_file_can_be_read_by_the_server(own: OwnServer, tmp_path: Path) -> None:
    """A file that only its owner may read is there for the server as a copy."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate", encoding="utf-8")
    file.chmod(0o600)
    before = own.sql("SELECT @@ssl_ca")[0][0]
    own.sql(f"SET GLOBAL ssl_ca = '{own.place(file)}'")
    try:
        # "default verify paths" would say that there is no such file.
        with pytest.raises(DBAPIError, match="SSL") as caught:
            own.sql("ALTER INSTANCE RELOAD TLS")
    finally:
        own.sql(f"SET GLOBAL ssl_ca = '{before}'")

    assert "No such file" not in str(caught.value)


def test_a_further_server_has_its_own_options_and_disk(own: OwnServer) -> None:
    """Options overrule ours, and a disk that is full says so."""
    with start_server("--max-connections=5", "--skip-log-bin", disk=200) as small:
        assert small.port != own.port
        assert small.sql("SELECT @@max_connections") == [(5,)]
        small.sql("CREATE DATABASE d")
        small.sql("CREATE TABLE t (a longtext)", "d")

        def fill() -> None:
            for _ in range(60):
                small.sql("INSERT INTO t VALUES (REPEAT('x', 4000000))", "d")

        with pytest.raises(DBAPIError, match="full"):
            fill()


@pytest.mark.usefixtures("own")
def test_an_option_that_is_none_is_said() -> None:
    """A server that ends at once is no wait of minutes, and its own words are in the error."""
    with pytest.raises(Unavailable, match="unknown variable 'no-such-option"):
        start_server("--no-such-option=1")


@pytest.mark.usefixtures("own")
def test_nothing_stays_of_a_killed_run() -> None:
    """After ``kill -9`` of a run, the next one starts with no server and no folder of it left."""
    run = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE)
    assert run.stdout is not None
    with run, run.stdout:
        port = int(run.stdout.readline())
        os.kill(run.pid, signal.SIGKILL)

    start_server().close()

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port)).close()


def test_only_an_abandoned_folder_is_swept() -> None:
    """A folder that a run holds stays, and one whose run has ended goes."""
    folder = Folder()
    try:
        sweep()
        assert folder.path.exists()
        assert not abandoned(folder.path)
    finally:
        path = folder.path
        folder.remove()
    path.mkdir()
    (path / "lock").touch()
    assert abandoned(path)

    sweep()

    assert not path.exists()
    assert abandoned(path)
