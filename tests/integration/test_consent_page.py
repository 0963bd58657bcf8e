"""Does a person get through Zoho's pages with a real browser, and does a click on Accept end with a token?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from zcrm_core import Client, Token
from zcrm_simulator import Simulator, Switches

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Login:
    """The command ``zcrm login``, running, and the address that it opened in the browser."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._opened = folder / "opened"
        browser = folder / "browser"
        browser.write_text(
            f'#!/bin/sh\nprintf %s "$1" > {self._opened}.new && mv {self._opened}.new {self._opened}\n'
        )
        browser.chmod(0o700)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "zcrm_cli", "login", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "BROWSER": f"{browser} %s"},
        )
        assert self._process.stderr is not None
        self.said = self._process.stderr.readline()

    def address(self) -> str:
        """The address that the browser was told to open."""
        assert self._process.stderr is not None
        while not self._opened.exists():
            assert self._process.poll() is None, self._process.stderr.read()
        return self._opened.read_text()

    def done(self) -> tuple[int, str, str]:
        """Wait for the end; give the exit code and the two outputs."""
        out, err = self._process.communicate(timeout=100)
        return self._process.returncode, out, err

    def kill(self) -> None:
        """End it, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


@pytest.fixture(scope="module")
def browser(real: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser without a window, with a folder of its own."""
    real.packages("playwright")
    chromium = real.program("chromium", "chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may be absent

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("chromium"), executable_path=chromium, headless=True, args=FLAGS
        )
        yield context
        context.close()


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """A page of the browser."""
    page = browser.new_page()
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.fixture
def zoho(zcrm_simulator: Simulator) -> Simulator:
    """A Zoho whose pages ask."""
    zcrm_simulator.switches = Switches(auto_approve=False)
    zcrm_simulator.limits = replace(zcrm_simulator.limits, device_interval=1)
    return zcrm_simulator


@pytest.fixture
def keys(zoho: Simulator, tmp_path: Path, free_port: int) -> dict[str, object]:
    """The configuration of a web client, which names neither a region nor a user."""
    redirect_uri = f"http://localhost:{free_port}/callback"
    client = zoho.register_client([redirect_uri])
    return {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "redirect_uri": redirect_uri,
        "simulator_url": zoho.url,
        "token_persistence_path": str(tmp_path / "tokens"),
    }


@pytest.fixture
def log_in_by(tmp_path: Path, keys: dict[str, object]) -> Iterator[Callable[..., Login]]:
    """Start ``zcrm login`` with the configuration."""
    lines = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    (tmp_path / "zcrm.toml").write_text(lines, encoding="utf-8")
    begun: list[Login] = []

    def log_in_by(*arguments: str) -> Login:
        begun.append(Login(tmp_path, *arguments))
        return begun[-1]

    yield log_in_by
    for login in begun:
        login.kill()


def stored(keys: dict[str, object], user: str) -> Token | None:
    """The token of a user in the store."""
    with Client(keys) as client:
        return client.tokens.fetch(user)


def test_a_click_on_accept_ends_with_a_token(
    page: Page, zoho: Simulator, keys: dict[str, object], log_in_by: Callable[..., Login]
) -> None:
    """Somebody chooses who and where in the browser that was opened, and that token is stored."""
    user = zoho.users[2].email
    login = log_in_by("--web", "--scope", "ZohoCRM.org.ALL", "--scope", "AaaServer.profile.READ")
    page.goto(login.address())
    assert page.get_by_text("Read, create, change and delete the facts about the organisation").is_visible()
    assert page.get_by_text("Read your name and your e-mail address").is_visible()
    page.get_by_label("You are").select_option(user)
    page.get_by_label("Organisation").select_option("eu")

    page.get_by_role("button", name="Accept").click()

    page.get_by_role("heading", name="You are logged in").wait_for()
    assert login.done()[0] == 0
    token = stored(keys, user)
    assert token is not None
    assert token.api_domain == f"{zoho.url}/eu"
    with Client({**keys, "current_user_email": user}) as client:
        assert client.org.get().company_name
        assert client.region.name == "simulator-eu"
        assert client.oauth.refresh_access_token() != token
    assert zoho.counters.requests["POST /eu/oauth/v2/token"] == 2


@pytest.mark.parametrize("environment", ["sandbox", "production"])
def test_the_environment_is_chosen_on_the_page(
    *,
    environment: str,
    page: Page,
    zoho: Simulator,
    keys: dict[str, object],
    log_in_by: Callable[..., Login],
    tmp_path: Path,
) -> None:
    """A token for the sandbox is good there, and a login for production does not take it."""
    with (tmp_path / "zcrm.toml").open("a", encoding="utf-8") as file:
        file.write(f'environment = "{environment}"\n')
    login = log_in_by("--web", "--scope", "ZohoCRM.org.ALL", "--scope", "AaaServer.profile.READ")
    page.goto(login.address())
    page.get_by_label("Sandbox").check()

    page.get_by_role("button", name="Accept").click()

    good = environment == "sandbox"
    page.get_by_role("heading", name="You are logged in" if good else "You are not logged in").wait_for()
    code, _, err = login.done()
    assert code == (0 if good else 1)
    assert good or "ZCRM-AUTH-021" in err
    token = stored({**keys, "environment": environment}, zoho.users[0].email)
    assert (token is not None) is good
    assert token is None or token.api_domain == f"{zoho.url}/sandbox"


def test_a_click_on_refuse_is_told(
    page: Page, keys: dict[str, object], log_in_by: Callable[..., Login]
) -> None:
    """Who refuses is told so on the page, the command ends with an error, and nothing is stored."""
    login = log_in_by("--web")
    page.goto(login.address())

    page.get_by_role("button", name="Refuse").click()

    page.get_by_role("heading", name="You are not logged in").wait_for()
    code, _, err = login.done()
    assert code == 1
    assert "ZCRM-AUTH-014: The user refused." in err
    with Client(keys) as client:
        assert client.tokens.list() == []


def test_the_page_works_with_the_keyboard_alone(
    page: Page, zoho: Simulator, keys: dict[str, object], log_in_by: Callable[..., Login]
) -> None:
    """From the first field to Accept with the tabulator, in the order in which things stand."""
    login = log_in_by("--web", "--scope", "ZohoCRM.org.ALL", "--scope", "AaaServer.profile.READ")
    page.goto(login.address())
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name + ' ' + document.activeElement.value"))
    assert [name.split()[0] for name in reached] == ["user", "organization", "environment", "decision"]
    assert reached[-1] == "decision accept"

    page.keyboard.press("Enter")

    page.get_by_role("heading", name="You are logged in").wait_for()
    assert login.done()[0] == 0
    assert stored(keys, zoho.users[0].email) is not None


def test_the_page_is_accessible(page: Page, log_in_by: Callable[..., Login]) -> None:
    """It has a language, a title, one heading, a name for each control, and enough contrast to be read."""
    page.goto(log_in_by("--web").address())

    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title().startswith("Give access to your CRM data?")
    assert page.get_by_role("heading").count() == 1
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("group", name="Environment").count() == 1
    for role, names in {
        "combobox": ["You are", "Organisation"],
        "radio": ["Production", "Sandbox", "Developer"],
        "button": ["Accept", "Refuse"],
    }.items():
        assert page.get_by_role(role).count() == len(names)  # type: ignore[arg-type] # it takes the role's literal
        for name in names:
            assert page.get_by_role(role, name=name, exact=True).count() == 1  # type: ignore[arg-type] # the same
    assert page.evaluate(CONTRAST) >= 4.5
    assert page.locator("script").count() == 0


CONTRAST = """() => {
  const light = text => {
    const [r, g, b] = text.match(/[0-9.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") return light(color);
    }
    return 1;
  };
  return Math.min(...[...document.querySelectorAll("h1, p, li, code, label, legend, button")].map(element => {
    const [a, b] = [light(getComputedStyle(element).color), behind(element)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
}"""
"""The least contrast of any text on the page with what is behind it (WCAG 2.2, success criterion 1.4.3)."""


def test_a_device_is_connected_in_the_browser(
    page: Page, zoho: Simulator, keys: dict[str, object], log_in_by: Callable[..., Login]
) -> None:
    """A wrong code is told, the right one leads to the same choice, and the command gets its token."""
    login = log_in_by("--device", "--scope", "ZohoCRM.org.ALL", "--scope", "AaaServer.profile.READ")
    _, url, *_, code = login.said.split()
    page.goto(url)
    page.get_by_label("The code that your device shows").fill("XXXX-XXXX")
    page.get_by_role("button", name="Go on").click()
    assert "no device with this code" in page.get_by_role("alert").inner_text()
    page.get_by_label("The code that your device shows").fill(code.lower())
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Organisation").select_option("in")

    page.get_by_role("button", name="Accept").click()

    page.get_by_role("heading", name="You accepted").wait_for()
    assert login.done()[0] == 0
    token = stored(keys, zoho.users[0].email)
    assert token is not None
    assert token.api_domain == f"{zoho.url}/in"
