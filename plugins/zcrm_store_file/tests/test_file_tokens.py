"""Does the file store give back what was saved, and only to its user?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from zcrm_core import Config, ConfigError, StaleToken, StoreClaim, StoreCorrupt, Token, TokenKey
from zcrm_store_file import document, lines
from zcrm_store_file.plugin import FileStorePlugin
from zcrm_store_file.store import FileStore

Keys = Callable[[str], TokenKey]
Tokens = Callable[..., Token]

USERS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=60)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)
MAYBE = st.none() | TEXTS
QUICK = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

LOOK_ALIKES = [
    "a@b.c", "A@b.c", "a@b.c ", " a@b.c", "\u00e1", "a\u0301", "\u00df", "SS", "\u0130", "i\u0307", "K",
    "\u212a", "\uff41", "' OR '1'='1", "%", "_", "*", "[a]", "../x", "con", "nul.txt", ".", "..", '"', '"}',
    '{"digest":"', "\\", "\\u0061", "\U0001f600", "\u202ea", "\u2028", "x" * 512,
]  # fmt: skip


@given(st.builds(Token, USERS, TEXTS, MAYBE, st.integers(0, 2**53 - 1), MAYBE, MAYBE))
@example(Token("a", '\0\n\r"\\\u2028', "", 0, "", ""))
@example(Token("a", "x" * 65536, "\0" * 65536, 2**53 - 1, "\U0001f600" * 16384, "\\" * 65536))
@QUICK
def test_round_trip(token: Token) -> None:
    """A token comes back equal, field for field, whatever texts it holds."""
    key = TokenKey(token.user_identifier, "client", "production")
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(folder)
        store.save(key, token)

        assert token == store.fetch(key)
        assert [key] == store.stored_keys()


@given(st.lists(USERS, unique=True, max_size=40), st.data())
@QUICK
def test_behaves_like_a_dict(users: list[str], data: st.DataObject) -> None:
    """After any saves and deletes the store holds what a dict would hold."""
    expected: dict[TokenKey, Token] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = FileStore(folder)
        for number, user in enumerate(users):
            key = TokenKey(user, "client", "production")
            expected[key] = Token(user, f"access-{number}", None, number)
            store.save(key, expected[key])
        for key in [key for key in expected if data.draw(st.booleans())]:
            assert store.delete(key)
            del expected[key]

        assert expected == {key: store.fetch(key) for key in store.stored_keys()}


def test_look_alikes_are_different_users(store: FileStore, key: Keys, token: Tokens) -> None:
    """Users whose names differ in any code point never meet, and deleting one leaves the others."""
    for number, user in enumerate(LOOK_ALIKES):
        store.save(key(user), token(user, number))
    for number, user in enumerate(LOOK_ALIKES):
        assert token(user, number) == store.fetch(key(user))
        assert store.delete(key(user))
        assert store.fetch(key(user)) is None
        assert len(LOOK_ALIKES) - number - 1 == len(store.stored_keys())


def test_client_and_environment_are_part_of_the_key(store: FileStore, token: Tokens) -> None:
    """One user's tokens for two clients, or for production and sandbox, never overwrite each other."""
    keys = [TokenKey("a", client, kind) for client in ("1", "2") for kind in ("production", "sandbox")]
    for number, each in enumerate(keys):
        store.save(each, token("a", number))

    assert [token("a", number) for number in range(4)] == [store.fetch(each) for each in keys]
    assert set(keys) == set(store.stored_keys())


def test_last_save_wins_whole(store: FileStore, key: Keys) -> None:
    """A save replaces the whole token: no field of the old one is left."""
    store.save(key("a"), Token("a", "1", "r", 1, "https://x", "scope"))
    store.save(key("a"), Token("a", "2", None, 2))

    assert Token("a", "2", None, 2) == store.fetch(key("a"))


def test_delete_is_idempotent_and_writes_only_when_it_must(filled: FileStore, key: Keys, path: Path) -> None:
    """A second delete answers False and leaves the very same file."""
    assert filled.delete(key("a"))
    before = path.stat()

    assert not filled.delete(key("a"))
    assert (before.st_ino, before.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)


def test_reading_makes_nothing(store: FileStore, key: Keys, folder: Path) -> None:
    """Fetching, listing and deleting in a store that is not there make no file and no folder."""
    assert store.fetch(key("a")) is None
    assert store.stored_keys() == []
    assert not store.delete(key("a"))
    with pytest.raises(StaleToken):
        store.save(key("a"), Token("a", "", None, 0), Token("a", "", None, 0))
    assert not folder.exists()


def test_replaces_the_very_token_only(filled: FileStore, key: Keys, token: Tokens, path: Path) -> None:
    """Compare-and-save changes the file for the whole token expected, and not a byte for any other."""
    filled.save(key("a"), token("a", 1), replaces=token("a", 0))
    assert token("a", 1) == filled.fetch(key("a"))
    before = path.read_bytes()

    almost = Token("a", "access-1", "refresh-1", 1_700_000_000_001, None)
    for user, wrong in (("a", token("a", 0)), ("a", almost), ("absent", token("absent", 0))):
        with pytest.raises(StaleToken):
            filled.save(key(user), token(user, 2), replaces=wrong)
    filled.delete(key("b"))
    with pytest.raises(StaleToken):
        filled.save(key("b"), token("b", 1), replaces=token("b", 0))
    filled.save(key("b"), token("b", 0))

    assert before == path.read_bytes()


@pytest.mark.usefixtures("filled")
def test_survives_a_restart(folder: Path) -> None:
    """Another process, started afterwards, sees exactly what was saved."""
    code = (
        "import sys\nfrom zcrm_store_file.store import FileStore\n"
        "store = FileStore(sys.argv[1])\n"
        "seen = [(key.user_identifier, store.fetch(key).access_token) for key in store.stored_keys()]\n"
        "print(sorted(seen))"
    )
    seen = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, check=True, encoding="utf-8"
    )

    assert str([(user, "access-0") for user in "abcde"]) == seen.stdout.strip()


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ("existing", "existing/zcrm_oauthtokens.txt"),
        ("existing.d", "existing.d/zcrm_oauthtokens.txt"),
        ("new/deep", "new/deep/zcrm_oauthtokens.txt"),
        ("new/tokens.txt", "new/tokens.txt"),
        ("existing/tokens.json", "existing/tokens.json"),
        ("plain", "plain"),
    ],
)
def test_the_path_is_a_folder_or_the_file(
    tmp_path: Path, configured: str, expected: str, key: Keys, token: Tokens
) -> None:
    """A folder, there or not, gets the file; a path with a suffix, or of a file, is the file itself."""
    (tmp_path / "existing").mkdir()
    (tmp_path / "existing.d").mkdir()
    (tmp_path / "plain").touch(mode=0o600)
    for number in range(2):
        FileStore(str(tmp_path / configured)).save(key("a"), token("a", number))
    with FileStore(str(tmp_path / configured)).lock(key("a"), 0):
        pass

    assert token("a", 1) == FileStore(str(tmp_path / configured)).fetch(key("a"))
    assert b'{"format":"zcrm-oauthtokens"' in (tmp_path / expected).read_bytes()
    assert (tmp_path / expected).with_suffix(".locks").is_dir()


def test_the_plugin_answers_the_hooks(folder: Path, token: Tokens) -> None:
    """The plugin claims a configuration with a path, and its hooks reach the file."""
    plugin = FileStorePlugin()
    values: dict[str, object] = {"client_id": "1000.CLIENT", "client_secret": "hidden"}
    config = Config({**values, "token_persistence_path": str(folder)})
    key = TokenKey("a", config.client_id, config.environment)

    assert plugin.zcrm_token_store(config) == StoreClaim(
        "file", 200, claims=True, reason="token_persistence_path is set"
    )
    assert not plugin.zcrm_token_store(Config(values)).claims
    assert plugin.zcrm_save_token(config, key, token("a"), None) is True
    assert token("a") == plugin.zcrm_fetch_token(config, key)
    assert [key] == list(plugin.zcrm_list_tokens(config))  # type: ignore[attr-defined]  # made by the base class
    with plugin.zcrm_lock_token(config, key, 0):  # type: ignore[attr-defined]
        assert plugin.zcrm_delete_token(config, key) is True
    with pytest.raises(ConfigError, match="token_persistence_path"):
        plugin.zcrm_fetch_token(Config(values), key)


def test_unknown_fields_of_others_survive(filled: FileStore, key: Keys, token: Tokens, path: Path) -> None:
    """Saving and deleting copy every other user's line byte for byte, with fields that zcrm does not know."""
    foreign = lines._line(
        lines.line_start(key("z")),
        {
            "user": "z",
            "client": "1000.CLIENT",
            "environment": "production",
            "access": "",
            "expiry": 0,
            "new": [1],
        },
    )
    every = [foreign, *document.split_lines(path.read_bytes())]
    path.write_bytes(b"".join(document.compose(sorted(every))))
    filled.save(key("a"), token("a", 1))
    filled.save(key("y"), token("y"))
    filled.delete(key("b"))

    assert foreign in path.read_bytes()
    assert Token("z", "", None, 0) == filled.fetch(key("z"))


@pytest.mark.parametrize(
    "other", [("b", "1000.CLIENT", "production"), ("a", "2", "production"), ("a", "1000.CLIENT", "sandbox")]
)
def test_another_keys_document_is_refused(
    filled: FileStore, key: Keys, path: Path, other: tuple[str, str, str]
) -> None:
    """A line under one key's digest that names another user, client or environment is not given out."""
    theirs = TokenKey(*other)
    line = lines.encode(theirs, Token(theirs.user_identifier, "theirs", None, 0))
    fields = {name: value for name, value in json.loads(line).items() if name not in ("digest", "crc32")}
    kept = document.salvage(path.read_bytes())
    kept[lines.line_start(key("a"))] = lines._line(lines.line_start(key("a")), fields)
    path.write_bytes(b"".join(document.compose([kept[start] or b"" for start in sorted(kept)])))

    with pytest.raises(StoreCorrupt) as caught:
        filled.fetch(key("a"))
    assert "theirs" not in str(caught.value)
