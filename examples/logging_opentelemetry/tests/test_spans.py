"""Does what zcrm does for real become the spans that OpenTelemetry's SDK exports?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from acme_zcrm_opentelemetry import Spans
from zcrm_core import Client, LogEvent, TransportError, ZcrmError
from zcrm_simulator import Simulator

SCOPES = ["ZohoCRM.org.ALL", "ZohoCRM.users.ALL", "AaaServer.profile.READ"]


@pytest.fixture(scope="session")
def provider() -> TracerProvider:
    """The SDK, set up as a program does it: globally, once."""
    provider = TracerProvider()
    trace.set_tracer_provider(provider)
    return provider


@pytest.fixture
def exported(provider: TracerProvider) -> Iterator[InMemorySpanExporter]:
    """What the SDK exports during the test."""
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    yield exporter
    processor.shutdown()


@pytest.fixture
def zoho() -> Iterator[Simulator]:
    """A simulated Zoho."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(zoho: Simulator, tmp_path: Path, exported: InMemorySpanExporter) -> Iterator[Client]:
    """A client that finds the plugin by its entry point, logged in."""
    exported.clear()
    user = zoho.users[0].email
    keys: dict[str, Any] = {**zoho.config(), "current_user_email": user, "max_retries": 1}
    with Client(keys | {"token_persistence_path": str(tmp_path / "tokens")}) as client:
        client.oauth.generate_access_token(zoho.grant_token(SCOPES, user=user))
        yield client


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """The exported spans of this name."""
    return [span for span in exporter.get_finished_spans() if span.name == name]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """A span's attributes."""
    return dict(span.attributes or {})


def test_the_wheel_brings_the_plugin(client: Client) -> None:
    """The plugin is the installed one: nothing in these tests passes it to the client."""
    [found] = [info for info in client.plugins if info.name == "opentelemetry"]

    assert (found.wheel, found.version, found.hooks) == ("acme-zcrm-opentelemetry", "1.0", ("zcrm_log",))


def test_a_call_is_a_client_span_below_the_program_s_own(
    client: Client, exported: InMemorySpanExporter, provider: TracerProvider, zoho: Simulator
) -> None:
    """A request has a span with method, address and status, as long as it took, in the program's trace."""
    zoho.faults.add("/crm/v2/org", kind="delay", seconds=0.2)
    with provider.get_tracer("program").start_as_current_span("nightly job") as mine:
        client.org.get()

    [span] = named(exported, "GET")
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span) == {
        "http.request.method": "GET",
        "url.full": f"{zoho.url}/crm/v2/org",
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
    }
    assert span.start_time is not None
    assert span.end_time is not None
    assert 0.2 <= (span.end_time - span.start_time) / 1e9 < 5
    assert span.parent is not None
    assert span.parent.span_id == mine.get_span_context().span_id


def test_a_failure_is_an_error_span_and_a_retry_is_seen(
    client: Client, exported: InMemorySpanExporter, zoho: Simulator
) -> None:
    """A status from 400 on, and a request without an answer, are errors; the retry between them is a span."""
    zoho.faults.add("/crm/v2/org", kind="status", status=503, times=1)
    zoho.faults.add("/crm/v2/org", kind="reset", times=1)
    with pytest.raises(TransportError) as caught:
        client.org.get()

    refused, lost = named(exported, "GET")
    assert attributes(refused)["error.type"] == "503"
    assert attributes(lost)["error.type"] == caught.value.code
    assert "http.response.status_code" not in attributes(lost)
    assert {span.status.status_code for span in (refused, lost)} == {StatusCode.ERROR}
    [retry] = named(exported, "zcrm.retry")
    assert attributes(retry)["zcrm.attempt"] == 1
    assert attributes(retry)["zcrm.wait"] > 0


def test_the_lowest_status_of_an_error_is_one(
    client: Client, exported: InMemorySpanExporter, zoho: Simulator
) -> None:
    """A refusal that is the caller's own mistake is an error span as well: 400 is the first such status."""
    zoho.faults.add("/crm/v2/org", kind="status", status=400, times=1)
    with pytest.raises(ZcrmError):
        client.org.get()

    [refused] = named(exported, "GET")
    assert attributes(refused)["error.type"] == "400"
    assert refused.status.status_code is StatusCode.ERROR


def test_tokens_and_plugins_are_seen(client: Client, exported: InMemorySpanExporter) -> None:
    """The choice of the store and each step of a token's life are spans with the event's fields."""
    client.oauth.refresh_access_token()
    client.tokens.delete()

    names = [span.name for span in exported.get_finished_spans()]
    assert {"zcrm.token_saved", "zcrm.token_refreshed", "zcrm.token_deleted"} <= set(names)
    [chosen] = named(exported, "zcrm.plugin_chosen")
    assert attributes(chosen)["zcrm.store"] == "file"
    assert attributes(chosen)["zcrm.priority"] == 200
    [deleted] = named(exported, "zcrm.token_deleted")
    assert attributes(deleted)["zcrm.user"] == client.user
    assert deleted.start_time == deleted.end_time


def test_no_span_shows_a_secret(client: Client, exported: InMemorySpanExporter, zoho: Simulator) -> None:
    """Neither a token nor the client's secret is in anything that leaves the process."""
    token = client.tokens.fetch()
    assert token is not None
    zoho.faults.add("/oauth/v2/token", kind="status", status=500, times=2)
    with pytest.raises(ZcrmError):
        client.oauth.refresh_access_token()

    text = "".join(span.to_json() for span in exported.get_finished_spans())
    assert "oauth/v2/token" in text
    for secret in (token.access_token, token.refresh_token, zoho.config()["client_secret"]):
        assert secret is not None
        assert secret not in text


def test_an_error_event_is_an_error_span() -> None:
    """An event at ERROR marks its span, and a provider of the program's own can be passed."""
    exporter, own = InMemorySpanExporter(), TracerProvider()
    own.add_span_processor(SimpleSpanProcessor(exporter))

    Spans(own).zcrm_log(LogEvent("token_not_saved", 40, "it was not saved", {"user": "u", "error": "E"}))

    [span] = named(exporter, "zcrm.token_not_saved")
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span) == {"zcrm.user": "u", "zcrm.error": "E", "zcrm.message": "it was not saved"}
