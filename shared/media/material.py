"""Looks at a clip, a sound or a script that a user gives: what it is, and that all of it is sound.

Nothing in it is believed: it is decoded to its end, within bounds of size and length, and every
refusal says what to do. It runs in a process that is ended when it takes too long, or too much.
"""

from pathlib import Path

import av

from shared.media.probe import BadMedia, open_media, probe, video_of
from shared.media.script import is_script
from shared.media.sound import RATE, read_sound
from shared.story.errors import BadInput
from shared.story.material import MOST_SECONDS, MOST_SOUND_SECONDS, Material

_SILENT = 1e-4  # of the loudest that there is

_SUFFIXES = {
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "matroska,webm": "mkv",
    "ogg": "ogg",
    "wav": "wav",
    "mp3": "mp3",
    "flac": "flac",
}
"""The forms that are taken, by the name that their reader has, and the ending of such a file."""


def examine(path: Path) -> Material:
    """Return what a file is; BadInput when it is nothing that a video can be made with."""
    if path.stat().st_size == 0:
        raise BadInput("the file is empty (0 bytes): give all of it")
    if is_script(path):
        return Material("script", "")
    try:
        return _examine_media(path)
    except BadMedia as error:
        said = error.message.replace(path.name, "the file")
        raise BadInput(f"{said}: give a clip, a sound, an image or a script") from error


def _examine_media(path: Path) -> Material:
    with open_media(path) as container:
        suffix = _SUFFIXES.get(container.format.name)
        has_sound = any(getattr(s, "codec_context", None) for s in container.streams.audio)
        cover = av.stream.Disposition.attached_pic
        has_picture = any(not s.disposition & cover for s in container.streams.video)
    if suffix is None:
        raise BadInput(
            "the file is of a form that is not taken: save a clip as MP4 or WebM, "
            "a sound as WAV, MP3, M4A, OGG or FLAC"
        )
    return _examine_clip(path, suffix, has_sound) if has_picture else _examine_sound(path, suffix)


def _examine_clip(path: Path, suffix: str, has_sound: bool) -> Material:
    facts = probe(path)
    if facts.seconds > MOST_SECONDS:
        raise BadInput(f"the clip lasts {facts.seconds:.1f} s: cut it to {MOST_SECONDS:g} s")
    _decode_all(path)
    if has_sound:
        # a track that can't be heard would be missed only in the film
        read_sound(path, channels=1, at_most=MOST_SECONDS)
    return Material("clip", suffix, facts.seconds, facts.width, facts.height, has_sound)


def _decode_all(path: Path) -> None:
    with open_media(path) as container:
        stream = video_of(container, path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        if any(frame.is_corrupt for frame in container.decode(stream)):
            raise BadMedia(f"{path.name} has damaged pictures")


def _examine_sound(path: Path, suffix: str) -> Material:
    sound = read_sound(path, channels=1, at_most=MOST_SOUND_SECONDS + 1)
    seconds = len(sound) / RATE
    if seconds > MOST_SOUND_SECONDS:
        raise BadInput(f"the sound lasts more than {MOST_SOUND_SECONDS:g} s: cut it")
    if max(float(sound.max()), -float(sound.min())) < _SILENT:
        raise BadInput("nothing is heard in the sound: give one in which something is")
    return Material("sound", "m4a" if suffix == "mp4" else suffix, seconds, has_sound=True)
