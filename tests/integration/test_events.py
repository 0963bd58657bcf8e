"""Is everything told that happens, with fields of the promised types?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, get_type_hints

import pytest
import requests

from zcrm_core import (
    Client,
    Config,
    LogEvent,
    RateLimited,
    StoreUnavailable,
    Token,
    TokenKey,
    TokenStorePlugin,
    TransportError,
    ZcrmError,
)
from zcrm_core.hookspecs import EventFields
from zcrm_core.refresh_notes import are_notes
from zcrm_simulator import Limits, Simulator, Switches

Make = Callable[..., Client]
EXPECTED = {
    "plugin_chosen": {"store", "priority", "reason"},
    "plugin_failed": {"plugin", "wheel", "version", "error"},
    "rate_limited": {"wait", "credits_gone"},
    "refresh_notes_failed": {"user", "error"},
    "refresh_postponed": {"user", "error"},
    "refresh_throttled": {"user", "wait"},
    "region_not_kept": {"user"},
    "request": {"method", "url"},
    "request_failed": {"method", "url", "error", "elapsed_ms"},
    "response": {"method", "url", "status", "elapsed_ms"},
    "retry": {"method", "url", "attempt", "wait"},
    "token_adopted": {"user"},
    "token_deleted": {"user"},
    "token_not_saved": {"user", "error"},
    "token_refreshed": {"user"},
    "token_saved": {"user"},
}


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait between two tries."""
    monkeypatch.setattr("zcrm_core.transport.time.sleep", lambda _: None)


def expire(client: Client, left: int = 0) -> None:
    """Store the token as one that ends ``left`` ms from now."""
    token = client.tokens.fetch()
    assert token is not None
    client.tokens.save(replace(token, expiry_time=int(time.time() * 1000) + left))


def everything(
    *,
    monkeypatch: pytest.MonkeyPatch,
    log_in: Make,
    make_client: Make,
    zoho: Simulator,
    store: Any,
    events: Any,
) -> None:
    """Live through everything that an event tells."""
    monkeypatch.setenv("ZCRM_DISABLE_PLUGINS", "mysql")
    client = log_in(max_retries=1)
    zoho.faults.add("/crm/v2/org", kind="reset", times=1)
    client.org.get()
    zoho.faults.add("/crm/v2/org", kind="status", status=429, times=1)
    client.org.get()

    # Another program refreshes in the meantime.
    expire(client)
    other = make_client(current_user_email=client.user)
    other.org.get()
    client.org.get()

    expire(client, left=90_000)
    zoho.faults.add("/oauth/v2/token", kind="status", status=500, times=5)
    client.org.get()
    zoho.faults.clear()

    expire(client, left=30_000)
    zoho.limits = Limits(refreshes=0)
    client.org.get()
    zoho.limits = Limits()
    log_in().tokens.delete()  # a new login ends the wait

    client = log_in()
    expire(client)
    store.broken.add("save")
    client.org.get()
    store.broken.clear()
    client.tokens.delete()

    log_in_elsewhere(zoho, events)


class FourValues(TokenStorePlugin):
    """A store that workers share, which keeps Zoho's four values only, and no refresh notes."""

    name = "four values"
    priority = 901

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self.tokens[key] = replace(token, api_domain=None, scope=None)
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        if are_notes(key):
            raise StoreUnavailable("There is no place for notes.")
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        yield


def log_in_elsewhere(zoho: Simulator, events: Any) -> None:
    """Log in a user of another data centre, with a store that can neither keep it nor take notes."""
    zoho.switches = Switches(approve_data_center="eu")
    keys = {**zoho.config(), "region": None, "max_retries": 0}
    with Client(keys, token_store=FourValues(), plugins=[events]) as client:
        page = client.oauth.authorization_url(["ZohoCRM.org.ALL", "AaaServer.profile.READ"])
        answer = requests.get(page, allow_redirects=False, timeout=10).headers["Location"]
        client.oauth.handle_redirect(answer)


def test_everything_that_happens_is_told(
    *,
    monkeypatch: pytest.MonkeyPatch,
    log_in: Make,
    make_client: Make,
    zcrm_simulator: Simulator,
    store: Any,
    events: Any,
) -> None:
    """Each kind of event is there when its cause has happened for real, with exactly its fields and types."""
    everything(
        monkeypatch=monkeypatch,
        log_in=log_in,
        make_client=make_client,
        zoho=zcrm_simulator,
        store=store,
        events=events,
    )

    types = get_type_hints(EventFields)
    told: dict[str, set[str]] = {}
    for event in events.seen:
        assert told.setdefault(event.name, set(event.fields)) == set(event.fields)
        wrong = {name: value for name, value in event.fields.items() if not isinstance(value, types[name])}
        assert wrong == {}, event
        assert all(type(value) is not bool or types[name] is bool for name, value in event.fields.items())
    assert told == EXPECTED


def kinds(events: list[LogEvent]) -> list[str]:
    """The names of the events about requests."""
    return [event.name for event in events if event.name in ("request", "response", "request_failed")]


def test_every_request_has_its_end(log_in: Make, zcrm_simulator: Simulator, events: Any) -> None:
    """Whatever becomes of a request, each try is told by one event at its start and one at its end."""
    client = log_in(max_retries=2)
    events.seen.clear()
    for kind, status in (("reset", None), ("status", 503), ("status", 404), ("status", 429)):
        zcrm_simulator.faults.add("/crm/v2/org", kind=kind, status=status, times=4)  # type: ignore[arg-type]
        with pytest.raises(ZcrmError):
            client.org.get()
        zcrm_simulator.faults.clear()

    told = kinds(events.seen)
    assert Counter(told) == {"request": 10, "request_failed": 3, "response": 7}
    assert told[::2] == ["request"] * 10
    assert len([event for event in events.seen if event.name == "retry"]) == 6


def test_a_server_that_is_not_there_is_told(make_client: Make, events: Any) -> None:
    """A refused connection ends in request_failed with the error's code and the time it took."""
    url = "http://127.0.0.1:9"
    client = make_client(region=None, simulator_url=None, accounts_url=url, api_base_url=url)
    with pytest.raises(TransportError) as caught:
        client.oauth.generate_access_token("1000.a.b")

    [failed] = [event for event in events.seen if event.name == "request_failed"]
    assert failed.fields["error"] == caught.value.code
    assert failed.fields["elapsed_ms"] >= 0
    assert "1000.a.b" not in repr(failed)


def test_giving_up_is_told(log_in: Make, zcrm_simulator: Simulator, events: Any) -> None:
    """The last 429 is told as well, though no retry follows it."""
    client = log_in(max_retries=0)
    zcrm_simulator.faults.add("/crm/v2/org", kind="status", status=429, times=1)
    with pytest.raises(RateLimited):
        client.org.get()

    assert [event.name for event in events.seen][-1] == "rate_limited"
