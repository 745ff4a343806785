"""Takes what users gave in place of what would be made: the last step of its kind then looks at it.

A sound or a clip is taken as it is. A picture is brought onto the video's canvas, and a clip is
shown in the storyboard by one of its own first pictures.
"""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from shared.jobs.engine import Work, Workspace
from shared.jobs.outcomes import Made
from shared.story.formats import Canvas
from shared.story.kinds import CLIP, IMAGE, MUSIC, VOICE, AnyKind, ImageOrder, Order
from shared.story.view import GIVEN as NAME

if TYPE_CHECKING:
    import av

_LOOK_AT, _EVERY = 60, 10
"""Frames of a clip, one of which shows it: a film often begins in the dark."""


def take_file(order: Order, space: Workspace) -> Made:
    """Return the file itself."""
    return Made({"key": space.files[NAME]})


def take_picture(order: ImageOrder, space: Workspace) -> Made:
    """Return the picture on the video's canvas; of a clip, one of its first pictures."""
    from shared.media.picture import to_image
    from shared.story.material import SUFFIXES

    given, canvas = space.files[NAME], Canvas(order.width, order.height)
    is_clip = given.suffix.removeprefix(".") in SUFFIXES
    frame = _find_frame(space, canvas) if is_clip else _read_picture(space, canvas)
    out = space.folder / "image.png"
    to_image(frame).save(out)
    return Made({"key": out})


def _find_frame(space: Workspace, canvas: Canvas) -> "av.VideoFrame":
    """Return the frame among a clip's first ones on which most is to be seen."""
    from contextlib import closing

    from shared.media.decode import canonical_frames
    from shared.media.picture import planes
    from shared.media.probe import BadMedia

    with closing(canonical_frames(space.files[NAME], canvas)) as frames:
        some = islice(frames, 0, _LOOK_AT, _EVERY)
        found = max(some, key=lambda frame: float(planes(frame)[0].std()), default=None)
    if found is None:
        raise BadMedia("the clip that was given shows nothing")
    return found


def _read_picture(space: Workspace, canvas: Canvas) -> "av.VideoFrame":
    from PIL import Image

    from shared.media.geometry import Conformer
    from shared.media.picture import from_image

    with Image.open(space.files[NAME], formats=("WEBP", "PNG")) as picture:
        shown = picture.convert("RGBA")
    # half a pixel has no colour of its own: sides are even
    size = (max(2, shown.width // 2 * 2), max(2, shown.height // 2 * 2))
    ground = Image.new("RGBA", size, "white")
    ground.alpha_composite(shown.crop((0, 0, *size)))
    return Conformer(canvas).conform(from_image(ground))


GIVEN: Mapping[AnyKind, Work] = {
    IMAGE: take_picture,
    VOICE: take_file,
    MUSIC: take_file,
    CLIP: take_file,
}
"""The kinds of which a user may give one."""
