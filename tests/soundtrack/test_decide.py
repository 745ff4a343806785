"""The soundtrack: a voice for each beat that speaks, one bed of music."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.soundtrack import SERVICE
from shared.story.brief import EndCard
from shared.story.kinds import MUSIC, VOICE, WORDS, PlanFailed
from shared.story.view import Decision, View
from tests.histories import VIDEO, Story, broken, done, plan, retold


def test_without_a_plan_there_is_nothing_to_say() -> None:
    assert SERVICE.decide_on(View(VIDEO)) == Decision()
    assert SERVICE.decide_on(
        View(VIDEO, [PlanFailed(video_id=VIDEO, job="v1/plan/0/0/1", error="x")])
    ).done


def test_a_voice_a_beat_and_one_bed_for_the_whole_video() -> None:
    jobs = Story(SERVICE).hear(plan(3, music=True, end_card=EndCard(seconds=2.5)))
    assert [(j.kind, j.beat) for j in jobs] == [
        (VOICE.name, 0), (VOICE.name, 1), (VOICE.name, 2), (MUSIC.name, 0),
    ]  # fmt: skip
    assert jobs[0].input["text"] == "Words are spoken here."
    assert jobs[-1].input["seconds"] == 17.5


def test_silent_beats_have_no_voice() -> None:
    assert Story(SERVICE).hear(plan(2, narration="  ")) == []
    assert Story(SERVICE).hear(plan(2, voice=False)) == []
    assert [j.beat for j in Story(SERVICE).hear(plan(2, skipped=[0]))] == [1]


def test_a_silent_video_without_music_is_done_at_once() -> None:
    told = Story(SERVICE)
    told.hear(plan(2, voice=False))
    assert told.done


def test_it_is_done_when_all_has_settled_well_or_badly() -> None:
    told = Story(SERVICE)
    voice, music = told.hear(plan(1, music=True))
    told.hear(broken(voice))
    assert not told.done
    told.hear(done(music))
    assert told.done


def test_somebody_listens_to_each_voice_where_it_is_wished_for() -> None:
    told = Story(SERVICE)
    first, second = told.hear(plan(2, models={"words": "victor-upmeet/whisperx"}))
    (job,) = told.hear(done(first))
    assert (job.kind, job.beat, job.models) == (WORDS.name, 0, ("victor-upmeet/whisperx",))
    assert job.files == {"recording": "VoiceReady/0-0-0"}
    assert told.hear(broken(second)) == []  # nobody can listen to what there is not
    assert not told.done
    told.hear(broken(job))
    assert told.done


def test_without_captions_nobody_listens() -> None:
    told = Story(SERVICE)
    (voice,) = told.hear(plan(1, models={"words": "draft"}, captions="none"))
    assert told.hear(done(voice)) == []
    assert told.done


def test_new_words_are_spoken_at_a_new_take() -> None:
    told = Story(SERVICE)
    told.hear(plan(2, music=True))
    (job,) = told.hear(plan(2, rev=2, takes={"voice/1": 1}, music=True, narration="New."))
    assert (job.id, job.input["text"]) == (f"{VIDEO}/voice/1/0/1", "New.")


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=4), st.data())
def test_any_order_and_any_duplicates_give_the_same_decision(
    fates: list[bool], data: st.DataObject
) -> None:
    told = Story(SERVICE)
    jobs = told.hear(plan(3, music=True))
    told.hear(*(done(j) if good else broken(j) for j, good in zip(jobs, fates, strict=False)))
    facts = list({fact.id: fact for fact in told.facts}.values())
    again = data.draw(retold(facts))
    assert SERVICE.decide_on(View(VIDEO, facts)) == SERVICE.decide_on(View(VIDEO, again))
