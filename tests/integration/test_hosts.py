"""Do workers on several hosts, which share nothing but a MySQL server, refresh a token once between them?

Each host is a network namespace with a file system of its own for files. The tests make them, so they need
root; where the machine does not allow it they are skipped.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from zcrm_core import Client
from zcrm_simulator import Limits, Simulator

HERE = Path(__file__).parent
HOSTS, PROCESSES, THREADS, ROUNDS = 3, 2, 4, 3
NET = f"10.213.{secrets.randbelow(256)}"
"""Where the hosts are; another run on this machine has others."""
PRIVATE = 'mount -t tmpfs none "$1" && cd "$1" && export HOME="$1" TMPDIR="$1" && shift && exec "$@"'
"""What a host does before its program: have a place for files that no other host sees, and go there."""


class Host:
    """A network namespace, joined to this machine by a cable of its own."""

    def __init__(self, number: int, place: Path, opened: ExitStack) -> None:
        self._place = str(place)
        self.name = f"zcrm-{secrets.token_hex(3)}"
        self.ours, self.theirs = f"{NET}.{4 * number + 1}", f"{NET}.{4 * number + 2}"
        cable, end = f"zc{secrets.token_hex(3)}", f"zc{secrets.token_hex(3)}"
        ip("netns", "add", self.name)
        opened.callback(ip, "netns", "del", self.name)  # the cable goes with it
        ip("link", "add", cable, "type", "veth", "peer", "name", end, "netns", self.name)
        ip("addr", "add", f"{self.ours}/30", "dev", cable)
        ip("link", "set", cable, "up")
        self.run("ip", "addr", "add", f"{self.theirs}/30", "dev", end)
        self.run("ip", "link", "set", end, "up")
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *words: str) -> list[str]:
        """A command as it runs on this host."""
        return ["ip", "netns", "exec", self.name, *words]

    def program(self, *words: str) -> list[str]:
        """A command as it runs on this host with files of the host's own."""
        return self.command("unshare", "--mount", "sh", "-c", PRIVATE, "-", self._place, *words)

    def run(self, *words: str) -> None:
        """Run a command on this host."""
        subprocess.run(self.command(*words), check=True, capture_output=True)


def ip(*words: str) -> None:
    """Run the command ip."""
    subprocess.run(["/usr/bin/env", "ip", *words], check=True, capture_output=True)


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the end of the block, from the moment on at which it has said something."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline(), f"{command} did not start"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def hosts(real: Any, tmp_path: Path) -> Iterator[list[Host]]:
    """Several hosts."""
    real.program("ip", "iproute2")
    real.program("unshare", "util-linux")
    with ExitStack() as opened:
        try:
            made = [Host(number, tmp_path, opened) for number in range(HOSTS)]
            subprocess.run(made[0].program("true"), check=True, capture_output=True)
        except (subprocess.CalledProcessError, PermissionError) as error:
            why = (getattr(error, "stderr", None) or str(error).encode()).decode().strip()
            pytest.skip(f"this machine allows no network namespaces: {why}")
        yield made


@pytest.mark.timeout(120)
def test_hosts_that_share_a_mysql_server_refresh_once(
    hosts: list[Host], request: pytest.FixtureRequest, zcrm_simulator: Simulator
) -> None:
    """Three hosts with two processes of four threads each and one expired token: one refresh, no error."""
    keys: dict[str, Any] = request.getfixturevalue("mysql_keys")
    zcrm_simulator.limits = Limits(refreshes=1_000, concurrency=100)
    config = {**zcrm_simulator.config(), "current_user_email": zcrm_simulator.users[0].email, **keys}
    zoho, mysql = urlsplit(zcrm_simulator.url).port, keys["db_port"]
    python, relay, worker = sys.executable, str(HERE / "forked/relay.py"), str(HERE / "refresh_worker.py")
    with ExitStack() as opened:
        client = opened.enter_context(Client(config))
        client.oauth.generate_access_token(
            zcrm_simulator.grant_token(["ZohoCRM.org.ALL", "AaaServer.profile.READ"])
        )
        workers: list[subprocess.Popen[str]] = []
        for host in hosts:
            # The simulator and the server listen on this machine's loopback address alone.
            outside = [f"{host.ours}:7001=127.0.0.1:{zoho}", f"{host.ours}:7002={keys['db_host']}:{mysql}"]
            inside = [f"127.0.0.1:{zoho}={host.ours}:7001", f"127.0.0.1:7002={host.ours}:7002"]
            opened.enter_context(running([python, relay, *outside]))
            opened.enter_context(running(host.command(python, relay, *inside)))
            theirs = json.dumps({**config, "db_host": "127.0.0.1", "db_port": 7002, "max_retries": 0})
            workers += [
                opened.enter_context(running(host.program(python, worker, theirs))) for _ in range(PROCESSES)
            ]
        for number in range(ROUNDS):
            token = client.tokens.fetch()
            assert token is not None
            client.tokens.save(replace(token, expiry_time=1))
            everybody(workers, do="renew")
            told = everybody(workers, do="call", threads=THREADS, start=time.monotonic() + 0.3)
            errors = [error for one in told for error in one["errors"]]

            assert errors == []
            assert sum(one["answers"] for one in told) == HOSTS * PROCESSES * THREADS
            assert zcrm_simulator.counters.refreshes == number + 1


def everybody(workers: list[subprocess.Popen[str]], **order: object) -> list[dict[str, Any]]:
    """Give all workers an order, and wait for all answers; the hosts share one steady clock."""
    for process in workers:
        assert process.stdin is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
    return [json.loads((process.stdout or sys.stdin).readline()) for process in workers]


def test_hosts_share_no_files(hosts: list[Host], tmp_path: Path) -> None:
    """What one host writes no other host sees: a token file would not be shared."""
    for host in hosts:
        script = "test ! -e seen && echo secret > seen && test -s seen"
        subprocess.run(host.program("sh", "-c", script), check=True)

    assert list(tmp_path.iterdir()) == []
