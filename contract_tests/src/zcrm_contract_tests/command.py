"""How is the contract of an installed store checked from the command line, with no code at all?"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

from zcrm_contract_tests import CONTRACT_LEVEL
from zcrm_contract_tests.capabilities import Capabilities
from zcrm_contract_tests.profiles import DEFAULT_PROFILE, PROFILES

__all__ = ["main"]

_KEPT: Final = 0
_BROKEN: Final = 1
_WRONG_USE: Final = 2
_INTERRUPTED: Final = 130
_NAMESPACE: Final = "{namespace}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``zcrm-contract``.

    Returns:
        0 when every promise is kept, 1 when one is broken, 2 after wrong use, 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    try:
        return _checked(options)
    except _WrongUse as error:
        sys.stderr.write(f"zcrm-contract: {error}\n")
        return _WRONG_USE
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED


class _WrongUse(Exception):
    """The command was given something that it cannot work with; the text says what."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zcrm-contract",
        description="Check which promises of CONTRACT.md an installed token store keeps.",
    )
    parser.add_argument("store", metavar="NAME", help="the store's entry-point name, such as file")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a TOML file with the store's keys; {namespace} in a text becomes a name for each example; "
        "without a file, the variables ZCRM_...",
    )
    parser.add_argument("--profile", choices=list(PROFILES), default=DEFAULT_PROFILE, help="how hard to try")
    parser.add_argument(
        "--level", type=int, default=CONTRACT_LEVEL, help="the contract level that is binding"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="where chance starts")
    parser.add_argument("--report", type=Path, default=Path("contract-report.json"), metavar="FILE")
    parser.add_argument(
        "--without", action="append", default=[], metavar="CAPABILITY", help="what the store does not promise"
    )
    parser.add_argument(
        "--with",
        action="append",
        default=[],
        dest="having",
        metavar="CAPABILITY",
        help="what it promises in addition",
    )
    parser.add_argument(
        "--known-gap", action="append", default=[], metavar="ID=REASON", help="a promise it is known to break"
    )
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="check this promise only")
    parser.add_argument("--patience", type=float, default=10.0, metavar="SECONDS", help="for one operation")
    return parser


def _checked(options: argparse.Namespace) -> int:
    report_path = Path.cwd() / options.report
    author = _author(options)
    from zcrm_contract_tests import judge, report  # noqa: PLC0415 - Hypothesis is not needed for --help
    from zcrm_contract_tests.promises import all_promises  # noqa: PLC0415 - as above
    from zcrm_contract_tests.verdicts import CannotOpen  # noqa: PLC0415 - as above

    promises = all_promises()
    only = set(options.only)
    _refuse_unknown(only, [promise.id for promise in promises], "promise")
    try:
        source = judge.try_to_open(author)
    except CannotOpen as error:
        raise _WrongUse(str(error)) from None
    if author.shares_one_store:
        _say(
            f"No text of the configuration has {_NAMESPACE}: all examples share one store. Test users are saved "
            f"in it, under client ids that begin with 1000.zcrm, and are deleted again."
        )
    profile = PROFILES[options.profile]
    outcomes = []
    interrupted = False
    try:
        for promise in promises:
            if not only or promise.id in only:
                outcomes.append(judge.judge(author, promise, profile, options.seed))
                _progress(f"{promise.id} {outcomes[-1].verdict.value}")
    except KeyboardInterrupt:
        interrupted = True
    _progress("")
    found = report.StoreReport(
        source.name, source.version, author.level, tuple(outcomes), f"zcrm-contract {options.store}"
    )
    run = report.Run(profile.name, options.seed)
    for outcome in found.broken:
        _say(f"{report.failure_text(outcome)}\n")
    _say("\n".join(report.lines(found, run)))
    try:
        report.write(report_path, [found], run)
    except OSError as error:
        raise _WrongUse(f"The report {report_path} cannot be written: {error.strerror}.") from None
    _say(f"The report is in {report_path}")
    if interrupted:
        raise KeyboardInterrupt
    return _BROKEN if found.broken else _KEPT


def _author(options: argparse.Namespace) -> Any:  # noqa: ANN401 - a TokenStoreContract, whose module loads Hypothesis
    from zcrm_contract_tests.contract import TokenStoreContract  # noqa: PLC0415 - not needed for --help

    values = _values(options)
    capabilities = _capabilities(options)
    if options.patience <= 0:
        raise _WrongUse("--patience must be a number of seconds above 0.")

    class Author(TokenStoreContract):
        plugin = options.store
        known_gaps = _gaps(options.known_gap)
        shares_one_store = not any(isinstance(each, str) and _NAMESPACE in each for each in values.values())

        def store_config(self, namespace: str) -> Mapping[str, object]:
            return {
                key: value.replace(_NAMESPACE, namespace) if isinstance(value, str) else value
                for key, value in values.items()
            }

    Author.capabilities = capabilities
    Author.level = options.level
    Author.patience = options.patience
    return Author()


def _values(options: argparse.Namespace) -> Mapping[str, object]:
    from zcrm_contract_tests.opening import environment_values, file_values  # noqa: PLC0415 - as above
    from zcrm_core import ZcrmError  # noqa: PLC0415 - as above

    if options.config is None:
        return environment_values()
    try:
        values = file_values(options.config)
    except ZcrmError as error:
        raise _WrongUse(str(error)) from None
    # Relative paths in the file start at its folder, as for a client; other processes start here too.
    os.chdir(options.config.resolve().parent)
    return values


def _capabilities(options: argparse.Namespace) -> Capabilities:
    names = [each.name for each in fields(Capabilities)]
    _refuse_unknown({*options.without, *options.having}, names, "capability")
    return replace(
        Capabilities(), **dict.fromkeys(options.without, False), **dict.fromkeys(options.having, True)
    )


def _gaps(given: Sequence[str]) -> Mapping[str, str]:
    gaps = dict(each.split("=", 1) for each in given if "=" in each)
    if len(gaps) != len(given) or not all(reason.strip() for reason in gaps.values()):
        raise _WrongUse('--known-gap needs a promise and a reason, such as TS-17="no atomic update".')
    return gaps


def _refuse_unknown(given: set[str], known: Sequence[str], what: str) -> None:
    unknown = sorted(given.difference(known))
    if unknown:
        raise _WrongUse(f"There is no {what} {', '.join(unknown)}; there are {', '.join(known)}.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _progress(text: str) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\033[K{text}")
        sys.stdout.flush()
    elif text:
        _say(text)


if __name__ == "__main__":
    sys.exit(main())
