"""Does damage to the file always end in an error, never in a wrong answer, and can it be repaired?"""

from __future__ import annotations

import json
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zcrm_core import StoreCorrupt, Token, TokenKey
from zcrm_store_file import document, lines
from zcrm_store_file.store import FileStore

Keys = Callable[[str], TokenKey]
Tokens = Callable[..., Token]

QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def _outcome(store: FileStore, key: TokenKey) -> Token | str | None:
    try:
        return store.fetch(key)
    except StoreCorrupt as error:
        return error.code


def _three(store: FileStore, key: Keys, token: Tokens) -> None:
    for user in "abc":
        store.save(key(user), token(user))


def _check_damaged(store: FileStore, key: Keys, token: Tokens, hurt: int) -> None:
    """Check each user's answer, then that every user's next save brings all back."""
    outcomes = {user: _outcome(store, key(user)) for user in "abc"}
    wrong = [user for user, outcome in outcomes.items() if outcome != token(user)]
    assert len(wrong) <= hurt
    assert {"ZCRM-FILE-001"}.issuperset(outcomes[user] for user in wrong)
    assert _outcome(store, key("absent")) == "ZCRM-FILE-001"
    for user in wrong:
        store.save(key(user), token(user, 1))
    store.save(key("new"), token("new"))
    for user in "abc":
        assert token(user, 1 if user in wrong else 0) == store.fetch(key(user))
    assert store.fetch(key("absent")) is None


@pytest.mark.usefixtures("no_flush")
def test_every_truncation(store: FileStore, path: Path, key: Keys, token: Tokens) -> None:
    """Cut off anywhere, the file gives whole tokens or errors, and the next saves repair it."""
    _three(store, key, token)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        gone = sum(line not in whole[:size] for line in document.split_lines(whole))
        _check_damaged(store, key, token, gone)


@pytest.mark.usefixtures("no_flush")
def test_every_flipped_bit(store: FileStore, path: Path, key: Keys, token: Tokens) -> None:
    """One flipped bit anywhere hurts the user of that line at most, and the next saves repair it."""
    _three(store, key, token)
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        if _outcome(store, key("absent")) == "ZCRM-FILE-002":
            # The bit was in the version number: such a file is as good as a newer one, and left alone.
            assert whole[place : place + 1] == b"1"
            continue
        _check_damaged(store, key, token, 1)


def test_damage_is_kept_and_told(filled: FileStore, path: Path, key: Keys, token: Tokens) -> None:
    """A repair keeps one copy of the file as it was, and the users of damaged lines are still told."""
    line = document.split_lines(path.read_bytes())[2]
    hurt, saver = next(user for user in "abcde" if line.startswith(lines.line_start(key(user)))), "new"
    damaged = path.read_bytes().replace(line, line.replace(b"access-0", b"access-9"))
    path.write_bytes(damaged)
    with pytest.raises(StoreCorrupt, match="Line 4 "):
        filled.fetch(key(hurt))
    for number in range(3):
        filled.save(key(saver), token(saver, number))
        filled.save(key(f"{saver}-{number}"), token(f"{saver}-{number}"))

    copies = list(path.parent.glob("*.damaged-*"))
    assert [damaged] == [copy.read_bytes() for copy in copies]
    assert copies[0].stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreCorrupt, match="was damaged"):
        filled.fetch(key(hurt))
    assert hurt not in {each.user_identifier for each in filled.stored_keys()}
    assert filled.delete(key(hurt))
    assert filled.fetch(key(hurt)) is None


def test_a_damaged_copy_does_not_hide_the_intact_line(
    filled: FileStore, path: Path, key: Keys, token: Tokens
) -> None:
    """Where an intact and a damaged line of one user are in the file, the intact one counts, and is kept."""
    line = document.find_line(
        document.reading(path.read_bytes()), path.stat().st_size, lines.line_start(key("a")), ""
    )
    assert line is not None
    with path.open("ab") as file:
        file.write(line.replace(b"access-0", b"access-9"))

    assert token("a") == filled.fetch(key("a"))
    filled.save(key("new"), token("new"))
    assert token("a") == filled.fetch(key("a"))


def test_moved_lines_are_found_out(filled: FileStore, path: Path, key: Keys, token: Tokens) -> None:
    """Lines in another order are still each user's own, and nobody is said to be absent."""
    first, *body = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([first, *reversed(body)]))

    assert all(token(user) == filled.fetch(key(user)) for user in "abcde")
    assert _outcome(filled, key("absent")) == "ZCRM-FILE-001"
    with pytest.raises(StoreCorrupt):
        filled.stored_keys()
    with pytest.raises(StoreCorrupt):
        filled.delete(key("absent"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[]",
        b"null\n",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe\x00",
        b'{"format":"zcrm-oauthtokens"}\n',
        b'{"format":"zcrm-oauthtokens","version":"1"}\n',
        b"[" * 100_000,
        b"{" * 100_000 + b"\n",
        b'{"digest":"' * 1000,
        b"\0" * 100_000,
    ],
    ids=str,
)
def test_hostile_content(
    *, store: FileStore, folder: Path, path: Path, key: Keys, token: Tokens, content: bytes
) -> None:
    """Content of any kind is a typed error and stays as it is; the next save keeps a copy and goes on."""
    folder.mkdir(mode=0o700)
    path.write_bytes(content)
    path.chmod(0o600)
    for call in (store.fetch, store.delete):
        with pytest.raises(StoreCorrupt) as caught:
            call(key("a"))
        assert caught.value.code == "ZCRM-FILE-001"
        assert str(path) in str(caught.value)
    assert content == path.read_bytes()
    store.save(key("a"), token("a"))

    assert token("a") == store.fetch(key("a"))
    assert [content] == [copy.read_bytes() for copy in folder.glob("*.damaged-*")]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"user": "a"},
        {"user": 1, "client": 2, "environment": 3, "access": "", "expiry": 0},
        {"access": 5, "expiry": 0},
        {"access": "x", "expiry": "0"},
        {"access": "x", "expiry": True},
        {"access": "x", "expiry": 2**53},
        {"access": "x", "expiry": 0, "refresh": {}},
    ],
    ids=str,
)
def test_a_line_without_a_token(
    store: FileStore, folder: Path, path: Path, key: Keys, fields: dict[str, object]
) -> None:
    """A line with the right checksum and the wrong content is an error, not a token."""
    whose = {"user": "a", "client": "1000.CLIENT", "environment": "production"} if "access" in fields else {}
    line = lines._line(lines.line_start(key("a")), {**whose, **fields})
    folder.mkdir(mode=0o700)
    path.write_bytes(b"".join(document.compose([line])))
    path.chmod(0o600)

    assert _outcome(store, key("a")) == "ZCRM-FILE-001"


def test_a_newer_format_is_left_alone(
    store: FileStore, folder: Path, path: Path, key: Keys, token: Tokens
) -> None:
    """A file of a newer version is refused by every call, without a byte changed and without a copy."""
    folder.mkdir(mode=0o700)
    content = b'{"format":"zcrm-oauthtokens","version":2,"codec":"x"}\nsomething\n'
    path.write_bytes(content)
    path.chmod(0o600)
    calls: list[Callable[[], object]] = [
        lambda: store.fetch(key("a")),
        lambda: store.save(key("a"), token("a")),
        lambda: store.delete(key("a")),
        store.stored_keys,
    ]
    for call in calls:
        with pytest.raises(StoreCorrupt, match="Update zcrm-store-file") as caught:
            call()
        assert caught.value.code == "ZCRM-FILE-002"
    assert content == path.read_bytes()
    assert not list(folder.glob("*.damaged-*"))


class Trap:
    """A pickle of it makes a file when it is loaded."""

    def __init__(self, bait: str) -> None:
        self.bait = bait

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, int]]:
        return os.open, (self.bait, os.O_CREAT)


@pytest.mark.parametrize("mode", [0o600, 0o644])
@pytest.mark.parametrize(
    "content",
    [
        b"\x04\bo:\x18ZCRMSDK::OAuthTokens\x00",
        b'O:16:"ZohoOAuthTokens":4:{s:11:"accessToken";s:6:"1000.x";}',
        b'a:1:{i:0;O:16:"ZohoOAuthTokens":0:{}}',
        b"id,user_name,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time\n1,a,c,s,r,a,,1\n",
        b"id,user_mail,client_id,client_secret,refresh_token,access_token,grant_token,expiry_time,redirect_url",
        b"pickle",
    ],
    ids=["marshal", "serialized object", "serialized array", "csv", "older csv", "pickle"],
)
def test_files_of_zohos_sdks(
    *, store: FileStore, folder: Path, path: Path, key: Keys, token: Tokens, content: bytes, mode: int
) -> None:
    """A file of Zoho's own SDKs is recognised, not loaded, not changed, and the way out is named."""
    bait = folder / "bait"
    if content == b"pickle":
        content = pickle.dumps(Trap(str(bait)))
    folder.mkdir(mode=0o700)
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(StoreCorrupt, match="zcrm login") as caught:
        store.fetch(key("a"))
    assert caught.value.code == "ZCRM-FILE-003"
    with pytest.raises(StoreCorrupt, match="zcrm login"):
        store.save(key("a"), token("a"))
    assert content == path.read_bytes()
    assert not bait.exists()


def test_no_content_in_any_error(store: FileStore, folder: Path, path: Path, key: Keys) -> None:
    """No error, nor anything that hangs on it, shows what is in the file."""
    marker = "S3CRET"
    broken = b'{"digest":"%b","crc32":"' % lines.line_start(key("a"))[-32:]
    rest = b'",{"access":"' + marker.encode() + b"\xff\n"
    valid = b'%b","crc32":"%08x%b' % (
        lines.line_start(key("a")),
        crc32(rest, crc32(lines.line_start(key("a")))),
        rest,
    )
    folder.mkdir(mode=0o700)
    for content in (broken + marker.encode(), b"".join(document.compose([valid])), marker.encode()):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(StoreCorrupt) as caught:
            store.fetch(key("a"))
        error: BaseException | None = caught.value
        text = "".join(traceback.format_exception(error))
        while error is not None:
            text += repr(error) + repr(error.args) + repr(vars(error))
            error = error.__cause__ or error.__context__
        assert marker not in text


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=200), st.integers(0, 199))
@QUICK
def test_search_finds_what_is_there(sizes: list[int], at: int) -> None:
    """Every line is found whatever the lengths of the others, and none is taken for an absent one."""
    keys = [TokenKey(f"u{number}", "c", "production") for number in range(len(sizes))]
    written = {
        lines.line_start(key): lines.encode(key, Token(key.user_identifier, "x" * size, None, 0))
        for key, size in zip(keys, sizes, strict=True)
    }
    data = b"".join(document.compose([written[start] for start in sorted(written)]))
    read = document.reading(data)
    start = lines.line_start(keys[at % len(keys)])
    span = document.locate(read, len(data), start)

    assert span is not None
    assert written[start] == data[slice(*span)]
    assert document.locate(read, len(data), lines.line_start(TokenKey("absent", "c", "production"))) is None
    assert document.first_damage(data) is None


def test_search_with_very_long_lines() -> None:
    """Lines of the greatest length among short ones are found, and so are their neighbours."""
    written = {}
    for number in range(60):
        key = TokenKey(f"u{number}", "c", "production")
        long = "\0" * 65536 if number % 7 == 0 else "x"
        written[lines.line_start(key)] = lines.encode(key, Token(f"u{number}", long, long, 0, long, long))
    data = b"".join(document.compose([written[start] for start in sorted(written)]))
    for start, line in written.items():
        span = document.locate(document.reading(data), len(data), start)
        assert span is not None
        assert line == data[slice(*span)]


@pytest.mark.usefixtures("filled")
def test_the_file_is_json_lines(path: Path) -> None:
    """The file is a format line and one JSON document a line, in the order of the digests."""
    first, *rest = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert (first["format"], first["version"]) == ("zcrm-oauthtokens", 1)
    assert set("abcde") == {each["user"] for each in rest}
    assert [each["digest"] for each in rest] == sorted(each["digest"] for each in rest)


@pytest.mark.parametrize("content", [b"somebody's notes\n", b"\0" * 200])
def test_a_file_that_zcrm_never_wrote_is_told_as_one(
    store: FileStore, path: Path, key: Keys, content: bytes
) -> None:
    """No login may replace it, so none is advised; what is advised works."""
    path.parent.mkdir(mode=0o700)
    path.write_bytes(content)
    path.chmod(0o600)

    for call in (lambda: store.fetch(key("a")), store.stored_keys, lambda: store.delete(key("a"))):
        with pytest.raises(StoreCorrupt, match="is no token file of zcrm's") as caught:
            call()
        assert not caught.value.repaired_by_saving
        assert "Set token_persistence_path to another place" in caught.value.fix
    assert path.read_bytes() == content
