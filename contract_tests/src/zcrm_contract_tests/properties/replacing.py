"""Does a store replace exactly the token that the caller saw?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st

from zcrm_contract_tests.bench import Bench
from zcrm_contract_tests.promises import promise
from zcrm_contract_tests.strategies import Content, contents
from zcrm_core import Token, ZcrmError

_SCOPES: Final = ["ZohoCRM.org.ALL", "ZohoCRM.users.ALL", "ZohoCRM.modules.ALL"]
_FIELDS: Final = ("access_token", "refresh_token", "expiry_time", "api_domain", "scope")


@promise("TS-16")
def keeps_refresh_token(bench: Bench) -> None:
    """A refresh, whose answer has no refresh token, leaves the stored refresh token as it was."""
    from zcrm_simulator import Simulator  # noqa: PLC0415 - only the checks that refresh need a server

    with (
        Simulator() as zoho,
        bench.client({**zoho.config(), "current_user_email": zoho.users[0].email}) as client,
    ):
        first = client.oauth.generate_access_token(zoho.grant_token(_SCOPES))
        key = bench.key_of(first.user_identifier, zoho.config()["client_id"])
        try:
            second = client.oauth.refresh_access_token()
            bench.story.tell("log in and refresh with a client that keeps its tokens in this store")
            store = bench.open()
            bench.expect(second.access_token != first.access_token, "the refresh brought no new access token")
            store.expect(key, second, "after a refresh")
            bench.expect(
                getattr(store.fetch(key), "refresh_token", None) == first.refresh_token,
                "after a refresh the stored refresh token is another one",
            )
        finally:
            with suppress(ZcrmError):
                client.tokens.delete()  # and with it what the client keeps beside it
            bench.open().tidy(key)


@promise(
    "TS-17",
    content=contents(),
    new=contents(),
    field=st.sampled_from(_FIELDS),
    pinned=[
        {"content": content, "new": Content("b", "r", 6), "field": name}
        for name in _FIELDS
        for content in (Content("a", "r", 5, "d", "s"), Content("a~", "~", 5, "~", "~"))
    ],
)
def replaces(bench: Bench, content: Content, new: Content, field: str) -> None:
    """With ``replaces``, a token is saved over that very token only; otherwise StaleToken is raised and
    nothing changes.
    """
    store, key = bench.open(), bench.key()
    stored, token = content.of(key.user_identifier), new.of(key.user_identifier)
    store.refuses_stale(key, token, stored)
    store.expect(key, None, "after a token was to be replaced that was never there")
    store.save(key, stored)
    other_token = _differing(stored, field)
    if bench.kept(other_token) != bench.kept(stored):
        store.refuses_stale(key, token, other_token)
        store.expect(key, stored, "after another token was to be replaced")
    if bench.author.capabilities.separates_clients:
        other = bench.key(environment="sandbox")
        store.refuses_stale(other, token, stored)
        store.expect(other, None, "after a token was to be replaced that only another environment has")
    bench.expect(store.save(key, token, stored) is True, "saving over the right token did not answer True")
    store.expect(key, token, "after the right token was replaced")
    if bench.kept(token) != bench.kept(stored):
        store.refuses_stale(key, stored, stored)
        store.expect(key, token, "after a token was to be replaced a second time")
    store.delete(key)
    store.refuses_stale(key, token, token)
    store.expect(key, None, "after a token was to be replaced that had been deleted")


def _differing(token: Token, field: str) -> Token:
    value = getattr(token, field)
    if isinstance(value, int):
        return replace(token, expiry_time=value - 1 if value else 1)
    text = value or ""
    end = "!" if text.endswith("~") else "~"
    other = None if value == "" and field != "access_token" else text[:-1] + end
    fields: dict[str, Any] = {field: other}
    return replace(token, **fields)
