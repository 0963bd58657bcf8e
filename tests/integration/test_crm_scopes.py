"""Does every family of calls say which scope is missing?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zcrm_core import ApiError, Client
from zcrm_simulator import Simulator

Make = Callable[..., Client]
CALLS: dict[str, tuple[str, Callable[[Client], object]]] = {
    "records": ("ZohoCRM.modules", lambda client: next(client.module("Leads").list(fields=["id"]))),
    "search": ("ZohoSearch.securesearch.READ", lambda client: list(client.module("Leads").search(word="ab"))),
    "users": ("ZohoCRM.users", lambda client: client.users.current()),
    "org": ("ZohoCRM.org", lambda client: client.org.get()),
    "taxes": ("ZohoCRM.org", lambda client: client.taxes.list()),
    "settings": ("ZohoCRM.settings", lambda client: client.module("Leads").layouts()),
    "tags": ("ZohoCRM.settings.tags", lambda client: client.module("Leads").add_tags(["1"], ["a"])),
    "coql": ("ZohoCRM.coql.READ", lambda client: list(client.coql("select id from Leads where id > 0"))),
    "bulk": ("ZohoCRM.bulk", lambda client: client.bulk.read("Leads")),
    "upload": ("ZohoFiles.files", lambda client: client.bulk.upload(b"PK", org_id="1", name="a.zip")),
    "mass update": (
        "ZohoCRM.mass_update",
        lambda client: client.module("Leads").mass_update_view("1", {"City": "x"}),
    ),
}


@pytest.mark.parametrize("family", CALLS)
@pytest.mark.parametrize("version", ["v2", "v8"])
def test_a_missing_scope_is_named(
    make_client: Make, zcrm_simulator: Simulator, family: str, version: str
) -> None:
    """A token without the scope gives an error that names the scope to log in with."""
    scope, call = CALLS[family]
    anybody = make_client(api_version=version)
    granted = ["ZohoCRM.notifications.ALL", "AaaServer.profile.READ"]
    token = anybody.oauth.generate_access_token(zcrm_simulator.grant_token(granted))

    with pytest.raises(ApiError) as caught:
        call(anybody.as_user(token.user_identifier))

    assert caught.value.code == "ZCRM-API-006"
    assert caught.value.api_code == "OAUTH_SCOPE_MISMATCH"
    assert scope in caught.value.fix
