"""Does a user's own class, of each kind that the README names, keep the contract of a token store?"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from zcrm_contract_tests import Capabilities, TokenStoreContract

CLASSES = Path(__file__).parent / "classes"


class _OwnClass(TokenStoreContract):
    """A class of one file, copied for each example; it keeps its tokens beside itself."""

    plugin = "custom"
    file = ""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def store_config(self, namespace: str) -> Mapping[str, object]:
        """Name the file; the class in it is the only one that can be meant."""
        place = self.folder / namespace / self.file
        if not place.exists():
            place.parent.mkdir()
            shutil.copy(CLASSES / self.file, place)
        return {"persistence_handler_class_path": str(place)}


class TestPhpNames(_OwnClass):
    """``saveOAuthData`` and its like. zcrm compares and locks for the class, in this process alone.

    Two processes that change its file at once lose a change, a forked one included.
    """

    file = "older_php.py"
    capabilities = Capabilities(
        shared_between_processes=False, lists=False, locks=False, forks=False, separates_clients=False
    )


class TestRubyNames(_OwnClass):
    """``save_oauth_tokens`` and its like: the same, for the class is asked by the user alone as well."""

    file = "older_ruby.py"
    capabilities = Capabilities(
        shared_between_processes=False, lists=False, locks=False, separates_clients=False
    )


class TestFourColumns(_OwnClass):
    """A class made for Zoho's SDKs and their four columns: whole tokens do no harm, and lose two values."""

    file = "four_columns.py"
    capabilities = Capabilities(
        shared_between_processes=False,
        lists=False,
        locks=False,
        keeps_all_fields=False,
        separates_clients=False,
    )


class TestOurNames(_OwnClass):
    """``save``, ``fetch``, ``delete``, and what is optional: the class itself keeps every promise."""

    file = "by_key.py"
    capabilities = Capabilities()


def test_the_report_says_what_is_added_and_what_is_not_promised(tmp_path: Path) -> None:
    """Whoever reads a report of an older class finds what zcrm does for it and what nobody does."""
    shutil.copy(CLASSES / "older_php.py", tmp_path)
    keys = 'persistence_handler_class_path = "older_php.py"\npersistence_handler_class = "TokenFile"\n'
    (tmp_path / "my.toml").write_text(keys, encoding="utf-8")
    off = ["shared_between_processes", "lists", "locks", "forks", "separates_clients"]
    command = [
        "zcrm_contract_tests.command",
        "custom",
        "--config",
        "my.toml",
        "--only",
        "TS-01",
        "--only",
        "TS-10",
    ]
    done = subprocess.run(
        [sys.executable, "-m", *command, *(word for each in off for word in ("--without", each))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "the store says: persistence_handler_class_path, persistence_handler_class are set" in done.stdout
    assert "replaces is compared under a lock of this process only" in done.stdout
    assert "clients and environments of one user share one token" in done.stdout
    assert "TS-10: Capabilities(separates_clients=False)" in done.stdout
    [store] = json.loads((tmp_path / "contract-report.json").read_text(encoding="utf-8"))["stores"]
    assert "it does not list" in store["says"]
