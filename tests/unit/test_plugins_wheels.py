"""Does an installed wheel, whatever is in it, leave the other plugins and the caller's tokens alone?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal

import pluggy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zcrm_core import (
    Config,
    ConfigError,
    PluginError,
    Region,
    StoreError,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookimpl,
    plugin_loading,
)
from zcrm_core.log import EventLog
from zcrm_core.plugins import _CHANGES, Plugins
from zcrm_core.regions import DATA_CENTRES, DataCentres, resolve
from zcrm_core.store import Store

BASE = {"client_id": "1000.A", "client_secret": "s"}
CONFIG = Config(BASE)


def chosen(plugins: Plugins, config: Config = CONFIG) -> str:
    """The name of the plugin that a configuration chooses."""
    return plugins.choose_store(config)[0].plugin.name


def test_a_wheel_is_named_with_its_version(site: Any) -> None:
    """What is found says which wheel brings it, in which version, with which hooks."""
    [info] = site.plugins()

    assert (info.name, info.wheel, info.version, info.error) == ("good", "good-wheel", "1.2", None)
    assert str(info) == "good (good-wheel 1.2)"
    assert {"zcrm_token_store", "zcrm_save_token"} < set(info.hooks)


HOOK = "from zcrm_core import hookimpl\n@hookimpl\ndef "
BROKEN = {
    "fails at import": ("1 / 0", "ZeroDivisionError", "002"),
    "leaves Python at import": ("import sys\nsys.exit('not for import')", "SystemExit", "002"),
    "interrupts at import": ("raise KeyboardInterrupt", "its code raised KeyboardInterrupt", "002"),
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
    "keys that are none": (HOOK + "zcrm_config_keys(): return 7", "int instead of a mapping", "003"),
    "keys without a meaning": (HOOK + "zcrm_config_keys(): return {'my_url': None}", "texts only", "003"),
}


@pytest.mark.parametrize(("source", "says", "number"), BROKEN.values(), ids=BROKEN)
def test_a_broken_wheel_is_named_and_takes_nobody_down(
    site: Any, source: str, says: str, number: str
) -> None:
    """The failure names plugin, wheel, version and reason; the good store works, and a pin tells why not."""
    site.install("broken-wheel", source, "broken", version="0.9")
    plugins = site.plugins()
    [error] = plugins.failures

    assert error.code == f"ZCRM-PLUGIN-{number}"
    assert "broken (broken-wheel 0.9)" in error.what
    assert says in error.why
    assert "ZCRM_DISABLE_PLUGINS=broken" in error.fix
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
def test_a_broken_class_is_left_out(site: Any, class_body: str, says: str) -> None:
    """A class that cannot be made or registered is a failure with the wheel's name and the reason."""
    site.store("broken-wheel", "broken", 1, class_body)
    plugins = site.plugins()
    [error] = plugins.failures

    assert says in error.why
    assert "broken-wheel" in error.what
    assert chosen(plugins) == "good"


def test_an_abstract_store_is_left_out(site: Any) -> None:
    """A store class that still lacks a method is named with that method."""
    source = "from zcrm_core import TokenStorePlugin\nclass Plugin(TokenStorePlugin):\n    name = 'half'\n"
    site.install("broken-wheel", source, "half", attribute="Plugin")

    [error] = site.plugins().failures

    assert "fetch" in error.why


def test_two_wheels_of_one_name_are_both_named(site: Any) -> None:
    """Neither of them is used, both wheels are in the message, and the third plugin works."""
    site.store("one-wheel", "twin", 8)
    site.store("two-wheel", "twin", 9)
    plugins = site.plugins()
    [error] = plugins.failures

    assert error.code == "ZCRM-PLUGIN-004"
    assert "one-wheel and two-wheel" in error.what
    assert "one-wheel 1.2 and two-wheel 1.2" in error.why
    assert "pip uninstall one-wheel or pip uninstall two-wheel" in error.fix
    assert "To use none: ZCRM_DISABLE_PLUGINS=twin" in error.fix
    assert chosen(plugins) == "good"


def test_a_wheel_that_names_a_plugin_twice_is_to_be_corrected_and_not_uninstalled(site: Any) -> None:
    """There is no other wheel to keep, so the cure is that of every broken plugin."""
    site.install("one-wheel", site.source_of_a_store("twin", 8), "twin", "twin", attribute="Plugin")

    [error] = site.plugins().failures

    assert error.what == "The wheel one-wheel names twin more than once."
    assert error.why == "One name must mean one plugin, so none is used."
    assert error.fix == "Correct, update or remove it, or disable it: ZCRM_DISABLE_PLUGINS=twin"


def test_two_wheels_of_one_name_do_not_displace_the_program_s_own(site: Any) -> None:
    """What the program passes itself stays in use, however many wheels bring its name."""
    site.store("one-wheel", "twin", 8)
    site.store("two-wheel", "twin", 9)

    plugins = Plugins(given=[Everything("twin", 99)], installed=site.entries(), disabled=[])

    assert plugins.failures == []
    assert plugins.choose_store(CONFIG)[0].plugin.wheel is None


def test_one_object_under_two_names_stays_in_use_under_the_first(site: Any) -> None:
    """A wheel that names its object twice, say for an old name, keeps its plugin; the second is told."""
    source = site.source_of_a_store("alias", 9) + "\nplugin = Plugin()\n"
    site.install("alias-wheel", source, "alias", "alias_old", attribute="plugin")
    plugins = site.plugins()
    [error] = plugins.failures

    assert error.code == "ZCRM-PLUGIN-004"
    assert "alias_old" in error.what
    assert chosen(plugins) == "alias"


def test_what_is_switched_off_is_not_even_imported(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    site: Any, store: str, keys: dict[str, object]
) -> None:
    """Keys of a store that did not load end in an error that says why, not in a lower store."""
    site.install(f"zcrm-store-{store}", "raise ImportError('no driver')", store)
    config = CONFIG.replace(**keys)

    with pytest.raises(PluginError, match=rf"names the {store} store.*cannot be loaded") as caught:
        chosen(site.plugins(), config)
    with pytest.raises(PluginError, match=rf"names the {store} store.*disabled"):
        chosen(Plugins(installed=site.entries(), disabled=[store]), config)

    assert caught.value.code == "ZCRM-PLUGIN-006"


def test_a_higher_store_of_a_stranger_may_take_named_keys(site: Any) -> None:
    """A store above the named one, which claims the configuration, needs no lower store to be there."""
    site.store("high-wheel", "high", 1000)

    assert chosen(site.plugins(), CONFIG.replace(token_persistence_path="x", db_port=1)) == "high"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait for two seconds where a program waits for 20, and forget afterwards what hung."""
    monkeypatch.setattr(plugin_loading, "LOADING_SECONDS", 2.0)
    yield
    plugin_loading._hanging.clear()


@pytest.mark.parametrize(
    "source",
    ["import time\ntime.sleep(90)", "while True: pass", "import threading\nthreading.Event().wait()"],
    ids=["sleeps", "runs in circles", "waits for nobody"],
)
def test_a_wheel_that_hangs_at_import_holds_nobody_up(site: Any, source: str) -> None:
    """The hanging plugin is named with wheel, version and cure, and the program works and can end."""
    site.install("hanging-wheel", source, "hanging", version="0.9")
    script = f"""
import json, time
from zcrm_core import Client, PluginError, plugin_loading
plugin_loading.LOADING_SECONDS = 2.0
started = time.monotonic()
with Client({BASE!r} | {{"token_store": "good"}}) as client:
    [error] = [each for each in client.plugins.failures if each.code == "ZCRM-PLUGIN-002"]
try:
    Client({BASE!r} | {{"token_store": "hanging"}})
except PluginError as pinned:
    print(json.dumps([str(error), str(pinned), time.monotonic() - started]))
"""

    ours = "file,mysql,custom,simulator"  # beside a thread that runs in circles they are slow as well
    error, pinned, seconds = json.loads(run(script, site.folder, ZCRM_DISABLE_PLUGINS=ours))

    assert "hanging (hanging-wheel 0.9) cannot be loaded" in error
    assert "did not end within 2 s" in error
    assert "ZCRM_DISABLE_PLUGINS=hanging" in error
    assert "hanging-wheel" in pinned
    assert "began earlier" in pinned
    assert seconds < 20


@pytest.mark.usefixtures("short")
def test_what_ends_after_all_is_used_by_the_next_client(site: Any) -> None:
    """A slow import is not started a second time, and once it has ended its plugin is there."""
    sys.__dict__["zcrm_test_may_end"] = may_end = threading.Event()
    slow = "import sys\nsys.zcrm_test_may_end.wait(30)\n" + site.source_of_a_store("slow", 9)
    site.install("slow-wheel", slow, "slow", attribute="Plugin")

    first, second = site.plugins(), site.plugins()
    assert [error.code for error in (*first.failures, *second.failures)] == ["ZCRM-PLUGIN-002"] * 2
    [importing] = plugin_loading._hanging.values()
    may_end.set()
    importing.join(20)

    assert chosen(site.plugins()) == "slow"
    assert chosen(first) == "good"


def test_a_client_made_while_its_own_package_is_imported_finds_the_package_s_plugin(site: Any) -> None:
    """An application that brings a plugin may make its client at import: nobody waits for anybody."""
    site.store("app-wheel", "app", 9)
    module = site.modules[-1]
    package = site.folder / "zcrm_test_application"
    package.mkdir()
    source = (site.folder / f"{module}.py").read_text(encoding="utf-8")
    (package / "plugin.py").write_text(f"import zcrm_test_application\n{source}", encoding="utf-8")
    (package / "__init__.py").write_text(
        f"from zcrm_core import Client\nclient = Client({BASE!r} | {{'token_store': 'app'}})\n",
        encoding="utf-8",
    )
    info = site.folder / "app_wheel-1.2.dist-info" / "entry_points.txt"
    info.write_text("[zcrm]\napp = zcrm_test_application.plugin:Plugin\n", encoding="utf-8")

    assert run("import zcrm_test_application as a; print(a.client.token_store)", site.folder) == "app"


def test_a_store_object_is_made_in_the_thread_of_the_client(site: Any) -> None:
    """Only the import has a thread of its own: what belongs to a thread, as SQLite's connections, is here."""
    more = (
        "\n    def __init__(self):\n        import threading\n        self.made_in = threading.get_ident()\n"
    )
    site.store("sqlite-wheel", "sqlite", 9, more)
    plugins = site.plugins()

    made: Any = plugins._manager.get_plugin("sqlite")
    assert made.found.plugin.made_in == threading.get_ident()


def test_every_method_that_changes_pluggy_s_manager_is_closed() -> None:
    """What a later pluggy adds is either known to only look, or is closed as well."""
    looks = {
        *("check_pending", "get_canonical_name", "get_hookcallers", "get_name", "get_plugin", "get_plugins"),
        *("has_plugin", "is_blocked", "is_registered", "list_name_plugin", "list_plugin_distinfo"),
        *("list_plugin_distributions", "parse_hookimpl_opts", "parse_hookspec_opts", "subset_hook_caller"),
    }
    methods = {name for name in dir(pluggy.PluginManager) if not name.startswith("_")}

    assert methods - looks - set(_CHANGES) == set()


def test_nothing_is_registered_after_the_client_is_made(site: Any) -> None:
    """A plugin that comes late is refused with the cure, by every way, and changes nothing."""
    plugins = site.plugins()
    late = Everything("late", 99)

    manager = plugins._manager
    for way in (
        lambda: plugins.register(late),
        lambda: manager.register(late),
        lambda: manager.unregister(name="good"),
        lambda: manager.set_blocked("good"),
        lambda: manager.unblock("good"),
        lambda: manager.add_hookspecs(late),
        lambda: manager.load_setuptools_entrypoints("zcrm"),
        lambda: manager.add_hookcall_monitoring(print, print),
        manager.enable_tracing,
    ):
        with pytest.raises(PluginError, match=r"cannot be changed.*plugins=\[it\]") as caught:
            way()
        assert caught.value.code == "ZCRM-PLUGIN-008"

    assert [info.name for info in plugins] == ["good"]
    assert chosen(plugins) == "good"


STORE_WITH_KEY = """
    config_keys = {"my_url": "where"}
Plugin.claims = lambda self, config: "my_url" in config
"""
FAILING = """
    config_keys = {"odd_url": "where"}
Plugin.claims = lambda self, config: 1 / 0
"""
NONSENSE = """
    config_keys = {"odd_url": "where"}
    priority = "high"
"""


def keyed(site: Any, **keys: str) -> Config:
    """A configuration with keys of plugins."""
    return Config({**BASE, **keys}, plugin_keys=site.plugins().config_keys())


@pytest.mark.parametrize(("more", "says"), [(FAILING, "ZeroDivisionError"), (NONSENSE, "StoreClaim")])
def test_a_store_that_fails_matters_only_where_it_may_be_in_force(site: Any, more: str, says: str) -> None:
    """Where another store is named by its keys or pinned, the client works and the failure is told."""
    site.store("odd-wheel", "odd", 900, more)
    site.store("mine-wheel", "mine", 7, STORE_WITH_KEY)

    for config in (keyed(site, my_url="x"), keyed(site, token_store="good"), keyed(site, token_store="mine")):
        plugins = site.plugins()
        assert chosen(plugins, config) in {"mine", "good"}
        [error] = plugins.failures
        assert "odd (odd-wheel 1.2)" in error.what
        assert says in str(error)
        assert "ZCRM_DISABLE_PLUGINS=odd" in error.fix
        assert [info.name for info in plugins if info.error] == ["odd"]

    for config in (
        CONFIG,
        keyed(site, odd_url="x"),
        keyed(site, odd_url="x", my_url="x"),
        keyed(site, token_store="odd"),
    ):
        with pytest.raises(PluginError, match=r"odd \(odd-wheel 1\.2\)") as caught:
            chosen(site.plugins(), config)
        assert says in str(caught.value)


@pytest.mark.parametrize(("more", "says"), [("1 / 0", "ZeroDivisionError"), ("7", "StoreClaim")])
def test_a_store_that_fails_below_the_one_in_force_stops_nobody(site: Any, more: str, says: str) -> None:
    """It has said what its rank is, so whatever it would have claimed, another store keeps the tokens."""
    site.store("odd-wheel", "odd", 4, f"\nPlugin.claims = lambda self, config: {more}\n")
    plugins = site.plugins()

    assert chosen(plugins) == "good"  # its rank is 5, and no key names it
    [error] = plugins.failures
    assert "odd (odd-wheel 1.2)" in error.what
    assert says in str(error)
    with pytest.raises(PluginError, match=r"odd \(odd-wheel 1\.2\)"):
        chosen(site.plugins(), CONFIG.replace(token_store="odd"))


@pytest.mark.parametrize(
    "odd",
    [
        "Plugin.priority = 5",
        "Plugin.priority = 6",
        "Plugin.priority = property(lambda self: 4)",
        "Plugin.priority = True",
        "Plugin.zcrm_token_store = hookimpl(lambda self, config: 1 / 0)",
    ],
)
def test_a_store_that_fails_and_may_rank_higher_is_the_client_s_failure(site: Any, odd: str) -> None:
    """A rank that is equal, higher, worked out, none, or a claim of its own: tokens might be its to keep."""
    source = f"\nfrom zcrm_core import hookimpl\nPlugin.claims = lambda self, config: 1 / 0\n{odd}\n"
    site.store("odd-wheel", "odd", 4, source)

    with pytest.raises(PluginError, match=r"odd \(odd-wheel 1\.2\)"):
        chosen(site.plugins())


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("Plugin.fetch = lambda *_: 1 / 0", "ZeroDivisionError"),
        ("Plugin.fetch = lambda *_: 'a token'", "str"),
    ],
)
def test_the_store_in_force_is_named_when_it_fails(site: Any, more: str, says: str) -> None:
    """A hook that raises or answers nonsense is told with plugin, wheel and cure; no store takes over."""
    site.store("odd-wheel", "odd", 900, f"\n{more}\n")
    store = Store(site.plugins(), CONFIG)

    with pytest.raises((StoreError, PluginError), match=r"odd \(odd-wheel 1\.2\)") as caught:
        store.fetch(TokenKey("u", "1000.A", "production"))

    assert says in str(caught.value)
    assert "orrect or update the store" in caught.value.fix


@pytest.mark.parametrize("answer", ["raise OSError('no net')", "return 'https://x.example'"])
def test_a_region_plugin_whose_keys_are_not_set_fails_nobody(site: Any, answer: str) -> None:
    """A gateway that is not configured cannot break the clients that go to Zoho; one that is, does."""
    source = (
        f"from zcrm_core import hookimpl\n@hookimpl\ndef zcrm_choose_region(config): {answer}\n"
        "@hookimpl\ndef zcrm_config_keys(): return {'gateway_url': 'where'}\n"
    )
    site.install("region-wheel", source, "elsewhere")
    plugins = site.plugins()

    assert resolve(CONFIG.replace(region="eu"), plugins) == DATA_CENTRES["eu"]
    [error] = plugins.failures
    assert "elsewhere (region-wheel 1.2)" in error.what
    with pytest.raises(PluginError, match=r"elsewhere \(region-wheel 1\.2\)"):
        resolve(keyed(site, gateway_url="x"), site.plugins())
    with pytest.raises(ConfigError, match=r"no region private.*elsewhere"):
        resolve(CONFIG.replace(region="private"), site.plugins())


def test_a_logger_that_fails_is_named_with_its_wheel(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The note in the standard log has plugin, wheel, version and cure; the call goes on."""
    source = "from zcrm_core import hookimpl\n@hookimpl\ndef zcrm_log(event): raise OSError('SECRET')\n"
    site.install("log-wheel", source, "logger")

    EventLog(site.plugins()).emit("request", 20, "it happened")

    assert "OSError in logger (log-wheel 1.2)" in caplog.text
    assert "ZCRM_DISABLE_PLUGINS=logger" in caplog.text
    assert "SECRET" not in caplog.text


class Everything(TokenStorePlugin):
    """A store that claims everything."""

    def __init__(self, name: str, priority: int) -> None:
        self.name = name
        self.priority = priority

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Literal[True]:
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return None

    def delete(self, config: Config, key: TokenKey) -> bool:
        return False


def test_a_store_cannot_take_the_name_of_another(site: Any) -> None:
    """A pin that two stores answer to is refused, even when one of them has the higher rank."""
    site.store("good-twin", "thief", 900, "\nPlugin.name = 'good'\n")
    plugins = site.plugins()

    with pytest.raises(PluginError, match=r"thief.*good.*go by the name good") as caught:
        chosen(plugins, CONFIG.replace(token_store="good"))

    assert caught.value.fix == (
        "To use thief (good-twin 1.2): token_store = thief. "
        "To use good (good-wheel 1.2): set ZCRM_DISABLE_PLUGINS=thief, or pip uninstall good-twin."
    )
    assert chosen(plugins, CONFIG.replace(token_store="thief")) == "thief"
    without = Plugins(installed=site.entries(), disabled=["thief"])
    assert chosen(without, CONFIG.replace(token_store="good")) == "good"


def test_a_store_that_fails_does_not_leave_its_name_to_another(site: Any) -> None:
    """The store that a pin means fails; one that goes by its name does not get the tokens instead."""
    site.store("one-wheel", "one", 8, "\nPlugin.claims = lambda *_: 1 / 0\n")
    site.store("thief-wheel", "thief", 9, "\nPlugin.name = 'one'\n")

    with pytest.raises(PluginError, match=r"one \(one-wheel 1\.2\) failed") as caught:
        chosen(site.plugins(), CONFIG.replace(token_store="one"))

    assert caught.value.code == "ZCRM-PLUGIN-003"


def test_the_cure_for_stores_of_one_rank_is_a_name_of_one_store_alone(site: Any) -> None:
    """Each of them is told with what chooses it, even where a third store goes by its name."""
    site.store("one-wheel", "one", 900)
    site.store("two-wheel", "two", 900, "\nPlugin.name = 'second'\n")
    site.store("thief-wheel", "thief", 1, "\nPlugin.name = 'one'\n")
    passed = Everything("mine", 900)
    plugins = Plugins(given=[passed], installed=site.entries(), disabled=[])

    with pytest.raises(PluginError, match="have the priority 900") as caught:
        chosen(plugins)

    assert caught.value.fix == (
        "To use mine (passed by the program): token_store = mine. "
        "To use one (one-wheel 1.2): do not pass mine to the client and set ZCRM_DISABLE_PLUGINS=two, "
        "or pip uninstall two-wheel. To use two (two-wheel 1.2): token_store = two."
    )
    assert chosen(plugins, CONFIG.replace(token_store="second")) == "two"
    alone = Plugins(installed=site.entries(), disabled=["two"])
    assert chosen(alone) == "one"


def test_a_module_of_functions_can_be_the_program_s_own_store(site: Any) -> None:
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


def test_a_fresh_process_finds_wheels_and_isolates_the_broken_one(site: Any) -> None:
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
def test_a_region_plugin_that_fails_is_named(site: Any, answer: str, says: str) -> None:
    """An error or nonsense about the region names the plugin that gave it, with its wheel."""
    source = f"from zcrm_core import hookimpl\n@hookimpl\ndef zcrm_choose_region(config): {answer}\n"
    site.install("region-wheel", source, "elsewhere")

    with pytest.raises(PluginError, match=r"elsewhere \(region-wheel 1\.2\)") as caught:
        resolve(CONFIG, site.plugins())

    assert says in str(caught.value)
    assert caught.value.code == "ZCRM-PLUGIN-003"
    assert "ZCRM_DISABLE_PLUGINS=elsewhere" in caught.value.fix


def test_a_region_that_several_plugins_know_does_not_depend_on_installation(site: Any) -> None:
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


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(order=st.permutations(range(5)), priorities=st.lists(st.integers(-3, 3), min_size=5, max_size=5))
def test_the_order_of_installation_decides_nothing(
    site: Any, order: list[int], priorities: list[int]
) -> None:
    """Wheels found in another order give the same store, or the same error naming the same two."""
    modules = {f"s{number}": Everything(f"s{number}", priority) for number, priority in enumerate(priorities)}
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


@pytest.mark.parametrize(
    ("pin", "says", "fix"),
    [
        ("odd", "no_such_module_here", "ZCRM_DISABLE_PLUGINS=odd"),
        ("Good", "The stores installed are: good.", "Did you mean good? If not, install the wheel"),
        ("vault", "The stores installed are: good.", "Install the wheel that brings vault"),
        ("mysql", "The stores installed are: good.", "Install zcrm-store-mysql"),
    ],
)
def test_a_pinned_store_that_is_not_there_is_told_with_the_cure_that_helps(
    site: Any, pin: str, says: str, fix: str
) -> None:
    """One that is broken is to be corrected, one that is misspelt is guessed, and only others are fetched."""
    site.install("odd-wheel", "import no_such_module_here\n", "odd")

    with pytest.raises(PluginError, match=f"There is no token store named {pin}") as caught:
        site.plugins().choose_store(Config({**BASE, "token_store": pin}))

    assert says in caught.value.why
    assert caught.value.fix.startswith(fix) or (pin == "odd" and fix in caught.value.fix)
    assert ("nstall" in caught.value.fix) == (pin != "odd")


def test_a_pinned_store_that_may_be_the_failing_one_is_not_said_to_be_missing(site: Any) -> None:
    """The name that a store claims is not known while its claim fails, so that failure is the client's."""
    site.store("odd-wheel", "odd", 900, "\n    def claims(self, config): raise OSError('no disk')\n")

    with pytest.raises(PluginError) as caught:
        site.plugins().choose_store(Config({**BASE, "token_store": "vault"}))

    assert "odd (odd-wheel 1.2) failed in zcrm_token_store" in caught.value.what


def test_a_store_adds_its_keys_by_their_documented_names(site: Any) -> None:
    """Another spelling of one of its own keys is refused, for the configuration would never hold it."""
    keys = "\n    config_keys = {'persistence_handler_path': 'where'}\n"
    site.store("zcrm-store-custom", "custom", 300, keys)

    [error] = site.plugins().failures

    assert "another spelling of persistence_handler_class_path" in error.why
