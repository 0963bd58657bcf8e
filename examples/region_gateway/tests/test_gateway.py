"""Does every call go through the gateway, and does nothing change where none is named?"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from zcrm_core import Client, Config, ConfigError, PluginError
from zcrm_simulator import Simulator

SCOPES = ["ZohoCRM.org.ALL", "ZohoCRM.users.ALL", "AaaServer.profile.READ"]


class Gateway(BaseHTTPRequestHandler):
    """Passes /us/accounts, /us/production and /us/sandbox on to a simulated Zoho, and notes each path."""

    protocol_version = "HTTP/1.1"
    zoho: dict[str, str]
    passed: list[str]

    def do_GET(self) -> None:
        """Pass a request on, as its sender wrote it."""
        _, data_centre, server, rest = self.path.split("/", 3)
        assert data_centre == "us"
        target = urlsplit(f"{self.zoho[server]}/{rest}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection(target.netloc, timeout=10)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request(self.command, f"{target.path}?{target.query}", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.passed.append(self.path.partition("?")[0])
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "content-length", "date", "server", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base names it so
        """Say nothing."""


@contextmanager
def gateway(zoho: Simulator) -> Iterator[tuple[str, list[str]]]:
    """Run a gateway; give its address and the paths that it has passed on."""
    with Client({**zoho.config(), "token_store": "file", "token_persistence_path": "unused"}) as direct:
        region = direct.region
    passed: list[str] = []
    servers = {
        "accounts": region.accounts_url,
        "production": region.api_url,
        "sandbox": region.sandbox_url,
    }
    handler = type("ThisGateway", (Gateway,), {"zoho": servers, "passed": passed})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", passed
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def keys(zoho: Simulator, folder: Path, **more: Any) -> dict[str, Any]:
    """A configuration that knows nothing of the simulator but the client."""
    client = {
        name: value for name, value in zoho.config().items() if name.startswith(("client_", "redirect"))
    }
    user = {"current_user_email": zoho.users[0].email, "token_persistence_path": str(folder / "tokens")}
    return {**client, **user, "max_retries": 0, **more}


@pytest.mark.parametrize("environment", ["production", "sandbox"])
def test_every_call_goes_through_the_gateway(environment: str, tmp_path: Path) -> None:
    """Login, refresh and reads are seen by the gateway, and Zoho sees nothing else."""
    with Simulator() as zoho, gateway(zoho) as (url, passed):
        settings = keys(zoho, tmp_path, acme_gateway_url=f"{url}/", environment=environment)
        with Client(settings) as client:
            grant = zoho.grant_token(SCOPES, user=zoho.users[0].email, environment=environment)
            client.oauth.generate_access_token(grant)
            client.oauth.refresh_access_token()
            assert client.org.get().company_name
            assert client.region.name == "acme-gateway-us"

        assert passed[0] == "/us/accounts/oauth/v2/token"
        assert passed[-1] == f"/us/{environment}/crm/v2/org"
        assert len(passed) == len(zoho.requests) == 3


def test_without_the_key_zoho_is_reached_directly(tmp_path: Path) -> None:
    """An installed gateway plugin changes nothing for a configuration that does not name a gateway."""
    settings = {"client_id": "1000.A", "client_secret": "s", "token_persistence_path": str(tmp_path)}

    with Client(settings | {"region": "eu"}) as client:
        assert client.region.accounts_url == "https://accounts.zoho.eu"


def test_the_data_centre_is_part_of_the_path(tmp_path: Path) -> None:
    """One gateway stands in front of all of Zoho's data centres, and of every environment."""
    settings = {"client_id": "1000.A", "client_secret": "s", "token_persistence_path": str(tmp_path)}
    with Client(settings | {"region": "eu", "acme_gateway_url": "https://g.example/zoho/"}) as client:
        assert client.region.sandbox_url == "https://g.example/zoho/eu/sandbox"
        assert client.region.upload_url == "https://g.example/zoho/eu/upload"


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"acme_gateway_url": ""}, "Set acme_gateway_url to an address"),
        ({"acme_gateway_url": 5}, "Set acme_gateway_url to an address"),
        ({"acme_gateway_url": "https://g.example", "region": "moon"}, "Set region to one of us, eu"),
    ],
)
def test_a_configuration_that_the_gateway_cannot_take_is_told_with_its_cure(
    keys: dict[str, Any], says: str, tmp_path: Path
) -> None:
    """The error names the key or the region at fault, what to set, and the wheel that says so."""
    settings = {"client_id": "1000.A", "client_secret": "s", "token_persistence_path": str(tmp_path)}
    with pytest.raises(ConfigError, match=r"acme-gateway \(acme-zcrm-gateway 1\.0\) says so") as caught:
        Client(settings | keys)

    assert says in caught.value.fix


def test_a_gateway_without_https_is_refused(tmp_path: Path) -> None:
    """A token never goes over a network in clear text, whatever a plugin says."""
    settings = {"client_id": "1000.A", "client_secret": "s", "token_persistence_path": str(tmp_path)}
    with pytest.raises(PluginError, match=r"acme-gateway-us.*http://gateway\.acme\.example"):
        Client(settings | {"acme_gateway_url": "http://gateway.acme.example"})


def test_the_wheel_brings_the_plugin(tmp_path: Path) -> None:
    """The plugin that the tests above use is the installed one, with its key's meaning."""
    settings = {"client_id": "1000.A", "client_secret": "s", "token_persistence_path": str(tmp_path)}
    with Client(settings) as client:
        [found] = [info for info in client.plugins if info.name == "acme-gateway"]
        assert (found.wheel, found.version, found.error) == ("acme-zcrm-gateway", "1.0", None)
        assert "gateway in front of Zoho" in client.plugins.config_keys()["acme_gateway_url"]
        assert isinstance(client.config, Config)
