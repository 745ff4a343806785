"""Before anything is paid, the words of a plan fit their beats."""

import pytest

from shared.engines.narration import refuse_narration
from shared.engines.planning import fit
from shared.story.beats import Beat
from shared.story.brief import Brief
from shared.story.drafts import Draft, Story
from shared.story.errors import BadInput
from shared.story.kinds import PlanOrder
from shared.story.speech import fitting
from shared.story.speech.fitting import Reader, missing_seconds

LONG = "The keeper climbs the stairs, lights the lamp, and waits for the ships to come home. " * 3


def planned(*narrations: str, duration: float = 20.0, voice: bool = True) -> list[Beat]:
    brief = Brief(prompt="the sea", duration=duration, end_card=None, voice=voice)
    story = Story("Sea", "Sea", "", tuple(Draft("the sea", text) for text in narrations))
    made = fit(PlanOrder(video_id="v", brief=brief), story)
    return [Beat.model_validate(beat) for beat in made.data["beats"]]


def test_a_beat_with_many_words_has_the_time_that_others_do_not_need() -> None:
    short, long = planned("Night falls.", LONG)
    assert short.duration < 8 and long.duration > 12


def test_what_still_does_not_fit_is_left_out_at_a_border() -> None:
    beats = planned(LONG, LONG, LONG)
    for beat in beats:
        assert beat.narration and LONG.startswith(beat.narration.rstrip("."))
        assert missing_seconds(beat.narration, beat.duration, Reader("en-us")) == 0


def test_a_text_that_fits_is_timed_once_in_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    timed: list[str] = []

    def speak(text: str, *known: object, **more: object) -> float:
        timed.append(text)
        return 2.0

    monkeypatch.setattr(fitting, "speaking_seconds", speak)
    assert len(planned("Night falls.", "The lamp is lit.")) == 2
    assert sorted(timed) == ["Night falls.", "The lamp is lit."]


def test_words_that_nobody_speaks_need_no_time() -> None:
    assert planned(LONG, duration=5.0, voice=False)[0].narration == LONG.strip()


def test_words_by_hand_that_cannot_fit_are_refused_with_what_they_lack() -> None:
    brief = Brief(prompt="the sea")
    refuse_narration("Night falls.", 5.0, brief)
    with pytest.raises(BadInput, match=r"take [\d.]+ s more than the 5 s of their beat") as refused:
        refuse_narration(LONG, 5.0, brief)
    assert refused.value.field == "narration"


def test_words_have_their_time_before_silent_beats_have_what_they_wish() -> None:
    said = (
        "The keeper climbs the stairs, lights the lamp, and waits until all of the ships are home."
    )
    told = Story("Sea", "Sea", "", (Draft("a", said), Draft("b", seconds=60), Draft("c")))
    brief = Brief(prompt="the sea", duration=18, end_card=None, voice=True)
    made = fit(PlanOrder(video_id="v", brief=brief), told)
    assert made.data["beats"][0]["narration"] == said
