"""Do `zcrm login` in its other ways, `zcrm logout` and `zcrm token status` do what they say?"""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from zcrm_cli.redirect_listener import Listener, _Browser
from zcrm_contract_tests.mysql.ports import free_port
from zcrm_core import ConfigError, Token
from zcrm_simulator import Simulator, Switches

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Configure = Callable[..., Path]
SECRET = re.compile(r"1\d{3}\.[0-9a-f]{16,}\.[0-9a-f]{16,}")


class Command:
    """The command, running, and what it has written so far."""

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "zcrm_cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(environment),
            cwd=folder,
        )

    def line(self) -> str:
        """The next line on standard error."""
        assert self._process.stderr is not None
        return self._process.stderr.readline()

    def done(self) -> tuple[int, str, str]:
        """Wait for the end; give the exit code and the two outputs."""
        out, err = self._process.communicate(timeout=100)
        return self._process.returncode, out, err

    def kill(self) -> None:
        """End it, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@pytest.fixture
def begin(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Command]]:
    """Start the command and do not wait for its end."""
    begun: list[Command] = []

    def begin(*arguments: str) -> Command:
        begun.append(Command(arguments, environment, tmp_path))
        return begun[-1]

    yield begin
    for command in begun:
        command.kill()


@pytest.fixture
def port() -> int:
    """A port that nobody uses, and that no outgoing connection gets meanwhile."""
    return free_port()


@pytest.fixture
def web(zoho: Simulator, configure: Configure, port: int) -> str:
    """The redirect URI of a web client of the configuration, on this machine."""
    redirect_uri = f"http://localhost:{port}/callback"
    client = zoho.register_client([redirect_uri])
    configure(client_id=client.client_id, client_secret=client.client_secret, redirect_uri=redirect_uri)
    return redirect_uri


def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def break_off(address: str, sent: str, wait: Callable[[], None]) -> None:
    """Send a request, and go away without reading the answer, as a browser does that is killed."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as browser:
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        browser.sendall(sent.encode())
        wait()


def address_of(command: Command) -> str:
    """The address that the command wants to be opened."""
    address = command.line().strip().removeprefix("Log in at ")
    assert command.line() == "Waiting for up to 300 s for the answer; Ctrl-C ends it.\n"
    return address


def test_a_web_login_takes_the_redirect(
    begin: Callable[..., Command], run: Run, web: str, zoho: Simulator
) -> None:
    """The listener takes the redirect, shows a page, and the tokens are stored; state and PKCE went along."""
    command = begin("login", "--web", "--no-browser")
    address = address_of(command)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 43
    assert asked["redirect_uri"] == [web]

    page = requests.get(address, timeout=10)

    code, out, err = command.done()
    assert (code, err) == (0, "")
    assert page.status_code == 200
    assert "You are logged in" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"  # its address holds the code
    assert f"Logged in as {zoho.users[0].email}." in out
    assert zoho.users[0].email in run("token", "list").stdout


@pytest.mark.parametrize("path", ["", "/", "/rückruf", "/a b", "/a%20b", "/a%2Fb+c"])
def test_a_path_may_be_written_in_any_way(
    path: str, begin: Callable[..., Command], port: int, zoho: Simulator, configure: Configure
) -> None:
    """A browser quotes a space and an umlaut; the listener knows its own address all the same."""
    redirect_uri = f"http://localhost:{port}{path}"
    configure_without_region(configure, redirect_uri, zoho)
    command = begin("login", "--web", "--no-browser")
    [state] = parse_qs(urlsplit(address_of(command)).query)["state"]

    page = requests.get(f"{redirect_uri}?error=access_denied&state={state}", timeout=10)  # it quotes, too

    assert "You are not logged in" in page.text
    assert command.done()[2].startswith("ZCRM-AUTH-014")


def test_a_web_login_goes_to_the_data_centre_that_answered(
    begin: Callable[..., Command], web: str, zoho: Simulator, configure: Configure, run: Run
) -> None:
    """A user who lives in Europe gets a token there, and without a region every command calls Europe."""
    zoho.switches = Switches(approve_data_center="eu")
    configure_without_region(configure, web, zoho)
    command = begin("login", "--web", "--no-browser")

    requests.get(address_of(command), timeout=10)

    assert command.done()[0] == 0
    assert zoho.counters.requests["POST /eu/oauth/v2/token"] == 1
    told = run("whoami")
    assert "simulator-eu" in told.stdout, told.stderr
    assert run("logout").returncode == 0
    assert zoho.counters.requests["POST /eu/oauth/v2/token/revoke"] == 1


def configure_without_region(configure: Configure, redirect_uri: str, zoho: Simulator) -> None:
    """Configure a web client that names no region."""
    client = zoho.register_client([redirect_uri])
    configure(
        client_id=client.client_id, client_secret=client.client_secret, redirect_uri=redirect_uri, region=None
    )


@pytest.mark.usefixtures("web")
def test_a_login_in_another_data_centre_than_configured_is_told(
    begin: Callable[..., Command], zoho: Simulator, run: Run
) -> None:
    """The login goes through where the user lives; the command says at once that the region does not fit."""
    zoho.switches = Switches(approve_data_center="eu")
    command = begin("login", "--web", "--no-browser")
    requests.get(address_of(command), timeout=10)

    code, _, err = command.done()

    assert code == 0
    assert "simulator-eu, and the client calls simulator" in err
    assert "ZCRM-AUTH-012" in run("whoami").stderr


FOUR_VALUES = """\
import json
from pathlib import Path

FILE = Path(__file__).with_name("rows.json")


class FourValues:
    def save_oauth_tokens(self, token):
        kept = ("user_identifier", "access_token", "refresh_token", "expiry_time")
        FILE.write_text(json.dumps({name: getattr(token, name) for name in kept}))

    def get_oauth_tokens(self, user):
        return json.loads(FILE.read_text()) if FILE.exists() else None

    def delete_oauth_tokens(self, user):
        FILE.unlink()
"""


def test_a_store_that_keeps_no_data_centre_is_told(
    *,
    begin: Callable[..., Command],
    port: int,
    zoho: Simulator,
    configure: Configure,
    run: Run,
    tmp_path: Path,
) -> None:
    """The next command would call the wrong data centre: the login names the region that has to be set."""
    (tmp_path / "four_values.py").write_text(FOUR_VALUES, encoding="utf-8")
    zoho.switches = Switches(approve_data_center="eu")
    redirect_uri = f"http://localhost:{port}/callback"
    registered = zoho.register_client([redirect_uri])
    keys: dict[str, str | None] = {
        "client_id": registered.client_id,
        "client_secret": registered.client_secret,
        "redirect_uri": redirect_uri,
        "token_persistence_path": None,
        "persistence_handler_class_path": "four_values.py",
    }
    configure(**keys, region=None)
    command = begin("login", "--web", "--no-browser")
    requests.get(address_of(command), timeout=10)

    code, _, err = command.done()

    assert code == 0
    assert err == (
        "The store keeps no data centre, so the next command would call simulator: "
        'set region = "simulator-eu".\n'
    )
    configure(**keys, region="simulator-eu")
    assert "simulator-eu" in run("whoami").stdout


NOTING = '''
class Noting:
    """A store that writes down what it is asked of tokens."""

    tokens = {}

    def save(self, key, token):
        self.note("save", key)
        self.tokens[key] = token
        return True

    def fetch(self, key):
        self.note("fetch", key)
        return self.tokens.get(key)

    def delete(self, key):
        self.note("delete", key)
        return self.tokens.pop(key, None) is not None

    def note(self, what, key):
        if key.user_identifier.startswith("refresh notes of "):
            return
        with open("asked.txt", "a", encoding="utf-8") as file:
            print(what, file=file)
'''


def test_a_login_reads_no_token_back_where_nothing_can_be_lost(
    run: Run, configure: Configure, grant: str, tmp_path: Path
) -> None:
    """In the client's own data centre a login asks the store twice: for the token before, and to save."""
    (tmp_path / "noting.py").write_text(NOTING, encoding="utf-8")
    configure(token_persistence_path=None, persistence_handler_class_path="noting.py")

    done = run("login", given=grant)

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "asked.txt").read_text(encoding="utf-8").split() == ["fetch", "save"]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("error=access_denied&state={state}", "ZCRM-AUTH-014: The user refused."),
        ("state={state}", "ZCRM-AUTH-016"),
        ("error=oops<script>&state={state}", "ZCRM-AUTH-016"),
        ("code=1000.a.b&state={state}&accounts-server=https%3A%2F%2Faccounts.zoho.evil", "ZCRM-AUTH-017"),
        ("code=1000.a.b&state={state}&accounts-server=http%3A%2F%2F127.0.0.1%3A1", "ZCRM-AUTH-017"),
        ("code=1000.a.b&state={state}", "ZCRM-AUTH-002"),
    ],
)
def test_an_answer_that_is_no_yes_is_told(
    query: str, error: str, begin: Callable[..., Command], web: str, run: Run
) -> None:
    """A refusal, no code, a foreign server, a wrong code: each is an error of its own, on the page too."""
    command = begin("login", "--web", "--no-browser")
    [state] = parse_qs(urlsplit(address_of(command)).query)["state"]

    page = requests.get(f"{web}?{query.format(state=state)}", timeout=10)

    code, out, err = command.done()
    assert (code, out) == (1, "")
    assert err.startswith(error)
    assert page.status_code == 400
    assert "You are not logged in" in page.text
    assert "<script>" not in page.text
    assert "No user has a token yet." in run("token", "list").stdout


def test_other_addresses_do_not_end_the_login(begin: Callable[..., Command], web: str) -> None:
    """A browser asks for an icon and opens connections that it does not use; the login goes on."""
    command = begin("login", "--web", "--no-browser")
    address = address_of(command)
    parts = urlsplit(web)
    with socket.create_connection((parts.hostname or "", parts.port or 0)):
        assert requests.get(f"http://{parts.netloc}/favicon.ico", timeout=10).status_code == 404

        assert requests.get(address, timeout=10).status_code == 200

    assert command.done()[0] == 0


FORGED = [
    "code=1000.a.b&state=forged",
    "code=1000.a.b",
    "code=1000.a.b&state={state}&state={state}",
    "error=access_denied",
    "error=access_denied&state=forged",
    "state=%ff%00&" + "a=1&" * 60,
    "",
]


def test_forged_answers_do_not_end_the_login(begin: Callable[..., Command], web: str) -> None:
    """Whoever does not know the state gets a 400 and changes nothing; the person's own answer is taken."""
    command = begin("login", "--web", "--no-browser")
    address = address_of(command)
    [state] = parse_qs(urlsplit(address).query)["state"]

    for query in FORGED:
        page = requests.get(f"{web}?{query.format(state=state)}", timeout=10)
        assert (page.status_code, "the login goes on" in page.text) == (400, True), query
        assert ("was refused" in page.text) == (query == "error=access_denied"), query

    assert requests.get(address, timeout=10).status_code == 200
    assert command.done()[0] == 0


def test_an_answer_that_comes_twice_is_used_once(
    begin: Callable[..., Command], web: str, zoho: Simulator
) -> None:
    """While Zoho is slow to give the tokens the page is loaded again: both pages tell the one login."""
    zoho.faults.add("/oauth/v2/token", kind="delay", seconds=0.3)
    command = begin("login", "--web", "--no-browser")
    answer = requests.get(address_of(command), allow_redirects=False, timeout=10).headers["Location"]
    assert answer.startswith(web)

    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: requests.get(answer, timeout=10), range(4)))

    code, _, err = command.done()
    assert (code, err) == (0, "")
    assert [("You are logged in" in page.text, page.status_code) for page in pages] == [(True, 200)] * 4
    assert zoho.counters.exchanges == 1


def test_a_browser_that_goes_away_loses_no_login(
    begin: Callable[..., Command], web: str, zoho: Simulator
) -> None:
    """The browser is closed while Zoho gives the tokens, and others break off earlier: they are kept."""
    zoho.faults.add("/oauth/v2/token", kind="delay", seconds=0.3)
    command = begin("login", "--web", "--no-browser")
    answer = requests.get(address_of(command), allow_redirects=False, timeout=10).headers["Location"]
    for sent in ("", "GET ", "GET //[ HTTP/1.1\r\n\r\n"):
        break_off(web, sent, lambda: None)
    break_off(
        web,
        f"GET {answer.removeprefix(web.removesuffix('/callback'))} HTTP/1.1\r\n\r\n",
        lambda: until(lambda: zoho.counters.in_flight == 1),
    )

    code, out, err = command.done()
    assert (code, err) == (0, "")
    assert f"Logged in as {zoho.users[0].email}." in out


def test_the_browser_has_its_page_before_the_command_ends(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait ends when the one whose answer was taken has been told, however slowly that goes."""
    told: list[str] = []

    class Slow(_Browser):
        def finish(self) -> None:
            super().finish()
            told.append(self.path)

        def end_headers(self) -> None:
            time.sleep(0.5)
            super().end_headers()

    monkeypatch.setattr("zcrm_cli.redirect_listener._Browser", Slow)
    token = Token("a@example.com", "1000.a.b", None, 1)
    with (
        Listener(f"http://127.0.0.1:{port}/callback", "s", lambda _: token) as listener,
        ThreadPoolExecutor(1) as pool,
    ):
        page = pool.submit(requests.get, f"http://127.0.0.1:{port}/callback?state=s&code=c", timeout=10)

        assert listener.wait(10) == token

        assert told == ["/callback?state=s&code=c"]
        assert "You are logged in" in page.result().text


def test_what_was_not_taken_is_told_in_the_end(begin: Callable[..., Command], web: str) -> None:
    """Where only forged answers came, the error at the end says so, and not that nobody opened the page."""
    command = begin("login", "--web", "--no-browser", "--wait", "3")
    command.line()
    command.line()
    requests.get(f"{web}?error=access_denied&state=forged", timeout=10)

    code, _, err = command.done()

    assert code == 1
    assert err.startswith("ZCRM-AUTH-018: No answer to this login came within 3 s.")
    assert "another state" in err


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("access_denied", "ZCRM-AUTH-014: The user refused."),
        ("oops", "ZCRM-AUTH-016: Zoho's answer brings no code."),
    ],
)
def test_a_refusal_without_a_state_is_told_at_once_and_in_the_end(
    error: str, told: str, begin: Callable[..., Command], web: str
) -> None:
    """Zoho may refuse without a state, and so may a forger: the person is told of both, however often."""
    command = begin("login", "--web", "--no-browser", "--wait", "5")
    command.line()
    command.line()

    pages = [requests.get(f"{web}?error={error}", timeout=10) for _ in range(2)]
    requests.get(f"{web}?code=1000.a.b&state=forged", timeout=10)

    assert all("it may be forged, and the login goes on" in page.text for page in pages)
    what = told.partition(": ")[2]
    assert command.line() == (
        f"An answer without a state came: {what} It may be forged, so the login goes on; Ctrl-C ends it.\n"
    )
    code, _, err = command.done()
    assert code == 1
    assert err.startswith(told)
    assert "Or another page made that up" in err


def test_a_forged_refusal_costs_no_login(begin: Callable[..., Command], web: str, zoho: Simulator) -> None:
    """After a refusal without a state the person's own answer is taken."""
    command = begin("login", "--web", "--no-browser")
    address = address_of(command)
    requests.get(f"{web}?error=access_denied", timeout=10)
    assert "The user refused." in command.line()

    assert requests.get(address, timeout=10).status_code == 200

    code, out, err = command.done()
    assert (code, err) == (0, "")
    assert f"Logged in as {zoho.users[0].email}." in out


def test_an_answer_in_time_is_finished_after_the_time(
    begin: Callable[..., Command], web: str, zoho: Simulator
) -> None:
    """The wait is for the person: how long Zoho then takes for the tokens ends no login."""
    assert web
    zoho.faults.add("/oauth/v2/token", kind="delay", seconds=3.0)
    command = begin("login", "--web", "--no-browser", "--wait", "2")

    page = requests.get(command.line().strip().removeprefix("Log in at "), timeout=10)

    assert "You are logged in" in page.text
    assert command.done()[0] == 0


BROWSER = """#!/bin/sh
exec > page 2>&1
{python} -c 'import requests, sys; print(requests.get(sys.argv[1], timeout=5).text)' "$1"
exec sleep 5
"""


@pytest.mark.usefixtures("web")
def test_a_browser_that_stays_open_has_its_page(run: Run, tmp_path: Path) -> None:
    """A browser that comes back only when it is closed gets its answer all the same."""
    browser = tmp_path / "browser"
    browser.write_text(BROWSER.format(python=sys.executable), encoding="utf-8")
    browser.chmod(0o700)

    done = run("login", "--web", more={"BROWSER": f"{browser} %s"})

    assert done.returncode == 0, done.stderr
    assert "You are logged in" in (tmp_path / "page").read_text(encoding="utf-8")


@pytest.mark.usefixtures("web")
def test_a_machine_without_a_browser_is_told(run: Run) -> None:
    """Where none can be opened the person is asked to do it."""
    done = run("login", "--web", "--wait", "1", more={"PATH": "", "BROWSER": ""})

    assert "No browser could be opened: open the address by hand." in done.stderr


@pytest.mark.usefixtures("web")
def test_nobody_answers(run: Run) -> None:
    """After the time given the command ends with an error that says so."""
    began = time.monotonic()

    done = run("login", "--web", "--no-browser", "--wait", "1")

    assert done.returncode == 1
    assert "ZCRM-AUTH-018" in done.stderr
    assert 1 <= time.monotonic() - began < 30


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_taken_port_is_told(host: str, run: Run, port: int) -> None:
    """Where another program listens, at either address of localhost, no browser is sent to it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as other:
        try:
            other.bind((host, port))
        except OSError as error:
            pytest.skip(f"this machine has no address {host}: {error}")
        other.listen()

        done = run("login", "--web")

    assert done.returncode == 1
    assert done.stderr.startswith(f"ZCRM-AUTH-020: The port {port} of redirect_uri cannot be had.")
    assert f"At {host} the system says" in done.stderr


@pytest.mark.parametrize(
    "redirect_uri", ["https://example.com/cb", "http://192.0.2.1:80/cb", "https://localhost/cb"]
)
def test_a_redirect_uri_elsewhere_is_told(redirect_uri: str, run: Run, configure: Configure) -> None:
    """The command listens on this machine only, so another address is an error before a page is opened."""
    configure(redirect_uri=redirect_uri)

    done = run("login", "--web")

    assert done.returncode == 1
    assert "is not on this machine" in done.stderr


def no_login(url: str) -> Token:
    """What nothing leads to."""
    raise AssertionError(url)


@pytest.mark.parametrize("rest", ["localhost:99999/cb", "localhost:abc/cb", "localhost:0/cb", "[::1:80/cb"])
def test_a_redirect_uri_that_is_no_address_is_told(rest: str) -> None:
    """A slip of the pen in the configuration is an error that names the key, and no traceback."""
    with pytest.raises(ConfigError, match="is no address") as caught:
        Listener(f"http://{rest}", "state", no_login)

    assert caught.value.code == "ZCRM-CONFIG-004"
    assert f"redirect_uri http://{rest}" in caught.value.what


def test_a_wait_that_has_no_end_is_wrong_usage(run: Run) -> None:
    """The time to wait is a number of seconds; nobody waits for ever by mistake."""
    assert run("login", "--web", "--no-browser", "--wait", "nan").returncode == 2


@pytest.mark.parametrize("decision", ["accept", "refuse"])
def test_a_device_login(
    decision: str, begin: Callable[..., Command], configure: Configure, zoho: Simulator
) -> None:
    """The code that the command shows is typed in elsewhere; a yes brings the tokens, a no is told."""
    zoho.limits = replace(zoho.limits, device_interval=1)
    zoho.switches = Switches(auto_approve=False)
    configure()
    command = begin("login", "--device")
    shown = command.line()
    found = re.search(r"Open (\S+) in a browser, and type in: ([A-Z]{4}-[A-Z]{4})", shown)
    assert found is not None
    url, code = found.groups()
    assert requests.get(url, params={"user_code": code.lower()}, timeout=10).status_code == 200

    requests.post(url, data={"user_code": code, "decision": decision}, timeout=10)

    exit_code, out, err = command.done()
    if decision == "accept":
        assert exit_code == 0
        assert f"Logged in as {zoho.users[0].email}." in out
    else:
        assert exit_code == 1
        assert "ZCRM-AUTH-014" in err


def test_a_login_as_the_client_itself(run: Run, configure: Configure, zoho: Simulator) -> None:
    """With soid the client gets a token of its own; without it the key is named."""
    configure(soid=f"ZohoCRM.{zoho.organization.zgid}")
    assert "renewed for ZohoCRM." in run("login", "--client").stdout
    assert zoho.organization.company_name in run("whoami").stdout
    assert re.search(r"Renewed +by itself", run("token", "status").stdout)

    configure()
    assert "soid is missing" in run("login", "--client").stderr
    configure(soid="ZohoCRM.1")
    assert "ZCRM-AUTH-019" in run("login", "--client").stderr


def test_a_login_that_ends_is_told(
    begin: Callable[..., Command], web: str, zoho: Simulator, configure: Configure
) -> None:
    """Without a refresh token a user's token is not said to be renewed, although soid is set."""
    client = zoho.register_client([web])
    keys = {"client_id": client.client_id, "client_secret": client.client_secret, "redirect_uri": web}
    configure(**keys, soid=f"ZohoCRM.{zoho.organization.zgid}")
    command = begin("login", "--web", "--no-browser")

    requests.get(address_of(command).replace("=offline", "=online"), timeout=10)

    code, out, _ = command.done()
    assert code == 0
    assert "There is no refresh token: the login ends when the access token does." in out


def test_one_way_at_a_time(run: Run) -> None:
    """Two ways to log in at once are wrong usage."""
    done = run("login", "--web", "--device")

    assert done.returncode == 2
    assert "choose one" in done.stderr
    assert run("login", "--no-browser").returncode == 2


@pytest.mark.usefixtures("logged_in")
def test_a_logout_revokes_and_deletes(run: Run, zoho: Simulator, tmp_path: Path) -> None:
    """After it neither Zoho nor the store has the tokens; a second one says that there is nothing."""
    done = run("logout")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"Logged out {zoho.users[0].email}" in done.stdout
    assert zoho.counters.revocations == 1
    assert not SECRET.search((tmp_path / "tokens" / "zcrm_oauthtokens.txt").read_text(encoding="utf-8"))
    assert f"{zoho.users[0].email} has no token" in run("logout").stdout
    assert "has no token" in run("token", "status").stdout


@pytest.mark.usefixtures("logged_in")
def test_a_logout_that_zoho_does_not_hear_deletes_nothing(run: Run, zoho: Simulator) -> None:
    """While the accounts server fails the tokens stay, so that they can be revoked later."""
    zoho.faults.add("/oauth/v2/token/revoke", kind="status", status=503)

    assert run("logout").returncode == 1
    assert zoho.users[0].email in run("token", "list").stdout


@pytest.mark.usefixtures("logged_in")
def test_token_status_shows_everything_but_secrets(run: Run, zoho: Simulator) -> None:
    """User, client, environment, store, time left, last refresh and the budget are there; no token is."""
    done = run("token", "status")

    assert (done.returncode, done.stderr) == (0, "")
    facts = dict(re.split(r" {2,}", line, maxsplit=1) for line in done.stdout.splitlines() if "  " in line)
    assert facts["User"] == zoho.users[0].email
    assert facts["Client"] == zoho.config()["client_id"]
    assert facts["Environment"] == "production"
    assert facts["Store"].startswith("file")
    assert re.fullmatch(r"(59|60) min \(until 20\S+ \S+ UTC\)", facts["Time left"])
    assert re.fullmatch(r"20\S+ \S+ UTC \(\d+ s ago\)", facts["Last refresh"])
    assert facts["Renewed"] == "by itself"
    assert facts["Budget used"] == "1 of 15 live access tokens"
    assert not SECRET.search(done.stdout)


@pytest.mark.usefixtures("logged_in")
def test_token_status_counts_refreshes_and_shows_a_block(run: Run, zoho: Simulator) -> None:
    """Each refresh uses a part of the budget; until when Zoho gives no more is shown, from any process."""
    for _ in range(2):
        zoho.clock.advance(seconds=3_601)
        assert run("whoami").returncode == 0
    told = run("token", "status").stdout
    assert "3 of 15 live access tokens" in told
    assert "Blocked" not in told

    zoho.limits = replace(zoho.limits, refreshes=0)
    zoho.clock.advance(seconds=3_601)
    assert "ZCRM-AUTH-004" in run("whoami").stderr
    assert re.search(r"Blocked +Zoho gives no new token until 20", run("token", "status").stdout)
