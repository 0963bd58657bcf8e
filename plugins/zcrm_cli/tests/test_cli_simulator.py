"""Does `zcrm simulator` run a Zoho for other programs, and give out grant tokens?"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zcrm_core import Client
from zcrm_simulator import Simulator

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def served(tmp_path: Path, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """`zcrm simulator serve` in a process of its own, and the lines that it has written."""
    with subprocess.Popen(
        [sys.executable, "-m", "zcrm_cli", "simulator", "serve"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        patience = threading.Timer(30, process.kill)
        patience.start()
        while not lines or not lines[-1].startswith("Other ways"):
            line = process.stdout.readline()
            assert line, f"it ended, or said nothing more for 30 s, after {lines}"
            lines.append(line.rstrip("\n"))
        patience.cancel()
        yield process, lines
        process.kill()


def test_the_printed_way_works_as_printed(
    served: tuple[subprocess.Popen[str], list[str]], run: Run, tmp_path: Path
) -> None:
    """The printed configuration, the printed grant command and `zcrm login` lead to the organisation."""
    _, lines = served
    (tmp_path / "zcrm.toml").write_text("\n".join(line for line in lines if " = " in line), encoding="utf-8")
    (command,) = [line.split() for line in lines if "grant --url" in line]

    granted = run(*command[1 : command.index("|")])
    done = run("login", given=granted.stdout)

    assert done.returncode == 0, done.stderr
    with Client.from_file(tmp_path / "zcrm.toml") as client:
        assert client.org.get().company_name == "Hollowbrook Trading"


def test_the_client_itself_logs_in_as_printed(
    served: tuple[subprocess.Popen[str], list[str]], run: Run, tmp_path: Path
) -> None:
    """The printed configuration is enough for `zcrm login --client`, and the token is renewed by itself."""
    _, lines = served
    (tmp_path / "zcrm.toml").write_text("\n".join(line for line in lines if " = " in line), encoding="utf-8")
    assert "--client" in lines[-1]

    done = run("login", "--client")

    assert done.returncode == 0, done.stderr
    assert "renewed for ZohoCRM." in done.stdout
    assert "Hollowbrook Trading" in run("whoami").stdout
    [row] = [line for line in run("token", "list").stdout.splitlines() if "@" in line]
    assert "yes" in row.split()


@pytest.mark.parametrize(("wanted", "expected"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_ends_cleanly(
    served: tuple[subprocess.Popen[str], list[str]], wanted: signal.Signals, expected: int
) -> None:
    """Ctrl-C and a termination end it at once, without a traceback."""
    process, _ = served

    process.send_signal(wanted)

    assert process.wait() == expected
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_a_taken_port_is_told(run: Run) -> None:
    """A port in use is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = run("simulator", "serve", "--port", str(port))

    assert done.returncode == 1
    assert f"port {port}" in done.stderr


def test_a_grant_is_for_the_user_and_scopes_named(run: Run, zoho: Simulator, tmp_path: Path) -> None:
    """--user and --scope go into the grant token."""
    email = zoho.users[2].email

    done = run("simulator", "grant", "--url", zoho.url, "--user", email, "--scope", "AaaServer.profile.READ")

    with Client(zoho.config() | {"token_persistence_path": str(tmp_path / "tokens")}) as client:
        token = client.oauth.generate_access_token(done.stdout)
    assert (token.user_identifier, token.scope) == (email, "AaaServer.profile.READ")


def test_an_unknown_user_is_told(run: Run, zoho: Simulator) -> None:
    """The simulator's reason reaches the reader."""
    done = run("simulator", "grant", "--url", zoho.url, "--user", "nobody@hollowbrook.example")

    assert done.returncode == 1
    assert "no such user" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "url", ["http://crm.example.com", "https://127.0.0.1:1", "file:///etc/passwd", "x", "http://[::1"]
)
def test_only_a_loopback_address_is_asked(run: Run, url: str) -> None:
    """An address that cannot be a simulator's is refused before any call."""
    done = run("simulator", "grant", "--url", url)

    assert done.returncode == 1
    assert "is not the address of a simulator" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n[1]",
        b'HTTP/1.0 200 OK\r\n\r\n{"code": null}',
        b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"HTTP/1.0 404 Not Found\r\nContent-Length: 99\r\n\r\n<html>",
        b"",
    ],
    ids=["no http", "no code", "a list", "null", "cut off", "another page", "nothing"],
)
def test_another_server_is_no_simulator(run: Run, answer: bytes) -> None:
    """Whatever else listens there, the command says that it is no simulator, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reply() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        done = run("simulator", "grant", "--url", url)
        thread.join()

    assert done.returncode == 1
    assert f"No simulator answers at {url}." in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_simulator_that_is_not_there_is_told(run: Run, zoho: Simulator) -> None:
    """Where nothing listens the command says how to start one."""
    zoho.stop()

    done = run("simulator", "grant", "--url", zoho.url)

    assert done.returncode == 1
    assert "zcrm simulator serve" in done.stderr
