"""Makes any provider clip a canonical segment of an exact number of frames, captions burnt in.

A segment is made whatever happens: a missing or corrupt clip becomes a slow push into its beat's
picture, or a title, and the result says why. Keyframes stand where transitions may begin and end,
so that the cut can copy everything between them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av

from services.stitcher.draw.artwork import TITLE_FACE, draw_still, draw_title, set_title
from services.stitcher.draw.lettering import is_unwritable, set_captions
from services.stitcher.draw.words import explain_unwritten
from services.stitcher.voicefit import Word
from shared.media.decode import canonical_frames
from shared.media.encode import write_segment
from shared.media.geometry import Fit
from shared.media.pan import pushed_in
from shared.media.picture import copied, planes
from shared.media.probe import BadMedia, probe
from shared.story.formats import FPS, Canvas

_NEAR_END = 5  # frames before the end that one more keyframe stands: the last is then found fast


@dataclass(frozen=True)
class ConformSpec:
    """One segment to make. `frames` is all of it, with the tail a transition fades out over."""

    out: Path
    canvas: Canvas
    frames: int
    source: Path | None
    still: Path | None = None
    title: str = ""
    drop_first: bool = False
    head: int = 0
    tail: int = 0
    words: tuple[Word, ...] = ()
    captions: str = "none"
    fit: Fit = "auto"
    goes_on: bool = False
    """It is one of several clips in a row: a crop that differed from theirs would jump."""


@dataclass(frozen=True)
class ConformResult:
    """What became of it. `filled` says why the clip was replaced, `unburnt` why words are not."""

    path: Path
    frames: int
    held: int = 0
    filled: str | None = None
    unburnt: str | None = None
    unwritten: tuple[str, ...] = ()


def conform(spec: ConformSpec) -> ConformResult:
    """Write the segment."""
    unburnt = _why_unburnt(spec)
    if spec.source is None:
        return _filled(spec, "there is no clip", unburnt)
    try:
        probe(spec.source)
        share = 0.5 if spec.goes_on else None
        shown = canonical_frames(spec.source, spec.canvas, spec.fit, spec.drop_first, share)
        counted = _Counted(shown)
        frames = _write(spec, _exactly(spec.frames, counted), unburnt)
    except BadMedia as error:
        return _filled(spec, error.message, unburnt)
    return ConformResult(
        spec.out, frames, held=max(0, spec.frames - counted.count), unburnt=unburnt
    )


def _filled(spec: ConformSpec, reason: str, unburnt: str | None) -> ConformResult:
    picture, lacks = _stand_in(spec)
    frames = _write(spec, pushed_in(picture, spec.frames), unburnt)
    return ConformResult(spec.out, frames, filled=reason, unburnt=unburnt, unwritten=lacks)


def _stand_in(spec: ConformSpec) -> tuple[av.VideoFrame, tuple[str, ...]]:
    """The picture, and what it can't say."""
    if spec.still is not None:
        try:
            return draw_still(spec.still, spec.canvas), ()
        except BadMedia:
            pass  # the title still says enough, and the caller knows the clip is filled
    return draw_title(spec.title, spec.canvas), _missing_title(spec)


def _missing_title(spec: ConformSpec) -> tuple[str, ...]:
    """Return what the title can't say in a picture of its own."""
    why = explain_unwritten(TITLE_FACE, spec.title)
    if why:
        return (f"a gap is filled without the title: {why}",)
    title = set_title(spec.title, spec.canvas)
    if title and not title.whole:
        return ("a gap is filled with the beginning of the title: there is no room for more",)
    return ()


def _why_unburnt(spec: ConformSpec) -> str | None:
    if is_unwritable(spec.words, spec.captions):
        return "no font at hand has all letters of the captions; see the subtitle track"
    return None


class _Counted:
    """Frames as they pass, and how many there were."""

    def __init__(self, frames: Iterable[av.VideoFrame]) -> None:
        self._frames = frames
        self.count = 0

    def __iter__(self) -> Iterator[av.VideoFrame]:
        for frame in self._frames:
            self.count += 1
            yield frame


def _exactly(count: int, frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """So many frames: a longer source is cut, a shorter one goes on from its last picture."""
    last, given = None, 0
    for last in islice(frames, count):
        given += 1
        yield last
    if last is None:
        raise BadMedia("the clip has no frame that can be decoded")
    yield from islice(pushed_in(last, count - given + 1), 1, None)


def _write(spec: ConformSpec, frames: Iterable[av.VideoFrame], unburnt: str | None) -> int:
    near_end = max(0, spec.frames - _NEAR_END)
    keyframes = frozenset({0, spec.head, spec.frames - spec.tail, near_end}) - {spec.frames}
    return write_segment(spec.out, _burnt(spec, frames, unburnt), spec.canvas, keyframes)


def _burnt(
    spec: ConformSpec, frames: Iterable[av.VideoFrame], unburnt: str | None
) -> Iterator[av.VideoFrame]:
    lettering = None if unburnt else set_captions(spec.words, spec.captions, spec.canvas)
    for index, frame in enumerate(frames):
        if lettering is None:
            yield frame
            continue
        own = copied(frame)
        lettering.burn(planes(own), (index + 0.5) / FPS)
        yield own
