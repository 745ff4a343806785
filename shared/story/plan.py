"""Questions to a plan: which beats and chunks the video is to have, and what each of them needs."""

from collections.abc import Sequence

from shared.story.beats import Beat, Chunk
from shared.story.bible import Entry
from shared.story.events import BeatsPlanned, VideoFailed
from shared.story.view import View


def active_beats(plan: BeatsPlanned) -> list[Beat]:
    """Return the beats that the video is to have; a skipped one keeps its number."""
    return [beat for beat in plan.beats if not beat.skipped]


def active_chunks(plan: BeatsPlanned) -> list[Chunk]:
    """Return the chunks that the video is to have, in order."""
    beats = {beat.index for beat in active_beats(plan)}
    return [chunk for chunk in plan.chunks if chunk.beat in beats]


def is_skipped(plan: BeatsPlanned, kind: str, number: int = 0) -> bool:
    """Tell whether the user wants to do without an item."""
    return bool(plan.skipped) and f"{kind}/{number}" in plan.skipped


def min_clips(plan: BeatsPlanned, total: int) -> int:
    """Return how many of all clips must succeed: never more than are wanted."""
    skipped = sum(is_skipped(plan, "clip", chunk.index) for chunk in active_chunks(plan))
    return max(0, min(plan.brief.min_clips, total - skipped))


def beats_with_voice(plan: BeatsPlanned) -> list[Beat]:
    """Return the beats that are to have a voice."""
    return [beat for beat in plan.beats if has_voice(plan, beat)]


def has_voice(plan: BeatsPlanned, beat: Beat) -> bool:
    """Tell whether this beat is to have a voice."""
    spoken = plan.brief.voice and bool(beat.narration.strip())
    wanted = spoken or f"voice/{beat.index}" in plan.given
    return wanted and not beat.skipped and not is_skipped(plan, "voice", beat.index)


def listens_for_words(plan: BeatsPlanned) -> bool:
    """Tell whether somebody is to listen when each word sounds: only captions need to know."""
    return bool(plan.brief.models.get("words")) and plan.brief.captions != "none"


def has_card_picture(plan: BeatsPlanned) -> bool:
    """Tell whether the end card has a picture behind it: on a brand's colour there is none."""
    card = plan.brief.end_card
    return card is not None and card.colour is None and not is_skipped(plan, "card")


def has_music(plan: BeatsPlanned) -> bool:
    """Tell whether the video is to have a bed of music."""
    return (plan.brief.music or "music/0" in plan.given) and not is_skipped(plan, "music")


def card_number(plan: BeatsPlanned) -> int:
    """Return the end card's number among the segments: it comes after the last chunk."""
    return len(plan.chunks)


def list_entries(plan: BeatsPlanned) -> Sequence[Entry]:
    """Return all that comes again in the video; an entry's place here numbers its reference."""
    if plan.bible.entries:
        return plan.bible.entries
    # of a plan without a bible: a dict keeps the first place of each, so numbers stay the same
    names = dict.fromkeys(name for beat in plan.beats for name in beat.characters)
    return [Entry(name=name) for name in names]


def list_speakers(plan: BeatsPlanned) -> list[str]:
    """Return every character who says something, in the order in which they are first heard."""
    return list(dict.fromkeys(beat.speaker for beat in plan.beats if beat.speaker))


def is_given_up(view: View, plan: BeatsPlanned) -> bool:
    """Tell whether the video has failed at this plan: nothing more is made for it."""
    failed = view.latest(VideoFailed)
    # a later plan is another chance
    return failed is not None and failed.rev >= plan.rev
