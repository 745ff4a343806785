"""What is logged and counted of events and decisions: ids in the log, never in a label."""

import logging
from collections import Counter
from collections.abc import Sequence
from typing import get_args

from shared.base import telemetry, tracing
from shared.base.telemetry import name_video
from shared.base.tracing import Attributes, Span
from shared.ports import Heard
from shared.runtime.known import Change, Known
from shared.story.brief import Workflow
from shared.story.durations import find_critical_ms, measure_stages
from shared.story.events import (
    BeatsPlanned,
    Event,
    VideoCompleted,
    VideoFailed,
    VideoRequested,
    WavesCompleted,
)
from shared.story.kinds import Kinds
from shared.story.view import View

log = logging.getLogger("storywave.service")


def count_known(service: str, before: Known, after: Known, heard: Sequence[Heard]) -> None:
    """Count the events that said nothing new."""
    size = len(after.facts) + len(after.unread)
    new = size - len(before.facts) - len(before.unread)
    if new < len(heard):  # the facts of a deleted video are fewer than before
        telemetry.KNOWN.labels(service).inc(len(heard) - max(new, 0))


def count_hops(service: str, batch: Sequence[Heard], now: int) -> None:
    """Count how long it took until what has just become a fact was handled here."""
    seconds = telemetry.HOP_SECONDS.labels(service)
    # what is told again after minutes says nothing about the way that it takes
    hops = [e for e in batch if isinstance(e, Event) and 0 <= now - e.at < LONGEST_HOP_MS]
    slowest = min(hops, key=lambda event: event.at, default=None)
    for event in hops:
        # of a batch, one leads to its video: a bucket keeps no more than the last
        video = name_video(event.video_id) if event is slowest else None
        seconds.observe((now - event.at) / 1000, video)
        if tracing.is_on():
            name = f"{service} hears {type(event).__name__}"
            tracing.record(Span(event.video_id, name, event.at, now, {"event": event.id}))


LONGEST_HOP_MS = 60_000


def tell_change(service: str, change: Change) -> None:
    """Count what was released, and log what was settled."""
    new = change.after.released.keys() - change.before.released.keys()
    kinds = Counter(change.after.released[job].kind for job in new)
    for kind, count in kinds.items():
        telemetry.RELEASED.labels(kind).observe(count, name_video(change.after.video_id))
    if change.summary and change.adds:
        about = {"video_id": change.after.video_id, "stage": service, "action": "settled"}
        said = ", ".join(f"{n} {what}" for what, n in change.summary.items())
        log.info("settled: %s", said, extra={**about, **change.summary})


def tell_decision(event: Event, view: View, kinds: Kinds) -> None:
    """Log and count an event that was decided, once, where it became a fact."""
    name = type(event).__name__
    telemetry.DECIDED.labels(name).inc()
    level = logging.WARNING if isinstance(event, VideoFailed) else logging.INFO
    if log.isEnabledFor(level):
        facts = event.model_dump(mode="json", exclude={"brief", "beats", "chunks", "version"})
        log.log(level, "%s", name, extra={**facts, "stage": name, "action": "decided"})
    match event:
        case WavesCompleted():
            _count_waves(event, view)
        case VideoCompleted():
            _count_video(event, view, "completed")
            _count_stages(event, view, kinds)
        case VideoFailed():
            _count_video(event, view, "failed")
            telemetry.FAILED_VIDEOS.labels(event.phase).inc()


def _count_waves(waves: WavesCompleted, view: View) -> None:
    plan = view.latest(BeatsPlanned)
    critical = find_critical_ms(view, plan) if plan and plan.rev == waves.rev == 1 else 0
    if critical:
        telemetry.MAKESPAN.observe(waves.generation_ms / critical, name_video(waves.video_id))


def _count_video(end: VideoCompleted | VideoFailed, view: View, how: str) -> None:
    workflow = "revision" if end.rev > 1 else _name_workflow(view)
    seconds = end.generation_ms / 1000
    telemetry.VIDEO_SECONDS.labels(workflow, how).observe(seconds, name_video(end.video_id))
    known: Attributes = {"end": how, "rev": end.rev, "workflow": workflow, "cost": end.cost}
    whole = Span(
        end.video_id, f"video {how}", end.at - end.generation_ms, end.at, known, end.rev == 1
    )
    tracing.record(whole)


WORKFLOWS = (*get_args(Workflow), "reviewed", "revision")
"""What `_count_video` tells apart."""


def _name_workflow(view: View) -> str:
    """Return how much of a video was made; one that waited for people took a time of theirs."""
    known = view.latest(BeatsPlanned) or view.one(VideoRequested)
    if known is None:
        return "full"
    return "reviewed" if known.brief.review else known.brief.workflow


def _count_stages(end: VideoCompleted, view: View, kinds: Kinds) -> None:
    if end.rev > 1:  # most of it was made before
        return
    for stage, ms in measure_stages(view, kinds).items():
        telemetry.STAGE_SECONDS.labels(stage).observe(ms / 1000, name_video(end.video_id))
