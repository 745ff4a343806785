"""The last step of a clip: decode all of it, and keep the frame that the next one starts from.

The decoders are imported where they are used: the process that only hands out work needs none.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from shared.jobs.engine import Finish, Workspace
from shared.jobs.outcomes import Made
from shared.story.errors import TransientError
from shared.story.kinds import CLIP, AnyKind, ClipOrder


def check_clip(order: ClipOrder, space: Workspace, made: Made) -> Made:
    """Refuse a clip that can't be decoded to its end; a retry may bring a good one."""
    from shared.media.lastframe import last_frame

    clip = made.files.get("key")
    if clip is None:
        raise TransientError("the engine finished without a clip")
    seconds = _decode(clip)  # all of it: a broken frame would show only when the film is cut
    files = dict(made.files)
    if order.wants_last_frame:
        files["last_frame_key"] = space.folder / "last.png"
        last_frame(clip, files["last_frame_key"])
    return replace(made, files=files, data={**made.data, "seconds": round(seconds, 3)})


def _decode(clip: Path) -> float:
    """Decode all of a clip, and return its length in seconds."""
    from shared.media.probe import BadMedia, open_media, probe, video_of

    seconds = probe(clip).seconds
    with open_media(clip) as container:
        stream = video_of(container, clip)
        stream.thread_type = "AUTO"  # on all cores: an engine's clip may be large
        if not sum(1 for _ in container.decode(stream)):
            raise BadMedia(f"{clip.name} has no frame that can be decoded")
    return seconds


FINISH: Mapping[AnyKind, Finish] = {CLIP: check_clip}
