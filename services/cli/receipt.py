"""What a finished video is, what it cost, and where everything lies. Pure."""

from collections.abc import Iterator
from pathlib import Path

from services.gateway.read.live import count_stage
from services.gateway.read.status import VideoStatus
from shared.story.events import VideoCompleted
from shared.story.formats import canvas, frame_at
from shared.story.kinds import Stage
from shared.story.view import View


def receipt(now: VideoStatus, view: View, path: Path | None, data: Path) -> Iterator[str]:
    """Line by line."""
    done = view.latest(VideoCompleted)
    assert done is not None, "only a completed video has a receipt"
    size, brief = canvas(now.aspect, now.request.quality), now.request
    yield f"{path or data / 'blobs' / done.key}"
    yield (
        f"  video     {done.seconds:.1f} s, {size.width}x{size.height}, "
        f"{frame_at(done.seconds)} frames, {brief.style}"
    )
    made = (count_stage(now, stage) for stage in (Stage.IMAGES, Stage.SOUNDTRACK, Stage.CLIPS))
    yield f"  made of   {', '.join(made)}"
    yield f"  cost      ${now.cost / 1_000_000:.4f}"
    yield f"  took      {done.generation_ms / 1000:.1f} s"
    for name, key in {"poster": done.poster_key, **done.outputs}.items():
        yield f"  {name:<9} {data / 'blobs' / key}"
    for warning in _warnings(now):
        yield f"  warning   {' '.join(warning.split())}"
    yield f"  id        {now.id}"


def _warnings(now: VideoStatus) -> Iterator[str]:
    """What the video lacks, the beats that its plan had to give up first."""
    if now.truncation is not None:
        before, after = now.truncation.before, now.truncation.after
        yield f"{before} beats were too many for its length: only the first {after} are in it"
    yield from (note.message for note in now.warnings)
