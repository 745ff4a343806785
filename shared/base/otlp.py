"""Spans by OpenTelemetry's SDK. It is an extra, and only this module imports it."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from shared.base import tracing
from shared.base.tracing import Span

NANOSECONDS = 1_000_000
"""In a millisecond."""


@contextmanager
def send_to(url: str, name: str) -> Iterator[None]:
    """Send every span to a collector, from a thread of its own; what it does not take is lost."""
    exporter = OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces", timeout=5)
    with trace_to(BatchSpanProcessor(exporter), name):
        yield


@contextmanager
def trace_to(processor: SpanProcessor, name: str) -> Iterator[None]:
    """Hand every span to this processor while this is open; `name` is that of the process."""
    spans = OtlpSpans(processor, name)
    try:
        with tracing.hand_to(spans):
            yield
    finally:
        spans.close()


class WholeIds(RandomIdGenerator):
    """Gives the whole of a video the ids that its parts name already."""

    whole: Span | None = None

    def generate_trace_id(self) -> int:
        """Return the id of the video's trace."""
        return self.whole.trace_id if self.whole else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """Return the id that the parts name as that of their parent; of a part, any."""
        return self.whole.whole_id if self.whole else super().generate_span_id()


class OtlpSpans:
    """Hands spans to a processor."""

    def __init__(self, processor: SpanProcessor, name: str) -> None:
        self._ids = WholeIds()
        resource = Resource.create({"service.name": name})
        self._provider = TracerProvider(id_generator=self._ids, resource=resource)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("storywave")

    def add(self, span: Span) -> None:
        """Take a span, as a part of its video's whole."""
        self._ids.whole = span if span.is_whole else None
        made = self._tracer.start_span(
            span.name,
            context=Context() if span.is_whole else _find_parent(span),
            start_time=span.begin_ms * NANOSECONDS,
            attributes={"video_id": span.video_id, **span.attributes},
        )
        made.end(max(span.begin_ms, span.end_ms) * NANOSECONDS)

    def close(self) -> None:
        """Send what is still here."""
        self._provider.shutdown()


def _find_parent(span: Span) -> Context:
    flags = TraceFlags(TraceFlags.SAMPLED)
    parent = SpanContext(span.trace_id, span.whole_id, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(parent), Context())
