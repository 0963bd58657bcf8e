"""Is the class that the configuration names found and made, and is every fault named with its cure?"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from zcrm_core import Client, Config, StoreError, Token, TokenKey
from zcrm_store_custom.plugin import CustomStorePlugin

METHODS = """
    def saveOAuthData(self, tokens): ROWS[tokens.user_identifier] = tokens
    def getOAuthTokens(self, user): return ROWS.get(user)
    def deleteOAuthTokens(self, user): ROWS.pop(user)
"""
STORE = f"ROWS = {{}}\nclass MyStore:{METHODS}"
Write = Callable[..., Config]


def refusal(plugin: CustomStorePlugin, config: Config, code: str) -> StoreError:
    """The error of the first use; its code is the one expected, and the claim says the same."""
    with pytest.raises(StoreError) as caught:
        plugin.fetch(config, TokenKey("a@example.com", "1000.C", "production"))
    claim = plugin.zcrm_token_store(config)
    assert caught.value.code == f"ZCRM-CUSTOM-{code}"
    assert claim.claims
    assert claim.problem is not None
    assert claim.problem.code == caught.value.code
    assert f"cannot be used: [ZCRM-CUSTOM-{code}]" in claim.reason
    path = str(config.get("persistence_handler_class_path", ""))
    assert path.partition(":")[0] in str(caught.value)
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize("name", ["MyStore", None])
def test_a_class_in_a_file_is_used(
    plugin: CustomStorePlugin, write: Write, key: TokenKey, token: Token, name: str | None
) -> None:
    """The class named, or the only store class of the file, keeps the tokens."""
    config = write(STORE, name)
    plugin.save(config, key, token, None)

    assert plugin.fetch(config, key) == token


def test_a_client_uses_the_class(write: Write, token: Token) -> None:
    """With the two keys set, a client keeps its tokens in the class and no other store is asked."""
    path = str(write(STORE).get("persistence_handler_class_path"))
    keys = {"client_id": "1000.C", "client_secret": "s", "current_user_email": "a@example.com"}
    with Client({**keys, "persistence_handler_class_path": path}) as client:
        client.tokens.save(token)

        assert client.tokens.fetch() == token


def test_a_class_of_a_package_is_used(
    plugin: CustomStorePlugin,
    configure: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: TokenKey,
) -> None:
    """``package.module:Class``, under either key, and a module with the class beside it are imported."""
    (tmp_path / "acme_tokens").mkdir()
    (tmp_path / "acme_tokens" / "stores.py").write_text(STORE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    for keys in (
        {"persistence_handler_class_path": "acme_tokens.stores:MyStore"},
        {"persistence_handler_class": "acme_tokens.stores:MyStore"},
        {"persistence_handler_class_path": "acme_tokens.stores", "persistence_handler_class": "MyStore"},
    ):
        assert plugin.fetch(configure(**keys), key) is None


def test_two_files_of_one_name_are_two_stores(
    *, plugin: CustomStorePlugin, write: Write, configure: Write, tmp_path: Path, key: TokenKey, token: Token
) -> None:
    """Two configurations never share a module, even with files of the same name."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "my_store.py").write_text(STORE, encoding="utf-8")
    other = configure(persistence_handler_class_path=str(tmp_path / "other" / "my_store.py"))
    plugin.save(write(STORE), key, token, None)

    assert plugin.fetch(other, key) is None


def test_a_dataclass_with_text_annotations_loads(
    plugin: CustomStorePlugin, write: Write, key: TokenKey
) -> None:
    """A store may be a dataclass, which looks its own module up while it is made."""
    config = write(
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\nROWS = {}\n"
        f"@dataclass\nclass MyStore:\n    rows: dict[str, object] = field(default_factory=dict){METHODS}"
    )

    assert plugin.fetch(config, key) is None


def test_a_file_is_read_as_it_is_written(plugin: CustomStorePlugin, write: Write, key: TokenKey) -> None:
    """No ``from __future__`` of zcrm's own counts in a user's file: its annotations are what they name."""
    config = write(f"{STORE}    rows: int = 7\nassert MyStore.__annotations__ == {{'rows': int}}\n")

    assert plugin.fetch(config, key) is None


@pytest.mark.parametrize(
    ("signature", "given"),
    [
        ("self", False),
        ("self, config", True),
        ("self, config=None", True),
        ("self, settings, /", True),
        ("self, path='x'", False),
        ("self, *args, **more", False),
    ],
)
def test_a_constructor_may_take_the_configuration(
    *, plugin: CustomStorePlugin, write: Write, key: TokenKey, signature: str, given: bool
) -> None:
    """The configuration is passed to a constructor with one needed argument, or one named ``config``."""
    config = write(
        f"ROWS = {{}}\nclass MyStore:\n    def __init__({signature}):\n"
        "        names = [type(v).__name__ for v in locals().values()]\n"
        f"        assert ('Config' in names) is {given}{METHODS}"
    )

    assert plugin.fetch(config, key) is None


def test_an_object_comes_before_a_class(
    plugin: CustomStorePlugin, write: Write, key: TokenKey, token: Token
) -> None:
    """An object that the program passes is used although the keys name a class; a class passed is made."""
    named = write(STORE)
    namespace: dict[str, type] = {}
    exec(STORE, namespace)  # noqa: S102 - the text of this file
    for given in (namespace["MyStore"](), namespace["MyStore"]):
        plugin.save(named.replace(persistence_handler=given), key, token, None)

    assert list(namespace["ROWS"]) == [key.user_identifier]  # type: ignore[call-overload]
    assert plugin.fetch(named, key) is None


BY_KEY = "    def fetch(self, key): ...\n    def delete(self, key): ...\n"
MORE = "    def list(self): ...\n    def lock(self, key, wait): ...\n"
CLAIMS = {
    "the older names": (
        STORE,
        [
            "replaces is compared under a lock of this process only",
            "the refresh lock is one of this process only",
            "it does not list",
            "clients and environments of one user share one token",
        ],
    ),
    "a class that can do little": (
        f"class MyStore:\n    def save(self, key, token): ...\n{BY_KEY}",
        [
            "replaces is compared under a lock of this process only",
            "the refresh lock is one of this process only",
            "it does not list",
        ],
    ),
    "a class that can do all": (
        f"class MyStore:\n    def save(self, key, token, *, replaces): ...\n{BY_KEY}{MORE}",
        ["it compares replaces itself", "it has a refresh lock of its own"],
    ),
}


@pytest.mark.parametrize(("source", "says"), CLAIMS.values(), ids=CLAIMS)
def test_the_claim_says_what_is_added_and_what_is_not_promised(
    plugin: CustomStorePlugin, write: Write, source: str, says: list[str]
) -> None:
    """The reason names the key, the class, what it does itself, what zcrm adds, and what nobody promises."""
    claim = plugin.zcrm_token_store(write(source))
    start, _, rest = claim.reason.partition("; ")

    assert (claim.name, claim.priority, claim.claims) == ("custom", 300, True)
    assert start == "persistence_handler_class_path is set"
    assert rest.split("; ")[1:] == says


def test_another_configuration_is_not_claimed(plugin: CustomStorePlugin, configure: Write) -> None:
    """Without one of its keys the store is not asked for."""
    assert not plugin.zcrm_token_store(configure()).claims


def test_a_class_that_is_not_chosen_does_not_run(plugin: CustomStorePlugin, write: Write) -> None:
    """Where the configuration pins another store, the file is not loaded."""
    config = write("raise SystemExit").replace(token_store="file")

    assert "cannot be used" not in plugin.zcrm_token_store(config).reason


@pytest.mark.parametrize(
    "more",
    [
        "Alias = MyStore",
        "import typing\nclass Stores(typing.Protocol):\n    save = fetch = delete = print",
        "class Row:\n    def save(self): ...",
        "class Meta(type):\n    def __getattr__(cls, name): raise SystemExit\nclass Odd(metaclass=Meta): ...",
        "class Liar:\n    __class__ = property(lambda self: 1 / 0)\nliar = Liar()",
    ],
    ids=["another name", "a protocol", "half a store", "a class that raises", "an object that raises"],
)
def test_what_stands_beside_the_class_does_not_hide_it(
    plugin: CustomStorePlugin, write: Write, key: TokenKey, more: str
) -> None:
    """The one store class of a file is found among whatever else the file defines."""
    assert plugin.fetch(write(f"{STORE}\n{more}\n"), key) is None


def test_a_class_that_lacks_a_method_is_found_without_its_name(
    plugin: CustomStorePlugin, write: Write
) -> None:
    """The only class with methods of a store is meant, so the error says what it lacks."""
    source = "class Row: ...\nclass MyStore:\n    save_oauth_tokens = get_oauth_tokens = print\n"

    assert "MyStore lacks delete_oauth_tokens" in refusal(plugin, write(source), "007").what


def test_a_mixture_of_names_is_told_as_one(plugin: CustomStorePlugin, write: Write) -> None:
    """Methods out of several sets are all named, and one whole set is asked for."""
    why = refusal(plugin, write("class MyStore:\n    save = getOAuthTokens = delete = print\n"), "007").why

    assert "It has save, delete, getOAuthTokens." in why


def test_a_module_that_refuses_to_be_asked_is_named(plugin: CustomStorePlugin, write: Write) -> None:
    """A module's own __getattr__ that fails is an error of the file, with its cause."""
    error = refusal(plugin, write("def __getattr__(name): raise RuntimeError", "MyStore"), "005")

    assert "my_store.py raised RuntimeError when it was asked for MyStore" in error.what
    assert isinstance(error.__cause__, RuntimeError)


@pytest.mark.parametrize(("name", "code"), [("MyStore", "006"), (None, "005")])
def test_a_class_that_is_abstract_is_told_what_it_lacks(
    plugin: CustomStorePlugin, write: Write, name: str | None, code: str
) -> None:
    """A class whose base wants more methods is not said to be missing; they are named."""
    base = "".join(f"    @abc.abstractmethod\n    def {each}(self): ...\n" for each in ("open", "close"))
    config = write(
        f"import abc\nROWS = {{}}\nclass Base(abc.ABC):\n{base}class MyStore(Base):{METHODS}", name
    )

    error = refusal(plugin, config, code)

    assert "is abstract: it lacks close, open." in error.why


@pytest.mark.parametrize("given", ["__new__(cls): return None", "__new__(cls): return 7"])
def test_a_class_that_makes_something_else_is_named(
    plugin: CustomStorePlugin, write: Write, given: str
) -> None:
    """What the class gives instead of an object is told as the class's fault."""
    assert "MyStore gave" in refusal(plugin, write(f"{STORE}    def {given}"), "006").what


def test_a_factory_may_give_another_object(plugin: CustomStorePlugin, write: Write, key: TokenKey) -> None:
    """A class whose __new__ gives an object of another class that has the methods is used."""
    source = f"{STORE}class Chooser:\n    def __new__(cls): return MyStore()\n"

    assert plugin.fetch(write(source, "Chooser"), key) is None


def test_the_line_that_is_not_python_is_not_shown(plugin: CustomStorePlugin, write: Write) -> None:
    """File, line and kind of a syntax error are told; its text, perhaps a secret, is in the cause only."""
    error = refusal(plugin, write('x = 1\npassword = "SECRET\n'), "003")

    assert error.why == "my_store.py is not Python at line 2: SyntaxError."
    assert isinstance(error.__cause__, SyntaxError)
    assert "SECRET" in str(error.__cause__.text)


def test_a_module_may_be_the_store(plugin: CustomStorePlugin, configure: Write, key: TokenKey) -> None:
    """A module with the methods can be passed, and errors call it by its own name."""
    module = ModuleType("acme_store")
    vars(module).update(save=print, fetch=lambda _: None, delete=lambda _: 7)
    config = configure(persistence_handler=module)

    assert plugin.fetch(config, key) is None
    with pytest.raises(StoreError, match=r"acme_store\.delete answered with int"):
        plugin.delete(config, key)


def test_a_class_without_a_place_is_refused(plugin: CustomStorePlugin, configure: Write) -> None:
    """A class name alone does not say where the class is."""
    error = refusal(plugin, configure(persistence_handler_class="MyStore"), "001")

    assert "persistence_handler_class_path" in error.fix


def test_a_pinned_store_without_keys_is_refused(
    plugin: CustomStorePlugin, configure: Write, key: TokenKey
) -> None:
    """``token_store = "custom"`` alone names no class."""
    with pytest.raises(StoreError, match="where the store class is"):
        plugin.fetch(configure(token_store="custom"), key)


def test_two_class_names_are_refused(plugin: CustomStorePlugin, configure: Write) -> None:
    """A class after the colon and another one under its own key contradict each other."""
    refusal(plugin, configure(persistence_handler_class_path="m:A", persistence_handler_class="B"), "001")


@pytest.mark.parametrize("path", ["missing.py", "/no/such/folder/store.py", "no_such_package.stores:MyStore"])
@pytest.mark.parametrize("name", ["MyStore", None])
def test_a_missing_file_is_named(
    plugin: CustomStorePlugin, configure: Write, path: str, name: str | None
) -> None:
    """A file or module that is not there is named in the error."""
    config = configure(persistence_handler_class_path=path, persistence_handler_class=name)

    assert path.partition(":")[0] in refusal(plugin, config, "002").what


@pytest.mark.parametrize("path", ["store.rb", "/app/store", "my-store", "", "a..b", "..a"])
def test_what_is_neither_file_nor_module_is_refused(
    plugin: CustomStorePlugin, configure: Write, path: str
) -> None:
    """A path without .py that is no module's name is refused with an example."""
    if path:
        assert ".py" in refusal(plugin, configure(persistence_handler_class_path=path), "002").why
    else:
        refusal(plugin, configure(persistence_handler_class_path=":MyStore"), "002")


@pytest.mark.parametrize(("place", "said"), [("/", "/ is a folder."), (os.devnull, "is no .py file.")])
def test_what_is_there_and_no_store_file_is_told_as_what_it_is(
    plugin: CustomStorePlugin, configure: Write, place: str, said: str
) -> None:
    """A folder or a device is not called a module that is missing."""
    error = refusal(plugin, configure(persistence_handler_class_path=place), "002")

    assert said in error.what
    assert "module" not in error.what


def test_a_missing_import_is_named(plugin: CustomStorePlugin, write: Write) -> None:
    """The module that the file imports is named, for the terminal shows no cause."""
    error = refusal(plugin, write(f"import no_such_module.of_mine\n{STORE}"), "004")

    assert "needs the module no_such_module, which is not there." in error.what
    assert "Install" in error.fix


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1/0", "acme_broken raised ZeroDivisionError"),
        ("import no_such_module", "acme_broken needs the module no_such_module"),
        ("raise ModuleNotFoundError", "acme_broken raised ModuleNotFoundError"),
    ],
)
def test_a_module_that_is_there_and_fails_is_not_called_missing(
    *,
    plugin: CustomStorePlugin,
    configure: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    says: str,
) -> None:
    """What an installed module raises, or misses itself, is told as its own failure."""
    (tmp_path / "acme_broken.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    error = refusal(plugin, configure(persistence_handler_class_path="acme_broken:MyStore"), "004")

    assert says in error.what


def test_a_missing_import_that_is_no_module_s_name_is_not_shown(
    plugin: CustomStorePlugin, write: Write
) -> None:
    """Whoever raises the error by hand may put any text into it."""
    error = refusal(plugin, write("raise ModuleNotFoundError('x', name='hush hush')"), "004")

    assert "raised ModuleNotFoundError" in error.what
    assert "hush" not in str(error)


@pytest.mark.parametrize("coding", ["klingon", "ascii"])
def test_an_encoding_that_does_not_fit_is_told(plugin: CustomStorePlugin, write: Write, coding: str) -> None:
    """An encoding that nobody knows, or that the file is not written in, is no fault of line 0."""
    error = refusal(plugin, write(f"# coding: {coding}\nname = 'é'\n{STORE}"), "003")

    assert "encoding" in error.why
    assert "line 0" not in error.why
    assert "coding:" in error.fix


def test_a_folder_is_no_file(plugin: CustomStorePlugin, configure: Write, tmp_path: Path) -> None:
    """A folder whose name ends in .py is refused."""
    (tmp_path / "store.py").mkdir()

    refusal(plugin, configure(persistence_handler_class_path=str(tmp_path / "store.py")), "002")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_named(
    plugin: CustomStorePlugin, write: Write, tmp_path: Path
) -> None:
    """A file without the right to read it is an error that says so."""
    config = write(STORE)
    (tmp_path / "my_store.py").chmod(0)

    assert "cannot be read" in refusal(plugin, config, "002").what


@pytest.mark.parametrize("source", ["class MyStore", "<?php class MyStore {} ?>", "def f(:\n", "x\0"])
def test_a_file_that_is_not_python_is_named(plugin: CustomStorePlugin, write: Write, source: str) -> None:
    """A file that cannot be compiled is named, with the line where Python knows it."""
    error = refusal(plugin, write(source), "003")

    assert "my_store.py" in error.what
    assert "is not Python" in error.why
    assert "None" not in error.why


def test_a_file_of_another_encoding_is_named(plugin: CustomStorePlugin, write: Write, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are not Python either."""
    config = write(STORE)
    (tmp_path / "my_store.py").write_bytes(b"x = '\xff\xfe'\n")

    refusal(plugin, config, "003")


@pytest.mark.parametrize(
    "source", ["1/0", "import no_such_module_at_all", "raise SystemExit(3)", "open('/no/such/file')"]
)
def test_a_file_that_raises_is_named(plugin: CustomStorePlugin, write: Write, source: str) -> None:
    """A file that fails while it runs is named with the kind of error, and leaves no half module behind."""
    known = set(sys.modules)
    error = refusal(plugin, write(source), "004")

    assert re.search(r"my_store\.py (raised|needs the module) \w+", error.what)
    assert error.__cause__ is not None
    assert not [name for name in set(sys.modules) - known if name.startswith("zcrm_custom")]


def test_ctrl_c_is_not_an_error_of_the_file(plugin: CustomStorePlugin, write: Write, key: TokenKey) -> None:
    """An interrupt while the file runs ends the program as everywhere else."""
    with pytest.raises(KeyboardInterrupt):
        plugin.fetch(write("raise KeyboardInterrupt"), key)


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        (STORE, "mystore", "It defines MyStore"),
        ("MyStore = 7", "MyStore", "MyStore is int"),
        ("", "MyStore", "no class"),
        ("", None, "no class"),
        ("class Other: ...", None, "It defines Other"),
        (f"{STORE}\nclass Second(MyStore): ...", None, "one alone"),
        ("from zcrm_core import TokenStorePlugin", None, "no class"),
    ],
)
def test_a_class_that_cannot_be_told_is_refused(
    plugin: CustomStorePlugin, write: Write, source: str, name: str | None, text: str
) -> None:
    """A class that is missing, is none, or is one of several is an error that says what is there."""
    error = refusal(plugin, write(source, name), "005")

    assert text in error.why
    assert "my_store.py" in error.what


@pytest.mark.parametrize("body", ["raise OSError('SECRET')", "return 7", "raise SystemExit"])
def test_a_constructor_that_fails_is_named(plugin: CustomStorePlugin, write: Write, body: str) -> None:
    """A constructor's error is the cause, and its text is not in ours."""
    error = refusal(
        plugin, write(f"ROWS = {{}}\nclass MyStore:\n    def __init__(self): {body}{METHODS}"), "006"
    )

    assert "MyStore" in error.what
    assert "SECRET" not in str(error)


@pytest.mark.parametrize("signature", ["self, host, password", "self, *, config"])
def test_a_constructor_that_wants_more_is_named(
    plugin: CustomStorePlugin, write: Write, signature: str
) -> None:
    """A constructor with other needed arguments is refused by their names."""
    config = write(f"ROWS = {{}}\nclass MyStore:\n    def __init__({signature}): ...{METHODS}")

    assert signature.rpartition(" ")[2] in refusal(plugin, config, "006").what


@pytest.mark.parametrize(
    ("methods", "text"),
    [
        ("pass", "none of the methods"),
        ("def save(self, key, token): ...", "fetch and delete"),
        ("saveOAuthData = getOAuthTokens = print", "deleteOAuthTokens"),
        (
            "def save(self, key): ...\n    def fetch(self, key): ...\n    def delete(self, key): ...",
            "save(key, token)",
        ),
        (
            "def save(self, k, t, old): ...\n    def fetch(self, key): ...\n    def delete(self, key): ...",
            "save(",
        ),
        ("def save(self, k, t): ...\n    def fetch(key): ...\n    def delete(self, key): ...", "fetch(key)"),
        ("def save(self, k, t): ...\n    def fetch(self, k): ...\n    def delete(self): ...", "delete(key)"),
        (
            "async def save(self, k, t): ...\n    def fetch(self, k): ...\n    def delete(self, k): ...",
            "save(",
        ),
        ("def save(self, k, t): yield\n    def fetch(self, k): ...\n    def delete(self, k): ...", "save("),
        (
            (
                "def save(self, k, t): ...\n    def fetch(self, k): ...\n    def delete(self, k): ...\n"
                "    def list(self, config): ..."
            ),
            "list()",
        ),
        (
            (
                "def save(self, k, t): ...\n    def fetch(self, k): ...\n    def delete(self, k): ...\n"
                "    def lock(self, key): ..."
            ),
            "lock(key, wait)",
        ),
        (
            "save = delete = print\n    fetch = property(lambda self: 1 / 0)",
            "fetch raised ZeroDivisionError",
        ),
    ],
)
def test_a_method_that_cannot_be_called_is_named(
    plugin: CustomStorePlugin, write: Write, methods: str, text: str
) -> None:
    """A method that is missing, async, or takes other arguments is named before any is called."""
    error = refusal(plugin, write(f"class MyStore:\n    {methods}\n", "MyStore"), "007")

    assert "MyStore" in error.what
    assert text in error.what
    assert "my_store.py" in error.why


def test_a_plugin_in_a_file_is_told_as_one(plugin: CustomStorePlugin, write: Write) -> None:
    """Whoever derives from TokenStorePlugin learns how such a class is used, not which arguments it has."""
    source = (
        "from zcrm_core import TokenStorePlugin\nclass MyStore(TokenStorePlugin):\n"
        "    name, priority = 'm', 5\n    def claims(self, config): return True\n"
        "    def save(self, config, key, token, replaces): ...\n"
        "    def fetch(self, config, key): ...\n    def delete(self, config, key): ...\n"
    )

    error = refusal(plugin, write(source, "MyStore"), "007")

    assert "is a plugin of its own" in error.what
    assert "token_store=MyStore()" in error.fix


def test_methods_written_in_c_are_called(plugin: CustomStorePlugin, configure: Write, key: TokenKey) -> None:
    """A method whose arguments Python cannot tell is called and not refused."""

    class Store:
        save = fetch = delete = max

    with pytest.raises(StoreError, match="raised TypeError"):
        plugin.fetch(configure(persistence_handler=Store()), key)


def test_a_store_class_that_a_file_imports_is_not_the_one_that_it_defines(
    plugin: CustomStorePlugin, write: Write, key: TokenKey, token: Token
) -> None:
    """A base or a helper from another module is no second candidate where no class is named."""
    config = write(f"from zcrm_store_custom.store import CustomStore\n{STORE}", None)
    plugin.save(config, key, token, None)

    assert plugin.fetch(config, key) == token


def test_a_file_s_name_cannot_do_anything_to_a_terminal(
    plugin: CustomStorePlugin, write: Write, key: TokenKey
) -> None:
    """The path that an error of a call names is shown with its control characters spelt out."""
    source = STORE.replace("return ROWS.get(user)", "raise OSError")
    config = write(source, "MyStore", "my\x1b[2J\nstore.py")

    with pytest.raises(StoreError, match=r"my\\x1b\[2J\\nstore\.py") as caught:
        plugin.fetch(config, key)

    assert str(caught.value).isprintable()
