"""From the selected moments of a script to a story: the same for every planner. Pure.

A language model may describe the pictures anew. What is said, and by whom, stays as the script has
it: its answer is only asked for pictures.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from shared.story.drafts import Draft, Story
from shared.story.product import Product, write_wish
from shared.story.script.parts import Pick
from shared.story.texts import cut_line

LONGEST = 16_000
"""Letters of the moments that a language model is told."""
_LONGEST_TITLE = 60

_ASK = """\
A trailer of the script “{title}”. Plan exactly these {count} beats, one for each moment, in this \
order. Keep what is said word for word as the narration, and describe a picture for each:
{moments}"""

_ASK_AD = """\
An ad for the product below. Say nothing of it that does not stand here. The first scene says what \
it is, those between what it does, the last one what is on offer and what to do. The product is \
seen in each scene, in one of its own that suits what it is; describe it each time.
{product}"""


def tell(title: str, picks: Sequence[Pick]) -> Story:
    """Return the story that the moments are."""
    name = cut_line(title, _LONGEST_TITLE)
    return Story(title=name, headline=name, cta="", beats=tuple(map(_draft, picks)))


def _draft(pick: Pick) -> Draft:
    return Draft(
        pick.prompt,
        pick.words,
        pick.seconds,
        characters=pick.characters,
        setting=pick.place,
        speaker=pick.speaker,
        why=pick.why,
    )


def adapt(picks: Sequence[Pick], drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Return a beat for each moment, with the pictures of an answer as far as it has them."""
    if not picks:
        return tuple(drafts)
    told = map(_draft, picks)
    pairs = zip_longest(told, drafts[: len(picks)])
    return tuple(replace(own, prompt=theirs.prompt) if theirs else own for own, theirs in pairs)


def describe_ad(product: Product) -> str:
    """Return what a language model is asked for an ad."""
    return _ASK_AD.format(product=write_wish(product))


def describe(prompt: str, is_script: bool, title: str, picks: Sequence[Pick]) -> str:
    """Return what a language model is asked for: a prompt as it is, or the moments of a script."""
    if not is_script:
        return prompt
    if not picks:  # only a price is asked for: of the most that there can be
        return "x" * (LONGEST + len(_ASK))
    moments = "\n".join(
        f"{n}. {pick.prompt} {pick.speaker or 'Narrator'}: “{pick.words}”"
        for n, pick in enumerate(picks, 1)
    )
    return _ASK.format(title=title[:120], count=len(picks), moments=moments[:LONGEST])
