"""What a plan says: which beats and chunks the video is to have, and what each of them needs."""

from shared.story.beats import Beat, Chunk
from shared.story.events import BeatsPlanned, VideoFailed
from shared.story.view import View


def active_beats(plan: BeatsPlanned) -> list[Beat]:
    """Return the beats that the video is to have; the numbers of the others stay theirs."""
    return [beat for beat in plan.beats if not beat.skipped]


def active_chunks(plan: BeatsPlanned) -> list[Chunk]:
    """Return the chunks that the video is to have, in order."""
    beats = {beat.index for beat in active_beats(plan)}
    return [chunk for chunk in plan.chunks if chunk.beat in beats]


def clips_needed(plan: BeatsPlanned, total: int) -> int:
    """Return how many of so many clips must succeed: never more than the video has."""
    return min(plan.brief.min_clips, total)


def spoken_beats(plan: BeatsPlanned) -> list[Beat]:
    """Return the beats that are to have a voice."""
    return [beat for beat in plan.beats if is_spoken(plan, beat)]


def is_spoken(plan: BeatsPlanned, beat: Beat) -> bool:
    """Tell whether this beat is to have a voice."""
    return plan.brief.voice and bool(beat.narration.strip()) and not beat.skipped


def has_card_picture(plan: BeatsPlanned) -> bool:
    """Tell whether the end card is to have a picture behind it: a brand's colour stands alone."""
    return plan.brief.end_card is not None and plan.brief.end_card.colour is None


def card_number(plan: BeatsPlanned) -> int:
    """Return the end card's number among the segments: it comes after the last chunk."""
    return len(plan.chunks)


def cast(plan: BeatsPlanned) -> list[str]:
    """Return every character of the story; the place in this list is its reference's number."""
    return list(dict.fromkeys(name for beat in plan.beats for name in beat.characters))


def given_up(view: View, plan: BeatsPlanned) -> bool:
    """Tell whether the video has failed at this plan: nothing more is made for it."""
    failed = view.latest(VideoFailed)
    return failed is not None and failed.rev >= plan.rev
