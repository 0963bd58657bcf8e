"""Do web, device and client logins keep every token, and explain what went wrong?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from zcrm_core import (
    AuthError,
    Client,
    Config,
    ConfigError,
    DeviceLogin,
    InvalidGrant,
    InvalidToken,
    ReauthorizationRequired,
    Region,
    StoreUnavailable,
    TransportError,
    hookimpl,
)
from zcrm_core.oauth import new_code_verifier
from zcrm_simulator import Simulator, Switches
from zcrm_simulator.data.organization import zgid_of
from zcrm_simulator.places import Place

Make = Callable[..., Client]
SCOPES = ["ZohoCRM.org.ALL", "AaaServer.profile.READ"]


def redirected(address: str) -> str:
    """Where Zoho sends a user who opens an address; its page answers itself."""
    return requests.get(address, allow_redirects=False, timeout=10).headers["Location"]


# -- in the browser ------------------------------------------------------------------------------------


@pytest.mark.parametrize("verifier", [None, new_code_verifier()], ids=["plain", "PKCE"])
def test_one_process_need_not_remember_anything(verifier: str | None, make_client: Make) -> None:
    """Without a state of the caller's the client makes one that nobody can guess, and knows the verifier."""
    client = make_client()
    addresses = [client.oauth.authorization_url(SCOPES, code_verifier=verifier) for _ in range(2)]
    states = {parse_qs(urlsplit(address).query)["state"][0] for address in addresses}
    assert len(states) == 2
    assert all(len(state) >= 43 for state in states)

    for address in addresses:
        assert client.oauth.handle_redirect(redirected(address)).refresh_token


def test_an_answer_is_taken_once(zcrm_simulator: Simulator, make_client: Make) -> None:
    """The same address twice is an error that says so, before anything is sent to Zoho."""
    client = make_client()
    url = redirected(client.oauth.authorization_url(SCOPES))
    client.oauth.handle_redirect(url)

    with pytest.raises(AuthError, match="not belong") as caught:
        client.oauth.handle_redirect(url)

    assert caught.value.code == "ZCRM-AUTH-015"
    assert zcrm_simulator.counters.requests["POST /oauth/v2/token"] == 1


def test_another_process_takes_the_answer(zcrm_simulator: Simulator, make_client: Make) -> None:
    """With state and verifier from the session any process can finish a login; with other ones none can."""
    asking, taking = make_client(), make_client()
    verifier = new_code_verifier()
    url = redirected(asking.oauth.authorization_url(SCOPES, state="known", code_verifier=verifier))

    for state in (None, "other", ""):
        with pytest.raises(AuthError) as caught:
            taking.oauth.handle_redirect(url, state=state, code_verifier=verifier)
        assert caught.value.code == "ZCRM-AUTH-015"

    assert taking.oauth.handle_redirect(url, state="known", code_verifier=verifier).refresh_token
    with pytest.raises(AuthError, match="used before"):
        taking.oauth.handle_redirect(url, state="known", code_verifier=verifier)
    assert zcrm_simulator.counters.exchanges == 1


def test_an_answer_of_somebody_elses_login_is_not_taken(zcrm_simulator: Simulator, make_client: Make) -> None:
    """A web application forgets to pass the session's state: a stranger's answer logs nobody in as him."""
    client = make_client()
    url = redirected(client.oauth.authorization_url(SCOPES, state="of the stranger's session"))

    with pytest.raises(AuthError) as caught:
        client.oauth.handle_redirect(url)

    assert caught.value.code == "ZCRM-AUTH-015"
    assert zcrm_simulator.counters.exchanges == 0


def test_the_query_alone_is_enough(make_client: Make) -> None:
    """Some frameworks give the query and not the whole address."""
    client = make_client()
    url = redirected(client.oauth.authorization_url(SCOPES))

    assert client.oauth.handle_redirect(urlsplit(url).query).refresh_token


@pytest.mark.parametrize(
    "url",
    [None, 7, "", "nonsense", "http://[::1", "?" + "a=1&" * 60, "http://localhost/?state=\ud800", "?code=x"],
)
def test_nonsense_for_an_answer_is_one_clear_error(url: Any, make_client: Make) -> None:
    """Whatever a stranger sends as an answer, the error is the same and nothing breaks."""
    with pytest.raises(AuthError) as caught:
        make_client().oauth.handle_redirect(url, state="s")

    assert caught.value.code == "ZCRM-AUTH-015"


@pytest.mark.parametrize(("location", "prefix"), [("au", "/au"), ("not-in-the-list", "")])
def test_the_location_alone_leads_to_the_data_centre(
    location: str, prefix: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """If the redirect names no server, Zoho's own list tells where it is; else it is the client's own."""
    zcrm_simulator.switches = Switches(approve_data_center="au" if prefix else None)
    client = make_client(region=None)
    url = redirected(client.oauth.authorization_url(SCOPES))
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    del query["accounts-server"]

    token = client.oauth.handle_redirect(f"?{urlencode({**query, 'location': location})}")

    assert token.api_domain == f"{zcrm_simulator.url}{prefix}"


def test_without_a_region_each_user_is_called_at_home(
    zcrm_simulator: Simulator, make_client: Make, events: Any
) -> None:
    """Two users of one application live in two data centres: calls, refreshes and logouts go there."""
    client = make_client(region=None)
    homes = {"eu": zcrm_simulator.users[1].email, "jp": zcrm_simulator.users[2].email}
    for data_centre, user in homes.items():
        zcrm_simulator.switches = Switches(approve_user=user, approve_data_center=data_centre)
        client.oauth.handle_redirect(redirected(client.oauth.authorization_url(SCOPES)))
    for data_centre, user in homes.items():
        theirs = client.as_user(user)
        theirs.oauth.refresh_access_token()
        assert theirs.org.get().company_name
        assert theirs.region.name == f"simulator-{data_centre}"
        assert theirs.oauth.revoke()

    requests_made = zcrm_simulator.counters.requests
    for data_centre in homes:
        assert requests_made[f"POST /{data_centre}/oauth/v2/token"] == 2
        assert requests_made[f"GET /{data_centre}/crm/v2/org"] == 1
        assert requests_made[f"POST /{data_centre}/oauth/v2/token/revoke"] == 1
    assert not [route for route in requests_made if route.startswith(("GET /crm", "POST /oauth"))]
    assert "region_not_kept" not in events.names


def test_a_token_goes_to_the_other_server_that_its_login_led_to(
    zcrm_simulator: Simulator, store: Any
) -> None:
    """Two servers at two addresses: the second one is shown the token only because it belongs to it."""
    with Simulator() as elsewhere:
        user = elsewhere.users[0].email

        class Elsewhere:
            @hookimpl
            def zcrm_choose_region(self, config: Config) -> Region | None:
                at_home = config.api_base_url == elsewhere.url
                return Region("elsewhere", *[elsewhere.url] * 5) if at_home else None

        with Client(elsewhere.config(), token_store=type(store)()) as theirs:
            token = theirs.oauth.generate_access_token(elsewhere.grant_token(SCOPES, user=user))
        keys = {**zcrm_simulator.config(), "region": None, "current_user_email": user, "max_retries": 0}
        with Client(keys, token_store=store, plugins=[Elsewhere()]) as client:
            address = f"{elsewhere.url}/crm/v2/org"
            client.tokens.save(replace(token, api_domain=None))
            with pytest.raises(TransportError, match="The token is not sent to"):
                client.request("GET", address)

            client.tokens.save(replace(token, api_domain=elsewhere.url))

            assert client.org.get().company_name
            assert client.request("GET", address).status == 200
        assert elsewhere.counters.requests["GET /crm/v2/org"] == 2
        assert "GET /crm/v2/org" not in zcrm_simulator.counters.requests


class FourValues:
    """A user's own store as it was written for Zoho's SDKs: it does not keep where a token lives."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def save_oauth_tokens(self, token: Any) -> None:
        kept = ("user_identifier", "access_token", "refresh_token", "expiry_time")
        self.rows[token.user_identifier] = {name: getattr(token, name) for name in kept}

    def get_oauth_tokens(self, user: str) -> dict[str, Any]:
        return self.rows[user]

    def delete_oauth_tokens(self, user: str) -> None:
        del self.rows[user]


@pytest.mark.parametrize(
    ("lives_in", "region", "named"),
    [
        ("eu", None, "simulator-eu"),
        ("eu", "simulator-eu", None),
        ("eu", "simulator", None),  # its use is an error by itself
        ("us", None, None),
    ],
)
def test_a_store_that_keeps_no_data_centre_is_told(
    lives_in: str, region: str | None, named: str | None, zcrm_simulator: Simulator, events: Any
) -> None:
    """Another client would call the default data centre: the login warns, and names the region to set."""
    zcrm_simulator.switches = Switches(approve_data_center=lives_in)
    store = FourValues()
    keys = {**zcrm_simulator.config(), "region": region, "max_retries": 0}
    with Client(keys, token_store=store, plugins=[events]) as client:
        token = client.oauth.handle_redirect(redirected(client.oauth.authorization_url(SCOPES)))

    warned = [event for event in events.seen if event.name == "region_not_kept"]
    assert [event.fields for event in warned] == ([{"user": token.user_identifier}] if named else [])
    assert all(f'set region = "{named}"' in event.message for event in warned)
    if named is None:
        return
    keys |= {"current_user_email": token.user_identifier, "region": named}
    with Client(keys, token_store=store) as another:
        assert another.org.get().company_name
        assert another.oauth.refresh_access_token().access_token != token.access_token


def test_a_login_stands_although_the_store_cannot_be_asked_what_it_kept(
    zcrm_simulator: Simulator, make_client: Make, store: Any, events: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is saved: a store that fails just after that costs no login."""
    zcrm_simulator.switches = Switches(approve_data_center="eu")
    client = make_client(region=None)
    save = store.save

    def save_and_break(*arguments: Any, **named: Any) -> Any:
        store.broken.add("fetch")
        return save(*arguments, **named)

    monkeypatch.setattr(store, "save", save_and_break)

    assert client.oauth.handle_redirect(redirected(client.oauth.authorization_url(SCOPES))).refresh_token
    assert "region_not_kept" not in events.names
    with pytest.raises(StoreUnavailable):
        client.tokens.fetch(zcrm_simulator.users[0].email)


def changed_answer(zoho: Simulator, prefix: str, changes: dict[str, object]) -> None:
    """Let the next token call get a real answer in which some fields are other ones; ``None`` is no field."""
    keys = zoho.config()
    form = {name: keys[name] for name in ("client_id", "client_secret")}
    form |= {
        "grant_type": "authorization_code",
        "code": zoho.grant_token(SCOPES, data_center=prefix.strip("/") or "us"),
    }
    answer = requests.post(f"{zoho.url}{prefix}/oauth/v2/token", data=form, timeout=10).json()
    kept = {name: value for name, value in {**answer, **changes}.items() if value is not None}
    body = json.dumps(kept)
    zoho.faults.add(f"{prefix}/oauth/v2/token", kind="status", status=200, body=body)


@pytest.mark.parametrize("user", [None, "somebody"])
@pytest.mark.parametrize(
    ("chosen", "environment", "data_center"),
    [("sandbox", "production", "us"), ("developer", "sandbox", "us"), ("sandbox", "developer", "eu")],
)
def test_a_token_of_another_environment_is_refused(
    *,
    chosen: str,
    environment: str,
    data_center: str,
    user: str | None,
    zcrm_simulator: Simulator,
    make_client: Make,
) -> None:
    """Whoever chooses the sandbox on Zoho's page is told at once, and what was stored before stays."""
    client = make_client(environment=environment, region=None)
    zcrm_simulator.switches = Switches(approve_environment=chosen, approve_data_center=data_center)
    url = redirected(client.oauth.authorization_url(SCOPES))

    with pytest.raises(
        AuthError, match=f"environment {chosen}, and the client calls {environment}"
    ) as caught:
        client.oauth.handle_redirect(url, user=user)

    assert caught.value.code == "ZCRM-AUTH-021"
    assert f'environment = "{chosen}"' in caught.value.fix
    assert client.tokens.list() == []


@pytest.mark.parametrize("environment", ["sandbox", "developer", "production"])
def test_a_token_that_names_production_is_good_everywhere(
    environment: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """Zoho may name its production address with a token for a sandbox, so that says nothing."""
    client = make_client(environment=environment)
    url = redirected(client.oauth.authorization_url(SCOPES))
    changed_answer(zcrm_simulator, "", {"api_domain": zcrm_simulator.url})

    assert client.oauth.handle_redirect(url, user="me").api_domain == zcrm_simulator.url


@pytest.mark.parametrize("before", ["", "/sandbox"])
def test_no_address_of_a_stranger_is_stored(
    before: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """A login or a refresh that names an API of nobody's keeps what is known: others read the store."""
    environment = before.strip("/") or "production"
    client = make_client(environment=environment, current_user_email="me")
    changed_answer(zcrm_simulator, "", {"api_domain": "https://evil.example"})
    assert client.oauth.generate_access_token("1000.any").api_domain is None

    grant = zcrm_simulator.grant_token(SCOPES, environment=environment)
    client.oauth.generate_access_token(grant)
    changed_answer(zcrm_simulator, "", {"api_domain": "https://evil.example"})
    client.oauth.refresh_access_token()

    stored = client.tokens.fetch()
    assert stored is not None
    assert stored.api_domain == zcrm_simulator.url + before


@pytest.mark.parametrize("named", [None, "", "https://api.nobody.example", "\ud800", "x" * 70_000, 7])
def test_a_token_is_refreshed_where_it_was_issued(
    named: object, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """When the answer names no API, or one of nobody's, the token stays in the data centre that issued it."""
    client = make_client(region=None)
    zcrm_simulator.switches = Switches(approve_data_center="eu")
    url = redirected(client.oauth.authorization_url(SCOPES))
    changed_answer(zcrm_simulator, "/eu", {"api_domain": named})

    token = client.oauth.handle_redirect(url)

    assert token.api_domain == f"{zcrm_simulator.url}/eu"
    theirs = client.as_user(token.user_identifier)
    assert theirs.oauth.refresh_access_token().access_token != token.access_token
    assert theirs.org.get().company_name
    assert "POST /oauth/v2/token" not in zcrm_simulator.counters.requests


def test_a_token_of_another_data_centre_is_an_error_that_names_both(
    zcrm_simulator: Simulator, make_client: Make
) -> None:
    """With a region in the configuration the login is made where the user lives, and its use is refused."""
    zcrm_simulator.switches = Switches(approve_data_center="eu")
    client = make_client()
    token = client.oauth.handle_redirect(redirected(client.oauth.authorization_url(SCOPES)))
    assert token.api_domain == f"{zcrm_simulator.url}/eu"

    with pytest.raises(AuthError, match=r"simulator-eu, and the client calls simulator\.") as caught:
        client.as_user(token.user_identifier).org.get()

    assert caught.value.code == "ZCRM-AUTH-012"
    assert not [route for route in zcrm_simulator.counters.requests if "/crm/" in route]


@pytest.mark.parametrize(
    "server", ["https://accounts.zoho.evil", "http://127.0.0.1:9", "ftp://x", "https://", "x" * 9000]
)
def test_a_code_goes_to_no_stranger(server: str, zcrm_simulator: Simulator, make_client: Make) -> None:
    """A redirect that names a server of nobody we know is refused, although its state is right."""
    client = make_client(region=None)
    url = redirected(client.oauth.authorization_url(SCOPES))
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

    with pytest.raises(AuthError, match="no known region") as caught:
        client.oauth.handle_redirect(f"?code={query['code']}&state={query['state']}&accounts-server={server}")

    assert caught.value.code == "ZCRM-AUTH-017"
    assert "POST /oauth/v2/token" not in zcrm_simulator.counters.requests


@pytest.mark.parametrize("data_centre", ["https://accounts.zoho.com", "https://ACCOUNTS.zoho.eu:443/"])
def test_behind_a_gateway_the_secret_stays_there(
    data_centre: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """With servers of one's own the code is exchanged there, whichever of Zoho's the answer names."""
    own = {"region": None, "simulator_url": None}
    client = make_client(accounts_url=zcrm_simulator.url, api_base_url=zcrm_simulator.url, **own)
    url = redirected(client.oauth.authorization_url(SCOPES))
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

    token = client.oauth.handle_redirect(f"?{urlencode({**query, 'accounts-server': data_centre})}")

    assert client.as_user(token.user_identifier).org.get().company_name
    assert zcrm_simulator.counters.exchanges == 1


def test_zohos_own_data_centres_are_known_by_their_servers() -> None:
    """The accounts server of each data centre leads to its region, and to no other."""
    homes = Client(
        {"client_id": "1000.A", "client_secret": "s", "token_persistence_path": "unused"}
    )._parts.homes
    for name, server in {"eu": "https://accounts.zoho.eu", "ca": "https://accounts.zohocloud.ca"}.items():
        assert homes.of_accounts(server).name == name


def test_a_login_whose_token_is_not_saved_is_not_lost(make_client: Make, store: object) -> None:
    """When the store fails after the exchange the error holds the token, named after its user."""
    client = make_client()
    store.broken.add("save")  # type: ignore[attr-defined] # the store of conftest.py

    with pytest.raises(StoreUnavailable) as caught:
        client.oauth.handle_redirect(redirected(client.oauth.authorization_url(SCOPES)))

    assert caught.value.unsaved is not None
    assert "@" in caught.value.unsaved.user_identifier


# -- on a device ---------------------------------------------------------------------------------------


@pytest.fixture
def device(zcrm_simulator: Simulator, make_client: Make) -> tuple[Client, DeviceLogin]:
    """A client that waits for a person, and may ask every second."""
    zcrm_simulator.limits = replace(zcrm_simulator.limits, device_interval=1, device_code_lifetime=20)
    client = make_client(region=None)
    return client, client.oauth.start_device_login(SCOPES)


def open_page(login: DeviceLogin) -> None:
    """Open the address with the code in it: the page answers itself with yes."""
    assert login.complete_url is not None
    assert requests.get(login.complete_url, timeout=10).status_code == 200


def test_a_device_gets_its_token(device: tuple[Client, DeviceLogin], zcrm_simulator: Simulator) -> None:
    """After the person's yes the token is named and saved, and is refreshed like any other."""
    client, login = device
    assert (login.interval, login.expires_in) == (1, 20)
    assert login.device_code not in repr(login)
    open_page(login)

    token = client.oauth.finish_device_login(login)

    assert token.user_identifier == zcrm_simulator.users[0].email
    theirs = client.as_user(token.user_identifier)
    assert theirs.oauth.refresh_access_token().access_token != token.access_token
    assert theirs.org.get().company_name


def test_a_device_asks_again_and_more_slowly_when_told_so(
    device: tuple[Client, DeviceLogin], zcrm_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nobody has decided the device waits; after slow_down it waits five seconds longer each time."""
    client, login = device
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        zcrm_simulator.clock.advance(0.3 if len(waits) == 1 else seconds)
        if len(waits) == 3:
            open_page(login)

    monkeypatch.setattr("zcrm_core.device.time.sleep", sleep)

    assert client.oauth.finish_device_login(login).refresh_token
    assert waits == [1, 6, 6]


def test_a_person_who_lives_elsewhere_is_found(
    device: tuple[Client, DeviceLogin], zcrm_simulator: Simulator
) -> None:
    """The device is told the data centre, asks there, and the token belongs there."""
    client, login = device
    zcrm_simulator.switches = Switches(approve_data_center="in")
    open_page(login)

    token = client.oauth.finish_device_login(login)

    assert token.api_domain == f"{zcrm_simulator.url}/in"
    assert client.as_user(token.user_identifier).org.get().company_name


def test_nobody_confirms_the_code(device: tuple[Client, DeviceLogin], zcrm_simulator: Simulator) -> None:
    """When the code has ended at Zoho, or its time is over here, the error says that nobody answered."""
    client, login = device
    with pytest.raises(AuthError) as caught:
        client.oauth.finish_device_login(replace(login, expires_in=0.5))
    assert caught.value.code == "ZCRM-AUTH-018"

    zcrm_simulator.clock.advance(seconds=21)
    with pytest.raises(AuthError) as caught:
        client.oauth.finish_device_login(login)
    assert caught.value.code == "ZCRM-AUTH-018"


def test_a_device_code_is_a_secret(zcrm_simulator: Simulator, make_client: Make) -> None:
    """Whoever has it can ask for the tokens, so it is masked, whatever it looks like."""
    client = make_client()
    answer = {"user_code": "AB-CD", "device_code": "opaque-text", "verification_url": "https://zoho.example"}
    zcrm_simulator.faults.add("/oauth/v3/device/code", kind="status", status=200, body=json.dumps(answer))

    assert client.oauth.start_device_login(SCOPES).device_code == "opaque-text"

    assert "opaque-text" not in client._parts.log.redact("it is opaque-text")


BROKEN: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 200, "body": '{"error": "general_error"}'},
    {"kind": "html", "status": 502},
    {"kind": "html", "status": 200},
    {"kind": "empty"},
    {"kind": "reset"},
]


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_answer_does_not_end_a_device_login(
    fault: dict[str, Any],
    device: tuple[Client, DeviceLogin],
    zcrm_simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The device asks again, each time after twice as long, and at its own pace after a good answer."""
    client, login = device
    zcrm_simulator.faults.add("/oauth/v3/device/token", times=3, **fault)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        zcrm_simulator.clock.advance(1)
        if len(waits) == 5:
            open_page(login)

    monkeypatch.setattr("zcrm_core.device.time.sleep", sleep)

    assert client.oauth.finish_device_login(login).refresh_token
    assert waits == [2, 4, 8, 1, 1]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, '{"error": "Access Denied", "error_description": "too many requests"}'),
        (200, '{"error": "access_denied", "error_description": "You have made too many requests"}'),
        (429, "{}"),
    ],
)
def test_too_many_questions_are_no_refusal(
    status: int,
    body: str,
    device: tuple[Client, DeviceLogin],
    zcrm_simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When Zoho throttles the device waits as long as it is told to; nobody is said to have refused."""
    client, login = device
    open_page(login)
    zcrm_simulator.faults.add(
        "/oauth/v3/device/token", kind="status", status=status, body=body, headers={"Retry-After": "7"}
    )
    waits: list[float] = []
    monkeypatch.setattr("zcrm_core.device.time.sleep", waits.append)

    assert client.oauth.finish_device_login(login).refresh_token
    [wait] = waits
    assert wait >= 7


def test_a_device_that_gets_no_good_answer_says_so_in_the_end(
    device: tuple[Client, DeviceLogin], zcrm_simulator: Simulator
) -> None:
    """When the code has ended, and the last answer was broken, that is the error, and not the person."""
    client, login = device
    zcrm_simulator.faults.add("/oauth/v3/device/token", kind="html", times=10)

    with pytest.raises(TransportError):
        client.oauth.finish_device_login(replace(login, expires_in=0.3))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"error": "access_denied"}', AuthError),
        ('{"error": "invalid_client"}', AuthError),
        ('{"error": "something <b>new</b>"}', AuthError),
        ("{}", AuthError),
        ("[]", AuthError),
    ],
)
def test_what_else_a_device_is_told(
    body: str, error: type[Exception], device: tuple[Client, DeviceLogin], zcrm_simulator: Simulator
) -> None:
    """A refusal, or an answer that is none of the device flow's, ends the login at once with one error."""
    client, login = device
    zcrm_simulator.faults.add("/oauth/v3/device/token", kind="status", status=200, body=body)

    with pytest.raises(error) as caught:
        client.oauth.finish_device_login(login)

    assert "<b>" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"error": "invalid_client"}', AuthError),
        ('{"user_code": 1, "device_code": "x", "verification_url": "https://a.example"}', AuthError),
        ('{"user_code": "A", "device_code": "x", "verification_url": "https://a/\\u001b[2J"}', AuthError),
        ('{"user_code": "A\\u009b1m", "device_code": "x", "verification_url": "https://a"}', AuthError),
        ('{"user_code": "A", "device_code": "x", "verification_url": "javascript:a()"}', AuthError),
        ("[]", AuthError),
        ("<html>", TransportError),
    ],
)
def test_a_device_login_that_does_not_begin(
    body: str, error: type[Exception], zcrm_simulator: Simulator, make_client: Make
) -> None:
    """Without a code there is nothing to wait for, and the error says what Zoho said."""
    zcrm_simulator.faults.add("/oauth/v3/device/code", kind="status", status=200, body=body)

    with pytest.raises(error):
        make_client().oauth.start_device_login(SCOPES)


# -- as the client itself ------------------------------------------------------------------------------


@pytest.mark.parametrize("by_hand", [False, True], ids=["soid configured", "soid passed as well"])
@pytest.mark.parametrize("told", [False, True], ids=["scopes asked for", "scopes in the answer"])
def test_a_client_token_is_renewed_with_the_clients_own_credentials(
    zcrm_simulator: Simulator, make_client: Make, *, by_hand: bool, told: bool
) -> None:
    """It has no refresh token; when it ends the client asks for another one with the same scopes."""
    zcrm_simulator.switches = Switches(scope_in_answer=told)
    soid = f"ZohoCRM.{zcrm_simulator.organization.zgid}"
    client = make_client(soid=soid)
    token = client.oauth.generate_client_token(SCOPES, soid=soid if by_hand else None)
    assert token.refresh_token is None
    zcrm_simulator.clock.advance(seconds=3_601)

    theirs = client.as_user(token.user_identifier)

    assert theirs.org.get().company_name
    after = theirs.tokens.fetch()
    assert after is not None
    assert after.access_token != token.access_token
    assert set((after.scope or "").split()) == set(SCOPES)
    assert zcrm_simulator.counters.exchanges == 2


def test_a_client_token_of_an_organisation_that_is_not_configured_ends(
    zcrm_simulator: Simulator, make_client: Make
) -> None:
    """With soid passed by hand nobody knows how to renew it, and the error says so."""
    client = make_client()
    token = client.oauth.generate_client_token(SCOPES, soid=f"ZohoCRM.{zcrm_simulator.organization.zgid}")
    zcrm_simulator.clock.advance(seconds=3_601)

    with pytest.raises(ReauthorizationRequired, match="organisation"):
        client.as_user(token.user_identifier).org.get()


def test_a_client_token_of_another_organisation_is_not_renewed_for_the_configured_one(
    zcrm_simulator: Simulator, make_client: Make
) -> None:
    """A token of another organisation ends: no call of its user ever reaches the configured one."""
    production, sandbox = (zgid_of(Place("us", name)) for name in ("production", "sandbox"))
    client = make_client(soid=f"ZohoCRM.{sandbox}", environment="sandbox", current_user_email="job")
    token = client.oauth.generate_client_token(SCOPES, soid=f"ZohoCRM.{production}")
    status = client.tokens.status()
    assert status is not None
    assert not status.renewable
    zcrm_simulator.clock.advance(seconds=3_601)

    with pytest.raises(ReauthorizationRequired, match="organisation"):
        client.org.get()

    assert client.tokens.fetch() == token
    assert token.api_domain == zcrm_simulator.url
    assert zcrm_simulator.counters.exchanges == 1


def test_a_users_token_is_never_renewed_as_the_client_itself(
    zcrm_simulator: Simulator, make_client: Make
) -> None:
    """A user agreed to online access; when that ends the user is asked again, although soid is set."""
    user = zcrm_simulator.users[1].email
    zcrm_simulator.switches = Switches(approve_user=user)
    client = make_client(soid=f"ZohoCRM.{zcrm_simulator.organization.zgid}", current_user_email=user)
    address = client.oauth.authorization_url([*SCOPES, "ZohoCRM.users.ALL"])
    client.oauth.handle_redirect(redirected(address.replace("=offline", "=online")))
    assert client.users.current().email == user
    zcrm_simulator.clock.advance(seconds=3_601)

    with pytest.raises(ReauthorizationRequired, match="online"):
        client.users.current()


def test_a_token_that_nobody_named_is_not_renewed_as_the_client_itself(
    zcrm_simulator: Simulator, make_client: Make
) -> None:
    """The same holds for a user's token that the application names and saves by hand."""
    client = make_client(soid=f"ZohoCRM.{zcrm_simulator.organization.zgid}")
    address = client.oauth.authorization_url(["ZohoCRM.org.ALL"])
    with pytest.raises(AuthError, match="whose") as caught:
        client.oauth.handle_redirect(redirected(address.replace("=offline", "=online")))
    assert caught.value.token is not None
    client.tokens.save(replace(caught.value.token, user_identifier="somebody"))
    zcrm_simulator.clock.advance(seconds=3_601)

    with pytest.raises(ReauthorizationRequired, match="online"):
        client.as_user("somebody").org.get()


def test_a_login_elsewhere_takes_over_no_refresh_token(zcrm_simulator: Simulator, make_client: Make) -> None:
    """A refresh token of one data centre is not kept with a token of another one, which does not know it."""
    client = make_client(region=None, current_user_email="somebody")
    zcrm_simulator.switches = Switches(approve_data_center="eu")
    client.oauth.handle_redirect(redirected(client.oauth.authorization_url(SCOPES)))
    zcrm_simulator.switches = Switches(approve_data_center="in")
    address = client.oauth.authorization_url(SCOPES).replace("=offline", "=online")

    assert client.oauth.handle_redirect(redirected(address)).refresh_token is None


def test_a_client_token_replaces_no_refresh_token_by_mixing(zcrm_simulator: Simulator, log_in: Make) -> None:
    """The refresh token of a user's own login does not become that of the client's token."""
    client = log_in(soid=f"ZohoCRM.{zcrm_simulator.organization.zgid}")

    assert client.oauth.generate_client_token(SCOPES).refresh_token is None


def test_what_client_credentials_need(zcrm_simulator: Simulator, make_client: Make) -> None:
    """No organisation, an unknown one, and unknown scopes are an error each."""
    client = make_client()
    zgid = zcrm_simulator.organization.zgid
    with pytest.raises(ConfigError, match="soid is missing"):
        client.oauth.generate_client_token(SCOPES)
    with pytest.raises(AuthError) as caught:
        client.oauth.generate_client_token(SCOPES, soid="ZohoCRM.1")
    assert caught.value.code == "ZCRM-AUTH-019"
    with pytest.raises(AuthError) as caught:
        client.oauth.generate_client_token(["ZohoCRM.nonsense.X"], soid=f"ZohoCRM.{zgid}")
    assert caught.value.code == "ZCRM-AUTH-009"


@pytest.mark.parametrize("state", ["", 5, b"state", "\ud800", ["state"]])
def test_what_can_be_no_state_begins_no_login_and_ends_none(state: Any, make_client: Make) -> None:
    """A login that could never be finished is refused when it begins; an answer to none as well."""
    client = make_client()
    with pytest.raises(ConfigError, match="state of a login") as refused:
        client.oauth.authorization_url(SCOPES, state=state)
    assert refused.value.code == "ZCRM-CONFIG-004"
    url = redirected(client.oauth.authorization_url(SCOPES, state="known"))

    with pytest.raises(AuthError, match="state to expect") as caught:
        client.oauth.handle_redirect(url, state=state)

    assert caught.value.code == "ZCRM-AUTH-015"
    assert client.oauth.handle_redirect(url, state="known").refresh_token


@pytest.mark.parametrize("verifier", [None, new_code_verifier()], ids=["none", "another"])
def test_a_code_that_lacks_its_verifier_names_it(verifier: str | None, make_client: Make) -> None:
    """The process that takes the answer is told what to pass, and sent to no console for a grant token."""
    asking, taking = make_client(), make_client()
    address = asking.oauth.authorization_url(SCOPES, state="known", code_verifier=new_code_verifier())

    with pytest.raises(InvalidGrant) as caught:
        taking.oauth.handle_redirect(redirected(address), state="known", code_verifier=verifier)

    assert caught.value.code == "ZCRM-AUTH-002"
    assert "console" not in str(caught.value)
    assert "works once" in caught.value.why
    for word in ("code_verifier", "redirect_uri"):
        assert word in caught.value.why
        assert word in caught.value.fix


@pytest.mark.parametrize("verifier", ["", 5, "\ud800", "a b"])
def test_what_can_be_no_verifier_is_told(verifier: Any, zcrm_simulator: Simulator, make_client: Make) -> None:
    """It is refused where a login begins and where it ends, before anything is sent."""
    client = make_client(current_user_email="me")

    for call in (
        lambda: client.oauth.authorization_url(SCOPES, code_verifier=verifier),
        lambda: client.oauth.generate_access_token("1000.any", code_verifier=verifier),
    ):
        with pytest.raises(ConfigError, match="code verifier") as caught:
            call()
        assert caught.value.code == "ZCRM-CONFIG-004"

    assert not zcrm_simulator.requests


@pytest.mark.parametrize("grant", ["\ud800", "1000.a.b\n1000.c.d", "é"])
def test_what_can_be_no_grant_token_is_not_sent(
    grant: str, zcrm_simulator: Simulator, make_client: Make
) -> None:
    """Bytes of a wrong file, or two lines at once, are a wrong grant token and no wrong call."""
    with pytest.raises(InvalidGrant, match="no grant token has") as caught:
        make_client(current_user_email="me").oauth.generate_access_token(grant)

    assert caught.value.code == "ZCRM-AUTH-002"
    assert not zcrm_simulator.requests


@pytest.mark.parametrize("scopes", [5, None, "ZohoCRM.org.ALL", [], [5], [""], iter([])])
def test_what_is_no_list_of_scopes_is_told(scopes: Any, make_client: Make) -> None:
    """Nobody is asked to agree to nothing; what can be gone over once is a list all the same."""
    client = make_client()

    with pytest.raises(AuthError) as caught:
        client.oauth.authorization_url(scopes)

    assert caught.value.code == "ZCRM-AUTH-009"
    assert "ZohoCRM.org.ALL%2CAaaServer" in client.oauth.authorization_url(iter(SCOPES))  # type: ignore[arg-type]


@pytest.mark.parametrize("nothing", [None, "token", 5, {}])
def test_what_is_no_token_and_no_login_is_told(nothing: Any, make_client: Make) -> None:
    """A fetch that found nothing, say, is saved as nobody's token; nothing is waited for without a login."""
    client = make_client()

    for use in (client.tokens.save, client.oauth.revoke_token):
        with pytest.raises(InvalidToken, match=f"no token, but {type(nothing).__name__}"):
            use(nothing)
    with pytest.raises(ConfigError, match="no login of a device") as caught:
        client.oauth.finish_device_login(nothing)

    assert caught.value.code == "ZCRM-CONFIG-004"
