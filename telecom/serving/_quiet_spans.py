"""Spans without paths and queries, which name customers: `http.route` says enough. Needs the extra `telemetry`."""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider

LEFT_OUT = ("url.path", "url.query", "url.full", "http.target", "http.url")
INSTEAD = "-"


class WithoutPaths(SpanProcessor):
    """Overwrites what of a request's address is not its route, before anybody exports it."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """A span begins; its first attributes are there."""
        for name in LEFT_OUT:
            if span.attributes and name in span.attributes:
                span.set_attribute(name, INSTEAD)


def provide() -> None:
    """Makes the process's provider of spans, unless it has one; FastAPI adds the exporter to it."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(WithoutPaths())
        trace.set_tracer_provider(provider)
