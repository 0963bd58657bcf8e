"""How is the contract of an installed store checked from the command line, with no code at all?"""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from zcrm_contract_tests.arguments import NAMESPACE, WrongUse, author, parser
from zcrm_contract_tests.patience import watched, within
from zcrm_contract_tests.profiles import PROFILES
from zcrm_contract_tests.verdicts import CannotOpen, NoAnswer, Outcome, Verdict

if TYPE_CHECKING:
    from argparse import Namespace

    from zcrm_contract_tests.contract import TokenStoreContract
    from zcrm_contract_tests.opening import Source
    from zcrm_contract_tests.promises import Promise

__all__ = ["main"]

_KEPT: Final = 0
_BROKEN: Final = 1
_WRONG_USE: Final = 2
_INTERRUPTED: Final = 130
_HYPOTHESIS: Final = "HYPOTHESIS_STORAGE_DIRECTORY"
_GRACE_SECONDS: Final = 3.0
_SEED_BITS: Final = 32


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``zcrm-contract``.

    Returns:
        0 when every promise is kept, 1 when one is broken, 2 after wrong use, 130 after Ctrl-C.
    """
    before = set(threading.enumerate())
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a store's error may hold what no terminal shows
    try:
        options = parser().parse_args(arguments)
        with _no_traces():
            code = _checked(options)
    except WrongUse as error:
        sys.stderr.write(f"zcrm-contract: {error}\n")
        code = _WRONG_USE
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = _INTERRUPTED
    _leave_behind(before, code)
    return code


class _Telling:
    """What is decided so far, and the telling of it in the end, however the end comes.

    Args:
        author: the contract class that the arguments stand for.
        options: the arguments.
        report_path: where the report goes.
    """

    def __init__(self, author: TokenStoreContract, options: Namespace, report_path: Path) -> None:
        self._author = author
        self._options = options
        self._report_path = report_path
        self._outcomes: list[Outcome] = []
        self._source: Source | None = None
        self._says = ""
        self._now: Promise | None = None

    def opened(self, source: Source, says: str) -> None:
        """Take down that the store can be opened, and what it says of itself."""
        self._source, self._says = source, says

    def begin(self, promise: Promise) -> None:
        """Show which promise is being looked at, on a terminal."""
        self._now = promise
        if sys.stdout.isatty():
            sys.stdout.write(f"{promise.id} ...")
            sys.stdout.flush()

    def decided(self, outcome: Outcome) -> None:
        """Show the verdict on it."""
        self._now = None
        self._outcomes.append(outcome)
        again = "\r\033[K" if sys.stdout.isatty() else ""
        _say(f"{again}{outcome.id} {outcome.verdict.value} ({outcome.seconds:.1f} s)")

    def end(self) -> int:
        """Show the failures and the table, write the report, and give the exit code."""
        from zcrm_contract_tests import report  # noqa: PLC0415 - not needed for --help
        from zcrm_contract_tests.promises import all_promises  # noqa: PLC0415 - loads Hypothesis

        if self._source is None:
            raise WrongUse(
                f"Opening the store {self._options.store} took more than {self._author.patience:g} s; "
                f"it, or another plugin that is installed here, gives no answer."
            )
        if self._now is not None and sys.stdout.isatty():
            _say("")
        found = report.StoreReport(
            self._source.name,
            self._source.version,
            self._author.level,
            tuple(self._outcomes),
            f"zcrm-contract {self._options.store}",
            len(all_promises()),
            self._says,
        )
        run = report.Run(self._options.profile, self._options.seed)
        _say("")
        for outcome in found.broken:
            _say(f"{report.failure_text(outcome)}\n")
        _say("\n".join(report.lines(found, run)))
        try:
            report.write(self._report_path, [found], run)
        except OSError as error:
            raise _cannot_write(self._report_path, error.strerror or str(error)) from None
        _say(f"The report is in {self._report_path}")
        return _BROKEN if found.broken else _KEPT

    def end_stuck(self) -> int:
        """Do the same while the store still holds the main thread."""
        if self._now is not None:
            stuck = Outcome(
                self._now.id,
                self._now.sentence,
                Verdict.BROKEN,
                detail=f"{self._no_answer()} It cannot be interrupted either, so the run ends here.",
                binding=self._now.level <= self._author.level,
            )
            self.decided(stuck)
        try:
            self.end()
        except WrongUse as error:
            sys.stderr.write(f"zcrm-contract: {error}\n")
            return _WRONG_USE
        return _BROKEN

    def _no_answer(self) -> str:
        return f"The store {self._options.store} gave no answer within {self._author.patience:g} s."


def _checked(options: Namespace) -> int:
    from zcrm_contract_tests import judge  # noqa: PLC0415 - Hypothesis is not needed for --help
    from zcrm_contract_tests.promises import all_promises  # noqa: PLC0415 - as above

    report_path = Path.cwd() / options.report
    _refuse_place(report_path)
    promises = all_promises()
    store = author(options, promises)
    profile = PROFILES[options.profile]
    if options.seed is None and not profile.derandomize:
        options.seed = random.SystemRandom().getrandbits(_SEED_BITS)  # so that the report can name it
    telling = _Telling(store, options, report_path)
    with watched(lambda: _exit(telling.end_stuck())):
        try:
            with within(store.patience, "opening it"):
                telling.opened(judge.try_to_open(store), judge.reason_of(store))
        except CannotOpen as error:
            raise WrongUse(str(error)) from None
        except NoAnswer:
            return telling.end()
        if store.shares_one_store:
            _say(
                f"All examples share one store, the store {options.store} as {options.config or 'ZCRM_...'} "
                f"configures it, since no text there has {NAMESPACE}. Tokens of test users are saved in it, "
                f"under client ids that begin with 1000.zcrm or are a simulated Zoho's, and removed again."
            )
        try:
            for promise in promises:
                if not options.only or promise.id in options.only:
                    telling.begin(promise)
                    telling.decided(judge.judge(store, promise, profile, options.seed))
        except KeyboardInterrupt:
            telling.end()
            raise
        return telling.end()


def _refuse_place(path: Path) -> None:
    """Let a path pass at which a report can be written, before anything is run."""
    if path.is_dir():
        raise _cannot_write(path, "it is a folder")
    if path.exists() and not path.is_file():
        raise _cannot_write(path, "it is no regular file")
    if not path.parent.is_dir():
        raise _cannot_write(path, "its folder is missing")


def _cannot_write(path: Path, why: str) -> WrongUse:
    return WrongUse(f"The report {path} cannot be written: {why}.")


@contextmanager
def _no_traces() -> Iterator[None]:
    """Keep what Hypothesis stores out of the folder that the command is started in."""
    if _HYPOTHESIS in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="zcrm-contract-") as folder:
        os.environ[_HYPOTHESIS] = folder
        try:
            yield
        finally:
            del os.environ[_HYPOTHESIS]


def _leave_behind(before: set[threading.Thread], code: int) -> None:
    """End the process at once when the store has left threads that would keep it for ever."""
    end = time.monotonic() + _GRACE_SECONDS
    for thread in threading.enumerate():
        if thread not in before and not thread.daemon:
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                _exit(code)


def _exit(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
