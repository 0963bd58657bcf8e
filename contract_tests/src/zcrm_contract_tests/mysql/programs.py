"""Which server program is on this machine, and how does it get a data folder?"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from zcrm_contract_tests.mysql.server import Unavailable

__all__ = ["TREE", "Program", "as_user", "mariadb", "mysql"]

TREE: Final = "ZCRM_TEST_MYSQL_TREE"
_FACTS: Final = "etc/zcrm-mysql"
_SMALL: Final = ("--performance-schema=OFF", "--innodb-buffer-pool-size=32M", "--skip-name-resolve")
_SMALL_MYSQL: Final = (
    *_SMALL,
    "--mysqlx=OFF",
    "--secure-file-priv=NULL",
    "--innodb-redo-log-capacity=32M",
    "--innodb-numa-interleave=OFF",
)


@dataclass(frozen=True, slots=True)
class Program:
    """A server program.

    Args:
        name: for a person.
        command: the program and its options, but those that say where it works and listens.
        fill: makes a data folder in which root has no password.
    """

    name: str
    command: tuple[str, ...]
    fill: Callable[[Path], None]


def as_user() -> list[str]:
    """The option without which no server runs as root."""
    return ["--user=root"] if os.geteuid() == 0 else []


def mysql() -> Program:
    """MySQL: of an unpacked tree, else of this machine.

    Raises:
        Unavailable: there is neither.
    """
    if tree := os.environ.get(TREE):
        return _unpacked(Path(tree))
    program = _found("mysqld")
    if program is None or "MariaDB" in _output([program, "--version"]):
        raise Unavailable(f"{TREE} is not set, and this machine has no mysqld")
    command = (program, "--no-defaults", *_SMALL_MYSQL)
    return Program(f"process, {program}", command, partial(_initialise, command))


def mariadb() -> Program:
    """MariaDB of this machine, with the character set of Debian's configuration.

    Raises:
        Unavailable: it is not here.
    """
    program, installer = _found("mariadbd"), _found("mariadb-install-db")
    if program is None or installer is None:
        raise Unavailable(
            "this machine has no mariadbd (Debian: apt-get install mariadb-server-core mariadb-client-core)"
        )
    sets = ("--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci")
    return Program(
        f"process, {program}", (program, "--no-defaults", *_SMALL, *sets), partial(_install, installer)
    )


def _unpacked(tree: Path) -> Program:
    try:
        facts = dict(line.split("=", 1) for line in (tree / _FACTS).read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise Unavailable(f"{TREE}={tree} is no tree of scripts/mysql_tree.sh: {error.strerror}") from error
    # The machine's own loader may be older than the one that this server needs.
    command = (
        str(tree / facts["loader"]),
        "--library-path",
        str(tree / facts["libs"]),
        str(tree / "usr/sbin/mysqld"),
        "--no-defaults",
        f"--lc-messages-dir={tree}/usr/share/mysql",
        f"--plugin-dir={tree}/usr/lib/mysql/plugin",
        *_SMALL_MYSQL,
    )
    return Program(f"process, {tree}", command, lambda data: _copied(tree / "usr/lib/mysql/template", data))


def _copied(template: Path, data: Path) -> None:
    shutil.copytree(template, data)


def _initialise(command: tuple[str, ...], data: Path) -> None:
    _output([*command, *as_user(), "--initialize-insecure", f"--datadir={data}"])


def _install(installer: str, data: Path) -> None:
    options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    _output([installer, "--no-defaults", *as_user(), *options, f"--datadir={data}"])


def _found(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - a program found by name
    if done.returncode:
        raise Unavailable(
            f"{command[0]} ended with {done.returncode}: {done.stderr[-400:] or done.stdout[-400:]}"
        )
    return done.stdout
