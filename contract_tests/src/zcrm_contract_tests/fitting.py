"""Which of a promise's values must a store take that does not take every length?"""

from __future__ import annotations

from dataclasses import astuple, replace

from hypothesis import strategies as st

from zcrm_contract_tests.promises import Promise
from zcrm_contract_tests.strategies import Content

__all__ = ["fits", "fitting"]


def fits(value: object, longest: int) -> bool:
    """Answer whether no text of a value is longer than ``longest`` characters."""
    if isinstance(value, str):
        return len(value) <= longest
    if isinstance(value, Content):
        return fits(astuple(value), longest)
    if isinstance(value, (list, tuple)):
        return all(fits(each, longest) for each in value)
    return True


def fitting(promise: Promise, longest: int) -> Promise:
    """Give the promise without what it draws and pins that is longer than ``longest`` characters.

    The promise about lengths is left whole by itself: it draws sizes, and what its texts are made of.
    """

    def fit(value: object) -> bool:
        return fits(value, longest)

    def shortened(value: object) -> object:
        return list(filter(fit, value)) if isinstance(value, list) else value

    drawn: dict[str, st.SearchStrategy[object]] = {
        name: strategy.map(shortened).filter(fit) for name, strategy in promise.drawn.items()
    }
    pinned = tuple(values for values in promise.pinned if fit(list(values.values())))
    return replace(promise, drawn=drawn, pinned=pinned)
