"""Does the proxy do to a connection what it says, with a real MySQL server behind it?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pymysql
import pytest

from zcrm_contract_tests.mysql import Server
from zcrm_contract_tests.mysql.statements import Statements
from zcrm_contract_tests.proxy import WRITES, FaultProxy

Connect = Callable[..., Any]


@pytest.fixture
def proxy(zcrm_mysql_server: Server) -> Iterator[FaultProxy]:
    """A proxy in front of the server."""
    with FaultProxy(zcrm_mysql_server.host, zcrm_mysql_server.port) as found:
        yield found


@pytest.fixture
def table(zcrm_mysql_server: Server) -> Iterator[None]:
    """An empty table."""
    zcrm_mysql_server.sql("CREATE DATABASE zcrm_proxy")
    try:
        zcrm_mysql_server.sql("CREATE TABLE zcrm_proxy.t (a int PRIMARY KEY)")
        yield
    finally:
        zcrm_mysql_server.sql("DROP DATABASE zcrm_proxy")


@pytest.fixture
def connect(zcrm_mysql_server: Server, proxy: FaultProxy) -> Iterator[Connect]:
    """Connects through the proxy, in plain text unless asked otherwise."""
    made = []

    def connected(**more: Any) -> Any:
        made.append(
            pymysql.connect(
                host="127.0.0.1",
                port=proxy.port,
                user=zcrm_mysql_server.user,
                password=zcrm_mysql_server.password.encode(),
                **{"ssl_disabled": True, "read_timeout": 5, "connect_timeout": 5, **more},
            )
        )
        return made[-1]

    yield connected
    for connection in made:
        with suppress(pymysql.Error):
            connection.close()


def ask(connection: Any, statement: str) -> Any:
    """Run a statement and give its rows."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def rows(server: Server) -> list[tuple[object, ...]]:
    """What is in the table."""
    return server.sql("SELECT a FROM zcrm_proxy.t ORDER BY a")


def test_data_pass_unchanged_and_are_counted(connect: Connect, proxy: FaultProxy) -> None:
    """Without a fault a megabyte goes each way as it is, and each short statement is one request."""
    connection = connect()
    megabyte = "x" * 1_000_000
    assert ask(connection, f"SELECT '{megabyte}'") == ((megabyte,),)
    before = proxy.requests

    ask(connection, "SELECT 1")
    ask(connection, "SELECT 2")

    assert (proxy.requests - before, proxy.connections, proxy.cuts) == (2, 1, 0)


def test_latency_is_added_each_way(connect: Connect, proxy: FaultProxy) -> None:
    """A round trip takes twice the latency longer."""
    connection = connect()
    proxy.latency = 0.1
    start = time.monotonic()

    ask(connection, "SELECT 1")

    assert 0.2 <= time.monotonic() - start < 10


def test_nothing_leaves_a_black_hole(connect: Connect, proxy: FaultProxy) -> None:
    """A statement gets no answer while it lasts, nor does a new connection; afterwards both work."""
    waiting, asking = connect(), connect(read_timeout=1)
    with proxy.black_hole():
        with pytest.raises(pymysql.OperationalError, match="timed out"):
            ask(asking, "SELECT 1")
        with pytest.raises(pymysql.OperationalError, match="timed out"):
            connect(read_timeout=1, connect_timeout=1)

    assert ask(waiting, "SELECT 2") == ((2,),)
    assert ask(connect(), "SELECT 3") == ((3,),)


def test_a_refusing_port_is_closed(connect: Connect, proxy: FaultProxy) -> None:
    """Open connections end, new ones are refused by the system, and afterwards the same port works."""
    connection = connect()
    with proxy.refusing():
        with pytest.raises(pymysql.OperationalError, match="refused"):
            connect()
        with pytest.raises(pymysql.OperationalError):
            ask(connection, "SELECT 1")

    assert ask(connect(), "SELECT 1") == ((1,),)


def test_a_reset_is_a_reset(connect: Connect, proxy: FaultProxy) -> None:
    """Every open connection ends as if the other machine had forgotten it."""
    connections = [connect(), connect()]

    proxy.reset()

    for connection in connections:
        with pytest.raises(pymysql.OperationalError, match=r"reset by peer|Broken pipe"):
            ask(connection, "SELECT 1")
    assert ask(connect(), "SELECT 1") == ((1,),)


@pytest.mark.usefixtures("table")
def test_a_commit_whose_answer_is_cut_is_done(
    zcrm_mysql_server: Server, connect: Connect, proxy: FaultProxy
) -> None:
    """The client hears nothing of its COMMIT, and the row is there."""
    connection = connect()
    ask(connection, "BEGIN")
    ask(connection, "INSERT INTO zcrm_proxy.t VALUES (1)")
    proxy.cut_answer("COMMIT")

    with pytest.raises(pymysql.OperationalError):
        connection.commit()

    assert rows(zcrm_mysql_server) == [(1,)]
    assert proxy.cuts == 1


@pytest.mark.usefixtures("table")
def test_only_the_next_write_loses_its_answer(
    zcrm_mysql_server: Server, connect: Connect, proxy: FaultProxy
) -> None:
    """Reading goes on, the next write is done and not answered, and the one after it is answered."""
    connection = connect(autocommit=True)
    proxy.cut_answer(*WRITES)
    assert ask(connection, "SELECT a FROM zcrm_proxy.t") == ()

    with pytest.raises(pymysql.OperationalError):
        ask(connection, "/* why */ insert INTO zcrm_proxy.t VALUES (1)")
    ask(connect(autocommit=True), "INSERT INTO zcrm_proxy.t VALUES (2)")

    assert rows(zcrm_mysql_server) == [(1,), (2,)]


@pytest.mark.usefixtures("table")
def test_a_cut_statement_is_not_done(zcrm_mysql_server: Server, connect: Connect, proxy: FaultProxy) -> None:
    """The statement never reaches the server."""
    connection = connect(autocommit=True)
    proxy.cut_statement("INSERT")

    with pytest.raises(pymysql.OperationalError):
        ask(connection, "INSERT INTO zcrm_proxy.t VALUES (1)")

    assert rows(zcrm_mysql_server) == []


@pytest.mark.usefixtures("table")
def test_an_encrypted_answer_can_be_cut_as_well(
    zcrm_mysql_server: Server, connect: Connect, proxy: FaultProxy
) -> None:
    """Under TLS no word is seen, and what comes next can still lose its answer."""
    connection = connect(autocommit=True, ssl_disabled=False)
    assert ask(connection, "SHOW STATUS LIKE 'Ssl_cipher'")[0][1]
    proxy.cut_answer("INSERT")
    ask(connection, "INSERT INTO zcrm_proxy.t VALUES (1)")
    proxy.cut_answer()

    with pytest.raises(pymysql.OperationalError):
        ask(connection, "INSERT INTO zcrm_proxy.t VALUES (2)")

    assert rows(zcrm_mysql_server) == [(1,), (2,)]


def packet(number: int, body: bytes) -> bytes:
    """A packet of MySQL's protocol."""
    return len(body).to_bytes(3, "little") + bytes([number]) + body


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_statements_are_seen_in_whatever_pieces_they_come(size: int) -> None:
    """A login, statements long and short, and a ping: the words of the statements are found, and no other."""
    data = b"".join(
        [
            packet(1, b"\x03INSERT is in a login"),
            packet(0, b"\x03\n insert into t values ('" + b"COMMIT " * 300 + b"')"),
            packet(0, b"\x0e"),
            packet(0, b"\x03/* DELETE */ (SELECT 1)"),
            packet(0, b"\x03COMMIT"),
        ]
    )
    statements = Statements()

    found = [word for at in range(0, len(data), size) for word in statements.words(data[at : at + size])]

    assert found == ["INSERT", "SELECT", "COMMIT"]
