"""Does `zcrm plugins` show what is installed, what is broken, and which store a configuration gets?"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from zcrm_simulator import Simulator

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Configure = Callable[..., Path]


def test_without_a_configuration_the_installed_ones_are_shown(run: Run) -> None:
    """Name, wheel, version, priority and hooks of each plugin are there, and nothing is chosen."""
    done = run("plugins")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^file +zcrm-store-file +\d+\.\d+\.\d+ +200 +", done.stdout, re.MULTILINE)
    assert re.search(
        r"^simulator +zcrm-simulator +\S+ +- +choose_region, config_keys", done.stdout, re.MULTILINE
    )
    assert "nowhere" not in done.stdout
    assert "chosen." not in done.stdout.replace("which store is chosen, and why", "")


def test_a_path_chooses_the_file_store(run: Run, configure: Configure) -> None:
    """With token_persistence_path the file store is chosen and each store's reason is there."""
    done = run("plugins", "--config", str(configure()))

    assert done.returncode == 0
    assert "Tokens are kept by the store file." in done.stdout
    assert re.search(r"^file +200 +chosen +token_persistence_path is set", done.stdout, re.MULTILINE)


def test_a_configuration_for_mysql_alone_says_what_to_install(run: Run, configure: Configure) -> None:
    """Where only MySQL would do and is not there, the plugins are shown, then the wheel to install."""
    path = configure(token_persistence_path=None)

    done = run("plugins", "--config", str(path), more={"ZCRM_DISABLE_PLUGINS": "mysql"})

    assert done.returncode == 1
    assert "zcrm-store-file" in done.stdout
    assert "ZCRM-PLUGIN-006" in done.stderr
    assert "zcrm-store-mysql" in done.stderr


def broken_plugin(tmp_path: Path) -> str:
    """Install a wheel whose plugin cannot be imported; give the folder."""
    folder = tmp_path / "installed"
    info = folder / "zcrm_broken-9.8.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: zcrm-broken\nVersion: 9.8.7\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text("[zcrm]\nbroken = zcrm_broken_missing\n", encoding="utf-8")
    return str(folder)


def test_a_broken_plugin_is_shown_with_its_error(run: Run, tmp_path: Path, configure: Configure) -> None:
    """It is named with wheel, version and reason, and takes no other plugin down."""
    done = run("plugins", "--config", str(configure()), more={"PYTHONPATH": broken_plugin(tmp_path)})

    assert done.returncode == 0
    assert re.search(r"^broken +zcrm-broken +9\.8\.7 +- +BROKEN", done.stdout, re.MULTILINE)
    assert "ZCRM-PLUGIN-002: The plugin broken (zcrm-broken 9.8.7) cannot be loaded." in done.stdout
    assert "zcrm_broken_missing" in done.stdout
    assert "Tokens are kept by the store file." in done.stdout


def test_no_secret_is_shown(run: Run, configure: Configure, zoho: Simulator) -> None:
    """The configuration's secret is in no output of the command, with --debug as well."""
    path = configure(token_store="missing")

    done = run("plugins", "--debug", "--config", str(path))

    assert done.returncode == 1
    assert zoho.config()["client_secret"] not in done.stdout + done.stderr
