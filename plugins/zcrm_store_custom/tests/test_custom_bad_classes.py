"""Does each bad file and each bad class give one clear error that names file, class and cure?"""

from __future__ import annotations

import signal
import sys
import textwrap
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from zcrm_core import Client, InvalidGrant, RefreshTimeout, StoreError, Token

KEYS = {"client_id": "1000.C", "client_secret": "s", "current_user_email": "a@example.com"}
SECRET = "1000.SECRET"
GOOD = "{'user_identifier': user, 'access_token': 'a', 'refresh_token': None, 'expiry_time': 1}"


def whole(**methods: str) -> str:
    """A class of the file with the older names; each method's body can be another one."""
    bodies = {"save": "ROWS[token.user_identifier] = token", "get": "return ROWS.get(user)"} | methods
    return textwrap.dedent(f"""\
        import types
        ROWS = {{}}
        class MyStore:
            def saveOAuthData(self, token):
                {bodies["save"]}
            def getOAuthTokens(self, user):
                {bodies["get"]}
            def deleteOAuthTokens(self, user):
                {bodies.get("delete", "del ROWS[user]")}
        """)


def ours(body: str) -> str:
    """A class with zcrm's names; what is given comes after its three methods, and may replace them."""
    return textwrap.dedent("""\
        import contextlib
        from zcrm_core import *
        from zcrm_store_custom import NoToken
        ROWS = {}
        class MyStore:
            def save(self, key, token): ROWS[key] = token
            def fetch(self, key): return ROWS.get(key)
            def delete(self, key): return ROWS.pop(key, None) is not None
        """) + textwrap.indent(textwrap.dedent(body), "    ")


STORE = whole()
EVIL = """\
class Evil(str):
    def __eq__(self, other): raise MemoryError
    __ne__ = __eq__
    __hash__ = None
"""

FILE_IN_A_CIRCLE = f"""\
from zcrm_core import Client
{STORE}
Client({{**{KEYS!r}, 'persistence_handler_class_path': __file__}})
"""
CLASS_IN_A_CIRCLE = f"""\
from zcrm_core import Client
{STORE}
    def __init__(self, config):
        Client(config)
"""

FILES: dict[str, tuple[str, str]] = {
    "it exits": (f"{STORE}\nraise SystemExit(0)", "004"),
    "it ends in a bare BaseException": (f"{STORE}\nraise BaseException('{SECRET}')", "004"),
    "it raises GeneratorExit": (f"{STORE}\nraise GeneratorExit", "004"),
    "it raises a ConfigError": (f"from zcrm_core import ConfigError\nraise ConfigError('{SECRET}')", "004"),
    "it raises an error whose text raises": (
        "class Odd(Exception):\n    def __str__(self): raise SystemExit\nraise Odd",
        "004",
    ),
    "it imports what is not there": (f"import acme_not_there\n{STORE}", "004"),
    "it makes a client of itself": (FILE_IN_A_CIRCLE, "004"),
    "a line that is not Python holds a secret": (f"password = {SECRET}x = '\n{STORE}", "003"),
    "a syntax error without a name of a file": (f"raise SyntaxError('{SECRET}', (5, 'x', 1, ''))", "004"),
    "a syntax error of its own": (f"raise SyntaxError('{SECRET}', ('a.py', 1, 1, '{SECRET}'))", "003"),
    "a character that is none": ("x = '\0'", "003"),
    "brackets without end": ("(" * 300, "003"),
    "an encoding that there is not": ("# coding: nonsense-8\n", "003"),
    "an indentation that is wrong": (" x = 1\n  y = 2\n", "003"),
    "it has no class": ("x = 1", "005"),
    "two classes": (f"{STORE}\nclass Second(MyStore): pass", "005"),
    "only an abstract class and a protocol": (
        (
            "import abc, typing\n"
            "class Base(abc.ABC):\n    @abc.abstractmethod\n    def save(self, key, token): ...\n"
            "    def fetch(self, key): ...\n    def delete(self, key): ...\n"
            "class Stores(typing.Protocol):\n    def save(self, key, token): ...\n"
            "    def fetch(self, key): ...\n    def delete(self, key): ...\n"
        ),
        "005",
    ),
}
"""Bad files: no class can be named, the file is."""


@pytest.mark.parametrize(("source", "code"), FILES.values(), ids=FILES)
def test_a_bad_file_is_named_when_the_client_is_made(source: str, code: str, tmp_path: Path) -> None:
    """Whatever is wrong with the file, the client fails at once, with the file's name and a cure."""
    path = tmp_path / "my_store.py"
    path.write_bytes(source.encode())

    with pytest.raises(StoreError) as caught:
        Client({**KEYS, "persistence_handler_class_path": str(path)})

    check(caught.value, code, path)
    assert "my_store.py" in caught.value.what


CLASSES: dict[str, tuple[str, str]] = {
    "a constructor that exits": (f"{STORE}    def __init__(self): raise SystemExit('{SECRET}')", "006"),
    "a constructor that raises zcrm's own error": (
        (
            f"{STORE}    def __init__(self):\n        from zcrm_core import ConfigError\n"
            f"        raise ConfigError('{SECRET}')"
        ),
        "006",
    ),
    "a constructor that wants more": (f"{STORE}    def __init__(self, host, password): ...", "006"),
    "a constructor that makes its own client": (CLASS_IN_A_CIRCLE, "006"),
    "__new__ that gives nothing": (f"{STORE}    def __new__(cls): pass", "006"),
    "__new__ that gives a number": (f"{STORE}    def __new__(cls): return 7", "006"),
    "a metaclass that refuses": (
        "class Meta(type):\n    def __call__(cls): raise RuntimeError\n"
        + STORE.replace("MyStore:", "MyStore(metaclass=Meta):"),
        "006",
    ),
    "no method at all, but named": ("class MyStore: ...", "007"),
    "half of one set": ("class MyStore:\n    def saveOAuthData(self, it): ...", "007"),
    "a mixture of sets": (
        (
            "class MyStore:\n    def save(self, key, token): ...\n    def getOAuthTokens(self, user): ...\n"
            "    def delete_oauth_tokens(self, user): ..."
        ),
        "007",
    ),
    "a number for a method": (ours("delete = 7"), "007"),
    "too few arguments": (ours("def fetch(self): ..."), "007"),
    "too many arguments": (ours("def save(self, key, token, old, new): ..."), "007"),
    "a method without self": (ours("def delete(key): ..."), "007"),
    "an async method": (ours("async def fetch(self, key): ..."), "007"),
    "a lock without a time": (ours("def lock(self, key): ..."), "007"),
    "a property that exits": (ours("@property\ndef fetch(self): raise SystemExit"), "007"),
    "attributes that exit": (ours("def __getattribute__(self, name): raise SystemExit"), "007"),
    "a signature that raises": (
        ours("class Odd:\n    def __call__(self, key): ...\n")
        + "    Odd.__signature__ = property(lambda self: 1 / 0)\n    fetch = Odd()\n",
        "007",
    ),
    "a class that describes its arguments": (
        "class Meta(type):\n    __signature__ = property(lambda cls: 1 / 0)\n"
        + STORE.replace("MyStore:", "MyStore(metaclass=Meta):"),
        "006",
    ),
    "a class that lies about what it is": (
        ours("class Odd:\n    __class__ = property(lambda self: 1 / 0)\n    def __call__(self, key): ...\n")
        + "    fetch = Odd()\n",
        "007",
    ),
    "a save that exits": (whole(save=f"raise SystemExit('{SECRET}')"), "008"),
    "a save that says that there is no token": (ours("def save(self, key, token): raise NoToken"), "008"),
    "a save that fails in zcrm's own way": (
        ours(f"def save(self, key, token): raise AuthError('{SECRET}')"),
        "008",
    ),
    "a save that checks the token": (
        ours(f"def save(self, key, token): raise InvalidToken('{SECRET}')").replace(
            "zcrm_core import *", "zcrm_core import *\nfrom zcrm_core import InvalidToken"
        ),
        "008",
    ),
    "a get that ends in a bare BaseException": (whole(get=f"raise BaseException('{SECRET}')"), "008"),
    "a get that asks for a login": (ours("def fetch(self, key): raise ReauthorizationRequired('x')"), "008"),
    "a get that waits too long for a lock": (ours("def fetch(self, key): raise RefreshTimeout('x')"), "008"),
    "a get without the key of a row": (whole(get="return {}['access_token']"), "008"),
    "a get that stops an iteration": (whole(get="raise StopIteration"), "008"),
    "a delete that fails": (whole(delete=f"raise ConnectionError('{SECRET}')"), "008"),
    "a list that exits half-way": (ours("def list(self):\n    yield 7\n    raise SystemExit"), "008"),
    "a list that says that there is no token": (ours("def list(self): raise NoToken"), "008"),
    "a lock that cannot be entered": (
        ours("@contextlib.contextmanager\ndef lock(self, key, wait):\n    raise OSError\n    yield"),
        "008",
    ),
    "a lock that cannot be left": (
        ours("@contextlib.contextmanager\ndef lock(self, key, wait):\n    yield\n    raise SystemExit"),
        "008",
    ),
    "a get that gives its own class": (ours("def fetch(self, key): return Token"), "009"),
    "a get that gives a text": (whole(get=f"return '{SECRET}'"), "009"),
    "a get that gives what must be awaited": (
        ours("def fetch(self, key):\n    async def later(): ...\n    return later()"),
        "009",
    ),
    "a row that exits when it is read": (
        whole(get="return type('Row', (), {'user_identifier': property(lambda s: exit())})()"),
        "009",
    ),
    "a save that says no": (whole(save="return False"), "009"),
    "a save that must be awaited": (
        ours("def save(self, key, token):\n    async def later(): ...\n    return later()"),
        "009",
    ),
    "a delete that says nothing": (ours("def delete(self, key): ROWS.pop(key, None)"), "009"),
    "a list of texts": (ours("def list(self): return ['a@example.com']"), "009"),
    "a lock that is none": (ours("def lock(self, key, wait): return True"), "009"),
    "a user in bytes": (whole(get=f"return {GOOD} | {{'user_identifier': user.encode()}}"), "010"),
    "no user": (whole(get=f"return {GOOD} | {{'user_identifier': None}}"), "010"),
    "a user that cannot be compared": (
        whole(get=f"return {GOOD} | {{'user_identifier': type('U', (), {{'__ne__': lambda *_: 1 / 0}})()}}"),
        "010",
    ),
    "a token in bytes": (whole(get=f"return {GOOD} | {{'access_token': b'{SECRET}'}}"), "010"),
    "an expiry before 1970": (whole(get=f"return {GOOD} | {{'expiry_time': -1}}"), "010"),
    "an expiry too long to be written": (whole(get=f"return {GOOD} | {{'expiry_time': 10**5000}}"), "010"),
    "an expiry that is a text": (whole(get=f"return {GOOD} | {{'expiry_time': '1'}}"), "010"),
    "a token that cannot be made": (
        ours(f"def fetch(self, key): return Token(key.user_identifier, '{SECRET}', None, -1)"),
        "010",
    ),
    "another user": (whole(get=f"return {GOOD} | {{'user_identifier': user.upper()}}"), "011"),
    "another user in a text of its own kind": (
        f"{EVIL}{whole(get=f'return {GOOD} | dict(user_identifier=Evil(user.upper()))')}",
        "011",
    ),
}
"""Bad classes: the first error of a client that is made, saves, gets, deletes, lists and locks."""


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("source", "code"), CLASSES.values(), ids=CLASSES)
def test_a_bad_class_is_named(source: str, code: str, tmp_path: Path) -> None:
    """The first error of a bad class names class, file and cure, and shows nothing of what the class said."""
    path = tmp_path / "my_store.py"
    path.write_text(source, encoding="utf-8")

    with pytest.raises(StoreError) as caught:
        use({**KEYS, "persistence_handler_class_path": str(path), "persistence_handler_class": "MyStore"})

    check(caught.value, code, path)
    assert "MyStore" in caught.value.what


def use(keys: Mapping[str, object]) -> None:
    """Make a client and call everything that the store answers."""
    with Client(keys) as client:
        store, key = client._parts.store, client._identity.key()
        with store.lock(key, 0.0):
            client.tokens.save(Token("a@example.com", "a", None, 1))
        client.tokens.fetch()
        client.tokens.delete()
        client.tokens.list()


def check(error: StoreError, code: str, path: Path) -> None:
    """The code is the expected one; the file and a cure are named, in one printable line without a secret."""
    assert error.code == f"ZCRM-CUSTOM-{code}", error
    assert str(path) in str(error)
    assert error.fix != StoreError.fix
    assert str(error).isprintable()
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ({"persistence_handler_class_path": "acme.stores:"}, "001"),
        ({"persistence_handler_class_path": "stores.py:"}, "001"),
        ({"persistence_handler_class_path": "a.b:C", "persistence_handler_class": "D"}, "001"),
        ({"persistence_handler_class_path": "my.py", "persistence_handler_class": "a.b:C"}, "001"),
        ({"persistence_handler_class": "MyStore"}, "001"),
        ({"token_store": "custom"}, "001"),
        ({"persistence_handler_class_path": "/" + "x" * 5000 + ".py"}, "002"),
        ({"persistence_handler_class_path": "/no\x1b[31m/such\n.py"}, "002"),
        ({"persistence_handler_class_path": "/dev/null/my_store.py"}, "002"),
        ({"persistence_handler_class_path": "acme\n.stores:MyStore"}, "002"),
        ({"persistence_handler_class_path": "acme_not_there.stores:MyStore"}, "002"),
        ({"persistence_handler": 7}, "007"),
        ({"persistence_handler": textwrap}, "007"),
    ],
)
def test_a_name_that_leads_nowhere_is_told_when_the_client_is_made(
    names: Mapping[str, object], code: str
) -> None:
    """A key that names no class gives an error of readable length, without the name's control characters."""
    with pytest.raises(StoreError) as caught:
        Client({**KEYS, **names})

    assert caught.value.code == f"ZCRM-CUSTOM-{code}"
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 900
    assert caught.value.fix != StoreError.fix


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_an_object_that_raises_for_every_name_is_named(error: type[BaseException]) -> None:
    """An object that a program passes and that answers no question gives an error with class and file."""

    class Odd:
        def __getattr__(self, name: str) -> object:
            raise error

    with pytest.raises(StoreError, match=rf"Odd\.save raised {error.__name__}") as caught:
        Client(KEYS, token_store=Odd())

    assert caught.value.code == "ZCRM-CUSTOM-007"
    assert __file__ in caught.value.why


def test_ctrl_c_stays_ctrl_c(tmp_path: Path) -> None:
    """An interrupt in a file, a constructor, a method, a list or a lock ends the program, as elsewhere."""
    path = tmp_path / "my_store.py"
    for source in (
        f"{STORE}\nraise KeyboardInterrupt",
        f"{STORE}    def __init__(self): raise KeyboardInterrupt",
        ours("@property\ndef fetch(self): raise KeyboardInterrupt"),
        whole(save="raise KeyboardInterrupt"),
        whole(get="raise KeyboardInterrupt"),
        ours("def list(self):\n    yield 7\n    raise KeyboardInterrupt"),
        ours(
            "@contextlib.contextmanager\ndef lock(self, key, wait):\n    raise KeyboardInterrupt\n    yield"
        ),
    ):
        path.write_text(source, encoding="utf-8")
        with pytest.raises(KeyboardInterrupt):
            use({**KEYS, "persistence_handler_class_path": str(path), "persistence_handler_class": "MyStore"})


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (FILE_IN_A_CIRCLE, "makes a client that needs this very file"),
        (CLASS_IN_A_CIRCLE, "makes a client whose tokens this very class is to keep"),
    ],
    ids=["a file", "a constructor"],
)
def test_a_store_that_needs_itself_is_told_so(source: str, why: str, tmp_path: Path) -> None:
    """Such a circle is seen at its first turn; the cause says what it is."""
    path = tmp_path / "my_store.py"
    path.write_text(source, encoding="utf-8")

    with pytest.raises(StoreError) as caught:
        Client({**KEYS, "persistence_handler_class_path": str(path)})

    assert isinstance(caught.value.__cause__, StoreError)
    assert why in caught.value.__cause__.why


def test_a_lock_may_raise_the_error_of_its_block_once_more(tmp_path: Path) -> None:
    """What goes wrong under a class's lock arrives as it is, however the lock passes it on."""
    path = tmp_path / "my_store.py"
    body = """
        class Lock:
            def __enter__(self): ...
            def __exit__(self, kind, error, trace):
                if error: raise error
        def lock(self, key, wait): return self.Lock()
    """
    path.write_text(ours(body), encoding="utf-8")

    with Client({**KEYS, "persistence_handler_class_path": str(path)}) as client:
        store, key = client._parts.store, client._identity.key()
        with pytest.raises(InvalidGrant), store.lock(key, 0.0):
            raise InvalidGrant("the grant is used")


def test_a_lock_that_takes_too_long_stays_a_timeout(tmp_path: Path) -> None:
    """What steers a refresh passes as the class raised it."""
    path = tmp_path / "my_store.py"
    body = "@contextlib.contextmanager\ndef lock(self, key, wait):\n    raise RefreshTimeout('x')\n    yield"
    path.write_text(ours(body), encoding="utf-8")

    with pytest.raises(RefreshTimeout):
        use({**KEYS, "persistence_handler_class_path": str(path), "persistence_handler_class": "MyStore"})


class _Ends:
    """A handler that is an object, as some servers have it."""

    def __call__(self, number: int, frame: object) -> None:
        self.end(number, frame)

    def end(self, number: int, _: object) -> None:
        """End the program."""
        sys.exit(number)


@pytest.mark.parametrize(
    "handler",
    [lambda number, _: sys.exit(number), partial(_Ends.end, _Ends()), _Ends(), _Ends().end],
    ids=["a function", "a partial one", "an object", "a method"],
)
@pytest.mark.parametrize(
    "source",
    [
        f"{STORE}\nimport signal\nsignal.raise_signal(signal.SIGTERM)",
        f"{STORE}    def __init__(self):\n        import signal\n        signal.raise_signal(signal.SIGTERM)",
        whole(get="import signal; signal.raise_signal(signal.SIGTERM)"),
    ],
    ids=["a file", "a constructor", "a method"],
)
def test_a_signal_ends_the_program_whatever_runs(
    handler: Callable[[int, object], None], source: str, tmp_path: Path
) -> None:
    """A worker that is told to end is not held up: that is no error of the class that happens to run."""
    path = tmp_path / "my_store.py"
    path.write_text(source, encoding="utf-8")
    before = signal.signal(signal.SIGTERM, handler)
    try:
        with pytest.raises(SystemExit) as caught:
            use({**KEYS, "persistence_handler_class_path": str(path)})
    finally:
        signal.signal(signal.SIGTERM, before)

    assert caught.value.code == signal.SIGTERM


def test_the_end_of_a_green_thread_is_no_error_of_the_class(tmp_path: Path) -> None:
    """Who is ended while a method waits for something ends, and nothing of it is caught on the way."""
    greenlet = pytest.importorskip("greenlet")
    path = tmp_path / "my_store.py"
    path.write_text(whole(get="import greenlet; greenlet.getcurrent().parent.switch()"), encoding="utf-8")
    thread = greenlet.greenlet(partial(use, {**KEYS, "persistence_handler_class_path": str(path)}))
    thread.switch()

    assert not thread.dead
    assert isinstance(thread.throw(), greenlet.GreenletExit)


def test_the_cure_for_a_save_that_compares_keeps_its_third_argument() -> None:
    """A class whose save cannot be given ``replaces`` by name is told to write it so, not to leave it out."""

    class Positional:
        def save(self, key: object, token: object, replaces: object, /) -> None: ...
        def fetch(self, key: object) -> None: ...
        def delete(self, key: object) -> bool:
            return False

    with pytest.raises(StoreError) as caught:
        Client(KEYS, token_store=Positional())

    assert caught.value.code == "ZCRM-CUSTOM-007"
    assert "def save(self, key, token, replaces=None)" in caught.value.fix
