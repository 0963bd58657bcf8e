"""Is a token refreshed once, whoever asks, and is none lost on the way?"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
import requests

from zcrm_core import (
    AuthError,
    Client,
    Config,
    ReauthorizationRequired,
    RefreshThrottled,
    Token,
    TokenKey,
    TokenStorePlugin,
    TransportError,
)
from zcrm_simulator import Limits, Simulator, Switches

Make = Callable[..., Client]


def stored(client: Client) -> Token:
    """The token in the store."""
    token = client.tokens.fetch()
    assert token is not None
    return token


def let_it_expire(client: Client, left: int = 0) -> Token:
    """Store the token as one that ends ``left`` ms from now, as a worker that starts later would find it."""
    token = replace(stored(client), expiry_time=int(time.time() * 1000) + left)
    client.tokens.save(token)
    return token


def test_a_valid_token_costs_no_store_call(log_in: Make, store: Any) -> None:
    """Calls with a fresh token never ask the store."""
    client = log_in()
    client.users.current()
    store.calls.clear()

    for _ in range(5):
        client.org.get()

    assert store.calls == []


def test_a_token_that_zoho_drops_is_renewed_without_anybody_noticing(
    zcrm_simulator: Simulator, log_in: Make
) -> None:
    """When Zoho's clock passes the token's end, the call succeeds after exactly one refresh."""
    client = log_in()
    before = stored(client)
    zcrm_simulator.clock.advance(seconds=3601)

    assert client.org.get().company_name
    assert zcrm_simulator.counters.refreshes == 1
    after = stored(client)
    assert before.access_token != after.access_token
    assert before.refresh_token == after.refresh_token


@pytest.mark.parametrize("how", ["expired here", "refused by Zoho"])
def test_sixteen_threads_refresh_once(how: str, zcrm_simulator: Simulator, log_in: Make) -> None:
    """However many threads find the token ended, one refresh happens and every call is answered."""
    client = log_in()
    if how == "expired here":
        let_it_expire(client)
    else:
        zcrm_simulator.clock.advance(seconds=3601)
    start = threading.Barrier(16)

    def call(_: int) -> str | None:
        start.wait()
        return client.org.get().company_name

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(call, range(16)))

    assert len(set(answers)) == 1
    assert zcrm_simulator.counters.refreshes == 1


def test_clients_of_one_family_share_one_token(zcrm_simulator: Simulator, log_in: Make) -> None:
    """Clients made with as_user from one another refresh a user's token once among them."""
    client = log_in()
    assert client.user is not None
    twin = client.as_user("somebody.else@example.com").as_user(client.user)
    let_it_expire(client)

    client.org.get()
    twin.org.get()

    assert zcrm_simulator.counters.refreshes == 1


def test_a_token_refreshed_elsewhere_is_adopted(zcrm_simulator: Simulator, log_in: Make, events: Any) -> None:
    """A worker whose token ended looks into the store first and takes what another worker left there."""
    ours = log_in()
    theirs = log_in()
    for client in (ours, theirs):
        client.org.get()
    zcrm_simulator.clock.advance(seconds=3601)
    theirs.org.get()
    events.seen.clear()

    ours.org.get()

    assert zcrm_simulator.counters.refreshes == 1
    assert "token_adopted" in events.names


def test_a_stale_token_is_used_on_when_refreshing_fails(
    zcrm_simulator: Simulator, log_in: Make, events: Any
) -> None:
    """In its last ten minutes a token is refreshed early; if that fails it is used until its end."""
    client = log_in()
    let_it_expire(client, left=300_000)
    zcrm_simulator.limits = Limits(refreshes=0)

    assert client.org.get().company_name
    assert client.org.get().company_name
    assert events.names.count("refresh_postponed") == 1


def test_a_stale_token_is_refreshed_early(zcrm_simulator: Simulator, log_in: Make) -> None:
    """In its last ten minutes a token is refreshed before it ends, once."""
    client = log_in()
    let_it_expire(client, left=300_000)

    client.org.get()
    client.org.get()

    assert zcrm_simulator.counters.refreshes == 1


def test_nobody_asks_again_while_zoho_throttles(zcrm_simulator: Simulator, log_in: Make) -> None:
    """After one refusal the process waits instead of asking Zoho again and again."""
    client = log_in()
    let_it_expire(client)
    zcrm_simulator.limits = Limits(refreshes=0)

    for _ in range(3):
        with pytest.raises(RefreshThrottled):
            client.org.get()

    assert zcrm_simulator.counters.throttled == 1


def test_a_failed_save_keeps_the_token_and_says_so(
    zcrm_simulator: Simulator, log_in: Make, store: Any, events: Any
) -> None:
    """A refreshed token that cannot be saved is used from memory, loudly, and saved as soon as it can be."""
    client = log_in()
    let_it_expire(client)
    store.broken.add("save")

    assert client.org.get().company_name
    assert client.org.get().company_name
    assert "token_not_saved" in events.names
    assert zcrm_simulator.counters.refreshes == 1

    store.broken.clear()
    zcrm_simulator.clock.advance(seconds=3601)
    assert client.org.get().company_name
    assert zcrm_simulator.counters.refreshes == 2
    assert stored(client).expiry_time > 0


def test_a_deleted_token_is_not_brought_back(zcrm_simulator: Simulator, log_in: Make, store: Any) -> None:
    """When a user is logged out while a worker's token ends, the worker asks for a new login."""
    client = log_in()
    client.org.get()
    store.tokens.clear()
    zcrm_simulator.clock.advance(seconds=3601)

    with pytest.raises(ReauthorizationRequired, match="no token"):
        client.org.get()

    assert not store.tokens


def test_a_token_deleted_during_a_refresh_stays_deleted(
    zcrm_simulator: Simulator, log_in: Make, store: Any
) -> None:
    """A logout that happens while Zoho answers the refresh wins: the new token is not saved."""
    client = log_in()
    let_it_expire(client)
    zcrm_simulator.faults.add("/oauth/v2/token", kind="delay", seconds=9)

    def ask() -> None:
        with pytest.raises(AuthError):
            client.org.get()

    asked = threading.Thread(target=ask)
    asked.start()
    while not zcrm_simulator.counters.requests.get("POST /oauth/v2/token", 0) > 1:
        time.sleep(0.005)
    store.tokens.clear()
    zcrm_simulator.faults.clear()
    asked.join()

    assert not store.tokens


def test_a_revoked_refresh_token_asks_for_a_new_login_and_is_kept(
    zcrm_simulator: Simulator, log_in: Make
) -> None:
    """When Zoho no longer takes the refresh token the error says how to go on; the SDK deletes nothing.

    It names the server that was asked, and the key for another one: a data centre knows its own tokens only.
    """
    client = log_in()
    before = stored(client)
    assert before.refresh_token is not None
    zcrm_simulator.revoke(before.refresh_token)

    with pytest.raises(ReauthorizationRequired, match="zcrm login") as caught:
        client.org.get()

    assert before == stored(client)
    assert caught.value.code == "ZCRM-AUTH-003"
    assert f"in the region simulator ({zcrm_simulator.url})" in caught.value.what
    assert "another data centre" in caught.value.why
    assert "set region to" in caught.value.fix


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_token_without_a_refresh_token_ends_for_good(log_in: Make, nothing: str | None) -> None:
    """An online token cannot be refreshed, and the error says that a new login is needed."""
    client = log_in()
    client.tokens.save(replace(stored(client), refresh_token=nothing, expiry_time=1))

    with pytest.raises(ReauthorizationRequired, match="online"):
        client.org.get()


def test_a_rotated_refresh_token_is_kept(zcrm_simulator: Simulator, log_in: Make) -> None:
    """If Zoho ever sends a new refresh token it replaces the old one, and the next refresh works."""
    zcrm_simulator.switches = Switches(rotate_refresh_tokens=True)
    client = log_in()
    before = stored(client)

    client.oauth.refresh_access_token()
    client.oauth.refresh_access_token()

    assert before.refresh_token != stored(client).refresh_token


@pytest.mark.parametrize("kind", ["status", "html", "reset", "empty"])
def test_a_broken_token_endpoint_changes_nothing(kind: str, zcrm_simulator: Simulator, log_in: Make) -> None:
    """When the refresh gets no usable answer the stored token stays, and the next call tries again."""
    client = log_in()
    before = let_it_expire(client)
    zcrm_simulator.faults.add("/oauth/v2/token", kind=kind)  # type: ignore[arg-type]

    with pytest.raises(TransportError):
        client.org.get()

    assert before == stored(client)
    assert client.org.get().company_name


@pytest.mark.parametrize("text", ["x" * 70_000, "\ud800"], ids=["too long", "no UTF-8"])
@pytest.mark.parametrize("field", ["scope", "api_domain"])
def test_a_field_that_cannot_be_stored_costs_no_token(
    field: str, text: str, zcrm_simulator: Simulator, log_in: Make
) -> None:
    """A refresh whose answer has a scope or an API domain that no store holds is kept without it."""
    client = log_in()
    before = let_it_expire(client)
    form = {name: zcrm_simulator.config()[name] for name in ("client_id", "client_secret")}
    form |= {"grant_type": "refresh_token", "refresh_token": before.refresh_token or ""}
    answer = requests.post(f"{zcrm_simulator.url}/oauth/v2/token", data=form, timeout=10).json()
    body = json.dumps({**answer, field: text})
    zcrm_simulator.faults.add("/oauth/v2/token", kind="status", status=200, body=body)

    for _ in range(2):
        assert client.org.get().company_name

    after = stored(client)
    assert (after.access_token, after.scope, after.api_domain) == (
        answer["access_token"],
        before.scope,
        before.api_domain,
    )
    assert zcrm_simulator.counters.refreshes == 1


def test_a_refresh_brings_what_the_store_had_not(zcrm_simulator: Simulator, log_in: Make) -> None:
    """A token from a table of Zoho's own four values learns its data centre and its scopes with a refresh."""
    client = log_in()
    whole = stored(client)
    client.tokens.save(replace(whole, api_domain=None, scope=None, expiry_time=0))

    assert client.org.get().company_name

    after = stored(client)
    assert (after.api_domain, after.scope) == (whole.api_domain, whole.scope)
    assert whole.api_domain == zcrm_simulator.url


def test_nobody_logged_in_is_an_error_that_says_so(make_client: Make) -> None:
    """A call for a user without a token names the user and the store and says how to log in."""
    client = make_client(current_user_email="nobody@example.com")

    with pytest.raises(ReauthorizationRequired, match=r"nobody@example\.com") as caught:
        client.org.get()

    assert caught.value.code == "ZCRM-AUTH-011"


def test_a_token_of_another_data_centre_is_refused_by_name() -> None:
    """A token that Zoho issued in Europe is not sent to the United States; the error names both."""

    class One(TokenStorePlugin):
        name = "one"
        priority = 901

        def claims(self, config: Config) -> bool:
            return True

        def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
            return True

        def fetch(self, config: Config, key: TokenKey) -> Token | None:
            return Token(key.user_identifier, "a", "r", 2**52, api_domain="https://www.zohoapis.eu")

        def delete(self, config: Config, key: TokenKey) -> bool:
            return False

    keys = {"client_id": "1000.A", "client_secret": "s", "current_user_email": "u", "region": "us"}
    with Client(keys, token_store=One()) as client:
        with pytest.raises(AuthError, match=r"eu, and the client calls us\.") as caught:
            client.org.get()
        with pytest.raises(TransportError, match="not sent") as untrusted:
            client._parts.transport.send("GET", "https://www.zohoapis.eu/crm/v2/org", access_token="a")

    assert caught.value.code == "ZCRM-AUTH-012"
    assert untrusted.value.code == "ZCRM-HTTP-004"


def test_a_logout_removes_the_notes_too(zcrm_simulator: Simulator, file_keys: dict[str, Any]) -> None:
    """What the workers noted about a login does not stay behind in the store when its user is gone."""
    keys = {**zcrm_simulator.config(), **file_keys, "current_user_email": zcrm_simulator.users[0].email}
    with Client(keys) as client:
        client.oauth.generate_access_token(zcrm_simulator.grant_token(["ZohoCRM.org.ALL"]))
        zcrm_simulator.limits = Limits(refreshes=0)
        with pytest.raises(RefreshThrottled):
            client.oauth.refresh_access_token()
        file = Path(file_keys["token_persistence_path"]) / "zcrm_oauthtokens.txt"
        assert "refresh notes of" in file.read_text()

        client.oauth.revoke()

        assert "refresh notes of" not in file.read_text()
