"""Files that users give for their videos, by their ids. Pure.

An id tells what a file is and how long it lasts: `v12480-<hash>.mp4` is a clip of 12.48 s with
sound. It can't be made up: no file is found under an id that was never given out.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

MAX_BYTES = 200 << 20
MOST_SECONDS = 180.0
"""Of a clip: no video is longer."""
MOST_SOUND_SECONDS = 600.0

What = Literal["image", "clip", "sound", "script"]

SUFFIXES = ("mp4", "mov", "webm", "mkv", "wav", "mp3", "ogg", "flac", "m4a")
"""The endings that such a file may have, after the form that its bytes have."""

SCRIPT_ID = r"s[0-9a-f]{32}"
"""The pattern of a script's id: no text of a script looks like one."""

# None of these is a digit of the hashes that are the ids of older pictures.
_LETTERS: dict[str, What] = {"v": "clip", "m": "clip", "s": "sound"}
_ID = re.compile(rf"([vms])(\d{{1,9}})-[0-9a-f]{{32}}\.({'|'.join(SUFFIXES)})", re.ASCII)


@dataclass(frozen=True)
class Material:
    """A file that was looked at: all that is known of it. Scripts and pictures are read apart."""

    what: What
    suffix: str
    seconds: float = 0.0
    width: int = 0
    height: int = 0
    has_sound: bool = False

    def name(self, digest: str) -> str:
        """Return the id of a file with these bytes; a mute clip has a letter of its own."""
        letter = "s" if self.what == "sound" else "v" if self.has_sound else "m"
        return f"{letter}{round(self.seconds * 1000)}-{digest}.{self.suffix}"


@dataclass(frozen=True)
class Known:
    """What an id says of its file."""

    what: What
    seconds: float = 0.0
    has_sound: bool = False


def read_id(material_id: str) -> Known:
    """Return what an id says. Any text may be an id; one of no form that we give is a picture's."""
    if re.fullmatch(SCRIPT_ID, material_id):
        return Known("script")
    parsed = _ID.fullmatch(material_id)
    if parsed is None:
        return Known("image")
    letter = parsed[1]
    return Known(_LETTERS[letter], int(parsed[2]) / 1000, has_sound=letter != "m")


def find_suffix(material_id: str) -> str | None:
    """Return the ending of the file, with its dot; None where its id names none."""
    parsed = _ID.fullmatch(material_id)
    return f".{parsed[3]}" if parsed else None


def new_hash() -> "blake2b":
    """Return the hash that ids are made from, to be fed with all bytes."""
    return blake2b(digest_size=16)
