"""Where does the configuration come from: --config, ZCRM_CONFIG, ./zcrm.toml, or ZCRM_* variables?"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import click

from zcrm_cli.visible import visible
from zcrm_core import Client, ConfigError, PluginError

_FILE: Final = Path("zcrm.toml")
_PREFIX: Final = "ZCRM_"
_DISABLED: Final = "ZCRM-PLUGIN-007"
_NO_KEYS: Final = frozenset({"ZCRM_CONFIG", "ZCRM_DISABLE_PLUGINS"})

_Command = TypeVar("_Command", bound=Callable[..., object])


@dataclass(frozen=True)
class Source:
    """The place of the configuration.

    Args:
        path: a TOML file; ``None`` for the environment.
    """

    path: Path | None

    @property
    def exists(self) -> bool:
        """Whether anything is configured there."""
        return self.path is not None or any(
            name.startswith(_PREFIX) and name not in _NO_KEYS for name in os.environ
        )

    def open_client(self, *, plugins: Sequence[object] = (), warns: bool = True) -> Client:
        """Make the client that is configured there; the caller closes it.

        Args:
            plugins: further plugins of it.
            warns: write a line to standard error for each plugin that is not in use because it failed.

        Raises:
            ConfigError: there is no configuration, or it is wrong.
            PluginError: no installed store fits it.
        """
        client = self._made(plugins)
        for error in failures_of(client) if warns else ():
            click.echo(visible(f"{error.code}: {error.what} {error.why} See `zcrm plugins`."), err=True)
        return client

    def _made(self, plugins: Sequence[object]) -> Client:
        if self.path is not None:
            return Client.from_file(self.path, plugins=plugins)
        if not self.exists:
            raise ConfigError(
                "There is no configuration.",
                why=f"No --config, no ZCRM_CONFIG, no {_FILE} in this folder, and no {_PREFIX} variable.",
                fix=f"Write a {_FILE} with client_id, client_secret, region and token_persistence_path, "
                "and pass it with --config. To look around without an account, run `zcrm demo`.",
                code="ZCRM-CONFIG-003",
            )
        return Client.from_env(plugins=plugins)

    def __str__(self) -> str:
        return f"the {_PREFIX}* variables" if self.path is None else str(self.path)


def failures_of(client: Client) -> list[PluginError]:
    """Give the problems of a client's plugins; that one is switched off is none."""
    return [error for error in client.plugins.failures if error.code != _DISABLED]


def find_source(given: Path | None) -> Source:
    """Find the configuration.

    Args:
        given: the file that ``--config`` or ``ZCRM_CONFIG`` names, if any.
    """
    if given is None and _FILE.is_file():
        return Source(_FILE)
    return Source(given)


def config_option(command: _Command) -> _Command:
    """Add ``--config`` to a command, which gets it as ``config``: a path or ``None``."""
    return click.option(
        "--config",
        envvar="ZCRM_CONFIG",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="A TOML file. When left out: the file in ZCRM_CONFIG, else ./zcrm.toml, else ZCRM_* variables.",
    )(command)
