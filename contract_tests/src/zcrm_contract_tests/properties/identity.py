"""Does a store keep two different keys apart, always?"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.handle import Handle
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.story import shown_error
from zcrm_contract_tests.strategies import LOOK_ALIKES, MAX_USER, pairs, users
from zcrm_contract_tests.verdicts import Violation
from zcrm_core import Token, TokenKey, ZcrmError

_ROOM: Final = 32
"""What a client's own name may take of its length."""
_PINNED: Final = [{"pair": pair} for pair in (*LOOK_ALIKES, *((two, one) for one, two in LOOK_ALIKES))]


@promise("TS-07", pair=pairs(), pinned=_PINNED)
def deletes_one(bench: Bench, pair: tuple[str, str]) -> None:
    """Deleting one user's token leaves every other user's, however alike the two look."""
    store = bench.open()
    mine, yours = bench.key(pair[0]), bench.key(pair[1])
    kept = bench.token(pair[1])
    store.save(yours, kept)
    bench.expect(store.delete(mine) is False, "delete of a user without a token did not answer False")
    store.expect(yours, kept, f"after delete was asked for {pair[0]!a}")
    store.save(mine, bench.token(pair[0]))
    store.delete(mine)
    store.expect(mine, None, "after it was deleted")
    store.expect(yours, kept, f"after the token of {pair[0]!a} was deleted")


@promise("TS-08", pair=pairs(), pinned=_PINNED)
def saves_one(bench: Bench, pair: tuple[str, str]) -> None:
    """Saving one user's token changes no other user's, even with the same expiry, client and refresh
    token.
    """
    store = bench.open()
    mine, yours = bench.key(pair[0]), bench.key(pair[1])
    same: dict[str, str | int | None] = {
        "expiry_time": 1_900_000_000_000,
        "refresh_token": "same",
        "scope": "same",
    }
    kept = bench.token(pair[1], **same)
    store.save(yours, kept)
    for _ in range(2):
        token = bench.token(pair[0], **same)
        store.save(mine, token)
        store.expect(yours, kept, f"after a token was saved for {pair[0]!a}")
        store.expect(mine, token, "after it was saved")


@promise("TS-09", pair=pairs(), pinned=_PINNED)
def exact_users(bench: Bench, pair: tuple[str, str]) -> None:
    """A user is exactly the code points of the identifier: case, blanks, accents and form tell users
    apart.
    """
    store = bench.open()
    mine, yours = bench.key(pair[0]), bench.key(pair[1])
    token = bench.token(pair[0])
    store.save(mine, token)
    store.expect(yours, None, f"while only {pair[0]!a} has a token")
    store.expect(mine, token, "after it was saved")
    other = bench.token(pair[1])
    store.save(yours, other)
    store.expect(mine, token, f"after {pair[1]!a} got a token too")
    store.expect(yours, other, "after it was saved")


@promise(
    "TS-10",
    capabilities=["separates_clients"],
    user=users(),
    other=st.sampled_from(["-b", "-B", " ", "/", "%"]),
    environments=st.permutations(["production", "sandbox", "developer"]),
    pair=pairs(),
    pinned=[
        {
            "user": "a@example.com",
            "other": "-b",
            "environments": ["production", "sandbox", "developer"],
            **pinned,
        }
        for pinned in _PINNED
    ],
)
def exact_places(bench: Bench, user: str, other: str, environments: list[str], pair: tuple[str, str]) -> None:
    """The same user with another client or in another environment is another key, with a token of its own."""
    store = bench.open()
    keys = [
        bench.key(user, environment, client)
        for environment in environments
        for client in ("", other, other * 2)
    ]
    tokens = {}
    for key in keys:
        store.expect(key, None, "before it had a token")
        tokens[key] = bench.token(user)
        store.save(key, tokens[key])
    for key, token in tokens.items():
        store.expect(key, token, "after every client and environment got a token")
    bench.expect(store.delete(keys[0]) is True, "delete of a token that was there did not answer True")
    store.expect(keys[0], None, "after it was deleted")
    bench.expect(
        store.delete(keys[0]) is False,
        "delete answered True although only another client or environment has a token",
    )
    for key in keys[1:]:
        store.expect(key, tokens[key], "after another client's or environment's token was deleted")
    _look_alikes(bench, [bench.key(user, each) for each in pair])
    long = any(len(each.encode()) > MAX_USER - _ROOM or len(each) > bench.longest - _ROOM for each in pair)
    _look_alikes(bench, [] if long else [bench.key(user, client=each) for each in pair])


def _look_alikes(bench: Bench, keys: list[TokenKey]) -> None:
    """Environments and clients are exact code points too."""
    store, tokens = bench.open(), {}
    for key in keys:
        tokens[key] = bench.token(key.user_identifier)
        _accepted(store, key, tokens[key])
    for key, token in tokens.items():
        store.expect(key, token, f"after the look-alike of {key.environment!a} got a token too")


@promise("TS-13", user=users(), pinned=[{"user": user} for user in (" ", "0", "nobody", "a b", "\U0001f600")])
def every_identity(bench: Bench, user: str) -> None:
    """Every key that the core accepts is accepted: a store makes no demands of its own on identifiers."""
    store = bench.open()
    for key in (bench.key(user), TokenKey("a@example.com", bench.key(user).client_id, user)):
        token = bench.token(key.user_identifier)
        _accepted(store, key, token)
        store.expect(key, token, "after it was saved")


def _accepted(store: Handle, key: TokenKey, token: Token) -> None:
    try:
        store.save(key, token)
    except ZcrmError as error:
        raise Violation(f"it was refused: {shown_error(error)}") from error
