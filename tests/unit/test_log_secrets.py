"""Does no event, however it is told and however long the client lives, show a secret?"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zcrm_core import (
    Client,
    Config,
    LogEvent,
    Secret,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookimpl,
)
from zcrm_core.log import EventLog, StandardLogging
from zcrm_core.plugins import Plugins

CLIENT_SECRET = "c0ffee" * 7
DB_PASSWORD = "a long enough password"


class Listener:
    """A logging plugin that remembers."""

    def __init__(self) -> None:
        self.seen: list[LogEvent] = []

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        """Remember the event."""
        self.seen.append(event)


class Talkative(TokenStorePlugin):
    """A store whose reason tells what nobody should know."""

    name = "talkative"
    priority = 900

    def claims(self, config: Config) -> bool:
        return True

    def reason(self, config: Config) -> str:
        password = config.get("db_password")
        shown = password.reveal() if isinstance(password, Secret) else ""
        return f"{config.client_secret.reveal()} {shown}"

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return None

    def delete(self, config: Config, key: TokenKey) -> bool:
        return True


def told(*secrets: str) -> tuple[EventLog, Listener]:
    """A log with lasting secrets, and somebody who listens."""
    listener = Listener()
    return EventLog(Plugins(given=[listener], installed=[]), map(Secret, secrets)), listener


def test_the_configuration_s_secrets_are_never_forgotten() -> None:
    """However many tokens pass through a client, its own secret and password stay masked."""
    log, listener = told(CLIENT_SECRET, DB_PASSWORD)
    for number in range(1000):
        log.guard(f"an opaque token {number}")

    log.emit("something", logging.INFO, f"{CLIENT_SECRET} {DB_PASSWORD}", reason=CLIENT_SECRET)

    assert listener.seen == [
        LogEvent("something", logging.INFO, "********** **********", {"reason": "**********"})
    ]


def test_a_client_guards_all_its_secrets() -> None:
    """From its first event on, a client masks what its configuration holds as secret."""
    listener = Listener()
    keys = {"client_id": "1000.A", "client_secret": CLIENT_SECRET, "mysql_password": DB_PASSWORD}

    with Client(keys, token_store=Talkative(), plugins=[listener]):
        shown = repr(listener.seen)

    assert "plugin_chosen" in shown
    assert CLIENT_SECRET not in shown
    assert DB_PASSWORD not in shown


@pytest.mark.parametrize("order", [1, -1])
def test_a_secret_that_begins_another_hides_all_of_it(order: int) -> None:
    """Masking the shorter one first would leave the end of the longer one to be read."""
    log, listener = told()
    log.guard(*["opaque-12", "opaque-12345678"][::order])

    log.emit("something", logging.INFO, "got opaque-12345678 and opaque-12")

    assert listener.seen[0].message == "got ********** and **********"


class Wrapped:
    """A thing whose text shows a secret."""

    def __str__(self) -> str:
        return f"wrapped {CLIENT_SECRET}"


@pytest.mark.parametrize(
    "value",
    [
        [CLIENT_SECRET],
        {"deep": {"deeper": [CLIENT_SECRET]}},
        OSError(CLIENT_SECRET),
        CLIENT_SECRET.encode(),
        Path(CLIENT_SECRET),
        Wrapped(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_secret_inside_a_field_is_masked(value: object) -> None:
    """What is neither a text nor a number reaches the listeners as its masked text."""
    log, listener = told(CLIENT_SECRET)

    log.emit("something", logging.INFO, "it happened", reason=value)

    assert CLIENT_SECRET not in str(listener.seen[0].fields)
    assert "**********" in str(listener.seen[0].fields["reason"])


@pytest.mark.parametrize("value", [None, True, 7, 0.5])
def test_numbers_stay_numbers(value: object) -> None:
    """A program that reads the fields can count with them."""
    log, listener = told(CLIENT_SECRET)

    log.emit("something", logging.INFO, "it happened", reason=value)

    assert listener.seen[0].fields["reason"] is value


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=30),
    st.text(max_size=10),
    st.text(max_size=10),
)
def test_a_guarded_text_is_found_anywhere(secret: str, before: str, after: str) -> None:
    """Whatever signs a secret is made of, and wherever it stands, it is masked."""
    log, listener = told()
    log.guard(secret)

    log.emit("something", logging.INFO, f"{before}{secret}{after}")

    assert "**********" in listener.seen[0].message
    assert secret not in listener.seen[0].message.replace("**********", "")


def test_a_closed_log_file_stays_closed(tmp_path: Path) -> None:
    """An event after the client was closed, say of a sibling, opens no file again; closing twice is fine."""
    file = tmp_path / "zcrm.log"
    standard = StandardLogging()
    standard.open(Config({"client_id": "1", "client_secret": "s", "application_log_file_path": file}))
    log = EventLog(Plugins(core=[standard], installed=[]))
    log.emit("something", logging.INFO, "before")
    standard.close()
    file.unlink()

    log.emit("something", logging.INFO, "after")
    standard.close()

    assert not file.exists()


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_new_log_file_is_private_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    """Others never read who logged in, even where the user's own files are open to all."""
    file = tmp_path / "zcrm.log"
    before = os.umask(mask)
    try:
        standard = StandardLogging()
        standard.open(Config({"client_id": "1", "client_secret": "s", "application_log_file_path": file}))
        standard.close()
    finally:
        os.umask(before)

    assert file.stat().st_mode & 0o077 == 0


def test_a_failing_logger_shows_no_secret_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """The note about a logger that failed names the kind of error, not its text."""

    class Failing:
        @hookimpl
        def zcrm_log(self, event: LogEvent) -> None:
            raise OSError(f"cannot post {CLIENT_SECRET}")

    log = EventLog(Plugins(given=[Failing()], installed=[]))

    log.emit("something", logging.INFO, "it happened")

    assert "a logging plugin failed on something: OSError" in caplog.text
    assert CLIENT_SECRET not in caplog.text


@pytest.mark.parametrize("error", [RecursionError(), MemoryError(), AssertionError(), UnicodeError()])
def test_no_kind_of_failure_in_a_logger_fails_the_call(error: Exception) -> None:
    """A logger can fail in any way without being noticed by the call, and the next one still hears."""

    class Failing:
        @hookimpl(tryfirst=True)
        def zcrm_log(self) -> None:
            raise error

    listener = Listener()
    log = EventLog(Plugins(given=[listener, Failing()], installed=[]))

    log.emit("something", logging.INFO, "it happened")

    assert [event.name for event in listener.seen] == ["something"]


def test_a_percent_sign_is_a_percent_sign(caplog: pytest.LogCaptureFixture) -> None:
    """A message with placeholders, as an encoded address has them, is written as it is."""
    caplog.set_level(logging.INFO, "zcrm")
    log = EventLog(Plugins(core=[StandardLogging()], installed=[]))

    log.emit("something", logging.INFO, "GET /a%20b %s %d {x}")

    assert "GET /a%20b %s %d {x}" in caplog.text


def test_the_standard_logger_gets_the_event_too(caplog: pytest.LogCaptureFixture) -> None:
    """A handler of the program finds the event on the record, with its fields for machines."""
    caplog.set_level(logging.INFO, "zcrm")
    log = EventLog(Plugins(core=[StandardLogging()], installed=[]))

    log.emit("something", logging.INFO, "it happened", attempt=3)

    record: Any = caplog.records[-1]
    assert record.event == LogEvent("something", logging.INFO, "it happened", {"attempt": 3})
