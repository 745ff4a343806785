"""Pictures that users give: the form in which one is kept; and the keys of all files they give."""

from dataclasses import dataclass
from hashlib import blake2b

from shared.story.material import find_suffix

MAX_BYTES = 10 << 20

UPLOADS = "uploads/"
"""The keys of pictures that wait for a video begin with this; the day follows."""


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: the same one given again has the same id, whoever gives it."""

    id: str
    width: int
    height: int
    data: bytes
    """A WebP."""


def image_key(owner: str, image_id: str) -> str:
    """Return the key of a file that videos of this owner use. Any text may be its id."""
    return f"images/{_name(owner, image_id)}"


def upload_key(owner: str, image_id: str, day: int) -> str:
    """Return the key of a file given on this day, which it has until a video uses it."""
    return f"{UPLOADS}{day}/{_name(owner, image_id)}"


def upload_day(key: str) -> int | None:
    """Return the day on which a waiting picture was given; None for a file that is none of ours."""
    day = key.removeprefix(UPLOADS).partition("/")[0]
    return int(day) if day.isdecimal() else None


def picture_id(data: bytes) -> str:
    """Return the id of a picture, from its bytes as they are kept."""
    return _WEBP + blake2b(data, digest_size=16).hexdigest()


_WEBP = "w"
"""Before the id of a picture that is kept as WebP; those of earlier versions are PNG."""


def _name(owner: str, image_id: str) -> str:
    # hashed, because ids come from users: no id can lead into another owner's keys
    suffix = find_suffix(image_id) or (".webp" if image_id.startswith(_WEBP) else ".png")
    return blake2b(f"{owner}\n{image_id}".encode(), digest_size=16).hexdigest() + suffix
