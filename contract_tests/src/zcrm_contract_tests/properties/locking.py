"""Is the lock held by one caller only, freed when its holder dies, and no licence to overwrite?"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from itertools import pairwise
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.playing import in_threads
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.story import shown_error, shown_token
from zcrm_contract_tests.verdicts import NoAnswer, Violation
from zcrm_contract_tests.worker import plain_key, plain_token
from zcrm_contract_tests.workers import Worker, result_of
from zcrm_core import ReauthorizationRequired, RefreshTimeout, Token, TokenKey

if TYPE_CHECKING:
    from zcrm_simulator import Simulator

_BOTH: Final = ("locks", "shared_between_processes")
_THREADS: Final = 4
_SOON: Final = 0.1
_ENDPOINT: Final = "/oauth/v2/token"
_EXPIRED: Final = 1
_LONG: Final = 1.5


@promise("TS-43", capabilities=_BOTH)
def single_flight(bench: Bench) -> None:
    """However many threads and processes find a token expired, it is refreshed once, and all get the new
    one.
    """
    from zcrm_simulator import Simulator  # noqa: PLC0415 - only the checks that refresh need a server

    with ExitStack() as opened, Simulator() as zoho:
        workers = [opened.enter_context(bench.worker()) for _ in range(bench.profile.processes)]
        key, old = _expired(bench, zoho)
        # Slow enough for everybody to come while the one refresh is under way.
        zoho.faults.add(_ENDPOINT, kind="delay", seconds=0.5, times=100)
        before = zoho.counters.refreshes
        for worker in workers:
            worker.ready()
            worker.tell("connect", config=_config(zoho))
        for worker in workers:
            result_of(worker.answer())
        start = monotonic() + _SOON
        for worker in workers:
            worker.tell("refresh", threads=_THREADS, start=start)
        answers = [worker.answer(patience=bench.author.patience + 30) for worker in workers]
        count = zoho.counters.refreshes - before
        bench.story.tell(
            f"{len(workers)} processes with {_THREADS} threads each call the CRM with one expired token"
        )
        for answer in answers:
            errors = [answer.failure] if answer.error else answer.value["errors"]
            bench.expect(not errors, f"a client failed: {', '.join(errors[:1])}")
            bench.expect(answer.value["answers"] == _THREADS, "a client got no answer")
        bench.expect(count == 1, f"one expired token was refreshed {count} times")
        found = bench.reopen().fetch(key)
        bench.expect(
            isinstance(found, Token) and found.access_token != old.access_token,
            f"after the refresh, fetch gave {shown_token(found)}",
        )


@promise("TS-44", capabilities=_BOTH)
def dead_holder(bench: Bench) -> None:
    """A holder that is killed frees the lock within the lease; one that slept through it overwrites
    nothing.
    """
    key, handle = bench.key(), bench.open()
    seen, newer, late = bench.token(), bench.token(), bench.token()
    handle.save(key, seen)
    with bench.worker() as holder:
        _locked(holder.ready(), key, wait=0)
        bench.story.tell("another process takes the lock and is killed")
        holder.kill()
        try:
            with handle.lock(key, bench.author.lease):
                bench.story.tell("the lock is free")
        except RefreshTimeout as error:
            raise Violation(
                f"a process was killed that held the lock, and {bench.author.lease:g} s later it was not free"
            ) from error
    with bench.worker() as holder:
        _locked(holder.ready(), key, wait=bench.author.lease)
        bench.story.tell("another process takes the lock, and stands still")
        holder.stop()
        handle.save(key, newer, seen)
        holder.resume()
        answer = holder.ask("save", key=plain_key(key), token=plain_token(late), replaces=plain_token(seen))
        bench.story.tell(f"it goes on and saves over the token it saw: {answer.failure or 'saved'}")
        handle.expect(key, newer, "after a holder that stood still had gone on")
        bench.expect(
            "StaleToken" in answer.error,
            f"a holder that stood still saved over a token it never saw: {answer.failure or 'no error'}",
        )


@promise("TS-45", capabilities=["locks"])
def one_holder(bench: Bench) -> None:
    """At most one caller holds the lock of a key, among all threads and processes, also while it passes from
    one to the next; who waits too long gets a RefreshTimeout.
    """
    handle, key = bench.open(), bench.key()
    _after_an_error(bench, key)
    _between_threads(bench, key)
    if bench.author.capabilities.shared_between_processes:
        _between_processes(bench, key)
    with handle.lock(key, bench.author.lease):
        bench.story.tell("the lock is free in the end")


def _after_an_error(bench: Bench, key: TokenKey) -> None:
    """Let a holder fail: a refresh that fails must neither keep the lock nor look like one that went well."""
    handle = bench.open()
    with suppress(_HolderFailed), handle.lock(key, bench.author.lease):
        raise _HolderFailed  # Handle.lock sees that it comes back
    try:
        with handle.lock(key, 0.0):
            bench.story.tell("the lock is free")
    except RefreshTimeout as error:
        raise Violation("a holder that failed did not give the lock up") from error


class _HolderFailed(Exception):
    """What a refresh may raise while it holds the lock."""


def _between_processes(bench: Bench, key: TokenKey) -> None:
    with ExitStack() as opened:
        first, second, third = (opened.enter_context(bench.worker()) for _ in range(3))
        for worker in (first, second, third):
            worker.ready()
        for _ in range(3):
            _passes_on(bench, key, first, second, third)
        start = monotonic() + 0.05
        workers = (first, second, third)
        for worker in workers:
            worker.tell(
                "take_turns",
                key=plain_key(key),
                turns=10,
                seconds=0.002,
                wait=bench.author.patience,
                start=start,
            )
        held = []
        for worker in workers:
            answer = worker.answer(patience=bench.author.patience * 3)
            bench.expect(not answer.error, f"in another process, the lock raised {answer.failure}")
            held += answer.value
    held.sort()
    for (_, ended), (began, _) in pairwise(held):
        bench.expect(began >= ended, "two processes held the lock at the same time")


def _between_threads(bench: Bench, key: TokenKey) -> None:
    store = bench.open().opened
    raised: list[BaseException] = []

    def wait_in_vain(seconds: float) -> None:
        began = monotonic()
        try:
            with store.lock(key, seconds):
                raised.append(Violation("two threads held the lock at the same time"))
        except RefreshTimeout:
            if not seconds * 0.5 <= monotonic() - began <= seconds + bench.author.patience:
                raised.append(
                    Violation(f"waiting {seconds:g} s for the lock took {monotonic() - began:.1f} s")
                )
        except Exception as error:  # noqa: BLE001 - told below
            raised.append(Violation(f"a lock that is held raised {shown_error(error)}, not RefreshTimeout"))

    bench.story.tell("this thread holds the lock, and another wants it")
    with bench.open().lock(key, bench.author.lease):
        # The last one is longer than a lease that somebody might have set far too short.
        for seconds in (0.0, 0.2, _LONG):
            for error in in_threads([partial(wait_in_vain, seconds)], bench.author.patience * 2):
                raise Violation(
                    f"who wanted to wait {seconds:g} s for the lock waits for ever: {shown_error(error)}"
                ) from error
    for error in raised:
        raise error


def _passes_on(bench: Bench, key: TokenKey, first: Worker, second: Worker, third: Worker) -> None:
    patience = bench.author.patience
    _locked(first, key, bench.author.lease)
    second.tell("lock", key=plain_key(key), wait=patience)
    sleep(0.05)
    second.stop()
    _unlock(first)
    _locked(third, key, bench.author.lease)
    bench.story.tell("one process freed the lock, a second waited for it standing still, and a third took it")
    second.resume()
    try:
        second.answer(patience=0.2)
    except NoAnswer:
        pass
    else:
        raise Violation("a process got the lock while another held it")
    _unlock(third)
    answer = second.answer()
    bench.expect(not answer.error, f"a process that waited for the lock got {answer.failure}")
    _unlock(second)


@promise("TS-46")
def no_resurrection(bench: Bench) -> None:
    """A token that is deleted during a refresh stays deleted when the refresh ends."""
    from zcrm_simulator import Simulator  # noqa: PLC0415 - only the checks that refresh need a server

    with Simulator() as zoho:
        key, _ = _expired(bench, zoho)
        zoho.faults.add(_ENDPOINT, kind="delay", seconds=bench.author.patience)
        store = bench.open()
        seen: list[int] = []
        with bench.client(_config(zoho)) as client:

            def refresh() -> None:
                client.request("GET", "org")

            def delete() -> None:
                end = monotonic() + bench.author.patience
                while not zoho.counters.in_flight and monotonic() < end:
                    sleep(0.005)
                seen.append(zoho.counters.in_flight)
                try:
                    bench.expect(store.delete(key) is True, "delete during a refresh did not answer True")
                finally:
                    zoho.faults.clear()  # the refresh gets its answer when the token is gone, and not before

            bench.story.tell("a client refreshes an expired token; another thread deletes it meanwhile")
            for error in in_threads([refresh, delete], bench.author.patience + 30):
                if not isinstance(error, ReauthorizationRequired):
                    raise Violation(f"a token was deleted during a refresh: {shown_error(error)}") from error
        bench.expect(any(seen), "a client that found an expired token did not refresh it")
        store.expect(key, None, "after the refresh ended")
        # The same without a client: what a refresh saves at its end.
        gone = bench.token(key.user_identifier)
        store.refuses_stale(key, bench.token(key.user_identifier), gone)
        store.expect(key, None, "after a token was to be replaced that had been deleted")


def _expired(bench: Bench, zoho: Simulator) -> tuple[TokenKey, Token]:
    """Log in at the simulator, and let the stored token be expired."""
    config = _config(zoho)
    with bench.client(config) as client:
        token = client.oauth.generate_access_token(zoho.grant_token(["ZohoCRM.org.ALL", "ZohoCRM.users.ALL"]))
    key = bench.key_of(token.user_identifier, config["client_id"])
    old = Token(
        token.user_identifier,
        token.access_token,
        token.refresh_token,
        _EXPIRED,
        token.api_domain,
        token.scope,
    )
    bench.open().save(key, old)
    return key, old


def _config(zoho: Simulator) -> dict[str, str]:
    return {**zoho.config(), "current_user_email": zoho.users[0].email}


def _locked(worker: Worker, key: TokenKey, wait: float) -> None:
    answer = worker.ask("lock", key=plain_key(key), wait=wait)
    if answer.error:
        raise Violation(f"a lock that is free raised {answer.failure}")


def _unlock(worker: Worker) -> None:
    answer = worker.ask("unlock")
    if answer.error:
        raise Violation(f"giving the lock up raised {answer.failure}")
