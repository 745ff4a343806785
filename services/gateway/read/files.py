"""The files that there are of a video, and the links that lead to them. Pure."""

from collections.abc import Mapping
from typing import Literal

from services.gateway.webhooks.kept import name_own
from shared.story.events import BeatsPlanned, VideoCompleted, VideoRequested
from shared.story.kinds import CONFORM, AnimaticReady, ChunkReady, ClipConformed, clip_job
from shared.story.plan import active_chunks, card_number
from shared.story.view import View


def build_links(view: View, done: VideoCompleted | None) -> dict[str, str]:
    """Return name → path of all that there is to read of a video now."""
    here = f"/v1/videos/{view.video_id}"
    links = {"self": here, "events": f"{here}/events"}
    request = view.one(VideoRequested)
    if request and name_own(view.video_id) in request.webhooks:
        links["deliveries"] = f"/v1/webhooks/{name_own(view.video_id)}/deliveries"
    if find_animatic(view) is not None:
        links["animatic"] = f"{here}/animatic"
    if find_card(view) is not None:
        links["card"] = f"{here}/card.png"
    if done and done.key:
        links |= {"media": f"{here}/media", "poster": f"{here}/poster"}
        links |= {
            name: f"{here}/{path.format(rev=done.rev)}"
            for name, (output, path) in _OUTPUTS.items()
            if output in done.outputs
        }
    return links


_OUTPUTS: Mapping[str, tuple[str, str]] = {
    "captions.srt": ("srt", "captions.srt"),
    "captions.vtt": ("vtt", "captions.vtt"),
    "contact": ("contact", "contact.png"),
    "hls": ("hls", "hls/{rev}/playlist.m3u8"),
}
"""Link → the output that it leads to, and its path."""

VideoFile = Literal["media", "poster", "srt", "vtt", "contact", "hls", "hls_media"]


def find_file(view: View, part: VideoFile, rev: int | None = None) -> str | None:
    """Return the key of a file of a finished revision, or of the latest; None without one."""
    ends = [end for end in view.all(VideoCompleted) if end.key and rev in (None, end.rev)]
    done = max(ends, key=lambda end: end.rev, default=None)
    if done is None:
        return None
    return {"media": done.key, "poster": done.poster_key, **done.outputs}.get(part)


def find_animatic(view: View, rev: int | None = None) -> str | None:
    """Return the key of the animatic of a revision, or of the latest; None where there is none."""
    made = [end for end in view.all(AnimaticReady) if rev in (None, end.take)]
    latest = max(made, key=lambda end: end.take, default=None)
    return latest.key if latest else None


def find_card(view: View) -> str | None:
    """Return the key of the finished end card, as the plan wants it; None where there is none."""
    plan = view.latest(BeatsPlanned)
    if plan is None or plan.brief.end_card is None:
        return None
    job = CONFORM.job(plan, beat=len(plan.beats), n=card_number(plan))
    made = view.ready(ClipConformed, job)
    return made.key if made else None


def find_clips(view: View) -> dict[int, ChunkReady]:
    """Return the clip of each chunk, at the take that the plan wants."""
    plan = view.latest(BeatsPlanned)
    ready = {}
    if plan is None:
        return {}
    for chunk in active_chunks(plan):
        if clip := view.ready(ChunkReady, clip_job(plan, chunk)):
            ready[chunk.index] = clip
    return ready
