"""The soundtrack's decision: a voice for each beat that has words, and one bed of music."""

from shared.story.events import BeatsPlanned
from shared.story.kinds import MUSIC, VOICE, music_order, voice_order
from shared.story.view import Decision, View


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Ask for everything at once: no sound waits for another."""
    voices = [
        VOICE.ask(plan, voice_order(plan, item), beat=item.beat, seconds=2)
        for item in VOICE.items(plan)
        if VOICE.job(plan, beat=item.beat) not in view.released
    ]
    music = [
        MUSIC.ask(plan, music_order(plan, item), seconds=5)
        for item in MUSIC.items(plan)
        if MUSIC.job(plan) not in view.released
    ]
    wanted = (*VOICE.jobs(plan), *MUSIC.jobs(plan))
    return Decision((*voices, *music), done=all(view.end(job) for job in wanted))
