"""How does somebody begin a token store of their own?"""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import click

from zcrm_cli.debug_option import debug_option
from zcrm_cli.new_store.project import Names, render
from zcrm_cli.nobody import open_nobody
from zcrm_core import PluginError

_TAKEN: Final = frozenset({"custom", "file", "mysql"})
_TAKEN_KEY: Final = "ZCRM-PLUGIN-009"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_LONGEST: Final = 40


def _checked(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise click.BadParameter(
            f"{name!r} is no name for a store: use small letters and digits, joined by - or _, "
            f"up to {_LONGEST} of them, such as vault."
        )
    if name in _TAKEN or name in {entry.name for entry in entry_points(group="zcrm")}:
        raise click.BadParameter(
            f"there is a plugin named {name} already; two of one name are both left out."
        )
    problem = _key_problem(name, Names.of(name).key)
    if problem is not None:
        raise click.BadParameter(f"a store of this name could not have its configuration key. {problem}")
    return name


def _key_problem(name: str, key: str) -> str | None:
    """Say why a store cannot add a configuration key, as a client would."""
    try:
        with open_nobody(name, {key: "where the tokens are"}) as client:
            clashes = [error for error in client.plugins.failures if error.code == _TAKEN_KEY]
    except PluginError as error:
        return error.why
    return next((error.what for error in clashes if f" {key}," in error.what), None)


@click.command("new-store")
@click.argument("name", callback=_checked)
@debug_option
def new_store(name: str) -> None:
    """Write the project of a token store named NAME into a new folder.

    It is complete: a store that keeps tokens in a SQLite file, the entry point that makes it known, and
    the test of its contract. Change it step by step into your own.
    """
    names = Names.of(name)
    folder = Path(names.wheel)
    try:
        folder.mkdir()
    except FileExistsError:
        raise click.UsageError(f"{folder} is there already; nothing was written.") from None
    except OSError as error:
        raise click.FileError(str(folder), error.strerror) from None
    for path, text in render(names).items():
        file = folder / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.FileError(str(file), error.strerror) from None
        click.echo(f"wrote {file}")
    click.echo(f"\nNext: cd {folder} && pip install -e . zcrm-contract-tests && pytest")
