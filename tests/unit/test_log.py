"""Is everybody told what happens, without a secret, and without harm when a listener fails?"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

import pytest

from zcrm_core import Config, ConfigError, LogEvent, hookimpl
from zcrm_core.log import EventLog, StandardLogging
from zcrm_core.plugins import Plugins

BASE = {"client_id": "1000.A", "client_secret": "s"}
TOKEN = "1000." + "a" * 32 + "." + "b" * 32


class Listener:
    """A logging plugin that remembers."""

    def __init__(self) -> None:
        self.seen: list[LogEvent] = []

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        """Remember the event."""
        self.seen.append(event)


class Failing:
    """A logging plugin that fails."""

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        """Fail."""
        raise OSError("disk full")


def test_every_listener_is_told_even_when_one_fails(caplog: pytest.LogCaptureFixture) -> None:
    """A failing logger fails no call and keeps nobody from hearing; the standard log names it."""
    before, after = Listener(), Listener()
    log = EventLog(Plugins(core=[StandardLogging()], given=[before, Failing(), after], installed=[]))

    log.emit("something", logging.WARNING, "it happened", attempt=3)

    assert (
        before.seen == after.seen == [LogEvent("something", logging.WARNING, "it happened", {"attempt": 3})]
    )
    assert "a logging plugin failed on something: OSError" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        f"got {TOKEN}",
        f"Authorization: Zoho-oauthtoken {TOKEN}",
        "Authorization: Bearer opaque-hidden",
        "POST /oauth/v2/token?code=hidden&client_secret=hidden&refresh_token=hidden",
        "the guarded text hidden-away",
    ],
)
def test_no_event_shows_a_secret(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Tokens by their form, parameters by their name, and guarded texts are masked for every listener."""
    caplog.set_level(logging.DEBUG, "zcrm")
    listener = Listener()
    log = EventLog(Plugins(core=[StandardLogging()], given=[listener], installed=[]))
    log.guard("hidden-away", None, "", "the")

    log.emit("something", logging.INFO, text, text=text)

    shown = caplog.text + repr(listener.seen)
    assert TOKEN not in shown
    assert "hidden" not in shown
    assert "**********" in shown


def test_the_log_file_is_private_and_told_from_info_on(tmp_path: Path) -> None:
    """The configured file gets the lines from INFO on, is 0600, and nobody else's logging changes."""
    file = tmp_path / "app.log"
    standard = StandardLogging()
    standard.open(Config({**BASE, "application_log_file_path": str(file)}))
    log = EventLog(Plugins(core=[standard], installed=[]))

    log.emit("something", logging.INFO, "for the file")
    log.emit("something", logging.DEBUG, "not for the file")
    standard.close()

    text = file.read_text(encoding="utf-8")
    assert "for the file" in text
    assert "INFO zcrm" in text
    assert "not for" not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert logging.getLogger("zcrm").level == logging.NOTSET


def test_a_folder_gets_a_zcrm_log(tmp_path: Path) -> None:
    """A path to a folder, as the PHP and Python SDKs had it, means zcrm.log in it."""
    standard = StandardLogging()
    standard.open(Config({**BASE, "application_log_file_path": tmp_path}))
    standard.close()

    assert (tmp_path / "zcrm.log").is_file()


def test_a_log_file_that_cannot_be_written_is_found_at_the_start(tmp_path: Path) -> None:
    """A missing folder is an error when the client is made, not when something is logged."""
    with pytest.raises(ConfigError, match="No such file") as caught:
        StandardLogging().open(Config({**BASE, "application_log_file_path": tmp_path / "gone" / "x.log"}))

    assert caught.value.code == "ZCRM-CONFIG-007"


def test_the_console_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """log_in_console writes to standard error, once for each event."""
    standard = StandardLogging()
    standard.open(Config({**BASE, "log_in_console": "true"}))

    EventLog(Plugins(core=[standard], installed=[])).emit("something", logging.WARNING, "look here")

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("look here") == 1


def test_a_pipe_is_no_log_file(tmp_path: Path) -> None:
    """A FIFO in the log file's place is refused at once instead of being waited for."""
    pipe = tmp_path / "log"
    os.mkfifo(pipe)

    with pytest.raises(ConfigError) as caught:
        StandardLogging().open(Config({**BASE, "application_log_file_path": pipe}))

    assert caught.value.code == "ZCRM-CONFIG-007"
