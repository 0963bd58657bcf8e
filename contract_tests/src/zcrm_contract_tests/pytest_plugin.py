"""How does pytest run a store's contract, and what does it say in the end?

This module is loaded in every run of pytest, so it imports nothing that a run without contract tests can do
without.
"""

from __future__ import annotations

import inspect
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from zcrm_contract_tests.patience import watched
from zcrm_contract_tests.profiles import DEFAULT_PROFILE, PROFILES

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from zcrm_contract_tests.contract import TokenStoreContract
    from zcrm_contract_tests.promises import Promise
    from zcrm_contract_tests.report import Run, StoreReport
    from zcrm_contract_tests.verdicts import Outcome

__all__ = ["run"]

_PROPERTY: Final = "zcrm_contract"
_VARIABLE: Final = "ZCRM_TEST_PROFILE"
_REPORT: Final = "contract-report.json"
_SMOKE: Final = "TS-01"
_SEED_BITS: Final = 32


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("zcrm contract", "contract of zcrm's token stores")
    group.addoption(
        "--zcrm-profile",
        choices=sorted(PROFILES),
        help=f"how hard a store is tried; {_VARIABLE} when left out, else {DEFAULT_PROFILE}",
    )
    group.addoption(
        "--zcrm-seed",
        type=int,
        metavar="N",
        help="where chance starts; the report names the seed of a run that was given none",
    )
    group.addoption(
        "--zcrm-report", type=Path, metavar="PATH", help=f"where the report is written, else {_REPORT}"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an unknown profile before anything runs; make ready to take verdicts down."""
    name = _profile(config)
    if name not in PROFILES:
        raise pytest.UsageError(f"{_VARIABLE}={name} is no profile; there are {', '.join(PROFILES)}.")
    if hasattr(config, "workerinput"):
        return  # a worker of a distributed run leaves the telling to its controller
    if config.getoption("--zcrm-seed") is None and not PROFILES[name].derandomize:
        # Drawn here, where the workers of a distributed run get their options from, so that all have it.
        config.option.zcrm_seed = random.SystemRandom().getrandbits(_SEED_BITS)
    config.pluginmanager.register(_Collector(config), "zcrm-contract-collector")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(obj: object) -> None:
    """Refuse a contract class from which a test was taken after the class was made."""
    contract = sys.modules.get("zcrm_contract_tests.contract")  # when nobody imported it, there is no class
    if contract is None or not inspect.isclass(obj) or not issubclass(obj, contract.TokenStoreContract):
        return
    gone = [] if obj is contract.TokenStoreContract else _lost_tests(obj)
    if gone:
        raise pytest.Collector.CollectError(
            f"{obj.__name__} has lost {', '.join(gone)}: a promise cannot be removed or rewritten. If the "
            f"store is known to break it, say so in known_gaps, with the reason."
        )


def _lost_tests(kind: type) -> list[str]:
    from zcrm_contract_tests.promises import all_promises  # noqa: PLC0415 - loads Hypothesis

    names = [(promise.test_name, promise.id) for promise in all_promises()]
    return [name for name, id_ in names if getattr(getattr(kind, name, None), "zcrm_promise", "") != id_]


def run(author: TokenStoreContract, promise: Promise, request: pytest.FixtureRequest) -> None:
    """Decide a promise in a test, and end the test accordingly."""
    from zcrm_contract_tests.opening import Source  # noqa: PLC0415 - loads the core's plugin manager
    from zcrm_contract_tests.promises import all_promises  # noqa: PLC0415 - loads Hypothesis
    from zcrm_contract_tests.report import failure_text, to_plain  # noqa: PLC0415 - see the module
    from zcrm_contract_tests.verdicts import Verdict  # noqa: PLC0415 - see the module

    outcome, says = _outcome(author, promise, request.config)
    source = Source(getattr(author, "plugin", None))
    told = {
        "class": request.node.nodeid.rpartition("::")[0],
        "store": source.name,
        "version": source.version,
        "level": author.level,
        "promises": len(all_promises()),
        "says": says,
        "outcome": to_plain(outcome),
    }
    request.node.user_properties.append((_PROPERTY, told))
    if outcome.fails:
        pytest.fail(failure_text(outcome), pytrace=False)
    if outcome.verdict is Verdict.KNOWN_GAP:
        pytest.xfail(f"{outcome.id}: {outcome.detail}")
    if outcome.verdict not in (Verdict.KEPT, Verdict.BROKEN):
        pytest.skip(f"{outcome.id}, {outcome.verdict.value}: {outcome.detail}")


def _outcome(author: TokenStoreContract, promise: Promise, config: pytest.Config) -> tuple[Outcome, str]:
    from zcrm_contract_tests.judge import judge, reason_of  # noqa: PLC0415 - loads Hypothesis
    from zcrm_contract_tests.verdicts import Outcome, Verdict  # noqa: PLC0415 - see the module

    if getattr(author, "plugin", None) is not None:
        with watched(lambda: _end_stuck(config, promise)):
            outcome = judge(author, promise, PROFILES[_profile(config)], config.getoption("--zcrm-seed"))
            return outcome, reason_of(author)
    name = type(author).__name__
    if promise.id == _SMOKE:
        said = (
            f"{name} names no store; write plugin = \"my_store\", an entry point's name, or a plugin's class."
        )
        return Outcome(promise.id, promise.sentence, Verdict.BROKEN, detail=said), ""
    return Outcome(promise.id, promise.sentence, Verdict.NOT_RUN, detail=f"{name} names no store"), ""


def _end_stuck(config: pytest.Config, promise: Promise) -> None:
    """End the run although the store holds the main thread: nothing else can."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    sys.stderr.write(
        f"\n{promise.id}: {promise.sentence}\nThe store gives no answer and cannot be interrupted, "
        f"so the run ends here.\n"
    )
    sys.stderr.flush()
    os._exit(pytest.ExitCode.TESTS_FAILED)


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
                first["promises"],
                first["says"],
            )
            for name, told in sorted(self._told.items())
            for first in [next(iter(told.values()))]
        ]


def _profile(config: pytest.Config) -> str:
    given: str | None = config.getoption("--zcrm-profile")
    return given or os.environ.get(_VARIABLE) or DEFAULT_PROFILE
