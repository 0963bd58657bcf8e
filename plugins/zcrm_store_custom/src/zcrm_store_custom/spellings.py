"""By which names does a store class call its methods, and can they be called as needed?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from zcrm_core import StoreError, TokenStorePlugin
from zcrm_store_custom.failures import refused, refusing
from zcrm_store_custom.showing import class_name

__all__ = ["SPELLINGS", "Methods", "Spelling", "complete_spellings", "find_methods"]

Method = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One set of method names.

    Args:
        save: the method that saves.
        fetch: the method that gives a token.
        delete: the method that deletes.
        by_key: whether the methods take a ``TokenKey``; the older ones know the user identifier alone.
    """

    save: str
    fetch: str
    delete: str
    by_key: bool

    def __str__(self) -> str:
        return f"{self.save}, {self.fetch}, {self.delete}"

    @property
    def names(self) -> tuple[str, str, str]:
        """The three method names: to save, to fetch, to delete."""
        return self.save, self.fetch, self.delete


SPELLINGS: Final = (
    Spelling("save", "fetch", "delete", by_key=True),
    Spelling("save_oauth_tokens", "get_oauth_tokens", "delete_oauth_tokens", by_key=False),
    Spelling("saveOAuthData", "getOAuthTokens", "deleteOAuthTokens", by_key=False),
)
"""The spellings known; of a class that has several, the first one counts."""


@dataclass(frozen=True, slots=True)
class Methods:
    """The methods of a store object.

    Args:
        spelling: their names.
        save: the method that saves.
        fetch: the method that gives a token.
        delete: the method that deletes.
        list: the method that lists the keys, if there is one.
        lock: the method that gives a lock for the refresh of a token, if there is one.
        compares: whether ``save`` takes ``replaces`` and compares by itself.
    """

    spelling: Spelling
    save: Method
    fetch: Method
    delete: Method
    list: Method | None
    lock: Method | None
    compares: bool


def complete_spellings(store: object) -> list[Spelling]:
    """Give the spellings of which a class or an object has all three methods."""
    return [each for each in SPELLINGS if all(_method(store, name) is not None for name in each.names)]


def find_methods(handler: object) -> Methods:
    """Find the methods of a store object, each checked to take the arguments that it will get.

    Raises:
        StoreError: a method is missing or cannot be called that way.
    """
    if issubclass(type(handler), TokenStorePlugin):
        raise refused(
            "ZCRM-CUSTOM-007",
            f"{class_name(handler)} is a plugin of its own, not a store class.",
            "It is a TokenStorePlugin, so its methods take the configuration, and it has a name and a rank.",
            f"Pass it as Client(config, token_store={class_name(handler)}()), or install it as a wheel; "
            "docs/how-to/write-a-token-store.md shows one.",
            handler,
        )
    spelling = next(iter(complete_spellings(handler)), None)
    found = [] if spelling is None else [_method(handler, name) for name in spelling.names]
    save, fetch, delete = (*found, None, None, None)[:3]
    if spelling is None or save is None or fetch is None or delete is None:
        raise _incomplete(handler)
    compares = spelling.by_key and _takes_replaces(handler, spelling.save, save)
    lists, locks = (_method(handler, name) for name in ("list", "lock"))
    subject = "key" if spelling.by_key else "user_identifier"
    _check(handler, save, spelling.save, "key, token" if spelling.by_key else "token", compares=compares)
    _check(handler, fetch, spelling.fetch, subject)
    _check(handler, delete, spelling.delete, subject)
    if lists is not None:
        _check(handler, lists, "list", "")
    if locks is not None:
        _check(handler, locks, "lock", f"{subject}, wait")
    return Methods(spelling, save, fetch, delete, lists, locks, compares)


def _method(handler: object, name: str) -> Method | None:
    method = _looked_up(handler, name)
    return method if callable(method) else None


def _looked_up(handler: object, name: str) -> object:
    def failed(error: BaseException) -> StoreError:
        return refused(
            "ZCRM-CUSTOM-007",
            f"{class_name(handler)}.{name} raised {class_name(error)} when it was looked for.",
            "It is a property or the like that fails.",
            f"Write {name} as a plain method.",
            handler,
        )

    with refusing(failed):
        return getattr(handler, name, None)


def _takes_replaces(handler: object, name: str, save: Method) -> bool:
    signature = _signature(handler, name, save)
    return signature is not None and "replaces" in signature.parameters


def _signature(handler: object, name: str, method: Method) -> inspect.Signature | None:
    def failed(error: BaseException) -> StoreError:
        return refused(
            "ZCRM-CUSTOM-007",
            f"{class_name(handler)}.{name} raised {class_name(error)} when its arguments were looked at.",
            "It describes its arguments itself, and that fails.",
            f"Write {name} as a plain method.",
            handler,
        )

    with refusing(failed):
        try:
            return inspect.signature(method)
        except (TypeError, ValueError):  # a method written in C may not say
            return None


def _check(handler: object, method: Method, name: str, arguments: str, *, compares: bool = False) -> None:
    if any(
        check(method)
        for check in (
            inspect.iscoroutinefunction,
            inspect.isgeneratorfunction,
            inspect.isasyncgenfunction,
        )
    ) and (name != "list" or not inspect.isgeneratorfunction(method)):
        raise _wrong(
            handler, name, arguments, "It is async or a generator, so calling it would run nothing of it."
        )
    signature = _signature(handler, name, method)
    if signature is None:
        return
    try:
        signature.bind(*filter(None, arguments.split(", ")), **({"replaces": None} if compares else {}))
    except TypeError as error:
        wanted = f"{arguments}, replaces=None" if compares else arguments
        raise _wrong(handler, name, wanted, f"Its arguments are {signature}: {error}.") from None


def _wrong(handler: object, name: str, arguments: str, why: str) -> StoreError:
    return refused(
        "ZCRM-CUSTOM-007",
        f"{class_name(handler)}.{name} cannot be called as {name}({arguments}).",
        why,
        f"Write it as a plain method: def {name}({', '.join(filter(None, ('self', arguments)))}).",
        handler,
    )


def _incomplete(handler: object) -> StoreError:
    nearest = max(SPELLINGS, key=lambda each: sum(_method(handler, name) is not None for name in each.names))
    known = [name for each in SPELLINGS for name in each.names]
    found = [name for name in known if _method(handler, name) is not None]
    sets = "; or ".join(map(str, SPELLINGS))
    if not found:
        return refused(
            "ZCRM-CUSTOM-007",
            f"{class_name(handler)} has none of the methods of a store.",
            f"A store needs one of these sets: {sets}.",
            "Add the methods of one set; the README of zcrm-store-custom shows them.",
            handler,
        )
    missing = [name for name in nearest.names if name not in found]
    values = {name: _looked_up(handler, name) for name in missing}
    odd = "".join(
        f" {name} is {class_name(value)}, not a method."
        for name, value in values.items()
        if value is not None
    )
    return refused(
        "ZCRM-CUSTOM-007",
        f"{class_name(handler)} lacks {' and '.join(missing)}.",
        f"It has {', '.join(found)}.{odd} A store needs the whole of one set: {sets}.",
        "Add what is missing; one set of names must be complete.",
        handler,
    )
