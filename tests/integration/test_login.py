"""Does logging in and out keep every token, name the user, and explain each refusal?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from zcrm_core import (
    AuthError,
    Client,
    ConfigError,
    InvalidGrant,
    ReauthorizationRequired,
    RefreshThrottled,
    StoreCorrupt,
    StoreUnavailable,
    TokenKey,
    TransportError,
)
from zcrm_core.issued import read_issued
from zcrm_core.oauth import new_code_verifier
from zcrm_simulator import Limits, Simulator, Switches

Make = Callable[..., Client]
OWNER = "amara.okonkwo@hollowbrook.example"
SCOPES = ["ZohoCRM.modules.ALL", "AaaServer.profile.READ"]


def test_a_grant_token_becomes_a_saved_token(zcrm_simulator: Simulator, make_client: Make) -> None:
    """The exchanged token is in the store, under the configured user, with its API domain and its scopes."""
    client = make_client(current_user_email=OWNER)

    token = client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))

    assert token == client.tokens.fetch()
    assert (OWNER, zcrm_simulator.url) == (token.user_identifier, token.api_domain)
    assert token.refresh_token
    assert (token.scope or "").split() == SCOPES
    assert client.is_token_generated()
    assert client.tokens.list() == [OWNER]


def test_zoho_names_the_user_when_nobody_else_does(zcrm_simulator: Simulator, make_client: Make) -> None:
    """Without a configured user the e-mail address that Zoho gives is the token's name."""
    second = zcrm_simulator.users[1].email

    token = make_client().oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES, user=second))

    assert second == token.user_identifier


def test_the_user_named_at_the_login_comes_before_the_configured_one(
    zcrm_simulator: Simulator, make_client: Make
) -> None:
    """An application that knows who logs in says so, and nobody else's token is touched."""
    client = make_client(current_user_email=OWNER)

    token = client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES), user="b@example.com")

    assert token.user_identifier == "b@example.com"
    assert client.tokens.list() == ["b@example.com"]


def test_a_token_that_cannot_be_named_is_not_lost(zcrm_simulator: Simulator, make_client: Make) -> None:
    """Without the profile scope and without a name the error holds the token, ready to be named and saved."""
    client = make_client()

    with pytest.raises(AuthError, match=r"AaaServer\.profile\.READ") as caught:
        client.oauth.generate_access_token(zcrm_simulator.grant_token(["ZohoCRM.users.ALL"]))

    assert caught.value.code == "ZCRM-AUTH-010"
    assert caught.value.token is not None
    client.tokens.save(replace(caught.value.token, user_identifier=OWNER))
    assert client.as_user(OWNER).users.current().email == OWNER


@pytest.mark.parametrize("grant", ["", "   ", "1000.0.0", "nonsense", "1000." + "a" * 32 + "." + "b" * 32])
def test_a_wrong_grant_token_is_one_clear_error(grant: str, make_client: Make) -> None:
    """A grant token that Zoho does not know says how to get a good one, and changes nothing."""
    client = make_client(current_user_email=OWNER)

    with pytest.raises(InvalidGrant, match="new grant token") as caught:
        client.oauth.generate_access_token(grant)

    assert caught.value.code == "ZCRM-AUTH-002"
    assert not grant.strip() or grant not in str(caught.value)
    assert not client.is_token_generated()


@pytest.mark.parametrize("grant", [None, 7])
def test_a_grant_token_that_is_no_text_is_the_same_error(grant: Any, make_client: Make) -> None:
    """An environment variable that is not set, say, is no crash."""
    with pytest.raises(InvalidGrant, match="is no text"):
        make_client(current_user_email=OWNER).oauth.generate_access_token(grant)


def test_a_used_grant_token_keeps_the_first_token(zcrm_simulator: Simulator, make_client: Make) -> None:
    """Using a grant token twice is an error, and what the first use brought stays as it is."""
    client = make_client(current_user_email=OWNER)
    grant = zcrm_simulator.grant_token(SCOPES)
    token = client.oauth.generate_access_token(grant)

    with pytest.raises(InvalidGrant):
        client.oauth.generate_access_token(grant)

    assert token == client.tokens.fetch()


def test_a_grant_token_ends(zcrm_simulator: Simulator, make_client: Make) -> None:
    """A grant token that lay around for too long is the same error as a wrong one."""
    grant = zcrm_simulator.grant_token(SCOPES, lifetime=60)
    zcrm_simulator.clock.advance(seconds=61)

    with pytest.raises(InvalidGrant):
        make_client(current_user_email=OWNER).oauth.generate_access_token(grant)


def test_a_grant_token_of_another_data_centre_is_told_where_it_was_sent(
    zcrm_simulator: Simulator, make_client: Make
) -> None:
    """Who left the region out, and lives elsewhere, learns which one was asked and which key to set."""
    client = make_client(current_user_email=OWNER, region=None)

    with pytest.raises(InvalidGrant, match=r"in the region simulator\. .*set region") as caught:
        client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES, data_center="eu"))

    assert caught.value.code == "ZCRM-AUTH-002"


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"client_secret": "wr0ng-s3cret"}, "ZCRM-AUTH-007"),
        ({"client_id": "1000.UNKNOWN"}, "ZCRM-AUTH-006"),
    ],
)
def test_a_wrong_client_is_named_without_its_secret(
    keys: dict[str, str], code: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """A wrong id or secret is an error of its own: whom it was shown to, where to look, and no secret."""
    client = make_client(current_user_email=OWNER, **keys)

    with pytest.raises(AuthError, match="console") as caught:
        client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))

    assert code == caught.value.code
    assert "wr0ng-s3cret" not in repr(caught.value) + str(caught.value)
    assert f"in the region simulator ({zcrm_simulator.url})" in caught.value.what
    assert "another data centre" in str(caught.value)
    assert "set region to" in str(caught.value).lower()


def test_a_store_that_does_not_work_costs_no_grant_token(
    zcrm_simulator: Simulator, make_client: Make, store: Any
) -> None:
    """With a broken store the exchange is not even tried, so the same grant token works later."""
    client = make_client(current_user_email=OWNER)
    grant = zcrm_simulator.grant_token(SCOPES)
    store.broken.add("fetch")
    with pytest.raises(StoreUnavailable):
        client.oauth.generate_access_token(grant)
    store.broken.clear()

    assert zcrm_simulator.counters.exchanges == 0
    assert client.oauth.generate_access_token(grant).refresh_token


def test_a_token_that_cannot_be_saved_is_not_lost(
    zcrm_simulator: Simulator, make_client: Make, store: Any
) -> None:
    """When saving fails after the exchange, the error holds the token and the client goes on using it."""
    client = make_client(current_user_email=OWNER)
    store.broken.add("save")

    with pytest.raises(StoreUnavailable) as caught:
        client.oauth.generate_access_token(zcrm_simulator.grant_token([*SCOPES, "ZohoCRM.users.ALL"]))

    assert caught.value.unsaved is not None
    assert client.users.current().email == OWNER
    store.broken.clear()
    client.tokens.save(caught.value.unsaved)
    assert client.is_token_generated()


def test_a_token_that_no_store_holds_can_be_revoked_alone(
    zcrm_simulator: Simulator, log_in: Make, store: Any
) -> None:
    """What could not be saved is ended at Zoho, and the login that is stored goes on."""
    client = log_in()
    before = client.tokens.fetch()
    store.broken.add("save")
    with pytest.raises(StoreUnavailable) as caught:
        client.oauth.generate_access_token(zcrm_simulator.grant_token([*SCOPES, "ZohoCRM.users.ALL"]))
    store.broken.clear()
    unsaved = caught.value.unsaved
    assert unsaved is not None

    client.oauth.revoke_token(unsaved)

    assert zcrm_simulator.counters.revocations == 1
    assert client.tokens.fetch() == before
    assert client.oauth.refresh_access_token().refresh_token == getattr(before, "refresh_token", None)
    client.tokens.save(unsaved)
    with pytest.raises(ReauthorizationRequired):
        client.oauth.refresh_access_token()


def test_an_access_token_alone_can_be_revoked(zcrm_simulator: Simulator, log_in: Make) -> None:
    """Of a token without a refresh token the access token is ended; to Zoho a second time is no fault."""
    client = log_in()
    token = client.tokens.fetch()
    assert token is not None

    for _ in range(2):
        client.oauth.revoke_token(replace(token, refresh_token=None))

    shown = {"Authorization": f"Zoho-oauthtoken {token.access_token}"}
    assert requests.get(f"{zcrm_simulator.url}/crm/v8/modules", headers=shown, timeout=10).status_code == 401


def test_a_second_consent_keeps_the_refresh_token(zcrm_simulator: Simulator, make_client: Make) -> None:
    """Zoho sends no refresh token with a second consent that nobody forced; the stored one stays."""
    client = make_client(current_user_email=OWNER)
    first = client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))
    address = client.oauth.authorization_url(SCOPES, state="s").replace("prompt=consent", "prompt=none")
    code = _code(requests.get(address, allow_redirects=False, timeout=10).headers["Location"])

    second = client.oauth.generate_access_token(code)

    assert first.access_token != second.access_token
    assert first.refresh_token == second.refresh_token


def test_a_web_login_works_with_state_and_pkce(make_client: Make) -> None:
    """The address of the consent page leads to a code that only the right verifier can exchange."""
    client = make_client(current_user_email=OWNER)
    verifier = new_code_verifier()
    address = client.oauth.authorization_url(SCOPES, state="a state & more", code_verifier=verifier)
    answer = requests.get(address, allow_redirects=False, timeout=10).headers["Location"]

    assert parse_qs(urlsplit(answer).query)["state"] == ["a state & more"]
    assert client.oauth.generate_access_token(_code(answer), code_verifier=verifier).refresh_token

    again = requests.get(address, allow_redirects=False, timeout=10).headers["Location"]
    with pytest.raises(InvalidGrant):
        client.oauth.generate_access_token(_code(again), code_verifier=new_code_verifier())


def test_an_authorization_url_needs_scopes_and_a_redirect_uri(make_client: Make) -> None:
    """No scopes, a text for a list, a bad verifier, or no redirect URI: each is a clear error."""
    client = make_client()

    with pytest.raises(AuthError, match="scopes"):
        client.oauth.authorization_url([])
    for wrong in ("ZohoCRM.modules.ALL", None, [7], [""], [None]):
        with pytest.raises(AuthError, match="list"):
            client.oauth.authorization_url(wrong)  # type: ignore[arg-type] # what an untyped program may pass
    with pytest.raises(ConfigError, match="43 to 128"):
        client.oauth.authorization_url(SCOPES, code_verifier="short")
    with pytest.raises(ConfigError, match="redirect_uri is missing"):
        make_client(redirect_uri=None).oauth.authorization_url(SCOPES)


@pytest.mark.parametrize("milliseconds", [True, False])
def test_both_spellings_of_the_lifetime_mean_an_hour(
    milliseconds: bool,  # noqa: FBT001 - a parameter of the test
    zcrm_simulator: Simulator,
    make_client: Make,
) -> None:
    """Old servers count ``expires_in`` in ms, new ones in seconds; the token lives an hour either way."""
    zcrm_simulator.switches = Switches(milliseconds=milliseconds)
    now = zcrm_simulator.clock.now() * 1000

    token = make_client(current_user_email=OWNER).oauth.generate_access_token(
        zcrm_simulator.grant_token(SCOPES)
    )

    assert abs(token.expiry_time - now - 3_600_000) < 60_000


@pytest.mark.parametrize(
    "switches", [Switches(throttle_status=200), Switches(throttle_status=400, throttle_error="access_denied")]
)
def test_a_throttled_refresh_says_to_wait(
    switches: Switches, zcrm_simulator: Simulator, log_in: Make
) -> None:
    """Zoho's refusal of an eleventh token is known by each status and spelling, and may be retried."""
    zcrm_simulator.switches = switches
    zcrm_simulator.limits = Limits(refreshes=0)
    client = log_in()

    with pytest.raises(RefreshThrottled) as caught:
        client.oauth.refresh_access_token()

    assert caught.value.retryable
    assert caught.value.retry_after > 0


@pytest.mark.parametrize(("status", "body"), [(429, "{}"), (400, '{"error": "Access Denied"}')])
def test_nobody_is_told_to_wait_for_days(
    status: int, body: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """However long a throttled login is told to wait, the error says an hour at most."""
    fault = {"status": status, "body": body, "headers": {"Retry-After": "99999999"}}
    zcrm_simulator.faults.add("/oauth/v2/token", kind="status", **fault)  # type: ignore[arg-type] # a dict of them

    with pytest.raises(RefreshThrottled) as caught:
        make_client().oauth.generate_access_token("1000.a.b")

    assert caught.value.retry_after == 3_600


def test_revoking_ends_the_token_at_zoho_and_in_the_store(zcrm_simulator: Simulator, log_in: Make) -> None:
    """After a logout the store is empty, Zoho refuses the refresh token, and a second logout does nothing."""
    client = log_in()
    token = client.tokens.fetch()
    assert token is not None

    assert client.oauth.revoke()
    assert not client.is_token_generated()
    assert zcrm_simulator.counters.revocations == 1
    assert not client.oauth.revoke()

    client.tokens.save(token)
    with pytest.raises(AuthError, match="no longer accepts"):
        client.users.current()


def test_a_logout_ends_a_token_that_could_not_be_saved(
    zcrm_simulator: Simulator, log_in: Make, store: Any
) -> None:
    """A new login is in memory only, an older one in the store: after the logout neither is good."""
    client = log_in()
    older = client.tokens.fetch()
    store.broken.add("save")
    with pytest.raises(StoreUnavailable) as caught:
        client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))
    store.broken.clear()
    unsaved = caught.value.unsaved

    assert client.oauth.revoke()

    assert zcrm_simulator.counters.revocations == 2
    for token in (older, unsaved):
        assert token is not None
        client.tokens.save(token)
        with pytest.raises(AuthError, match="no longer accepts"):
            client.users.current()
    client.tokens.delete()
    assert not client.oauth.revoke()


def test_a_failed_logout_deletes_nothing(zcrm_simulator: Simulator, log_in: Make) -> None:
    """While Zoho cannot be reached the token stays, so that it can be revoked later."""
    client = log_in()
    zcrm_simulator.faults.add("/oauth/v2/token/revoke", kind="reset")

    with pytest.raises(TransportError):
        client.oauth.revoke()

    assert client.is_token_generated()


@pytest.mark.parametrize(
    ("word", "gone"),
    [
        ("invalid_token", True),
        ("invalid_code", True),
        ("invalid_client", False),
        ("invalid_request", False),
        ("unsupported_token_type: invalid", False),
        (["invalid_token"], False),
    ],
)
def test_only_a_token_that_zoho_does_not_know_counts_as_revoked(
    word: object,
    gone: bool,  # noqa: FBT001 - a parameter of the test
    zcrm_simulator: Simulator,
    log_in: Make,
) -> None:
    """What Zoho does not know is deleted here; a refusal for another reason keeps what may live on."""
    client = log_in()
    zcrm_simulator.faults.add(
        "/oauth/v2/token/revoke", kind="status", status=400, body=json.dumps({"error": word})
    )

    if gone:
        assert client.oauth.revoke()
    else:
        with pytest.raises(AuthError):
            client.oauth.revoke()

    assert client.is_token_generated() is not gone


def test_a_token_that_cannot_be_named_is_a_secret(zcrm_simulator: Simulator, make_client: Make) -> None:
    """What Zoho issued is masked from then on, whatever it looks like, although it is not saved yet."""
    client = make_client()
    body = json.dumps({"access_token": "opaque-1", "refresh_token": "opaque-2", "expires_in": 3_600})
    zcrm_simulator.faults.add("/oauth/v2/token", kind="status", status=200, body=body)

    with pytest.raises(AuthError, match="whose"):
        client.oauth.generate_access_token("a grant")

    assert "opaque" not in client._parts.log.redact("they are opaque-1 and opaque-2")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_secret_follows_a_redirect(
    status: int, zcrm_simulator: Simulator, log_in: Make, stranger: list[str]
) -> None:
    """A refresh and a logout that are sent elsewhere say so: the other server hears nothing."""
    client = log_in()
    for path, call in (
        ("/oauth/v2/token", client.oauth.refresh_access_token),
        ("/oauth/v2/token/revoke", client.oauth.revoke),
        ("/oauth/user/info", lambda: client._parts.accounts.user_info("1000.a.b", client.region)),
    ):
        zcrm_simulator.faults.add(
            path, kind="status", status=status, headers={"Location": f"{stranger[0]}/x"}, times=1
        )
        with pytest.raises(TransportError, match=f"redirect .{status}.") as caught:
            call()
        assert caught.value.code == "ZCRM-HTTP-006"
    assert len(stranger) == 1
    assert client.is_token_generated()


@pytest.mark.parametrize("kind", ["html", "empty", "truncate", "reset"])
def test_nonsense_from_the_token_endpoint_is_one_clear_error(
    kind: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """A proxy's page, an empty, cut or broken answer is a TransportError, and nothing is stored."""
    client = make_client(current_user_email=OWNER)
    zcrm_simulator.faults.add("/oauth/v2/token", kind=kind)  # type: ignore[arg-type]

    with pytest.raises(TransportError) as caught:
        client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))

    assert caught.value.retryable
    assert not client.is_token_generated()


def test_users_clients_and_environments_never_meet(make_client: Make, store: Any) -> None:
    """The store's key names the user, the client id and the environment, exactly as configured."""
    client = make_client(environment="sandbox", current_user_email="A@x.com")

    for user in ("A@x.com", "a@x.com", "a@x.com "):
        client.as_user(user).is_token_generated()

    assert not store.tokens
    assert TokenKey("a@x.com ", client.config.client_id, "sandbox") != TokenKey(
        "a@x.com", client.config.client_id, "sandbox"
    )


def _code(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]


@pytest.mark.parametrize(
    "body",
    [
        '{"access_token": ""}',
        '{"access_token": "x", "error": "invalid_code"}',
        '{"access_token": "1000.a\\ny", "refresh_token": "1000.b"}',
        '{"access_token": "\\u2603"}',
        "[]",
    ],
)
def test_an_answer_that_is_no_token_is_refused(
    body: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """An empty token, one beside an error, or one that fits into no header is not saved.

    Where Zoho says no error, the client and its secret are not blamed.
    """
    client = make_client(current_user_email=OWNER)
    zcrm_simulator.faults.add("/oauth/v2/token", kind="status", status=200, body=body)

    with pytest.raises(AuthError, match="grant token" if "error" in body else "nor an error"):
        client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))

    assert not client.is_token_generated()


@pytest.mark.parametrize("email", ["a\\nb", "x" * 600, "", " "])
def test_a_user_that_cannot_be_named_costs_no_token(
    email: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """When Zoho's name for the user is unusable, the error still holds the token that was issued."""
    zcrm_simulator.faults.add("/oauth/user/info", kind="status", status=200, body=f'{{"Email": "{email}"}}')

    with pytest.raises(AuthError) as caught:
        make_client().oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))

    assert caught.value.token is not None


def test_a_login_repairs_a_damaged_file(zcrm_simulator: Simulator, tmp_path: Path) -> None:
    """After damage the user logs in as the error says; the others keep their tokens, and a copy stays."""
    keys = {**zcrm_simulator.config(), "token_persistence_path": tmp_path, "current_user_email": OWNER}
    with Client(keys) as client:
        other = client.as_user("other@example.com")
        for each in (client, other):
            each.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))
        kept = other.tokens.fetch()
        file = tmp_path / "zcrm_oauthtokens.txt"
        file.write_bytes(file.read_bytes().replace(OWNER.encode(), b"X" * len(OWNER)))
        with pytest.raises(StoreCorrupt, match="zcrm login"):
            client.tokens.fetch()

        token = client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))

        assert client.tokens.fetch() == token
        assert other.tokens.fetch() == kept
        assert list(tmp_path.glob("zcrm_oauthtokens.txt.damaged-*"))


def test_a_login_leaves_a_file_of_another_kind_alone(zcrm_simulator: Simulator, tmp_path: Path) -> None:
    """A token path that is somebody's picture is refused before the grant is spent, and stays as it is."""
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    picture.chmod(0o600)
    keys = {**zcrm_simulator.config(), "token_persistence_path": picture, "current_user_email": OWNER}

    with Client(keys) as client, pytest.raises(StoreCorrupt):
        client.oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES))

    assert picture.read_bytes().startswith(b"\x89PNG")
    assert zcrm_simulator.counters.exchanges == 0


def test_a_login_without_a_name_loses_no_token_to_a_store_that_fails(
    zcrm_simulator: Simulator, make_client: Make, store: Any
) -> None:
    """The store is first asked when the grant is spent: its error holds the token, under the user's name."""
    store.broken.add("fetch")

    with pytest.raises(StoreUnavailable) as caught:
        make_client().oauth.generate_access_token(zcrm_simulator.grant_token(SCOPES, user=OWNER))

    assert caught.value.unsaved is not None
    assert caught.value.unsaved.user_identifier == OWNER
    assert caught.value.unsaved.refresh_token


def test_a_login_knows_how_long_its_token_lives(zcrm_simulator: Simulator, log_in: Make) -> None:
    """A token that lives half a minute is not at its end when it has just come, and is not refreshed."""
    zcrm_simulator.limits = Limits(access_token_lifetime=30)

    assert log_in().org.get().company_name

    assert zcrm_simulator.counters.refreshes == 0


def test_the_life_of_a_login_counts_from_before_zoho_was_asked(
    zcrm_simulator: Simulator, log_in: Make
) -> None:
    """When Zoho's answer is late, the token is not taken to live longer by the time that the answer took."""
    zcrm_simulator.faults.add("/oauth/v2/token", kind="delay", seconds=0.5, times=1)

    token = log_in().tokens.fetch()

    assert token is not None
    assert token.expiry_time <= time.time_ns() // 1_000_000 - 500 + 3_600_000


def test_a_refresh_token_that_fits_into_no_header_counts_as_none(
    zcrm_simulator: Simulator, make_client: Make
) -> None:
    """The access token beside it is good, and the damaged text is not kept as if it could be used."""
    body = json.dumps({"access_token": "1000.a.b", "refresh_token": "1000.a\nb", "expires_in": 3_600})
    zcrm_simulator.faults.add("/oauth/v2/token", kind="status", status=200, body=body)

    token = make_client(current_user_email=OWNER).oauth.generate_access_token("1000.grant")

    assert (token.access_token, token.refresh_token) == ("1000.a.b", None)


def test_a_lifetime_in_ms_is_read_as_one_though_nothing_says_so() -> None:
    """More than a day of seconds can only be ms, and is neither a day nor the usual hour."""
    assert read_issued({"access_token": "1000.a.b", "expires_in": 1_800_000}).lifetime == 1_800_000
    assert read_issued({"access_token": "1000.a.b", "expires_in": "1800"}).lifetime == 1_800_000


@pytest.mark.parametrize("given", [0, -5, "-5", "-1e400", "-inf"])
def test_a_lifetime_below_nothing_is_none(given: int | str) -> None:
    """Whatever number says that a token has ended, it has ended."""
    assert read_issued({"access_token": "1000.a.b", "expires_in": given}).lifetime == 0


def test_nobody_sleeps_while_the_lock_is_held(
    zcrm_simulator: Simulator, log_in: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 429 of the accounts server is told at once, however many tries are left: all others wait for it."""
    client = log_in(max_retries=3)
    waits: list[float] = []
    monkeypatch.setattr("zcrm_core.transport.time.sleep", waits.append)
    zcrm_simulator.faults.add(
        "/oauth/v2/token", kind="status", status=429, headers={"Retry-After": "5"}, times=4
    )

    with pytest.raises(RefreshThrottled):
        client.oauth.refresh_access_token()

    assert waits == []
    assert len(zcrm_simulator.faults.pending()) == 1
