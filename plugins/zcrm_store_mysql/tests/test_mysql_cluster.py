"""Does a client lose a token when the primary of its cluster fails? Opt-in: `tox -e cluster`."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from zcrm_contract_tests.mysql.cluster import Cluster, Node
from zcrm_core import Config, Token, TokenKey
from zcrm_store_mysql.plugin import MySQLStorePlugin

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

PROCESSES = 8
SAVER = Path(__file__).parent / "saver.py"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three servers; a missing Docker is an error here, for the test was asked for."""
    with Cluster() as found:
        yield found


def config_of(cluster: Cluster) -> dict[str, object]:
    """A configuration of a new database on all servers of the cluster."""
    database = f"zcrm_{secrets.token_hex(4)}"
    return {
        "client_id": "1000.C",
        "client_secret": "s",
        "db_url": cluster.url(database),
        "timeout": 60,
    }


class Savers:
    """Processes that save tokens of one user each."""

    def __init__(self, config: dict[str, object], folder: Path) -> None:
        self.files = {f"user{n}@example.com": folder / f"saved{n}" for n in range(PROCESSES)}
        self._processes = []
        for user, file in self.files.items():
            process = subprocess.Popen([sys.executable, str(SAVER)], stdin=subprocess.PIPE, text=True)
            assert process.stdin is not None
            json.dump({"config": config, "user": user, "file": str(file)}, process.stdin)
            process.stdin.close()
            self._processes.append(process)

    def lines(self) -> dict[str, list[str]]:
        """What each has written down, whole lines only."""
        return {
            user: file.read_text(encoding="utf-8").rpartition("\n")[0].splitlines() if file.exists() else []
            for user, file in self.files.items()
        }

    def wait_for_more(self, saves: int) -> None:
        """Wait until each has that many further saves acknowledged."""
        before = {user: len(found) for user, found in self.lines().items()}
        end = time.monotonic() + 90
        while any(len(found) < before[user] + saves for user, found in self.lines().items()):
            assert time.monotonic() < end, "some process saves no more"
            assert [process.poll() for process in self._processes] == [None] * PROCESSES
            time.sleep(0.05)

    def end(self) -> None:
        """End all of them at once."""
        for process in self._processes:
            process.kill()
            process.wait()


def killed(cluster: Cluster, node: Node) -> AbstractContextManager[None]:
    """Its machine loses power."""
    return cluster.killed(node)


def paused(cluster: Cluster, node: Node) -> AbstractContextManager[None]:
    """Its machine stands still."""
    return cluster.paused(node)


def disconnected(cluster: Cluster, node: Node) -> AbstractContextManager[None]:
    """It loses its network."""
    return cluster.disconnected(node)


def cut_off(cluster: Cluster, node: Node) -> AbstractContextManager[None]:
    """The other servers lose it, its clients do not."""
    return cluster.cut_off(node)


@pytest.mark.parametrize("fault", [killed, paused, disconnected, cut_off])
def test_no_acknowledged_save_is_lost(
    cluster: Cluster, tmp_path: Path, fault: Callable[[Cluster, Node], AbstractContextManager[None]]
) -> None:
    """Eight processes save while the primary fails: no error, no lost token, and all find the new primary."""
    config = config_of(cluster)
    plugin, reader = MySQLStorePlugin(), Config(config, plugin_keys=MySQLStorePlugin.config_keys)
    assert plugin.fetch(reader, TokenKey("nobody", "1000.C", "production")) is None  # the table is there
    savers = Savers(config, tmp_path)
    try:
        savers.wait_for_more(20)
        victim = cluster.primary()
        with fault(cluster, victim):
            new = cluster.primary(besides=victim)
            savers.wait_for_more(20)
            savers.end()
            stored = new.sql(
                "SELECT useridentifier, expirytime FROM oauthtokens", str(config["db_url"]).rpartition("/")[2]
            )
    finally:
        savers.end()

    said = savers.lines()
    assert [line for found in said.values() for line in found if not line.isdecimal()] == []
    acknowledged = {user: int(found[-1]) for user, found in said.items()}
    assert set(acknowledged) == {user for user, _ in stored}
    assert {user: number for user, number in stored if int(str(number)) < acknowledged[str(user)]} == {}


def test_a_client_that_only_reads_leaves_the_old_primary(cluster: Cluster) -> None:
    """Once the cut-off primary refuses to write, a client connected to it fetches from the new one."""
    config = Config(config_of(cluster), plugin_keys=MySQLStorePlugin.config_keys)
    key = TokenKey("a@example.com", "1000.C", "production")
    reader, writer = MySQLStorePlugin(), MySQLStorePlugin()
    assert reader.fetch(config, key) is None
    victim = cluster.primary()
    with cluster.cut_off(victim):
        cluster.primary(besides=victim)
        writer.save(config, key, Token("a@example.com", "new", None, 1), None)
        end = time.monotonic() + 30
        while victim.sql("SELECT @@GLOBAL.super_read_only") != [(1,)]:
            assert time.monotonic() < end
            time.sleep(0.1)

        assert reader.fetch(config, key) is not None
