"""Is a call that cannot be meant refused before anything is sent, and by the simulator as well?"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from zcrm_core import ApiError, Client, TransportError
from zcrm_simulator import Simulator

Make = Callable[..., Client]
Call = Callable[[Client], object]
ONE = {"City": "Pune"}


def refused(client: Client, simulator: Simulator, call: Call) -> ApiError:
    """Make a call that is refused before anything is sent, and give the error."""
    before = len(simulator.requests)
    with pytest.raises(ApiError) as caught:
        call(client)
    assert caught.value.code == "ZCRM-API-009"
    assert len(simulator.requests) == before
    return caught.value


# -- one mapping -----------------------------------------------------------------------------------------

ONE_MAPPING: dict[str, Callable[[Client, Any], object]] = {
    "mass update": lambda client, given: client.module("Leads").mass_update(["1"], given),
    "mass update of a view": lambda client, given: client.module("Leads").mass_update_view("1", given),
    "variable": lambda client, given: client.variables.update_one("1", given),
}


@pytest.mark.parametrize("given", [[ONE, {"State": "X"}], [ONE], [], (), None, 5, "City"])
@pytest.mark.parametrize("call", ONE_MAPPING.values(), ids=ONE_MAPPING)
def test_one_mapping_is_one_mapping(
    client: Client, zcrm_simulator: Simulator, call: Callable[[Client, Any], object], given: object
) -> None:
    """Where one mapping is due, several would lose all but one, and nothing else can be meant."""
    refused(client, zcrm_simulator, lambda client: call(client, given))


# -- a conversion, which cannot be undone -----------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"deal": 5},
        {"deal": "Big"},
        {"deal": [{"Deal_Name": "Big"}]},
        {"options": {"Deals": 5}},
        {"overwrite": "no"},
        {"overwrite": 0},
        {"notify_lead_owner": "false"},
        {"notify_new_entity_owner": 1},
        {"options": {"overwrite": "no"}},
    ],
)
def test_a_conversion_drops_nothing(
    client: Client, zcrm_simulator: Simulator, more: dict[str, object]
) -> None:
    """A deal that is none, and a yes or no that is neither, convert no lead."""
    lead = client.module("Leads").create({"Last_Name": "A"})[0]
    record = client.module("Leads").record(lead.id or "")

    refused(client, zcrm_simulator, lambda _: record.convert(**more))  # type: ignore[arg-type]  # on purpose


def test_the_simulator_takes_no_deal_that_is_none(client: Client) -> None:
    """A deal that is no object is refused, and the lead stays one."""
    lead = client.module("Leads").create({"Last_Name": "A"})[0]
    for deal in (5, "x", [], [{"Deal_Name": "Big"}]):
        with pytest.raises(ApiError) as caught:
            client.request("POST", f"Leads/{lead.id}/actions/convert", json={"data": [{"Deals": deal}]})
        assert caught.value.api_code == "INVALID_DATA"
    assert client.module("Leads").record(lead.id or "").convert().contact


# -- page tokens -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "  ", 5, b"x", ["x"]])
def test_what_is_no_page_token_does_not_start_a_list_again(
    log_in: Make, zcrm_simulator: Simulator, token: str
) -> None:
    """An empty token, which is what a program has that stored none, is no beginning."""
    client = log_in(api_version="v8")
    refused(client, zcrm_simulator, lambda client: client.module("Leads").list(fields=[], page_token=token))
    refused(client, zcrm_simulator, lambda client: client.bulk.read("Leads", page_token=token))


def test_the_simulator_takes_no_empty_page_token(log_in: Make) -> None:
    """A list and a job with an empty page token are refused, and do not start from the beginning."""
    client = log_in(api_version="v8")
    query = {"module": {"api_name": "Leads"}, "page_token": ""}
    calls: list[Callable[[], object]] = [
        lambda: client.request("GET", "Leads", params={"fields": "City", "page_token": ""}),
        lambda: client.request("POST", "/crm/bulk/v8/read", json={"query": query}),
    ]
    for call in calls:
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.api_code == "INVALID_DATA"


@pytest.mark.parametrize("status", [204, 304])
def test_a_page_that_its_token_leads_to_is_there(
    log_in: Make, zcrm_simulator: Simulator, status: int
) -> None:
    """A resumed list whose first page comes without records is no whole list; it goes on afterwards."""
    leads = log_in(api_version="v8").module("Leads")
    first = leads.list(fields=["City"])
    next(first)
    resumed = leads.list(fields=["City"], page_token=first.page_token)
    zcrm_simulator.faults.add("/crm/", kind="empty", status=status)

    with pytest.raises(TransportError) as caught:
        list(resumed)

    assert (caught.value.code, resumed.not_modified) == ("ZCRM-HTTP-007", False)
    assert len(list(resumed)) > 0


@pytest.mark.parametrize("info", [{}, {"next_page_token": None}, {"next_page_token": ""}])
def test_a_resumed_list_names_what_is_missing(
    log_in: Make, zcrm_simulator: Simulator, info: dict[str, object]
) -> None:
    """A first page that says there is more and gives no token is told as that."""
    leads = log_in(api_version="v8").module("Leads")
    first = leads.list(fields=["City"])
    next(first)
    body = {"data": [{"id": "1", "City": "Pune"}], "info": {"more_records": True, **info}}
    zcrm_simulator.faults.add("/crm/", kind="status", status=200, body=json.dumps(body))

    with pytest.raises(TransportError, match="gives no token for it"):
        list(leads.list(fields=["City"], page_token=first.page_token))
