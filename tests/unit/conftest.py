"""How does a test have wheels installed, whatever is in them?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from zcrm_core.plugins import Plugins
from zcrm_core.regions import DataCentres

STORE = """
from zcrm_core import TokenStorePlugin

class Plugin(TokenStorePlugin):
    name = {name!r}
    priority = {priority}

    def claims(self, config):
        return True

    def save(self, config, key, token, replaces):
        return True

    def fetch(self, config, key):
        return None

    def delete(self, config, key):
        return False
"""


class Site:
    """A folder of installed wheels, as an installer leaves it: modules and their dist-info."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules: list[str] = []

    def install(
        self, wheel: str, source: str, *names: str, attribute: str = "", version: str = "1.2"
    ) -> None:
        """Install a wheel with one module and an entry point for each name."""
        module = f"zcrm_test_wheel_{self.folder.name.replace('-', '_')}_{len(self.modules)}"
        self.modules.append(module)
        (self.folder / f"{module}.py").write_text(source, encoding="utf-8")
        info = self.folder / f"{wheel.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {wheel}\nVersion: {version}\n", encoding="utf-8"
        )
        target = f"{module}:{attribute}" if attribute else module
        lines = "".join(f"{name} = {target}\n" for name in names)
        (info / "entry_points.txt").write_text(f"[zcrm]\n{lines}", encoding="utf-8")

    def source_of_a_store(self, name: str, priority: int) -> str:
        """A module with a store that claims everything."""
        return STORE.format(name=name, priority=priority)

    def store(self, wheel: str, name: str, priority: int, more: str = "") -> None:
        """Install a wheel with a store that claims everything; more lines go into its class."""
        self.install(wheel, self.source_of_a_store(name, priority) + more, name, attribute="Plugin")

    def entries(self) -> list[EntryPoint]:
        """The entry points of the wheels in the folder."""
        return [entry for wheel in distributions(path=[str(self.folder)]) for entry in wheel.entry_points]

    def plugins(self) -> Plugins:
        """The plugins of the wheels in the folder alone."""
        return Plugins(core=[DataCentres()], installed=self.entries(), disabled=[])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An importable folder for wheels, with one good store in it."""
    monkeypatch.syspath_prepend(tmp_path)
    made = Site(tmp_path)
    made.store("good-wheel", "good", 5)
    yield made
    for module in made.modules:
        sys.modules.pop(module, None)
