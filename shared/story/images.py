"""Pictures that users give: what is kept of one, and where."""

from dataclasses import dataclass
from hashlib import blake2b

MAX_BYTES = 10 << 20


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: the same picture has the same id, whoever gives it."""

    id: str
    width: int
    height: int
    png: bytes


def image_key(owner: str, image_id: str) -> str:
    """Where an owner's picture is kept. Any text may be asked for as an id."""
    name = blake2b(f"{owner}\n{image_id}".encode(), digest_size=16).hexdigest()
    return f"images/{name}.png"
