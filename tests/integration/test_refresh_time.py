"""When is a token refreshed, what if the clock jumps, and what happens while it cannot be refreshed?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from zcrm_core import (
    ApiError,
    AuthError,
    Client,
    Config,
    ReauthorizationRequired,
    RefreshThrottled,
    RefreshTimeout,
    StoreUnavailable,
    Token,
    TransportError,
    ZcrmError,
)
from zcrm_core.flight import Clock, Flight, hard_window, soft_window
from zcrm_core.refresh_notes import Notebook
from zcrm_core.turns import Turn
from zcrm_simulator import Limits, Simulator

Make = Callable[..., Client]
ENDPOINT = "/oauth/v2/token"
SCOPES = ["ZohoCRM.org.ALL", "ZohoCRM.users.ALL", "AaaServer.profile.READ"]
HOUR = 3_600


class Times:
    """Both clocks of a client, which a test moves, in seconds."""

    def __init__(self) -> None:
        self.wall = self.steady = 0.0

    def clock(self) -> Clock:
        """The clocks as the client asks them."""
        return Clock(
            wall=lambda: time.time_ns() // 1_000_000 + int(self.wall * 1000),
            steady=lambda: time.monotonic() + self.steady,
        )


@pytest.fixture
def times() -> Times:
    """The clocks of ``client``."""
    return Times()


@pytest.fixture
def client(make_client: Make, zcrm_simulator: Simulator, times: Times) -> Client:
    """A client that is logged in, with clocks that the test moves."""
    user = zcrm_simulator.users[0].email
    client = make_client(current_user_email=user, timeout=2)
    client._parts.refresher._clock = times.clock()
    client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES, user=user))
    return client


def stored(client: Client) -> Token:
    """The token in the store."""
    token = client.tokens.fetch()
    assert token is not None
    return token


def ends_in(client: Client, seconds: float) -> Token:
    """Store the token as one that ends in so many seconds."""
    token = replace(stored(client), expiry_time=time.time_ns() // 1_000_000 + int(seconds * 1000))
    client.tokens.save(token)
    return token


def asked(zoho: Simulator) -> int:
    """How often a token was asked for, the login left out."""
    return zoho.counters.requests[f"POST {ENDPOINT}"] - 1


@pytest.mark.parametrize(("left", "refreshes"), [(601, 0), (479, 1), (59, 1), (0, 1), (-HOUR, 1)])
def test_a_token_is_refreshed_from_ten_to_eight_minutes_before_its_end(
    left: int, refreshes: int, client: Client, zcrm_simulator: Simulator
) -> None:
    """Before that nobody asks for a new one; after that the first call does, and only it."""
    ends_in(client, left)

    for _ in range(3):
        client.org.get()

    assert zcrm_simulator.counters.refreshes == refreshes


def test_the_windows_fit_the_life_of_a_token() -> None:
    """A token that lives two seconds is not refreshed a minute before its end, and two hours are as one."""
    assert 480_000 <= soft_window(None) <= 600_000
    assert hard_window(None) == 60_000
    assert (soft_window(7_200_000), hard_window(7_200_000)) == (soft_window(None), hard_window(None))
    assert 266 <= soft_window(2_000) <= 334
    assert 33 <= hard_window(2_000) <= 34


def test_a_token_that_lives_short_costs_no_store_call_either(
    client: Client, zcrm_simulator: Simulator, store: Any
) -> None:
    """Who refreshed it knows how long it lives, and does not look into the store for it at each call."""
    zcrm_simulator.limits = Limits(access_token_lifetime=60)
    ends_in(client, 0)
    client.org.get()
    store.calls.clear()

    client.org.get()

    assert store.calls == []


def test_a_stale_token_is_used_while_another_thread_refreshes(
    client: Client, zcrm_simulator: Simulator
) -> None:
    """In the minutes before its end nobody waits for the one who refreshes; in the last minute all do."""
    ends_in(client, 300)
    refresher, key = client._parts.refresher, client._identity.key()
    with refresher.exclusive(key):
        began = time.monotonic()
        client.org.get()
        assert time.monotonic() - began < 20  # who waits, waits a minute
    ends_in(client, 30)
    with ThreadPoolExecutor(1) as pool:
        with refresher.exclusive(key):
            waiting = pool.submit(client.org.get)
            time.sleep(0.3)
            assert not waiting.done()
        assert waiting.result().company_name
    assert zcrm_simulator.counters.refreshes == 1


def test_a_clock_that_is_set_back_revives_no_token(
    client: Client, times: Times, zcrm_simulator: Simulator
) -> None:
    """An hour later the token is at its end, although the wall clock says that it is yesterday."""
    times.steady, times.wall = HOUR, -86_400

    for _ in range(3):
        client.org.get()

    assert zcrm_simulator.counters.refreshes == 1


def test_a_clock_that_jumps_forward_costs_one_refresh(
    client: Client, times: Times, zcrm_simulator: Simulator
) -> None:
    """A token that has ended by the wall clock is refreshed once, and the new one counts from there."""
    times.wall = 2 * HOUR

    for _ in range(3):
        client.org.get()

    assert zcrm_simulator.counters.refreshes == 1


def test_an_end_far_ahead_is_not_believed(client: Client, times: Times, zcrm_simulator: Simulator) -> None:
    """A token that claims to live for years is used, and refreshed after a day all the same."""
    ends_in(client, 10 * 365 * 86_400)
    client.org.get()
    assert zcrm_simulator.counters.refreshes == 0

    times.steady = 86_400
    client.org.get()

    assert zcrm_simulator.counters.refreshes == 1


BROKEN: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"kind": "status", "status": 500}, TransportError, "ZCRM-HTTP-006"),
    ({"kind": "html", "status": 502}, TransportError, "ZCRM-HTTP-003"),
    ({"kind": "html", "status": 200}, TransportError, "ZCRM-HTTP-003"),
    ({"kind": "empty"}, TransportError, "ZCRM-HTTP-003"),
    ({"kind": "reset"}, TransportError, "ZCRM-HTTP-005"),
    ({"kind": "hang", "seconds": 30}, TransportError, "ZCRM-HTTP-005"),
    (
        {"kind": "status", "status": 200, "body": '{"error": "Access Denied"}'},
        RefreshThrottled,
        "ZCRM-AUTH-004",
    ),
    (
        {"kind": "status", "status": 400, "body": '{"error": "access_denied"}'},
        RefreshThrottled,
        "ZCRM-AUTH-004",
    ),
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "7"}}, RefreshThrottled, "ZCRM-AUTH-004"),
    (
        {"kind": "status", "status": 200, "body": '{"access_token": "1000.a.b", "expires_in": 0}'},
        AuthError,
        "ZCRM-AUTH-013",
    ),
    (
        {"kind": "status", "status": 200, "body": '{"access_token": "1000.a.b", "expires_in": -5}'},
        AuthError,
        "ZCRM-AUTH-013",
    ),
]


@pytest.mark.parametrize(("fault", "kind", "code"), BROKEN)
def test_a_refresh_that_fails_is_one_clear_error(
    fault: dict[str, Any], kind: type[Exception], code: str, client: Client, zcrm_simulator: Simulator
) -> None:
    """Each failure has its own error, which may be tried again, and the store stays as it is."""
    before = ends_in(client, 0)
    zcrm_simulator.faults.add(ENDPOINT, **fault)

    with pytest.raises(kind) as caught:
        client.org.get()

    assert isinstance(caught.value, ZcrmError)
    assert (caught.value.code, caught.value.retryable) == (code, True)
    assert asked(zcrm_simulator) == 1
    assert stored(client) == before


def test_those_who_wait_for_a_refresh_that_fails_ask_no_second_time(
    client: Client, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight threads that need a token get one error from one question to Zoho; the next call asks again."""
    waiting, held = list[float](), Turn.held

    def noted(turn: Turn, wait: float) -> AbstractContextManager[None]:
        waiting.append(wait)
        return held(turn, wait)

    ends_in(client, 0)
    zcrm_simulator.faults.add(ENDPOINT, kind="html")
    with ThreadPoolExecutor(8) as pool:
        with client._parts.refresher.exclusive(client._identity.key()):
            monkeypatch.setattr(Turn, "held", noted)
            calls = [pool.submit(client.org.get) for _ in range(8)]
            while len(waiting) < 8:
                time.sleep(0.005)
        errors = [call.exception() for call in calls]

    assert {type(error) for error in errors} == {TransportError}
    assert len(set(map(id, errors))) == 8, "an error belongs to one caller"
    assert asked(zcrm_simulator) == 1
    assert client.org.get().company_name


@pytest.mark.parametrize(("fault", "code"), [(fault, code) for fault, _, code in BROKEN])
def test_a_refresh_that_fails_costs_nothing_while_the_token_lives(
    fault: dict[str, Any], code: str, client: Client, zcrm_simulator: Simulator, events: Any
) -> None:
    """In the last minute of its life the token is used when no new one is to be had, and an event says so."""
    ends_in(client, 30)
    zcrm_simulator.faults.add(ENDPOINT, **fault)

    assert client.org.get().company_name
    assert [event.fields["error"] for event in events.seen if event.name == "refresh_postponed"] == [code]


def test_zoho_is_given_thirty_seconds(make_client: Make) -> None:
    """Unless the configuration says otherwise, a server that says nothing is waited for 30 s."""
    assert Config({"client_id": "1000.A", "client_secret": "s"}).timeout == 30
    assert make_client(timeout=None)._parts.transport._timeout == (10, 30)


def test_the_time_that_zoho_states_is_kept(client: Client, times: Times, zcrm_simulator: Simulator) -> None:
    """The error says until when, nobody asks before, and the first call afterwards does."""
    ends_in(client, 0)
    zcrm_simulator.faults.add(
        ENDPOINT, kind="status", status=200, body='{"error": "Access Denied"}', headers={"Retry-After": "100"}
    )
    for late in (0.0, 95.0):
        times.wall = times.steady = late
        with pytest.raises(RefreshThrottled, match=r"until 20.* UTC") as caught:
            client.org.get()
        assert caught.value.retry_after == pytest.approx(100 - late, abs=3)
    times.wall = times.steady = 101

    assert client.org.get().company_name
    assert asked(zcrm_simulator) == 2


def test_a_token_that_is_already_over_is_not_asked_for_again_and_again(
    client: Client, times: Times, zcrm_simulator: Simulator
) -> None:
    """Useless tokens count for Zoho's limits, so for ten seconds the error is repeated without a question."""
    zcrm_simulator.limits = Limits(access_token_lifetime=0)
    ends_in(client, 0)
    for _ in range(3):
        with pytest.raises(AuthError, match="already ended"):
            client.org.get()
    assert zcrm_simulator.counters.refreshes == 1
    zcrm_simulator.limits = Limits()
    times.steady = 11

    assert client.org.get().company_name


def test_while_zoho_throttles_a_living_token_costs_nothing(
    client: Client, make_client: Make, zcrm_simulator: Simulator, store: Any, events: Any
) -> None:
    """Who knows that it has to wait uses the token without the store, and warns no second time."""
    other = make_client(current_user_email=client.user)
    zcrm_simulator.limits = Limits(refreshes=0)
    ends_in(client, 30)
    for one in (client, other):
        one.org.get()
    store.calls.clear()
    told = len(events.names)

    for one in (client, other):
        assert one.org.get().company_name

    assert store.calls == []
    assert len(events.names) == told
    assert zcrm_simulator.counters.throttled == 1


def test_a_useless_token_keeps_nobody_from_a_new_login(
    client: Client, make_client: Make, zcrm_simulator: Simulator
) -> None:
    """In these ten seconds somebody logs in anew: all use that login, and may refresh it, at once."""
    other = make_client(current_user_email=client.user)
    zcrm_simulator.limits = Limits(access_token_lifetime=0)
    ends_in(client, 0)
    for one in (client, other):
        with pytest.raises(AuthError, match="already ended"):
            one.org.get()
    zcrm_simulator.limits = Limits()

    client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES, user=client.user))

    for one in (client, other):
        assert one.org.get().company_name
        one.oauth.refresh_access_token()


def test_a_token_that_could_not_be_saved_is_saved_before_long(
    client: Client, times: Times, zcrm_simulator: Simulator, store: Any, events: Any
) -> None:
    """Ten seconds later the save is tried again, without a refresh; until it works the token is used."""
    before = ends_in(client, 0)
    store.broken.add("save")
    for _ in range(2):
        client.org.get()
    times.steady = 11
    client.org.get()
    assert stored(client) == before
    store.broken.clear()
    client.org.get()
    assert stored(client) == before
    times.steady = 22

    client.org.get()

    assert stored(client).access_token != before.access_token
    assert zcrm_simulator.counters.refreshes == 1
    assert events.names.count("token_not_saved") == 2


def test_an_unsaved_token_gives_way_to_what_others_stored(
    client: Client, times: Times, zcrm_simulator: Simulator, store: Any
) -> None:
    """If somebody logged in while the save failed, their token counts; if out, nobody is in."""
    ends_in(client, 0)
    store.broken.add("save")
    client.org.get()
    store.broken.clear()
    [(key, token)] = store.tokens.items()
    theirs = replace(token, access_token="1000.theirs.1", expiry_time=token.expiry_time + HOUR * 1000)
    store.tokens[key] = theirs
    times.steady = 11
    client.org.get()
    assert store.tokens[key].refresh_token == theirs.refresh_token
    assert zcrm_simulator.counters.refreshes == 2  # theirs is no token of this Zoho's

    ends_in(client, 0)
    store.broken.add("save")
    client.org.get()
    store.broken.clear()
    store.tokens.clear()
    times.steady = 22
    with pytest.raises(ReauthorizationRequired, match="no token"):
        client.org.get()
    assert not store.tokens


def test_a_crm_that_refuses_every_token_causes_no_storm(client: Client, zcrm_simulator: Simulator) -> None:
    """When a token that has just come from Zoho is refused as well, it is not refreshed for each call."""
    zcrm_simulator.faults.add("/crm/", kind="status", status=401, times=100)

    for _ in range(5):
        with pytest.raises(ApiError) as caught:
            client.org.get()
        assert caught.value.code == "ZCRM-API-005"

    assert zcrm_simulator.counters.refreshes == 1
    zcrm_simulator.faults.clear()
    assert client.org.get().company_name


def test_a_token_that_was_never_taken_is_renewed_after_ten_minutes(
    client: Client, times: Times, zcrm_simulator: Simulator
) -> None:
    """Ten minutes after a refresh that did not help, another one is tried; Zoho gives ten in this time."""
    zcrm_simulator.faults.add("/crm/", kind="status", status=401, times=100)
    for minutes, refreshes in ((0, 1), (9, 1), (11, 2), (20, 2)):
        times.wall = times.steady = minutes * 60
        with pytest.raises(ApiError):
            client.org.get()
        assert zcrm_simulator.counters.refreshes == refreshes


def test_a_token_that_another_thread_has_tried_already_is_doubted_no_more(
    client: Client, zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CRM takes a new token from one thread while another still notes it: when it dies it is renewed."""
    write = Notebook.write

    def write_late(self: Notebook, *arguments: Any) -> None:
        monkeypatch.undo()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(client.org.get).result().company_name
        write(self, *arguments)

    monkeypatch.setattr(Notebook, "write", write_late)
    for refreshes in (1, 2):
        zcrm_simulator.clock.advance(seconds=3_601)
        assert client.org.get().company_name
        assert zcrm_simulator.counters.refreshes == refreshes


def test_one_deadline_holds_for_both_locks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for another thread, and then for another worker, waits no longer than for one of them."""
    monkeypatch.setattr("zcrm_core.refresh._LOCK_WAIT_SECONDS", 1.6)
    ends_in(client, 0)

    def wait(late: float) -> float:
        time.sleep(late)
        began = time.monotonic()
        with pytest.raises(RefreshTimeout):
            client.org.get()
        return time.monotonic() - began

    with client._parts.store.lock(client._identity.key(), 0), ThreadPoolExecutor(2) as pool:
        took = list(pool.map(wait, (0.0, 0.8)))

    assert max(took) < 2.3  # one after the other they would be 2.4


def test_a_token_that_is_adopted_is_a_secret(client: Client, store: Any) -> None:
    """Who waits for another worker and takes what that one stored shows the token in no log line either."""
    ends_in(client, 0)
    key, opaque = client._identity.key(), "opaque-token-of-another-worker"
    with client._parts.store.lock(key, 0), ThreadPoolExecutor(1) as pool:
        call = pool.submit(client._parts.refresher.token, key)
        theirs = replace(stored(client), access_token=opaque, expiry_time=2**50)
        store.tokens[key] = theirs

        assert call.result() == theirs

    assert opaque not in client._parts.log.redact(f"it is {opaque}")


def test_who_has_just_refreshed_finds_a_new_login_elsewhere(
    client: Client, make_client: Make, zcrm_simulator: Simulator
) -> None:
    """A worker's own new token is revoked and the user logs in elsewhere: the store is looked at first."""
    client.oauth.refresh_access_token()
    other = make_client(current_user_email=client.user)
    other.oauth.revoke()
    other.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES, user=client.user))

    assert client.org.get().company_name
    other.oauth.revoke()
    with pytest.raises(ReauthorizationRequired, match="no token"):
        client.org.get()


@pytest.mark.parametrize("fails", [True, False])
def test_a_logout_while_the_new_token_is_saved_is_not_undone(
    client: Client, times: Times, store: Any, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    """Whether that save fails or not, the user stays logged out, and nothing is saved later."""
    ends_in(client, 0)
    save = type(store).save

    def save_late(self: Any, *arguments: object) -> object:
        monkeypatch.undo()
        answer = save(self, *arguments)
        client.tokens.delete()
        if fails:
            raise StoreUnavailable("The store stumbled.")
        return answer

    monkeypatch.setattr(type(store), "save", save_late)

    for steady in (0, 11, 22):
        times.steady = steady
        with pytest.raises(ReauthorizationRequired, match="no token"):
            client.org.get()
    assert not store.tokens


@pytest.mark.parametrize("what", ["logout", "login"])
def test_nothing_comes_between_a_refresh_and_its_save(
    client: Client, zcrm_simulator: Simulator, store: Any, what: str
) -> None:
    """Another thread logs out, or in, just before the save: what it did counts, in store and memory."""
    before = ends_in(client, 0)
    issued = client._parts.accounts.exchange(zcrm_simulator.grant_token(SCOPES), client.region)
    theirs = issued.of(before.user_identifier, time.time_ns() // 1_000_000)
    meanwhile: list[Callable[[], object]] = [
        client.tokens.delete if what == "logout" else lambda: client.tokens.save(theirs)
    ]

    class Interrupted(Flight):
        """Lets the other thread act when the save is about to begin."""

        def __getattribute__(self, name: str) -> Any:
            if name == "drops" and meanwhile and zcrm_simulator.counters.refreshes:
                meanwhile.pop()()
            return super().__getattribute__(name)

    refresher = client._parts.refresher
    [key] = store.tokens
    refresher._flights[key] = Interrupted(refresher._clock)

    if what == "logout":
        with pytest.raises(ReauthorizationRequired, match="no token"):
            client.org.get()
        assert not store.tokens
    else:
        assert client.org.get().company_name
        assert store.tokens[key] == theirs
    assert not meanwhile
    assert refresher.held(key) == store.tokens.get(key)


@pytest.mark.parametrize("left", [HOUR, 0])
def test_a_logout_while_the_store_is_read_is_not_undone(
    client: Client, store: Any, monkeypatch: pytest.MonkeyPatch, left: float
) -> None:
    """A thread has read the token, fresh or to be adopted, when another one deletes it: it is not used."""
    fetch = type(store).fetch
    ends_in(client, left)
    if left:
        client._parts.refresher._flights.clear()
    else:
        [key] = store.tokens
        store.tokens[key] = replace(store.tokens[key], expiry_time=time.time_ns() // 1_000_000 + HOUR * 1000)

    def fetch_late(self: Any, *arguments: object) -> object:
        monkeypatch.undo()
        answer = fetch(self, *arguments)
        client.tokens.delete()
        return answer

    monkeypatch.setattr(type(store), "fetch", fetch_late)

    with pytest.raises(ReauthorizationRequired, match="no token"):
        client.org.get()


def test_a_new_login_ends_the_wait_of_every_client(
    client: Client, make_client: Make, zcrm_simulator: Simulator
) -> None:
    """Zoho counts for each refresh token: after a new login all may refresh, wherever it was made."""
    other = make_client(current_user_email=client.user)
    zcrm_simulator.limits = Limits(refreshes=0)
    ends_in(client, 0)
    for one in (client, other):
        with pytest.raises(RefreshThrottled):
            one.org.get()
    zcrm_simulator.limits = Limits()

    client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES, user=client.user))

    client.oauth.refresh_access_token()
    assert other.org.get().company_name
    other.oauth.refresh_access_token()
    assert zcrm_simulator.counters.refreshes == 2


def test_a_token_read_from_the_store_is_a_secret(client: Client, make_client: Make, store: Any) -> None:
    """A process that logged nobody in masks the tokens that it finds, whatever they look like."""
    opaque = "an-opaque-text-of-no-known-shape"
    [key] = store.tokens
    store.tokens[key] = replace(store.tokens[key], access_token=opaque, refresh_token=f"{opaque}-too")
    other = make_client(current_user_email=client.user)

    assert other._parts.refresher.token(key).access_token == opaque

    assert opaque not in other._parts.log.redact(f"they are {opaque} and {opaque}-too")


def test_an_adopted_token_that_is_refused_too_is_refreshed(
    client: Client, zcrm_simulator: Simulator, store: Any
) -> None:
    """Ours is refused, the one in the store too: that one is refreshed, and the caller sees nothing."""
    ours = stored(client)
    [key] = store.tokens
    store.tokens[key] = replace(ours, access_token="1000.dead.too")
    zcrm_simulator.revoke(ours.access_token)

    assert client.org.get().company_name
    assert zcrm_simulator.counters.refreshes == 1


def test_a_login_during_a_refresh_that_zoho_refuses_is_adopted(
    client: Client, zcrm_simulator: Simulator, store: Any
) -> None:
    """Before a new login is asked for, the store is looked at again: somebody may just have logged in."""
    before = ends_in(client, 0)
    assert before.refresh_token is not None
    other = zcrm_simulator.grant_token(SCOPES)
    zcrm_simulator.faults.add(ENDPOINT, kind="delay", seconds=9)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.org.get)
        while asked(zcrm_simulator) < 1:
            time.sleep(0.005)
        issued = client._parts.accounts.exchange(other, client.region)
        [key] = store.tokens
        store.tokens[key] = issued.of(key.user_identifier, time.time_ns() // 1_000_000)
        zcrm_simulator.revoke(before.refresh_token)
        zcrm_simulator.faults.clear()

        assert call.result().company_name
    assert zcrm_simulator.counters.refreshes == 0


@pytest.mark.parametrize("left", [300, 30])
def test_who_has_logged_out_is_noticed_when_the_token_grows_stale(
    client: Client, store: Any, left: float
) -> None:
    """In the minutes before the end, and in the last, the store is looked at: a deleted token is not used."""
    ends_in(client, left)
    store.tokens.clear()

    with pytest.raises(ReauthorizationRequired, match="no token"):
        client.org.get()


def test_clients_of_one_process_share_the_lock_that_their_store_lacks(
    log_in: Make, zcrm_simulator: Simulator
) -> None:
    """With a store without a lock, three clients with four threads each refresh once, and wait together."""
    clients = [log_in() for _ in range(3)]
    key = clients[0]._identity.key()
    ends_in(clients[0], 0)
    for client in clients:
        client._parts.refresher._flights.clear()
    before = zcrm_simulator.counters.refreshes
    start = threading.Barrier(12)

    def call(number: int) -> str | None:
        start.wait()
        return clients[number % 3].org.get().company_name

    with ThreadPoolExecutor(12) as pool:
        assert len(set(pool.map(call, range(12)))) == 1
    assert zcrm_simulator.counters.refreshes - before == 1

    zcrm_simulator.limits = Limits(refreshes=0)
    ends_in(clients[0], 0)
    for client in clients:
        client._parts.refresher._flights.pop(key)
        with pytest.raises(RefreshThrottled):
            client.org.get()
    assert zcrm_simulator.counters.throttled == 1
