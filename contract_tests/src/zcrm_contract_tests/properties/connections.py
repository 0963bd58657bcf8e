"""Does a token survive a connection that breaks?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.steps import loss_of, watching
from zcrm_contract_tests.story import shown_error, shown_token
from zcrm_contract_tests.verdicts import Violation
from zcrm_core import StaleToken, StoreError, Token, TokenKey

_MOST_STEPS: Final = 2000


@promise("TS-35", capabilities=["connects"], behind=["break_connections"])
def connections(bench: Bench) -> None:
    """A lost connection costs at most one error that says it may be tried again; what was done is done once,
    and the next call works.
    """
    store, key = bench.open(), bench.key()
    old = bench.token()
    store.save(key, old)
    bench.author.break_connections(bench.namespace)
    bench.story.tell("every connection is broken")
    _again(bench, lambda: store.expect(key, old, "after the connection was broken"))
    for operation in ("save", "replace", "delete"):
        bench.author.break_connections(bench.namespace)
        bench.story.tell("every connection is broken")
        old = _again(bench, lambda: _change(store, key, operation, old, bench))  # noqa: B023 - called at once
    for operation in ("save", "replace", "delete"):
        for step in range(_MOST_STEPS):
            if not _loses(bench, store, operation, step):
                break


def _change(store: Handle, key: TokenKey, operation: str, old: Token, bench: Bench) -> Token:
    new = bench.token()
    if operation == "delete":
        store.delete(key)
        store.expect(key, None, "after it was deleted over a broken connection")
        store.save(key, new)
    else:
        store.save(key, new, old if operation == "replace" else None)
    store.expect(key, new, f"after {operation} over a broken connection")
    return new


def _again(bench: Bench, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the work gives
    try:
        return work()
    except StoreError as error:
        bench.expect(
            error.retryable, f"a lost connection raised {shown_error(error)}, which is not retryable"
        )
        bench.story.tell("  it may be tried again")
    return work()


def _loses(bench: Bench, store: Handle, operation: str, step: int) -> bool:
    """Lose the connection at a step of a change; answer whether there was such a step."""
    key, old, new = bench.key(), bench.token(), bench.token()
    store.save(key, old)
    left, lost = step, False

    def lose(module: str, call: str) -> None:
        nonlocal left, lost
        error = loss_of(module, call)
        if error is not None and not lost:
            if left == 0:
                lost = True
                bench.story.tell(f"  the connection is lost at {call}")
                raise error
            left -= 1

    answer: object = None
    try:
        with watching(lose):
            if operation == "delete":
                answer = store.delete(key)
            else:
                answer = store.save(key, new, old if operation == "replace" else None)
    except StaleToken as error:
        raise Violation(f"{operation} was done once and then refused: {shown_error(error)}") from error
    except StoreError as error:
        bench.expect(
            error.retryable, f"a lost connection raised {shown_error(error)}, which is not retryable"
        )
    if not lost:
        return False
    after = None if operation == "delete" else new
    found = store.fetch(key)
    bench.expect(
        found == after or (answer is None and found == old),
        f"after the connection was lost during {operation}, which "
        f"{'answered ' + repr(answer) if answer is not None else 'raised'}, fetch gave {shown_token(found)}",
    )
    return True
