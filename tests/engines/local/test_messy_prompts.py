"""What the planner by rules makes of prompts as people type them."""

import pytest

from shared.engines.local.grammar import grammars
from shared.engines.local.plan import plan
from shared.engines.local.sentences import drop_markup, split_sentences
from shared.story.drafts import time_beats

ENGLISH = grammars()["en-us"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        # small letters throughout, as in a chat
        ("closed mondays. free wifi. e.g. this", ("closed mondays.", "free wifi.", "e.g. this")),
        ("Is it far? I asked. “Who?” she said.", ("Is it far?", "I asked.", "“Who?” she said.")),
        ("She read a sign. 'Stop!' it said.", ("She read a sign.", "'Stop!' it said.")),
        # a list, in lines or within one
        ("- free wifi\n- a pool", ("Free wifi", "A pool")),
        ("Ideas:\n1. why?\n2. is it so?\nbe brief", ("Ideas.", "Why?", "Is it so?", "be brief")),
        ("Pie: 1) roll, 2) bake. Eat.", ("Pie.", "Roll.", "Bake.", "Eat.")),
        ("The 2. and the 1. place", ("The 2. and the 1. place",)),
        # both marks of a quotation stay
        ('He said: "Cut once." He left.', ('He said: "Cut once."', "He left.")),
        # small pictures and tags are not said
        ("buns 🥐, open daily 🕖 in Leeds 💍.", ("buns, open daily in Leeds.",)),
        ("we bake #bread in leeds #bakery #yum", ("we bake bread in leeds",)),
        ("✅ free wifi\n✅ a pool", ("Free wifi", "A pool")),
        ("We are #1. C# is fun.", ("We are #1.", "C# is fun.")),
    ],
)
def test_sentences_are_found_however_they_are_typed(text: str, sentences: tuple[str, ...]) -> None:
    assert split_sentences(drop_markup(text), ENGLISH) == sentences


@pytest.mark.parametrize("words", range(4, 24))
def test_a_silent_beat_is_never_a_flash_and_takes_no_words_away(words: int) -> None:
    told = [f"Here is a line of {' '.join(['words'] * words)}.", "It goes on.", "Then it ends."]
    beats = time_beats(plan(" ".join(told), "cinematic", 27.5, seed=1).beats, 27.5)
    assert [beat.narration for beat in beats if beat.narration][-1] == told[-1]
    assert beats[-1].duration >= 2.5


def test_short_sentences_share_a_beat_where_all_would_not_fit() -> None:
    told = "Just listed! Three rooms near the sea. A garden. No chain. See it today. Call us now."
    beats = time_beats(plan(told, "cinematic", 15, seed=1).beats, 15)
    assert " ".join(beat.narration for beat in beats) == told
    assert len({beat.prompt for beat in beats}) == len(beats) == 3
