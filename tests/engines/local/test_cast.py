"""A voice for each character: other speakers sound otherwise, and always the same."""

from pathlib import Path

from shared.engines.local.cast import choose_voice
from shared.engines.local.styles import VoiceChoice
from shared.engines.local.work import make_voice
from shared.jobs.engine import Workspace
from shared.story.beats import Beat
from shared.story.events import BeatsPlanned
from shared.story.kinds import VOICE, VoiceOrder
from tests.histories import plan

NARRATOR = VoiceChoice("m3", 138, 26, 38)


def test_no_two_of_a_film_sound_alike() -> None:
    voices = [choose_voice(NARRATOR, place) for place in range(20)]
    assert voices[0] == NARRATOR
    assert len({(voice.variant, voice.pitch) for voice in voices}) == len(voices)


def test_the_same_words_sound_otherwise_from_another_and_the_same_from_the_same(
    tmp_path: Path,
) -> None:
    def speak(place: int, name: str) -> bytes:
        (tmp_path / name).mkdir()
        order = VoiceOrder(text="Ask me who I was.", style="noir", seconds=5, place=place)
        return make_voice(order, Workspace(tmp_path / name)).files["key"].read_bytes()

    assert speak(0, "a") != speak(1, "b") != speak(2, "c")
    assert speak(1, "d") == speak(1, "e")


def said(speakers: list[str]) -> BeatsPlanned:
    beats = plan(len(speakers)).beats
    told: list[Beat] = [
        beat.model_copy(update={"speaker": speaker})
        for beat, speaker in zip(beats, speakers, strict=True)
    ]
    return plan(len(speakers)).model_copy(update={"beats": tuple(told)})


def test_each_speaker_has_one_place_in_the_plan() -> None:
    jobs = VOICE.expect(said(["Ada", "", "Ben", "Ada"]))
    orders = [VOICE.read(job) for job in jobs]
    assert [order.speaker for order in orders] == ["Ada", "", "Ben", "Ada"]
    assert [order.place for order in orders] == [1, 0, 2, 1]
