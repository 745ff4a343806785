"""The animatic: the storyboard as a film of stills, in their time, with the voice of this machine.

It shows pace and words before anything is paid for them, so it is made small, and of what is free.
"""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from services.stitcher.voicefit import Word, fit_voice, shift_words
from shared.jobs.engine import Workspace
from shared.jobs.outcomes import Made
from shared.story.errors import PermanentError
from shared.story.formats import FPS, Canvas
from shared.story.kinds import AnimaticBeat, AnimaticOrder

if TYPE_CHECKING:
    from services.stitcher.encode.join import Segment
    from services.stitcher.encode.mix import MixSpec, PlacedVoice


def make_animatic(order: AnimaticOrder, space: Workspace) -> Made:
    """Show each picture for as long as its beat lasts, while its words are read out."""
    from services.stitcher.encode.cut import CutSpec, cut
    from services.stitcher.encode.join import Timeline

    spoken = [
        _speak(order, beat, space.folder / f"{beat.name.replace('/', '-')}.wav")
        for beat in order.beats
    ]
    starts = list(accumulate((beat.frames for beat in order.beats), initial=0))
    voices = [_place(voice, at) for voice, at in zip(spoken, starts, strict=False) if voice]
    segments = [
        _show(order, beat, voice, space) for beat, voice in zip(order.beats, spoken, strict=True)
    ]
    film = cut(
        CutSpec(
            folder=space.folder,
            timeline=Timeline(
                Canvas(order.width, order.height), tuple(segments), (None,) * (len(segments) - 1)
            ),
            sound=_mix(space.folder, starts[-1], voices),
        )
    )
    return Made({"key": film.video}, {"seconds": film.seconds})


def _speak(order: AnimaticOrder, beat: AnimaticBeat, out: Path) -> "PlacedVoice | None":
    """Read out the words of a beat; None where it has none, or none that can be read here."""
    from services.stitcher.encode.mix import PlacedVoice
    from shared.engines.local.cast import choose_voice
    from shared.engines.local.styles import style_of
    from shared.engines.local.voice import speak

    if not beat.narration.strip():
        return None
    voice = choose_voice(style_of(order.style).voice, beat.place)
    try:
        said = speak(beat.narration, voice, out, seed=order.seed, names=order.say)
    except PermanentError:
        return None  # the film's own voice may well be able to
    words = [Word(word.text, word.start, word.end) for word in said.words]
    return PlacedVoice(out, 0.0, fit_voice(said.seconds, words, beat.frames / FPS))


def _place(voice: "PlacedVoice", frame: int) -> "PlacedVoice":
    from dataclasses import replace

    return replace(voice, beat_start=frame / FPS)


def _show(
    order: AnimaticOrder, beat: AnimaticBeat, voice: "PlacedVoice | None", space: Workspace
) -> "Segment":
    """Show the picture of a beat, or the title where it has none, with the words under it."""
    from services.stitcher.encode.conform import ConformSpec, conform
    from services.stitcher.encode.join import Segment

    words = tuple(shift_words(voice.fit.words, 0.0)) if voice else ()
    made = conform(
        ConformSpec(
            out=space.folder / f"{beat.name.replace('/', '-')}.mp4",
            canvas=Canvas(order.width, order.height),
            frames=beat.frames,
            source=None,
            still=space.files.get(beat.name),
            title=order.title,
            words=words,
            captions=order.captions if words else "none",
        )
    )
    return Segment(made.path, made.frames)


def _mix(folder: Path, frames: int, voices: "Sequence[PlacedVoice]") -> "MixSpec | None":
    from services.stitcher.encode.mix import MixSpec

    return MixSpec(folder / "sound.m4a", frames, tuple(voices)) if voices else None
