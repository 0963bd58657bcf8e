"""What do the arguments of the command ask for? They become a contract class, as an author writes one."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from zcrm_contract_tests import CONTRACT_LEVEL
from zcrm_contract_tests.capabilities import Capabilities
from zcrm_contract_tests.profiles import DEFAULT_PROFILE, PROFILES

if TYPE_CHECKING:
    from zcrm_contract_tests.contract import TokenStoreContract
    from zcrm_contract_tests.promises import Promise

__all__ = ["NAMESPACE", "WrongUse", "author", "parser"]

NAMESPACE: Final = "{namespace}"
"""What stands in a configuration's texts for the name that every example has of its own."""

_CLIENT: Final = {"client_id": "1000.CONTRACT", "client_secret": "contract-secret"}


class WrongUse(Exception):
    """The command was given something that it cannot work with; the text says what."""


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong, where argparse shows every option first."""

    def error(self, message: str) -> NoReturn:
        raise WrongUse(f"{message} (zcrm-contract --help lists the options)")


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command's arguments."""
    made = _Parser(
        prog="zcrm-contract",
        description="Check which promises of CONTRACT.md an installed token store keeps.",
        allow_abbrev=False,
    )
    made.add_argument("store", metavar="NAME", help="the store's entry-point name, such as file")
    made.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a TOML file with the store's keys; {namespace} in a text becomes a name for each example; "
        "without a file, the variables ZCRM_...",
    )
    made.add_argument(
        "--profile", choices=list(PROFILES), default=DEFAULT_PROFILE, help="how hard the store is tried"
    )
    made.add_argument(
        "--level", type=int, default=CONTRACT_LEVEL, metavar="N", help="the contract level that is binding"
    )
    made.add_argument("--seed", type=int, metavar="N", help="where chance starts")
    made.add_argument(
        "--report",
        type=Path,
        default=Path("contract-report.json"),
        metavar="FILE",
        help="where the report is written, else contract-report.json",
    )
    made.add_argument(
        "--without", action="append", default=[], metavar="CAPABILITY", help="what the store does not promise"
    )
    made.add_argument(
        "--with",
        action="append",
        default=[],
        dest="having",
        metavar="CAPABILITY",
        help="what it promises in addition",
    )
    made.add_argument(
        "--known-gap", action="append", default=[], metavar="ID=REASON", help="a promise it is known to break"
    )
    made.add_argument("--only", action="append", default=[], metavar="ID", help="check this promise only")
    made.add_argument(
        "--patience", type=float, default=10.0, metavar="SECONDS", help="how long one operation may take"
    )
    made.add_argument(
        "--lease",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="how long a killed holder may keep the lock",
    )
    made.add_argument(
        "--longest",
        type=int,
        default=100,
        metavar="CHARACTERS",
        help="how long a text fits in any case, with --without full_lengths",
    )
    return made


def author(options: argparse.Namespace, promises: Sequence[Promise]) -> TokenStoreContract:
    """Make the contract class that the arguments stand for.

    Raises:
        WrongUse: they do not fit together, or the configuration cannot be read.
    """
    from zcrm_contract_tests.contract import TokenStoreContract  # noqa: PLC0415 - not needed for --help

    ids = [promise.id for promise in promises]
    gaps = _gaps(options.known_gap)
    _refuse_unknown({*options.only, *gaps}, ids, "promise")
    levels = sorted({CONTRACT_LEVEL, *(promise.level for promise in promises)})
    _refuse_unknown({str(options.level)}, [str(level) for level in levels], "level")
    if options.longest < 1:
        raise WrongUse("--longest must be a number of characters above 0.")
    for name in ("patience", "lease"):
        if not 0 < getattr(options, name) < math.inf:
            raise WrongUse(f"--{name} must be a number of seconds above 0.")
    chosen = _capabilities(options)
    values = _values(options)

    class Author(TokenStoreContract):
        plugin = options.store
        capabilities = chosen
        known_gaps = gaps
        level = options.level
        patience = options.patience
        lease = options.lease
        longest = options.longest
        shares_one_store = not _mentions(values)

        def store_config(self, namespace: str) -> Mapping[str, object]:
            return {key: _filled(value, namespace) for key, value in values.items()}

    Author.__name__ = "the command line"  # reports name the class when it lacks a method
    return Author()


def _values(options: argparse.Namespace) -> Mapping[str, object]:
    from zcrm_contract_tests.opening import environment_values, file_values  # noqa: PLC0415 - as above
    from zcrm_core import ZcrmError  # noqa: PLC0415 - as above

    try:
        values = environment_values() if options.config is None else file_values(options.config)
    except ZcrmError as error:
        raise WrongUse(str(error)) from None
    if options.config is not None:
        # Relative paths in the file start at its folder, as for a client; other processes start here too.
        os.chdir(options.config.resolve().parent)
    if values.get("token_store") not in (None, options.store):
        raise WrongUse(
            f"The configuration says token_store = {values['token_store']!a}, not {options.store}; "
            f"check that store, or take the line out."
        )
    return {name: value for name, value in values.items() if not _is_clients(name, value)}


def _is_clients(name: str, value: object) -> bool:
    """Answer whether a key is about the client: the suite has clients of its own, of a simulated Zoho."""
    from zcrm_core import Config, ZcrmError  # noqa: PLC0415 - as above

    try:
        given = set(Config({**_CLIENT, name: value}))
    except ZcrmError:
        return False  # a plugin's key; or a wrong one, of which opening the store tells
    return (given.difference(_CLIENT) or given) <= set(Config.__annotations__)


def _mentions(value: object) -> bool:
    return _filled(value, "") != value


def _filled(value: object, namespace: str) -> object:
    """Put the namespace into every text of a value."""
    if isinstance(value, str):
        return value.replace(NAMESPACE, namespace)
    if isinstance(value, Mapping):
        return {key: _filled(each, namespace) for key, each in value.items()}
    return [_filled(each, namespace) for each in value] if isinstance(value, list) else value


def _capabilities(options: argparse.Namespace) -> Capabilities:
    names = [each.name for each in fields(Capabilities)]
    _refuse_unknown({*options.without, *options.having}, names, "capability")
    both = sorted({*options.without} & {*options.having})
    if both:
        raise WrongUse(f"--with and --without both name {', '.join(both)}.")
    return replace(
        Capabilities(), **dict.fromkeys(options.without, False), **dict.fromkeys(options.having, True)
    )


def _gaps(given: Sequence[str]) -> Mapping[str, str]:
    gaps = dict(each.split("=", 1) for each in given if "=" in each)
    if len(gaps) != len(given) or not all(reason.strip() for reason in gaps.values()):
        raise WrongUse('--known-gap needs a promise and a reason, such as TS-17="no atomic update".')
    return gaps


def _refuse_unknown(given: set[str], known: Sequence[str], what: str) -> None:
    unknown = sorted(given.difference(known))
    if unknown:
        raise WrongUse(f"There is no {what} {', '.join(unknown)}; there are {', '.join(known)}.")
