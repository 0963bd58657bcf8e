"""How does a check ask the store, so that every step is in the story and none lasts for ever?"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress

from zcrm_contract_tests.opening import OpenStore
from zcrm_contract_tests.patience import within
from zcrm_contract_tests.story import Story, shown_error, shown_key, shown_token
from zcrm_contract_tests.verdicts import NoAnswer, Violation
from zcrm_core import StaleToken, StoreError, Token, TokenKey

__all__ = ["Handle"]


class Handle:
    """One open store, with its steps told.

    Args:
        opened: the store.
        story: where steps are told.
        name: what the story calls this handle; empty when there is one only.
        patience: how long one operation may take, in seconds.
        saved: where every key that was saved is noted, for tidying up.
    """

    def __init__(
        self,
        opened: OpenStore,
        story: Story,
        name: str,
        patience: float,
        saved: MutableMapping[TokenKey, Handle],
    ) -> None:
        self.opened = opened
        self._story = story
        self._by = f" by {name}" if name else ""
        self._patience = patience
        self._saved = saved

    def save(self, key: TokenKey, token: Token, replaces: Token | None = None) -> object:
        """Save; give what the hook answered."""
        over = f" over {shown_token(replaces)}" if replaces is not None else ""
        with self._step(f"save {shown_token(token)} for {shown_key(key)}{over}"):
            self._saved[key] = self
            return self.opened.save(key, token, replaces)

    def fetch(self, key: TokenKey) -> object:
        """Fetch; give what the hook answered."""
        with self._step(f"fetch {shown_key(key)}"):
            answer = self.opened.fetch(key)
            self._story.tell(f"  it gave {shown_token(answer)}")
            return answer

    def delete(self, key: TokenKey) -> object:
        """Delete; give what the hook answered."""
        with self._step(f"delete {shown_key(key)}"):
            answer = self.opened.delete(key)
            self._story.tell(f"  it answered {answer!r}")
            return answer

    def list(self) -> list[object]:
        """List; give every key."""
        with self._step("list"):
            answer = list(self.opened.list())
            self._story.tell(f"  it gave {len(answer)} keys")
            return answer

    @contextmanager
    def lock(self, key: TokenKey, wait: float) -> Iterator[None]:
        """Hold the lock of a key."""
        with self._step(f"lock {shown_key(key)}, waiting up to {wait:g} s", wait):
            lock = self.opened.lock(key, wait)
            lock.__enter__()
        try:
            yield
        except BaseException as error:
            with self._step(f"unlock {shown_key(key)} after an error"):
                swallowed = lock.__exit__(type(error), error, error.__traceback__)
            if swallowed:
                raise Violation(f"the lock swallowed the caller's {type(error).__name__}") from error
            raise
        with self._step(f"unlock {shown_key(key)}"):
            lock.__exit__(None, None, None)

    def expect(self, key: TokenKey, token: Token | None, when: str) -> None:
        """Fetch, and break the promise unless this very token, or none, is there.

        Args:
            key: whose.
            token: what was saved; what the store does not promise to keep of it has to be absent.
            when: after what, for the text.
        """
        answer = self.fetch(key)
        token = token and self.opened.capabilities.kept(token)
        if answer == token and type(answer) is type(token):
            return
        self._story.last_error = (
            f"{when}, fetch gave {shown_token(answer)} for {shown_key(key)} "
            f"instead of {shown_token(token)}{_difference(answer, token)}"
        )
        raise Violation(self._story.last_error)

    def refuses_stale(self, key: TokenKey, token: Token, replaces: Token) -> None:
        """Save over a token that is not the stored one, and break the promise unless that is refused."""
        try:
            answer = self.save(key, token, replaces)
        except StaleToken:
            return
        except StoreError as error:
            raise Violation(f"it was refused with {type(error).__name__} instead of StaleToken") from error
        raise Violation(
            f"saving over {shown_token(replaces)}, which is not what is stored for {shown_key(key)}, "
            f"was answered with {answer!r} instead of StaleToken"
        )

    def tidy(self, key: TokenKey) -> None:
        """Remove what an example left in a store that others use too."""
        with suppress(Exception, SystemExit, GeneratorExit, NoAnswer), within(self._patience, "delete"):
            self.opened.delete(key)

    @contextmanager
    def _step(self, text: str, wait: float = 0) -> Iterator[None]:
        self._story.tell(f"{text}{self._by}")
        try:
            with within(self._patience + wait, text.partition(" ")[0]):
                yield
        except BaseException as error:
            self._story.tell(f"  it raised {shown_error(error)}")
            self._story.last_error = f"{text}: {shown_error(error)}"
            raise


def _difference(answer: object, token: Token | None) -> str:
    """Name the fields that differ, where the shown texts could hide it."""
    if not isinstance(answer, Token) or token is None:
        return ""
    fields = [name for name in Token.__dataclass_fields__ if getattr(answer, name) != getattr(token, name)]
    return f" (different: {', '.join(fields)})" if fields else ""
