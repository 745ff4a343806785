"""Beats and chunks: the parts of a plan, and how beats become chunks and chains.

A *beat* is one thought of the story. A *chunk* is a part of a beat for which one clip is generated.
A *reference chunk* starts a beat from its storyboard image; a *continuous chunk* goes on from the
last frame of the chunk before it. A *chain* is one reference chunk with all that go on from it.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Literal

from shared.story.errors import PermanentError
from shared.story.fact import Fact
from shared.story.formats import measure_frames
from shared.story.lengths import count_clips


class Beat(Fact):
    """One thought of the story: one image, one voice line, one or more chunks."""

    index: int
    start: float
    duration: float
    prompt: str
    narration: str = ""
    characters: tuple[str, ...] = ()
    setting: str = ""
    camera: str = ""
    """How far it is seen from, and how the camera moves; the prompt says it too."""
    speaker: str = ""
    """The character who says the narration; empty where the narrator does."""
    why: str = ""
    """Why it is in the trailer, where the beat comes from a script."""
    skipped: bool = False
    image: int = 0
    """The picture that is chosen of those that were made for it, by number."""
    sound: str = ""
    """Where it shows a clip that the user gave, what is heard of that: keep, duck or mute."""


ChunkKind = Literal["reference", "continuous"]


class Chunk(Fact):
    """One clip to generate: from its beat's image, or on from the chunk before it."""

    index: int
    beat: int
    kind: ChunkKind
    start: float
    seconds: float


class Truncation(Fact):
    """A plan had more beats than its duration carries: how many there were, and are now."""

    at: int = 0
    video_id: str
    before: int
    after: int


class Word(Fact):
    """A spoken word and its time in its own recording."""

    text: str
    start: float
    end: float


class ChunkError(Fact):
    """A chunk that is missing, and why."""

    chunk: int
    beat: int
    error: str
    code: str = ""
    """Why, for programs, of the table in codes.py. Empty where its user did without it."""


Chain = tuple[Chunk, ...]

"""Times are whole milliseconds; a difference smaller than this comes from floats."""


class BadPlan(PermanentError):
    """A plan contradicts itself."""


class GapInChunks(BadPlan):
    """Chunk numbers do not run from 0 without a gap, once each."""

    def __init__(self, numbers: Sequence[int]) -> None:
        missing = sorted(set(range(max(numbers, default=-1) + 1)) - set(numbers))
        twice = sorted({n for n in numbers if numbers.count(n) > 1})
        found = [f"{n} is missing" for n in missing] + [f"{n} is there twice" for n in twice]
        what = ", ".join(found) or f"they are {list(numbers)}"
        super().__init__(f"chunk numbers must run from 0 on in order: {what}")


class OrphanChunk(BadPlan):
    """A chunk has nothing to start from."""

    def __init__(self, chunk: int) -> None:
        super().__init__(f"chunk {chunk} is orphaned: no storyboard image and not part of a pair")


class WrongImageCount(BadPlan):
    """There must be exactly one image a beat."""

    def __init__(self, beats: int, images: int) -> None:
        super().__init__(f"{beats} beats need {beats} images, one each, but there are {images}")


def plan_chunks(beats: Sequence[Beat], chunk_seconds: float) -> tuple[Chunk, ...]:
    """Return the chunks: each beat in equal parts of at most so many seconds.

    A beat that shows a clip of the user's is one chunk: no model is asked for it.
    """
    chunks: list[Chunk] = []
    for beat in beats:
        count = 1 if beat.sound else count_clips(beat.duration, chunk_seconds)
        # rounded here and not each length: so every chunk ends exactly where the next one starts
        bounds = [round(beat.start + beat.duration * i / count, 3) for i in range(count + 1)]
        for part, (start, end) in enumerate(pairwise(bounds)):
            chunk = Chunk(
                index=len(chunks),
                beat=beat.index,
                kind="continuous" if part else "reference",
                start=start,
                seconds=round(end - start, 3),
            )
            chunks.append(chunk)
    return tuple(chunks)


def beat_to_chunk_map(chunks: Sequence[Chunk]) -> dict[int, int]:
    """Return chunk → beat, for the chunks that start a beat only: {0: 0, 2: 1}."""
    return {chunk.index: chunk.beat for chunk in chunks if chunk.kind == "reference"}


def link_chains(chunks: Sequence[Chunk]) -> list[Chain]:
    """Return the chunks in chains that depend on each other; an orphan begins one of its own."""
    found: list[list[Chunk]] = []
    for chunk in chunks:
        # the beat is compared too: a chain never goes on over the gap that a skipped beat leaves
        if found and chunk.kind == "continuous" and found[-1][-1].beat == chunk.beat:
            found[-1].append(chunk)
        else:
            found.append([chunk])
    return [tuple(chain) for chain in found]


def check_numbers(chunks: Sequence[Chunk]) -> None:
    """Refuse gaps: a number names the same chunk everywhere, for ever."""
    numbers = [chunk.index for chunk in chunks]
    if numbers != list(range(len(numbers))):
        raise GapInChunks(numbers)


def check_plan(beats: Sequence[Beat], chunks: Sequence[Chunk]) -> None:
    """Refuse a plan that could not be carried out."""
    numbers = [beat.index for beat in beats]
    if numbers != list(range(len(beats))):
        raise BadPlan(f"beats must be numbered from 0 on in order, not {numbers}")
    check_numbers(chunks)
    for chain in link_chains(chunks):
        if chain[0].kind == "continuous":
            raise OrphanChunk(chain[0].index)


def check_images(beats: Sequence[int], images: Collection[int]) -> None:
    """Refuse anything but exactly one image for each beat."""
    # sets alone would hide a beat that is there twice
    if len(set(beats)) != len(beats) or set(images) != set(beats) or len(images) != len(beats):
        raise WrongImageCount(len(beats), len(images))


def ends_at(chunk: Chunk) -> float:
    """Return when a chunk ends: exactly when the next one starts."""
    return round(chunk.start + chunk.seconds, 6)


def count_frames(chunk: Chunk) -> int:
    """Return how many frames a chunk fills in the video."""
    return measure_frames(chunk.start, ends_at(chunk))
