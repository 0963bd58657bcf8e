"""Does a store give back what was saved, all of it, exactly, and nothing else?"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.strategies import EXPIRIES, HOSTILE, MAX_TEXT, Content, contents, expiries, users
from zcrm_core import StoreError, Token, TokenKey

_ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns")
_PLAIN = Content("access", "refresh", 1_900_000_000_123, "https://www.zohoapis.com", "ZohoCRM.users.READ")


@promise("TS-01")
def smoke(bench: Bench) -> None:
    """A token that is saved can be fetched, and is gone once it is deleted."""
    store, key, token = bench.open(), bench.key(), bench.token()
    store.save(key, token)
    store.expect(key, token, "after it was saved")
    store.delete(key)
    store.expect(key, None, "after it was deleted")


@promise(
    "TS-02",
    user=users(),
    content=contents(),
    pinned=[
        {"user": "a@example.com", "content": Content("\0a\r\n\u2028'\"\\,\U0001f600", None, 0, None, None)},
        {"user": "a@example.com", "content": Content("", "", 1, "", "")},
        {"user": "a@example.com", "content": Content("007", "null", 1, "1e3", "true")},
    ],
)
def round_trip(bench: Bench, user: str, content: Content) -> None:
    """Fetch gives exactly the token that was saved: every field, with its type."""
    store, key, token = bench.open(), bench.key(user), content.of(user)
    store.save(key, token)
    store.expect(key, token, "after it was saved")
    bench.reopen().expect(key, token, "after it was saved and the store was opened again")


@promise(
    "TS-03",
    capabilities=["keeps_all_fields"],
    content=contents(),
    pinned=[{"content": replace(_PLAIN, api_domain=None, scope="")}],
)
def optional_fields(bench: Bench, content: Content) -> None:
    """The API domain and the scope are kept; what is absent stays absent, and what is empty stays empty."""
    store = bench.open()
    forms = [(None, None), ("", ""), (content.api_domain, content.scope), (None, "a"), ("https://b", None)]
    for number, (domain, scope) in enumerate(forms):
        key = bench.key(f"user-{number}@example.com")
        token = replace(content, api_domain=domain, scope=scope).of(key.user_identifier)
        store.save(key, token)
        store.expect(key, token, "after it was saved")


@promise("TS-04", user=users())
def missing(bench: Bench, user: str) -> None:
    """Fetching a user without a token gives None and creates nothing."""
    store, key, other = bench.open(), bench.key(user), bench.key("other@example.com", client="-other")
    empty = _entries(bench)
    store.expect(key, None, "in an empty store")
    bench.expect(_entries(bench) == empty, "fetching a user in an empty store made a file or a folder")
    _nothing_created(bench, [])
    token = bench.token("other@example.com")
    store.save(other, token)
    before = _entries(bench)
    store.expect(key, None, "while only somebody else has a token")
    store.expect(key, None, "asked once more")
    _nothing_created(bench, [other])
    bench.expect(_entries(bench) == before, "fetching a user without a token made a file or a folder")


def _entries(bench: Bench) -> list[Path]:
    if not bench.reaches("files"):
        return []
    place = bench.files
    inside = sorted(place.rglob("*")) if place.is_dir() else bench.file_paths()
    return [*inside, *(path for path in (place, place.parent) if path.exists())]


def _nothing_created(bench: Bench, keys: list[TokenKey]) -> None:
    if bench.author.capabilities.lists:
        listed = bench.listed(bench.open())
        wanted = [bench.as_listed(key) for key in keys]
        bench.expect(
            listed == wanted, f"after fetching a user without a token, {len(listed)} users are listed"
        )


@promise("TS-05", old=contents(), new=contents(), pinned=[{"old": _PLAIN, "new": Content("new", None, 1)}])
def overwrite(bench: Bench, old: Content, new: Content) -> None:
    """The last save wins as a whole: nothing of the token before is left."""
    store, key = bench.open(), bench.key()
    for content in (old, new):
        store.save(key, content.of(key.user_identifier))
    store.expect(key, new.of(key.user_identifier), "after it was saved over another")


@promise("TS-06", user=users())
def deletion(bench: Bench, user: str) -> None:
    """After a delete the token is gone; delete answers whether one was there, and deleting twice is no
    error.
    """
    store, key = bench.open(), bench.key(user)
    bench.expect(store.delete(key) is False, "delete in an empty store did not answer False")
    for _ in range(2):
        store.save(key, bench.token(user))
        bench.expect(store.delete(key) is True, "delete of a token that was there did not answer True")
        store.expect(key, None, "after it was deleted")
        bench.expect(store.delete(key) is False, "the second delete did not answer False")
        store.expect(key, None, "after it was deleted twice")


@promise("TS-11", user=st.sampled_from(HOSTILE), text=st.sampled_from(HOSTILE))
def hostile_text(bench: Bench, user: str, text: str) -> None:
    """Text is data: no user identifier and no token is ever read as a query, pattern, path, format or
    command.
    """
    store, other, witness = bench.open(), bench.key("other@example.com"), bench.token("other@example.com")
    store.save(other, witness)
    for key in (bench.key(user), bench.key(client=text), bench.key(environment=text)):
        store.expect(key, None, "while only somebody else has a token")
        token = Token(key.user_identifier, text, text, 1, text, text)
        store.save(key, token)
        store.expect(key, token, "after it was saved")
        store.expect(other, witness, f"after a token was saved for {user!r}")
        bench.expect(store.delete(key) is True, "delete of a token that was there did not answer True")
        store.expect(key, None, "after it was deleted")
        store.expect(other, witness, f"after the token of {user!r} was deleted")


_SIZES = st.sampled_from([1, 199, 200, 201, 255, 256, 1000, 1001, 4096, 65_535, MAX_TEXT])


@promise(
    "TS-12",
    user=st.sampled_from(["u", "\u00e9", "\U0001f600"]),
    piece=st.sampled_from(["x", "\u00e9", "\U0001f600", "x ", "\0"]),
    size=_SIZES,
    user_size=st.sampled_from([1, 63, 64, 128, 191, 192, 255, 256, 511, 512]),
    share=0.5,
    pinned=[
        {"user": "u", "piece": "x", "size": MAX_TEXT, "user_size": 512},
        {"user": "\U0001f600", "piece": "\U0001f600", "size": MAX_TEXT, "user_size": 512},
        {"user": "u", "piece": "x ", "size": 256, "user_size": 256},
    ],
)
def lengths(bench: Bench, user: str, piece: str, size: int, user_size: int) -> None:
    """Users of up to 512 bytes and texts of up to 64 KiB are kept whole; a store that promises less refuses
    them by a typed error before anything changes.
    """
    name = _of_size(user, user_size) or user
    text = _of_size(piece, size) or piece
    store, key, old = bench.open(), bench.key(name), bench.token(name)
    fits = {each: len(each) <= bench.longest for each in (name, text)}
    try:
        store.save(key, old)
    except StoreError:
        bench.expect(not fits[name], f"a user identifier of {len(name.encode())} bytes was refused")
        bench.expect(not _listed(bench, key), "a user that was refused is listed")
        return
    store.expect(key, old, "after it was saved")
    for token in (
        replace(old, access_token=text),
        replace(old, refresh_token=text),
        replace(old, api_domain=text, scope=text),
    ):
        try:
            store.save(key, token)
            old = token
        except StoreError:
            bench.expect(not fits[text], f"a token with a text of {len(text.encode())} bytes was refused")
        store.expect(key, old, f"after a text of {len(text.encode())} bytes was saved or refused")


def _of_size(piece: str, size: int) -> str:
    return (piece * size).encode()[:size].decode(errors="ignore")


def _listed(bench: Bench, key: TokenKey) -> bool:
    return bench.author.capabilities.lists and key in bench.listed(bench.open())


@promise("TS-14", expiry=expiries(), pinned=[{"expiry": expiry} for expiry in EXPIRIES])
def expiry(bench: Bench, expiry: int) -> None:
    """The expiry is an exact number of milliseconds, whatever its size and whatever time zone a process is
    in.
    """
    store = bench.open()
    for number, (saved_in, read_in) in enumerate(zip(_ZONES, (*_ZONES[1:], _ZONES[0]), strict=True)):
        key = bench.key(f"user-{number}@example.com")
        token = bench.token(key.user_identifier, expiry_time=expiry)
        with _zone(saved_in):
            store.save(key, token)
            store.expect(key, token, f"after it was saved in the time zone {saved_in}")
        with _zone(read_in):
            store.expect(key, token, f"after it was saved in the time zone {saved_in}, read in {read_in},")


@contextmanager
def _zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


@promise("TS-15")
def copies(bench: Bench) -> None:
    """What a store keeps is its own: changing a token that was saved or fetched changes nothing in the
    store.
    """
    store, key = bench.open(), bench.key()
    saved = bench.token()
    wanted = replace(saved)
    store.save(key, saved)
    for changed in (saved, store.fetch(key), store.fetch(key)):
        # A frozen dataclass can be changed by force; a shared object would then be another one.
        object.__setattr__(changed, "access_token", "changed by the caller")
        store.expect(key, wanted, "after the caller changed its own copy")


@promise("TS-18")
def answers(bench: Bench) -> None:
    """Each hook answers as specified: save True, fetch a Token or None, delete True or False."""
    store, key, token = bench.open(), bench.key(), bench.token()
    bench.expect(store.delete(key) is False, "delete of nothing did not answer False")
    bench.expect(store.save(key, token) is True, "save did not answer True")
    bench.expect(store.save(key, bench.token(), token) is True, "save over a token did not answer True")
    bench.expect(type(store.fetch(key)) is Token, "fetch of a token did not answer with a Token")
    bench.expect(store.delete(key) is True, "delete of a token did not answer True")
    bench.expect(store.fetch(key) is None, "fetch of nothing did not answer None")


@promise(
    "TS-19",
    capabilities=["lists"],
    saved=st.lists(users(), max_size=8, unique=True),
    gone=st.integers(0, 3),
    share=0.5,
    pinned=[{"saved": [f"user-{number}@example.com" for number in range(250)], "gone": 1}],
)
def listing(bench: Bench, saved: list[str], gone: int) -> None:
    """List gives the key of every token once, exactly, and no other."""
    store = bench.open()
    keys = [bench.key(user) for user in saved]
    if bench.author.capabilities.separates_clients:
        keys += [bench.key(user, "sandbox") for user in saved[:2]]
        keys += [bench.key(user, client="-b") for user in saved[:2]]
    for key in keys:
        store.save(key, bench.token(key.user_identifier))
        store.save(key, bench.token(key.user_identifier))
    for key in keys[:gone]:
        store.delete(key)
    listed = bench.listed(store)
    bench.expect(all(type(key) is TokenKey for key in listed), "list gave something else than TokenKeys")
    bench.expect(len(set(listed)) == len(listed), "list gave a key twice")
    missing = set(keys[gone:]) - set(listed)
    bench.expect(not missing, f"list left out {', '.join(map(str, missing))}")
    more = set(listed) - set(keys[gone:])
    bench.expect(not more, f"list gave {', '.join(map(str, more))}, which has no token")
