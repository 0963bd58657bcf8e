"""Does every argument reach Zoho as it was meant, or is it refused before anything is sent?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from zcrm_core import ApiError, Client, TransportError
from zcrm_core.crm.criteria import Criteria, F
from zcrm_core.crm.records import ModuleClient
from zcrm_simulator import Simulator

Make = Callable[..., Client]


@pytest.fixture
def leads(client: Client) -> ModuleClient:
    """The leads."""
    return client.module("Leads")


def query(simulator: Simulator) -> Mapping[str, str]:
    """The parameters of the newest call."""
    return simulator.requests[-1].query


# -- of another kind -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.module("Leads").record("1").attachments.link("\ud800"),
        lambda client: client.module("Leads").record("1").attachments.link(None),
        lambda client: client.module("Leads").record("1").attachments.link("https://a.example", title=5),
        lambda _: F.City.in_(None),  # type: ignore[arg-type]  # wrong on purpose
        lambda _: F[5],  # type: ignore[index]  # wrong on purpose
        lambda client: client.coql(None),
    ],
)
def test_what_is_no_text_is_told(
    client: Client, call: Callable[[Client], object], zcrm_simulator: Simulator
) -> None:
    """Where a text or a list is due, anything else is the same typed error, and nothing is sent."""
    before = len(zcrm_simulator.requests)

    with pytest.raises(ApiError) as caught:
        call(client)

    assert caught.value.code == "ZCRM-API-009"
    assert len(zcrm_simulator.requests) == before


# -- said twice, or left out ---------------------------------------------------------------------------


def test_an_argument_that_is_left_out_takes_nothing_away(
    client: Client, leads: ModuleClient, zcrm_simulator: Simulator
) -> None:
    """What stands in params is sent, also where the method has an argument for it that was not used."""
    ids = [lead.id or "" for lead, _ in zip(leads.list(fields=["City"]), range(3), strict=False)]
    mine = next(view for view in leads.custom_views() if view.system_name == "MYVIEWS")
    assert mine.id is not None

    assert {lead.id for lead in leads.list(fields=["City"], params={"ids": ",".join(ids)})} == set(ids)
    listed = [lead.id for lead in leads.list(params={"cvid": mine.id, "fields": "City", "converted": "both"})]
    sent = query(zcrm_simulator)
    assert (sent["cvid"], sent["fields"], sent["converted"]) == (mine.id, "City", "both")
    assert listed == [
        lead.id for lead in leads.list(custom_view=mine.id, fields=["City"], params={"converted": "both"})
    ]
    oldest = next(leads.list(params={"sort_by": "Created_Time", "sort_order": "asc", "fields": "City"}))
    assert oldest.id == next(leads.list(sort_by="Created_Time", sort_order="asc", fields=["City"])).id
    found = next(leads.search(params={"word": "example", "fields": "City"}))
    assert set(found) == {"City", "id"}
    assert leads.count(params={"criteria": str(F.City == "Pune")}) == leads.count(criteria=F.City == "Pune")
    account = next(client.module("Accounts").list(fields=["Account_Name"]))
    list(account.related("Contacts").list(params={"fields": "Last_Name"}))
    assert query(zcrm_simulator)["fields"] == "Last_Name"


def test_an_option_of_a_conversion_is_sent(leads: ModuleClient, zcrm_simulator: Simulator) -> None:
    """Options of a conversion are sent where the argument of the same name was not used."""
    lead = next(leads.list(fields=["City"]))

    lead.convert(options={"overwrite": True, "notify_lead_owner": False})

    [given] = json.loads(zcrm_simulator.requests[-1].body)["data"]
    assert given == {"overwrite": True, "notify_lead_owner": False}


def test_what_is_said_twice_is_refused(leads: ModuleClient, zcrm_simulator: Simulator) -> None:
    """An argument that params or options has as well, and what a call fills in itself, name the key."""
    row = {"Last_Name": "A"}
    before = len(zcrm_simulator.requests)
    related = leads.record("1").related("Products")
    calls: dict[str, list[Callable[[], object]]] = {
        "cvid": [lambda: leads.list(fields=["City"], custom_view="1", params={"cvid": "2"})],
        "fields": [
            lambda: leads.list(fields=["City"], params={"fields": "Email"}),
            lambda: leads.search(word="ab", fields=["City"], params={"fields": "Email"}),
            lambda: related.list(fields=["City"], params={"fields": "Email"}),
        ],
        "page": [
            lambda: leads.list(fields=["City"], params={"page": 3}),
            lambda: leads.search(word="ab", params={"page": 3}),
            lambda: related.list(fields=["City"], params={"page": 3}),
        ],
        "page_token": [lambda: leads.list(fields=["City"], params={"page_token": "x"})],
        "word": [lambda: leads.count(word="ab", params={"word": "cd"})],
        "data": [
            lambda: leads.create(row, options={"data": [{"Last_Name": "B"}]}),
            lambda: leads.update({**row, "id": "1"}, options={"data": []}),
            lambda: leads.upsert(row, options={"data": []}),
        ],
        "trigger": [lambda: leads.create(row, trigger=[], options={"trigger": ["workflow"]})],
        "lar_id": [lambda: leads.upsert(row, lar_id="1", options={"lar_id": "2"})],
        "duplicate_check_fields": [
            lambda: leads.upsert(
                row, duplicate_check_fields=["Email"], options={"duplicate_check_fields": []}
            )
        ],
        "assign_to": [lambda: leads.record("1").convert(assign_to="2", options={"assign_to": "3"})],
    }
    for key, each in calls.items():
        for call in each:
            with pytest.raises(ApiError, match=f"'{key}' cannot stand in (params|options)") as caught:
                call()
            assert caught.value.code == "ZCRM-API-009"
    with pytest.raises(ApiError, match="exactly one of"):
        leads.search(word="ab", params={"criteria": "(City:equals:Pune)"})
    assert len(zcrm_simulator.requests) == before


# -- lists and ids -------------------------------------------------------------------------------------


def test_a_text_is_no_list(leads: ModuleClient, zcrm_simulator: Simulator) -> None:
    """A text where a list is wanted is never cut into letters, and a list of anything else never sent."""
    row, before = {"Last_Name": "A"}, len(zcrm_simulator.requests)
    writes: dict[str, Callable[[Any], object]] = {
        "trigger": lambda wrong: leads.create(row, trigger=wrong),
        "process": lambda wrong: leads.create(row, process=wrong),
        "duplicate_check_fields": lambda wrong: leads.upsert(row, duplicate_check_fields=wrong),
    }
    reads: list[Callable[[Any], object]] = [
        lambda wrong: leads.list(fields=wrong),
        lambda wrong: leads.get("1", fields=wrong),
        lambda wrong: leads.search(word="ab", fields=wrong),
        lambda wrong: leads.record("1").related("Products").list(fields=wrong),
    ]
    for wrong in ("Email", b"Email", [""], [1], [None]):
        for name, write in writes.items():
            with pytest.raises(ApiError, match=f"No list of texts is given for {name}"):
                write(wrong)
        for read in reads:
            with pytest.raises(ApiError, match="no list of API names"):
                read(wrong)
    tagging: list[Callable[[Any], object]] = [
        lambda names: leads.add_tags(["1"], names),
        lambda names: leads.record("1").remove_tags(names),
    ]
    for tag in tagging:
        for names in ("hot", b"hot", [""], [1], [None], []):
            with pytest.raises(ApiError, match="names of the tags"):
                tag(names)
    with pytest.raises(ApiError, match="names of the tags"):
        leads.tags.create([None])  # type: ignore[list-item]  # the mistake
    assert len(zcrm_simulator.requests) == before


@pytest.mark.parametrize("wrong", ["", "1,2", "a/b", "..", None, True, 1.5, b"12", {"id": "1"}])
def test_what_is_no_id_is_told_before_sending(
    leads: ModuleClient, zcrm_simulator: Simulator, wrong: object
) -> None:
    """An empty id, two in one, and what is neither a text nor a number reach no address and no body."""
    assert_no_id(leads, wrong, zcrm_simulator)


def test_a_number_without_end_is_no_id(leads: ModuleClient, zcrm_simulator: Simulator) -> None:
    """A number of thousands of digits, which Python does not even write, is refused as any other."""
    assert_no_id(leads, 10**5000, zcrm_simulator)


def assert_no_id(leads: ModuleClient, wrong: Any, simulator: Simulator) -> None:
    """See that no call takes this for an id."""
    before = len(simulator.requests)
    calls: list[Callable[[Any], object]] = [
        leads.delete,
        lambda one: leads.delete([one]),
        lambda one: leads.mass_update([one], {"City": "Pune"}),
        lambda one: leads.list(ids=[one], fields=["City"]),
        lambda one: leads.add_tags([one], ["hot"]),
        lambda one: leads.record("1").related("Products").add_many([one]),
    ]
    if wrong != "1,2":
        calls += [leads.get, leads.record]
    for call in calls:
        with pytest.raises(ApiError, match=r"is no (id|record id)"):
            call(wrong)
    assert len(simulator.requests) == before


def test_a_list_takes_any_collection(leads: ModuleClient, zcrm_simulator: Simulator) -> None:
    """Records, fields, automation and ids may come from a generator, a tuple or a set."""
    made = leads.create(({"Last_Name": name} for name in "ab"), trigger=("workflow",))
    assert json.loads(zcrm_simulator.requests[-1].body)["trigger"] == ["workflow"]
    ids = {item.id or "" for item in made}

    listed = leads.list(fields=("Last_Name", "City"), ids=ids)

    assert {lead["Last_Name"] for lead in listed} == {"a", "b"}
    assert leads.delete(each for each in sorted(ids)).ok
    lead = next(leads.list(fields=["City"]))
    assert leads.add_tags([lead.id or ""], (name for name in ("new", "hot"))).ok
    assert {"new", "hot"} <= {tag.name for tag in leads.get(lead.id or "").tags}
    note = {"Note_Content": "one"}
    notes = next(leads.list(fields=["City"])).notes
    assert (notes.create_many(note).ok, notes.create_many(iter([note])).ok) == (True, True)


def test_values_that_cannot_be_sent_name_their_field(leads: ModuleClient, zcrm_simulator: Simulator) -> None:
    """A number that is too long, half a character and the like are told with their record and field."""
    before = len(zcrm_simulator.requests)
    for wrong in (10**5000, "\ud800", float("nan"), Decimal("sNaN"), {1: 2}, {"\udfff": 2}, {"a"}):
        with pytest.raises(ApiError, match=r"value of record 1\.City"):
            leads.create([{"Last_Name": "A"}, {"Last_Name": "B", "City": wrong}])
    assert len(zcrm_simulator.requests) == before


@pytest.mark.parametrize("wrong", [Decimal("1e999999999"), Decimal("-1e-999999999"), 10**500])
def test_a_number_without_end_is_no_value_to_search_for(client: Client, wrong: Decimal | int) -> None:
    """A number that would be written with a billion digits is refused before it fills the memory."""
    with pytest.raises(ApiError, match="more digits than a field takes"):
        _ = F.Annual_Revenue > wrong
    with pytest.raises(ApiError, match="more digits than a field takes"):
        client.coql("select id from Leads where Annual_Revenue > :sum", sum=wrong)


@pytest.mark.parametrize("text", ["", " ", "\t\n", "null", "${EMPTY}"])
def test_a_text_that_means_no_value_is_not_searched_for(text: str) -> None:
    """What Zoho reads as "has no value" is refused as a value, wherever it stands; there are words for it."""
    conditions: list[Callable[[], object]] = [
        lambda: F.City == text,
        lambda: F.City != text,
        lambda: F.City.starts_with(text),
        lambda: F.City.in_(["Pune", text]),
        lambda: F.City.between("Pune", text),
    ]
    for condition in conditions:
        with pytest.raises(ApiError, match="cannot be searched for"):
            condition()
    assert (str(F.City.is_empty()), str(F.City == "nullify")) == (
        "(City:equals:${EMPTY})",
        "(City:equals:nullify)",
    )


@pytest.mark.parametrize(("values", "named"), [(5, "an int"), (None, "None"), ("x", "a str")])
def test_what_is_no_list_of_values_is_named(values: Any, named: str) -> None:
    """The message names the type of what stands for the values, with the article that it has."""
    with pytest.raises(ApiError, match=f"written: {named} in place of a list"):
        F.City.in_(values)


def test_conditions_are_joined_with_conditions(leads: ModuleClient) -> None:
    """A text or a number in the place of a condition is told, and not sent as a part of the search."""
    city: Any = F.City == "Pune"
    for other in ("(Last_Name:equals:x)or", 5, True):
        with pytest.raises(ApiError, match="is joined with a"):
            _ = city & other
        with pytest.raises(ApiError, match="is joined with a"):
            _ = city | other
    written = city & Criteria("(Last_Name:equals:x)")
    assert str(written) == "((City:equals:Pune)and(Last_Name:equals:x))"
    assert list(leads.search(criteria=written)) == []


def test_conditions_of_a_search_are_none_of_a_job(client: Client, zcrm_simulator: Simulator) -> None:
    """A bulk read takes its criteria as a mapping; a condition or a text is told before anything is sent."""
    before = len(zcrm_simulator.requests)
    wrong: Any
    for wrong in (F.City == "Pune", "(City:equals:Pune)", ["City"]):
        with pytest.raises(ApiError, match="criteria of a bulk read are a"):
            client.bulk.read("Leads", fields=["City"], criteria=wrong)
    assert len(zcrm_simulator.requests) == before


def test_a_name_in_a_body_is_a_text(client: Client, zcrm_simulator: Simulator) -> None:
    """A body whose names are no texts is not sent, for two of them could become one."""
    before = len(zcrm_simulator.requests)
    for wrong in ({1: 2}, {"data": [{None: 2}]}, {"a": Decimal("0.1"), True: 2}):
        with pytest.raises(TransportError, match="cannot be built"):
            client.request("POST", "Leads", json=wrong)
    assert len(zcrm_simulator.requests) == before


def test_what_is_no_argument_of_this_kind_is_told(leads: ModuleClient, zcrm_simulator: Simulator) -> None:
    """Something else than records, parameters, options or a time is an error of ours that names it."""
    before = len(zcrm_simulator.requests)
    notes = leads._client.notes
    calls: dict[str, Callable[[Any], object]] = {
        "Record 0 is an int": leads.create,
        "Record 0 of the update has no id|Record 0 is an int": leads.update,
        "params is an int": lambda wrong: leads.list(fields=["City"], params=wrong),
        "options is an int": lambda wrong: leads.create({"Last_Name": "A"}, options=wrong),
        "modified_since": lambda wrong: leads.list(fields=["City"], modified_since=wrong),
        "to which record": lambda wrong: notes.create_many([wrong]),
        "no id of record 0": lambda wrong: leads.update([{"id": wrong / 1}]),
        "'id' cannot stand in values": lambda wrong: leads.mass_update(["1"], {"id": wrong}),
    }
    for message, call in calls.items():
        with pytest.raises(ApiError, match=message):
            call(7)
    with pytest.raises(TransportError, match="parameter ids is a list"):
        list(leads.list(fields=["City"], params={"ids": ["1"]}))  # type: ignore[dict-item]  # the mistake
    assert len(zcrm_simulator.requests) == before


def test_no_fields_is_the_id_alone(leads: ModuleClient) -> None:
    """An empty list of fields gives the ids in every version, and not all fields."""
    assert set(next(leads.list(fields=[]))) == set(next(leads.search(word="example", fields=[]))) == {"id"}


# -- addresses -----------------------------------------------------------------------------------------


def test_a_whole_address_is_one_however_it_is_spelt(log_in: Make, stranger: list[str]) -> None:
    """Capitals and a blank in front make no path of an address: ours is called, a stranger sees nothing."""
    client = log_in()
    ours = f"{client.region.api_url}/crm/v2/org"

    for spelt in (ours, f" {ours}\n", ours.replace("http", "HTTP")):
        assert client.request("GET", spelt).status == 200
    for foreign in (stranger[0], f" {stranger[0]}", stranger[0].replace("http", "HTTP")):
        with pytest.raises(TransportError) as caught:
            client.request("GET", foreign)
        assert caught.value.code == "ZCRM-HTTP-004"
    with pytest.raises(TransportError):
        client.request("GET", "ftp://x.example/file")
    assert len(stranger) == 1
