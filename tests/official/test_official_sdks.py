"""Do Zoho's own SDKs, unmodified, work with the simulator?

They are not installed for the other tests: ``tox -e official`` does that. Each runs in a process of its own,
as it keeps its state in globals; nothing of it is changed but the addresses of the servers, which are part of
its configuration.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from zcrm_simulator import Simulator

SCOPES = [
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.ALL",
    "ZohoCRM.org.ALL",
    "ZohoSearch.securesearch.READ",
    "AaaServer.profile.READ",
]


def use(program: str, package: str, given: dict[str, str], folder: Path) -> dict[str, object]:
    """Run a program for one of Zoho's SDKs, and give what it saw."""
    if find_spec(package) is None:
        pytest.skip(f"Zoho's {package} is not installed; tox -e official runs this test")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(program)), json.dumps(given)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return seen


def held(seen: dict[str, object], zoho: Simulator) -> None:
    """The program listed a page of leads, made one, changed and deleted it, and its calls really arrived."""
    made = seen.pop("id")
    assert seen == {
        "listed": 200,
        "more": True,
        "created": "SUCCESS",
        "updated": "SUCCESS",
        "city": "New",
        "owner": zoho.users[0].full_name,
        "deleted": "SUCCESS",
    }
    methods = [one.method for one in zoho.requests if "/Leads" in one.path and one.status in {200, 201}]
    assert methods == ["GET", "POST", "PUT", "GET", "DELETE"]
    found = zoho.organization.database.rows("SELECT name FROM deleted WHERE id = ?", (int(str(made)),))
    assert len(found) == 1


def test_the_sdk_for_v2_works(zcrm_simulator: Simulator, tmp_path: Path) -> None:
    """Zoho's zcrmsdk logs in, and lists, creates, updates and deletes leads."""
    config = zcrm_simulator.config()
    given = {
        "client_id": config["client_id"],
        "client_secret": config["client_secret"],
        "redirect_uri": config["redirect_uri"],
        "accounts_url": zcrm_simulator.url,
        "apiBaseUrl": zcrm_simulator.url,
        "currentUserEmail": zcrm_simulator.users[0].email,
        "grant_token": zcrm_simulator.grant_token(SCOPES),
    }

    held(use("use_v2_sdk.py", "zcrmsdk", given, tmp_path), zcrm_simulator)


def test_the_sdk_for_v8_works(zcrm_simulator: Simulator, tmp_path: Path) -> None:
    """Zoho's zohocrmsdk8_0 logs in, and lists, creates, updates and deletes leads."""
    config = zcrm_simulator.config()
    given = {
        "client_id": config["client_id"],
        "client_secret": config["client_secret"],
        "redirect_uri": config["redirect_uri"],
        "url": zcrm_simulator.url,
        "grant_token": zcrm_simulator.grant_token(SCOPES),
    }

    held(use("use_v8_sdk.py", "zohocrmsdk", given, tmp_path), zcrm_simulator)
