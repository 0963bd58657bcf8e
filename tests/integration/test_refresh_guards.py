"""Do the guards of a refresh hold: against lost tokens, wrong ends, needless questions and undone logouts?"""

from __future__ import annotations

import gc
import json
import logging
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import pytest

from zcrm_core import (
    ApiError,
    Client,
    Config,
    ReauthorizationRequired,
    RefreshThrottled,
    RefreshTimeout,
    StaleToken,
    StoreUnavailable,
    Token,
    TokenKey,
    TokenStorePlugin,
    TransportError,
    ZcrmError,
)
from zcrm_core.flight import Clock, Flight
from zcrm_core.refresh_notes import are_notes
from zcrm_core.turns import Turn
from zcrm_simulator import Limits, Simulator, Switches

Make = Callable[..., Client]
ENDPOINT = "/oauth/v2/token"
SCOPES = ["ZohoCRM.org.ALL", "AaaServer.profile.READ"]
HOUR_MS = 3_600_000


class Times:
    """Both clocks of a client: how far they are ahead of the machine's, in seconds, or as a test says."""

    def __init__(self) -> None:
        self.ahead: Callable[[], float] = lambda: 0.0

    def clock(self) -> Clock:
        """The clocks as the client asks them."""
        return Clock(
            wall=lambda: now() + int(self.ahead() * 1000),
            steady=lambda: time.monotonic() + self.ahead(),
        )


class LockingStore(TokenStorePlugin):
    """A store with a lock, as processes share it, which notes who wants the lock."""

    name = "locking"
    priority = 902

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}
        self.takes_notes = self.takes_tokens = True
        self.busy = False
        self.tries = 0
        self.meanwhile: Callable[[], None] = lambda: None
        """What another process does before it gives up the lock."""

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        if are_notes(key) and not self.takes_notes:
            raise StoreUnavailable("The store takes no notes.")
        if not are_notes(key) and not self.takes_tokens:
            raise StoreUnavailable("The store takes no tokens.")
        if replaces is not None and self.tokens.get(key) != replaces:
            raise StaleToken(f"The token of {key} is another one.")
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        self.tries += 1
        if self.busy:
            raise RefreshTimeout("Another worker has the lock.")
        self.meanwhile()
        yield


@pytest.fixture
def times() -> Times:
    """The clocks of ``client`` and ``locking_client``."""
    return Times()


@pytest.fixture
def client(make_client: Make, zcrm_simulator: Simulator, times: Times) -> Client:
    """A client that is logged in, with clocks that the test moves."""
    return logged_in(make_client(current_user_email=zcrm_simulator.users[0].email), zcrm_simulator, times)


@pytest.fixture
def locking() -> LockingStore:
    """The store of ``locking_client``."""
    return LockingStore()


@pytest.fixture
def locking_client(zcrm_simulator: Simulator, locking: LockingStore, times: Times) -> Iterator[Client]:
    """A client that is logged in, whose store has a lock."""
    user = zcrm_simulator.users[0].email
    keys = {**zcrm_simulator.config(), "max_retries": 0, "timeout": 10, "current_user_email": user}
    with Client(keys, token_store=locking) as client:
        yield logged_in(client, zcrm_simulator, times)


def logged_in(client: Client, zoho: Simulator, times: Times) -> Client:
    """Log in with clocks that the test moves."""
    client._parts.refresher._clock = times.clock()
    client.oauth.generate_access_token(zoho.grant_token(SCOPES, user=client.user))
    return client


def now() -> int:
    """The machine's time, in ms since the epoch."""
    return time.time_ns() // 1_000_000


def stored(client: Client) -> Token:
    """The token in the store."""
    token = client.tokens.fetch()
    assert token is not None
    return token


def ends_in(client: Client, seconds: float) -> Token:
    """Store the token as one that ends in so many seconds."""
    token = replace(stored(client), expiry_time=now() + int(seconds * 1000))
    client.tokens.save(token)
    return token


def test_the_life_of_a_token_counts_from_before_zoho_was_asked(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """When Zoho's answer is late, the token is not taken to live longer by the time that the answer took."""
    late_ms = 500
    zcrm_simulator.faults.add(ENDPOINT, kind="delay", seconds=late_ms / 1000)

    client.oauth.refresh_access_token()

    assert stored(client).expiry_time <= now() - late_ms + HOUR_MS


def test_a_token_that_was_refreshed_here_is_a_secret(
    client: Client, zcrm_simulator: Simulator, events: Any
) -> None:
    """The process that refreshed a token shows it in no log line, whatever the token looks like."""
    opaque = "an-opaque-text-of-no-known-shape"
    body = json.dumps({"access_token": opaque, "expires_in": 3_600})
    zcrm_simulator.faults.add(ENDPOINT, kind="status", status=200, body=body)
    client.oauth.refresh_access_token()
    assert stored(client).access_token == opaque

    client._parts.log.emit("probe", logging.INFO, f"it is {opaque}", what=opaque)

    [told] = [event for event in events.seen if event.name == "probe"]
    assert told.message.startswith("it is ")
    assert opaque not in f"{told.message} {told.fields}"


def test_a_new_refresh_token_is_kept_even_if_its_access_token_is_over(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """A rotated refresh token that comes with an access token of no lifetime is the only one that works."""
    before = stored(client)
    zcrm_simulator.switches = Switches(rotate_refresh_tokens=True)
    zcrm_simulator.limits = Limits(access_token_lifetime=0)

    client.oauth.refresh_access_token()

    assert stored(client).refresh_token not in {before.refresh_token, None}
    zcrm_simulator.limits = Limits()
    assert client.org.get().company_name


def test_a_throttle_is_remembered_although_no_notes_can_be_written(
    locking_client: Client, locking: LockingStore, zcrm_simulator: Simulator
) -> None:
    """Where the store takes no refresh notes, the process that Zoho refused still asks no second time."""
    ends_in(locking_client, 0)
    locking.takes_notes = False
    zcrm_simulator.limits = Limits(refreshes=0)

    for _ in range(3):
        with pytest.raises(RefreshThrottled):
            locking_client.org.get()

    assert not any(are_notes(key) for key in locking.tokens)
    assert zcrm_simulator.counters.throttled == 1


def test_a_second_refresh_that_cannot_be_saved_replaces_what_is_stored(
    client: Client, times: Times, zcrm_simulator: Simulator, store: Any
) -> None:
    """However often it was refreshed while saving failed, the newest token takes the stored one's place."""
    before = ends_in(client, 0)
    store.broken.add("save")
    client.oauth.refresh_access_token()
    client.oauth.refresh_access_token()
    assert zcrm_simulator.counters.refreshes == 2
    newest = client._parts.refresher.held(client._identity.key())
    assert stored(client) == before
    store.broken.clear()
    times.ahead = lambda: 11.0

    assert client.org.get().company_name

    assert stored(client) == newest
    assert zcrm_simulator.counters.refreshes == 2
    store.calls.clear()
    times.ahead = lambda: 22.0
    assert client.org.get().company_name
    assert store.calls == [], "it has been saved, and is not saved again"


def test_a_new_token_that_ends_on_its_way_to_the_crm_is_renewed(
    client: Client, times: Times, zcrm_simulator: Simulator
) -> None:
    """A token that nobody saw the CRM take is refreshed when it is refused at its end, and not doubted."""
    zcrm_simulator.limits = Limits(access_token_lifetime=60)
    zcrm_simulator.faults.add("/crm/", kind="status", status=401, times=3)
    with pytest.raises(ApiError):
        client.org.get()
    assert zcrm_simulator.counters.refreshes == 1
    assert len(zcrm_simulator.faults.pending()) == 1
    times.ahead = lambda: 0.0 if zcrm_simulator.faults.pending() else 61.0  # from the next refusal on

    assert client.org.get().company_name

    assert zcrm_simulator.counters.refreshes == 2


def test_while_another_worker_refreshes_early_the_lock_is_left_alone(
    locking_client: Client, locking: LockingStore, times: Times, zcrm_simulator: Simulator
) -> None:
    """Who has found the lock of a stale token taken uses the token, and tries again after a second only."""
    moment = time.monotonic()
    refresher = locking_client._parts.refresher
    refresher._flights.clear()
    refresher._clock = Clock(steady=lambda: moment + times.ahead())
    ends_in(locking_client, 300)
    locking.busy = True
    locking.tries = 0

    for ahead, tries in ((0.0, 1), (0.9, 1), (1.1, 2)):
        times.ahead = partial(float, ahead)
        for _ in range(5):
            assert locking_client.org.get().company_name
        assert locking.tries == tries
    assert zcrm_simulator.counters.refreshes == 0


def test_a_logout_during_a_save_that_fails_on_and_on_is_not_undone(
    client: Client, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user logs out while the store cannot save: the token that was not saved is used by nobody."""
    ends_in(client, 0)
    save = type(store).save

    def save_late(self: Any, *arguments: object) -> object:
        monkeypatch.undo()
        client.tokens.delete()
        return save(self, *arguments)

    monkeypatch.setattr(type(store), "save", save_late)
    store.broken.add("save")

    for _ in range(2):
        with pytest.raises(ReauthorizationRequired, match="no token"):
            client.org.get()

    assert client._parts.refresher.held(client._identity.key()) is None
    assert not store.tokens


def test_a_token_in_memory_is_saved_under_both_locks(
    locking_client: Client, locking: LockingStore, times: Times, zcrm_simulator: Simulator
) -> None:
    """While another thread or process has the lock nothing is saved behind its back; the token is used on."""
    before = ends_in(locking_client, 0)
    locking.takes_tokens = False
    locking_client.oauth.refresh_access_token()
    locking.takes_tokens = True
    refresher, key = locking_client._parts.refresher, locking_client._identity.key()

    locking.busy, locking.tries = True, 0
    times.ahead = lambda: 11.0
    for _ in range(2):
        assert locking_client.org.get().company_name
    assert stored(locking_client) == before
    assert locking.tries == 1, "the next try is ten seconds later"
    locking.busy = False
    times.ahead = lambda: 22.0
    with ThreadPoolExecutor(1) as pool, refresher.exclusive(key):
        assert pool.submit(locking_client.org.get).result().company_name
    assert stored(locking_client) == before

    times.ahead = lambda: 33.0
    assert locking_client.org.get().company_name
    assert stored(locking_client) == refresher.held(key) != before
    assert zcrm_simulator.counters.refreshes == 1


def test_a_logout_waits_for_a_login_under_way(client: Client, zcrm_simulator: Simulator, store: Any) -> None:
    """Who logs out while Zoho answers a login ends that one as well: no token is left behind the logout."""
    grant = zcrm_simulator.grant_token(SCOPES, user=client.user)
    zcrm_simulator.faults.add(ENDPOINT, kind="delay", seconds=0.5, times=1)
    with ThreadPoolExecutor(1) as pool:
        login = pool.submit(client.oauth.generate_access_token, grant)
        while zcrm_simulator.faults.pending():
            time.sleep(0.005)

        assert client.oauth.revoke()

    issued = login.result()
    assert not store.tokens
    client.tokens.save(replace(issued, expiry_time=0))
    with pytest.raises(ReauthorizationRequired, match="no longer accepts"):
        client.org.get()


def test_a_login_without_a_name_waits_for_the_lock_of_the_user_it_finds(
    make_client: Make, zcrm_simulator: Simulator, store: Any
) -> None:
    """Whose token it is turns out late; then nobody who refreshes or logs out that user is overtaken."""
    client = make_client()
    user = zcrm_simulator.users[0].email
    grant = zcrm_simulator.grant_token(SCOPES, user=user)
    with ThreadPoolExecutor(1) as pool:
        with client._parts.refresher.exclusive(client._identity.key(user)):
            login = pool.submit(client.oauth.generate_access_token, grant)
            while not zcrm_simulator.counters.requests.get("GET /oauth/user/info"):
                time.sleep(0.005)
            time.sleep(0.2)
            assert not store.tokens
        assert login.result() in store.tokens.values()


def test_who_does_not_get_the_lock_neither_logs_in_nor_out(
    locking_client: Client, locking: LockingStore, zcrm_simulator: Simulator
) -> None:
    """As long as another process has the lock nothing is revoked or deleted, and no grant token is spent."""
    before = stored(locking_client)
    grant = zcrm_simulator.grant_token(SCOPES, user=locking_client.user)
    locking.busy = True
    with pytest.raises(RefreshTimeout):
        locking_client.oauth.revoke()
    with pytest.raises(RefreshTimeout):
        locking_client.oauth.generate_access_token(grant)
    assert stored(locking_client) == before

    locking.busy = False
    assert locking_client.oauth.refresh_access_token().refresh_token == before.refresh_token
    assert locking_client.oauth.generate_access_token(grant).refresh_token


def test_who_waits_in_vain_learns_whose_answer_is_missing(
    client: Client, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one thread waits for a server that hangs, the error of the others names that server."""
    monkeypatch.setattr("zcrm_core.refresh._LOCK_WAIT_SECONDS", 0.3)
    ends_in(client, 0)
    zcrm_simulator.faults.add(ENDPOINT, kind="delay", seconds=9, times=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.org.get)
        while zcrm_simulator.faults.pending():
            time.sleep(0.005)

        with pytest.raises(RefreshTimeout, match=f"waits for {zcrm_simulator.url} to answer"):
            client.org.get()
        with pytest.raises(RefreshTimeout, match="to answer"):
            client.oauth.revoke()
        zcrm_simulator.faults.clear()

        assert first.result().company_name


def test_who_waits_in_vain_learns_how_the_last_try_failed(
    *,
    locking_client: Client,
    locking: LockingStore,
    times: Times,
    zcrm_simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With another process at work the error tells what failed here, for two minutes or until all is well."""
    monkeypatch.setattr("zcrm_core.refresh._LOCK_WAIT_SECONDS", 0.1)
    ends_in(locking_client, 0)
    zcrm_simulator.faults.add(ENDPOINT, kind="reset", times=1)
    with pytest.raises(TransportError) as failed:
        locking_client.org.get()

    def told() -> str:
        locking.busy = True
        with pytest.raises(RefreshTimeout) as caught:
            locking_client.oauth.refresh_access_token()
        locking.busy = False
        return caught.value.why

    assert told().endswith(f"ago: {failed.value.what}")
    times.ahead = lambda: 121.0
    assert failed.value.what not in told()
    times.ahead = lambda: 0.0
    assert locking_client.org.get().company_name
    assert failed.value.what not in told()


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, ""), (200, '{"access_token": "1000.a.b", "expires_in": 0}')],
    ids=["failed", "a token without life"],
)
def test_a_remembered_failure_keeps_nothing_of_its_caller(
    client: Client, zcrm_simulator: Simulator, status: int, body: str
) -> None:
    """What a caller had in hand when its refresh failed, such as a file to be sent, is given free."""
    ends_in(client, 0)
    zcrm_simulator.faults.add(ENDPOINT, kind="status", status=status, body=body)
    in_hand = []

    def call() -> None:
        file = Times()
        in_hand.append(weakref.ref(file))
        client.org.get()

    with pytest.raises(ZcrmError):
        call()

    gc.collect()
    assert in_hand[0]() is None


def test_a_token_in_its_last_minute_is_not_adopted(
    locking_client: Client, locking: LockingStore, zcrm_simulator: Simulator
) -> None:
    """What another process has stored meanwhile is used only if it lives long enough for a call."""
    mine = ends_in(locking_client, 0)
    key = locking_client._identity.key()
    ending = replace(mine, expiry_time=now() + 30_000)
    locking.meanwhile = lambda: locking.tokens.__setitem__(key, ending)
    before = zcrm_simulator.counters.requests[f"POST {ENDPOINT}"]

    locking_client.org.get()

    assert zcrm_simulator.counters.requests[f"POST {ENDPOINT}"] == before + 1
    assert stored(locking_client).access_token != ending.access_token


def test_those_who_waited_do_not_ask_the_store_one_after_the_other(
    locking_client: Client, locking: LockingStore, zcrm_simulator: Simulator
) -> None:
    """Threads that wait for one refresh take its token from memory: none of them wants the store's lock."""
    ends_in(locking_client, 0)
    zcrm_simulator.faults.add(ENDPOINT, kind="delay", seconds=0.3, times=1)
    locking.tries = 0
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(locking_client.org.get) for _ in range(8)]
        assert all(call.result().company_name for call in calls)

    assert locking.tries == 1
    assert zcrm_simulator.counters.refreshes == 1


def test_the_notes_say_for_how_long_zoho_wants_all_to_wait(
    locking_client: Client, zcrm_simulator: Simulator
) -> None:
    """Another process waits for as long as Zoho said, and not only for the usual minute."""
    ends_in(locking_client, 0)
    body = json.dumps({"error": "Access Denied", "error_description": "too many requests"})
    zcrm_simulator.faults.add(
        ENDPOINT, kind="status", status=400, body=body, headers={"Retry-After": "400"}, times=1
    )
    with pytest.raises(RefreshThrottled):
        locking_client.org.get()
    locking_client._parts.refresher._flights.clear()  # as in a process that has just started

    with pytest.raises(RefreshThrottled) as caught:
        locking_client.org.get()

    assert 380 < caught.value.retry_after <= 400
    assert zcrm_simulator.counters.requests[f"POST {ENDPOINT}"] == 2


def test_a_late_save_makes_no_token_live_longer(
    client: Client, zcrm_simulator: Simulator, store: Any
) -> None:
    """The end that was counted when the token came stays, though the wall clock is set back meanwhile."""
    steady = wall = 0.0
    client._parts.refresher._clock = Clock(
        wall=lambda: now() + int(wall * 1000), steady=lambda: time.monotonic() + steady
    )
    client._parts.refresher._flights.clear()
    ends_in(client, 0)
    store.broken.add("save")
    client.oauth.refresh_access_token()
    store.broken.clear()
    steady, wall = 11.0, -3_600.0
    client.org.get()
    assert stored(client) == client._parts.refresher.held(client._identity.key())
    assert zcrm_simulator.counters.refreshes == 1

    steady = 3_601.0

    assert client.org.get().company_name
    assert zcrm_simulator.counters.refreshes == 2


def test_a_forked_child_says_nothing_of_its_parent_s_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked Zoho when the process was forked is not in the child, and is not told of there."""
    flight = Flight(Clock())
    with flight.asking("https://accounts.zoho.com"):
        monkeypatch.setattr("zcrm_core.flight.os.getpid", lambda: 0)
        with pytest.raises(RefreshTimeout) as caught, flight.in_turn(0.0):
            raise RefreshTimeout("Another process has the lock.")

    assert caught.value.why == RefreshTimeout.why


def test_whoever_forks_with_the_lock_gives_up_that_one_and_not_the_child_s() -> None:
    """In a child that was forked inside the block its end frees nothing that somebody else holds by then."""
    turn = Turn()
    with ExitStack() as others:
        with turn.held(0.0):
            turn.renew()  # as a fork does in the child
            others.enter_context(turn.held(0.0))
        with pytest.raises(RefreshTimeout), turn.held(0.0):
            pytest.fail("two hold it")


def test_a_doubt_that_is_noted_while_the_lock_is_waited_for_counts(
    locking_client: Client, locking: LockingStore, zcrm_simulator: Simulator
) -> None:
    """Another process got this token for a refused one, and notes it just now: nobody asks for a third."""
    refresher, key = locking_client._parts.refresher, locking_client._identity.key()
    token = stored(locking_client)

    def note() -> None:
        notes = refresher.notes(key, token).after(token, HOUR_MS, now())
        refresher._notebook.write(key, replace(notes, doubted=True))

    locking.meanwhile = note
    zcrm_simulator.faults.add("/crm/", kind="status", status=401, times=5)

    with pytest.raises(ApiError):
        locking_client.org.get()

    assert zcrm_simulator.counters.refreshes == 0
    assert stored(locking_client) == token


def test_whoever_has_a_doubted_token_taken_ends_the_doubt(
    locking_client: Client, locking: LockingStore, zcrm_simulator: Simulator
) -> None:
    """The worker that refreshed is gone; one that knows of the doubt from the store alone ends it for all."""
    zcrm_simulator.faults.add("/crm/", kind="status", status=401, times=100)
    with pytest.raises(ApiError, match="to a new token as well"):
        locking_client.org.get()
    with Client(locking_client.config, token_store=locking) as other:
        with pytest.raises(ApiError, match="to a new token as well"):
            other.org.get()
        zcrm_simulator.faults.clear()
        assert other.org.get().company_name
        zcrm_simulator.clock.advance(seconds=3_601)

        assert other.org.get().company_name
    assert zcrm_simulator.counters.refreshes == 2
