"""Which types does a user's editor see? mypy checks this file; it is never run."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import assert_type

from zcrm_core import Client, Config, PartialFailure, StoreError, Token, TokenKey
from zcrm_core.crm.batch import BatchItem, BatchResult
from zcrm_core.crm.entity import Reference
from zcrm_core.crm.modules import Field, Module
from zcrm_core.crm.org import Org
from zcrm_core.crm.paging import Listing
from zcrm_core.crm.records import Record
from zcrm_core.crm.users import User
from zcrm_core.response import JSON, Response


def clients() -> None:
    """A client and its parts have types that need no cast."""
    client = Client({"client_id": "1000.A", "client_secret": "s"})
    assert_type(client.config, Config)
    assert_type(client.as_user("u"), Client)
    assert_type(client.user, str | None)
    assert_type(client.oauth.generate_access_token("grant"), Token)
    assert_type(client.oauth.authorization_url(["ZohoCRM.modules.ALL"]), str)
    assert_type(client.tokens.fetch(), Token | None)
    assert_type(client.tokens.list(), list[str])
    assert_type(client.is_token_generated(), bool)
    assert_type(client.request("GET", "org"), Response)


def entities(client: Client) -> None:
    """Entities and batches are typed down to their attributes."""
    leads = client.module("Leads")
    assert_type(leads.list(), Listing[Record])
    assert_type(leads.search(word="smith"), Listing[Record])
    lead = leads.get("1")
    assert_type(lead, Record)
    assert_type(lead["Last_Name"], JSON)
    assert_type(lead.id, str | None)
    assert_type(lead.owner, Reference | None)
    assert_type(lead.modified_time, datetime | None)
    result = leads.create([{"Last_Name": "Smith"}])
    assert_type(result, BatchResult)
    assert_type(result[0], BatchItem)
    assert_type(result[0].ok, bool)
    assert_type(leads.count(), int)
    assert_type(leads.fields(), list[Field])
    assert_type(client.users.current(), User)
    assert_type(client.org.get(), Org)
    assert_type(client.modules.get("Leads"), Module)


def errors(failure: PartialFailure, store: StoreError, key: TokenKey) -> None:
    """What errors and keys carry is typed."""
    assert_type(failure.result, BatchResult | None)
    assert_type(failure.retryable, bool)
    assert_type(store.unsaved, Token | None)
    assert_type(key.digest(), bytes)
