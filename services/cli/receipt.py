"""The receipt of a finished video: what is in it, its cost, and its files. Pure."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from services.gateway.read.live import count_stage
from services.gateway.read.status import VideoStatus
from shared.story.events import VideoCompleted
from shared.story.formats import canvas, frame_at
from shared.story.kinds import Stage
from shared.story.view import View

NOTHING: Mapping[str, Path] = {}


def format_receipt(
    now: VideoStatus,
    view: View,
    path: Path | None,
    data: Path,
    written: Mapping[str, Path] = NOTHING,
) -> Iterator[str]:
    """Yield the lines of a receipt; `written`: the files beside the film."""
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
    for name, beside in written.items():
        yield f"  {name:<9} {beside}"
    for warning in _list_warnings(now):
        yield f"  warning   {' '.join(warning.split())}"  # one line each, whatever an error says
    yield f"  id        {now.id}"


def _list_warnings(now: VideoStatus) -> Iterator[str]:
    """Yield what the video lacks: first the beats that did not fit, then all else."""
    if now.truncation is not None:
        before, after = now.truncation.before, now.truncation.after
        yield f"{before} beats were too many for its length: only the first {after} are in it"
    yield from (note.message for note in now.warnings)
