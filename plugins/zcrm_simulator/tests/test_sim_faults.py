"""Does each fault go wrong in its own way, for the calls it is meant for, and only so often?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from zcrm_core import ConfigError
from zcrm_simulator import Simulator

Send = Callable[..., requests.Response]
ORG = "/crm/v8/org"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (None, "INTERNAL_ERROR"),
        (500, "INTERNAL_ERROR"),
        (503, "SERVICE_UNAVAILABLE"),
        (429, "TOO_MANY_REQUESTS"),
        (401, "INVALID_TOKEN"),
        (403, "NO_PERMISSION"),
        (404, "INVALID_URL_PATTERN"),
    ],
)
def test_status(call: Send, zcrm_simulator: Simulator, status: int | None, code: str) -> None:
    """A status comes with the CRM's envelope for it, once."""
    zcrm_simulator.faults.add(ORG, kind="status", status=status)
    answer = call("GET", ORG)
    assert (answer.status_code, answer.json()["code"]) == (status or 500, code)
    assert call("GET", ORG).status_code == 200


def test_status_of_accounts(send: Send, zcrm_simulator: Simulator) -> None:
    """The accounts server fails with its own kind of error."""
    zcrm_simulator.faults.add("/oauth/v2/token", kind="status", status=503)
    answer = send("POST", "/oauth/v2/token")
    assert (answer.status_code, answer.json()) == (503, {"error": "general_error"})


def test_body_and_headers_can_be_given(call: Send, zcrm_simulator: Simulator) -> None:
    """The text and the headers of a fault are what the client gets."""
    zcrm_simulator.faults.add("/", kind="status", status=418, body='{"a":1}', headers={"Retry-After": "7"})
    answer = call("GET", ORG)
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (418, {"a": 1}, "7")


@pytest.mark.parametrize(("keys", "status", "text"), [
    ({}, 502, "gateway"), ({"status": 200}, 200, "gateway"), ({"body": "<p>hello</p>"}, 502, "<p>hello</p>"),
])  # fmt: skip
def test_html(call: Send, zcrm_simulator: Simulator, keys: dict[str, Any], status: int, text: str) -> None:
    """A gateway's page comes where JSON is expected."""
    zcrm_simulator.faults.add(ORG, kind="html", **keys)
    answer = call("GET", ORG)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert text in answer.text


@pytest.mark.parametrize("status", [200, 204, 500])
def test_empty(call: Send, zcrm_simulator: Simulator, status: int) -> None:
    """An answer comes without a body."""
    zcrm_simulator.faults.add(ORG, kind="empty", status=status)
    answer = call("GET", ORG)
    assert (answer.status_code, answer.content) == (status, b"")


def test_reset(call: Send, zcrm_simulator: Simulator) -> None:
    """The connection breaks without an answer, and the next call works on a new one."""
    zcrm_simulator.faults.add(ORG, kind="reset")
    with pytest.raises(requests.ConnectionError, match=r"(?i)reset"):
        call("GET", ORG)
    assert zcrm_simulator.requests[-1].status is None
    assert call("GET", ORG).status_code == 200
    assert zcrm_simulator.counters.connections == 2


def test_truncate(call: Send, zcrm_simulator: Simulator) -> None:
    """The body stops in the middle, shorter than its header says."""
    zcrm_simulator.faults.add(ORG, kind="truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        call("GET", ORG)
    assert call("GET", ORG).status_code == 200


def test_delay(call: Send, zcrm_simulator: Simulator) -> None:
    """A late answer is a good answer, and comes at once when the faults are cleared."""
    zcrm_simulator.faults.add(ORG, kind="delay", seconds=3_600)
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(call("GET", ORG).status_code))
    thread.start()
    while not zcrm_simulator.counters.in_flight:
        pass
    assert statuses == []
    zcrm_simulator.faults.clear()
    thread.join(40)
    assert statuses == [200]


def test_short_delay_ends_by_itself(call: Send, zcrm_simulator: Simulator) -> None:
    """A delay is over after its seconds."""
    zcrm_simulator.faults.add(ORG, kind="delay", seconds=0.01)
    assert call("GET", ORG).status_code == 200


@pytest.mark.parametrize("seconds", [0.01, None])
def test_hang(call: Send, zcrm_simulator: Simulator, seconds: float | None) -> None:
    """A call that hangs gets no answer: the client gives up, or the connection closes."""
    zcrm_simulator.faults.add(ORG, kind="hang", seconds=seconds)
    with pytest.raises((requests.ConnectionError, requests.ReadTimeout)):
        call("GET", ORG, timeout=None if seconds else 0.2)


@pytest.mark.parametrize(("stage", "records"), [("before", 520), ("after", 521)])
@pytest.mark.parametrize("kind", ["reset", "status", "empty", "html"])
def test_stage_says_whether_the_call_happened(
    call: Send, zcrm_simulator: Simulator, kind: Any, stage: Any, records: int
) -> None:
    """An answer that is lost afterwards leaves the record written; before, it does not."""
    zcrm_simulator.faults.add("/crm/v8/Leads", kind=kind, stage=stage, method="POST")
    try:
        call("POST", "/crm/v8/Leads", json={"data": [{"Last_Name": "Perhaps"}]})
    except requests.ConnectionError:
        assert kind == "reset"
    assert call("GET", "/crm/v8/Leads/actions/count").json()["count"] == records


def test_faults_come_in_order_and_are_used_up(call: Send, zcrm_simulator: Simulator) -> None:
    """Faults are taken one after the other, each as often as it says."""
    zcrm_simulator.faults.add(ORG, kind="status", status=500, times=2)
    zcrm_simulator.faults.add("/crm", kind="status", status=503)
    assert [fault.times for fault in zcrm_simulator.faults.pending()] == [2, 1]
    assert [call("GET", ORG).status_code for _ in range(4)] == [500, 500, 503, 200]
    assert zcrm_simulator.faults.pending() == ()


def test_faults_meet_their_path_and_method_only(call: Send, zcrm_simulator: Simulator) -> None:
    """Other paths, methods and data centres are not disturbed."""
    zcrm_simulator.faults.add("/crm/v8/Leads", kind="status", method="post")
    zcrm_simulator.faults.add("/eu/crm", kind="status")
    assert call("GET", ORG).status_code == 200
    assert call("GET", "/crm/v8/Leads?fields=id").status_code == 200
    assert call("POST", "/crm/v8/Leads", json={}).status_code == 500
    assert call("GET", f"/eu{ORG}").status_code == 500


def test_faults_over_http(send: Send, zcrm_simulator: Simulator) -> None:
    """Another process adds, lists and clears faults, but never meets one on the control plane."""
    added = send("POST", "/__simulator__/faults", json={"path": "/", "kind": "reset", "times": 3}).json()
    assert (added["kind"], added["times"], added["method"]) == ("reset", 3, None)
    assert send("GET", "/__simulator__/faults").json() == {"faults": [added]}
    assert send("DELETE", "/__simulator__/faults").json() == {"faults": []}
    assert zcrm_simulator.faults.pending() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "crm", "kind": "reset"},
        {"path": "/", "kind": "fire"},
        {"path": "/", "kind": "reset", "times": 0},
        {"path": "/", "kind": "delay"},
        {"path": "/", "kind": "hang", "seconds": -1},
        {"path": "/", "kind": "status", "status": 99},
        {"path": "/", "kind": "status", "status": 600},
        {"path": "/", "kind": "reset", "stage": "during"},
    ],
)
def test_impossible_faults_are_refused(zcrm_simulator: Simulator, wrong: dict[str, Any]) -> None:
    """A fault that cannot be played is an error when it is added."""
    with pytest.raises(ConfigError, match="The fault for"):
        zcrm_simulator.faults.add(**wrong)
    assert zcrm_simulator.faults.pending() == ()
