"""Which calls do our client and the simulator make of each other, when every family is used once with v8?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from zcrm_core import ApiError, Client
from zcrm_core.crm.criteria import F
from zcrm_core.transport import Transport

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


@dataclass(frozen=True)
class Exchange:
    """One call and its answer; the bodies are JSON, or ``None``."""

    method: str
    path: str
    sent: object
    status: int
    answered: object


@contextmanager
def recorded() -> Iterator[list[Exchange]]:
    """Record what goes over the wire of every client."""
    seen: list[Exchange] = []
    exchange = Transport._exchange

    def watch(
        self: Transport,
        request: requests.PreparedRequest,
        stream: bool,  # noqa: FBT001 - as there
        whole_within: float | None,
    ) -> requests.Response:
        raw = exchange(self, request, stream, whole_within)
        if "/crm/" in str(request.url):
            sent = (
                json.loads(request.body)
                if isinstance(request.body, bytes) and request.body[:1] in b"{["
                else None
            )
            is_json = "json" in raw.headers.get("Content-Type", "")
            answered = json.loads(raw.content) if is_json and raw.content else None
            path = urlsplit(str(request.url)).path
            seen.append(Exchange(str(request.method), path, sent, raw.status_code, answered))
        return raw

    Transport._exchange = watch  # type: ignore[method-assign]  # watched from outside
    try:
        yield seen
    finally:
        Transport._exchange = exchange  # type: ignore[method-assign]  # watched from outside


def use_everything(client: Client) -> None:
    """Make every kind of call that the client offers, refusals among them."""
    _records(client)
    _belongings(client)
    _set_up(client)
    _people(client)
    _queries_and_jobs(client)


def _refused(call: object, *arguments: object, **more: object) -> None:
    try:
        call(*arguments, **more)  # type: ignore[operator]  # one of our methods
    except ApiError:
        return
    raise AssertionError(f"{call} was not refused")


def _records(client: Client) -> None:
    leads = client.module("Leads")
    made = leads.create([{"Last_Name": "A", "Email": "a@x.example"}, {}])
    lead = leads.get(made[0].id or "")
    next(leads.list())
    lead["City"] = "Pune"
    leads.update(lead)
    leads.update([{"id": lead.id, "City": "Ulm"}, {"id": "1"}])
    leads.upsert([{"Last_Name": "B", "Email": "a@x.example"}, {"Last_Name": "C", "Email": "c@x.example"}])
    for way in ({"word": "Pune"}, {"email": "a@x.example"}, {"criteria": F.City == "Ulm"}):
        list(leads.search(**way))
    leads.count()
    extra = [
        item.id or "" for item in leads.create([{"Last_Name": "D"}, {"Last_Name": "E"}, {"Last_Name": "F"}])
    ]
    leads.mass_update(extra, {"City": "X"})
    leads.delete(extra[0])
    leads.delete(extra[1:])
    list(leads.deleted())
    leads.mass_update_view(leads.custom_views()[1].id or "", {"City": "Y"}).status()
    products, quotes = client.module("Products"), client.module("Quotes")
    product, account = next(products.list()), next(client.module("Accounts").list())
    quotes.create(
        {
            "Subject": "Q",
            "Account_Name": account,
            "Quoted_Items": [{"Product_Name": product, "Quantity": 2.5}],
        }
    )
    next(quotes.list())
    _refused(leads.get, "not-an-id")
    _refused(lambda: list(client.module("Nothing").list(fields=["id"])))


def _belongings(client: Client) -> None:
    leads = client.module("Leads")
    lead = leads.get(
        leads.create({"Last_Name": "N", "Company": "Co", "Lead_Status": "Not Contacted"})[0].id or ""
    )
    note = lead.notes.create("text", "title")
    lead.notes.create_many([{"Note_Content": "x"}])
    list(lead.notes.list())
    lead.notes.update(note.id or "", "changed")
    list(client.notes.list())
    many = client.notes.create_many([("Leads", lead.id or "", {"Note_Content": "y"})])
    notes, one = client.module("Notes"), many[0].id or ""
    notes.get(one)
    notes.update({"id": one, "Note_Content": "z"})
    notes.update([{"id": one, "Note_Content": "zz"}])
    client.notes.delete([one])
    notes.delete(client.notes.create("Leads", lead.id or "", "w").id or "")
    files = client.notes.attachments(note.id or "")
    files.upload(b"abc", name="a.txt")
    list(files.list())
    lead.notes.delete(note.id or "")
    item = lead.attachments.upload(b"abc", name="a.txt")
    lead.attachments.link("https://www.hollowbrook.example")
    list(lead.attachments.list())
    lead.attachments.download(item.id or "").read()
    lead.attachments.delete(item.id or "")
    lead.photo.upload(PNG, name="a.png")
    lead.photo.download().read()
    lead.photo.delete()
    product = next(client.module("Products").list(fields=["Product_Name"]))
    related = lead.related("Products")
    related.add(product.id or "", {"note": "x"})
    related.add_many([product.id or ""])
    list(related.list(fields=["Product_Name"]))
    related.remove(product.id or "")
    related.add(product.id or "")
    client.request("DELETE", f"Leads/{lead.id}/Products", params={"ids": product.id})
    blueprint = lead.blueprint.get()
    lead.blueprint.advance(blueprint.transitions[0].id or "", {"Phone": "+1 555 0100"})
    at = leads.record(lead.id or "")
    at.add_tags(["one"])
    at.remove_tags(["one"])
    leads.add_tags([lead.id or ""], ["two"])
    leads.remove_tags([lead.id or ""], ["two"])
    lead.convert(deal={"Deal_Name": "D", "Stage": "Qualification"})


def _set_up(client: Client) -> None:
    leads = client.module("Leads")
    client.modules.list()
    client.modules.get("Leads")
    client.modules.update("Leads", {"per_page": 20})
    leads.field(leads.fields()[0].id or "")
    leads.layout(leads.layouts()[0].id or "")
    view = leads.custom_views()[2]
    leads.custom_view(view.id or "")
    leads.sort_custom_view(view.id or "", "City")
    leads.related_list(leads.related_lists()[0].id or "")
    one, two, three = (item.id or "" for item in leads.tags.create(["a", "b", "c"]))
    leads.tags.list()
    leads.tags.update({one: "aa"})
    leads.tags.rename(two, "bb")
    leads.tags.count(one)
    leads.tags.merge(one, into=two)
    leads.tags.delete(three)


def _people(client: Client) -> None:
    client.org.get()
    role = client.roles.get(client.roles.list()[1].id or "")
    profile = client.profiles.get(client.profiles.list()[1].id or "")
    client.users.current()
    list(client.users.list())
    new = {
        "first_name": "A",
        "last_name": "B",
        "email": "ab@x.example",
        "role": role.id,
        "profile": profile.id,
    }
    user = client.users.create(new).id or ""
    client.users.get(user)
    client.users.update(user, {"phone": "+1 555 0101"})
    list(client.users.search(F.country == "India"))
    client.users.delete(user)
    group = client.variable_groups.get(client.variable_groups.list()[0].id or "")
    variable = {
        "name": "v",
        "api_name": "v",
        "type": "integer",
        "value": "7",
        "variable_group": {"id": group.id},
    }
    made = client.variables.create(variable)[0].id or ""
    client.variables.list()
    client.variables.get(made, group=group.id)
    client.variables.update({"id": made, "value": "8"})
    client.variables.update_one(made, {"value": "9"})
    client.variables.delete(made)
    more = client.variables.create(variable)[0].id
    client.request("DELETE", "settings/variables", params={"ids": more})
    client.taxes.create({"name": "T", "value": 1.5})
    client.taxes.list()


def _queries_and_jobs(client: Client) -> None:
    list(
        client.coql(
            "select id, Last_Name, Owner, Created_Time from Leads where Last_Name is not null limit 5"
        )
    )
    _refused(lambda: list(client.coql("select Nothing from Leads where id > 0")))
    _refused(lambda: list(client.coql("select id from Leads where x y z")))
    read = client.bulk.read(
        "Contacts",
        fields=["Last_Name"],
        criteria={"field": {"api_name": "Last_Name"}, "comparator": "not_equal", "value": "x"},
    )
    read.status()
    read.status()
    list(read.rows())
    write = client.bulk.write("Leads", [{"Last_Name": "Z"}], operation="insert")
    write.status()
    list(write.rows())
    _refused(client.bulk.read_job("1").status)
