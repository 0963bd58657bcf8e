"""From where does the MySQL server of a test run come? From the first source that has one.

1. ``ZCRM_TEST_MYSQL_URL``, ``mysql://user:password@host:port``: a server that somebody else runs. When it
   does not answer, that is an error.
2. Docker: a container, through testcontainers; ``containers`` says of which image.
3. A process on this machine: MySQL in the folder that ``ZCRM_TEST_MYSQL_TREE`` names, else ``mysqld`` on the
   path.

``ZCRM_TEST_MYSQL_PROVIDER`` picks one: ``url``, ``docker``, ``process``; or ``mariadb``, which is never used
otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from sqlalchemy import make_url

from zcrm_contract_tests.mysql.server import OwnServer, Server, Unavailable

__all__ = ["PROVIDER", "URL", "find_server", "start_server"]

URL: Final = "ZCRM_TEST_MYSQL_URL"
PROVIDER: Final = "ZCRM_TEST_MYSQL_PROVIDER"
_PORT: Final = 3306


def find_server() -> Server:
    """The server of this test run, from the first source that has one; close it at the end.

    Raises:
        Unavailable: no source has one; the text has the reason of each.
        ValueError: ``ZCRM_TEST_MYSQL_PROVIDER`` names no source.
    """
    url, picked = os.environ.get(URL), _picked()
    if picked == "url" and not url:
        raise Unavailable(f"url: {URL} is not set")
    if url and picked in ("", "url"):
        return _at(url)
    try:
        return start_server()
    except Unavailable as error:
        raise Unavailable(f"url: {URL} is not set; {error}" if not picked else str(error)) from error


def start_server(*options: str, disk: int | None = None) -> OwnServer:
    """Start a server of the test's own, from the first source that can; close it at the end.

    Args:
        options: the server's, for example ``--max-connections=5``; they overrule those that are set here.
        disk: how much space its data have, in MiB; a new server fills about 130. Such a server loses its data
            when it ends. On a full disk it waits for space, for the sake of its binary log; with
            ``--skip-log-bin`` it refuses the statement. No limit when left out.

    Raises:
        Unavailable: no source can; the text has the reason of each.
        ValueError: ``ZCRM_TEST_MYSQL_PROVIDER`` names no source.
    """
    reasons = []
    for name in [_picked()] if _picked() not in ("", "url") else ["docker", "process"]:
        try:
            return _STARTERS[name](options, disk)
        except Unavailable as error:  # noqa: PERF203 - a loop over two
            reasons.append(f"{name}: {error}")
    raise Unavailable("; ".join(reasons))


def _picked() -> str:
    picked = os.environ.get(PROVIDER, "")
    if picked not in ("", "url", *_STARTERS):
        raise ValueError(f"{PROVIDER}={picked}: there are url, {', '.join(_STARTERS)}")
    return picked


def _at(url: str) -> Server:
    parts = make_url(url)
    server = Server(
        parts.host or "127.0.0.1",
        parts.port or _PORT,
        parts.username or "root",
        parts.password or "",
        f"the server at {URL}",
    )
    try:
        server.sql("SELECT 1")
    except BaseException:
        server.close()
        raise
    return server


def _docker(options: tuple[str, ...], disk: int | None) -> OwnServer:
    from zcrm_contract_tests.mysql import containers  # noqa: PLC0415 - loads testcontainers

    return containers.start(options, disk)


def _process(options: tuple[str, ...], disk: int | None) -> OwnServer:
    from zcrm_contract_tests.mysql import processes, programs  # noqa: PLC0415 - not where Docker is

    return processes.start(programs.mysql(), options, disk)


def _mariadb(options: tuple[str, ...], disk: int | None) -> OwnServer:
    from zcrm_contract_tests.mysql import processes, programs  # noqa: PLC0415 - only when it is asked for

    return processes.start(programs.mariadb(), options, disk)


_STARTERS: Final[dict[str, Callable[[tuple[str, ...], int | None], OwnServer]]] = {
    "docker": _docker,
    "process": _process,
    "mariadb": _mariadb,
}
