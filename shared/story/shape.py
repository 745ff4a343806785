"""The shape that a video will likely have, before anybody has planned it. Pure.

Only its numbers and lengths are meant: an estimate of the price needs nothing else.
"""

from itertools import pairwise

from shared.story.beats import Beat, plan_chunks
from shared.story.bible import Bible, enter_product, write_bible
from shared.story.brief import Brief
from shared.story.drafts import fit_card
from shared.story.events import BeatsPlanned

SHORTEST = 5.0
"""Seconds of a beat; only the last one may be shorter."""
SHORTEST_LAST = 2.5
_SCENE = 7.0  # seconds of an ad's scene
_FEWEST_SCENES = 3
PROMPT_LETTERS = 500
"""Of the prompt of a beat, at most."""
LETTERS_A_SECOND = 16
"""Of narration: a little more than a fast voice says."""


def expect_beats(seconds: float) -> int:
    """Return how many beats to plan: of about 5 s in a short video, of more in a long one."""
    full, rest = divmod(seconds, SHORTEST)
    fitting = int(full) + (rest >= SHORTEST_LAST)
    return max(1, min(fitting, 4 + round(seconds / 14)))


def expect_scenes(seconds: float) -> int:
    """Return how many scenes an ad has: four in its usual 30 s, of about 7 s each."""
    return min(expect_beats(seconds), max(_FEWEST_SCENES, round(seconds / _SCENE)))


def expect_plan(video_id: str, brief: Brief) -> BeatsPlanned:
    """Return a plan of the shape that one for this brief will have: all beats are alike."""
    card = fit_card(brief.end_card, brief.duration)
    seconds = round(brief.duration - (card.seconds if card else 0.0), 3)
    count = expect_scenes(seconds) if brief.product else expect_beats(seconds)
    bounds = [round(seconds * n / count, 3) for n in range(count + 1)]
    beats = tuple(
        Beat(
            index=index,
            start=start,
            duration=round(end - start, 3),
            prompt=brief.prompt[:PROMPT_LETTERS],
            narration="x" * round((end - start) * LETTERS_A_SECOND),
        )
        for index, (start, end) in enumerate(pairwise(bounds))
    )
    return BeatsPlanned(
        video_id=video_id,
        rev=1,
        brief=brief.model_copy(update={"end_card": card}),
        beats=beats,
        chunks=plan_chunks(beats, brief.chunk_seconds),
        bible=_expect_bible(brief),
    )


def _expect_bible(brief: Brief) -> Bible:
    """Return the product alone: whether pictures follow one decides which models make them."""
    if brief.product is None:
        return Bible()
    return write_bible("", (), {}, enter_product(brief.product, None, brief.owner))
