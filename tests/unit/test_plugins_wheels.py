"""Does an installed wheel, whatever is in it, leave the other plugins and the caller's tokens alone?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zcrm_core import Config, PluginError, Region, TokenStorePlugin, hookimpl
from zcrm_core.plugins import Plugins
from zcrm_core.regions import DATA_CENTRES, DataCentres, resolve

BASE = {"client_id": "1000.A", "client_secret": "s"}
CONFIG = Config(BASE)

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

    def store(self, wheel: str, name: str, priority: int, more: str = "") -> None:
        """Install a wheel with a store that claims everything; more lines go into its class."""
        self.install(wheel, STORE.format(name=name, priority=priority) + more, name, attribute="Plugin")

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


def chosen(plugins: Plugins, config: Config = CONFIG) -> str:
    """The name of the plugin that a configuration chooses."""
    return plugins.choose_store(config)[0].plugin.name


def test_a_wheel_is_named_with_its_version(site: Site) -> None:
    """What is found says which wheel brings it, in which version, with which hooks."""
    [info] = site.plugins()

    assert (info.name, info.wheel, info.version, info.error) == ("good", "good-wheel", "1.2", None)
    assert str(info) == "good (good-wheel 1.2)"
    assert {"zcrm_token_store", "zcrm_save_token"} < set(info.hooks)


HOOK = "from zcrm_core import hookimpl\n@hookimpl\ndef "
BROKEN = {
    "fails at import": ("1 / 0", "ZeroDivisionError", "002"),
    "leaves Python at import": ("import sys\nsys.exit('not for import')", "SystemExit", "002"),
    "is not Python": ("def", "SyntaxError", "002"),
    "misses a module": ("import zcrm_no_such_module", "zcrm_no_such_module", "002"),
    "misspelt hook": (HOOK + "zcrm_fetch_tokens(config): pass", "zcrm_fetch_tokens", "003"),
    "unknown argument": (HOOK + "zcrm_log(happening): pass", "happening", "003"),
    "default": (HOOK + "zcrm_log(event=None): pass", "default for event", "003"),
    "half a store": (
        HOOK + "zcrm_token_store(config): pass",
        "zcrm_save_token, zcrm_fetch_token, zcrm_delete_token",
        "003",
    ),
    "saves without a claim": (HOOK + "zcrm_lock_token(key): pass", "without zcrm_token_store", "003"),
    "keys that fail": (HOOK + "zcrm_config_keys(): raise OSError('no')", "OSError", "003"),
    "keys that are none": (HOOK + "zcrm_config_keys(): return 7", "TypeError", "003"),
    "keys without a meaning": (HOOK + "zcrm_config_keys(): return {'my_url': None}", "texts only", "003"),
}


@pytest.mark.parametrize(("source", "says", "number"), BROKEN.values(), ids=BROKEN)
def test_a_broken_wheel_is_named_and_takes_nobody_down(
    site: Site, source: str, says: str, number: str
) -> None:
    """The failure names plugin, wheel, version and reason; the good store works, and a pin tells why not."""
    site.install("broken-wheel", source, "broken", version="0.9")
    plugins = site.plugins()
    [error] = plugins.failures

    assert error.code == f"ZCRM-PLUGIN-{number}"
    assert "broken (broken-wheel 0.9)" in error.what
    assert says in error.why
    assert "broken" in error.fix
    assert chosen(plugins) == "good"
    assert plugins.config_keys() == {}
    with pytest.raises(PluginError, match="broken-wheel") as caught:
        chosen(plugins, CONFIG.replace(token_store="broken"))
    assert says in caught.value.why


@pytest.mark.parametrize(
    ("class_body", "says"),
    [
        ("    def __init__(self, url):\n        self.url = url\n", "url"),
        ("del Plugin\n", "Plugin"),
    ],
    ids=["needs an argument", "attribute missing"],
)
def test_a_broken_class_is_left_out(site: Site, class_body: str, says: str) -> None:
    """A class that cannot be made or registered is a failure with the wheel's name and the reason."""
    site.store("broken-wheel", "broken", 1, class_body)
    plugins = site.plugins()
    [error] = plugins.failures

    assert says in error.why
    assert "broken-wheel" in error.what
    assert chosen(plugins) == "good"


def test_an_abstract_store_is_left_out(site: Site) -> None:
    """A store class that still lacks a method is named with that method."""
    source = "from zcrm_core import TokenStorePlugin\nclass Plugin(TokenStorePlugin):\n    name = 'half'\n"
    site.install("broken-wheel", source, "half", attribute="Plugin")

    [error] = site.plugins().failures

    assert "fetch" in error.why


def test_two_wheels_of_one_name_are_both_named(site: Site) -> None:
    """Neither of them is used, both wheels are in the message, and the third plugin works."""
    site.store("one-wheel", "twin", 8)
    site.store("two-wheel", "twin", 9)
    plugins = site.plugins()
    [error] = plugins.failures

    assert error.code == "ZCRM-PLUGIN-004"
    assert "one-wheel and two-wheel" in error.what
    assert chosen(plugins) == "good"


def test_two_wheels_of_one_name_do_not_displace_the_program_s_own(site: Site) -> None:
    """What the program passes itself stays in use, however many wheels bring its name."""
    site.store("one-wheel", "twin", 8)
    site.store("two-wheel", "twin", 9)

    plugins = Plugins(given=[named("twin", 99)], installed=site.entries(), disabled=[])

    assert plugins.failures == []
    assert plugins.choose_store(CONFIG)[0].plugin.wheel is None


def test_one_object_under_two_names_stays_in_use_under_the_first(site: Site) -> None:
    """A wheel that names its object twice, say for an old name, keeps its plugin; the second is told."""
    source = STORE.format(name="alias", priority=9) + "\nplugin = Plugin()\n"
    site.install("alias-wheel", source, "alias", "alias_old", attribute="plugin")
    plugins = site.plugins()
    [error] = plugins.failures

    assert error.code == "ZCRM-PLUGIN-004"
    assert "alias_old" in error.what
    assert chosen(plugins) == "alias"


def test_what_is_switched_off_is_not_even_imported(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin named in ZCRM_DISABLE_PLUGINS runs no line, and the cure is to take the name out again."""
    mark = tmp_path / "imported"
    site.install("noisy-wheel", f"open({str(mark)!r}, 'w', encoding='utf-8').close()", "noisy")
    monkeypatch.setenv("ZCRM_DISABLE_PLUGINS", "other,, noisy")

    [error] = Plugins(installed=site.entries()).failures

    assert not mark.exists()
    assert error.code == "ZCRM-PLUGIN-007"
    assert error.fix == "Take noisy out of ZCRM_DISABLE_PLUGINS to use it."


@pytest.mark.parametrize(
    ("store", "keys"),
    [
        ("file", {"token_persistence_path": "x"}),
        ("custom", {"persistence_handler_class_path": "a.b:C"}),
        ("custom", {"persistence_handler_path": "a.b:C"}),
        ("mysql", {"db_username": "zoho"}),
        ("mysql", {"mysql_port": "3307"}),
    ],
)
def test_a_named_store_that_is_broken_or_off_is_never_replaced(
    site: Site, store: str, keys: dict[str, object]
) -> None:
    """Keys of a store that did not load end in an error that says why, not in a lower store."""
    site.install(f"zcrm-store-{store}", "raise ImportError('no driver')", store)
    config = CONFIG.replace(**keys)

    with pytest.raises(PluginError, match=rf"names the {store} store.*cannot be loaded") as caught:
        chosen(site.plugins(), config)
    with pytest.raises(PluginError, match=rf"names the {store} store.*disabled"):
        chosen(Plugins(installed=site.entries(), disabled=[store]), config)

    assert caught.value.code == "ZCRM-PLUGIN-006"


def test_a_higher_store_of_a_stranger_may_take_named_keys(site: Site) -> None:
    """A store above the named one, which claims the configuration, needs no lower store to be there."""
    site.store("high-wheel", "high", 1000)

    assert chosen(site.plugins(), CONFIG.replace(token_persistence_path="x", db_port=1)) == "high"


def named(name: str, priority: int) -> TokenStorePlugin:
    """A store that claims everything."""
    scope: dict[str, type[TokenStorePlugin]] = {}
    exec(STORE.format(name=name, priority=priority), scope)  # noqa: S102 - the text above
    plugin: TokenStorePlugin = scope["Plugin"]()
    return plugin


def test_a_store_cannot_take_the_name_of_another(site: Site) -> None:
    """A pin that two stores answer to is refused, even when one of them has the higher rank."""
    site.store("good-twin", "thief", 900, "\nPlugin.name = 'good'\n")
    plugins = site.plugins()

    with pytest.raises(PluginError, match=r"thief.*good.*go by the name good") as caught:
        chosen(plugins, CONFIG.replace(token_store="good"))

    assert "thief" in caught.value.fix
    assert chosen(plugins, CONFIG.replace(token_store="thief")) == "thief"


def test_a_module_of_functions_can_be_the_program_s_own_store(site: Site) -> None:
    """A module passed as token_store is used, though the module itself has no name attribute."""
    script = f"""
import sys, types
from zcrm_core import Client, StoreClaim, hookimpl
module = types.ModuleType("mine")
module.zcrm_token_store = hookimpl(lambda: StoreClaim("mine", 1, claims=False, reason=""))
module.zcrm_save_token = hookimpl(lambda key: True)
module.zcrm_fetch_token = hookimpl(lambda key: None)
module.zcrm_delete_token = hookimpl(lambda key: False)
other = types.ModuleType("other")
other.zcrm_log = hookimpl(lambda event: None)
with Client({BASE!r}, token_store=module, plugins=[other]) as client:
    print(client.token_store)
"""

    assert run(script, site.folder) == "mine"


def run(script: str, folder: Path, **variables: str) -> str:
    """What a fresh process prints that has the folder on its path."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ZCRM_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**clean, "PYTHONPATH": str(folder), **variables},
        cwd=folder,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def test_a_fresh_process_finds_wheels_and_isolates_the_broken_one(site: Site) -> None:
    """With real wheels on the path and nothing passed, the client names what failed and uses what works."""
    site.install("broken-wheel", BROKEN["leaves Python at import"][0], "broken")
    site.install("spelling-wheel", BROKEN["misspelt hook"][0], "spelling")
    script = f"""
import json
from zcrm_core import Client
with Client({BASE!r} | {{"token_store": "good"}}) as client:
    print(json.dumps([client.token_store, [[i.name, i.wheel, bool(i.error)] for i in client.plugins]]))
"""

    store, infos = json.loads(run(script, site.folder))

    assert store == "good"
    assert ["broken", "broken-wheel", True] in infos
    assert ["spelling", "spelling-wheel", True] in infos
    assert ["good", "good-wheel", False] in infos


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("raise OSError('no net')", "OSError: no net"),
        ("return 'https://x.example'", "str instead of a Region"),
    ],
)
def test_a_region_plugin_that_fails_is_named(site: Site, answer: str, says: str) -> None:
    """An error or nonsense about the region names the plugin that gave it, with its wheel."""
    source = f"from zcrm_core import hookimpl\n@hookimpl\ndef zcrm_choose_region(config): {answer}\n"
    site.install("region-wheel", source, "elsewhere")

    with pytest.raises(PluginError, match=r"elsewhere \(region-wheel 1\.2\)") as caught:
        resolve(CONFIG, site.plugins())

    assert says in str(caught.value)
    assert caught.value.code == "ZCRM-PLUGIN-003"


def test_a_region_that_several_plugins_know_does_not_depend_on_installation(site: Site) -> None:
    """Which of two region plugins is asked first follows from their names alone."""
    source = (
        "from zcrm_core import Region, hookimpl\n@hookimpl\n"
        "def zcrm_choose_region(config): return Region({!r}, *['https://x.example'] * 5)\n"
    )
    site.install("b-wheel", source.format("from b"), "b")
    site.install("a-wheel", source.format("from a"), "a")
    entries = site.entries()
    both = [Plugins(core=[DataCentres()], installed=order) for order in (entries, entries[::-1])]

    assert len({resolve(CONFIG, plugins).name for plugins in both}) == 1


def test_the_core_s_regions_are_asked_last() -> None:
    """A plugin that is even marked to come last still answers before the core."""

    class Late:
        @hookimpl(trylast=True)
        def zcrm_choose_region(self, config: Config) -> Region | None:
            return Region("late", *["https://x.example"] * 5) if config.region == "eu" else None

    plugins = Plugins(core=[DataCentres()], given=[Late()], installed=[])

    assert resolve(CONFIG.replace(region="eu"), plugins).name == "late"
    assert resolve(CONFIG.replace(region="in"), plugins) == DATA_CENTRES["in"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(5)), priorities=st.lists(st.integers(-3, 3), min_size=5, max_size=5))
def test_the_order_of_installation_decides_nothing(
    site: Site, order: list[int], priorities: list[int]
) -> None:
    """Wheels found in another order give the same store, or the same error naming the same two."""
    modules = {f"s{number}": named(f"s{number}", priority) for number, priority in enumerate(priorities)}
    holder = type(sys)("zcrm_test_held")
    vars(holder).update(modules)
    sys.modules["zcrm_test_held"] = holder
    site.modules.append("zcrm_test_held")
    entries = [EntryPoint(name, f"zcrm_test_held:{name}", "zcrm") for name in modules]

    def outcome(installed: list[EntryPoint]) -> str:
        try:
            return chosen(Plugins(installed=installed, disabled=[]))
        except PluginError as error:
            return str(error)

    expected = outcome(entries)
    top = max(priorities)

    assert outcome([entries[index] for index in order]) == expected
    assert (expected == f"s{priorities.index(top)}") == (priorities.count(top) == 1)
