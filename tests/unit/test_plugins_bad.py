"""Does a badly written plugin get a message that its author can use, and leave everybody else alone?"""

from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

import zcrm_core
from zcrm_core import (
    Client,
    Config,
    LogEvent,
    PluginError,
    Token,
    TokenKey,
    TokenStorePlugin,
    hookimpl,
)
from zcrm_core.log import EventLog
from zcrm_core.plugins import Plugins
from zcrm_core.regions import DATA_CENTRES, DataCentres, resolve
from zcrm_core.store import Store

BASE = {"client_id": "1000.A", "client_secret": "topsecret-of-the-client"}
CONFIG = Config({**BASE, "token_store": "good"})
KEY = TokenKey("u", "1000.A", "production")
TOKEN = Token("u", "access", "refresh", 7)

_NUMBER = re.compile(r"bad-(\d+)")
HOOK = "from zcrm_core import *\n@hookimpl\ndef "
STORE = """
from contextlib import contextmanager
from zcrm_core import TokenStorePlugin, hookimpl
class Plugin(TokenStorePlugin):
    name = "bad"
    priority = 9
    def claims(self, config): return True
    def save(self, config, key, token, replaces): return True
    def fetch(self, config, key): return None
    def delete(self, config, key): return False
"""
NEVER_USED = {
    # what the import or the class does
    "leaves Python": ("raise SystemExit(3)", "SystemExit: 3"),
    "stops a generator that is none": ("raise GeneratorExit", "GeneratorExit"),
    "an end of its own": ("class End(BaseException): pass\nraise End('now')", "End: now"),
    "an error whose text fails": (
        "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd",
        "Odd: its text cannot be read: ZeroDivisionError",
    ),
    "an error with an alarm": ("raise OSError('\\x1b[2J\\x07 all gone\\nok')", r"\x1b[2J\x07 all gone ok"),
    "an error without an end": ("raise OSError('x' * 10**6)", "xxx..."),
    "a class that leaves Python": (STORE + "    def __init__(self): raise SystemExit\n", "SystemExit"),
    # what it is
    "no hook at all": ("x = 1", "no hook"),
    "a function": ("def Plugin(): pass", "no hook: no function of this function"),
    "a text": ("Plugin = 'zcrm_log'", "no hook"),
    "nothing": ("Plugin = None", "no hook"),
    "hooks behind another name": (HOOK + "zcrm_log(event): pass\ndef Plugin(): pass", "no hook"),
    "a list of its parts that fails": (
        "class Plugin:\n    def __dir__(self): raise SystemExit('no')",
        "Looking at it ended in SystemExit: no",
    ),
    # hooks that nobody would call
    "unmarked": ("def zcrm_log(event): pass", "zcrm_log is not marked with hookimpl"),
    "unmarked beside a good one": (
        HOOK + "zcrm_config_keys(): return {}\ndef zcrm_log(event): pass",
        "zcrm_log is not marked with hookimpl",
    ),
    "unmarked and misspelt": ("def zcrm_logs(event): pass", "did you mean zcrm_log, with @hookimpl above it"),
    "an override unmarked": (
        STORE + "    def zcrm_save_token(self, key, token): return True\n",
        "zcrm_save_token is not marked with hookimpl",
    ),
    "a partial": (
        "import functools\nzcrm_log = functools.partial(print)",
        "zcrm_log is partial and is not marked",
    ),
    "a property": (
        "class Plugin:\n    @property\n    def zcrm_log(self): raise OSError",
        "zcrm_log is property and is not marked",
    ),
    "misspelt": (HOOK + "zcrm_choose_regoin(config): pass", "Did you mean zcrm_choose_region?"),
    "misspelt, as optional": (
        "from zcrm_core import *\n@hookimpl(optionalhook=True)\ndef zcrm_logg(event): pass",
        "There is no hook zcrm_logg. Did you mean zcrm_log?",
    ),
    "one hook twice": (
        HOOK + "zcrm_log(event): pass\n@hookimpl(specname='zcrm_log')\ndef other(event): pass",
        "other and zcrm_log are both zcrm_log",
    ),
    # hooks that could not be called
    "async": ("from zcrm_core import *\n@hookimpl\nasync def zcrm_log(event): pass", "zcrm_log is async"),
    "an async generator": (
        "from zcrm_core import *\n@hookimpl\nasync def zcrm_log(event): yield",
        "zcrm_log is async",
    ),
    "a yield": (HOOK + "zcrm_choose_region(config): yield", "zcrm_choose_region has a yield"),
    "a wrapper without one": (
        "from zcrm_core import *\n@hookimpl(wrapper=True)\ndef zcrm_log(event): pass",
        "marked as a wrapper and has no yield",
    ),
    "a wrapper of keys": (
        "from zcrm_core import *\n@hookimpl(wrapper=True)\ndef zcrm_config_keys(): return (yield)",
        "cannot be wrapped",
    ),
    "an unknown argument": (HOOK + "zcrm_log(happening): pass", "happening: it may take event"),
    "an argument where there is none": (HOOK + "zcrm_config_keys(config): pass", "it takes none"),
    "by keyword": (HOOK + "zcrm_log(*, event): pass", "has the argument event, which no hook gets"),
    "any arguments": (HOOK + "zcrm_log(*a, **k): pass", "has the argument *a, which no hook gets"),
    "a default": (HOOK + "zcrm_log(event=None): pass", "default for event"),
    # methods of a store
    "a method with another signature": (
        STORE + "    def fetch(self, key): return None\n",
        "method fetch cannot be called as fetch(config, key): it takes (key)",
    ),
    "a method without self": (STORE + "    def delete(config, key): return True\n", "delete(config, key)"),
    "an async method": (
        STORE + "    async def save(self, config, key, token, replaces): return True\n",
        "save(config, key, token, replaces) is async",
    ),
    "a method with a yield": (
        STORE + "    def fetch(self, config, key): yield\n",
        "fetch(config, key) has a",
    ),
    "a lock without a manager": (
        STORE + "    def lock(self, config, key, wait): yield\n",
        "with contextlib.contextmanager above it",
    ),
    "a lock that takes too little": (
        STORE + "    @contextmanager\n    def lock(self, config, key): yield\n",
        "lock(config, key, wait)",
    ),
    "a problem that takes nothing": (STORE + "    def problem(self): return None\n", "problem(config)"),
    "a property for a method": (
        STORE + "    @property\n    def reason(self): raise OSError\n",
        "Its reason is a property and not a method",
    ),
    "a text for a method": (STORE + "    reason = 'always'\n", "Its reason is str and not a method"),
    # keys
    "keys in a list": (HOOK + "zcrm_config_keys(): return ['my_url']", "list instead of a mapping"),
    "keys in pairs": (HOOK + "zcrm_config_keys(): return [('my_url', 'x')]", "list instead of a mapping"),
    "keys that leave Python": (HOOK + "zcrm_config_keys(): raise SystemExit", "SystemExit"),
    "a key of the core": (
        HOOK + "zcrm_config_keys(): return {'client_secret': 'mine'}",
        "'client_secret', which is a key of the core already",
    ),
    "a key of another store": (
        STORE + "    config_keys = {'token_persistence_path': 'where'}\n",
        "'token_persistence_path', which is a key of the store file already",
    ),
    "another spelling of a key": (
        HOOK + "zcrm_config_keys(): return {'mysql_host': 'mine'}",
        "another spelling of db_host",
    ),
    "a key in lower case that is camel case": (
        HOOK + "zcrm_config_keys(): return {'apibaseurl': 'mine'}",
        "another spelling of api_base_url",
    ),
    "a key with blanks": (HOOK + "zcrm_config_keys(): return {'my url': 'x'}", "'my url', which is no name"),
    "a key in capitals": (HOOK + "zcrm_config_keys(): return {'MyUrl': 'x'}", "no name for one"),
    "an empty key": (HOOK + "zcrm_config_keys(): return {'': 'x'}", "no name for one"),
    "a key with an alarm": (HOOK + "zcrm_config_keys(): return {'\\x07': 'x'}", r"\\x07"),
    "a switch for a key": (
        HOOK + "zcrm_config_keys(): return {'disable_plugins': 'x'}",
        "ZCRM_DISABLE_PLUGINS is something else",
    ),
    "a key of tests": (HOOK + "zcrm_config_keys(): return {'test_url': 'x'}", "ZCRM_TEST_URL is something"),
}


@pytest.mark.parametrize(("source", "says"), NEVER_USED.values(), ids=NEVER_USED)
def test_a_plugin_that_could_never_work_is_told_when_it_is_found(site: Any, source: str, says: str) -> None:
    """The failure names plugin, wheel, version, the fault and a cure, in one line; the good store works."""
    attribute = "Plugin" if "Plugin" in source else ""
    site.install("bad-wheel", source, "bad", attribute=attribute, version="0.9")
    plugins = site.plugins()
    [error] = plugins.failures

    assert "bad (bad-wheel 0.9)" in error.what
    assert says in error.why
    assert "ZCRM_DISABLE_PLUGINS=bad" in error.fix
    assert str(error).isprintable()
    assert len(str(error)) < 1200
    assert plugins.choose_store(CONFIG)[0].plugin.name == "good"
    assert plugins.config_keys() == {}
    with pytest.raises(PluginError, match=r"bad \(bad-wheel 0\.9\)"):
        plugins.choose_store(CONFIG.replace(token_store="bad"))


def test_all_of_them_at_once_leave_the_good_ones_alone(site: Any) -> None:
    """However many broken wheels are installed, each is named once and the good store and logger work."""
    for number, (source, _) in enumerate(NEVER_USED.values()):
        attribute = "Plugin" if "Plugin" in source else ""
        site.install(f"bad-wheel-{number}", source, f"bad-{number}", attribute=attribute)
    told = Recording("told")
    plugins = Plugins(core=[DataCentres()], given=[told], installed=site.entries(), disabled=[])

    for number, error in enumerate(
        sorted(plugins.failures, key=lambda error: int(_NUMBER.findall(error.what)[0]))
    ):
        assert f"bad-{number} (bad-wheel-{number} 1.2)" in error.what
    assert len(plugins.failures) == len(NEVER_USED)
    assert Store(plugins, CONFIG).fetch(KEY) is None
    assert resolve(CONFIG, plugins) == DATA_CENTRES["us"]
    EventLog(plugins).emit("something", 20, "it happened")
    assert [event.name for event in told.events] == ["something"]


def test_a_plugin_that_cannot_be_compared_or_hashed_works() -> None:
    """A dataclass, which has no hash, and an object that compares in odd ways are plugins like any other."""

    class Odd(Recording):
        __hash__ = None  # type: ignore[assignment] # as a dataclass has it

        def __eq__(self, other: object) -> bool:
            raise OSError("compared")

    one, two = Odd("one"), Odd("two")
    plugins = Plugins(given=[one, two], installed=[], disabled=[])

    EventLog(plugins).emit("something", 20, "it happened")

    assert [info.name for info in plugins] == ["one", "two"]
    assert (len(one.events), len(two.events)) == (1, 1)


def test_looking_at_a_plugin_runs_none_of_its_properties() -> None:
    """A property that fails, or works for long, is no hook and is left alone."""

    class Lazy(Recording):
        @property
        def connection(self) -> NoReturn:
            raise SystemExit("it was looked at")

    assert not Plugins(given=[Lazy("lazy")], installed=[], disabled=[]).failures


class Recording:
    """A logging plugin that remembers."""

    def __init__(self, name: object) -> None:
        self.name = name
        self.events: list[LogEvent] = []

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        self.events.append(event)


class Nameless(Recording):
    """An object whose name cannot be asked for."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    @property
    def name(self) -> NoReturn:  # type: ignore[override] # a badly written plugin
        raise self.error


class Memory(TokenStorePlugin):
    """A store that keeps tokens in a dict."""

    name = "memory"
    priority = 500

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Any:
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None

    def list(self, config: Config) -> Any:
        return list(self.tokens)

    def lock(self, config: Config, key: TokenKey, wait: float) -> Any:
        return Lock()

    def manage(self, config: Config, action: str) -> Any:
        return [action]


class Lock:
    """A lock that everybody gets."""

    def __enter__(self) -> None:
        """Nothing is in the way."""

    def __exit__(self, *_error: object) -> None:
        """Nothing to be undone."""


@pytest.mark.parametrize(
    ("plugin", "says"),
    [
        (Recording, "It is a class, not an object: pass Recording()."),
        (Memory, "It is a class, not an object: pass Memory()."),
        (None, "It has no hook"),
        ("text", "It has no hook"),
        (SimpleNamespace(zcrm_log=print), "zcrm_log is builtin_function_or_method and is not marked"),
        (Nameless(ValueError("no")), "ValueError: no"),
        (Nameless(SystemExit("no")), "SystemExit: no"),
        (Recording(""), "Its name '' is none"),
        (Recording("a,b"), "Its name 'a,b' is none"),
        (Recording(" a"), "Its name 'a' is none"),
        (Recording("\x1b[2J"), r"\\x1b[2J"),
        (Recording("n" * 101), "use up to 100 characters"),
    ],
)
def test_a_program_that_passes_a_bad_plugin_is_told_which(plugin: object, says: str) -> None:
    """The client is not made; the error names the object or its class, and the cure is in the program."""
    with pytest.raises(PluginError, match="passed by the program") as caught:
        Client({**BASE, "token_store": "file", "token_persistence_path": "unused"}, plugins=[plugin])

    assert says in caught.value.why
    assert caught.value.fix == "Correct it; the program passes it to the client."
    assert str(caught.value).isprintable()


def test_a_class_is_not_taken_for_a_store_object() -> None:
    """A class passed as token_store is told as what it is, and so is a store whose name fails."""
    with pytest.raises(PluginError, match=r"Memory.*pass Memory\(\)|memory.*pass Memory\(\)"):
        Client(BASE, token_store=Memory)

    class Odd(Memory):
        @property
        def name(self) -> NoReturn:  # type: ignore[override] # a badly written plugin
            raise OSError("no name")

    with pytest.raises(PluginError, match=r"Odd \(passed by the program\).*OSError: no name"):
        Client(BASE, token_store=Odd())


def test_half_a_store_is_not_taken_for_a_class_with_methods() -> None:
    """An object with some of a store's hooks is told what it lacks, in the words of the hooks."""

    class Half:
        @hookimpl
        def zcrm_save_token(self, token: Token) -> bool:
            return True

    with pytest.raises(PluginError, match="without zcrm_token_store"):
        Client(BASE, token_store=Half())


# -- wheels that cannot be read ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a,b", "\x1b[2J"])
def test_an_entry_point_with_an_odd_name_is_left_out(site: Any, name: str) -> None:
    """A name that could not be disabled, or not be seen, is the fault of its wheel."""
    site.install("bad-wheel", HOOK + "zcrm_log(event): pass", name)

    [error] = site.plugins().failures

    assert "bad-wheel 1.2" in error.what
    assert "Its name" in error.why
    assert str(error).isprintable()


@pytest.mark.parametrize("target", ["", "not a name!", "zcrm_no_such:", "os:no_such"])
def test_an_entry_point_that_leads_nowhere_is_left_out(target: str) -> None:
    """What cannot be looked up is the plugin's failure, however the entry point is written."""
    plugins = Plugins(installed=[EntryPoint("bad", target, "zcrm")], given=[Memory()], disabled=[])

    assert plugins.failures[0].code == "ZCRM-PLUGIN-002"
    assert "bad (unknown wheel ?)" in plugins.failures[0].what
    assert plugins.choose_store(CONFIG.replace(token_store="memory"))[0].plugin.name == "memory"


@pytest.mark.parametrize(
    "target", ["", "not a name", "acme-store", "acme:", "acme:store()", "a..b", ".a", "a."]
)
def test_an_entry_point_that_is_malformed_is_shown_with_the_right_form(site: Any, target: str) -> None:
    """Its author reads the line as it stands in the wheel, the wheel with its version, and what to write."""
    site.install("odd-wheel", "", "odd")
    [file] = site.folder.glob("odd_wheel-1.2.dist-info/entry_points.txt")
    file.write_text(f"[zcrm]\nodd = {target}\n", encoding="utf-8")

    [error] = site.plugins().failures

    assert error.code == "ZCRM-PLUGIN-002"
    assert error.what == "The plugin odd (odd-wheel 1.2) cannot be loaded."
    written = f"odd = {target}".strip()
    assert error.why == f"The entry point [zcrm] '{written}' of the wheel odd-wheel 1.2 is malformed."
    assert "odd = package.module or odd = package.module:Object. Or: Correct, update" in error.fix


@pytest.mark.parametrize("target", ["{} : Plugin", "{}:Plugin [extra, other]", "{}:Plugin.itself"])
def test_an_entry_point_may_be_written_in_every_form_that_python_takes(site: Any, target: str) -> None:
    """Blanks, the extras of older wheels and an object within another are no faults."""
    site.store("odd-wheel", "odd", 7, "\nPlugin.itself = Plugin\n")
    [file] = site.folder.glob("odd_wheel-1.2.dist-info/entry_points.txt")
    file.write_text(f"[zcrm]\nodd = {target.format(site.modules[-1])}\n", encoding="utf-8")

    assert site.plugins().failures == []


def installed_entries(folder: Path, monkeypatch: pytest.MonkeyPatch, *more: Path) -> None:
    """Let this folder, and more behind it, be all that is installed."""
    for name in zcrm_core.__all__:  # loaded when it is first used, which a plugin could not do from here on
        getattr(zcrm_core, name)
    monkeypatch.setattr(sys, "path", [str(folder), *map(str, more)])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # importlib's, on a wheel without a name
def test_a_wheel_without_a_description_takes_nobody_down(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its plugins are used; nobody knows the wheel's name."""
    site.install("bad-wheel", HOOK + "zcrm_log(event): raise OSError", "bad")
    (site.folder / "bad_wheel-1.2.dist-info" / "METADATA").unlink()
    installed_entries(site.folder, monkeypatch)

    infos = {info.name: info for info in Plugins(disabled=[])}

    assert infos["good"].error is infos["bad"].error is None
    assert infos["bad"].wheel == "unknown wheel"


@pytest.mark.parametrize("content", [b"[zcrm]\nno equals sign\n", b"[zcrm]\nx = \xff\xfe\n"])
def test_a_wheel_with_damaged_entry_points_takes_nobody_down(
    site: Any, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own lookup fails as a whole; the wheel at fault is named and the others' plugins are used."""
    site.install("bad-wheel", "", "bad")
    (site.folder / "bad_wheel-1.2.dist-info" / "entry_points.txt").write_bytes(content)
    installed_entries(site.folder, monkeypatch)

    plugins = Plugins(disabled=[])
    [error] = plugins.failures

    assert "The wheel bad-wheel 1.2 cannot be read" in error.what
    assert error.fix == "Install it again, or remove it."
    assert plugins.choose_store(CONFIG)[0].plugin.name == "good"


def test_of_a_wheel_that_is_there_twice_the_first_one_counts(
    site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Beside a damaged wheel as without one: an older copy further down the path is never imported."""
    site.install("two-wheel", HOOK + "zcrm_log(event): pass", "two", version="2.0")
    older = type(site)(tmp_path_factory.mktemp("older"))
    older.install("two-wheel", HOOK + "zcrm_log(event): pass", "two", version="1.0")
    installed_entries(site.folder, monkeypatch, older.folder)
    versions = []

    for damage in ("", "no equals sign"):
        older.install(f"bad-wheel{len(damage)}", "", "bad")
        info = older.folder / f"bad_wheel{len(damage)}-1.2.dist-info"
        (info / "entry_points.txt").write_text(f"[zcrm]\n{damage}\n", encoding="utf-8")
        found = {each.name: each for each in Plugins(disabled=[])}
        versions.append((found["two"].version, found["two"].error, len(found)))

    assert versions == [("2.0", None, 2), ("2.0", None, 3)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # importlib's, on a wheel without a name
def test_wheels_without_a_description_are_several_beside_a_damaged_one(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows their names, so none of them is taken for a copy of another."""
    for number in ("one", "two"):
        site.install(f"{number}-wheel", HOOK + "zcrm_log(event): pass", number)
        (site.folder / f"{number}_wheel-1.2.dist-info" / "METADATA").unlink()
    site.install("bad-wheel", "", "bad")
    (site.folder / "bad_wheel-1.2.dist-info" / "entry_points.txt").write_text("[zcrm]\n?\n", encoding="utf-8")
    installed_entries(site.folder, monkeypatch)

    assert {info.name for info in Plugins(disabled=[]) if info.error is None} == {"good", "one", "two"}


# -- keys of one another -------------------------------------------------------------------------------

KEYED = HOOK + "zcrm_config_keys(): return {'shared_url': 'where'}"


def test_one_key_of_two_wheels_leaves_both_out(site: Any) -> None:
    """Each of the two is named with the other, and nothing depends on their order."""
    site.install("one-wheel", KEYED, "one")
    site.install("two-wheel", KEYED, "two")
    first, second = site.plugins().failures

    assert {first.code, second.code} == {"ZCRM-PLUGIN-009"}
    assert (
        "one (one-wheel 1.2) adds the configuration key shared_url, as two (two-wheel 1.2) does" in first.what
    )
    assert "ZCRM_DISABLE_PLUGINS=two" in second.fix
    assert site.plugins().config_keys() == {}
    assert Plugins(installed=site.entries(), disabled=["one"]).config_keys() == {"shared_url": "where"}


def test_a_stranger_cannot_switch_off_a_store_of_ours_by_taking_its_key(site: Any) -> None:
    """The stranger is left out, and the store that everybody has stays in use."""
    site.install("zcrm-store-mysql", KEYED, "mysql")
    site.install("two-wheel", KEYED, "two")
    [error] = site.plugins().failures

    assert (
        "two (two-wheel 1.2) adds the configuration key shared_url, as mysql (zcrm-store-mysql" in error.what
    )
    assert site.plugins().config_keys() == {"shared_url": "where"}


def test_one_wheel_s_plugins_may_share_a_key_and_the_program_s_own_comes_first(site: Any) -> None:
    """A region and a logger of one author read one key; the program's own object displaces installed ones."""
    site.install("one-wheel", KEYED, "one")
    module = site.modules[-1]
    (site.folder / f"{module}_too.py").write_text(KEYED, encoding="utf-8")
    site.modules.append(f"{module}_too")
    lines = f"[zcrm]\none = {module}\ntoo = {module}_too\n"
    (site.folder / "one_wheel-1.2.dist-info" / "entry_points.txt").write_text(lines, encoding="utf-8")
    assert site.plugins().failures == []

    class Own(Recording):
        @hookimpl
        def zcrm_config_keys(self) -> dict[str, str]:
            return {"shared_url": "where"}

    plugins = Plugins(given=[Own("own")], installed=site.entries(), disabled=[])

    assert {info.name for info in plugins if info.error} == {"one", "too"}
    assert plugins.config_keys() == {"shared_url": "where"}


def test_a_name_to_disable_that_no_plugin_has_is_remarked(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt name leaves its plugin on, so it is said, with the name that was meant."""
    site.install("noisy-wheel", HOOK + "zcrm_log(event): pass", "noisy")
    monkeypatch.setenv("ZCRM_DISABLE_PLUGINS", "nosiy, ,good")
    plugins = Plugins(installed=site.entries())
    [remark] = plugins.remarks

    assert remark.error is not None
    assert (remark.name, remark.error.code) == ("nosiy", "ZCRM-PLUGIN-010")
    assert "Did you mean noisy?" in remark.error.fix
    assert {info.name: info.error is None for info in plugins} == {"good": False, "noisy": True}


def test_what_the_program_passes_stays_in_use_and_that_is_remarked(site: Any) -> None:
    """The variable leaves out what is installed; who believes that it switches off an object is told."""
    site.install("noisy-wheel", HOOK + "zcrm_log(event): pass", "noisy")
    given = [Recording("mine"), Recording("noisy")]
    plugins = Plugins(given=given, installed=site.entries(), disabled=["mine", "noisy", "good"])

    assert {info.name: info.error is None for info in plugins} == {"good": False, "mine": True, "noisy": True}
    assert [remark.name for remark in plugins.remarks] == ["mine", "noisy"]
    for remark in plugins.remarks:
        assert remark.error is not None
        assert remark.error.code == "ZCRM-PLUGIN-010"
        assert f"names {remark.name}, and it is in use: the program passes it" in remark.error.what
        assert "Change the program" in remark.error.fix


def test_a_client_tells_of_a_name_that_no_plugin_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remark is an event like that of any plugin that is not in use."""
    monkeypatch.setenv("ZCRM_DISABLE_PLUGINS", "nosiy")
    told = Recording("told")

    with Client({**BASE, "token_persistence_path": tmp_path}, plugins=[told]):
        [event] = [event for event in told.events if event.name == "plugin_failed"]

    assert (event.fields["plugin"], event.fields["error"]) == ("nosiy", "ZCRM-PLUGIN-010")
