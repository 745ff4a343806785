"""The types of stored files, by their endings, and the format that each can be had in as well."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Literal

from services.gateway.errors.problems import BadQuery

TYPES: Mapping[str, str] = {
    ".mp4": "video/mp4",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "video/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".srt": "application/x-subrip; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
}

Format = Literal["mp3", "png"]

_SOUNDS = dict.fromkeys((".wav", ".mp3", ".m4a", ".ogg", ".flac"), "mp3")
_PICTURES = dict.fromkeys((".png", ".jpg", ".jpeg", ".webp"), "png")
FORMATS: Mapping[str, str] = {**_SOUNDS, **_PICTURES}
"""The ending of a stored file → the format that it can be had in as well."""


def find_format(key: str) -> str | None:
    """Return the format that a file can be had in as well; None where there is none."""
    return FORMATS.get(PurePosixPath(key).suffix)


def choose_format(key: str, asked: str | None, accept: str) -> str | None:
    """Return the format in which a file is wanted; None is its own.

    What the address asks for comes before what the client says that it accepts.
    """
    other, suffix = find_format(key), PurePosixPath(key).suffix
    if asked and asked != other:
        raise BadQuery(_explain(other), "format")
    if asked == "png" and suffix == ".png":
        return None
    if asked or other is None or suffix == f".{other}":
        return asked
    own, more = TYPES[suffix], TYPES[f".{other}"]
    return other if _weigh(accept, more) > _weigh(accept, own) else None


def _explain(other: str | None) -> str:
    return f"this file can be had as {other}, and as it is" if other else "leave it out"


def _weigh(accept: str, type_: str) -> float:
    """Return how much a client wants a type, 0 to 1 (RFC 9110, 12.5.1)."""
    wanted = {"*/*": 1.0} if not accept.strip() else dict(map(_read_range, accept.split(",")))
    ranges = (type_, f"{type_.partition('/')[0]}/*", "*/*")
    return next((wanted[each] for each in ranges if each in wanted), 0.0)


def _read_range(said: str) -> tuple[str, float]:
    name, *rest = (part.strip().lower() for part in said.split(";"))
    weight = next((part[2:] for part in rest if part.startswith("q=")), "1")
    with suppress(ValueError):
        return name, float(weight)
    return name, 0.0
