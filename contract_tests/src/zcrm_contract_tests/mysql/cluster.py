"""What happens to a store when the primary of a cluster fails? Three servers in Docker, as one group.

    with Cluster() as cluster:
        victim = cluster.primary()
        with cluster.killed(victim):
            ...                         # another one becomes the primary
        ...                             # the victim is a member again

The group is MySQL Group Replication with a single primary, on a network of its own.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError

from zcrm_contract_tests.mysql.containers import client, image, labels, sweep_containers
from zcrm_contract_tests.mysql.leftovers import Folder
from zcrm_contract_tests.mysql.ports import free_port
from zcrm_contract_tests.mysql.server import Server, Unavailable

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.models.networks import Network
    from typing_extensions import Self

__all__ = ["Cluster", "Node"]

_SIZE: Final = 3
_GROUP_PORT: Final = 33061
_PATIENCE: Final = 30.0  # seconds for one answer; starting replication is one
_LIMIT: Final = 90.0  # seconds until a change of the group must have happened
_PAUSE: Final = 0.1
_PRIMARY: Final = (
    "SELECT @@GLOBAL.super_read_only = 0 AND COUNT(*) > 0 FROM performance_schema.replication_group_members "
    "WHERE member_id = @@server_uuid AND member_state = 'ONLINE' AND member_role = 'PRIMARY'"
)
_COPIER: Final = (
    "SET sql_log_bin = 0",
    "CREATE USER copier IDENTIFIED BY '{password}'",
    "GRANT REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN, GROUP_REPLICATION_STREAM ON *.* TO copier",
    "SET sql_log_bin = 1",
    """
    CHANGE REPLICATION SOURCE TO SOURCE_USER = 'copier', SOURCE_PASSWORD = '{password}'
    FOR CHANNEL 'group_replication_recovery'
    """,
)


class Node(Server):
    """A server of the cluster.

    Args:
        name: its container's, and its name in the group.
        port: where it listens on the loopback address.
        password: root's.
    """

    def __init__(self, name: str, port: int, password: str) -> None:
        super().__init__("127.0.0.1", port, "root", password, f"cluster, {name}", patience=_PATIENCE)
        self.name = name

    def is_primary(self) -> bool:
        """Whether it takes writes and belongs to the group; not when it does not answer within a second."""
        with Server(self.host, self.port, self.user, self.password, self.source, patience=1) as asked:
            try:
                return asked.sql(_PRIMARY) == [(1,)]
            except DBAPIError:
                return False

    def members(self) -> dict[str, tuple[str, str]]:
        """State and role of each member of the group, by its name, as this node sees them."""
        asked = (
            "SELECT member_host, member_state, member_role FROM performance_schema.replication_group_members"
        )
        return {str(name): (str(state), str(role)) for name, state, role in self.sql(asked)}


class Cluster:
    """Three servers, one of them the primary.

    Raises:
        Unavailable: there is no Docker, or the group does not come together.
    """

    def __init__(self) -> None:
        self.password: Final = secrets.token_hex(8)
        self._folder = Folder()
        self._stack = ExitStack()
        self._stack.callback(self._folder.remove)
        self._boxes: dict[str, Container] = {}
        try:
            self._docker = client()
            self._stack.callback(self._docker.close)
            sweep_containers(self._docker)
            tag = secrets.token_hex(3)
            self.nodes = [Node(f"zcrm-{tag}-{n}", free_port(), self.password) for n in range(_SIZE)]
            self._network: Network = self._docker.networks.create(
                f"zcrm-{tag}", driver="bridge", labels=labels(self._folder)
            )
            self._stack.callback(self._network.remove)
            self._run()
            self._form()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the servers and their network."""
        self._stack.close()

    def url(self, database: str) -> str:
        """The address of all servers together, for ``db_url``."""
        hosts = ",".join(f"{node.host}:{node.port}" for node in self.nodes)
        return f"mysql://root:{self.password}@{hosts}/{database}"

    def primary(self, besides: Node | None = None) -> Node:
        """The node that takes writes; waits for one while the group chooses.

        Args:
            besides: one that failed, which may not know yet that it is the primary no longer.
        """
        found: list[Node] = []

        def chosen() -> bool:
            found[:] = [node for node in self.nodes if node is not besides and node.is_primary()]
            return len(found) == 1

        _until(chosen, "one primary")
        return found[0]

    @contextmanager
    def killed(self, node: Node) -> Iterator[None]:
        """Have a node dead for the length of a ``with`` block, as after a power cut."""
        self._boxes[node.name].kill()
        try:
            yield
        finally:
            self._boxes[node.name].start()
            self._rejoin(node)

    @contextmanager
    def paused(self, node: Node) -> Iterator[None]:
        """Have a node stand still for the length of a ``with`` block."""
        self._boxes[node.name].pause()
        try:
            yield
        finally:
            self._boxes[node.name].unpause()
            self._rejoin(node)

    @contextmanager
    def disconnected(self, node: Node) -> Iterator[None]:
        """Have a node without any network for the length of a ``with`` block."""
        self._network.disconnect(self._boxes[node.name], force=True)
        try:
            yield
        finally:
            self._network.connect(self._boxes[node.name])
            self._boxes[node.name].restart(timeout=1)  # its published port comes back with a start only
            self._rejoin(node)

    @contextmanager
    def cut_off(self, node: Node) -> Iterator[None]:
        """Have a node out of the others' reach, not its clients', for the length of a ``with`` block."""
        self._filter(node, "--append")
        try:
            yield
        finally:
            self._filter(node, "--delete")
            self._rejoin(node)

    def _run(self) -> None:
        group, seeds = str(uuid.uuid4()), ",".join(f"{node.name}:{_GROUP_PORT}" for node in self.nodes)
        for number, node in enumerate(self.nodes, start=1):
            box = self._docker.containers.run(
                image(self._docker),
                detach=True,
                name=node.name,
                hostname=node.name,
                network=self._network.name,
                ports={"3306/tcp": (node.host, node.port)},
                labels=labels(self._folder),
                environment={"MYSQL_ROOT_PASSWORD": self.password},
                command=[
                    f"--server-id={number}",
                    f"--report-host={node.name}",
                    "--gtid-mode=ON",
                    "--enforce-gtid-consistency=ON",
                    "--mysqlx=OFF",
                    "--innodb-buffer-pool-size=32M",
                    "--plugin-load-add=group_replication.so",
                    f"--group-replication-group-name={group}",
                    "--group-replication-start-on-boot=OFF",
                    f"--group-replication-local-address={node.name}:{_GROUP_PORT}",
                    f"--group-replication-group-seeds={seeds}",
                    "--group-replication-recovery-get-public-key=ON",
                    # A silent member is given up at once, so that a test takes seconds.
                    "--group-replication-member-expel-timeout=0",
                    "--group-replication-unreachable-majority-timeout=5",
                ],
            )
            self._boxes[node.name] = box
            self._stack.callback(box.remove, force=True, v=True)
            self._stack.callback(node.close)

    def _form(self) -> None:
        for node in self.nodes:
            node.wait()
            with node.engine.connect() as connection:  # one session: its changes are not replicated
                for statement in _COPIER:
                    connection.exec_driver_sql(statement.format(password=self.password))
        first, *others = self.nodes
        first.sql("SET GLOBAL group_replication_bootstrap_group = ON")
        first.sql("START GROUP_REPLICATION")
        first.sql("SET GLOBAL group_replication_bootstrap_group = OFF")
        for node in others:
            node.sql("START GROUP_REPLICATION")
        for node in self.nodes:
            self._wait_for_all(node)

    def _rejoin(self, node: Node) -> None:
        """Make a node a member again, after it was none for a while."""
        node.engine.dispose()
        node.wait()

        def joins() -> bool:
            if node.members().get(node.name, ("", ""))[0] in ("ONLINE", "RECOVERING"):
                return True
            try:
                node.sql("STOP GROUP_REPLICATION")
                node.sql("START GROUP_REPLICATION")
            except DBAPIError:
                return False  # the others have not given it up yet
            return True

        # It may still believe that it is a member; the others decide.
        time.sleep(_PAUSE)
        _until(joins, f"{node.name} joining")
        for one in self.nodes:
            self._wait_for_all(one)

    def _wait_for_all(self, node: Node) -> None:
        _until(
            lambda: [state for state, _ in node.members().values()] == ["ONLINE"] * _SIZE,
            f"all members at {node.name}",
        )

    def _filter(self, node: Node, change: str) -> None:
        """Drop the group's packets at a node, or no longer."""
        if not shutil.which("nsenter") or not shutil.which("iptables"):
            raise Unavailable("cutting a node off needs Linux' nsenter and iptables, and root")
        box = self._boxes[node.name]
        box.reload()
        inside = ["nsenter", "--net", "--target", str(box.attrs["State"]["Pid"]), "iptables", change]
        for chain in ("INPUT", "OUTPUT"):
            for end in ("--sport", "--dport"):
                rule = [chain, "--protocol", "tcp", end, str(_GROUP_PORT), "--jump", "DROP"]
                subprocess.run([*inside, *rule], check=True, capture_output=True)  # noqa: S603 - fixed arguments


def _until(good: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _LIMIT
    while not _holds(good):
        if time.monotonic() > end:
            raise Unavailable(f"no {what} within {_LIMIT:.0f} s")
        time.sleep(_PAUSE)


def _holds(good: Callable[[], bool]) -> bool:
    try:
        return good()
    except DBAPIError:
        return False
