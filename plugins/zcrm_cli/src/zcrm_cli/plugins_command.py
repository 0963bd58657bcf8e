"""Which plugins are installed, which are broken, and which store does a configuration get?"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from zcrm_cli.config_option import Source, config_option, failures_of, find_source
from zcrm_cli.debug_option import debug_option
from zcrm_cli.nobody import NoRegion, open_nobody
from zcrm_cli.output import open_console, write_facts, write_table, write_text
from zcrm_core import Client, PluginError, ZcrmError

_PREFIX: Final = "zcrm_"
_DISABLED: Final = "ZCRM-PLUGIN-007"


@click.command
@config_option
@debug_option
def plugins(config: Path | None) -> None:
    """Show the installed plugins, and which token store the configuration gets and why, if there is one."""
    console = open_console()
    wheels = " ".join(f"{wheel} {version(wheel)}," for wheel in ("zcrm-core", "zcrm-cli"))
    console.print(f"{wheels} Python {platform.python_version()}\n", style="dim")
    source = find_source(config)
    if not source.exists:
        with open_nobody() as client:
            _show_plugins(console, client)
        console.print("\nWith --config FILE it also says which store is chosen, and why.", style="dim")
        return
    try:
        client = source.open_client(warns=False)
    except ZcrmError as error:
        _show_what_can_be(console, source, error)
        console.print()
        raise
    with client:
        _show_plugins(console, client)
        _show_choice(console, client)
        console.print(f"\nRegion: {client.region.name} ({client.region.api_url})", soft_wrap=True)


def _show_what_can_be(console: Console, source: Source, error: ZcrmError) -> None:
    """Show the plugins where no client can be made, and the choice of the store if only the region fails."""
    try:
        client = source.open_client(plugins=[NoRegion()], warns=False)
    except ZcrmError:
        # A wrapper that fails makes no client at all; what it did to the real one is told.
        with suppress(ZcrmError), open_nobody() as client:
            _show_plugins(console, client)
        return
    with client:
        _show_plugins(console, client, _failed_regions(client, error))
        _show_choice(console, client)


def _failed_regions(client: Client, error: ZcrmError) -> list[str]:
    """Name the plugins whose answer to the region is the error that kept a client from being made."""
    return [plugin.name for plugin in client.plugins if str(plugin) in error.what]


def _show_plugins(console: Console, client: Client, regions: Sequence[str] = ()) -> None:
    priorities = {
        found.plugin.name: str(found.claim.priority) for found in client.plugins.candidates(client.config)
    }
    found = [plugin for plugin in client.plugins if plugin.wheel is not None]
    rows = [
        (
            plugin.name,
            plugin.wheel or "",
            plugin.version or "",
            priorities.get(plugin.name, "-"),
            "FAILED, see below" if plugin.name in regions else _state(plugin.error, plugin.hooks),
        )
        for plugin in found
    ]
    if not rows:
        console.print("No plugin is installed. The default store: pip install zcrm-store-mysql")
        return
    write_table(console, ("Plugin", "Wheel", "Version", "Priority", f"Hooks ({_PREFIX}...)"), rows)
    for error in [*failures_of(client), *(remark.error for remark in client.plugins.remarks)]:
        if error is None:
            continue
        console.print()
        write_text(console, f"{error.code}: {error.what}", style="bold red")
        write_facts(console, (("Why", error.why), ("What to do", error.fix)))


def _state(error: PluginError | None, hooks: Sequence[str]) -> str:
    """Give a plugin's hooks, or say that it is not in use; why is told below the table."""
    if error is None:
        return ", ".join(hook.removeprefix(_PREFIX) for hook in hooks)
    if error.code == _DISABLED:
        return "disabled by ZCRM_DISABLE_PLUGINS"
    return "FAILED, see below" if hooks else "BROKEN, see below"


def _show_choice(console: Console, client: Client) -> None:
    rows: list[Sequence[str]] = []
    for candidate in client.plugins.candidates(client.config):
        outranked = candidate.claim.claims and client.config.token_store is None
        verdict = "chosen" if candidate.chosen else "outranked" if outranked else "not asked for"
        rows.append((candidate.claim.name, str(candidate.claim.priority), verdict, candidate.why))
    # No name is cut in two.
    console.print(f"\nTokens are kept by the store {client.token_store}.\n", style="bold", soft_wrap=True)
    write_table(console, ("Store", "Priority", "", "Because"), rows)
