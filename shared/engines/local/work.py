"""Which local function makes what: the job's plain values in, files out.

The makers are imported where they are called: a process that only hands out work needs none of
the libraries that draw, encode and synthesise.
"""

import zlib
from collections.abc import Mapping
from typing import Any

from shared.engines.local.styles import style_of
from shared.jobs.engine import Made, Order, Work
from shared.story.errors import PermanentError
from shared.story.events import Kind
from shared.story.formats import Canvas


def image(order: Order) -> Made:
    """A beat's storyboard picture."""
    from shared.engines.local.images import ImageSpec, draw_image

    given, out = order.input, order.folder / "image.png"
    spec = ImageSpec(
        prompt=given["prompt"],
        style=given["style"],
        seed=given["seed"],
        index=given["index"],
        total=given["total"],
        width=given["width"],
        height=given["height"],
        characters=tuple(given.get("characters", ())),
        setting=given.get("setting", ""),
    )
    draw_image(spec, out)
    return Made({"key": out})


def reference(order: Order) -> Made:
    """A character alone on a stage, as the other pictures will show it."""
    from shared.engines.local.images import ImageSpec, draw_image

    given, out = order.input, order.folder / "reference.png"
    name, size = given["name"], _canvas(given)
    prompt = f"Medium view of {name}"
    spec = ImageSpec(
        prompt, given["style"], given["seed"], 0, 1, size.width, size.height, (name,), "stage"
    )
    draw_image(spec, out)
    return Made({"key": out})


def card(order: Order) -> Made:
    """The background of the end card."""
    from shared.engines.local.cards import draw_card_background

    given, out = order.input, order.folder / "card.png"
    draw_card_background(given["style"], given["seed"], _canvas(given), out)
    return Made({"key": out})


def voice(order: Order) -> Made:
    """A beat's narration, with the time of each word."""
    from shared.engines.local.voice import speak

    given, out = order.input, order.folder / "voice.wav"
    spoken = speak(given["text"], style_of(given["style"]).voice, out)
    words = [{"text": w.text, "start": w.start, "end": w.end} for w in spoken.words]
    return Made({"key": out}, {"seconds": spoken.seconds, "words": words})


def music(order: Order) -> Made:
    """A bed as long as the video."""
    from shared.engines.local.music import compose

    given, out = order.input, order.folder / "music.wav"
    compose(style_of(given["style"]).mood, given["seconds"], given["seed"], out)
    return Made({"key": out}, {"seconds": given["seconds"]})


def clip(order: Order) -> Made:
    """A chunk: from its beat's picture, or on from the last frame of the chunk before it."""
    from shared.engines.local.clips import Motion, animate

    given, out = order.input, order.folder / "clip.mp4"
    still = order.files.get("last_frame") or order.files.get("image")
    if still is None:
        raise PermanentError("the local engine animates pictures: a clip needs one to start from")
    motion: Motion = "free"
    if "last_frame" in order.files:
        motion = "onwards"
    elif given.get("wants_last_frame"):
        motion = "inwards"
    # Not by beat number: all chunks of a beat share its prompt, and so the way they move.
    seed = given["seed"] + zlib.crc32(given["prompt"].encode())
    animate(still, out, _canvas(given), given["seconds"], seed, motion)
    return Made({"key": out})


def _canvas(given: Mapping[str, Any]) -> Canvas:
    return Canvas(given["width"], given["height"])


WORK: dict[Kind, Work] = {
    Kind.REFERENCE: reference,
    Kind.IMAGE: image,
    Kind.CARD: card,
    Kind.VOICE: voice,
    Kind.MUSIC: music,
    Kind.CLIP: clip,
}
