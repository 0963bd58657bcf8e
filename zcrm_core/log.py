"""What happened, told to whoever wants to know it, with every secret removed first."""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

from zcrm_core.config import Config
from zcrm_core.errors import ConfigError
from zcrm_core.hookspecs import EventFields, LogEvent, hookimpl
from zcrm_core.plugins import Plugins
from zcrm_core.redaction import kind_of, masked
from zcrm_core.tokens import Secret

__all__ = ["EventLog", "StandardLogging"]

_LOGGER: Final = logging.getLogger("zcrm")
_LOGGER.addHandler(logging.NullHandler())
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
_GUARDED: Final = 32
"""How many secrets are remembered; older tokens are known by their form alone."""
_SHORTEST: Final = 8


class EventLog:
    """Tells the logging plugins what happens in one client.

    Args:
        plugins: whose ``zcrm_log`` is called.
        secrets: what no event may show as long as the client lives.
    """

    def __init__(self, plugins: Plugins, secrets: Iterable[Secret] = ()) -> None:
        self._plugins = plugins
        texts = [secret.reveal() for secret in secrets]
        self._lasting = tuple(text for text in texts if len(text) >= _SHORTEST)
        self._guarded: deque[str] = deque(maxlen=_GUARDED)

    def guard(self, *secrets: str | None) -> None:
        """Remember texts that no event may show, whatever their form."""
        # A shorter text stands in too many words that are no secret, and no real secret is as short.
        new = (secret for secret in secrets if secret and len(secret) >= _SHORTEST)
        self._guarded.extend(secret for secret in new if secret not in self._guarded)

    def emit(self, name: str, level: int, message: str, **fields: object) -> None:
        """Tell every logger of an event; a logger that fails is named in the standard log and nowhere else.

        Args:
            name: the kind of event; docs/reference/events.md lists them.
            level: a level of the standard ``logging`` module.
            message: one line for a person.
            fields: the same facts for a program.
        """
        clean = {
            key: value if value is None or isinstance(value, (int, float)) else self.redact(str(value))
            for key, value in fields.items()
        }
        event = LogEvent(name, level, self.redact(message), cast("EventFields", clean))
        for author, error in self._plugins.log(event):
            kind = kind_of(error)  # its text may hold anything
            _LOGGER.warning("a logging plugin failed on %s: %s in %s. %s", name, kind, author, author.cure)

    def redact(self, text: str) -> str:
        """Give a text with every guarded secret, and whatever looks like a token, masked."""
        return masked(text, self._lasting + tuple(self._guarded))


class StandardLogging:
    """The core's own ``zcrm_log``: the logger ``zcrm``, and the file and console in the configuration."""

    def __init__(self) -> None:
        self._handlers: list[logging.Handler] = []

    def open(self, config: Config) -> None:
        """Open what ``application_log_file_path`` and ``log_in_console`` name.

        Raises:
            ConfigError: the log file cannot be written.
        """
        if config.application_log_file_path is not None:
            self._handlers.append(_file_handler(config.application_log_file_path))
        if config.log_in_console:
            self._handlers.append(logging.StreamHandler(sys.stderr))
        for handler in self._handlers:
            handler.setFormatter(logging.Formatter(_FORMAT))
            handler.setLevel(logging.INFO)

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        """Write the event to the standard logger ``zcrm`` and to this client's own file and console."""
        wanted = _LOGGER.isEnabledFor(event.level)
        if not wanted and not self._handlers:
            return
        record = _LOGGER.makeRecord(
            "zcrm", event.level, "", 0, event.message, (), None, extra={"event": event}
        )
        if wanted:
            _LOGGER.handle(record)
        for handler in self._handlers:
            if event.level >= handler.level:
                handler.handle(record)

    def close(self) -> None:
        """Close the log file."""
        for handler in self._handlers:
            handler.close()
        self._handlers.clear()  # a closed file would be opened again by the next event


def _file_handler(path: Path) -> logging.Handler:
    if path.is_dir():
        path /= "zcrm.log"
    try:
        # The lines name users and records; the file is for its owner, as the token file is.
        # O_NONBLOCK: a pipe in its place is an error at once, not a wait for a reader.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK, 0o600))
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The log file {path} cannot be written.",
            why=f"{error.strerror}.",
            fix="Set application_log_file_path to a file in an existing folder that this user may write.",
            code="ZCRM-CONFIG-007",
        ) from error
