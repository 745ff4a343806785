"""The soundtrack's decision: a voice for each beat that has words, and one bed of music.

Where it is wished for, somebody listens to each voice, and says when its words sound.
"""

from shared.story.events import BeatsPlanned
from shared.story.kinds import (
    MUSIC,
    RECORDING,
    VOICE,
    WORDS,
    VoiceReady,
    music_order,
    voice_order,
    words_order,
)
from shared.story.view import Decision, JobSpec, View


def decide(view: View, plan: BeatsPlanned) -> Decision:
    """Ask for all sounds at once: none waits for another. Who listens waits for what is heard."""
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
    words = _ask_for_words(view, plan)
    wanted = (*VOICE.jobs(plan), *MUSIC.jobs(plan), *(job.id for job in words))
    new = (job for job in words if job.id not in view.released)
    return Decision((*voices, *music, *new), done=all(view.end(job) for job in wanted))


def _ask_for_words(view: View, plan: BeatsPlanned) -> list[JobSpec]:
    """Return the jobs of listening to each voice that there is; a failed one has no words."""
    spoken = (
        (item, view.ready(VoiceReady, VOICE.job(plan, beat=item.beat)))
        for item in WORDS.items(plan)
    )
    return [
        WORDS.ask(
            plan, words_order(plan, item), beat=item.beat, files={RECORDING: voice.key}, seconds=2
        )
        for item, voice in spoken
        if voice
    ]
