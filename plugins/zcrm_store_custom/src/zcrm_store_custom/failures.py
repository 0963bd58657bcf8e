"""Which error tells the user of an own store class what happened, why, and what to do?"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Final

from zcrm_core import StoreCorrupt, StoreError

__all__ = [
    "anew",
    "class_name",
    "failed",
    "kind_of",
    "located",
    "nonsense",
    "other_user",
    "refused",
    "refusing",
    "shown",
    "unreadable",
]

_LONGEST: Final = 300


def shown(text: str) -> str:
    """Give a path or a name as messages show it: control characters escaped, a very long one cut."""
    plain = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST // 2]}...{plain[-_LONGEST // 2 :]}"


def kind_of(error: BaseException) -> str:
    """Give what messages say of a user's error: its class, and never its text, which may hold a secret."""
    return shown(type(error).__name__)


def class_name(handler: object) -> str:
    """Give the name by which messages call a store object, a class or a module: an object has its class's."""
    return shown(_written(handler).__name__)


def _written(handler: object) -> type | ModuleType:
    """What somebody wrote: a class, or a module that serves as an object."""
    # isinstance would ask the object itself, which is somebody's code as well.
    known = issubclass(type(handler), (type, ModuleType))
    return handler if known else type(handler)  # type: ignore[return-value] # known to be one of the two


def located(handler: object, why: str) -> str:
    """Add to a reason in which file the class of a store object, or the class itself, is written."""
    found = _written(handler)
    module = found if isinstance(found, ModuleType) else sys.modules.get(str(vars(found).get("__module__")))
    file = getattr(module, "__file__", None)
    place = shown(file) if isinstance(file, str) else f"the module {getattr(module, '__name__', 'unknown')}"
    where = f"{class_name(handler)} is in {place}."
    return why if where in why else f"{why} {where}"


def refused(code: str, what: str, why: str, fix: str, handler: object = None) -> StoreError:
    """Give the error for a class that cannot be used at all.

    Args:
        code: the whole code, such as ``ZCRM-CUSTOM-004``.
        what: what was found, one sentence that names the file or the class.
        why: the reason.
        fix: the cure.
        handler: the store object or its class, for what does not name the file.
    """
    return StoreError(what, why=why if handler is None else located(handler, why), fix=fix, code=code)


@contextmanager
def refusing(refusal: Callable[[BaseException], StoreError]) -> Iterator[None]:
    """Run a user's code, and give whatever it raises a name; only Ctrl-C passes as it is.

    Args:
        refusal: makes the error to be raised of the user's own, which is its cause.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise refusal(error) from error


def anew(error: StoreError) -> StoreError:
    """Give a remembered error once more; the core notes on the one that it gets which token was not saved."""
    copy = StoreError(error.what, why=error.why, fix=error.fix, code=error.code)
    copy.__cause__ = error.__cause__
    return copy


def failed(handler: object, method: str, error: BaseException) -> StoreError:
    """Give the error for a method that raised; its own text is left out, for it may hold a token."""
    return refused(
        "ZCRM-CUSTOM-008",
        f"{class_name(handler)}.{method} raised {kind_of(error)}.",
        "Only None, zcrm_store_custom.NoToken or the KeyError of that very user says that there is no token;"
        " anything else is a failure.",
        "Look at the cause, cure what the class works on, and call again.",
        handler,
    )


def nonsense(handler: object, method: str, answer: object, expected: str) -> StoreError:
    """Give the error for an answer of a kind that no method may give; the answer is not shown."""
    if inspect.iscoroutine(answer):
        answer.close()
    return refused(
        "ZCRM-CUSTOM-009",
        f"{class_name(handler)}.{method} answered with {shown(_kind(answer))} instead of {expected}.",
        "An answer that is not what the method promises may mean that a token was lost.",
        f"Correct {method}; the README of zcrm-store-custom says what each method answers.",
        handler,
    )


def _kind(answer: object) -> str:
    return f"the class {answer.__name__} itself" if isinstance(answer, type) else type(answer).__name__


def unreadable(handler: object, method: str, why: str) -> StoreCorrupt:
    """Give the error for a stored token with a value that no token can have.

    Args:
        handler: the store object.
        method: its method that gave the value.
        why: the finding, without the value of a token.
    """
    return StoreCorrupt(
        f"{class_name(handler)}.{method} gave a token that cannot be one.",
        why=located(handler, why),
        fix="Correct what is stored, or the class; logging the user in again replaces the stored token.",
        code="ZCRM-CUSTOM-010",
    )


def other_user(handler: object, method: str, asked: str) -> StoreCorrupt:
    """Give the error for a token that belongs to somebody else than the user asked for."""
    return StoreCorrupt(
        f"{class_name(handler)}.{method} gave another user's token for {asked}.",
        why=located(
            handler, "It does not tell the two users apart; a database may ignore case or blanks at the end."
        ),
        fix="Compare user identifiers exactly, as a binary collation does. Nothing was changed.",
        code="ZCRM-CUSTOM-011",
    )
