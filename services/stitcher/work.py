"""The conform and cut jobs: from the plain values of an order to the encoders, and back.

The encoders are imported where they are used: the process that only hands out work needs none.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.stitcher.voicefit import VoiceFit, Word, fit_voice, shifted
from shared.engines.base import Made, Order
from shared.media.formats import Canvas

if TYPE_CHECKING:
    from services.stitcher.card import CardStyle
    from services.stitcher.mix import PlacedVoice
    from services.stitcher.transitions import Transition, TransitionKind

_TRANSITIONS: dict[str, "TransitionKind"] = {
    "fade": "crossfade",
    "black": "fade-black",
    "wipe": "wipe",
    "slide": "slide",
}

_CARD_STYLES: dict[str, "CardStyle"] = {
    "cinematic": "luxury",
    "luxury": "luxury",
    "noir": "luxury",
    "bold": "bold",
    "playful": "playful",
    "anime": "playful",
}
"""How the end card looks in each style of video; in all others it is minimal."""


def conform(order: Order) -> Made:
    """One segment: a chunk in canonical form, or the end card."""
    if "card" in order.input:
        return _card(order)
    from services.stitcher.conform import ConformSpec
    from services.stitcher.conform import conform as make_segment

    given = order.input
    words = _words_here(given)
    made = make_segment(
        ConformSpec(
            out=order.folder / "segment.mp4",
            canvas=_canvas(order),
            frames=given["frames"],
            source=order.files.get("clip"),
            still=order.files.get("still"),
            title=given["title"],
            drop_first=given["drop_first"],
            head=given.get("head", 0),  # orders of earlier versions have none
            tail=given.get("tail", 0),
            words=words,
            captions=given["captions"] if words else "none",
        )
    )
    filled = given["filled"] or made.filled
    return Made({"key": made.path}, {"frames": made.frames, "filled": filled})


def cut(order: Order) -> Made:
    """The whole video from its segments and sounds, and what stands beside it."""
    from services.stitcher.cut import CutSpec
    from services.stitcher.cut import cut as make_video
    from services.stitcher.join import Segment, Timeline

    segments = tuple(Segment(order.files[s["name"]], s["frames"]) for s in order.input["segments"])
    voices = [_placed(order.files[voice["name"]], voice) for voice in order.input["voices"]]
    video = make_video(
        CutSpec(
            folder=order.folder,
            timeline=Timeline(_canvas(order), segments, _joints(order)),
            sound=_sound(order, voices),
            words=tuple(w for v in voices for w in shifted(v.fit.words, v.beat_start)),
        )
    )
    beside = {"outputs/srt": video.srt, "outputs/vtt": video.vtt}
    return Made(
        {
            "key": video.video,
            "poster_key": video.poster,
            **{name: path for name, path in beside.items() if path},
        },
        {"seconds": video.seconds, "frames": video.frames},
    )


def _joints(order: Order) -> "tuple[Transition | None, ...]":
    """What lies between the segments: a transition where one goes on over the next."""
    from services.stitcher.transitions import Transition

    kind = _TRANSITIONS.get(order.input.get("transition", "cut"))
    overlaps = [segment.get("overlap", 0) for segment in order.input["segments"][:-1]]
    return tuple(Transition(kind, frames) if kind and frames else None for frames in overlaps)


def _canvas(order: Order) -> Canvas:
    return Canvas(order.input["width"], order.input["height"])


def _card(order: Order) -> Made:
    from services.stitcher.card import CardSpec, end_card

    given = order.input
    out = order.folder / "segment.mp4"
    frames = end_card(
        CardSpec(
            out=out,
            canvas=_canvas(order),
            frames=given["frames"],
            style=_CARD_STYLES.get(given["style"], "minimal"),
            headline=given["card"]["headline"],
            call_to_action=given["card"]["call_to_action"],
            background=order.files.get("background"),
            head=given.get("head", 0),
        )
    )
    return Made({"key": out}, {"frames": frames})


def _words_here(given: Mapping[str, Any]) -> tuple[Word, ...]:
    """All words of the beat on the segment's clock: what lies outside of it is not shown."""
    voice = given["voice"]
    return shifted(_fit(voice).words, -given["offset"]) if voice else ()


def _fit(voice: Mapping[str, Any]) -> VoiceFit:
    words = [Word(word["text"], word["start"], word["end"]) for word in voice["words"]]
    return fit_voice(voice["seconds"], words, voice["beat_seconds"])


def _placed(path: Path, voice: Mapping[str, Any]) -> "PlacedVoice":
    from services.stitcher.mix import PlacedVoice

    return PlacedVoice(path, voice["at"], _within(_fit(voice), voice["room"]))


def _within(fit: VoiceFit, room: float) -> VoiceFit:
    """What is heard of a voice whose beat lost its end."""
    pieces = tuple(
        replace(piece, end=min(piece.end, piece.start + (room - piece.at) * fit.rate))
        for piece in fit.pieces
        if piece.at < room
    )
    words = tuple(word for word in fit.words if word.end <= room)
    return replace(fit, pieces=pieces, words=words)


def _sound(order: Order, voices: "list[PlacedVoice]") -> Path | None:
    """The one track, unless the video is silent."""
    music = order.files.get("music")
    if not voices and music is None:
        return None
    from services.stitcher.mix import MixSpec, mix

    out = order.folder / "sound.m4a"
    return mix(MixSpec(out, order.input["frames"], tuple(voices), music)).path
