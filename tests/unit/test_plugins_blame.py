"""When a hook fails or answers nonsense, is the one named who did it, and does the rest go on?"""

from __future__ import annotations

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any, NoReturn

import pytest

from zcrm_core import (
    Client,
    Config,
    ConfigError,
    LogEvent,
    PluginError,
    StoreClaim,
    StoreError,
    StoreUnavailable,
    Token,
    TokenKey,
    TokenStorePlugin,
    ZcrmError,
    hookimpl,
)
from zcrm_core.homes import Homes
from zcrm_core.log import EventLog
from zcrm_core.plugins import Plugins
from zcrm_core.regions import DATA_CENTRES, DataCentres, resolve
from zcrm_core.store import Store

SECRET = "topsecret-of-the-client"
BASE = {"client_id": "1000.A", "client_secret": SECRET}
CONFIG = Config(BASE)
KEY = TokenKey("u", "1000.A", "production")
TOKEN = Token("u", "access", "refresh", 7)
HOOK = "from zcrm_core import *\n@hookimpl\ndef "


class Memory(TokenStorePlugin):
    """A store that keeps tokens in a dict; ``before`` runs before each call."""

    name = "memory"
    priority = 500

    def __init__(self, before: Callable[[], object] = dict) -> None:
        self.tokens: dict[TokenKey, Token] = {}
        self.before = before

    def claims(self, config: Config) -> bool:
        return True

    def save(self, config: Config, key: TokenKey, token: Token, replaces: Token | None) -> Any:
        self.before()
        self.tokens[key] = token
        return True

    def fetch(self, config: Config, key: TokenKey) -> Token | None:
        self.before()
        return self.tokens.get(key)

    def delete(self, config: Config, key: TokenKey) -> bool:
        self.before()
        return self.tokens.pop(key, None) is not None

    def list(self, config: Config) -> Any:
        self.before()
        yield from self.tokens

    @contextmanager
    def lock(self, config: Config, key: TokenKey, wait: float) -> Iterator[None]:
        self.before()
        yield

    def manage(self, config: Config, action: str) -> Any:
        self.before()
        return [action]


CALLS: dict[str, Callable[[Store], object]] = {
    "save": lambda store: store.save(KEY, TOKEN, None),
    "fetch": lambda store: store.fetch(KEY),
    "delete": lambda store: store.delete(KEY),
    "list": lambda store: store.list(),
    "lock": lambda store: store.lock(KEY, 1.0).__enter__(),
    "manage": lambda store: store.manage("status"),
}


def store_of(*given: object) -> Store:
    """The one store of these plugins."""
    return Store(Plugins(given=given, installed=[], disabled=[]), CONFIG)


def raising(error: BaseException) -> Callable[[], NoReturn]:
    """A function that raises."""

    def function() -> NoReturn:
        raise error

    return function


class End(BaseException):
    """An end that somebody made up."""


ENDS = [SystemExit(3), GeneratorExit(), End("now")]


# -- what ends the program, and what does not ----------------------------------------------------------


@pytest.mark.parametrize("error", ENDS, ids=repr)
@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_would_end_the_program_is_named(call: str, error: BaseException) -> None:
    """What a store lets out is its failure, whatever it derives from; a token to be saved is kept."""
    with pytest.raises(
        StoreError, match=r"The store memory \(passed by the program\) failed in zcrm_"
    ) as caught:
        CALLS[call](store_of(Memory(raising(error))))

    assert caught.value.__cause__ is error
    assert type(error).__name__ in caught.value.why
    assert call != "save" or caught.value.unsaved is TOKEN


@pytest.mark.parametrize("call", CALLS)
def test_a_signal_s_handler_ends_the_program_from_within_a_store(call: str) -> None:
    """``sys.exit`` in a handler is the program's own word: it is not taken for a failure of the store."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(143)

    earlier = signal.signal(signal.SIGTERM, functools.partial(end))
    try:
        with pytest.raises(SystemExit) as caught:
            CALLS[call](store_of(Memory(lambda: os.kill(os.getpid(), signal.SIGTERM))))
    finally:
        signal.signal(signal.SIGTERM, earlier)

    assert caught.value.code == 143


@pytest.mark.parametrize("kind", ["function", "method", "object", "derived"])
def test_a_handler_is_known_however_it_is_written(kind: str, site: Any) -> None:
    """A function, a method or an object: what it raises while a plugin is imported passes as it is."""

    class Handler:
        def end(self, *_: object) -> NoReturn:
            raise End(kind)

        __call__ = end

    class Derived(Handler):
        """What it inherits is called as well."""

    handlers: dict[str, Any] = {
        "function": lambda *_: Handler().end(),
        "method": Handler().end,
        "object": Handler(),
        "derived": Derived(),
    }
    kill = f"os.kill(os.getpid(), {signal.SIGUSR1:d})"
    source = f"import os\nclass Plugin:\n    def __init__(self): {kill}\n"
    site.install("slow-wheel", source, "slow", attribute="Plugin")
    earlier = signal.signal(signal.SIGUSR1, handlers[kind])
    try:
        with pytest.raises(End, match=kind):
            site.plugins()
    finally:
        signal.signal(signal.SIGUSR1, earlier)


def test_a_green_thread_can_be_ended_within_a_store() -> None:
    """Whoever kills a green thread reaches it in the middle of a store's call, and the thread ends."""
    greenlet = pytest.importorskip("greenlet")  # SQLAlchemy brings it
    waiting = greenlet.greenlet(
        lambda: store_of(Memory(lambda: greenlet.getcurrent().parent.switch("in the store"))).fetch(KEY)
    )

    assert waiting.switch() == "in the store"
    ended = waiting.throw(greenlet.GreenletExit)

    assert isinstance(ended, greenlet.GreenletExit)
    assert waiting.dead


@pytest.mark.parametrize("error", [*ENDS, OSError("SECRET")], ids=repr)
def test_a_logger_that_would_end_the_program_is_named_and_the_call_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """The note has the plugin and the kind of error, never its text; the next logger is told all the same."""
    told: list[str] = []

    class Ending:
        @hookimpl
        def zcrm_log(self) -> None:
            raise error

    class Listening:
        @hookimpl
        def zcrm_log(self, event: Any) -> None:
            told.append(event.name)

    EventLog(Plugins(given=[Listening(), Ending(), Listening()], installed=[])).emit("request", 20, "x")

    assert told == ["request", "request"]
    assert f"{type(error).__name__} in Ending (passed by the program)" in caplog.text
    assert "SECRET" not in caplog.text


def test_a_logger_that_spoils_an_event_spoils_it_for_itself_alone() -> None:
    """What one logger does to the fields, no other is told, and none fails because of it."""
    told: list[dict[str, object]] = []

    class Spoiling:
        @hookimpl
        def zcrm_log(self, event: LogEvent) -> None:
            told.append({**event.fields})
            event.fields.clear()  # type: ignore[attr-defined] # mypy forbids it as well

    EventLog(Plugins(given=[Spoiling(), Spoiling()], installed=[])).emit("request", 20, "x", method="GET")

    assert told == [{"method": "GET"}] * 2


# -- errors of zcrm's own, and secrets ------------------------------------------------------------------

ZCRM_ERRORS = {
    "ConfigError": (
        "z.ConfigError('The key odd_url is odd.', fix='Set odd_url.')",
        "The key odd_url is odd.",
    ),
    "StoreError": ("z.StoreUnavailable('No server.')", "No server."),
    "PluginError": ("z.PluginError('It is broken.')", "It is broken."),
    "SystemExit": ("SystemExit('bye')", "SystemExit: bye"),
}
ODD_KEY = f"{HOOK}zcrm_config_keys(): return {{'odd_url': 'where', 'odd_password': 'what'}}\n"
REGION = f"{ODD_KEY}import zcrm_core as z\n@hookimpl\ndef zcrm_choose_region(config):"


def odd_config(site: Any, **more: str) -> Config:
    """A configuration in which the plugin ``odd`` may be meant."""
    return Config({**BASE, **more}, plugin_keys=site.plugins().config_keys())


@pytest.mark.parametrize(("raised", "says"), ZCRM_ERRORS.values(), ids=ZCRM_ERRORS)
@pytest.mark.parametrize("method", ["claims", "reason"])
def test_a_claim_that_fails_is_named_whatever_it_raises_and_passed_over_where_it_is_not_meant(
    site: Any, method: str, raised: str, says: str
) -> None:
    """Zcrm's own errors too become a PluginError with wheel and cure; another store that is pinned works."""
    more = f"    config_keys = {{'odd_url': 'where'}}\n    def {method}(self, config):\n"
    site.store("odd-wheel", "odd", 900, f"\n{more}        import zcrm_core as z\n        raise {raised}\n")

    plugins = site.plugins()
    assert plugins.choose_store(odd_config(site, token_store="good"))[0].plugin.name == "good"
    [error] = plugins.failures
    with pytest.raises(PluginError) as caught:
        site.plugins().choose_store(odd_config(site, odd_url="x"))

    for each in (error, caught.value):
        assert each.code == "ZCRM-PLUGIN-003"
        assert "odd (odd-wheel 1.2) failed in zcrm_token_store" in each.what
        assert says in str(each)
        assert "ZCRM_DISABLE_PLUGINS=odd" in each.fix


@pytest.mark.parametrize("kind", [kind for kind in ZCRM_ERRORS if kind != "ConfigError"])
def test_a_region_that_fails_is_named_whatever_it_raises_and_passed_over_where_it_is_not_meant(
    site: Any, kind: str
) -> None:
    """As a claim."""
    raised, says = ZCRM_ERRORS[kind]
    site.install("odd-wheel", f"{REGION} raise {raised}\n", "odd")

    plugins = site.plugins()
    assert resolve(CONFIG.replace(region="eu"), plugins) == DATA_CENTRES["eu"]
    [error] = plugins.failures
    with pytest.raises(PluginError) as caught:
        resolve(odd_config(site, odd_url="x"), site.plugins())

    for each in (error, caught.value):
        assert "odd (odd-wheel 1.2) failed in zcrm_choose_region" in each.what
        assert says in str(each)
        assert "ZCRM_DISABLE_PLUGINS=odd" in each.fix

    with pytest.raises(ConfigError, match=r"There is no region moon\.") as unknown:
        resolve(CONFIG.replace(region="moon"), site.plugins())
    assert says in unknown.value.why
    assert "ZCRM_DISABLE_PLUGINS=odd" in unknown.value.fix


@pytest.mark.parametrize("keys", [{"odd_url": "x"}, {"region": "odd"}, {"region": "odd", "odd_url": "x"}])
def test_what_a_region_plugin_says_of_the_configuration_stays_a_config_error(
    site: Any, keys: dict[str, str]
) -> None:
    """The key at fault and its cure come first, under the plugin's name, whether or not its key is set."""
    raised = "z.ConfigError('The key odd_url is odd.', fix='Set odd_url.', code='ZCRM-CONFIG-004')"
    site.install("odd-wheel", f"{REGION} raise {raised}\n", "odd")

    plugins = site.plugins()
    assert resolve(CONFIG.replace(region="eu"), plugins) == DATA_CENTRES["eu"]
    [passed_over] = plugins.failures
    assert "odd (odd-wheel 1.2) failed in zcrm_choose_region" in passed_over.what

    with pytest.raises(ConfigError) as caught:
        resolve(odd_config(site, **keys), site.plugins())

    assert (caught.value.what, caught.value.fix) == ("The key odd_url is odd.", "Set odd_url.")
    assert caught.value.code == "ZCRM-CONFIG-004"
    assert "The plugin odd (odd-wheel 1.2) says so." in caught.value.why
    assert ("Nobody else knows the region odd." in caught.value.why) == ("odd_url" not in keys)
    assert type(caught.value.__cause__) is ConfigError, "its traceback is kept"


def test_the_core_s_own_error_about_the_region_stays_what_it_is() -> None:
    """What the core says of the configured addresses is no plugin's failure."""
    plugins = Plugins(core=[DataCentres()], installed=[])

    with pytest.raises(ConfigError, match="accounts_url is missing"):
        resolve(CONFIG.replace(api_base_url="https://gateway.example"), plugins)


def test_what_a_region_says_of_an_address_that_nobody_configured_fails_no_login(site: Any) -> None:
    """Where a token lives is asked with addresses that are not configured; to refuse those is no failure."""
    source = (
        f"{ODD_KEY}@hookimpl\ndef zcrm_choose_region(config):\n"
        "    if config.region != 'eu': code='as in a cure'; raise KIND('It leads to eu only.')\n"
        "    return Region('odd', *['https://gateway.example'] * 5)\n"
    )
    site.install("odd-wheel", source.replace("KIND", "ConfigError"), "odd")
    config = odd_config(site, odd_url="x", region="eu")
    token = Token("u", "access", None, 7, api_domain="https://www.zohoapis.eu")

    plugins = site.plugins()
    region = resolve(config, plugins)
    assert Homes(config, plugins, region, print).of(token) is region

    site.install("other-wheel", source.replace("KIND", "OSError").replace("odd_", "other_"), "other")
    plugins = site.plugins()
    config = Config({**BASE, "other_url": "x", "region": "eu"}, plugin_keys=plugins.config_keys())
    with pytest.raises(PluginError, match=r"other \(other-wheel 1\.2\)"):
        Homes(config, plugins, region, print).of(token)


LEAKS = [
    "config.client_secret.reveal()",
    "repr(config.client_secret.reveal())",
    "'https://u:' + config.get('odd_password') + '@x'",
    "'https://u:another-one@x'",
    "'Bearer 1000.abc.def'",
]


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("kind", ["OSError", "z.ConfigError"])
@pytest.mark.parametrize("hook", ["zcrm_choose_region", "zcrm_token_store"])
def test_no_secret_is_shown_when_a_plugin_puts_it_into_an_error(
    site: Any, hook: str, kind: str, leak: str
) -> None:
    """The client's secret, a plugin's own password and what looks like a token are masked in every text."""
    source = f"{ODD_KEY}import zcrm_core as z\n@hookimpl\ndef {hook}(config): raise {kind}('no: ' + {leak})\n"
    if hook == "zcrm_token_store":
        for name in ("save", "fetch", "delete"):
            source += f"@hookimpl\ndef zcrm_{name}_token(key): return None\n"
    site.install("odd-wheel", source, "odd")
    config = odd_config(site, odd_url="x", odd_password="pass-of-the-gateway")

    named = ConfigError if (hook, kind) == ("zcrm_choose_region", "z.ConfigError") else PluginError
    with pytest.raises(named, match=r"no: .*odd-wheel 1\.2|odd-wheel 1\.2.*no: ") as caught:
        Store(site.plugins(), config) if hook == "zcrm_token_store" else resolve(config, site.plugins())

    shown = str(caught.value) + "".join(traceback.format_exception(caught.value))
    for secret in (SECRET, "pass-of-the-gateway", "another-one", "abc.def"):
        assert secret not in shown
    assert "**********" in str(caught.value)


def test_no_secret_and_no_alarm_is_shown_when_a_store_puts_it_into_its_reason(site: Any) -> None:
    """What `zcrm plugins` and the log show of a claim is one line, without the client's secret."""
    more = "\n    def reason(self, config): return 'of ' + config.client_secret.reveal() + '\\x1b[2J\\nok'\n"
    site.store("odd-wheel", "odd", 900, more)

    [odd, _good] = site.plugins().candidates(CONFIG)

    assert odd.why == odd.claim.reason == "of **********\\x1b[2J ok"


BAD_REGIONS = {
    "Region('r', None, 'https://a', 'https://a', 'https://a', 'https://a')": "whose parts are not all texts",
    "Region('r', 5, 'https://a', 'https://a', 'https://a', 'https://a')": "whose parts are not all texts",
    "Region('', *['https://a'] * 5)": "whose name cannot be seen whole",
    "Region('\\x1b[2J', *['https://a'] * 5)": "whose name cannot be seen whole",
    "Region('r', *[''] * 5)": "which names the address nothing",
    "Region('r', *['http://gateway.example'] * 5)": "which names the address http://gateway.example",
    "Region('r', *['https://u:p@gateway.example'] * 5)": "which names the address gateway.example",
    "Region('r', *['https://gateway.example/'] * 5)": "which names the address https://gateway.example/",
    "'https://gateway.example'": "with str instead of a Region or None",
    "Region": "with type instead of a Region or None",
    "type('Turning', (Region,), {})('r', *['https://a'] * 5)": "with Turning instead of a Region or None",
    "Region.__new__(Region)": "a region whose parts are not all there",
}


@pytest.mark.parametrize(("answer", "says"), BAD_REGIONS.items())
def test_servers_that_no_token_may_go_to_are_the_plugin_s_fault(site: Any, answer: str, says: str) -> None:
    """The error names plugin, wheel and cure; where the plugin is not meant, the core's answer counts."""
    site.install("odd-wheel", f"{ODD_KEY}@hookimpl\ndef zcrm_choose_region(config): return {answer}\n", "odd")

    with pytest.raises(PluginError, match=r"odd \(odd-wheel 1\.2\) answered zcrm_choose_region") as caught:
        resolve(odd_config(site, odd_url="x"), site.plugins())

    assert says in caught.value.what
    assert "ZCRM_DISABLE_PLUGINS=odd" in caught.value.fix
    assert str(caught.value).isprintable()
    assert resolve(CONFIG, site.plugins()) == DATA_CENTRES["us"]


def test_a_store_that_says_that_it_cannot_be_used_is_named(site: Any) -> None:
    """Its own error stops the client under the store's name, with its code and cure, and shows no secret."""
    more = (
        "\n    def problem(self, config):\n        import zcrm_core as z\n"
        "        text = f'No \\x1b[2J {config.client_secret.reveal()} folder.'\n"
        "        return z.StoreUnavailable(text, fix='Make it.', code='ODD-1')\n"
    )
    site.store("odd-wheel", "odd", 900, more)

    with pytest.raises(StoreError) as caught:
        Store(site.plugins(), CONFIG)

    said = "The store odd (odd-wheel 1.2) cannot be used: No \\x1b[2J ********** folder."
    assert (caught.value.what, caught.value.fix, caught.value.code) == (said, "Make it.", "ODD-1")
    assert caught.value.retryable


@pytest.mark.parametrize(("cause", "kept"), [("'no disk'", True), ("config.client_secret.reveal()", False)])
def test_the_cause_of_a_store_s_word_is_kept_unless_it_shows_a_secret(
    *, site: Any, cause: str, kept: bool
) -> None:
    """A program prints an error with its causes: what stands in them is as public as the error."""
    more = (
        "\n    def problem(self, config):\n        import zcrm_core as z\n"
        f"        said = z.StoreUnavailable('No folder.')\n        said.__cause__ = OSError({cause})\n"
        "        return said\n"
    )
    site.store("odd-wheel", "odd", 900, more)

    with pytest.raises(StoreError, match=r"odd-wheel 1\.2.*No folder") as caught:
        Store(site.plugins(), CONFIG)

    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert isinstance(caught.value.__cause__, OSError) == kept


# -- wrappers ------------------------------------------------------------------------------------------

WRAPPED = {name: f"zcrm_{name}_token" for name in ("save", "fetch", "delete", "lock")} | {
    "list": "zcrm_list_tokens",
    "manage": "zcrm_manage_store",
}


def wrapper(name: str, hook: str, after: Callable[[Any], Any], *, old: bool = False) -> object:
    """A plugin that wraps one hook and makes something of its answer."""

    def new_style() -> Any:
        return after((yield))

    def old_style() -> Any:
        outcome = yield
        outcome.force_result(after(outcome.get_result()))

    plugin = type(name, (), {})()
    mark = hookimpl(hookwrapper=True) if old else hookimpl(wrapper=True)
    setattr(plugin, hook, mark(old_style if old else new_style))
    return plugin


def passing(hook: str) -> object:
    """A plugin that wraps one hook and does nothing."""

    def passes() -> Any:
        return (yield)

    plugin = type("Good", (), {})()
    setattr(plugin, hook, hookimpl(wrapper=True)(passes))
    return plugin


def fails(_answer: object) -> NoReturn:
    """Fail after the answer."""
    raise OSError("the audit is down")


@pytest.mark.parametrize("call", CALLS)
def test_a_wrapper_that_fails_is_named_and_not_the_store(call: str) -> None:
    """The error says who wraps what, with the wrapper's cure; a wrapper that does its work is not named."""
    hook = WRAPPED[call]
    good, audit = passing(hook), wrapper("Audit", hook, fails)
    for given in ((good, audit, Memory()), (Memory(), audit, good)):
        with pytest.raises(StoreError) as caught:
            CALLS[call](store_of(*given))

        assert caught.value.what == (
            f"The plugin Audit (passed by the program), which wraps {hook} of the store memory "
            f"(passed by the program), failed in {hook}."
        )
        assert "OSError" in caught.value.why
        assert caught.value.fix == "Correct it; the program passes it to the client."
        assert call != "save" or caught.value.unsaved is TOKEN


NONSENSE: dict[str, object] = {
    "save": None,
    "fetch": "token",
    "delete": 1,
    "list": [7],
    "lock": "lock",
    "manage": "lines",
}


@pytest.mark.parametrize("call", CALLS)
def test_a_wrapper_that_changes_an_answer_is_named_and_not_the_store(call: str) -> None:
    """An answer that only a wrapper can have made is the wrapper's."""
    audit = wrapper("Audit", WRAPPED[call], lambda _: NONSENSE[call])

    with pytest.raises(
        ZcrmError, match=r"Audit .*which wraps zcrm_\w+ of the store memory .* answered"
    ) as caught:
        CALLS[call](store_of(Memory(), audit))

    assert caught.value.code == "ZCRM-PLUGIN-003"


def test_where_nothing_tells_which_wrapper_it_was_all_of_them_are_named() -> None:
    """Two plugins that share the code of their wrappers are both named, with a cure for each."""
    audits = [
        wrapper("One", "zcrm_fetch_token", lambda each: each),
        wrapper("Two", "zcrm_fetch_token", fails),
    ]

    with pytest.raises(StoreError, match=r"One \(passed by the program\) or Two|Two \(.*\) or One") as caught:
        store_of(Memory(), *audits).fetch(KEY)

    assert caught.value.fix.count("Correct it") == 2


def test_a_wrapper_that_gives_another_user_s_token_is_named() -> None:
    """It is not the store that does not tell users apart."""
    audit = wrapper("Audit", "zcrm_fetch_token", lambda _: Token("U", "access", None, 7))

    with pytest.raises(ZcrmError, match=r"Audit .*which wraps .*gave another user's token for u"):
        store_of(Memory(), audit).fetch(KEY)


class FailingLock(AbstractContextManager[None]):
    """A lock that cannot be taken."""

    def __enter__(self) -> NoReturn:
        raise OSError("no lock")

    def __exit__(self, *_error: object) -> None:
        """Nobody has it."""


def test_what_a_wrapper_puts_in_an_answer_s_place_is_its_own_later_on() -> None:
    """A lock or a list that works only afterwards, and fails, is blamed on who made it."""
    lock = wrapper("Audit", "zcrm_lock_token", lambda _: FailingLock())
    keys = wrapper("Audit", "zcrm_list_tokens", lambda answer: (1 / 0 for _ in (answer, answer)))

    with (
        pytest.raises(StoreError, match=r"Audit .*failed in zcrm_lock_token"),
        store_of(Memory(), lock).lock(KEY, 1),
    ):
        pass
    with pytest.raises(StoreError, match=r"Audit .*failed in zcrm_list_tokens"):
        store_of(Memory(), keys).list()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", [OSError("disk"), SystemExit()], ids=repr)
def test_a_store_that_fails_below_wrappers_is_still_the_one_named(call: str, answer: BaseException) -> None:
    """An error that goes through wrappers keeps its author."""
    hook = WRAPPED[call]
    given = (
        wrapper("One", hook, lambda each: each),
        Memory(raising(answer)),
        wrapper("Two", hook, lambda each: each),
    )

    with pytest.raises(StoreError, match=rf"The store memory \(passed by the program\) failed in {hook}"):
        CALLS[call](store_of(*given))


@pytest.mark.filterwarnings("ignore::pluggy.PluggyTeardownRaisedWarning")
def test_a_wrapper_of_the_old_kind_is_named_as_well() -> None:
    """Pluggy's older wrappers fail and change answers under their own name."""
    with pytest.raises(StoreError, match=r"The plugin Audit .*failed in zcrm_fetch_token"):
        store_of(Memory(), wrapper("Audit", "zcrm_fetch_token", fails, old=True)).fetch(KEY)
    with pytest.raises(PluginError, match=r"The plugin Audit .*answered zcrm_fetch_token with str"):
        store_of(Memory(), wrapper("Audit", "zcrm_fetch_token", lambda _: "x", old=True)).fetch(KEY)


def test_a_wrapper_may_raise_zcrm_s_errors_and_mend_the_store_s() -> None:
    """A circuit breaker's StoreUnavailable passes as a store's does; a wrapper with an answer may give it."""

    class Mending:
        @hookimpl(wrapper=True)
        def zcrm_fetch_token(self) -> Any:
            try:
                return (yield)
            except OSError:
                return TOKEN

    error = StoreUnavailable("The circuit is open.")
    with pytest.raises(StoreUnavailable) as caught:
        store_of(Memory(), wrapper("Breaker", "zcrm_fetch_token", lambda _: raising(error)())).fetch(KEY)

    assert caught.value is error
    assert store_of(Memory(raising(OSError())), Mending()).fetch(KEY) is TOKEN


def test_a_wrapper_around_a_choice_or_an_event_is_named_as_well(caplog: pytest.LogCaptureFixture) -> None:
    """A claim, a region and a logger are not blamed for what wraps them."""

    class Listening:
        @hookimpl
        def zcrm_log(self) -> None:
            """Nothing to be said."""

    with pytest.raises(PluginError, match=r"Audit .*which wraps zcrm_token_store of the plugin memory"):
        store_of(Memory(), wrapper("Audit", "zcrm_token_store", fails))
    with pytest.raises(
        PluginError, match=r"Audit .*answered zcrm_token_store with str instead of a StoreClaim"
    ):
        store_of(Memory(), wrapper("Audit", "zcrm_token_store", lambda _: ["x"]))
    audit = wrapper("Audit", "zcrm_choose_region", fails)
    with pytest.raises(
        PluginError, match=r"Audit .*which wraps zcrm_choose_region of the plugin DataCentres"
    ):
        resolve(CONFIG, Plugins(core=[DataCentres()], given=[audit], installed=[]))
    breaker = wrapper(
        "Breaker", "zcrm_choose_region", lambda _: raising(ConfigError("The circuit is open."))()
    )
    with pytest.raises(PluginError, match=r"Breaker .*which wraps .*The circuit is open"):
        resolve(CONFIG, Plugins(core=[DataCentres()], given=[breaker], installed=[]))
    EventLog(Plugins(given=[Listening(), wrapper("Audit", "zcrm_log", fails)], installed=[])).emit(
        "x", 20, "y"
    )
    assert "OSError in Audit (passed by the program), which wraps zcrm_log of Listening" in caplog.text


def test_a_lock_that_hands_the_caller_s_error_back_is_not_blamed_for_it() -> None:
    """Leaving a lock with the very error that came in is no failure of the lock."""

    class Handing:
        def __enter__(self) -> None:
            """Nothing is in the way."""

        def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
            if error is not None:
                raise error

    error = KeyError("of the core")
    held = store_of(Memory(), wrapper("Lock", "zcrm_lock_token", lambda _: Handing())).lock(KEY, 1.0)

    with pytest.raises(KeyError) as caught, held:
        raise error

    assert caught.value is error


# -- answers and errors that fail when they are looked at -----------------------------------------------


class Liar:
    """An object that nobody can ask for its class."""

    @property  # type: ignore[misc] # a badly written answer
    def __class__(self) -> NoReturn:  # type: ignore[override] # the same
        raise SystemExit("it was looked at")


class Unlike(Token):
    """A token whose user cannot be asked for."""

    @property
    def user_identifier(self) -> NoReturn:
        raise SystemExit("it was looked at")


class Silent(ConfigError):
    """An error of zcrm's kind without the words that zcrm's have."""

    def __init__(self) -> None:
        """Say nothing."""


class Incomparable(Exception):
    """An error that cannot be compared."""

    __hash__ = None  # type: ignore[assignment] # what Python gives a class with __eq__ alone

    def __eq__(self, other: object) -> bool:
        raise SystemExit("compared")


@pytest.mark.parametrize("call", ["fetch", "delete", "list", "lock", "manage"])
@pytest.mark.parametrize("kind", [Liar, Unlike])
def test_an_answer_that_fails_when_it_is_looked_at_is_the_store_s_failure(call: str, kind: type) -> None:
    """Whatever an answer does, the error names the store."""
    store = Memory()
    setattr(store, call, lambda *_: object.__new__(kind))

    with pytest.raises(ZcrmError, match=r"The store memory \(passed by the program\)"):
        CALLS[call](store_of(store))


@pytest.mark.parametrize("kind", [Incomparable, StopIteration, BaseException])
@pytest.mark.parametrize("given", [(), (passing("zcrm_fetch_token"),)], ids=["alone", "wrapped"])
def test_an_error_of_an_odd_kind_is_the_store_s_failure(
    kind: type[BaseException], given: tuple[object, ...]
) -> None:
    """Whatever an error is, the store that raised it is named."""
    with pytest.raises(StoreError, match=r"The store memory .* failed in zcrm_fetch_token"):
        store_of(Memory(raising(kind())), *given).fetch(KEY)


def test_an_error_of_zcrm_s_kind_without_words_loses_no_token_and_says_who_raised_it() -> None:
    """A subclass that forgot to say what happened is told all the same, out of a claim and out of a save."""

    class Claiming(Memory):
        def claims(self, config: Config) -> NoReturn:
            raise Silent

    with pytest.raises(StoreError) as caught:
        store_of(Memory(raising(Silent()))).save(KEY, TOKEN, None)
    with pytest.raises(PluginError, match=r"memory .* zcrm_token_store: \[ZCRM-CONFIG-001\] Something"):
        store_of(Claiming())

    assert caught.value.unsaved is TOKEN
    assert Silent().problems[0].what.startswith("Something failed")


def test_an_error_s_words_may_be_anything_and_of_any_length() -> None:
    """Numbers, millions of letters and line ends: the message is one line that can be read."""

    class Wordy(Memory):
        def claims(self, config: Config) -> NoReturn:
            raise ConfigError("x\n" * 10**6, why=7, fix=None)  # type: ignore[arg-type] # a badly written error

    with pytest.raises(PluginError, match="7") as caught:
        store_of(Wordy())

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(
    "claim",
    [
        lambda: StoreClaim("", 1, claims=True, reason="r"),
        lambda: StoreClaim("m", 10**5000, claims=True, reason="r"),
        lambda: StoreClaim("m", -(10**9), claims=True, reason="r"),
        Liar,
        lambda: StoreClaim.__new__(StoreClaim),
    ],
    ids=["no name", "too high", "too low", "Liar", "nothing in it"],
)
def test_a_claim_that_nobody_could_show_is_refused(claim: Callable[[], object]) -> None:
    """A name that is empty and a rank that cannot be printed are no answers."""

    class Odd(Memory):
        @hookimpl
        def zcrm_token_store(self) -> Any:  # type: ignore[override] # a badly written hook
            return claim()

    with pytest.raises(PluginError, match=r"memory .*answered zcrm_token_store with .* instead of a"):
        store_of(Odd())


def test_one_plugin_in_the_place_of_a_list_is_told() -> None:
    """``plugins=it`` is a mistake that the message shows how to write."""
    with pytest.raises(PluginError, match="one Memory, and no list") as caught:
        Client(BASE, plugins=Memory())  # type: ignore[arg-type] # a badly written call

    assert caught.value.fix == "Pass a list: plugins=[it]."


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [
        ("name", 7, "name is int instead of a text that can be seen"),
        ("name", " ", "name is str instead of a text that can be seen"),
        ("priority", "250", "priority is str instead of an integer of up to nine digits"),
        ("priority", True, "priority is bool instead of an integer of up to nine digits"),
        ("priority", 10**9, "priority is int instead of an integer of up to nine digits"),
        ("claims", None, "claims is NoneType instead of True or False"),
        ("claims", 1, "claims is int instead of True or False"),
        ("reason", None, "reason is NoneType instead of a text"),
        ("problem", "no disk", "problem is str instead of a StoreError or None"),
        ("locks", None, "locks is NoneType instead of True or False"),
    ],
)
def test_the_part_of_a_claim_that_is_wrong_is_named(part: str, value: object, says: str) -> None:
    """A store's author reads which part of the claim it is, what it is, and what it must be."""

    class Odd(Memory):
        @hookimpl
        def zcrm_token_store(self) -> Any:  # type: ignore[override] # a badly written hook
            return StoreClaim(**(sound | {part: value}))

    sound: dict[str, Any] = {"name": "memory", "priority": 1, "claims": True, "reason": "r", "problem": None}

    with pytest.raises(PluginError) as caught:
        store_of(Odd())

    assert f"answered zcrm_token_store with a StoreClaim whose {says}." in caught.value.what


def test_a_logger_that_fails_is_among_the_failures_of_its_client(site: Any) -> None:
    """Whoever looks at the plugins sees it with wheel and cure, and nothing of what it was told."""
    site.install("odd-wheel", f"{HOOK}zcrm_log(event): raise OSError(event.message)\n", "odd")
    site.install("calm-wheel", f"{HOOK}zcrm_log(event): pass\n", "calm")
    plugins = site.plugins()

    for _ in range(2):
        EventLog(plugins).emit("x", 20, "something private")

    [error] = plugins.failures
    assert error.what == "The plugin odd (odd-wheel 1.2) failed in zcrm_log."
    assert error.why.startswith("OSError: ")
    assert "ZCRM_DISABLE_PLUGINS=odd" in error.fix
    assert "private" not in str(error)


def test_a_code_of_a_plugin_s_own_is_shown_in_one_line_without_a_secret() -> None:
    """The code of an error, too, is anybody's text: of a region's ConfigError and of a store's problem."""
    code = f"ODD\x1b[2J\n{SECRET}"

    class Odd(Memory):
        def problem(self, config: Config) -> StoreError:
            return StoreError("No disk.", code=code)

        @hookimpl
        def zcrm_choose_region(self) -> NoReturn:
            raise ConfigError("No way.", code=code)

    with pytest.raises(StoreError) as of_the_store:
        store_of(Odd())
    with pytest.raises(ConfigError) as of_the_region:
        resolve(CONFIG, Plugins(given=[Odd()], installed=[]))

    assert of_the_store.value.code == of_the_region.value.code == "ODD\\x1b[2J **********"
