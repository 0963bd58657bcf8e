"""Does a user's own class, whatever names its methods have, keep what a token store promises?"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import ANY

import pytest

from zcrm_core import (
    Client,
    Config,
    RefreshTimeout,
    StaleToken,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
    Token,
    TokenKey,
)
from zcrm_store_custom import NoToken
from zcrm_store_custom.plugin import CustomStorePlugin
from zcrm_store_custom.process_lock import PROCESS_LOCK

HOSTILE = ("'; DROP TABLE oauthtokens; --", "\\'\"", "%s %(x)s {x}", "../../etc/passwd", "日本 😀", "\u2028")
LOOK_ALIKES = ("a@x.com", "A@x.com", "a@x.com ", "á@x.com", "a\u0301@x.com", "a@x.com\u200b")


class ByKey:
    """A class with zcrm's own names that leaves comparing to zcrm."""

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}

    def save(self, key: TokenKey, token: Token) -> None:
        self.tokens[key] = token

    def fetch(self, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None

    def list(self) -> Iterator[TokenKey]:
        yield from self.tokens


class Comparing(ByKey):
    """A class that compares by itself."""

    def save(self, key: TokenKey, token: Token, replaces: Token | None = None) -> None:
        if replaces is not None and self.tokens.get(key) != replaces:
            raise StaleToken("not the one to be replaced")
        super().save(key, token)


class Rows:
    """What the older classes below keep: Zoho's four columns by user."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str, str | None, int]] = {}

    def _save(self, tokens: Token) -> None:
        self.rows[tokens.user_identifier] = (
            tokens.user_identifier, tokens.access_token, tokens.refresh_token, tokens.expiry_time,
        )  # fmt: skip

    def _get(self, user: str) -> dict[str, object] | None:
        names = ("user_identifier", "access_token", "refresh_token", "expiry_time")
        return dict(zip(names, self.rows[user], strict=True)) if user in self.rows else None


class Snake(Rows):
    """A class with the Ruby SDK's names that answers with objects and raises where there is no token."""

    class NoUser(NoToken):
        """An exception of its own."""

    def save_oauth_tokens(self, tokens: Token) -> None:
        self._save(tokens)

    def get_oauth_tokens(self, user: str) -> object:
        row = self._get(user)
        if row is None:
            raise self.NoUser(user)
        return SimpleNamespace(**row)

    def delete_oauth_tokens(self, user: str) -> None:
        if self.rows.pop(user, None) is None:
            raise self.NoUser(user)


class Camel(Rows):
    """A class with the PHP SDK's names that answers with mappings and ``None``."""

    def saveOAuthData(self, tokens: Token) -> bool:  # noqa: N802
        self._save(tokens)
        return True

    def getOAuthTokens(self, user: str) -> dict[str, object] | None:  # noqa: N802
        return self._get(user)

    def deleteOAuthTokens(self, user: str) -> None:  # noqa: N802
        del self.rows[user]


ALL = [ByKey, Comparing, Snake, Camel]
Configure = Callable[..., Config]


@pytest.fixture(params=ALL)
def config(request: pytest.FixtureRequest, configure: Configure) -> Config:
    """A configuration with an object of each kind."""
    return configure(persistence_handler=request.param())


def kept_by(config: Config, token: Token) -> Token:
    """What an object gives back of a token: the older classes keep four columns."""
    older = isinstance(config.get("persistence_handler"), Rows)
    return replace(token, api_domain=None, scope=None) if older else token


def test_a_token_comes_back(plugin: CustomStorePlugin, config: Config, key: TokenKey, token: Token) -> None:
    """What is saved is fetched, in every spelling; saving again replaces it, deleting says what was there."""
    assert plugin.fetch(config, key) is None
    assert plugin.delete(config, key) is False
    assert plugin.save(config, key, token, None) is True
    assert plugin.fetch(config, key) == kept_by(config, token)
    assert plugin.save(config, key, replace(token, refresh_token=None), None) is True
    assert plugin.fetch(config, key) == kept_by(config, replace(token, refresh_token=None))
    assert plugin.delete(config, key) is True
    assert plugin.fetch(config, key) is None
    assert plugin.delete(config, key) is False


def test_only_that_very_token_is_replaced(
    plugin: CustomStorePlugin, config: Config, key: TokenKey, token: Token
) -> None:
    """A save that replaces is done over that token and refused over any other, or over none."""
    new = replace(token, access_token="new")
    with pytest.raises(StaleToken):
        plugin.save(config, key, new, token)
    assert plugin.fetch(config, key) is None
    plugin.save(config, key, token, None)

    for change in ({"access_token": "x"}, {"refresh_token": None}, {"expiry_time": 1}):
        with pytest.raises(StaleToken):
            plugin.save(config, key, new, replace(token, **change))
    assert plugin.fetch(config, key) == kept_by(config, token)
    plugin.save(config, key, new, token)

    assert plugin.fetch(config, key) == kept_by(config, new)


def test_what_was_fetched_can_be_replaced(
    plugin: CustomStorePlugin, config: Config, key: TokenKey, token: Token
) -> None:
    """The token as the class gives it back is the stored one, even where the class keeps four columns."""
    plugin.save(config, key, token, None)
    fetched = plugin.fetch(config, key)

    assert plugin.save(config, key, replace(token, access_token="new"), fetched) is True


def test_one_of_many_writers_replaces(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token
) -> None:
    """Of eight threads that replace one token through two clients of one object, one succeeds."""

    class Slow(ByKey):
        """A class in which all threads meet between comparing and saving, unless they take turns."""

        meeting = threading.Barrier(2)

        def save(self, key: TokenKey, token: Token) -> None:
            if token.access_token != "access":
                try:
                    self.meeting.wait(timeout=0.1)
                except threading.BrokenBarrierError:
                    self.meeting.reset()
            super().save(key, token)

    store = Slow()
    configs = [configure(persistence_handler=store) for _ in range(2)]
    plugin.save(configs[0], key, token, None)
    won: list[str] = []

    def replace_it(number: int) -> None:
        try:
            plugin.save(configs[number % 2], key, replace(token, access_token=str(number)), token)
        except StaleToken:
            return
        won.append(str(number))

    threads = [threading.Thread(target=replace_it, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    assert store.tokens[key].access_token == won[0]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_lock_held_at_a_fork_is_free_in_the_child(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token
) -> None:
    """A process that is forked while another thread saves can save as well."""
    config = configure(persistence_handler=ByKey())
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with PROCESS_LOCK:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = multiprocessing.get_context("fork").Process(target=plugin.save, args=(config, key, token, None))
    child.start()
    child.join(20)
    done.set()
    thread.join()
    if child.exitcode is None:
        child.kill()
        child.join()

    assert child.exitcode == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_only_texts(plugin: CustomStorePlugin, config: Config, text: str) -> None:
    """Quotes, SQL, patterns and paths in a key or a token reach the class and come back as they are."""
    key, token = TokenKey(text, "c", "production"), Token(text, text, text, 1)
    plugin.save(config, key, token, None)

    assert plugin.fetch(config, key) == token
    assert plugin.delete(config, key) is True


def test_look_alike_users_never_meet(plugin: CustomStorePlugin, config: Config) -> None:
    """Users that differ in case, accents or blanks reach the class as different users."""
    keys = [TokenKey(user, "c", "production") for user in LOOK_ALIKES]
    for number, key in enumerate(keys):
        plugin.save(config, key, Token(key.user_identifier, "a", None, number), None)

    assert plugin.delete(config, keys[0]) is True
    assert [plugin.fetch(config, key) for key in keys] == [
        None, *(Token(key.user_identifier, "a", None, number + 1) for number, key in enumerate(keys[1:])),
    ]  # fmt: skip


def test_a_class_that_mixes_users_up_is_found_out(plugin: CustomStorePlugin, configure: Configure) -> None:
    """A class that ignores case never gives out, replaces or deletes the other user's token."""

    class Folding(Camel):
        def getOAuthTokens(self, user: str) -> dict[str, object] | None:  # noqa: N802
            return self._get(user.lower())

        def deleteOAuthTokens(self, user: str) -> None:  # noqa: N802
            del self.rows[user.lower()]

    store = Folding()
    config = configure(persistence_handler=store)
    lower, upper = TokenKey("a@x.com", "c", "production"), TokenKey("A@x.com", "c", "production")
    plugin.save(config, lower, Token("a@x.com", "a", None, 1), None)

    with pytest.raises(StoreCorrupt, match="another user's token") as caught:
        plugin.fetch(config, upper)
    with pytest.raises(StoreCorrupt):
        plugin.delete(config, upper)
    with pytest.raises(StoreCorrupt):
        plugin.save(config, upper, Token("A@x.com", "new", None, 1), Token("A@x.com", "a", None, 1))

    assert caught.value.code == "ZCRM-CUSTOM-011"
    assert list(store.rows) == ["a@x.com"]


def test_tokens_of_64_kib_are_not_cut(plugin: CustomStorePlugin, config: Config) -> None:
    """The longest tokens that the core lets through reach the class and come back whole."""
    key = TokenKey("ü" * 256, "c", "production")
    token = Token(key.user_identifier, "😀" * 16384, "x" * 65536, 2**53 - 1)
    plugin.save(config, key, token, None)

    assert plugin.fetch(config, key) == token


def test_a_class_that_lists_is_asked(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token
) -> None:
    """The keys of a class with a method list are given; one without it is an error that says so."""
    lists = configure(persistence_handler=ByKey())
    plugin.save(lists, key, token, None)

    assert list(plugin.list(lists)) == [key]
    with pytest.raises(StoreError, match="Camel does not list") as caught:
        plugin.list(configure(persistence_handler=Camel()))
    assert caught.value.code == "ZCRM-STORE-006"


@pytest.mark.parametrize(
    "error",
    [
        KeyError("access_token"),
        KeyError("b@example.com"),
        KeyError("a@example.com", "SECRET"),
        LookupError("a@example.com"),
        FileNotFoundError(),
        ValueError("SECRET"),
        SystemExit("SECRET"),
    ],
)
@pytest.mark.parametrize("method", ["save_oauth_tokens", "get_oauth_tokens", "delete_oauth_tokens"])
def test_a_failure_is_not_an_absent_token(
    *,
    plugin: CustomStorePlugin,
    configure: Configure,
    key: TokenKey,
    token: Token,
    method: str,
    error: BaseException,
) -> None:
    """What a method raises is an error that names it, and shows no text; not that user's KeyError."""

    def fail(*_: object) -> None:
        raise error

    store = Snake()
    config = configure(persistence_handler=store)
    plugin.save(config, key, token, None)
    setattr(store, method, fail)
    config = configure(persistence_handler=store)

    calls: dict[str, Callable[[], object]] = {
        "save_oauth_tokens": lambda: plugin.save(config, key, token, None),
        "get_oauth_tokens": lambda: plugin.fetch(config, key),
        "delete_oauth_tokens": lambda: plugin.delete(config, key),
    }

    with pytest.raises(StoreError, match=rf"Snake\.{method} raised {type(error).__name__}") as caught:
        calls[method]()

    assert caught.value.code == "ZCRM-CUSTOM-008"
    assert "test_custom_calls.py" in caught.value.why
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is error


def test_a_save_cannot_say_that_there_is_no_token(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token
) -> None:
    """NoToken from a saving method is a failed save."""

    class Odd(ByKey):
        def save(self, key: TokenKey, token: Token) -> None:
            raise NoToken

    with pytest.raises(StoreError, match=r"Odd\.save raised NoToken.*counts as: not done"):
        plugin.save(configure(persistence_handler=Odd()), key, token, None)


def test_errors_of_zcrm_pass(plugin: CustomStorePlugin, configure: Configure, key: TokenKey) -> None:
    """A class may raise zcrm's own store errors; they keep their kind, and say where they come from, once."""
    error = StoreUnavailable("down for an hour")

    class Down(ByKey):
        def fetch(self, key: TokenKey) -> Token | None:
            raise error

    config = configure(persistence_handler=Down())
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="down for an hour"):
            plugin.fetch(config, key)

    assert error.why.count("Down is in") == 1
    assert "test_custom_calls.py" in error.why


@pytest.mark.parametrize("absent", ["NoToken", "KeyError", "KeyError of the key"])
@pytest.mark.parametrize("kind", [ByKey, Camel])
def test_the_key_error_of_that_very_user_says_that_there_is_no_token(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, kind: type, absent: str
) -> None:
    """``rows[user]`` and ``del rows[user]`` need no translation, in every spelling; nor does NoToken."""

    def missing(_: object) -> object:
        if absent == "NoToken":
            raise NoToken
        raise KeyError(key.user_identifier if absent == "KeyError" else key)

    store = kind()
    for name in ("fetch", "delete") if kind is ByKey else ("getOAuthTokens", "deleteOAuthTokens"):
        setattr(store, name, missing)
    config = configure(persistence_handler=store)

    assert plugin.fetch(config, key) is None
    assert plugin.delete(config, key) is False


def test_a_user_that_goes_while_it_is_deleted_was_not_there(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token
) -> None:
    """With the older names, a delete that finds nobody any more answers that nobody was there."""

    class Racing(Camel):
        def deleteOAuthTokens(self, user: str) -> None:  # noqa: N802
            self.rows.clear()
            del self.rows[user]

    config = configure(persistence_handler=Racing())
    plugin.save(config, key, token, None)

    assert plugin.delete(config, key) is False


def test_a_text_of_a_kind_of_its_own_is_a_text(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token
) -> None:
    """Texts of a class derived from str are compared as texts, and leave the store as plain ones."""

    class Quoted(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        __hash__ = str.__hash__

    class Rowlike(Camel):
        def getOAuthTokens(self, user: str) -> dict[str, object] | None:  # noqa: N802
            row = self._get(user)
            return row and {k: Quoted(v) if isinstance(v, str) else v for k, v in row.items()}

    config = configure(persistence_handler=Rowlike())
    plugin.save(config, key, token, None)
    plugin.save(config, key, replace(token, access_token="new"), token)
    found = plugin.fetch(config, key)

    assert found == replace(token, access_token="new", api_domain=None, scope=None)
    assert type(found.access_token) is str


GOOD = {"user_identifier": "a@example.com", "access_token": "a", "refresh_token": None, "expiry_time": 1}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"bytes", "ZCRM-CUSTOM-009"),
        ("SECRET", "ZCRM-CUSTOM-009"),
        (7, "ZCRM-CUSTOM-009"),
        (False, "ZCRM-CUSTOM-009"),
        ([], "ZCRM-CUSTOM-009"),
        ({}, "ZCRM-CUSTOM-009"),
        ([GOOD], "ZCRM-CUSTOM-009"),
        ({"user_identifier": "a@example.com"}, "ZCRM-CUSTOM-009"),
        ({**GOOD, "expiry_time": -1}, "ZCRM-CUSTOM-010"),
        ({**GOOD, "expiry_time": 2**53}, "ZCRM-CUSTOM-010"),
        ({**GOOD, "expiry_time": "1"}, "ZCRM-CUSTOM-010"),
        ({**GOOD, "expiry_time": True}, "ZCRM-CUSTOM-010"),
        ({**GOOD, "access_token": b"SECRET"}, "ZCRM-CUSTOM-010"),
        ({**GOOD, "access_token": None}, "ZCRM-CUSTOM-010"),
        ({**GOOD, "refresh_token": 5}, "ZCRM-CUSTOM-010"),
        ({**GOOD, "user_identifier": "A@example.com"}, "ZCRM-CUSTOM-011"),
        ({**GOOD, "user_identifier": None}, "ZCRM-CUSTOM-010"),
        ({**GOOD, "user_identifier": b"a@example.com"}, "ZCRM-CUSTOM-010"),
        (Token, "ZCRM-CUSTOM-009"),
        (Token("b@example.com", "SECRET", None, 1), "ZCRM-CUSTOM-011"),
    ],
)
@pytest.mark.parametrize("kind", [ByKey, Camel])
def test_nonsense_is_no_token(
    *, plugin: CustomStorePlugin, configure: Configure, key: TokenKey, kind: type, answer: object, code: str
) -> None:
    """An answer that is no token of this user is an error with its own code, which shows no value of it."""
    store = kind()
    setattr(store, "fetch" if kind is ByKey else "getOAuthTokens", lambda _: answer)

    with pytest.raises(StoreError) as caught:
        plugin.fetch(configure(persistence_handler=store), key)

    assert caught.value.code == code
    assert kind.__name__ in caught.value.what
    assert "test_custom_calls.py" in caught.value.why
    assert caught.value.fix
    assert "SECRET" not in str(caught.value)


def test_an_answer_that_cannot_be_read_is_no_token(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey
) -> None:
    """A row whose values fail when they are read is an error of the method that gave it."""

    class Row:
        user_identifier = key.user_identifier

        @property
        def access_token(self) -> str:
            raise RuntimeError("the session is closed")

    store = Camel()
    store.getOAuthTokens = lambda _: Row()  # type: ignore[assignment, method-assign, return-value]

    with pytest.raises(StoreError, match=r"Camel\.getOAuthTokens answered with Row") as caught:
        plugin.fetch(configure(persistence_handler=store), key)

    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_good_answer_is_a_token(plugin: CustomStorePlugin, configure: Configure, key: TokenKey) -> None:
    """The mapping that the test above spoils is a token, further entries and all."""
    store = Camel()
    store.getOAuthTokens = lambda _: {**GOOD, "more": 1}  # type: ignore[assignment, method-assign]

    assert plugin.fetch(configure(persistence_handler=store), key) == Token(**GOOD)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [ByKey, Snake, Camel])
def test_a_delete_waits_for_a_save_that_zcrm_compares(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token, kind: type
) -> None:
    """A token that is deleted between the comparison and the save of another thread does not come back."""
    store = kind()
    config = configure(persistence_handler=store)
    compared, answers = threading.Event(), list[bool]()
    getter = next(name for name in ("fetch", "get_oauth_tokens", "getOAuthTokens") if hasattr(store, name))
    get = getattr(store, getter)
    deleting = threading.Thread(target=lambda: answers.append(plugin.delete(config, key)))

    def slow(whose: object) -> object:
        found = get(whose)
        if not compared.is_set():
            compared.set()
            deleting.start()
            deleting.join(0.3)
        return found

    setattr(store, getter, slow)
    plugin.save(config, key, token, None)
    plugin.save(config, key, replace(token, access_token="newer"), token)
    deleting.join()

    assert answers == [True]
    assert plugin.fetch(config, key) is None


def test_a_value_that_claims_to_be_equal_to_everything_is_not_the_token_to_be_replaced(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token
) -> None:
    """A class that answers with values of kinds of its own cannot have another worker's token overwritten."""

    class Wraps(Camel):
        def getOAuthTokens(self, user: str) -> dict[str, object] | None:  # noqa: N802
            row = self._get(user)
            return (
                None if row is None else row | {"access_token": ANY, "expiry_time": float(token.expiry_time)}
            )

    store = Wraps()
    config = configure(persistence_handler=store)
    plugin.save(config, key, replace(token, access_token="of another worker"), None)

    with pytest.raises(StaleToken):
        plugin.save(config, key, replace(token, access_token="newer"), token)

    assert store.rows[key.user_identifier][1] == "of another worker"


@pytest.mark.parametrize(("divided", "warnings"), [(1000, 1), (1, 0)])
def test_a_class_that_keeps_seconds_is_told_once(
    *,
    plugin: CustomStorePlugin,
    configure: Configure,
    key: TokenKey,
    token: Token,
    divided: int,
    warnings: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its tokens have always ended, and nothing else would say why Zoho soon gives no more."""

    class Divides(ByKey):
        def fetch(self, key: TokenKey) -> Token | None:
            found = super().fetch(key)
            return None if found is None else replace(found, expiry_time=found.expiry_time // divided)

    config = configure(persistence_handler=Divides())
    plugin.save(config, key, token, None)
    for _ in range(2):
        fetched = plugin.fetch(config, key)
        assert fetched is not None
        assert fetched.expiry_time == token.expiry_time // divided

    told = [record.getMessage() for record in caplog.records]
    assert len(told) == warnings
    assert all("Divides.fetch gave an expiry_time" in each and "looks like seconds" in each for each in told)


def test_a_save_that_gives_a_generator_has_run_nothing(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey, token: Token
) -> None:
    """A plain method that hands out a generator of another function has saved nothing yet."""

    class Lazy(ByKey):
        def save(self, key: TokenKey, token: Token) -> object:  # type: ignore[override]
            return (self.tokens.setdefault(key, each) for each in (token,))

    store = Lazy()
    with pytest.raises(StoreError, match=r"Lazy\.save answered with generator") as caught:
        plugin.save(configure(persistence_handler=store), key, token, None)

    assert caught.value.code == "ZCRM-CUSTOM-009"
    assert store.tokens == {}


@pytest.mark.parametrize("answer", [False, 0, "", b"", b"ok", {}, [], NotImplemented], ids=repr)
@pytest.mark.parametrize("kind", [ByKey, Comparing, Snake, Camel])
def test_a_save_that_says_no_has_failed(
    *,
    plugin: CustomStorePlugin,
    configure: Configure,
    key: TokenKey,
    token: Token,
    kind: type,
    answer: object,
) -> None:
    """``False``, no rows, nothing or nonsense from a saving method: the token must not be taken for saved."""

    class Says(kind):  # type: ignore[misc]
        def save(self, key: TokenKey, token: Token, replaces: Token | None = None) -> object:
            return answer

        def saveOAuthData(self, tokens: Token) -> object:  # noqa: N802
            return answer

        save_oauth_tokens = saveOAuthData

    if issubclass(kind, Rows):
        del Says.save

    with pytest.raises(StoreError) as caught:
        plugin.save(configure(persistence_handler=Says()), key, token, None)

    assert caught.value.code == "ZCRM-CUSTOM-009"


def test_a_delete_must_say_what_was_there(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey
) -> None:
    """A delete by key that answers neither True nor False breaks the promise and is named."""

    class Silent(ByKey):
        def delete(self, key: TokenKey) -> bool:
            self.tokens.pop(key, None)
            return None  # type: ignore[return-value]

    with pytest.raises(StoreError, match=r"Silent\.delete answered with NoneType") as caught:
        plugin.delete(configure(persistence_handler=Silent()), key)

    assert caught.value.code == "ZCRM-CUSTOM-009"


@pytest.mark.parametrize("answer", [None, 7, ["a@example.com"], "ab"])
def test_a_list_must_give_keys(plugin: CustomStorePlugin, configure: Configure, answer: object) -> None:
    """A list of anything but keys is an error."""
    store = ByKey()
    store.list = lambda: answer  # type: ignore[method-assign, assignment, return-value]

    with pytest.raises(StoreError, match=r"ByKey\.list answered") as caught:
        plugin.list(configure(persistence_handler=store))

    assert caught.value.code == "ZCRM-CUSTOM-009"


def test_a_list_that_fails_half_way_is_a_failure(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey
) -> None:
    """An error in a generator is not taken for the end of the list."""

    class Breaks(ByKey):
        def list(self) -> Iterator[TokenKey]:
            yield key
            raise OSError

    with pytest.raises(StoreError, match=r"Breaks\.list raised OSError"):
        plugin.list(configure(persistence_handler=Breaks()))


def test_a_class_without_a_lock_gets_one_of_this_process(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey
) -> None:
    """One thread at a time refreshes a token, whichever client it uses; who waits too long is told."""
    first, second = (configure(persistence_handler=ByKey()) for _ in range(2))
    older = [configure(persistence_handler=Camel()) for _ in range(2)]
    sandbox = replace(key, environment="sandbox")

    with (
        plugin.lock(first, key, 0.0),
        plugin.lock(first, replace(key, user_identifier="b"), 0.0),
        plugin.lock(second, sandbox, 0.0),
        pytest.raises(RefreshTimeout),
        plugin.lock(second, key, 0.05),
    ):
        pass
    # The older classes keep one token for all environments, so it has one lock.
    with plugin.lock(older[0], key, 0.0), pytest.raises(RefreshTimeout), plugin.lock(older[1], sandbox, 0.0):
        pass
    with plugin.lock(second, key, 0.0), plugin.lock(older[1], sandbox, float("inf")):
        pass


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_refresh_lock_held_at_a_fork_is_free_in_the_child(
    plugin: CustomStorePlugin, configure: Configure, key: TokenKey
) -> None:
    """A process that is forked while a thread refreshes can refresh as well: that thread is not there."""
    config = configure(persistence_handler=ByKey())

    def enter() -> None:
        with plugin.lock(config, key, 1.0):
            pass

    with plugin.lock(config, key, 0.0):
        child = multiprocessing.get_context("fork").Process(target=enter)
        child.start()
        child.join(20)

    assert child.exitcode == 0


def test_a_lock_of_the_class_is_used(plugin: CustomStorePlugin, configure: Configure, key: TokenKey) -> None:
    """A class that locks by itself is asked, with what it knows of a key; what is no lock is an error."""
    asked: list[object] = []

    class Locks(ByKey):
        @contextmanager
        def lock(self, key: TokenKey, wait: float) -> Iterator[None]:
            asked.append((key, wait))
            yield

    class OlderLocks(Camel):
        def lock(self, user: str, wait: float) -> object:
            asked.append((user, wait))
            return nullcontext() if wait else "a lock"

    older = configure(persistence_handler=OlderLocks())
    with plugin.lock(configure(persistence_handler=Locks()), key, 2.0), plugin.lock(older, key, 3.0):
        assert asked == [(key, 2.0), (key.user_identifier, 3.0)]

    with pytest.raises(StoreError, match=r"OlderLocks\.lock answered with str") as caught:
        plugin.lock(older, key, 0.0)
    assert caught.value.code == "ZCRM-CUSTOM-009"


def test_a_client_takes_an_object(key: TokenKey, token: Token) -> None:
    """``Client(config, token_store=object)`` keeps its tokens in that object."""
    store = ByKey()
    with Client(
        {"client_id": "1000.C", "client_secret": "s", "current_user_email": "a@example.com"},
        token_store=store,
    ) as client:
        client.tokens.save(token)

        assert client.tokens.fetch() == token
        assert store.tokens == {key: token}
