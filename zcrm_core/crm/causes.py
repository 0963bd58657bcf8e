"""Which is the last cause of an error, apart from what an earlier batch has left there?"""

from __future__ import annotations

from itertools import count
from typing import Final
from weakref import WeakKeyDictionary

from zcrm_core.errors import PartialFailure

__all__ = ["beginning", "last_cause", "remembered"]

_COUNT: Final = count()
_MADE: Final[WeakKeyDictionary[PartialFailure, int]] = WeakKeyDictionary()
"""When each failure of a batch was made, by the count of batches and failures."""


def beginning() -> int:
    """Give the number of a batch that begins."""
    return next(_COUNT)


def remembered(failure: PartialFailure) -> PartialFailure:
    """Give a failure back, and remember when it was made."""
    _MADE[failure] = next(_COUNT)
    return failure


def last_cause(error: BaseException, begun: int) -> BaseException:
    """Give the last of an error's causes, once what an earlier batch has left there is taken away.

    A program may raise one and the same error again and again.

    Args:
        error: what broke a batch off.
        begun: the number of that batch.

    Raises:
        RuntimeError: its causes lead round in a circle.
    """
    passed = {id(error)}
    while (cause := error.__cause__) is not None:
        if isinstance(cause, PartialFailure) and _MADE.get(cause, begun) < begun:
            error.__cause__ = None
            break
        if id(cause) in passed:
            raise RuntimeError("An error is its own cause.")
        passed.add(id(cause))
        error = cause
    return error
