"""Which local function makes what: the order of a job in, files out.

The makers are imported where they are called: a process that only hands out work needs none of
the libraries that draw, encode and synthesise.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace

from shared.engines.local.cast import change_voice, choose_voice
from shared.engines.local.styles import MOODS, style_of
from shared.engines.local.topics import FEATURING, NOBODY
from shared.jobs.engine import Work, Workspace
from shared.jobs.outcomes import Made
from shared.story.errors import PermanentError
from shared.story.formats import Canvas
from shared.story.kinds import (
    CARD,
    CLIP,
    IMAGE,
    MUSIC,
    REFERENCE,
    VOICE,
    WORDS,
    AnyKind,
    CardOrder,
    ClipOrder,
    ImageOrder,
    MusicOrder,
    ReferenceOrder,
    VoiceOrder,
    WordsOrder,
)


def make_image(order: ImageOrder, space: Workspace) -> Made:
    """Draw a beat's storyboard picture, or several, each of which is another one."""
    from shared.engines.local.images import ImageSpec, draw_image

    spec = ImageSpec(
        prompt=order.prompt,
        style=order.style,
        seed=order.seed,
        index=order.index,
        total=order.total,
        width=order.width,
        height=order.height,
        characters=order.characters,
        setting=order.setting,
        product=space.files.get("product"),
    )
    files = {}
    for n in range(order.count):
        out = files[f"key/{n}" if n else "key"] = space.folder / f"image-{n}.png"
        # none of them is one that an earlier take has shown
        draw_image(replace(spec, take=space.take * order.count + n), out)
    return Made(files)


def make_reference(order: ReferenceOrder, space: Workspace) -> Made:
    """Draw a character or a product alone on a stage, as other pictures show it; or a place."""
    from shared.engines.local.images import ImageSpec, draw_image

    out = space.folder / "reference.png"
    is_place = order.what == "setting"
    spec = ImageSpec(
        prompt=f"Wide view {order.name}, {FEATURING} {NOBODY}"
        if is_place
        else f"Medium view of {order.looks or order.name}",
        style=order.style,
        seed=order.seed,
        index=0,
        total=1,
        width=order.width,
        height=order.height,
        characters=(order.name,) if order.what == "character" else (),
        setting=order.name if is_place else "stage",
        take=space.take,
    )
    draw_image(spec, out)
    return Made({"key": out})


def make_card(order: CardOrder, space: Workspace) -> Made:
    """Draw the background of the end card."""
    from shared.engines.local.cards import draw_card_background

    out = space.folder / "card.png"
    canvas = Canvas(order.width, order.height)
    draw_card_background(order.style, order.seed, canvas, out, space.take)
    return Made({"key": out})


def make_voice(order: VoiceOrder, space: Workspace) -> Made:
    """Speak a beat's narration; the time of each word comes with it."""
    from shared.engines.local.voice import speak

    out = space.folder / "voice.wav"
    narrator = change_voice(style_of(order.style).voice, order.tones)
    voice = choose_voice(narrator, order.place)
    spoken = speak(order.text, voice, out, seed=order.seed, names=order.say)
    words = [{"text": w.text, "start": w.start, "end": w.end} for w in spoken.words]
    return Made({"key": out}, {"seconds": spoken.seconds, "words": words})


def make_words(order: WordsOrder, space: Workspace) -> Made:
    """Hear nothing: nobody here knows words by their sound, so they keep estimated times."""
    return Made({})


def make_music(order: MusicOrder, space: Workspace) -> Made:
    """Compose a bed as long as the video."""
    from shared.engines.local.music import compose

    out = space.folder / "music.wav"
    mood = next((each for each in MOODS if each == order.mood), style_of(order.style).mood)
    compose(mood, order.seconds, order.seed, out, space.take)
    return Made({"key": out}, {"seconds": order.seconds})


def make_clip(order: ClipOrder, space: Workspace) -> Made:
    """Animate a chunk: from its beat's picture, or on from the last frame of the chunk before."""
    from shared.engines.local.clips import Motion, animate

    out = space.folder / "clip.mp4"
    still = space.files.get("last_frame") or space.files.get("image")
    if still is None:
        raise PermanentError("the local engine animates pictures: a clip needs one to start from")
    motion: Motion = "free"
    if "last_frame" in space.files:
        motion = "onwards"
    elif order.wants_last_frame:
        motion = "inwards"
    # Not by beat number: all chunks of a beat share its prompt, and so the way they move.
    seed = order.seed + zlib.crc32(order.prompt.encode())
    canvas = Canvas(order.width, order.height)
    animate(still, out, canvas, order.seconds, seed, motion, space.take)
    return Made({"key": out})


WORK: Mapping[AnyKind, Work] = {
    REFERENCE: make_reference,
    IMAGE: make_image,
    CARD: make_card,
    VOICE: make_voice,
    WORDS: make_words,
    MUSIC: make_music,
    CLIP: make_clip,
}
