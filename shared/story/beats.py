"""Beats and chunks: the parts of a plan, and how beats become chunks and chains.

A *beat* is one thought of the story. A *chunk* is a part of a beat for which one clip is generated.
A *reference chunk* starts a beat from its storyboard image; a *continuous chunk* goes on from the
last frame of the chunk before it. A *chain* is one reference chunk with all that go on from it.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from shared.story.errors import PermanentError
from shared.story.fact import Fact
from shared.story.formats import frames_between


class Beat(Fact):
    """One thought of the story: one image, one voice line, one or more chunks."""

    index: int
    start: float
    duration: float
    prompt: str
    narration: str = ""
    characters: tuple[str, ...] = ()
    setting: str = ""
    skipped: bool = False


ChunkKind = Literal["reference", "continuous"]


class Chunk(Fact):
    """One clip to generate: from its beat's image, or on from the chunk before it."""

    index: int
    beat: int
    kind: ChunkKind
    start: float
    seconds: float


class Truncation(Fact):
    """That a plan had more beats than its duration carries, and what was done."""

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
    """Which chunk is missing, and why."""

    chunk: int
    beat: int
    error: str


Chain = tuple[Chunk, ...]

_NEARLY = 1e-6
"""Boundaries are whole milliseconds; what differs by less is a float's doing."""


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
    """The clips to generate: each beat in equal parts of at most so many seconds."""
    return tuple(
        Chunk(
            index=index,
            beat=beat.index,
            kind="continuous" if part else "reference",
            start=start,
            seconds=round(end - start, 3),
        )
        for index, (beat, part, start, end) in enumerate(_parts(beats, chunk_seconds))
    )


def _parts(beats: Sequence[Beat], chunk_seconds: float) -> Iterator[tuple[Beat, int, float, float]]:
    for beat in beats:
        count = max(1, math.ceil(beat.duration / chunk_seconds - _NEARLY))
        cuts = [round(beat.start + beat.duration * i / count, 3) for i in range(count + 1)]
        for part in range(count):
            yield beat, part, cuts[part], cuts[part + 1]


def beat_to_chunk_map(chunks: Sequence[Chunk]) -> dict[int, int]:
    """Chunk → beat, for the chunks that start a beat only: {0: 0, 2: 1}."""
    return {chunk.index: chunk.beat for chunk in chunks if chunk.kind == "reference"}


def chains(chunks: Sequence[Chunk]) -> list[Chain]:
    """The chunks in runs that depend on each other; an orphan's run begins with itself."""
    runs: list[list[Chunk]] = []
    for chunk in chunks:
        if runs and chunk.kind == "continuous" and runs[-1][-1].beat == chunk.beat:
            runs[-1].append(chunk)
        else:
            runs.append([chunk])
    return [tuple(run) for run in runs]


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
    for chain in chains(chunks):
        if chain[0].kind == "continuous":
            raise OrphanChunk(chain[0].index)


def check_images(beats: Sequence[int], images: Collection[int]) -> None:
    """Exactly one image a beat, mapped by the beat's index."""
    if len(set(beats)) != len(beats) or set(images) != set(beats) or len(images) != len(beats):
        raise WrongImageCount(len(beats), len(images))


def ends_at(chunk: Chunk) -> float:
    """Where it ends: exactly where the next one starts."""
    return round(chunk.start + chunk.seconds, 6)


def frames(chunk: Chunk) -> int:
    """How many frames it fills in the video."""
    return frames_between(chunk.start, ends_at(chunk))
