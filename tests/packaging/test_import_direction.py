"""Do imports run one way: inside the core, and from the plugins to the core's public names?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import zcrm_core

# One line a rank: a module imports from the lines above its own, never from its own line or one below.
ORDER = """
errors
tokens response
api_errors config_keys
config
hookspecs
plugins
store
log regions
transport
oauth
refresh
client
crm
"""
RANKS = {name: rank for rank, line in enumerate(ORDER.split("\n")) for name in line.split()}

# Names that only a type checker reads, and that cannot be had otherwise.
TYPES_ONLY = {
    ("errors", "tokens"): "StaleToken carries the token that was found",
    ("errors", "crm"): "PartialFailure carries the batch's result",
}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever the import stands; ``a.b`` for ``from a import b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it goes"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrong_way(module: str, imported: list[str]) -> list[str]:
    """Which of the imports of a core module do not go up in ORDER?"""
    targets = {name.split(".")[1] for name in imported if name.startswith("zcrm_core.")}
    allowed = {name for name, rank in RANKS.items() if rank < RANKS.get(module, 0)}
    typed = {target for source, target in TYPES_ONLY if source == module}
    within = {"crm"} if module == "crm" else set()
    return sorted(targets - allowed - typed - within - {"__version__"})


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
        if (name := module_of(path, core)) != "__init__" and (found := wrong_way(name, list(imports(path))))
    }

    assert wrong == {}


def test_a_wrong_import_is_noticed() -> None:
    """The direction's rule sees an import from below, from the same line, and of a plugin's."""
    assert wrong_way("tokens", ["zcrm_core.client.Client"]) == ["client"]
    assert wrong_way("log", ["zcrm_core.regions"]) == ["regions"]
    assert wrong_way("client", ["zcrm_core.errors.ZcrmError", "json"]) == []


def test_the_core_imports_no_plugin(core_files: list[Path]) -> None:
    """No file of the core names the import package of a plugin."""
    names = {name for path in core_files for name in imports(path)}

    assert {name for name in names if name.startswith("zcrm_") and name.split(".")[0] != "zcrm_core"} == set()


def test_plugins_import_public_names_only(plugin_files: list[Path], root: Path) -> None:
    """A plugin takes from the core what ``zcrm_core.__all__`` lists, as a stranger's plugin must."""
    public = {f"zcrm_core.{name}" for name in zcrm_core.__all__} | {"zcrm_core"}
    wrong = {
        str(path.relative_to(root)): found
        for path in plugin_files
        if (found := sorted({n for n in imports(path) if n.split(".")[0] == "zcrm_core"} - public))
    }

    assert wrong == {}


def test_every_public_name_is_there() -> None:
    """Each name in ``zcrm_core.__all__`` can be had from ``zcrm_core``."""
    assert [name for name in zcrm_core.__all__ if not hasattr(zcrm_core, name)] == []
