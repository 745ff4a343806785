"""One trace a video, by OpenTelemetry, where a setting names a collector; else nothing happens.

The id of a video's trace follows from the id of the video. So every process adds to the same trace,
over Kafka, over deaths and over restarts, and nothing has to travel with the events. Spans are
written once their times are known: a job's at its end, a hop's when its event was handled.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

Attributes = Mapping[str, str | int | float | bool]


@dataclass(frozen=True)
class Span:
    """A part of a video's trace; `is_whole` is the one that all others are parts of."""

    video_id: str
    name: str
    begin_ms: int
    end_ms: int
    attributes: Attributes = field(default_factory=dict)
    is_whole: bool = False

    @property
    def trace_id(self) -> int:
        """Return the id of the trace."""
        return int(find_trace_id(self.video_id), 16)

    @property
    def whole_id(self) -> int:
        """Return the id of the span that is the whole."""
        return int(sha256(self.video_id.encode()).hexdigest()[32:48], 16)


class Spans(Protocol):
    """Takes spans."""

    def add(self, span: Span) -> None:
        """Take one; never waits, and never raises."""
        ...


_spans: Spans | None = None


def find_trace_id(video_id: str) -> str:
    """Return the id of a video's trace, as collectors write it."""
    return sha256(video_id.encode()).hexdigest()[:32]


def is_on() -> bool:
    """Tell whether anybody takes spans: without that, nobody needs to make any."""
    return _spans is not None


def record(span: Span) -> None:
    """Add a span to the trace of its video."""
    if _spans is not None and span.video_id:
        _spans.add(span)


@contextmanager
def hand_to(spans: Spans) -> Iterator[None]:
    """Hand every span to this one while this is open."""
    global _spans
    before, _spans = _spans, spans
    try:
        yield
    finally:
        _spans = before
