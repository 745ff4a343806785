"""A beat of another length: what follows it moves, and no other clip changes its own. Pure."""

from collections.abc import Iterator

from shared.story.beats import Beat, Chunk
from shared.story.brief import LONGEST_VIDEO
from shared.story.drafts import MIN_BEAT_SECONDS, SHORTEST_LAST
from shared.story.events import BeatsPlanned
from shared.story.formats import FPS, frame_at

LONGEST_CHUNK = 10.0
"""Seconds: no model makes a longer clip."""


def find_length_fault(plan: BeatsPlanned, beat: Beat, seconds: float) -> str:
    """Return why a beat can't last so long, and how long it can; empty where it can."""
    chunks = sum(chunk.beat == beat.index for chunk in plan.chunks)
    is_last = beat.index == len(plan.beats) - 1
    least = SHORTEST_LAST if is_last else MIN_BEAT_SECONDS
    room = LONGEST_VIDEO - plan.brief.duration + beat.duration
    # no model makes the user's own clip
    can_fill = LONGEST_VIDEO if beat.sound else chunks * LONGEST_CHUNK
    most = round(min(can_fill, room), 3)
    if least <= seconds <= most:
        return ""
    return f"this beat can last {least:g} to {most:g} seconds"


def change_duration(plan: BeatsPlanned, index: int, seconds: float) -> BeatsPlanned:
    """Return the plan with a beat of about so many seconds; the video is longer by as much.

    All that follows moves by whole frames, so that no other clip has another length. A beat keeps
    its number of chunks: their numbers are names.
    """
    beat = plan.beats[index]
    frames = round((seconds - beat.duration) * FPS)
    end = _move(round(beat.start + beat.duration, 3), frames)
    longer = beat.model_copy(update={"duration": round(end - beat.start, 3)})
    later = (_shift_beat(each, frames) for each in plan.beats[index + 1 :])
    return plan.model_copy(
        update={
            "beats": (*plan.beats[:index], longer, *later),
            "chunks": tuple(_stretch(plan, longer, frames)),
            "brief": plan.brief.model_copy(update={"duration": _move(plan.brief.duration, frames)}),
        }
    )


def _move(at: float, frames: int) -> float:
    """Return the whole millisecond that lies so many frames later."""
    moved = round(at + frames / FPS, 3)
    near = (moved, round(moved - 0.001, 3), round(moved + 0.001, 3))
    return next((time for time in near if frame_at(time) == frame_at(at) + frames), moved)


def _shift_beat(beat: Beat, frames: int) -> Beat:
    start, end = _move(beat.start, frames), _move(round(beat.start + beat.duration, 3), frames)
    return beat.model_copy(update={"start": start, "duration": round(end - start, 3)})


def _stretch(plan: BeatsPlanned, beat: Beat, frames: int) -> Iterator[Chunk]:
    """Yield the chunks where one beat has another length, and those behind it move."""
    count = sum(chunk.beat == beat.index for chunk in plan.chunks)
    parts = (round(beat.start + beat.duration * part / count, 3) for part in range(count + 1))
    bounds = list(parts)
    place = 0
    for chunk in plan.chunks:
        if chunk.beat == beat.index:
            yield _place(chunk, bounds[place], bounds[place + 1])
            place += 1
        elif chunk.start < beat.start:
            yield chunk
        else:
            end = round(chunk.start + chunk.seconds, 3)
            yield _place(chunk, _move(chunk.start, frames), _move(end, frames))


def _place(chunk: Chunk, start: float, end: float) -> Chunk:
    return chunk.model_copy(update={"start": start, "seconds": round(end - start, 3)})
