"""Do `zcrm whoami` and `zcrm token list` tell who is logged in, from wherever the configuration comes?"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from zcrm_simulator import Simulator

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.usefixtures("logged_in")
def test_whoami_names_user_organisation_region_and_environment(run: Run, zoho: Simulator) -> None:
    """All four are Zoho's or the configuration's own words."""
    done = run("whoami")

    assert (done.returncode, done.stderr) == (0, "")
    for shown in (zoho.users[0].email, zoho.organization.company_name, "simulator", "production"):
        assert shown in done.stdout


@pytest.mark.usefixtures("logged_in")
def test_a_long_path_stays_whole(run: Run, tmp_path: Path) -> None:
    """A path that is longer than a line is not broken, so that it can be copied."""
    path = tmp_path / ("long" * 30 + ".toml")
    (tmp_path / "zcrm.toml").rename(path)

    assert str(path) in run("whoami", "--config", str(path)).stdout
    path.unlink()
    assert str(path) in run("whoami", "--config", str(path)).stderr


@pytest.mark.usefixtures("logged_in")
def test_token_list_shows_time_and_store_and_no_secret(run: Run, zoho: Simulator, tmp_path: Path) -> None:
    """Each user has a line with environment, time left and store; no token of the file is shown."""
    run("login", "--user", "b@hollowbrook.example", given=zoho.grant_token(["ZohoCRM.users.ALL"]))

    done = run("token", "list")

    lines = [line.split() for line in done.stdout.splitlines() if "@" in line]
    assert [line[0] for line in lines] == [zoho.users[0].email, "b@hollowbrook.example"]
    for line in lines:
        assert (line[1], line[3], line[-1]) == ("production", "min", "file")
        assert 50 <= int(line[2]) <= 60
    stored = (tmp_path / "tokens" / "zcrm_oauthtokens.txt").read_text(encoding="utf-8")
    secrets = [part for part in stored.split('"') if part.startswith("1000.") and part.count(".") == 2]
    assert len(secrets) == 4
    assert not any(secret in done.stdout for secret in secrets)


@pytest.mark.usefixtures("logged_in")
def test_the_configuration_is_found_where_it_is(run: Run, tmp_path: Path, zoho: Simulator) -> None:
    """--config wins over ZCRM_CONFIG, that over ./zcrm.toml, and that over ZCRM_* variables."""
    here = (tmp_path / "zcrm.toml").rename(tmp_path / "elsewhere.toml")
    variables = {f"ZCRM_{key.upper()}": value for key, value in zoho.config().items()}
    variables |= {
        "ZCRM_CURRENT_USER_EMAIL": zoho.users[0].email,
        "ZCRM_TOKEN_PERSISTENCE_PATH": str(tmp_path / "tokens"),
    }

    assert run("whoami").returncode == 1
    assert "elsewhere.toml" in run("whoami", "--config", str(here)).stdout
    assert "elsewhere.toml" in run("whoami", more={"ZCRM_CONFIG": str(here)}).stdout
    assert "the ZCRM_* variables" in run("whoami", more=variables).stdout
    (tmp_path / "zcrm.toml").write_text("wrong = true", encoding="utf-8")
    assert "There is no key wrong." in run("whoami", more=variables).stderr
    assert run("whoami", more={"ZCRM_CONFIG": str(here)}).returncode == 0
    assert run("whoami", "--config", str(here), more={"ZCRM_CONFIG": "missing.toml"}).returncode == 0


def test_without_a_configuration_the_ways_are_told(run: Run) -> None:
    """Nothing configured is an error that says where a configuration is looked for."""
    done = run("whoami")

    assert done.returncode == 1
    assert done.stderr.startswith("ZCRM-CONFIG-003: There is no configuration.")
    assert "zcrm demo" in done.stderr


def test_a_missing_file_is_named(run: Run) -> None:
    """A file that --config names and that is not there is named."""
    done = run("whoami", "--config", "missing.toml")

    assert done.returncode == 1
    assert "missing.toml" in done.stderr


@pytest.mark.usefixtures("logged_in")
def test_a_long_gone_token_has_no_time_left(run: Run, zoho: Simulator) -> None:
    """A token that Zoho issued with a life of 0 s is shown as over, and as one that is renewed."""
    zoho.limits = type(zoho.limits)(access_token_lifetime=0)
    run("login", given=zoho.grant_token(["ZohoCRM.users.ALL"]))

    (line,) = [line.split() for line in run("token", "list").stdout.splitlines() if "@" in line]

    assert line[2:4] == ["none", "yes"]
