"""How does a MySQL server come and go as a process of this machine?"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from zcrm_contract_tests.mysql.leftovers import Folder, sweep
from zcrm_contract_tests.mysql.passwords import hostile_password, quoted
from zcrm_contract_tests.mysql.ports import free_port
from zcrm_contract_tests.mysql.programs import Program, as_user
from zcrm_contract_tests.mysql.server import OwnServer, Unavailable

__all__ = ["start"]

_PAUSE: Final = 0.002
_TAIL: Final = 800  # characters of a log that an error shows
_ON_A_SMALL_DISK: Final = (
    'mount -t tmpfs -o "size=$1m" zcrm "$2" && cp -a "$3/." "$2" && shift 3 && exec "$@"'
)


def start(program: Program, options: tuple[str, ...], disk: int | None) -> OwnServer:
    """Start a process; ``sources.start_server`` says the rest."""
    sweep()
    folder = Folder()
    server = _Process(program, folder, options, disk)
    try:
        program.fill(folder.path / ("data" if disk is None else "seed"))
        server.launch()
    except BaseException:
        server.close()
        raise
    return server


class _Process(OwnServer):
    """A server as a process, which ends with this one."""

    def __init__(self, program: Program, folder: Folder, options: tuple[str, ...], disk: int | None) -> None:
        super().__init__("127.0.0.1", free_port(), "root", hostile_password(), program.name)
        self._folder = folder
        self._disk = disk
        place = folder.path
        self._log = place / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            *self._before(),
            *program.command,
            f"--datadir={place}/data",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={place}/s",
            f"--pid-file={place}/pid",
            *(["--user=root"] if disk is not None else as_user()),
            *options,
        ]
        password = quoted(self.password)
        self._accounts = place / "accounts.sql"
        self._accounts.touch(0o600)
        # MariaDB makes accounts without a password for the addresses; they would be asked first.
        self._accounts.write_text(
            f"ALTER USER 'root'@'localhost' IDENTIFIED BY {password};\n"
            "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';\n"
            f"CREATE USER 'root'@'%' IDENTIFIED BY {password};\n"
            "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;\n",
            encoding="utf-8",
        )

    def _before(self) -> list[str]:
        """What goes before the program: it has a disk of its own, and it ends with this process."""
        leash = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
        if self._disk is None:
            return leash
        if not shutil.which("unshare"):
            raise Unavailable("a small disk needs Linux' unshare")
        data, seed = self._folder.path / "data", self._folder.path / "seed"
        data.mkdir()
        become = ["--map-root-user"] if os.geteuid() else []
        mount = ["sh", "-c", _ON_A_SMALL_DISK, "sh", str(self._disk), str(data), str(seed)]
        return ["unshare", "--mount", *become, *mount, *leash]

    def launch(self) -> None:
        """Start with data that know no password yet."""
        self._run(f"--init-file={self._accounts}")

    def start(self) -> None:
        if self._disk is None:
            self._run()
        else:
            self.launch()

    def _run(self, *more: str) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the tests' own server
                [*self._command, *more], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.wait()

    def _ended(self) -> str:
        if self._process is None or self._process.poll() is None:
            return ""
        return f"it ended: {self._log.read_text(encoding='utf-8', errors='replace')[-_TAIL:]}"

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
        self.engine.dispose()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        if self._process is None:
            raise Unavailable("the server does not run")
        tasks = Path(f"/proc/{self._process.pid}/task")
        self._process.send_signal(signal.SIGSTOP)
        try:
            # The signal only asks: a thread may still answer until it stands.
            while any(_state(task) not in "Tt" for task in tasks.iterdir()):
                time.sleep(_PAUSE)
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def place(self, file: Path) -> str:
        copy = self._folder.path / f"{secrets.token_hex(4)}-{file.name}"
        shutil.copyfile(file, copy)
        return str(copy)

    def close(self) -> None:
        self.kill()
        self._folder.remove()


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]
