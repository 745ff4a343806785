"""The last step of a clip: look at all of it, and keep the frame that the next one starts from.

The decoders are imported where they are used: the process that only hands out work needs none.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.jobs.engine import Finish, Workspace
from shared.jobs.outcomes import Made
from shared.story.errors import TransientError
from shared.story.kinds import CLIP, AnyKind, ClipOrder
from shared.story.kinds.clips import ASKED_SECONDS


def check_clip(order: ClipOrder, space: Workspace, made: Made) -> Made:
    """Refuse a clip that can't be decoded to its end; note what else looks wrong, or refuse that.

    A broken frame would show only when the film is cut, and the next clip would be paid for.
    """
    from shared.media.check_frames import measure
    from shared.media.lastframe import last_frame

    clip = made.files.get("key")
    if clip is None:
        raise TransientError("the engine finished without a clip")
    footage = measure(clip)
    found = _judge(order, space, made, footage)
    files = dict(made.files)
    if order.wants_last_frame:
        files["last_frame_key"] = space.folder / "last.png"
        last_frame(clip, files["last_frame_key"])
    data = {**made.data, **found, "seconds": round(footage.seconds, 3)}
    return replace(made, files=files, data=data)


def _judge(order: ClipOrder, space: Workspace, made: Made, footage: Any) -> dict[str, Any]:
    """Return what the event says of a clip's flaws; refuse them where the order says so."""
    from shared.media.check import Expected, find_doubts
    from shared.media.probe import BadMedia

    if order.check == "off":
        return {}
    seconds = made.data.get(ASKED_SECONDS, order.seconds)
    start = space.files.get("last_frame") or space.files.get("image")
    doubts = find_doubts(footage, Expected(seconds, order.width, order.height, start))
    if doubts and order.check == "retry":
        raise BadMedia(f"the clip {'; it '.join(doubts)}")
    return {"doubts": doubts} if doubts else {}


FINISH: Mapping[AnyKind, Finish] = {CLIP: check_clip}
