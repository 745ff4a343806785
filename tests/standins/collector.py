"""An OpenTelemetry collector that keeps what it is sent (OTLP over HTTP, in protobuf)."""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


@dataclass(frozen=True)
class Kept:
    """A span as a collector knows it."""

    service: str
    trace: str
    id: str
    parent: str
    name: str
    video: str


@dataclass
class Collector:
    """Takes spans on a port of its own."""

    url: str
    spans: list[Kept] = field(default_factory=list)

    def of(self, video: str) -> list[Kept]:
        """Return the spans of a video."""
        return [span for span in self.spans if span.video == video]


@contextmanager
def collector() -> Iterator[Collector]:
    """Run one on loopback."""
    kept = Collector("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            kept.spans.extend(read(body))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, *said: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()


def read(body: bytes) -> Iterator[Kept]:
    """Yield the spans of one request."""
    for group in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _find(group.resource.attributes, "service.name")
        for span in (span for scope in group.scope_spans for span in scope.spans):
            trace, parent = span.trace_id.hex(), span.parent_span_id.hex()
            video = _find(span.attributes, "video_id")
            yield Kept(service, trace, span.span_id.hex(), parent, span.name, video)


def _find(attributes: Sequence[KeyValue], name: str) -> str:
    return next((each.value.string_value for each in attributes if each.key == name), "")
