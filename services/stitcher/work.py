"""The conform and cut jobs: from the plain values of an order to the encoders, and back.

The encoders are imported where they are used: the process that only hands out work needs none.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.stitcher.voicefit import VoiceFit, Word, fit_voice, shifted
from shared.jobs.engine import Made, Order
from shared.story.formats import Canvas
from shared.story.looks import choose_card

if TYPE_CHECKING:
    from services.stitcher.draw.transitions import Transition
    from services.stitcher.encode.mix import MixSpec, PlacedVoice
    from shared.media.picture import Rgb


def conform(order: Order) -> Made:
    """One segment: a chunk in canonical form, or the end card."""
    if "card" in order.input:
        return _card(order)
    from services.stitcher.encode.conform import ConformSpec
    from services.stitcher.encode.conform import conform as make_segment

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
            goes_on=given.get("goes_on", False),
            head=given.get("head", 0),  # orders of earlier versions have none
            tail=given.get("tail", 0),
            words=words,
            captions=given["captions"] if words else "none",
        )
    )
    filled = given["filled"] or made.filled
    told = {"frames": made.frames, "filled": filled, "unburnt": made.unburnt}
    return Made({"key": made.path}, {**told, "unwritten": list(made.unwritten)})


def cut(order: Order) -> Made:
    """The whole video from its segments and sounds, and what stands beside it."""
    from services.stitcher.encode.cut import CutSpec
    from services.stitcher.encode.cut import cut as make_video
    from services.stitcher.encode.join import Segment, Timeline

    segments = tuple(Segment(order.files[s["name"]], s["frames"]) for s in order.input["segments"])
    voices = [_placed(order.files[voice["name"]], voice) for voice in order.input["voices"]]
    video = make_video(
        CutSpec(
            folder=order.folder,
            timeline=Timeline(_canvas(order), segments, _joints(order)),
            sound=_sound(order, voices),
            words=tuple(w for v in voices for w in shifted(v.fit.words, v.beat_start)),
            captions_burnt=order.input.get("captions_burnt", True),
        )
    )
    others, unwritten = _beside(order, video.video)
    beside = {"srt": video.srt, "vtt": video.vtt, **others}
    return Made(
        {
            "key": video.video,
            "poster_key": video.poster,
            **{f"outputs/{name}": path for name, path in beside.items() if path},
        },
        {
            "seconds": video.seconds,
            "frames": video.frames,
            "unheard": list(video.unheard),
            "unwritten": list(unwritten),
        },
    )


def _beside(order: Order, video: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The other forms of a finished video, HLS and its storyboard on a sheet; what they lack."""
    from services.stitcher.draw.contact import Panel, contact_sheet, missing_words
    from services.stitcher.encode.hls import package_hls

    playlist, media = package_hls(video, order.folder)
    sheet = order.folder / "contact.png"
    panels = [
        Panel(order.files.get(panel["name"]), panel["label"], panel["text"])
        for panel in order.input.get("panels", ())
    ]
    contact_sheet(order.input["title"], panels, sheet)
    files = {"hls": playlist, "hls_media": media, "contact": sheet}
    return files, missing_words(order.input["title"], panels)


def _joints(order: Order) -> "tuple[Transition | None, ...]":
    """What lies between the segments: a transition where one goes on over the next."""
    from services.stitcher.draw.transitions import Transition

    kind = order.input.get("transition", "cut")
    overlaps = [segment.get("overlap", 0) for segment in order.input["segments"][:-1]]
    hard = kind == "cut"
    return tuple(None if hard or not frames else Transition(kind, frames) for frames in overlaps)


def _canvas(order: Order) -> Canvas:
    return Canvas(order.input["width"], order.input["height"])


def _card(order: Order) -> Made:
    from services.stitcher.draw.card import CardSpec, missing_words
    from services.stitcher.encode.cardcache import card as made_or_kept

    given = order.input
    out = order.folder / "segment.mp4"
    card = CardSpec(
        out=out,
        canvas=_canvas(order),
        frames=given["frames"],
        style=choose_card(given["card"].get("style", "auto"), given["style"]),
        colour=_rgb(given["card"].get("colour")),
        headline=given["card"]["headline"],
        call_to_action=given["card"]["call_to_action"],
        background=order.files.get("background"),
        product=order.files.get("product"),
        head=given.get("head", 0),
    )
    frames = made_or_kept(card, kept=order.folder.parent / "cards")
    return Made({"key": out}, {"frames": frames, "unwritten": list(missing_words(card))})


def _rgb(colour: str | None) -> "Rgb | None":
    if colour is None:
        return None
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _words_here(given: Mapping[str, Any]) -> tuple[Word, ...]:
    """All words of the beat on the segment's clock: what lies outside of it is not shown."""
    voice = given["voice"]
    return shifted(_fit(voice).words, -given["offset"]) if voice else ()


def _fit(voice: Mapping[str, Any]) -> VoiceFit:
    words = [Word(word["text"], word["start"], word["end"]) for word in voice["words"]]
    return fit_voice(voice["seconds"], words, voice["beat_seconds"])


def _placed(path: Path, voice: Mapping[str, Any]) -> "PlacedVoice":
    from services.stitcher.encode.mix import PlacedVoice

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


def _sound(order: Order, voices: "list[PlacedVoice]") -> "MixSpec | None":
    """The one track, unless the video is silent."""
    from services.stitcher.encode.mix import MixSpec, PlacedSound

    music = order.files.get("music")
    clips = tuple(
        PlacedSound(order.files[sound["name"]], sound["at"], sound["seconds"])
        for sound in order.input.get("sounds", ())
    )
    if not voices and not clips and music is None:
        return None
    out = order.folder / "sound.m4a"
    return MixSpec(out, order.input["frames"], tuple(voices), music, clips)
