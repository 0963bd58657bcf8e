"""Which error tells the user of an own store class what happened, why, and what to do?"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from zcrm_core import StoreCorrupt, StoreError, ends_the_program
from zcrm_store_custom.showing import class_name, located

__all__ = [
    "anew",
    "failed",
    "nonsense",
    "other_user",
    "refused",
    "refusing",
    "unreadable",
]


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
    """Run a user's code, and give whatever it raises a name; what interrupts it passes as it is.

    Args:
        refusal: makes the error to be raised of the user's own, which is its cause.
    """
    try:
        yield
    except BaseException as error:
        if ends_the_program(error):
            raise
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
        f"{class_name(handler)}.{method} raised {class_name(error)}.",
        "Only None, zcrm_store_custom.NoToken or the KeyError of that very user says that there is no token;"
        " anything else is a failure."
        if method.startswith(("get", "fetch", "delete"))
        else "Whatever it raises counts as: not done, although it may have been done in part.",
        "Look at the cause, cure what the class works on, and call again.",
        handler,
    )


def nonsense(handler: object, method: str, answer: object, expected: str) -> StoreError:
    """Give the error for an answer of a kind that no method may give; the answer is not shown."""
    if inspect.iscoroutine(answer):
        answer.close()
    return refused(
        "ZCRM-CUSTOM-009",
        f"{class_name(handler)}.{method} answered with {_kind(answer)} instead of {expected}.",
        "An answer that is not what the method promises may mean that a token was lost.",
        f"Correct {method}; the README of zcrm-store-custom says what each method answers.",
        handler,
    )


def _kind(answer: object) -> str:
    name = class_name(answer)
    return f"the class {name} itself" if issubclass(type(answer), type) else name


def unreadable(handler: object, method: str, why: str, *, is_the_user_s: bool) -> StoreCorrupt:
    """Give the error for a stored token with a value that no token can have.

    Args:
        handler: the store object.
        method: its method that gave the value.
        why: the finding, without the value of a token.
        is_the_user_s: whether it says of itself that it is the user's; then a login may replace it.
    """
    error = StoreCorrupt(
        f"{class_name(handler)}.{method} gave a token that cannot be one.",
        why=located(handler, why),
        fix="Correct what is stored, or the class"
        + ("; logging the user in again replaces the stored token." if is_the_user_s else "."),
        code="ZCRM-CUSTOM-010",
    )
    error.repaired_by_saving = is_the_user_s
    return error


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
