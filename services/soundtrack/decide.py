"""What the soundtrack decides: a voice for each beat that speaks, and one music bed. Pure."""

from shared.story.events import Beat, BeatsPlanned, Kind
from shared.story.view import Decision, JobSpec, View
from shared.story.wanted import ask, in_force, is_spoken


def decide(view: View) -> Decision:
    """Everything is asked for at once: no sound waits for any other."""
    plan = in_force(view)
    if isinstance(plan, Decision):
        return plan
    voices = [_voice(plan, beat) for beat in plan.beats if is_spoken(plan, beat)]
    jobs = (*voices, *([_music(plan)] if plan.brief.music else []))
    return Decision(jobs, done=all(view.end(job.id) for job in jobs))


def _voice(plan: BeatsPlanned, beat: Beat) -> JobSpec:
    return ask(
        plan,
        Kind.VOICE,
        beat=beat.index,
        given={
            "text": beat.narration,
            "style": plan.brief.style,
            "seconds": beat.duration,
            "seed": plan.brief.seed,
        },
        seconds=2,
    )


def _music(plan: BeatsPlanned) -> JobSpec:
    brief = plan.brief
    return ask(
        plan,
        Kind.MUSIC,
        given={
            "prompt": brief.prompt,
            "style": brief.style,
            "seconds": brief.duration,
            "seed": brief.seed,
        },
        seconds=5,
    )
