"""What is a promise, and which are there?"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

from zcrm_contract_tests.capabilities import Capabilities

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Promise", "all_promises", "promise"]

Check = Callable[..., None]

_CAPABILITIES: Final = frozenset(each.name for each in fields(Capabilities))
_found: Final[dict[str, Promise]] = {}


@dataclass(frozen=True, slots=True)
class Promise:
    """One numbered promise and the check that decides it.

    Args:
        id: ``TS-`` and two digits; never reused.
        sentence: what a store promises, as in CONTRACT.md.
        check: raises when the promise is broken; its first argument is a :class:`Bench`.
        level: the contract level that introduced it.
        capabilities: the names of the capabilities without which it is not promised.
        behind: the methods of the author's class that it needs to reach behind the store.
        drawn: what Hypothesis draws for the check, by argument.
        pinned: examples that are tried first, each a known way to break the promise.
        share: the share of the profile's examples that it gets; below 1 for slow checks.
    """

    id: str
    sentence: str
    check: Check
    level: int = 1
    capabilities: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    drawn: Mapping[str, SearchStrategy[object]] = field(default_factory=dict)
    pinned: tuple[Mapping[str, object], ...] = ()
    share: float = 1.0

    @property
    def test_name(self) -> str:
        """The name of its test method."""
        return f"test_{self.id.lower().replace('-', '_')}_{self.check.__name__}"


def promise(
    id: str,  # noqa: A002 - an id is what the reports call it
    *,
    level: int = 1,
    capabilities: Sequence[str] = (),
    behind: Sequence[str] = (),
    pinned: Sequence[Mapping[str, object]] = (),
    share: float = 1.0,
    **drawn: SearchStrategy[object],
) -> Callable[[Check], Check]:
    """Register a check; the first paragraph of its docstring is the promise's sentence."""

    def register(check: Check) -> Check:
        sentence = " ".join((check.__doc__ or "").partition("\n\n")[0].split())
        if not re.fullmatch(r"TS-\d\d", id) or id in _found or not sentence:
            raise ValueError(f"{id} is no new promise with a sentence")
        if not _CAPABILITIES.issuperset(capabilities):
            raise ValueError(f"{id} needs capabilities that do not exist: {capabilities}")
        _found[id] = Promise(
            id, sentence, check, level, tuple(capabilities), tuple(behind), drawn, tuple(pinned), share
        )
        return check

    return register


def all_promises() -> tuple[Promise, ...]:
    """Give every promise in the order of the ids."""
    package = importlib.import_module("zcrm_contract_tests.properties")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return tuple(_found[id] for id in sorted(_found))  # noqa: A001 - as above
