"""Scripts that users give: the form in which one is kept, and its keys."""

from dataclasses import dataclass
from hashlib import blake2b

from shared.story.images import UPLOADS

MAX_BYTES = 5 << 20
"""Of a file, as a PDF; its text is bounded again."""


@dataclass(frozen=True)
class ScriptFile:
    """A script as it is kept: the same text given again has the same id, whoever gives it."""

    id: str
    title: str
    scenes: int
    characters: int
    text: str


def script_id(text: str) -> str:
    """Return the id of a script, from its text."""
    return "s" + blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()


def script_key(owner: str, script: str) -> str:
    """Return the key of a script that videos of this owner use. Any text may be its id."""
    return f"scripts/{_name(owner, script)}"


def waiting_key(owner: str, script: str, day: int) -> str:
    """Return the key of a script given on this day, which it has until a video uses it."""
    return f"{UPLOADS}{day}/{_name(owner, script)}"


def _name(owner: str, script: str) -> str:
    # hashed, because ids come from users: no id can lead into another owner's keys
    return blake2b(f"{owner}\n{script}".encode(), digest_size=16).hexdigest() + ".fountain"
