"""What do the simulator's tests need: a running simulator, a way to call it, and tokens?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from zcrm_simulator import Simulator

Send = Callable[..., requests.Response]

SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.ALL",
    "ZohoCRM.mass_update.ALL",
    "ZohoFiles.files.ALL",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
)
_SECONDS = 30


@pytest.fixture
def send(zcrm_simulator: Simulator) -> Iterator[Send]:
    """Send a call without a token; redirects are not followed."""
    with requests.Session() as session:
        session.trust_env = False

        def send(method: str, path: str, **keys: object) -> requests.Response:
            keys = {"timeout": _SECONDS, "allow_redirects": False, **keys}
            return session.request(method, zcrm_simulator.url + path, **keys)  # type: ignore[arg-type]

        yield send


@pytest.fixture
def token_call(zcrm_simulator: Simulator, send: Send) -> Send:
    """Call the token endpoint as the simulator's first client; ``at`` is a data centre's prefix."""
    config = zcrm_simulator.config()
    client = {"client_id": config["client_id"], "client_secret": config["client_secret"]}

    def token_call(grant_type: str, at: str = "", **form: str | None) -> requests.Response:
        return send("POST", f"{at}/oauth/v2/token", data={"grant_type": grant_type, **client, **form})

    return token_call


@pytest.fixture
def log_in(zcrm_simulator: Simulator, token_call: Send) -> Callable[..., dict[str, str]]:
    """Exchange a fresh code; the arguments are those of ``grant_token``."""

    def log_in(**grant: object) -> dict[str, str]:
        code = zcrm_simulator.grant_token(**{"scopes": SCOPES, **grant})  # type: ignore[arg-type]
        center = str(grant.get("data_center", "us"))
        answer: dict[str, str] = token_call(
            "authorization_code", at="" if center == "us" else f"/{center}", code=code
        ).json()
        return answer

    return log_in


@pytest.fixture
def call_as(send: Send, log_in: Callable[..., dict[str, str]]) -> Callable[..., Send]:
    """Give a way to send calls with a fresh token; the arguments are those of ``grant_token``."""

    def call_as(**grant: object) -> Send:
        token = log_in(**grant)["access_token"]

        def call(method: str, path: str, **keys: object) -> requests.Response:
            headers = keys.pop("headers", {})
            assert isinstance(headers, dict)
            headers = {"Authorization": f"Zoho-oauthtoken {token}", **headers}
            return send(method, path, headers=headers, **keys)

        return call

    return call_as


@pytest.fixture
def call(call_as: Callable[..., Send]) -> Send:
    """Send a call as the organization's owner, with every scope."""
    return call_as()
