"""How do pytest's tests get a MySQL server, and what does a run say of tests that got none?

This module is loaded in every run of pytest, so it imports nothing that a run without MySQL can do without.

A test is a MySQL test when it has the fixture ``zcrm_mysql_server`` (perhaps through another one) or the mark
``zcrm_mysql``. Without a server such a test is skipped, and one line at the end of the run says so. Where
``CI`` is set, or ``ZCRM_TEST_MYSQL_REQUIRED=1``, it fails instead, and so does a MySQL test that is skipped
for any other reason.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from zcrm_contract_tests.mysql.server import Server

__all__ = ["forbid_skip", "is_required"]

_FIXTURE: Final = "zcrm_mysql_server"
_MARK: Final = "zcrm_mysql"
_PROPERTY: Final = "zcrm_mysql"
_REQUIRED: Final = "ZCRM_TEST_MYSQL_REQUIRED"
_NONE: Final = "no MySQL server: "
_SOURCE: Final = pytest.StashKey[str]()
# What the contract suite has to say of a promise by skipping its test. It decides that, not a test's author.
_VERDICTS: Final = ("not promised", "not checked", "not decided")


def is_required() -> bool:
    """Whether a missing server is a failure."""
    return os.environ.get(_REQUIRED, os.environ.get("CI", "")).lower() not in ("", "0", "false")


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark, and make ready to count."""
    config.addinivalue_line("markers", f"{_MARK}: needs a MySQL server; in CI it may not be skipped")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Counter(), "zcrm-mysql-counter")


@pytest.fixture(scope="session")
def zcrm_mysql_server(request: pytest.FixtureRequest) -> Generator[Server, None, None]:
    """A real MySQL server, the same for all tests of this process; ``sources`` says where it comes from."""
    try:
        # With the extra [mysql] not installed, there is no server either.
        from zcrm_contract_tests.mysql.sources import find_server  # noqa: PLC0415 - loads SQLAlchemy
    except ModuleNotFoundError as error:
        _give_up(f"{error.name} is not installed; zcrm-contract-tests[mysql] brings it")
    from zcrm_contract_tests.mysql.server import Unavailable  # noqa: PLC0415 - loads SQLAlchemy

    try:
        server = find_server()
    except Unavailable as error:
        _give_up(str(error))
    with server:
        request.config.stash[_SOURCE] = f"{server.version} ({server.source})"
        yield server


def _give_up(why: str) -> NoReturn:
    if is_required():
        pytest.fail(_NONE + why, pytrace=False)
    pytest.skip(_NONE + why)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Turn a skip that may not be into a failure, and note the server that a test had."""
    report = yield
    if item.get_closest_marker(_MARK) or _FIXTURE in getattr(item, "fixturenames", ()):
        forbid_skip(report)
        if report.skipped and isinstance(report.longrepr, tuple) and _NONE in report.longrepr[2]:
            # pytest's list of skips has one line for each place.
            report.longrepr = (__file__, 1, report.longrepr[2])
        if report.when == "call" and _SOURCE in item.config.stash:
            report.user_properties.append((_PROPERTY, item.config.stash[_SOURCE]))
    return report


def forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a report of a skip one of a failure, where a server is required.

    Args:
        report: of a test, or of a module that was left out while it was collected; an expected failure, and a
            promise that the contract suite has a verdict on, stay as they are.
    """
    if not is_required() or not report.skipped or hasattr(report, "wasxfail"):
        return
    told = [value for name, value in getattr(report, "user_properties", ()) if name == "zcrm_contract"]
    if told and told[0]["outcome"]["verdict"] in _VERDICTS:
        return
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"A MySQL test may not be skipped where CI or {_REQUIRED} is set: {why}"


class _Counter:
    """Counts the MySQL tests that ran, and those that did not, in this process and in distributed ones."""

    def __init__(self) -> None:
        self._ran: dict[str, int] = {}
        self._skipped: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one test."""
        for name, value in report.user_properties:
            if name == _PROPERTY:
                self._ran[str(value)] = self._ran.get(str(value), 0) + 1
        if report.skipped and isinstance(report.longrepr, tuple):
            _, found, why = report.longrepr[2].partition(_NONE)
            if found:
                self._skipped[why] = self._skipped.get(why, 0) + 1

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> Generator[None, None, None]:
        """Say it, below everything but pytest's own last line."""
        yield
        for server, count in self._ran.items():
            terminalreporter.write_line(f"{count} tests ran on MySQL {server}")
        for why, count in self._skipped.items():
            terminalreporter.write_line(
                f"NOT TESTED: {count} tests need a MySQL server. Start Docker, or set ZCRM_TEST_MYSQL_URL="
                f"mysql://root:PASSWORD@127.0.0.1:3306, and run again. ({why})",
                yellow=True,
            )
