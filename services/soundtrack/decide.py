"""The soundtrack's decision: a voice for each beat that has words, and one bed of music."""

from shared.story.beats import Beat
from shared.story.events import BeatsPlanned
from shared.story.kinds import MUSIC, VOICE, MusicOrder, VoiceOrder
from shared.story.plan import beats_with_voice
from shared.story.view import Decision, JobSpec, View


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Ask for everything at once: no sound waits for another."""
    voices = [_ask_for_voice(plan, beat) for beat in beats_with_voice(plan)]
    music = [_ask_for_music(plan)] if plan.brief.music else []
    jobs = (*voices, *music)
    return Decision(jobs, done=all(view.end(job.id) for job in jobs))


def _ask_for_voice(plan: BeatsPlanned, beat: Beat) -> JobSpec:
    order = VoiceOrder(
        text=beat.narration,
        style=plan.brief.style,
        seconds=beat.duration,
        seed=plan.brief.seed,
    )
    return VOICE.ask(plan, order, beat=beat.index, seconds=2)


def _ask_for_music(plan: BeatsPlanned) -> JobSpec:
    brief = plan.brief
    # for the whole video, end card included: when a beat is skipped later, the mix cuts its end
    order = MusicOrder(
        prompt=brief.prompt, style=brief.style, seconds=brief.duration, seed=brief.seed
    )
    return MUSIC.ask(plan, order, seconds=5)
