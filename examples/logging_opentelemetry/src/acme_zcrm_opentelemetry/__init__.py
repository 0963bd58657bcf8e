"""How do zcrm's events become OpenTelemetry spans?"""

from __future__ import annotations

import logging
import time
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, StatusCode, TracerProvider, get_tracer
from opentelemetry.util.types import AttributeValue

from zcrm_core import LogEvent, hookimpl

_ERRORS_FROM = 400
_NS_PER_MS = 1_000_000


class Spans:
    """A logging plugin; each event is a span that has ended.

    Args:
        provider: who makes the spans; OpenTelemetry's global one when left out.
    """

    name = "opentelemetry"

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._tracer = get_tracer("acme_zcrm_opentelemetry", tracer_provider=provider)

    @hookimpl
    def zcrm_log(self, event: LogEvent) -> None:
        """Make a span of an event; the beginning of a request has none, for its end is told as well."""
        if event.name in ("response", "request_failed"):
            self._exchange(event)
        elif event.name != "request":
            self._moment(event)

    def _exchange(self, event: LogEvent) -> None:
        fields = event.fields
        url, status, error = fields["url"], fields.get("status"), fields.get("error")
        attributes: dict[str, AttributeValue] = {
            "http.request.method": fields["method"],
            "url.full": url,
            "server.address": urlsplit(url).hostname or "",
        }
        if status is not None:
            attributes["http.response.status_code"] = status
        failed = error or (str(status) if status is not None and status >= _ERRORS_FROM else None)
        if failed is not None:
            attributes["error.type"] = failed
        end = time.time_ns()
        span = self._tracer.start_span(
            fields["method"],
            kind=SpanKind.CLIENT,
            attributes=attributes,
            start_time=end - round(fields["elapsed_ms"] * _NS_PER_MS),
        )
        if failed is not None:
            span.set_status(StatusCode.ERROR, event.message)
        span.end(end)

    def _moment(self, event: LogEvent) -> None:
        now = time.time_ns()
        attributes = {f"zcrm.{name}": value for name, value in event.fields.items() if value is not None}
        span = self._tracer.start_span(f"zcrm.{event.name}", attributes=attributes, start_time=now)  # type: ignore[arg-type]  # texts and numbers
        span.set_attribute("zcrm.message", event.message)
        if event.level >= logging.ERROR:
            span.set_status(StatusCode.ERROR, event.message)
        span.end(now)
