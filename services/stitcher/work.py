"""The conform and cut jobs: from an order to the encoders, and back.

The encoders are imported where they are used: the process that only hands out work needs none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from services.stitcher.animatic import make_animatic
from services.stitcher.voicefit import VoiceFit, Word, fit_voice, shift_words
from shared.jobs.engine import Work, Workspace
from shared.jobs.outcomes import Made
from shared.story.formats import Canvas
from shared.story.kinds import (
    ANIMATIC,
    CONFORM,
    CUT,
    AnyKind,
    CardText,
    ConformOrder,
    CutOrder,
    CutVoice,
    Spoken,
)
from shared.story.looks import choose_card

if TYPE_CHECKING:
    from services.stitcher.draw.transitions import Transition
    from services.stitcher.encode.mix import MixSpec, PlacedVoice
    from shared.media.picture import Rgb


def make_segment(order: ConformOrder, space: Workspace) -> Made:
    """Make one segment: a clip in canonical form, or the end card."""
    if order.card is not None:
        return _make_card(order, order.card, space)
    from services.stitcher.encode.conform import ConformSpec, conform

    # on the segment's own clock: words outside of it are not shown
    words = shift_words(_fit_voice(order.voice).words, -order.offset) if order.voice else ()
    made = conform(
        ConformSpec(
            out=space.folder / "segment.mp4",
            canvas=Canvas(order.width, order.height),
            frames=order.frames,
            source=space.files.get("clip"),
            still=space.files.get("still"),
            title=order.title,
            drop_first=order.drop_first,
            goes_on=order.goes_on,
            head=order.head,
            tail=order.tail,
            words=words,
            captions=order.captions if words else "none",
        )
    )
    data = {
        "frames": made.frames,
        "filled": order.filled or made.filled,
        "unburnt": made.unburnt,
        "unwritten": list(made.unwritten),
    }
    return Made({"key": made.path}, data)


def make_film(order: CutOrder, space: Workspace) -> Made:
    """Make the film from its segments and sounds, and the files that belong to it."""
    from services.stitcher.encode.cut import CutSpec, cut
    from services.stitcher.encode.join import Segment, Timeline

    segments = tuple(Segment(space.files[s.name], s.frames) for s in order.segments)
    voices = [_place_voice(space.files[voice.name], voice) for voice in order.voices]
    film = cut(
        CutSpec(
            folder=space.folder,
            timeline=Timeline(
                Canvas(order.width, order.height), segments, _list_transitions(order)
            ),
            sound=_describe_sound(order, space, voices),
            words=_list_words(order),
            captions_burnt=order.captions_burnt,
        )
    )
    others, unwritten = _make_others(order, space, film.video)
    beside = {"srt": film.srt, "vtt": film.vtt, **others}
    return Made(
        {
            "key": film.video,
            "poster_key": film.poster,
            **{f"outputs/{name}": path for name, path in beside.items() if path},
        },
        {
            "seconds": film.seconds,
            "frames": film.frames,
            "unheard": list(film.unheard),
            "unwritten": list(unwritten),
        },
    )


def _make_others(
    order: CutOrder, space: Workspace, film: Path
) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Return the other forms of a film, HLS and its storyboard on a sheet, and what they lack."""
    from services.stitcher.draw.contact import Panel, draw_contact_sheet, find_missing_words
    from services.stitcher.encode.hls import package_hls

    playlist, media = package_hls(film, space.folder)
    sheet = space.folder / "contact.png"
    panels = [Panel(space.files.get(p.name), p.label, p.text) for p in order.panels]
    draw_contact_sheet(order.title, panels, sheet)
    files = {"hls": playlist, "hls_media": media, "contact": sheet}
    return files, find_missing_words(order.title, panels)


def _list_transitions(order: CutOrder) -> "tuple[Transition | None, ...]":
    """Return the transition between each two segments; None where one just follows the other."""
    from services.stitcher.draw.transitions import Transition

    is_hard, overlaps = order.transition == "cut", [s.overlap for s in order.segments[:-1]]
    return tuple(
        Transition(order.transition, frames) if frames and not is_hard else None
        for frames in overlaps
    )


def _make_card(order: ConformOrder, text: CardText, space: Workspace) -> Made:
    from services.stitcher.draw.card import CardSpec, find_missing_words
    from services.stitcher.encode.cardcache import make_card

    out = space.folder / "segment.mp4"
    card = CardSpec(
        out=out,
        canvas=Canvas(order.width, order.height),
        frames=order.frames,
        style=choose_card(text.style, order.style),
        colour=_parse_colour(text.colour),
        headline=text.headline,
        call_to_action=text.call_to_action,
        background=space.files.get("background"),
        product=space.files.get("product"),
        head=order.head,
    )
    # beside the folders of all jobs: the next film with the same card finds it there
    frames = make_card(card, cache=space.folder.parent / "cards")
    return Made({"key": out}, {"frames": frames, "unwritten": list(find_missing_words(card))})


def _parse_colour(colour: str | None) -> "Rgb | None":
    if colour is None:
        return None
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _fit_voice(voice: Spoken) -> VoiceFit:
    words = [Word(word.text, word.start, word.end) for word in voice.words]
    return fit_voice(voice.seconds, words, voice.beat_seconds)


def _place_voice(path: Path, voice: CutVoice) -> "PlacedVoice":
    from services.stitcher.encode.mix import PlacedVoice

    return PlacedVoice(path, voice.at, _trim_fit(_fit_voice(voice), voice.room))


def _list_words(order: CutOrder) -> tuple[Word, ...]:
    """Return all words of the film in order, on its clock."""
    told = sorted((*order.voices, *order.unspoken), key=lambda part: part.at)
    return tuple(
        word
        for part in told
        for word in shift_words(_trim_fit(_fit_voice(part), part.room).words, part.at)
    )


def _trim_fit(fit: VoiceFit, room: float) -> VoiceFit:
    """Return what is heard of a voice whose beat lost its end."""
    # not fitted anew into less time: captions are burnt in as they were fitted at first
    passages = tuple(
        replace(passage, end=min(passage.end, passage.start + (room - passage.at) * fit.rate))
        for passage in fit.passages
        if passage.at < room
    )
    words = tuple(word for word in fit.words if word.end <= room)
    return replace(fit, passages=passages, words=words)


def _describe_sound(
    order: CutOrder, space: Workspace, voices: "Sequence[PlacedVoice]"
) -> "MixSpec | None":
    """Return the mix to make; None where the video is silent."""
    from services.stitcher.encode.mix import MixSpec, PlacedSound

    music = space.files.get("music")
    clips = tuple(PlacedSound(space.files[s.name], s.at, s.seconds, s.own) for s in order.sounds)
    if not voices and not clips and music is None:
        return None
    return MixSpec(space.folder / "sound.m4a", order.frames, tuple(voices), music, clips)


WORK: Mapping[AnyKind, Work] = {CONFORM: make_segment, CUT: make_film, ANIMATIC: make_animatic}
