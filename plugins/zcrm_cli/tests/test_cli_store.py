"""Does `zcrm store` ask the store in force, and say so where there is nothing to ask?"""

from __future__ import annotations

from pathlib import Path

import pytest

from zcrm_cli.main import main

ACTIONS = ("init", "status", "migrate")


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A configuration of the file store, which names the others as well."""
    file = tmp_path / "zcrm.toml"
    file.write_text(
        'client_id = "1000.A"\nclient_secret = "SECRET"\ntoken_persistence_path = "tokens"\n'
        'persistence_handler_class = "Other"\ntoken_store = "file"\ndb_host = "other.example"\n',
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize("action", ACTIONS)
def test_a_store_without_anything_to_manage_says_so(
    configured: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """The file store needs no set-up: the answer names it, says so, and is no traceback."""
    assert main(["store", action, "--config", str(configured)]) == 1

    out, err = capsys.readouterr()
    assert out == f"Token store: file (token_persistence_path = {configured.parent / 'tokens'})\n"
    assert "ZCRM-STORE-008" in err
    assert "has nothing to manage." in err
    assert "Traceback" not in err


@pytest.mark.parametrize("action", ACTIONS)
def test_a_server_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """Without a server the MySQL store's own error is shown, with what to do, and without the password."""
    file = tmp_path / "zcrm.toml"
    file.write_text(
        'client_id = "1000.A"\nclient_secret = "s"\ntimeout = 1\ndb_url = "mysql://u:SECRET@no-such-host.invalid/x"\n',
        encoding="utf-8",
    )

    assert main(["store", action, "--config", str(file)]) == 1

    out, err = capsys.readouterr()
    assert "Token store: mysql" in out
    assert "no-such-host.invalid" in err
    assert "SECRET" not in out + err


def test_an_unknown_action_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt action is refused as any unknown command is."""
    assert main(["store", "migarte"]) == 2
    assert "migarte" in capsys.readouterr().err
