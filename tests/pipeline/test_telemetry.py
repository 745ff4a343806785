"""What whole pipelines tell whoever watches them: metrics, the times in events, traces."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from shared.base import tracing
from shared.base.otlp import trace_to
from shared.base.outages import OUTAGES
from shared.blobs.disk import DiskBlobs
from shared.bus.chaos import Chaos
from shared.bus.local import LocalBus
from shared.jobs import ledger, relay
from shared.ports import Blob
from shared.runtime.measures import Measures
from shared.store.sqlite import SqliteStore
from shared.story.errors import BlobMissing, BlobsUnavailable, BusUnavailable
from shared.story.events import VideoCompleted, VideoFailed, WavesCompleted
from shared.story.kinds import KINDS, ChunkFailed, ChunkReady
from tests.pipeline.world import SERVICES, brief, world


class Counted:
    """By how much metrics have risen since this was made."""

    def __init__(self) -> None:
        self._before = self._read()

    def __call__(self, name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return self._read().get(key, 0.0) - self._before.get(key, 0.0)

    def _read(self) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
        samples = (sample for family in REGISTRY.collect() for sample in family.samples)
        return {(each.name, frozenset(each.labels.items())): each.value for each in samples}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    with trace_to(SimpleSpanProcessor(exporter), "test"):
        yield exporter


async def test_a_video_is_counted_once_however_often_its_events_are_told(tmp_path: Path) -> None:
    counted = Counted()
    async with world(tmp_path, chaos=Chaos(seed=1, shuffle=True, double=0.5)) as w:
        assert isinstance(await w.ended(await w.request("v", brief(3, 2))), VideoCompleted)
    assert counted("storywave_video_seconds_count", workflow="full", end="completed") == 1
    assert counted("storywave_jobs_total", kind="clip", end="done") == 6
    for phase in ("waiting", "running", "storing"):
        assert counted("storywave_job_phase_seconds_count", kind="clip", phase=phase) == 6
    assert counted("storywave_stage_seconds_count", stage="clips") == 1
    assert counted("storywave_makespan_ratio_count") == 1
    assert counted("storywave_cut_ratio_count") == 1
    assert counted("storywave_released_jobs_sum", kind="clip") == 6
    assert counted("storywave_events_known_total", service="chunker") > 0
    assert counted("storywave_gate_answers_total", answer="granted") > 0


async def test_a_failed_video_is_counted_with_its_phase_and_reason(tmp_path: Path) -> None:
    counted = Counted()
    async with world(tmp_path) as w:
        w.engine.broken = frozenset({0, 1})
        end = await w.ended(await w.request("v", brief(2)))
    assert isinstance(end, VideoFailed)
    assert end.generation_ms > 0
    assert counted("storywave_videos_failed_total", phase="clips") == 1
    assert counted("storywave_video_seconds_count", workflow="full", end="failed") == 1
    assert counted("storywave_failed_tries_total", kind="clip", code="internal") == 2


async def test_events_carry_the_times_of_their_jobs(tmp_path: Path) -> None:
    async with world(tmp_path, latency=lambda job: 0.05) as w:
        await w.ended(await w.request("v", brief(2, 2)))
        view = await w.app.shell("stitcher").view("v")
    assert view is not None
    clips = view.all(ChunkReady)
    assert len(clips) == 4
    assert all(50 <= clip.times.running_ms <= clip.times.all_ms for clip in clips)
    [waves] = view.all(WavesCompleted)
    # an image, and two clips one after the other
    assert waves.generation_ms >= 150


async def test_gauges_tell_what_waits_while_nobody_works(tmp_path: Path) -> None:
    store, bus = SqliteStore(tmp_path / "storywave.db"), LocalBus()
    await store.open({**ledger.INDEXES, **relay.INDEXES, **SERVICES[-1].indexes})
    for service in SERVICES:
        bus.subscribe(service.name, service.consumes(KINDS), _never)
    measures = Measures(store, bus, DiskBlobs(tmp_path / "blobs"), SERVICES, tmp_path)
    read = REGISTRY.get_sample_value
    queued = {"kind": "clip", "state": "queued"}
    await measures.take()
    assert read("storywave_jobs_open", queued) == read("storywave_consumer_lag", CHUNKER) == 0
    row = {"_id": "odd", "spec": {"kind": "clip"}, "tag": 1.0, "put_off": 3, "created_at": 1}
    await store.insert("jobs", [row])
    await store.insert("views.stitcher", [{"_id": "v", "check_at": store.now() - 90_000}])
    await bus.publish([ChunkFailed(video_id="v", job="v/clip/0/0/0", error="no luck")])
    await measures.take()
    assert read("storywave_jobs_open", queued) == read("storywave_consumer_lag", CHUNKER) == 1
    assert read("storywave_rows_set_aside", {"collection": "jobs"}) == 1
    assert (read("storywave_queue_age_seconds", {"kind": "clip"}) or 0) > 1_000
    assert read("storywave_videos_open", {"service": "stitcher"}) == 1
    assert 90 <= (read("storywave_look_late_seconds", {"service": "stitcher"}) or 0) < 100
    assert 0 < (read("storywave_disk_free_ratio") or 0) < 1
    await store.close()


class Flaky(DiskBlobs):
    """An object store that answers again only after a while."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.looks = [False, True]

    async def stat(self, key: str) -> Blob:
        if not self.looks.pop(0):
            raise BlobsUnavailable("it does not answer")
        OUTAGES.clear(BlobsUnavailable)
        raise BlobMissing(key)


async def test_an_object_store_that_was_away_is_asked_until_it_answers(tmp_path: Path) -> None:
    """Where no work is left for it, nobody else would ask: it would be away for ever."""
    store, bus, blobs = SqliteStore(tmp_path / "storywave.db"), LocalBus(), Flaky(tmp_path)
    await store.open({**ledger.INDEXES, **relay.INDEXES})
    measures, away = Measures(store, bus, blobs, [], tmp_path), {"server": "the object store"}
    OUTAGES.note(BlobsUnavailable)
    told = []
    for _ in range(3):
        await measures.look_again()
        told.append(REGISTRY.get_sample_value("storywave_server_away_seconds", away))
    await store.close()
    assert told[0] and told[1:] == [0, 0]
    assert not blobs.looks


class Silent(LocalBus):
    """A bus that answers again only after a while."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = [0, None, 3]

    async def measure_lag(self, service: str) -> int:
        if (lag := self.answers.pop(0)) is None:
            OUTAGES.note(BusUnavailable)
            raise BusUnavailable("it does not answer")
        OUTAGES.clear(BusUnavailable)
        return lag


async def test_a_lag_that_nobody_tells_is_not_known_and_its_row_stays(tmp_path: Path) -> None:
    """An old figure would look like a queue that is short; no row, like a service that is gone."""
    store, bus = SqliteStore(tmp_path / "storywave.db"), Silent()
    services = [each for each in SERVICES if each.name == "chunker"]
    await store.open({**ledger.INDEXES, **relay.INDEXES, **services[0].indexes})
    measures = Measures(store, bus, DiskBlobs(tmp_path / "blobs"), services, tmp_path)
    lags, away = [], []
    for _ in range(3):
        await measures.take()
        lags.append(REGISTRY.get_sample_value("storywave_consumer_lag", CHUNKER))
        away.append(list(OUTAGES.away()))
    await store.close()
    assert [str(lag) for lag in lags] == ["0.0", "nan", "3.0"]
    assert away == [[], ["Kafka"], []]


CHUNKER = {"service": "chunker"}


async def _never(batch: object) -> None:
    raise AssertionError("nothing is delivered here")


async def test_a_video_is_one_trace_across_all_hops(
    tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with world(tmp_path, chaos=Chaos(seed=2, shuffle=True, double=0.3)) as w:
        for video in ("a", "b"):
            await w.ended(await w.request(video, brief(2)))
    for video in ("a", "b"):
        found = [span for span in spans.get_finished_spans() if _of(span) == video]
        assert {f"{span.context.trace_id:032x}" for span in found} == {tracing.find_trace_id(video)}
        [whole] = [span for span in found if span.parent is None]
        assert whole.name == "video completed"
        assert {s.parent.span_id for s in found if s.parent} == {whole.context.span_id}
        names = {span.name for span in found}
        assert {"plan 0/0", "image 1/0", "clip 0/0", "clip 1/1", "cut 0/0"} <= names
        assert {"planner hears VideoRequested", "chunker hears ImageReady"} <= names
        assert {"stitcher hears ChunkReady", "gateway hears VideoCompleted"} <= names
        assert all((span.start_time or 0) <= (span.end_time or 0) for span in found)


def _of(span: ReadableSpan) -> str:
    return str((span.attributes or {}).get("video_id"))
