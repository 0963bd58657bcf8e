"""Is a promise kept? Runs one promise on one store and gives the verdict."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.contract import TokenStoreContract, reaches
from zcrm_contract_tests.fitting import fitting
from zcrm_contract_tests.opening import Source
from zcrm_contract_tests.patience import within
from zcrm_contract_tests.profiles import Profile
from zcrm_contract_tests.promises import Promise, all_promises
from zcrm_contract_tests.story import shown_error
from zcrm_contract_tests.verdicts import (
    CannotOpen,
    NoAnswer,
    NotChecked,
    NotDecided,
    Outcome,
    Verdict,
    Violation,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["judge", "judge_all", "reason_of", "smoke", "try_to_open"]

_SMOKE: Final = "TS-01"
_PROPERTIES: Final = str(Path(__file__).parent / "properties")
_ALL: Final = (Phase.explicit, Phase.generate, Phase.shrink)
_QUICK: Final = (Phase.explicit, Phase.generate)
_reasons: Final[dict[type[TokenStoreContract], str]] = {}
_smoke: Final[dict[type[TokenStoreContract], Outcome]] = {}


def judge(author: TokenStoreContract, promise: Promise, profile: Profile, seed: int | None = None) -> Outcome:
    """Give the verdict on a promise; the smoke promise decides first whether there is anything to look at.

    Args:
        author: the store's contract class.
        promise: the promise.
        profile: how hard to try.
        seed: where chance starts; the profile's choice when left out.
    """
    missing = _not_looked_at(author, promise)
    if missing is not None:
        return missing
    first = smoke(author, profile)
    if promise.id == _SMOKE and _SMOKE not in author.known_gaps:
        return first
    if promise.id != _SMOKE and first.verdict is not Verdict.KEPT:
        return _outcome(author, promise, Verdict.NOT_RUN, f"{_SMOKE} comes first: {first.verdict.value}")
    if promise.id in author.known_gaps:
        return _judge_gap(author, promise, profile, seed)
    return _decide(author, promise, profile, seed, _ALL)


def reason_of(author: TokenStoreContract) -> str:
    """Give what the store says of itself when it is configured; empty when it cannot be asked."""
    kind = type(author)
    if kind not in _reasons:
        _reasons[kind] = ""
        source = Source(author.plugin)
        with suppress(Exception, SystemExit, NoAnswer), within(author.patience, "its claim"):
            _reasons[kind] = source.open(source.load(), author.store_config("zcrm")).reason
    return _reasons[kind]


def try_to_open(author: TokenStoreContract) -> Source:
    """Open the store once, before anything is asked of it.

    Raises:
        CannotOpen: it cannot be found or does not claim the configuration; the text says why.
    """
    source = Source(author.plugin)
    try:
        source.open(source.load(), author.store_config("zcrm"))
    except (SystemExit, GeneratorExit) as error:
        raise CannotOpen(
            f"The store {source.name} raised {type(error).__name__} when it was opened."
        ) from error
    return source


def judge_all(
    author: TokenStoreContract, promises: Sequence[Promise], profile: Profile, seed: int | None = None
) -> list[Outcome]:
    """Give the verdict on each promise, in their order."""
    return [judge(author, promise, profile, seed) for promise in promises]


def smoke(author: TokenStoreContract, profile: Profile) -> Outcome:
    """Give the verdict on the smoke promise, which is run once for each contract class."""
    kind = type(author)
    if kind not in _smoke:
        promise = next(each for each in all_promises() if each.id == _SMOKE)
        _smoke[kind] = _decide(author, promise, profile, None, _QUICK)
    return _smoke[kind]


def _not_looked_at(author: TokenStoreContract, promise: Promise) -> Outcome | None:
    off = [name for name in promise.capabilities if not getattr(author.capabilities, name)]
    if off:
        return _outcome(author, promise, Verdict.NOT_PROMISED, f"Capabilities({off[0]}=False)")
    absent = [name for name in promise.behind if not reaches(author, name)]
    if absent:
        detail = f"{type(author).__name__} has no {absent[0]}(), which is needed to reach behind the store"
        return _outcome(author, promise, Verdict.NOT_CHECKED, detail)
    return None


def _judge_gap(author: TokenStoreContract, promise: Promise, profile: Profile, seed: int | None) -> Outcome:
    # What is pinned breaks the same way each time; drawn examples would make a gap a matter of luck.
    phases = (Phase.explicit,) if promise.pinned else _QUICK
    found = _decide(author, promise, profile, seed, phases)
    reason = author.known_gaps[promise.id]
    if found.verdict is Verdict.BROKEN:
        return _outcome(
            author,
            promise,
            Verdict.KNOWN_GAP,
            f"known gap: {reason}",
            examples=found.examples,
            seconds=found.seconds,
        )
    if found.verdict is Verdict.KEPT:
        detail = f"known_gaps says that it is broken ({reason}), but it is kept: take it out of known_gaps"
        return _outcome(
            author, promise, Verdict.BROKEN, detail, examples=found.examples, seconds=found.seconds
        )
    return found


def _decide(
    author: TokenStoreContract,
    promise: Promise,
    profile: Profile,
    seed: int | None,
    phases: Sequence[Phase],
) -> Outcome:
    bench = Bench(author, profile, seed)
    bench.phases = tuple(phases)
    started = time.perf_counter()
    verdict, detail = Verdict.KEPT, ""
    try:
        _runner(bench, promise, profile, seed, phases)()
        detail = bench.note
    except NotChecked as reason:
        verdict, detail = Verdict.NOT_CHECKED, str(reason)
    except NotDecided as reason:
        verdict, detail = Verdict.NOT_DECIDED, str(reason)
    except CannotOpen as error:
        verdict, detail = Verdict.BROKEN, str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a stranger's store can raise anything, SystemExit too
        verdict, detail = Verdict.BROKEN, _told(bench, error)
    seconds = time.perf_counter() - started
    return _outcome(author, promise, verdict, detail, examples=bench.examples, seconds=seconds)


def _runner(
    bench: Bench, promise: Promise, profile: Profile, seed: int | None, phases: Sequence[Phase]
) -> Callable[[], None]:
    def run(**drawn: object) -> None:
        with bench.example():
            promise.check(bench, **drawn)

    if not promise.drawn:
        return run
    if not bench.author.capabilities.full_lengths:
        promise = fitting(promise, bench.longest)
    run.__name__ = run.__qualname__ = promise.test_name
    test = given(**promise.drawn)(run)
    for values in reversed(promise.pinned):
        test = example(**values)(test)
    if seed is not None:
        test = seeded(seed)(test)
    return settings(
        max_examples=max(1, round(profile.examples * promise.share)),
        phases=phases,
        derandomize=profile.derandomize and seed is None,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )(test)


def _told(bench: Bench, error: BaseException) -> str:
    while isinstance(getattr(error, "exceptions", None), tuple):  # Hypothesis: it failed, but not each time
        error = error.exceptions[0]  # type: ignore[attr-defined]  # an exception group, checked just above
    if isinstance(error, (Violation, NoAnswer)):
        said = str(error)
    elif isinstance(error, Flaky):
        last_error = bench.story.last_error or "none"
        said = f"the same calls went well one time and not another; the last error: {last_error}"
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        ours = last.filename.startswith(_PROPERTIES)
        who = "the check could do nothing with an answer and" if ours else "the store"
        said = f"{who} raised {shown_error(error)} ({last.filename}, line {last.lineno})"
    story = str(bench.story)
    return f"{said}\nThe smallest story that breaks it:\n{story}" if story else said


def _outcome(
    author: TokenStoreContract,
    promise: Promise,
    verdict: Verdict,
    detail: str,
    *,
    examples: int = 0,
    seconds: float = 0.0,
) -> Outcome:
    return Outcome(
        promise.id,
        promise.sentence,
        verdict,
        examples,
        round(seconds, 3),
        ", ".join(promise.capabilities),
        detail,
        binding=promise.level <= author.level,
    )
