"""What the soundtrack decides: a voice for each beat that speaks, and one bed of music."""

from shared.story.beats import Beat
from shared.story.events import BeatsPlanned
from shared.story.kinds import MUSIC, VOICE, MusicOrder, VoiceOrder
from shared.story.plan import spoken_beats
from shared.story.view import Decision, JobSpec, View


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Ask for everything at once: no sound waits for any other."""
    voices = [_voice(plan, beat) for beat in spoken_beats(plan)]
    jobs = (*voices, *([_music(plan)] if plan.brief.music else []))
    return Decision(jobs, done=all(view.end(job.id) for job in jobs))


def _voice(plan: BeatsPlanned, beat: Beat) -> JobSpec:
    order = VoiceOrder(
        text=beat.narration,
        style=plan.brief.style,
        seconds=beat.duration,
        seed=plan.brief.seed,
    )
    return VOICE.ask(plan, order, beat=beat.index, seconds=2)


def _music(plan: BeatsPlanned) -> JobSpec:
    brief = plan.brief
    order = MusicOrder(
        prompt=brief.prompt, style=brief.style, seconds=brief.duration, seed=brief.seed
    )
    return MUSIC.ask(plan, order, seconds=5)
