"""How does a MySQL server in a container come and go? Through testcontainers.

The image is ``ZCRM_TEST_MYSQL_IMAGE``; else ``zcrm-mysql:9.7`` where a machine without a registry has made
one; else ``mysql:9.7``, which is pulled.
"""

from __future__ import annotations

import io
import os
import secrets
import socket
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import OperationalError

from zcrm_contract_tests.mysql.leftovers import Folder, abandoned, sweep
from zcrm_contract_tests.mysql.passwords import hostile_password, quoted
from zcrm_contract_tests.mysql.ports import free_port
from zcrm_contract_tests.mysql.server import ACCESS_DENIED, OwnServer, Server, Unavailable

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

__all__ = ["client", "image", "labels", "start", "sweep_containers"]

_LABEL: Final = "zcrm.test"  # its value is the run's locked folder
_HOST_LABEL: Final = "zcrm.test.host"
_OWN_IMAGE: Final = "zcrm-mysql:9.7"
_VENDOR_IMAGE: Final = "mysql:9.7"
_SOCKET: Final = "unix:///var/run/docker.sock"
_DATA: Final = "/var/lib/mysql"
_FILES: Final = "/var/lib/mysql-files"
_PORT: Final = 3306
_STOP: Final = 30  # seconds for an end in order
_ATTEMPTS: Final = 3  # at a port that somebody else takes first
_SMALL: Final = ("--mysqlx=OFF", "--performance-schema=OFF", "--innodb-buffer-pool-size=32M")


def _settle() -> None:
    """Set what testcontainers reads when it is imported, unless somebody has set it."""
    # Its helper for leftovers is an image to be pulled; ``leftovers`` does without.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    if not {"TC_MAX_TRIES", "TC_POOLING_INTERVAL"} & set(os.environ):
        os.environ.update(
            TC_POOLING_INTERVAL="0.05", TC_MAX_TRIES="2400"
        )  # their product is the time allowed
    if _is_local():
        # Inside a container it would give the bridge's address, where nothing is published.
        os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
        os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")


def _is_local() -> bool:
    return os.environ.get("DOCKER_HOST", _SOCKET).startswith("unix:")


def client() -> DockerClient:
    """A client of a daemon that answers; close it.

    Raises:
        Unavailable: there is none, or the extra ``[mysql]`` is not installed.
    """
    try:
        import docker  # noqa: PLC0415 - part of an extra
    except ImportError as error:
        raise Unavailable(f"{error.name} is not installed; zcrm-contract-tests[mysql] brings it") from error
    where = os.environ.get("DOCKER_HOST", _SOCKET)
    if where.startswith("unix:"):
        # Docker's own client leaks a socket when nobody is there.
        with socket.socket(socket.AF_UNIX) as knock:
            try:
                knock.connect(where.removeprefix("unix:").replace("//", "", 1))
            except OSError as error:
                raise Unavailable(f"no Docker daemon at {where}: {error.strerror}") from error
    found = docker.from_env(timeout=60)
    try:
        found.ping()
    except Exception as error:
        found.close()
        raise Unavailable(f"the Docker daemon at {where} does not answer: {error}") from error
    return found


def image(docker: DockerClient) -> str:
    """The name of the image to use; it may have to be pulled."""
    from docker.errors import ImageNotFound  # noqa: PLC0415 - part of an extra

    if named := os.environ.get("ZCRM_TEST_MYSQL_IMAGE"):
        return named
    with suppress(ImageNotFound):
        docker.images.get(_OWN_IMAGE)
        return _OWN_IMAGE
    return _VENDOR_IMAGE


def labels(folder: Folder) -> dict[str, str]:
    """The labels by which a later run knows what is left over."""
    return {_LABEL: str(folder.path), _HOST_LABEL: socket.gethostname()}


def sweep_containers(docker: DockerClient) -> None:
    """Remove the containers, networks and folders that killed runs on this machine left."""
    from docker.errors import APIError  # noqa: PLC0415 - part of an extra

    mine: dict[str, str | list[str] | bool] = {"label": [_LABEL, f"{_HOST_LABEL}={socket.gethostname()}"]}
    for container in docker.containers.list(all=True, filters=mine, ignore_removed=True):
        if abandoned(Path(container.labels[_LABEL])):
            with suppress(APIError):  # another run has swept it
                container.remove(force=True, v=True)
    for network in docker.networks.list(filters=mine):
        if abandoned(Path(network.attrs["Labels"][_LABEL])):
            with suppress(APIError):
                network.remove()
    sweep()


def start(options: tuple[str, ...], disk: int | None) -> OwnServer:
    """Start a container; ``sources.start_server`` says the rest."""
    _settle()
    try:
        import testcontainers.community.mysql  # noqa: F401, PLC0415 - part of an extra
    except ImportError as error:
        raise Unavailable(f"{error.name} is not installed; zcrm-contract-tests[mysql] brings it") from error
    docker = client()
    try:
        name = image(docker)
        sweep_containers(docker)
    finally:
        docker.close()
    for attempt in range(_ATTEMPTS):
        folder = Folder()
        server = _Container(name, folder, options, disk)
        try:
            server.launch()
        except BaseException as error:
            server.close()
            if "address already in use" in str(error) and attempt + 1 < _ATTEMPTS:
                continue
            if isinstance(error, Unavailable) or not isinstance(error, Exception):
                raise
            raise Unavailable(f"{name} does not start: {_short(error)}") from error
        return server
    raise AssertionError("the last attempt returns or raises")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


class _Container(OwnServer):
    """A server in a container."""

    def __init__(self, name: str, folder: Folder, options: tuple[str, ...], disk: int | None) -> None:
        from testcontainers.community.mysql import MySqlContainer  # noqa: PLC0415 - part of an extra

        super().__init__("127.0.0.1", free_port(), "root", hostile_password(), f"docker, {name}")
        self._folder = folder
        # The vendor's image cannot start with a password that has a quote in it; it is changed afterwards.
        self._first_password = secrets.token_hex(8)
        self._box = MySqlContainer(
            name,
            dialect="pymysql",
            username="root",
            password=self._first_password,
            wait_strategy_check_string="",  # its own wait does not notice a server that ends; ours does
            labels=labels(folder),
            command=[*_SMALL, *options],
        )
        # A port of our choice: Docker's own choice is another one after a restart.
        self._box.ports[str(_PORT)] = ("127.0.0.1", self.port) if _is_local() else self.port  # type: ignore[assignment]
        if disk is not None:
            self._box.with_tmpfs_mount(_DATA, f"size={disk}m")

    @property
    def _raw(self) -> Container:
        return self._box.get_wrapped_container()

    def launch(self) -> None:
        """Start for the first time."""
        self._box.start()
        self.host = self._box.get_container_host_ip()
        self._let_in()

    def _let_in(self) -> None:
        """Wait for the server, and give it its password; one without a disk has forgotten it."""
        try:
            self.wait()
        except Unavailable as error:
            refused = error.__cause__
            number = refused.orig.args[0] if isinstance(refused, OperationalError) and refused.orig else None
            if number != ACCESS_DENIED:
                raise
            with Server(self.host, self.port, self.user, self._first_password, self.source) as before:
                before.sql(f"ALTER USER 'root'@'%' IDENTIFIED BY {quoted(self.password)}".replace(":", "\\:"))
            self.wait()

    def _ended(self) -> str:
        self._raw.reload()
        if self._raw.status in ("running", "created", "restarting"):
            return ""
        return f"it ended: {self._raw.logs(tail=5).decode(errors='replace')}"

    def kill(self) -> None:
        self._raw.kill()
        self._raw.wait()
        self.engine.dispose()

    def stop(self) -> None:
        self._raw.stop(timeout=_STOP)
        self.engine.dispose()

    def start(self) -> None:
        self._raw.start()
        self._let_in()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self._raw.pause()
        try:
            yield
        finally:
            self._raw.unpause()

    def place(self, file: Path) -> str:
        name = f"{secrets.token_hex(4)}-{file.name}"
        content = file.read_bytes()
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o444
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.addfile(entry, io.BytesIO(content))
        self._raw.put_archive(_FILES, packed.getvalue())
        return f"{_FILES}/{name}"

    def close(self) -> None:
        super().close()
        self._box.stop()
        self._folder.remove()
