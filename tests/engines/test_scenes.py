"""A language model and a script: it describes pictures; words and speakers stay the script's."""

import json
from typing import Any

from shared.engines import planning
from shared.engines.scenes import LONGEST, tell
from shared.jobs.outcomes import Made
from shared.story.brief import Brief
from shared.story.kinds import PlanOrder
from shared.story.script.moments import choose_words
from shared.story.script.parts import Line, Pick

BRIEF = Brief(prompt="Night Rain", script="s", duration=15, end_card=None)
PICKS = tuple(
    Pick(
        scene=n,
        place="Hall",
        prompt=f"Hall, moment {n}",
        speaker=speaker,
        words=words,
        seconds=5.0,
        why="turn: it changes",
    )
    for n, (speaker, words) in enumerate((("Ada", "Who is there?"), ("Ben", "Me."), ("", "Rain.")))
)
ORDER = PlanOrder(video_id="v", brief=BRIEF, title="Night Rain", picks=PICKS)


def beats(made: Made) -> list[Any]:
    return list(made.data["beats"])


def answer(*prompts: str) -> str:
    told = [{"prompt": each, "narration": "Ignore the script.", "seconds": 5} for each in prompts]
    return json.dumps({"title": "T", "beats": told})


def test_the_model_is_told_the_moments_in_order() -> None:
    asked = planning.ask(ORDER).user
    assert asked.index("Who is there?") < asked.index("Me.") < asked.index("Rain.")


def test_its_pictures_are_taken_and_its_words_are_not() -> None:
    made = beats(planning.read(answer("A hall.", "A man.", "Rain."), ORDER))
    assert [beat["prompt"] for beat in made] == ["A hall.", "A man.", "Rain."]
    assert [beat["narration"] for beat in made] == ["Who is there?", "Me.", "Rain."]
    assert [beat["speaker"] for beat in made] == ["Ada", "Ben", ""]
    assert all(beat["why"] for beat in made)


def test_a_title_is_cut_between_words_and_one_long_word_stays_a_title() -> None:
    assert (
        tell("The Night " * 10, ()).title
        == "The Night The Night The Night The Night The Night The Night"
    )
    assert tell("Night" * 20, ()).title == "Night" * 12


def test_what_a_script_says_to_its_readers_alone_is_not_spoken() -> None:
    line = Line(text="MARA (40s) lights the lamp. Rain hits the glass.")
    assert choose_words(line, 6) == "Mara lights the lamp. Rain hits the glass."


def test_a_title_in_capitals_ends_no_sentence() -> None:
    line = Line(text="Maya listens to a crackling radio. DR. IVO BELL, 60, stands at the window.")
    whole = "Maya listens to a crackling radio. Dr. Ivo Bell stands at the window."
    assert choose_words(line, 6) == whole
    assert choose_words(line, 3.2) == "Maya listens to a crackling radio."


def test_too_few_or_too_many_pictures_leave_a_beat_for_each_moment() -> None:
    few = beats(planning.read(answer("A hall."), ORDER))
    assert [beat["prompt"] for beat in few] == ["A hall.", "Hall, moment 1", "Hall, moment 2"]
    assert len(beats(planning.read(answer(*map(str, range(40))), ORDER))) == 3


def test_an_estimate_is_no_less_than_what_is_asked_later() -> None:
    long = PICKS[0].model_copy(update={"prompt": "x" * 420, "words": "y" * 90, "speaker": "Z" * 40})
    later = planning.ask(ORDER.model_copy(update={"picks": (long,) * 16, "title": "t" * 500}))
    before = planning.ask(ORDER.model_copy(update={"picks": ()}))
    assert LONGEST > 0 and len(before.user) >= len(later.user)
