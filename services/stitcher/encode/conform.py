"""Turns any clip into a segment: canonical form, an exact number of frames, captions burnt in.

There is always a segment in the end. A clip that is missing or damaged is replaced by a slow zoom
into its beat's picture, or by a title, and the result says why. Keyframes stand where a transition
may begin or end, so that the cut can copy everything between them.
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
from shared.media.pan import push_in
from shared.media.picture import copy_frame, planes
from shared.media.probe import BadMedia, probe
from shared.story.formats import FPS, Canvas

# One more keyframe stands this many frames before the end, so that a player that seeks to the end,
# and whoever reads the last frame, decodes little.
_NEAR_END = 5


@dataclass(frozen=True)
class ConformSpec:
    """One segment to make. `frames` includes the tail that a transition fades out over."""

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
    """One of several clips in a row: all are cropped at the centre, so the view does not jump."""


@dataclass(frozen=True)
class ConformResult:
    """The segment. `filled` says why the clip was replaced, `unburnt` why it has no captions."""

    path: Path
    frames: int
    held: int = 0
    filled: str | None = None
    unburnt: str | None = None
    unwritten: tuple[str, ...] = ()


def conform(spec: ConformSpec) -> ConformResult:
    """Write the segment and return what became of it."""
    unburnt = None
    if is_unwritable(spec.words, spec.captions):
        unburnt = "no font has all letters of the captions; see the subtitle track"
    if spec.source is None:
        return _fill(spec, "there is no clip", unburnt)
    try:
        # Before decoding: a clip that is too large or cut off must not cost minutes first.
        probe(spec.source)
        share = 0.5 if spec.goes_on else None
        shown = canonical_frames(spec.source, spec.canvas, spec.fit, spec.drop_first, share)
        counter = _Counter(shown)
        frames = _write(spec, _take_exactly(spec.frames, counter), unburnt)
    except BadMedia as error:
        # Whatever was written until then is written over.
        return _fill(spec, error.message, unburnt)
    held = max(0, spec.frames - counter.count)
    return ConformResult(spec.out, frames, held=held, unburnt=unburnt)


def _fill(spec: ConformSpec, reason: str, unburnt: str | None) -> ConformResult:
    """Write the segment without its clip: a slow zoom into a picture."""
    picture, missing = _make_stand_in(spec)
    frames = _write(spec, push_in(picture, spec.frames), unburnt)
    return ConformResult(spec.out, frames, filled=reason, unburnt=unburnt, unwritten=missing)


def _make_stand_in(spec: ConformSpec) -> tuple[av.VideoFrame, tuple[str, ...]]:
    """Return the picture to show instead of the clip, and notes on the text that it lacks."""
    if spec.still is not None:
        try:
            return draw_still(spec.still, spec.canvas), ()
        except BadMedia:
            pass  # the title is enough, and the result says anyway that the clip was replaced
    return draw_title(spec.title, spec.canvas), _missing_title(spec)


def _missing_title(spec: ConformSpec) -> tuple[str, ...]:
    """Return a note if the title can't be drawn, or not all of it."""
    why = explain_unwritten(TITLE_FACE, spec.title)
    if why:
        return (f"a gap is filled without the title: {why}",)
    title = set_title(spec.title, spec.canvas)
    if title and not title.whole:
        return ("a gap is filled with the beginning of the title: there is no room for more",)
    return ()


class _Counter:
    """Passes frames on and counts them: only then is known how many the clip really has."""

    def __init__(self, frames: Iterable[av.VideoFrame]) -> None:
        self._frames = frames
        self.count = 0

    def __iter__(self) -> Iterator[av.VideoFrame]:
        for frame in self._frames:
            self.count += 1
            yield frame


def _take_exactly(count: int, frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Yield this many frames; a source that is shorter ends in a slow zoom into its last one."""
    last, given = None, 0
    for last in islice(frames, count):
        given += 1
        yield last
    if last is None:
        raise BadMedia("the clip has no frame that can be decoded")
    # The zoom starts with the frame itself, which was already shown: leave that one out.
    yield from islice(push_in(last, count - given + 1), 1, None)


def _write(spec: ConformSpec, frames: Iterable[av.VideoFrame], unburnt: str | None) -> int:
    """Encode the frames, with captions unless they can't be burnt, and return their number."""
    near_end = max(0, spec.frames - _NEAR_END)
    keyframes = frozenset({0, spec.head, spec.frames - spec.tail, near_end}) - {spec.frames}
    if unburnt is None:
        frames = _burn_captions(spec, frames)
    return write_segment(spec.out, frames, spec.canvas, keyframes)


def _burn_captions(spec: ConformSpec, frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Yield the frames with the words that are spoken at that time painted on them."""
    lettering = set_captions(spec.words, spec.captions, spec.canvas)
    if lettering is None:
        yield from frames
        return
    for index, frame in enumerate(frames):
        # The same frame may come several times in a row, and the decoder still needs it as it was.
        own = copy_frame(frame)
        lettering.burn(planes(own), (index + 0.5) / FPS)
        yield own
