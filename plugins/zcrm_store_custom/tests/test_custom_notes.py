"""What does zcrm save in a user's own class beside the tokens of its users, and over what is there?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from zcrm_core import Client, RefreshThrottled, StoreCorrupt, Token, TokenKey
from zcrm_simulator import Limits, Simulator


class ByKey:
    """A class without a lock."""

    def __init__(self) -> None:
        self.tokens: dict[TokenKey, Token] = {}

    def save(self, key: TokenKey, token: Token) -> None:
        self.tokens[key] = token

    def fetch(self, key: TokenKey) -> Token | None:
        return self.tokens.get(key)

    def delete(self, key: TokenKey) -> bool:
        return self.tokens.pop(key, None) is not None


class Locking(ByKey):
    """A class with a lock."""

    @contextmanager
    def lock(self, key: TokenKey, wait: float) -> Iterator[None]:
        yield


@pytest.mark.parametrize(("kind", "users"), [(ByKey, 1), (Locking, 2)])
def test_a_class_without_a_lock_is_given_tokens_of_its_users_only(
    kind: type[ByKey], users: int, zcrm_simulator: Simulator
) -> None:
    """That Zoho throttles is noted in a class that locks; in another one no entry is added, and it counts."""
    store = kind()
    keys = {**zcrm_simulator.config(), "current_user_email": zcrm_simulator.users[0].email}
    with Client(keys, token_store=store) as client:
        client.oauth.generate_access_token(zcrm_simulator.grant_token(["ZohoCRM.org.ALL"]))
        zcrm_simulator.limits = Limits(refreshes=0)

        for _ in range(2):
            with pytest.raises(RefreshThrottled):
                client.oauth.refresh_access_token()

    assert len(store.tokens) == users
    assert zcrm_simulator.counters.throttled == 1


class Rows:
    """A class with the older names, over rows that another program wrote."""

    def __init__(self, **row: object) -> None:
        self.row: object = {"access_token": "a", "refresh_token": "r", **row}

    def save_oauth_tokens(self, token: Token) -> None:
        self.row = token

    def get_oauth_tokens(self, user: str) -> object:
        return self.row

    def delete_oauth_tokens(self, user: str) -> None:
        self.row = None


@pytest.mark.parametrize("whose", ["the user's", "another's", "nobody's"])
def test_a_login_replaces_the_user_s_own_row_that_is_no_token(zcrm_simulator: Simulator, whose: str) -> None:
    """The error says that it does so, and what may be another user's it leaves alone."""
    user = zcrm_simulator.users[0].email
    users = {"the user's": user, "another's": user.upper(), "nobody's": None}
    store = Rows(user_identifier=users[whose], expiry_time="1900000000000")
    row = store.row
    with Client({**zcrm_simulator.config(), "current_user_email": user}, token_store=store) as client:
        with pytest.raises(StoreCorrupt) as caught:
            client.tokens.fetch()
        grant = zcrm_simulator.grant_token(["ZohoCRM.org.ALL"])
        with nullcontext() if whose == "the user's" else pytest.raises(StoreCorrupt):
            client.oauth.generate_access_token(grant)

    assert ("logging the user in again" in caught.value.fix) == (whose == "the user's")
    assert (store.row is row) == (whose != "the user's")
