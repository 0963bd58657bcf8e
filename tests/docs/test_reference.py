"""Is everything that exists in the reference, and does every link lead somewhere?"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import zcrm_core
from zcrm_cli.main import cli
from zcrm_core import Client, TokenStorePlugin, hookspecs
from zcrm_core.config_keys import KEYS
from zcrm_core.crm.records import ModuleClient

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
HOOKS = {name: function for name, function in vars(hookspecs).items() if name.startswith("zcrm_")}
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_arguments(name: str) -> None:
    """The reference has each hook as it is called."""
    assert f"`{name}({', '.join(inspect.signature(HOOKS[name]).parameters)})`" in page("reference/hooks.md")


def test_every_method_of_the_base_class_is_documented() -> None:
    """The reference names each method that an author can write."""
    methods = [name for name in vars(TokenStorePlugin) if not name.startswith(("_", "zcrm_"))]

    assert [name for name in methods if f"`{name}" not in page("reference/hooks.md")] == []


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_documented_with_its_aliases(name: str) -> None:
    """The reference has each key with its meaning and every other spelling."""
    key = KEYS[name]
    [line] = [
        line for line in page("reference/configuration.md").splitlines() if line.startswith(f"| `{name}` ")
    ]

    assert key.meaning in line
    assert [alias for alias in key.aliases if f"`{alias}`" not in line] == []


def test_no_key_is_documented_that_does_not_exist() -> None:
    """The reference invents no key."""
    named = re.findall(r"^\| `([a-z_]+)` ", page("reference/configuration.md"), re.MULTILINE)

    assert set(named) == set(KEYS)


def emitted() -> Iterator[tuple[str, set[str]]]:
    """The events in the core's sources, each with its fields."""
    for file in (ROOT / "zcrm_core").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "emit"
            ):
                name = node.args[0]
                assert isinstance(name, ast.Constant)
                yield str(name.value), {str(keyword.arg) for keyword in node.keywords}


def test_every_event_is_documented_with_its_fields() -> None:
    """The reference has each event that the core emits, with each of its fields, and no other."""
    lines = {
        line.split("`")[1]: line
        for line in page("reference/events.md").splitlines()
        if line.startswith("| `")
    }
    events = dict(emitted())

    assert set(lines) == set(events)
    for name, fields in events.items():
        assert {field for field in fields if f"`{field}`" not in lines[name]} == set()


def test_every_error_code_is_listed() -> None:
    """The list of errors has each page with its title."""
    listed = page("errors/README.md")

    for file in sorted((DOCS / "errors").glob("ZCRM-*.md")):
        code, _, title = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(": ")
        assert f"| [{code}]({code}.md) | {title} |" in listed


def test_every_public_name_is_documented() -> None:
    """The page of the client names everything that the package exports."""
    text = page("reference/client.md")

    assert [name for name in zcrm_core.__all__ if name not in text] == []


@pytest.mark.parametrize("kind", [Client, ModuleClient])
def test_every_method_is_documented(kind: type) -> None:
    """The page of the client names every method and property of the client and of a module's records."""
    text = page("reference/client.md")

    assert [name for name in vars(kind) if not name.startswith("_") and name not in text] == []


def test_every_command_is_documented() -> None:
    """The page of the command line has every command of the program."""

    def commands(group: click.Group, words: str) -> Iterator[str]:
        for name in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), name)
            if isinstance(command, click.Group):
                yield from commands(command, f"{words} {name}")
            else:
                yield f"{words} {name}"

    text = page("reference/cli.md")
    assert [command for command in commands(cli, "zcrm") if f"`{command}`" not in text] == []


MARKDOWN = [
    file
    for file in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("plugins/*/README.md")]
    if "node_modules" not in file.parts
]


@pytest.mark.parametrize("file", MARKDOWN, ids=[str(file.relative_to(ROOT)) for file in MARKDOWN])
def test_every_link_leads_somewhere(file: Path) -> None:
    """Each relative link of a page is a file of the repository."""
    links = [link for link in LINK.findall(file.read_text(encoding="utf-8")) if "://" not in link]

    assert [link for link in links if not (file.parent / link).exists()] == []
