"""Does zcrm find the simulator as a region, and does pytest find its fixture?"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal

import pytest
import requests

from zcrm_core import Client, Config, ConfigError, Token, TokenKey, TokenStorePlugin
from zcrm_simulator import Simulator, plugin

Send = Callable[..., requests.Response]
URL = "http://127.0.0.1:8421"
BASE = {"client_id": "1000.A", "client_secret": "b", "redirect_uri": "http://localhost/cb"}


class OneStore(TokenStorePlugin):
    """Tokens in a dictionary."""

    name = "one"
    priority = 901

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None

    def list(self, config: Config) -> Iterable[TokenKey]:
        return list(self.tokens)


def config(**keys: str) -> Config:
    """Return a configuration, checked with the simulator's keys known."""
    return Config({**BASE, **keys}, plugin_keys=plugin.zcrm_config_keys())


def test_entry_points() -> None:
    """Both plugins are found under their documented groups and names."""
    for group, name in (("zcrm", "simulator"), ("pytest11", "zcrm_simulator")):
        (found,) = entry_points(group=group, name=name)
        assert found.module.startswith("zcrm_simulator.")


@pytest.mark.parametrize(
    ("region", "prefix"), [("simulator", ""), ("simulator-eu", "/eu"), ("simulator-ae", "/ae")]
)
@pytest.mark.parametrize(
    "url", [URL, f"{URL}/", "http://localhost:1", "http://[::1]:80", "http://127.0.0.1:9/path"]
)
def test_region(region: str, prefix: str, url: str) -> None:
    """The region's five addresses lie below the simulator's URL."""
    found = plugin.zcrm_choose_region(config(region=region, simulator_url=url))
    assert found is not None
    root = url.rstrip("/") + prefix
    assert (found.name, found.accounts_url, found.api_url, found.upload_url) == (region, root, root, root)
    assert (found.sandbox_url, found.developer_url) == (f"{root}/sandbox", f"{root}/developer")


@pytest.mark.parametrize("region", ["us", "eu", "simulator-us", "simulator-mars"])
def test_other_regions_are_left_to_others(region: str) -> None:
    """The simulator answers for its own regions alone, though its URL is configured."""
    assert plugin.zcrm_choose_region(config(region=region, simulator_url=URL)) is None


def test_the_address_is_needed() -> None:
    """Without simulator_url the error names the key."""
    with pytest.raises(ConfigError, match="simulator_url"):
        plugin.zcrm_choose_region(config(region="simulator"))


@pytest.mark.parametrize("url", [
    "https://127.0.0.1:1", "http://localhost.example.com", "http://127.example.com", "http://127.0.0.1.example.com",
    "http://192.0.2.1", "http://127.0.0.1@example.com", "http://u:p@127.0.0.1", "http://127.0.0.1:99999", "http://[::1",
    "http://127.0.0.1:0", "127.0.0.1:80", "ftp://localhost", "http://", "http://127.0.0.1/?a=b", "http://0.0.0.0:1",
])  # fmt: skip
def test_other_machines_are_refused(url: str) -> None:
    """A simulator_url that could lead to another machine gets no secret sent to it."""
    with pytest.raises(ConfigError, match="simulator_url"):
        plugin.zcrm_choose_region(config(region="simulator", simulator_url=url))


def test_configuration_has_no_store(zcrm_simulator: Simulator) -> None:
    """The configuration is what a client needs, and leaves the token store to the user."""
    given = zcrm_simulator.config()
    assert set(given) == {"client_id", "client_secret", "redirect_uri", "region", "simulator_url"}
    assert zcrm_simulator.config("jp")["region"] == "simulator-jp"


@pytest.mark.parametrize("center", ["us", "eu"])
@pytest.mark.parametrize("environment", ["production", "sandbox"])
def test_zcrm_client(zcrm_simulator: Simulator, center: str, environment: str) -> None:
    """Zcrm logs in and reads in each data centre and environment, found by its configuration alone."""
    user = zcrm_simulator.users[0].email
    keys = {**zcrm_simulator.config(center), "current_user_email": user, "environment": environment}
    with Client(keys, token_store=OneStore()) as client:
        client.oauth.generate_access_token(
            zcrm_simulator.grant_token(
                "ZohoCRM.modules.ALL,ZohoCRM.org.ALL,ZohoCRM.users.READ",
                data_center=center,
                environment=environment,
            )
        )
        assert client.org.get()["zgid"] == zcrm_simulator.organization_of(center, environment).zgid


def run_pytest(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on one file as a stranger would: in another folder and process."""
    (folder / "test_stranger.py").write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        str(folder),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_fixture(tmp_path: Path) -> None:
    """A stranger's tests get the fixture, each a running simulator with fresh data, and no thread stays."""
    done = run_pytest(
        tmp_path,
        """
import threading, urllib.request, pytest
urls = []
@pytest.mark.parametrize("time", [1, 2])
def test_fresh(zcrm_simulator, time):
    assert b"ok" in urllib.request.urlopen(zcrm_simulator.url + "/__simulator__/health").read()
    assert zcrm_simulator.requests == () and zcrm_simulator.clock.now() < 4e9
    zcrm_simulator.clock.advance(3e9)
    zcrm_simulator.faults.add("/", kind="reset")
    urls.append(zcrm_simulator.url)
def test_zz_gone():
    assert len(urls) == 2
    assert not [one for one in threading.enumerate() if "simulator" in one.name]
""",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_fixture_costs_nothing_unused(tmp_path: Path) -> None:
    """A test run that does not ask for the fixture never loads the server."""
    done = run_pytest(
        tmp_path, "import sys\ndef test_quiet():\n    assert 'zcrm_simulator.server' not in sys.modules\n"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_many_threads_write_at_once(
    call: Send, log_in: Callable[..., dict[str, str]], zcrm_simulator: Simulator
) -> None:
    """Of many writers at once each gets ids of its own, and no record is lost."""
    headers = {"Authorization": f"Bearer {log_in()['access_token']}"}
    ids: list[str] = []

    def write() -> None:
        with requests.Session() as session:
            for _ in range(5):
                data = {"data": [{"Last_Name": "x"}, {"Last_Name": "y"}]}
                answer = session.post(
                    f"{zcrm_simulator.url}/crm/v8/Leads", json=data, headers=headers, timeout=30
                )
                ids.extend(item["details"]["id"] for item in answer.json()["data"])

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 80
    assert call("GET", "/crm/v8/Leads/actions/count").json() == {"count": 600}
