"""What does a backend's author write? A class with seven lines; every promise becomes one of its tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from zcrm_contract_tests import CONTRACT_LEVEL
from zcrm_contract_tests.capabilities import Capabilities
from zcrm_contract_tests.promises import Promise, all_promises
from zcrm_core import Token, TokenKey

if TYPE_CHECKING:
    import pytest

__all__ = ["TokenStoreContract", "reaches"]

_MARK: Final = "zcrm_promise"


class TokenStoreContract:
    """The base of a store's contract test; pytest runs one test a promise.

    Derive from it in a test file, with a name that starts with ``Test``, and write ``plugin`` and
    :meth:`store_config`. The other methods reach behind the store; each is optional, and without it the
    promises that need it are reported as "not checked".

    Attributes:
        plugin: the name of an installed plugin (its entry point), a plugin's class, or a plugin object.
        capabilities: what the store promises.
        known_gaps: promises that the store is known to break, each with the reason. A gap that is closed
            makes the run fail, so that it is taken out of this list.
        level: the contract level that is binding; promises of a higher level are run and reported only.
        patience: how long one operation may take, in seconds.
        lease: how long a killed holder may keep others from the lock, in seconds.
        longest: how many characters of a user and of each text fit in any case, without ``full_lengths``.
        shares_one_store: whether all namespaces are one store, which is tidied up after each example.
    """

    plugin: object
    capabilities: Capabilities = Capabilities()
    known_gaps: ClassVar[Mapping[str, str]] = {}
    level: int = CONTRACT_LEVEL
    patience: float = 10.0
    lease: float = 10.0
    longest: int = 100
    shares_one_store: bool = False

    def store_config(self, namespace: str) -> Mapping[str, object]:
        """Give the configuration keys of an empty store of its own for each namespace.

        It is asked several times for one namespace, and names the same store each time.

        Args:
            namespace: letters and digits, different for every example.
        """
        raise NotImplementedError(f"{type(self).__name__} needs store_config(self, namespace)")

    def files(self, namespace: str) -> Path:
        """Give the folder or the file in which the store keeps this namespace's tokens, and nothing else."""
        raise NotImplementedError

    def raw_dump(self, namespace: str) -> Mapping[str, bytes]:
        """Read what is stored without the store: a name for each part, such as a file or a row, and its
        bytes.
        """
        raise NotImplementedError

    def raw_load(self, namespace: str, parts: Mapping[str, bytes]) -> None:
        """Write, without the store, what :meth:`raw_dump` gives, or a damaged form of it."""
        raise NotImplementedError

    def break_connections(self, namespace: str) -> None:
        """Break every connection that the store has to its server now, without the store's knowing."""
        raise NotImplementedError

    def old_stores(self, namespace: str) -> Mapping[str, Callable[[], Mapping[TokenKey, Token]]]:
        """Give for each older version a function that makes this namespace's store as that version left it.

        Each function answers with the tokens that it put there.
        """
        raise NotImplementedError

    def newer_store(self, namespace: str) -> None:
        """Make this namespace's store as a newer version would leave it, one that this version cannot
        read.
        """
        raise NotImplementedError

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        promises = all_promises()
        _refuse_unknown_gaps(cls, promises)
        _refuse_overrides(cls)
        for promise in promises:
            test = _test_of(promise)
            test.__qualname__ = f"{cls.__qualname__}.{promise.test_name}"
            test.__module__ = cls.__module__
            setattr(cls, promise.test_name, test)


def reaches(author: TokenStoreContract, method: str) -> bool:
    """Answer whether the author has written an optional method, or another that stands in for it."""

    def written(name: str) -> bool:
        return getattr(type(author), name) is not getattr(TokenStoreContract, name)

    # The raw content of a store that keeps files is in its files.
    return written(method) or (method in ("raw_dump", "raw_load") and written("files"))


def _test_of(promise: Promise) -> Callable[..., None]:
    # A function of its own for each class: Hypothesis refuses one test that runs on two.
    def test(self: TokenStoreContract, request: pytest.FixtureRequest) -> None:
        from zcrm_contract_tests.pytest_plugin import run  # noqa: PLC0415 - pytest is there when a test runs

        __tracebackhide__ = True
        run(self, promise, request)

    test.__name__ = promise.test_name
    test.__doc__ = promise.sentence
    setattr(test, _MARK, promise.id)
    return test


def _refuse_unknown_gaps(cls: type[TokenStoreContract], promises: tuple[Promise, ...]) -> None:
    unknown = sorted(set(cls.known_gaps) - {promise.id for promise in promises})
    if unknown:
        raise TypeError(
            f"{cls.__name__}.known_gaps names {', '.join(unknown)}, which is no promise; "
            f"CONTRACT.md lists them all."
        )
    silent = sorted(id for id, reason in cls.known_gaps.items() if not reason.strip())  # noqa: A001 - a promise's
    if silent:
        raise TypeError(f"{cls.__name__}.known_gaps gives no reason for {', '.join(silent)}.")


def _refuse_overrides(cls: type[TokenStoreContract]) -> None:
    for base in cls.__mro__:
        for name, member in vars(base).items():
            if name.startswith("test_ts_") and not hasattr(member, _MARK):
                raise TypeError(
                    f"{base.__name__} overrides {name}: a promise cannot be rewritten. If the store is known "
                    f"to break it, say so in known_gaps, with the reason."
                )
