"""What does a check work with? A store of its own, keys, tokens that tell themselves apart, and a story."""

from __future__ import annotations

import inspect
import os
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from hypothesis import Phase

from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.opening import Source
from zcrm_contract_tests.patience import within
from zcrm_contract_tests.profiles import Profile
from zcrm_contract_tests.story import Story
from zcrm_contract_tests.strategies import MAX_TEXT
from zcrm_contract_tests.verdicts import NotChecked, NotDecided, Violation
from zcrm_contract_tests.workers import Worker
from zcrm_core import Token, TokenKey

if TYPE_CHECKING:
    from zcrm_contract_tests.contract import TokenStoreContract
    from zcrm_contract_tests.opening import Plugins
    from zcrm_core import Client

__all__ = ["Bench"]

_MAX_EXAMPLE_BYTES: Final = 16


class Bench:
    """One promise's place of work. Every example has a namespace of its own, named at random.

    Args:
        author: the author's class, which says where the store is.
        profile: how hard to try.
        seed: where the scripts of concurrent runs start; random when left out.

    Attributes:
        examples: how many examples were begun.
        note: what a promise that is kept left out; empty when nothing.
    """

    def __init__(self, author: TokenStoreContract, profile: Profile, seed: int | None = None) -> None:
        self.author = author
        self.profile = profile
        self.source = Source(author.plugin, author.capabilities)
        if inspect.isclass(author.plugin) and not self.shares:
            self.source = Source(author.plugin(), author.capabilities)  # every client has the one object
        self.seed = seed
        self.phases: tuple[Phase, ...] = (Phase.explicit, Phase.generate, Phase.shrink)
        self.random = random.Random(seed)  # noqa: S311 - it draws scripts, not secrets
        self.story = Story()
        self.examples = 0
        self.note = ""
        self.namespace = ""
        self._plugins: Plugins | None = None
        self._saved: dict[TokenKey, Handle] = {}
        self._numbers = iter(range(10**9))

    @contextmanager
    def example(self) -> Iterator[None]:
        """Begin an example: an empty store, a new story."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> None:
        """Begin an example that :meth:`end` ends."""
        # Neither a counter nor drawn: a second run would meet what the first left.
        self.namespace = f"zcrm{os.urandom(_MAX_EXAMPLE_BYTES // 2).hex()}"
        self.story.begin()
        self.examples += 1

    def end(self) -> None:
        """End the example; a store that all examples share is tidied up."""
        saved, self._saved = self._saved, {}
        if not self.author.shares_one_store:
            return
        # Ctrl-C ends the run, but not before everything is tidied up.
        tidied = [_tidied(handle, key) for key, handle in saved.items()]
        if not all(tidied):
            raise KeyboardInterrupt

    # -- the store -------------------------------------------------------------------------------------

    @property
    def values(self) -> Mapping[str, object]:
        """The configuration keys of this example's store."""
        return self.author.store_config(self.namespace)

    def open(self, name: str = "") -> Handle:
        """Open this example's store; every handle of a run goes through one plugin, as in one process.

        Args:
            name: what the story calls the handle, when there are several.
        """
        if self._plugins is None:
            self._plugins = self.source.load()
        return self._handle(self._plugins, name)

    def reopen(self, name: str = "the store opened again") -> Handle:
        """Open this example's store by a plugin that is loaded anew, as another program would.

        A store of one process only is opened once more by the same plugin.
        """
        return self._handle(self.source.load(), name) if self.shares else self.open(name)

    def _handle(self, plugins: Plugins, name: str) -> Handle:
        with within(self.author.patience, "opening the store"):
            opened = self.source.open(plugins, self.values)
        return Handle(opened, self.story, name, self.author.patience, self._saved)

    @contextmanager
    def client(self, config: Mapping[str, object]) -> Iterator[Client]:
        """Make a client that keeps its tokens in this example's store; one that hangs is interrupted.

        Args:
            config: what the client needs beside the store's own keys.
        """
        if not self.shares:
            self.cannot("a client would have a store of its own, which nobody else sees")
        with (
            within(self.author.patience * 3, "a client that uses the store"),
            self.source.client({**self.values, **config}) as client,
        ):
            yield client

    @property
    def shares(self) -> bool:
        """Whether a plugin that is loaded anew, as another client would, sees the same tokens."""
        promised = self.author.capabilities
        return promised.shared_between_processes or promised.survives_restart or not self.source.reloads

    def reaches(self, method: str) -> bool:
        """Answer whether the author has written an optional method."""
        from zcrm_contract_tests.contract import reaches  # noqa: PLC0415 - the class's module loads the checks

        return reaches(self.author, method)

    def worker(self, *, traced: bool = False) -> Worker:
        """Start another process with this example's store; ``ready()`` waits for it."""
        return Worker(
            self.source.reference(),
            self.values,
            self.author.capabilities,
            self.author.patience,
            traced=traced,
        )

    def dump(self) -> Mapping[str, bytes]:
        """Read what is stored, without the store, in parts; a file is a part."""
        if type(self.author).raw_dump is not self._bare.raw_dump:
            return self.author.raw_dump(self.namespace)
        return {str(path): path.read_bytes() for path in self.file_paths()}

    def load(self, parts: Mapping[str, bytes]) -> None:
        """Write parts, without the store."""
        if type(self.author).raw_load is not self._bare.raw_load:
            self.author.raw_load(self.namespace, parts)
            return
        for name, content in parts.items():
            Path(name).write_bytes(content)

    @property
    def _bare(self) -> type[TokenStoreContract]:
        from zcrm_contract_tests.contract import TokenStoreContract  # noqa: PLC0415 - as above

        return TokenStoreContract

    @property
    def files(self) -> Path:
        """The file or folder that holds this example's tokens."""
        return self.author.files(self.namespace)

    def file_paths(self) -> list[Path]:
        """Every regular file that the store keeps for this example now, in a fixed order."""
        place = self.files
        if place.is_dir() and not place.is_symlink():
            return sorted(path for path in place.rglob("*") if path.is_file() and not path.is_symlink())
        beside = place.parent.glob(f"*{place.name}*") if place.parent.is_dir() else ()
        return sorted(path for path in beside if path.is_file() and not path.is_symlink())

    # -- keys and tokens -------------------------------------------------------------------------------

    def key(self, user: str = "a@example.com", environment: str = "production", client: str = "") -> TokenKey:
        """Make a key of this example; no other example has the same client."""
        return TokenKey(user, f"1000.{self.namespace}{client}", environment)

    def key_of(self, user: str, client_id: str) -> TokenKey:
        """Make the key of a user of another client, such as a simulator's."""
        return TokenKey(user, client_id, "production")

    def saved(self, key: TokenKey, by: Handle) -> None:
        """Note that a key was saved by another process, for tidying up."""
        self._saved[key] = by

    def listed(self, store: Handle) -> list[object]:
        """Give what the store lists for this example; one that all examples share lists other keys too."""
        return [
            self.as_listed(key) if isinstance(key, TokenKey) else key
            for key in store.list()
            if not isinstance(key, TokenKey) or self._mine(key)
        ]

    def as_listed(self, key: TokenKey) -> TokenKey:
        """Give a key without what a store cannot know that does not keep clients apart."""
        return key if self.author.capabilities.separates_clients else self.key(key.user_identifier)

    def _mine(self, key: TokenKey) -> bool:
        if self.author.capabilities.separates_clients:
            return key.client_id.startswith(f"1000.{self.namespace}")
        saved = {each.user_identifier for each in self._saved}
        return not self.author.shares_one_store or key.user_identifier in saved

    def token(self, user: str = "a@example.com", **fields: str | int | None) -> Token:
        """Make a token that no other one of this run equals, but for the fields that are given."""
        number = next(self._numbers)
        return Token(
            **{
                "user_identifier": user,
                "access_token": f"access-{number}",
                "refresh_token": f"refresh-{number}",
                "expiry_time": 1_900_000_000_000 + number,
                **fields,
            }  # type: ignore[arg-type]  # the fields have the types that the caller gave
        )

    def kept(self, token: Token) -> Token:
        """Give what has to come back of a token that was saved."""
        return self.author.capabilities.kept(token)

    @property
    def longest(self) -> int:
        """How many characters of a user and of each text the store must take."""
        return MAX_TEXT if self.author.capabilities.full_lengths else self.author.longest

    def keep_history(self, history: str) -> Path:
        """Write a recorded history to a file of its own, so that it can be judged again; give its path."""
        descriptor, name = tempfile.mkstemp(prefix="zcrm-contract-history-", suffix=".json")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(history)
        return Path(name)

    # -- what a check says -----------------------------------------------------------------------------

    def expect(self, holds: object, otherwise: str) -> None:
        """Break the promise unless a condition holds."""
        if not holds:
            self.story.last_error = otherwise
            raise Violation(otherwise)

    def cannot(self, reason: str) -> NoReturn:
        """End the check: the promise cannot be looked at here."""
        raise NotChecked(reason)

    def undecided(self, reason: str) -> NoReturn:
        """End the check: it came to no end."""
        raise NotDecided(reason)


def _tidied(handle: Handle, key: TokenKey) -> bool:
    """Remove an example's token; answer False when that was interrupted and had to be done again."""
    try:
        handle.tidy(key)
    except KeyboardInterrupt:
        handle.tidy(key)
        return False
    return True
