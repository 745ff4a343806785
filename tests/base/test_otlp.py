"""Spans reach a collector, and those of one video are one trace, whichever process they are of."""

from shared.base import tracing
from shared.base.otlp import send_to
from shared.base.tracing import Span, find_trace_id
from tests.standins.collector import collector


def test_two_processes_add_to_one_trace_without_a_word_between_them() -> None:
    with collector() as kept:
        with send_to(kept.url, "chunker"):
            tracing.record(Span("v", "clip 0/0", 1_000, 2_000, {"cost": 7}))
            tracing.record(Span("w", "clip 0/0", 1_000, 2_000))
        with send_to(f"{kept.url}/", "stitcher"):
            tracing.record(Span("v", "video completed", 500, 4_000, is_whole=True))
            tracing.record(Span("v", "cut 0/0", 3_000, 3_500))
    spans = {span.name: span for span in kept.of("v")}
    assert {span.trace for span in spans.values()} == {find_trace_id("v")}
    assert spans["video completed"].parent == ""
    assert spans["clip 0/0"].parent == spans["cut 0/0"].parent == spans["video completed"].id
    assert {span.service for span in spans.values()} == {"chunker", "stitcher"}
    [other] = kept.of("w")
    assert (other.trace, other.parent != spans["cut 0/0"].parent) == (find_trace_id("w"), True)


def test_a_collector_that_is_away_costs_nothing_but_spans() -> None:
    with send_to("http://127.0.0.1:9", "chunker"):
        tracing.record(Span("v", "clip 0/0", 1_000, 2_000))


def test_nothing_is_recorded_where_nobody_takes_it_or_no_video_is_meant() -> None:
    assert not tracing.is_on()
    tracing.record(Span("v", "clip 0/0", 1_000, 2_000))
    with collector() as kept, send_to(kept.url, "chunker"):
        tracing.record(Span("", "a letter of no video", 1_000, 2_000))
        assert tracing.is_on()
    assert not tracing.is_on()
    assert kept.spans == []
