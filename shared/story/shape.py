"""The shape that a video will likely have, before anybody has planned it. Pure.

Only its numbers and lengths are meant: an estimate of the price needs nothing else.
"""

from shared.story.beats import Beat, plan_chunks
from shared.story.bible import Bible, enter_product, write_bible
from shared.story.brief import Brief
from shared.story.byhand import plan_by_hand
from shared.story.drafts import Draft, count_worthwhile, fit_card, time_beats
from shared.story.events import BeatsPlanned
from shared.story.own import adopt, find_given

SHORTEST = 5.0
"""Seconds of a beat; only the last one may be shorter."""
_SCENE = 7.0  # seconds of an ad's scene
_FEWEST_SCENES = 3
PROMPT_LETTERS = 500
"""Of the prompt of a beat, at most."""
LETTERS_A_SECOND = 16
"""Of narration: a little more than a fast voice says."""


def expect_beats(seconds: float) -> int:
    """Return how many beats to plan: of about 5 s in a short video, of more in a long one."""
    return min(count_worthwhile(seconds), 4 + round(seconds / 14))


def expect_scenes(seconds: float) -> int:
    """Return how many scenes an ad has: four in its usual 30 s, of about 7 s each."""
    return min(expect_beats(seconds), max(_FEWEST_SCENES, round(seconds / _SCENE)))


def expect_plan(video_id: str, brief: Brief) -> BeatsPlanned:
    """Return a plan of the shape that one for this brief will have: all beats are alike."""
    if brief.plan is not None:
        return plan_by_hand(video_id, brief)
    card = fit_card(brief.end_card, brief.duration)
    seconds = round(brief.duration - (card.seconds if card else 0.0), 3)
    count = expect_scenes(seconds) if brief.product else expect_beats(seconds)
    drafts, own = adopt(brief, [Draft(brief.prompt[:PROMPT_LETTERS], "x")] * count)
    beats = time_beats(drafts, seconds, brief.chunk_seconds)
    chunks = plan_chunks(beats, brief.chunk_seconds)
    settled = brief.model_copy(update={"end_card": card, "own": own})
    return BeatsPlanned(
        video_id=video_id,
        rev=1,
        brief=settled,
        beats=tuple(map(_fill_with_words, beats)),
        chunks=chunks,
        bible=_expect_bible(brief),
        given=find_given(settled, chunks),
    )


def _expect_bible(brief: Brief) -> Bible:
    """Return the product alone: whether pictures follow one decides which models make them."""
    if brief.product is None:
        return Bible()
    return write_bible("", (), {}, enter_product(brief.product, None, brief.owner))


def _fill_with_words(beat: Beat) -> Beat:
    """Return the beat with as many letters as can be said in it, if it is to be spoken at all."""
    letters = round(beat.duration * LETTERS_A_SECOND) if beat.narration else 0
    return beat.model_copy(update={"narration": "x" * letters})
