"""Do imports run one way: inside the core, and from the plugins to the core's public names?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import zcrm_core

# One line a rank: a module imports from the lines above its own, never from its own line or one below.
ORDER = """
errors exact_json deadline multipart
tokens response turns details transport_failures
config_keys api_errors issued
config flight
hookspecs identity redaction interrupts
plugin_info plugin_loading plugin_wheels plugin_rules region_check refusals
plugin_keys plugin_calls redirects
store_choice plugin_discovery
plugins
log regions store
homes keeping refresh_notes transport
oauth download
device renewal
refresh
token_access
authorization assembly crm_access
client
crm
"""
RANKS = {name: rank for rank, line in enumerate(ORDER.splitlines()) for name in line.split()}

# The ways back: allowed in a function or for a type checker, never when the module itself is imported.
LATER = {
    ("errors", "tokens"): "StaleToken carries the token that was found",
    ("errors", "crm"): "PartialFailure carries the batch's result",
    ("crm_access", "client"): "what a client hands out is made from that client",
    (
        "crm_access",
        "crm",
    ): "Client.module() and its like hand out what crm/ defines, and import it when called",
}

# What one file outside the core takes besides the public names: the contract suite asks a store, and reads a
# configuration, the very way a client does, and it is released in lock-step with the core.
BEHIND = {
    "contract_tests/src/zcrm_contract_tests/opening.py": {
        "zcrm_core.config.environment_values",
        "zcrm_core.config.file_values",
        "zcrm_core.plugins.Plugins",
    }
}


class Import(NamedTuple):
    """One imported name, ``a.b`` for ``from a import b``; later: not when the module itself is imported."""

    name: str
    later: bool


def imports(node: ast.AST, later: bool = False) -> Iterator[Import]:  # noqa: FBT001, FBT002 - the walk's own state
    """Every import below a node, wherever it stands."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, later) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (
                Import(f"{'.' * child.level}{child.module}.{alias.name}", later) for alias in child.names
            )
        function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        yield from imports(child, later or function or types)


def imports_of(path: Path) -> list[Import]:
    """Every import of a file."""
    return list(imports(ast.parse(path.read_text(encoding="utf-8"))))


def wrong_way(module: str, found: list[Import]) -> list[str]:
    """Which of the imports of a core module go neither up in ORDER nor one of the ways back?"""
    return sorted(
        {
            target
            for name, later in found
            if name.startswith("zcrm_core.")
            if (target := name.split(".")[1]) != "crm" or module != "crm"
            if RANKS.get(target, len(RANKS)) >= RANKS.get(module, 0)
            and not (later and (module, target) in LATER)
        }
    )


def module_of(path: Path, core: Path) -> str:
    """The module's name in ORDER; everything below crm/ counts as ``crm``."""
    return path.relative_to(core).with_suffix("").parts[0]


def test_every_core_module_has_a_rank(core_files: list[Path], root: Path) -> None:
    """A module that the core gains is put into ORDER before it imports anything."""
    found = {module_of(path, root / "zcrm_core") for path in core_files} - {"__init__"}

    assert found - set(RANKS) == set()


def test_core_imports_run_one_way(core_files: list[Path], root: Path) -> None:
    """No core module imports one that stands on top of it, at any place of the file."""
    core = root / "zcrm_core"
    wrong = {
        str(path.relative_to(root)): found
        for path in core_files
        if (name := module_of(path, core)) != "__init__" and (found := wrong_way(name, imports_of(path)))
    }

    assert wrong == {}


@pytest.mark.parametrize(
    ("module", "text", "wrong"),
    [
        ("tokens", "from zcrm_core.client import Client", ["client"]),
        ("tokens", "def f():\n from zcrm_core import client", ["client"]),
        ("tokens", "if TYPE_CHECKING:\n import zcrm_core.crm.users", ["crm"]),
        ("log", "import zcrm_core.regions", ["regions"]),
        ("client", "from zcrm_core.crm.users import Users", ["crm"]),
        ("client", "def f():\n from zcrm_core.crm.users import Users", ["crm"]),
        ("crm_access", "def f():\n from zcrm_core.crm.users import Users", []),
        ("client", "import json\nfrom zcrm_core.errors import ZcrmError", []),
        ("crm", "from zcrm_core.crm.records import Record", []),
    ],
)
def test_a_wrong_import_is_noticed(module: str, text: str, wrong: list[str]) -> None:
    """The rule sees an import from below or beside, at the top, in a function and for a type checker."""
    assert wrong_way(module, list(imports(ast.parse(text)))) == wrong


def test_no_import_is_relative(core_files: list[Path], plugin_files: list[Path]) -> None:
    """Every import names where it goes; a relative one would hide from the tests of this file."""
    assert [i for path in core_files + plugin_files for i in imports_of(path) if i.name.startswith(".")] == []


def test_the_core_imports_no_plugin(core_files: list[Path]) -> None:
    """No file of the core names the import package of a plugin."""
    names = {found.name for path in core_files for found in imports_of(path)}

    assert {name for name in names if name.startswith("zcrm_") and name.split(".")[0] != "zcrm_core"} == set()


def test_plugins_import_public_names_only(plugin_files: list[Path], root: Path) -> None:
    """A plugin takes from the core what ``zcrm_core.__all__`` lists, as a stranger's plugin must."""
    public = {f"zcrm_core.{name}" for name in zcrm_core.__all__} | {"zcrm_core"}
    behind = {
        name: found
        for path in plugin_files
        if (found := {i.name for i in imports_of(path) if i.name.split(".")[0] == "zcrm_core"} - public)
        if (name := path.relative_to(root).as_posix())
    }

    assert behind == BEHIND


def test_every_public_name_is_there() -> None:
    """Each name in ``zcrm_core.__all__`` can be had from ``zcrm_core``."""
    assert [name for name in zcrm_core.__all__ if not hasattr(zcrm_core, name)] == []
