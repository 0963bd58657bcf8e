"""What came out of a run, for a person and for a program?"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from zcrm_contract_tests import CONTRACT_LEVEL
from zcrm_contract_tests.verdicts import Outcome, Verdict

__all__ = ["Run", "StoreReport", "failure_text", "from_plain", "lines", "to_plain", "write"]

_MANY: Final = 5
_HEADINGS: Final = ("promise", "verdict", "examples", "capability")
_LISTS: Final = (
    (Verdict.NOT_PROMISED, "Not promised by this store:"),
    (Verdict.NOT_CHECKED, "Not checked, so not known:"),
    (Verdict.NOT_DECIDED, "Not decided:"),
    (Verdict.KNOWN_GAP, "Known gaps:"),
    (Verdict.NOT_RUN, "Not run:"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """How the suite was run.

    Args:
        profile: the profile's name.
        seed: the seed; ``None`` when the profile chose.
    """

    profile: str
    seed: int | None = None

    def versions(self) -> dict[str, str]:
        """Give the versions of the suite and of the core."""
        return {"suite": _version("zcrm-contract-tests"), "core": _version("zcrm-core")}


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What is known of one store.

    Args:
        name: the store's name.
        version: the version of its wheel; empty for a class or an object.
        level: the contract level that is binding.
        outcomes: the verdicts, in the order of the promises.
        tested_by: the contract class.
        promises: how many promises the suite has; the run may have asked for some of them only.
        says: what the store says of itself: which keys chose it, and what it adds or cannot do.
    """

    name: str
    version: str
    level: int
    outcomes: tuple[Outcome, ...]
    tested_by: str
    promises: int
    says: str = ""

    @property
    def kept(self) -> tuple[Outcome, ...]:
        """The verdicts that say so."""
        return tuple(outcome for outcome in self.outcomes if outcome.verdict is Verdict.KEPT)

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """The verdicts that make the run fail."""
        return tuple(outcome for outcome in self.outcomes if outcome.fails)


def lines(report: StoreReport, run: Run) -> Iterable[str]:
    """Give the table of a store and the lists under it, line by line."""
    versions = run.versions()
    seed = "" if run.seed is None else f", seed {run.seed}"
    yield f"{report.tested_by}: store {report.name} {report.version}".rstrip()
    yield (
        f"contract level {report.level}, suite {versions['suite']}, core {versions['core']}, "
        f"profile {run.profile}{seed}"
    )
    if report.says:
        yield f"the store says: {report.says}"
    yield from _table(report.outcomes)
    for listed_as, heading in _LISTS:
        yield from _list(heading, [each for each in report.outcomes if each.verdict is listed_as])
    above = [each for each in report.outcomes if each.verdict is Verdict.BROKEN and not each.binding]
    yield from _list(f"Broken, but of a higher level than {report.level}, so advisory:", above)
    yield from _list("Kept, as far as it was looked at:", [each for each in report.kept if each.detail])
    broken = ", ".join(outcome.id for outcome in report.broken)
    unasked = report.promises - len(report.outcomes)
    yield (
        f"{len(report.kept)} of {report.promises} promises kept; "
        f"{f'broken: {broken}' if broken else 'none broken'}"
        f"{f'; {unasked} without a verdict, as the run did not come to them' if unasked else ''}"
    )


def _table(outcomes: Sequence[Outcome]) -> Iterable[str]:
    rows = [_HEADINGS, *(_row(outcome) for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for id_, verdict, examples, capability in rows:
        yield f"{id_:<{widths[0]}}  {verdict:<{widths[1]}}  {examples:>{widths[2]}}  {capability}"


def _list(heading: str, outcomes: Sequence[Outcome]) -> Iterable[str]:
    if outcomes:
        yield heading
    for reason, group in groupby(outcomes, lambda outcome: outcome.detail.partition("\n")[0]):
        ids = [outcome.id for outcome in group]
        whom = f"{ids[0]} to {ids[-1]}, {len(ids)} promises" if len(ids) > _MANY else ", ".join(ids)
        yield f"  {whom}: {reason}"


def failure_text(outcome: Outcome) -> str:
    """Say which promise is broken, and by what."""
    return f"{outcome.id}: {outcome.sentence}\n{outcome.detail}"


def to_plain(outcome: Outcome) -> dict[str, Any]:
    """Give a verdict as JSON."""
    return {**asdict(outcome), "verdict": outcome.verdict.value}


def from_plain(fields: Mapping[str, Any]) -> Outcome:
    """Read what :func:`to_plain` gave."""
    return Outcome(**{**fields, "verdict": Verdict(fields["verdict"])})


def write(path: Path, reports: Sequence[StoreReport], run: Run) -> None:
    """Write the report as JSON, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    document = {
        **run.versions(),
        "level": CONTRACT_LEVEL,
        "profile": run.profile,
        "seed": run.seed,
        "stores": [
            {
                "class": report.tested_by,
                "store": report.name,
                "version": report.version,
                "says": report.says,
                "level": report.level,
                "kept": len(report.kept),
                "broken": [outcome.id for outcome in report.broken],
                "promises": [to_plain(outcome) for outcome in report.outcomes],
            }
            for report in reports
        ],
    }
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _row(outcome: Outcome) -> tuple[str, str, str, str]:
    verdict = outcome.verdict.value
    if outcome.verdict is Verdict.BROKEN:
        verdict = "BROKEN" if outcome.binding else "broken (advisory)"
    examples = str(outcome.examples) if outcome.examples else "-"
    return outcome.id, verdict, examples, outcome.capability or "-"


def _version(wheel: str) -> str:
    try:
        return version(wheel)
    except PackageNotFoundError:
        return "(not installed)"
