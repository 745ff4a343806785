"""What is counted of a batch: every hop, and the video of the slowest one."""

from prometheus_client.samples import Sample

from shared.base import telemetry
from shared.runtime.journal import LONGEST_HOP_MS, count_hops
from shared.story.brief import Brief
from shared.story.events import VideoRequested


def heard(video: str, at: int) -> VideoRequested:
    return VideoRequested(video_id=video, at=at, brief=Brief(prompt="a boat"))


def samples(name: str) -> list[Sample]:
    metrics = telemetry.HOP_SECONDS.labels("toy").collect()
    return [s for metric in metrics for s in metric.samples if s.name.endswith(name)]


def test_every_hop_of_a_batch_is_counted_and_the_slowest_leads_to_its_video() -> None:
    now = LONGEST_HOP_MS + 1_000
    batch = [heard("old", 0), heard("quick", now - 10), heard("slow", now - 900)]
    count_hops("toy", [*batch, heard("ahead", now + 5)], now)
    assert [sample.value for sample in samples("_count")] == [2]
    led = [sample.exemplar.labels for sample in samples("_bucket") if sample.exemplar]
    assert led == [{"video_id": "slow"}]
