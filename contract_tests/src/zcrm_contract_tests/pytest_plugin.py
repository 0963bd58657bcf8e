"""How does pytest run a store's contract, and what does it say in the end?

This module is loaded in every run of pytest, so it imports nothing that a run without contract tests can do
without.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from zcrm_contract_tests.profiles import DEFAULT_PROFILE, PROFILES

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from zcrm_contract_tests.contract import TokenStoreContract
    from zcrm_contract_tests.promises import Promise
    from zcrm_contract_tests.report import Run, StoreReport

__all__ = ["run"]

_PROPERTY: Final = "zcrm_contract"
_VARIABLE: Final = "ZCRM_TEST_PROFILE"
_REPORT: Final = "contract-report.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("zcrm contract", "contract of zcrm's token stores")
    group.addoption(
        "--zcrm-profile",
        choices=sorted(PROFILES),
        help=f"how hard a store is tried; {_VARIABLE} when left out, else {DEFAULT_PROFILE}",
    )
    group.addoption(
        "--zcrm-seed", type=int, metavar="N", help="where chance starts; the profile's choice else"
    )
    group.addoption(
        "--zcrm-report", type=Path, metavar="PATH", help=f"where the report is written, else {_REPORT}"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an unknown profile before anything runs; make ready to take verdicts down."""
    if _profile(config) not in PROFILES:
        raise pytest.UsageError(
            f"{_VARIABLE}={_profile(config)} is no profile; there are {', '.join(PROFILES)}."
        )
    if not hasattr(
        config, "workerinput"
    ):  # a worker of a distributed run leaves the telling to its controller
        config.pluginmanager.register(_Collector(config), "zcrm-contract-collector")


def run(author: TokenStoreContract, promise: Promise, request: pytest.FixtureRequest) -> None:
    """Decide a promise in a test, and end the test accordingly."""
    from zcrm_contract_tests.judge import judge  # noqa: PLC0415 - loads Hypothesis
    from zcrm_contract_tests.opening import Source  # noqa: PLC0415 - loads the core's plugin manager
    from zcrm_contract_tests.report import failure_text, to_plain  # noqa: PLC0415 - see the module
    from zcrm_contract_tests.verdicts import Verdict  # noqa: PLC0415 - see the module

    __tracebackhide__ = True
    outcome = judge(
        author, promise, PROFILES[_profile(request.config)], request.config.getoption("--zcrm-seed")
    )
    source = Source(author.plugin)
    told = {
        "class": request.node.nodeid.rpartition("::")[0],
        "store": source.name,
        "version": source.version,
        "level": author.level,
        "outcome": to_plain(outcome),
    }
    request.node.user_properties.append((_PROPERTY, told))
    if outcome.fails:
        pytest.fail(failure_text(outcome), pytrace=False)
    if outcome.verdict is Verdict.KNOWN_GAP:
        pytest.xfail(f"{outcome.id}: {outcome.detail}")
    if outcome.verdict not in (Verdict.KEPT, Verdict.BROKEN):
        pytest.skip(f"{outcome.id}, {outcome.verdict.value}: {outcome.detail}")


class _Collector:
    """Takes down the verdicts, from this process or from those of a distributed run, and tells them in the
    end.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._told: dict[str, dict[str, dict[str, Any]]] = {}  # by contract class and promise
        self._unwritten = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down the verdict of a test that has run."""
        if report.when != "call":
            return
        for name, told in report.user_properties:
            if name == _PROPERTY and isinstance(told, dict):
                self._told.setdefault(told["class"], {})[told["outcome"]["id"]] = told

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report; a run whose report cannot be written has failed."""
        if not self._told:
            return
        from zcrm_contract_tests.report import write  # noqa: PLC0415 - see the module

        path = self._path()
        try:
            write(path, self._reports(), self._run())
        except OSError as error:
            self._unwritten = f"The report {path} cannot be written: {error.strerror}."
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Show each store's table."""
        if not self._told:
            return
        from zcrm_contract_tests.report import lines  # noqa: PLC0415 - see the module

        for report in self._reports():
            terminalreporter.section("zcrm contract")
            for line in lines(report, self._run()):
                terminalreporter.write_line(line)
        terminalreporter.write_line(self._unwritten or f"The report is in {self._path()}")

    def _path(self) -> Path:
        given: Path | None = self._config.getoption("--zcrm-report")
        return self._config.invocation_params.dir / (given or _REPORT)

    def _run(self) -> Run:
        from zcrm_contract_tests.report import Run  # noqa: PLC0415 - see the module

        return Run(_profile(self._config), self._config.getoption("--zcrm-seed"))

    def _reports(self) -> list[StoreReport]:
        from zcrm_contract_tests.report import StoreReport, from_plain  # noqa: PLC0415 - see the module

        return [
            StoreReport(
                first["store"],
                first["version"],
                first["level"],
                tuple(from_plain(told[id_]["outcome"]) for id_ in sorted(told)),
                name,
            )
            for name, told in sorted(self._told.items())
            for first in [next(iter(told.values()))]
        ]


def _profile(config: pytest.Config) -> str:
    given: str | None = config.getoption("--zcrm-profile")
    return given or os.environ.get(_VARIABLE) or DEFAULT_PROFILE
