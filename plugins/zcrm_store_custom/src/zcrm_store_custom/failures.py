"""Which error tells the user of an own store class what happened, why, and what to do?"""

from __future__ import annotations

import sys

from zcrm_core import StoreCorrupt, StoreError

__all__ = ["class_name", "failed", "nonsense", "other_user", "refused", "unreadable"]


def class_name(handler: object) -> str:
    """Give the name by which messages call a store object: that of its class."""
    return type(handler).__name__


def _located(handler: object, why: str) -> str:
    """Add to a reason in which file the class of a store object, or the class itself, is written."""
    kind = handler if isinstance(handler, type) else type(handler)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return f"{why} {kind.__name__} is in {file or f'the module {kind.__module__}'}."


def refused(code: str, what: str, why: str, fix: str, handler: object = None) -> StoreError:
    """Give the error for a class that cannot be used at all.

    Args:
        code: the whole code, such as ``ZCRM-CUSTOM-004``.
        what: what was found, one sentence that names the file or the class.
        why: the reason.
        fix: the cure.
        handler: the store object or its class, for what does not name the file.
    """
    return StoreError(what, why=why if handler is None else _located(handler, why), fix=fix, code=code)


def failed(handler: object, method: str, error: Exception) -> StoreError:
    """Give the error for a method that raised; its own text is left out, for it may hold a token."""
    return refused(
        "ZCRM-CUSTOM-008",
        f"{class_name(handler)}.{method} raised {type(error).__name__}.",
        "Only None or zcrm_store_custom.NoToken says that there is no token; anything else is a failure.",
        "Look at the cause, cure what the class works on, and call again.",
        handler,
    )


def nonsense(handler: object, method: str, answer: object, expected: str) -> StoreError:
    """Give the error for an answer of a kind that no method may give; the answer is not shown."""
    return refused(
        "ZCRM-CUSTOM-009",
        f"{class_name(handler)}.{method} answered with {type(answer).__name__} instead of {expected}.",
        "An answer that is not what the method promises may mean that a token was lost.",
        f"Correct {method}; the README of zcrm-store-custom says what each method answers.",
        handler,
    )


def unreadable(handler: object, method: str, why: str) -> StoreCorrupt:
    """Give the error for a stored token with a value that no token can have.

    Args:
        handler: the store object.
        method: its method that gave the value.
        why: the finding, without the value of a token.
    """
    return StoreCorrupt(
        f"{class_name(handler)}.{method} gave a token that cannot be one.",
        why=_located(handler, why),
        fix="Correct what is stored, or the class; logging the user in again replaces the stored token.",
        code="ZCRM-CUSTOM-010",
    )


def other_user(handler: object, method: str, asked: str) -> StoreCorrupt:
    """Give the error for a token that belongs to somebody else than the user asked for."""
    return StoreCorrupt(
        f"{class_name(handler)}.{method} gave another user's token for {asked}.",
        why=_located(
            handler, "It does not tell the two users apart; a database may ignore case or blanks at the end."
        ),
        fix="Compare user identifiers exactly, as a binary collation does. Nothing was changed.",
        code="ZCRM-CUSTOM-011",
    )
