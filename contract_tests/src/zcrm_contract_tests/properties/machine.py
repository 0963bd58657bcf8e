"""Does a store behave like a mapping of keys to tokens, whatever is asked of it in whatever order?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.fitting import fits
from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.strategies import LOOK_ALIKES, Content, contents
from zcrm_core import Token, TokenKey

_USERS: Final = (*LOOK_ALIKES[0], *LOOK_ALIKES[3])
_KEYS: Final = st.tuples(st.sampled_from(_USERS), st.sampled_from(["production", "production", "sandbox"]))


@promise("TS-48")
def machine(bench: Bench) -> None:
    """A long run of saves, replacements, fetches, deletes and listings, through several handles, gives what a
    mapping of keys to tokens would give.
    """

    class Machine(_Machine):
        def __init__(self) -> None:
            super().__init__(bench)

    factory: Callable[[], RuleBasedStateMachine] = Machine
    if bench.seed is not None:
        factory = seed(bench.seed)(Machine)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # Hypothesis gives it no types
        factory,
        settings=settings(
            max_examples=bench.profile.examples,
            stateful_step_count=bench.profile.steps,
            phases=bench.phases,
            derandomize=bench.profile.derandomize and bench.seed is None,
            database=None,
            deadline=None,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


class _Machine(RuleBasedStateMachine):
    """The model is a dictionary; each rule asks store and model the same."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self._model: dict[TokenKey, Token] = {}
        self._seen: dict[TokenKey, Token] = {}
        bench.begin()
        self._handles: list[Handle] = [bench.open("the first handle")]
        if self._can_reopen():
            self._handles.append(bench.reopen("the second handle"))

    @initialize()
    def look(self) -> None:
        """List through every handle: one that remembers its answer will be found out in the end."""
        if self._bench.author.capabilities.lists:
            for handle in self._handles:
                self._expect_list(handle)

    def teardown(self) -> None:
        """Look at every key that was used, and list, through every handle; then tidy up."""
        try:
            for handle in self._handles:
                for key in self._seen:
                    handle.expect(key, self._model.get(key), "in the end")
                if self._bench.author.capabilities.lists:
                    self._expect_list(handle)
        finally:
            self._bench.end()

    def _key(self, named: tuple[str, str]) -> TokenKey:
        user, environment = named
        apart = self._bench.author.capabilities.separates_clients
        return self._bench.key(user, environment if apart else "production")

    def _handle(self, number: int) -> Handle:
        return self._handles[number % len(self._handles)]

    @rule(named=_KEYS, content=contents(), by=st.integers(0, 2))
    def save(self, named: tuple[str, str], content: Content, by: int) -> None:
        """Save over whatever is there."""
        if not fits(content, self._bench.longest):
            return
        key = self._key(named)
        token = content.of(key.user_identifier)
        self._handle(by).save(key, token)
        self._model[key] = self._seen[key] = self._bench.kept(token)

    @rule(named=_KEYS, by=st.integers(0, 2), right=st.booleans())
    def replace(self, named: tuple[str, str], by: int, right: bool) -> None:  # noqa: FBT001 - drawn
        """Save over the token that is there, or over one that is not."""
        key, handle = self._key(named), self._handle(by)
        token, stored = self._bench.token(key.user_identifier), self._model.get(key)
        if right and stored is not None:
            handle.save(key, token, stored)
            self._model[key] = self._seen[key] = token
        else:
            old = self._seen.get(key)
            other = old if old is not None and old != stored else self._bench.token(key.user_identifier)
            handle.refuses_stale(key, token, other)
            handle.expect(key, stored, "after a replacement was refused")

    @rule(named=_KEYS, by=st.integers(0, 2))
    def fetch(self, named: tuple[str, str], by: int) -> None:
        """Fetch."""
        key = self._key(named)
        self._handle(by).expect(key, self._model.get(key), "in the middle of a run")

    @rule(named=_KEYS, by=st.integers(0, 2))
    def delete(self, named: tuple[str, str], by: int) -> None:
        """Delete."""
        key = self._key(named)
        was_there = key in self._model
        answer = self._handle(by).delete(key)
        self._bench.expect(answer is was_there, f"delete answered {answer!r} instead of {was_there}")
        self._model.pop(key, None)

    @rule()
    def reopen(self) -> None:
        """Open one more handle, as another program would."""
        if len(self._handles) < 3 and self._can_reopen():  # noqa: PLR2004 - a story with more says no more
            self._handles.append(self._bench.reopen("the third handle"))

    def _can_reopen(self) -> bool:
        promised = self._bench.author.capabilities
        return self._bench.source.reloads and (promised.shared_between_processes or promised.survives_restart)

    @precondition(lambda self: self._bench.author.capabilities.lists)
    @rule(by=st.integers(0, 2))
    def list(self, by: int) -> None:
        """List."""
        self._expect_list(self._handle(by))

    def _expect_list(self, handle: Handle) -> None:
        listed = self._bench.listed(handle)
        wanted = sorted(map(repr, self._model))
        self._bench.expect(
            sorted(map(repr, listed)) == wanted,
            f"list gave {len(listed)} keys, not the {len(wanted)} that are there",
        )
